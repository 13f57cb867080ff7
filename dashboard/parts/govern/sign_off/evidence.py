"""A bundle of evidence: what was measured, which criteria are met, what cannot be told."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from core.sentences.evidence import EvidenceView, SampleCriteria
from core.sentences.numbers import ABSENT, count, counted
from core.text.markdown import cells, plain, verbatim
from core.text.shown import visible
from core.validation.criteria import Outcome
from core.views.govern.sign_off import SignoffView
from dashboard.charts.intervals import interval_dots
from dashboard.charts.kit.alt_text import alt_text_intervals, alt_text_reliability
from dashboard.charts.kit.palette import palette_for
from dashboard.charts.reliability import reliability_diagram
from dashboard.widgets import chart as charted
from dashboard.widgets import tables
from dashboard.widgets.links import page_links as links

_OUTCOMES: dict[Outcome, str] = {
    "met": ":green[:material/check_circle:\u00a0Met]",
    "missed": ":red[:material/cancel:\u00a0Missed]",
    "undecided": ":orange[:material/help:\u00a0Not\u00a0decided]",
}
#: Pixels of the plot: it stands in a column beside the buttons.
_PLOT = 262
#: Pixels of what is said of it, beside it where there is room.
_SAID = 230
#: As many segments are drawn; all of them are in the table.
_DRAWN = 12
#: How the tables behind the charts are told.
_BLOCKS = "Stated confidences that were right alike often, and how often"
_REQUIRED = "Every criterion on every required segment"


def draw(view: SignoffView) -> None:
    """The evidence: criteria first, what they rest on in tabs."""
    st.header("Evidence")
    st.markdown(plain(view.shown_words))
    if view.fault is not None:
        st.error(plain(view.fault), icon=":material/gpp_bad:")
        return
    if view.evidence is None:
        return
    found = view.evidence
    _criteria(found)
    if view.origin:
        st.markdown(f"**Where the threshold comes from**: {plain(view.origin)}")
    n = len(found.segment_samples)
    on_segments = f"Required segments ({n})" if n else "Required segments"
    names = [
        "Said and right",
        on_segments,
        "What the rules would do",
        "Every measure",
        "Which claims",
    ]
    # What fails is not looked for.
    failing = not all(one.met for one in found.segment_samples)
    curve, segments, rules, measures, which = st.tabs(
        names, default=on_segments if failing else names[0]
    )
    with curve:
        _curve(found)
    with segments:
        _segments(found)
    with rules:
        _rules(found)
    with measures:
        _measures(found)
    with which:
        _which(found)


def beside(view: SignoffView) -> None:
    """To be read before the button: what changed since the last signature, what is not decided."""
    if view.evidence is not None and view.fault is None:
        _changed(view)
        _untold(view.evidence)


def _criteria(found: EvidenceView) -> None:
    st.markdown("### Criteria")
    icon = ":green[:material/check_circle:]" if found.met else ":red[:material/cancel:]"
    st.markdown(f"{icon} **{plain(found.verdict)}**")
    _sample(found.whole)
    if found.window is None:
        st.caption(plain(found.window_words))
    else:
        _sample(found.window)
        st.caption(plain(found.window_words))
    st.markdown(f"**Required segments**: {plain(found.segment_words)}")


def _sample(one: SampleCriteria) -> None:
    st.markdown(f"**{plain(one.name)}**: {plain(one.said)}")
    needed = any(row.needed != ABSENT for row in one.rows)
    table = {
        "": [_OUTCOMES[row.outcome] for row in one.rows],
        "Criterion": [plain(row.criterion) for row in one.rows],
        "Found (95% interval)": [plain(row.value) for row in one.rows],
    }
    if needed:
        table["Labels needed"] = [row.needed for row in one.rows]
    st.table(
        pd.DataFrame(table),
        border="horizontal",
        hide_index=True,
        alt=visible(f"Criteria on {one.name}"),
    )


def _changed(view: SignoffView) -> None:
    st.markdown("### What changed since the last validation")
    if view.compared is None:
        st.markdown("This is the first: there is nothing to compare it with.")
        return
    st.caption(f"Against {plain(view.compared)}.")
    st.markdown("\n".join(f"- {plain(one)}" for one in view.changes) or "Nothing.")


def _untold(found: EvidenceView) -> None:
    st.markdown("### What is not decided yet")
    said = "\n".join(f"- {plain(one)}" for one in found.untold)
    st.markdown(said or "Nothing known.")


def _curve(found: EvidenceView) -> None:
    chart = partial(
        reliability_diagram,
        found.curve,
        found.consistency,
        found.honest,
        None,
        found.histogram,
        palette_for(st.context.theme.type),
        high_from=found.high_from,
        width=_PLOT,
    )
    alt = alt_text_reliability(found.curve, found.histogram)
    with st.container(horizontal=True, gap="small"):
        with st.container(width=_PLOT + 80):
            charted.show(chart, alt, name="evidence_curve", behind=_BLOCKS)
        with st.container(width=_SAID):
            st.markdown(f"**{found.headline}**")
            if found.interval:
                st.markdown(found.interval)
            st.markdown(found.high_band)
            st.caption(found.coverage)
            with st.expander("The figures of this chart", icon=":material/table_rows:"):
                shares = ("v_from", "v_to", "observed")
                tables.figures(
                    found.curve.assign(**{name: found.curve[name] * 100 for name in shares}),
                    {
                        "v_from": tables.share("Stated from"),
                        "v_to": tables.share("to"),
                        "observed": tables.share("Right"),
                        "n": tables.number("Labelled"),
                    },
                    key="evidence_blocks",
                    alt=_BLOCKS,
                )


def _segments(found: EvidenceView) -> None:
    if found.segments.empty:
        st.markdown(plain(found.segment_words))
        return
    worst = found.segments.loc[
        found.segments["gap"].abs().sort_values(ascending=False, na_position="last").index
    ].head(_DRAWN)
    chart = partial(
        interval_dots, worst, palette_for(st.context.theme.type), tolerance=found.tolerance
    )
    said = alt_text_intervals(worst, tolerance=found.tolerance)
    charted.show(chart, said, name="evidence_segments", behind=_REQUIRED, stretch=True)
    if len(worst) < len(found.segments):
        st.caption(f"The {_DRAWN} largest gaps of {len(found.segments)}.")
    rows = [
        (one.name, row.verdict, row.criterion, row.value, row.n, row.needed)
        for one in found.segment_samples
        for row in one.rows
    ]
    names = ["Segment", "Outcome", "Criterion", "Found (95% interval)", "Labelled", "Labels needed"]
    with st.expander(
        f"The criteria on {counted(len(found.segment_samples), 'segment')}",
        icon=":material/table_rows:",
        expanded=not all(one.met for one in found.segment_samples),
    ):
        st.dataframe(
            cells(pd.DataFrame(rows, columns=names)),
            hide_index=True,
            placeholder=tables.NOTHING,
            column_config={
                "Outcome": st.column_config.TextColumn("Outcome", width=120),
                "Labelled": tables.number("Labelled"),
            },
            alt=_REQUIRED,
        )


def _rules(found: EvidenceView) -> None:
    st.markdown(found.automated)
    st.table(
        pd.DataFrame(
            {
                "Rule": [
                    f"**{row.action}** {plain(row.whom)}, stated {row.stated}"
                    for row in found.rules
                ],
                "Claims": [count(row.n_claims) for row in found.rules],
                "Wrong of labelled": [row.wrong for row in found.rules],
            }
        ),
        border="horizontal",
        hide_index=True,
        alt="What each registered rule would take of the judged claims, and how much of it is "
        "wrong",
    )


def _measures(found: EvidenceView) -> None:
    st.table(
        pd.DataFrame(
            {
                "Measure": [row.name for row in found.measures],
                "Value": [row.value for row in found.measures],
                "95% interval": [row.interval for row in found.measures],
            }
        ),
        border="horizontal",
        hide_index=True,
        alt="Every measure of all judged claims",
    )
    with st.expander("What each measure means", icon=":material/menu_book:"):
        for row in found.measures:
            st.markdown(f"**{plain(row.name)}**: {plain(row.meaning)}")


def _which(found: EvidenceView) -> None:
    with st.container(gap="xsmall"):
        tables.facts("Which claims", found.query)
        links.draw(found.claims, found.claims.text)
    icon = ":green[:material/check_circle:]" if found.overlap_checked else ":material/help:"
    st.markdown(f"### Overlap with tuning\n{icon} {plain(found.overlap)}")
    with st.expander("Hashes and program", icon=":material/tag:"):
        for one in found.hashes:
            st.markdown(f":gray[{plain(one.name)}]  \n{verbatim(one.value)}")
