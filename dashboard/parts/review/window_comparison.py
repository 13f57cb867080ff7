"""Two windows of time compared: what was stated, which cases came, why the score moved."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.sentences.numbers import dimension_name, value_name
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
from dashboard.widgets import tables
from dashboard.widgets.url_choice import choose_day

SEGMENTS_DRAWN = 8
#: How the tables behind the charts are told.
_SPLIT = "Brier score in both windows, and why it moved"
_STATED = "Claims by stated confidence in both windows"
_MIX = "Share of each kind of case in both windows"


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
    parts = partial(brier_split, view.parts, palette)
    charted.show(parts, alt_text_brier(view.parts), name="parts", behind=_SPLIT)
    if by is not None:
        _segments(view.by_segment, by)
    st.markdown(f"**What was stated.** {view.stated}")
    stated = partial(confidence_shift, view.stated_before, view.stated_after, palette)
    said = alt_text_shift(view.stated_before, view.stated_after)
    charted.show(stated, said, name="stated", behind=_STATED)
    if view.mixes:
        st.markdown("**Case mix**")
    for i, mix in enumerate(view.mixes):
        with st.expander(plain(mix.words)):
            chart = partial(mix_change, mix.values, palette)
            said = alt_text_mix(mix.values)
            charted.show(chart, said, name=f"mix_{i}", behind=_MIX)
    with st.expander("The figures of these charts", icon=":material/table_rows:"):
        _figures(view)


def _segments(parts: pd.DataFrame, by: str) -> None:
    """The largest parts in decalibration; what came or went has a part, but nothing to compare."""
    alone = parts["before"].isna() | parts["after"].isna()
    compared = parts[~alone]
    if len(compared):
        order = compared["added_decalibration"].abs().sort_values(ascending=False).index
        worst = compared.loc[order].head(SEGMENTS_DRAWN)
        st.markdown(f"**By {dimension_name(by).lower()}**, largest part in decalibration first")
        segments = partial(brier_split, worst, palette_for(st.context.theme.type))
        charted.show(segments, alt_text_brier(worst), name="segments", behind=_SPLIT)
    if alone.any():
        names = ", ".join(verbatim(label) for label in parts.loc[alone, "label"])
        st.caption(f"Labelled in one of the two windows only, so not compared: {names}.")


def _figures(view: ShiftView) -> None:
    """What all charts of the comparison are drawn from."""
    counts = {
        "n_before": tables.number("n, reference"),
        "n_after": tables.number("n, now"),
    }
    brier = {
        name: st.column_config.NumberColumn(words, format="%.4f", width="small")
        for name, words in (
            ("before", "Reference"),
            ("after", "Now"),
            ("foretold", "By the cases"),
            ("foretold_low", "95% from"),
            ("foretold_high", "to"),
            ("decalibration", "By calibration"),
            ("decalibration_low", "95% from "),
            ("decalibration_high", "to "),
        )
    }
    parts = [one for one in (view.parts, view.by_segment) if not one.empty]
    tables.figures(
        pd.concat(parts, ignore_index=True) if parts else view.parts,
        {"label": "Claims", **brier, **counts},
        key="shift_parts",
        alt=_SPLIT,
    )
    before, after = (one["n_claims"].to_numpy() for one in (view.stated_before, view.stated_after))
    edges = zip(view.stated_before["left"], view.stated_before["right"], strict=True)
    stated = [f"{left:.0%} to {right:.0%}" for left, right in edges]
    tables.figures(
        pd.DataFrame({"stated": stated, "n_before": before, "n_after": after}),
        {"stated": "Stated", **counts},
        key="shift_stated",
        alt=_STATED,
    )
    if not view.mixes:
        return
    mixes = pd.concat(
        [one.values.assign(dimension=dimension_name(one.dimension)) for one in view.mixes],
        ignore_index=True,
    )
    tables.figures(
        mixes.assign(
            value=[value_name(one) for one in mixes["value"]],
            share_before=mixes["share_before"] * 100,
            share_after=mixes["share_after"] * 100,
        ),
        {
            "dimension": "Dimension",
            "value": "Value",
            "share_before": tables.share("Reference"),
            "share_after": tables.share("Now"),
            **counts,
        },
        key="shift_mix",
        alt=_MIX,
    )
