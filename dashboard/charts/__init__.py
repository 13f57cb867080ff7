"""Charts: a tidy frame and a `Palette` in, an Altair chart out.

No chart computes a statistic, reads a store, or knows of Streamlit, so each can be tested by the
specification it gives and reused in a report.
"""

from dashboard.charts.intervals import interval_dots
from dashboard.charts.kit.palette import DARK, LIGHT, Palette, palette_for
from dashboard.charts.label_delay import delay_histogram, label_coverage_timeline
from dashboard.charts.reliability import ShownGroup, reliability_diagram, reliability_pair
from dashboard.charts.segments import segment_heatmap, selected_cell

__all__ = [
    "DARK",
    "LIGHT",
    "Palette",
    "ShownGroup",
    "delay_histogram",
    "interval_dots",
    "label_coverage_timeline",
    "palette_for",
    "reliability_diagram",
    "reliability_pair",
    "segment_heatmap",
    "selected_cell",
]
