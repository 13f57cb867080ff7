"""The standing watch on the page: the last re-measurement of every signal, and the runs."""

from __future__ import annotations

from itertools import groupby

import pandas as pd
import streamlit as st

from core.sentences.numbers import counted, points, verdict_words, within
from core.text.markdown import plain, verbatim
from core.text.shown import visible
from core.views.govern.watch import Again, WatchRow, WatchView
from dashboard.charts.intervals import interval_dots
from dashboard.charts.kit.palette import palette_for
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets import page_links as links

#: As many segments that are off are named.
_NAMED = 3


def overview(view: WatchView) -> None:
    """Every fingerprint's gap as it was measured last, beside what its owner accepts."""
    rows = sorted(view.rows, key=lambda one: one.tolerance)
    for tolerance, group in groupby(rows, key=lambda one: one.tolerance):
        frame = _frame(list(group))
        if frame.empty:
            continue
        chart = interval_dots(frame, palette_for(st.context.theme.type), tolerance=tolerance)
        st.altair_chart(chart, width=int(chart.width), alt=visible(_alt(frame, tolerance)))
    st.caption(
        "Each signal's newest production claims whose outcomes are final, one line per "
        "fingerprint in use; intervals are corrected over its required segments. Hollow: not "
        "decided. *This week* judges one week of every signal together, so its verdicts are more "
        "careful."
    )


def _frame(rows: list[WatchRow]) -> pd.DataFrame:
    found = []
    for row in rows:
        for one in row.prints:
            if one.gap is not None:
                name = row.signal if len(row.prints) == 1 else f"{row.signal}: {one.words}"
                shown = one.state if one.speaks_for == "all" else "no_verdict"
                found.append((name, one.gap, one.low, one.high, one.n, shown))
    columns = ["label", "gap", "low", "high", "n", "verdict"]
    frame = pd.DataFrame(found, columns=columns)
    return frame.sort_values("gap", ascending=False, kind="stable", ignore_index=True)


def _alt(frame: pd.DataFrame, tolerance: float) -> str:
    off = frame[frame["verdict"] == "off"]["label"].to_list()
    told = f"Off: {', '.join(off)}." if off else "None is shown to be off."
    return (
        f"Gap of {counted(len(frame), 'fingerprint')} at the last re-measurement, "
        f"{within(tolerance)} accepted. {told}"
    )


def signals(view: WatchView) -> None:
    """Each signal: when it was measured last and what came of it, when next, who answers."""
    if any(one.watched for row in view.rows for one in row.prints):
        st.caption(
            "*Evidence* is what bets on a gap beyond the tolerance have won since the signature: "
            "an honest signal hardly ever reaches what is needed, however often one looks."
        )
    for row in view.rows:
        with st.container(border=True, gap="xsmall"):
            with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
                st.markdown(f"**{plain(row.signal)}**", width="content")
                links.registry(row.signal, f"Answers for monitoring: {row.answers}")
            for one in row.prints:
                _print(row, one)
            _when(row)


def _when(row: WatchRow) -> None:
    cadence = f"every {counted(row.cadence_days, 'day')}"
    next_ = f"{row.next_at:%Y-%m-%d}"
    if row.measured_at is None or row.seq is None:
        st.markdown(f"Not measured yet ({cadence}); due since {next_}.")
        return
    late = f":red[:material/alarm: **overdue since {next_}**]"
    said = late if row.overdue else f"next on {next_}"
    st.caption(f"{row.claims} Measured {cadence}, {said}.")
    trail.link(row.seq, f"Measured on {row.measured_at:%Y-%m-%d}, {row.why}")


def _print(row: WatchRow, one: Again) -> None:
    verdict = verdict_words(one.state, one.speaks_for)
    if one.gap is None:
        numbers = "no outcome is final yet"
    else:
        ends = " to ".join(points(end, decimals=1) for end in (one.low, one.high))
        numbers = (
            f"gap {points(one.gap, decimals=1)} points ({ends}; {within(row.tolerance)} accepted), "
            f"{counted(one.n, 'claim')} of {counted(one.n_inputs, 'input')}"
        )
    told = [f"{verbatim(one.words)}: **{verdict}**, {numbers}"]
    if one.off_by:
        told.append(one.off_by)
    if one.off:
        more = f" and {len(one.off) - _NAMED} more" if len(one.off) > _NAMED else ""
        told.append(f"off by themselves: {plain('; '.join(one.off[:_NAMED]))}{more}")
    if one.mute:
        more = f" and {len(one.mute) - _NAMED} more" if len(one.mute) > _NAMED else ""
        told.append(f"without a verdict by themselves: {plain(', '.join(one.mute[:_NAMED]))}{more}")
    st.markdown(f"{'; '.join(told)}.")
    if one.why:
        st.caption(plain(one.why))
    if one.watched:
        st.caption(f"Since its signature: {plain(one.watched)}.")


def runs(view: WatchView) -> None:
    """The last runs, each a link to its act."""
    if not view.runs:
        st.caption("No run was made yet.")
        return
    for line in view.runs[:5]:
        trail.link(line.seq, plain(line.words))
    if len(view.runs) > 5:
        with st.expander(f"{len(view.runs) - 5} earlier runs", icon=":material/unfold_more:"):
            for line in view.runs[5:]:
                trail.link(line.seq, plain(line.words))
