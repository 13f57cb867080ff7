"""A chart on a page: told in words, and in a place that is as tall as it will be."""

from __future__ import annotations

from typing import Any

import altair as alt
import streamlit as st
from streamlit.elements.lib.layout_utils import Width

from core.text.shown import visible
from dashboard.widgets.tall import tall_key


def show(chart: Any, said: str, *, name: str, behind: str, width: Width = "content") -> None:
    """Draw a chart.

    Args:
        chart: of `dashboard.charts`.
        said: what it shows, for who does not see it.
        name: its own on the page.
        behind: how the alt text of the table with its figures begins; it is on the same page.
        width: as Streamlit takes it.

    Raises:
        ValueError: nothing is said of it.
    """
    if not said.strip():
        raise ValueError(f"the chart {name} says nothing to who does not see it")
    with st.container(key=tall_key(f"chart_{name}", height_of(chart) + AROUND)):
        st.altair_chart(chart, width=width, alt=visible(said))


#: Between charts one below the other, and of an axis with its title; as Vega has them.
_SPACING, _AXIS = 20, 36
#: What a title, padding and Streamlit's frame add at least.
AROUND = 28


def height_of(chart: Any) -> int:
    """Pixels that a chart takes at least: its plots with their axes, before it is drawn."""
    if isinstance(chart, alt.VConcatChart):
        spacing = chart.spacing if isinstance(chart.spacing, int | float) else _SPACING
        parts = [height_of(one) for one in chart.vconcat]
        return int(sum(parts) + spacing * (len(parts) - 1))
    if isinstance(chart, alt.HConcatChart):
        return max(map(height_of, chart.hconcat))
    own = chart.height if isinstance(chart.height, int | float) else 0
    if not own and isinstance(chart, alt.LayerChart):
        own = max((height_of(one) - _AXIS for one in chart.layer), default=0)
    return int(own) + _AXIS
