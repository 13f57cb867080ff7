"""Two windows of time compared: what was stated, which cases came, why the score moved."""

from __future__ import annotations

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.sentences.numbers import dimension_name
from core.text.markdown import plain, verbatim
from core.views.review.drift import DriftView
from core.views.review.window_comparison import ShiftView
from core.views.shared.maturity import Window
from dashboard.charts.brier_waterfall import alt_text_brier, brier_split
from dashboard.charts.kit.palette import palette_for
from dashboard.charts.population_shift import (
    alt_text_mix,
    alt_text_shift,
    confidence_shift,
    mix_change,
)
from dashboard.widgets import chart as charted
from dashboard.widgets.url_choice import choose_day

SEGMENTS_DRAWN = 8


def choose_windows(view: DriftView) -> tuple[Window, Window] | None:
    """The two windows: the earliest and the latest mature weeks until others are chosen."""
    one, two, three, four = st.columns(4)
    before = _window(one, two, "Reference", "reference", view.windows and view.windows[0])
    after = _window(three, four, "Now", "now", view.windows and view.windows[1])
    return None if before is None or after is None else (before, after)


def _window(
    left: DeltaGenerator, right: DeltaGenerator, name: str, key: str, default: Window | None
) -> Window | None:
    first = choose_day(
        f"{name} from", key=f"{key}_from", first=default.first if default else None, place=left
    )
    last = choose_day(
        f"{name} to", key=f"{key}_to", first=default.last if default else None, place=right
    )
    return None if first is None or last is None else Window(first, max(first, last))


def draw(view: ShiftView, by: str | None) -> None:
    """Draw the comparison."""
    palette = palette_for(st.context.theme.type)
    names = (view.before.words(), view.after.words())
    st.caption(f"Reference {names[0]}; now {names[1]}; both days included.")
    st.markdown(f"**Harder cases or worse calibration?** {view.split}")
    parts = brier_split(view.parts, palette)
    charted.show(parts, alt_text_brier(view.parts), name="parts", width=int(parts.width))
    if by is not None:
        _segments(view.by_segment, by)
    st.markdown(f"**What was stated.** {view.stated}")
    stated = confidence_shift(view.stated_before, view.stated_after, palette)
    said = alt_text_shift(view.stated_before, view.stated_after)
    charted.show(stated, said, name="stated", width=int(stated.width))
    if view.mixes:
        st.markdown("**Case mix**")
    for i, mix in enumerate(view.mixes):
        with st.expander(plain(mix.words)):
            chart = mix_change(mix.values, palette)
            charted.show(chart, alt_text_mix(mix.values), name=f"mix_{i}", width=int(chart.width))


def _segments(parts: pd.DataFrame, by: str) -> None:
    """The largest parts in decalibration; what came or went has a part, but nothing to compare."""
    alone = parts["before"].isna() | parts["after"].isna()
    compared = parts[~alone]
    if len(compared):
        order = compared["added_decalibration"].abs().sort_values(ascending=False).index
        worst = compared.loc[order].head(SEGMENTS_DRAWN)
        st.markdown(f"**By {dimension_name(by).lower()}**, largest part in decalibration first")
        segments = brier_split(worst, palette_for(st.context.theme.type))
        charted.show(segments, alt_text_brier(worst), name="segments", width=int(segments.width))
    if alone.any():
        names = ", ".join(verbatim(label) for label in parts.loc[alone, "label"])
        st.caption(f"Labelled in one of the two windows only, so not compared: {names}.")
