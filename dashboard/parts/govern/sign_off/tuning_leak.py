"""Why nothing could be frozen: the claims that were tuned on, or that there are none to judge."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.queries.sums.validation_sample import Shared
from core.sentences.numbers import counted
from core.text.markdown import cells, plain
from core.text.spreadsheet import csv_of
from core.validation.evidence_content import NothingToJudge
from core.validation.tuning_leakage import TuningLeaked, overlap
from dashboard.parts.audit import trail_integrity as trail
from dashboard.server import open_ledger as owner
from dashboard.widgets import tables

#: Rows on the page; all of them are in the file.
_SHOWN = 200


def draw(refusal: TuningLeaked | NothingToJudge, signal: str) -> None:
    """Say what is the matter, with its rows, and what fixes it."""
    st.header("Nothing was frozen")
    if isinstance(refusal, NothingToJudge):
        st.warning(plain(str(refusal)), icon=":material/hourglass_empty:")
        st.code(
            f"{trail.command('import', 'outcomes.csv')}\n"
            "# outcomes.csv: event_id,outcome,outcome_ts",
            language="bash",
        )
        return
    n = refusal.overlap.n
    st.error(
        f"{counted(n, 'claim')} to judge {'was' if n == 1 else 'were'} also tuned on. Evidence on "
        "claims a signal was tuned on shows how well it was tuned, not how well it works; so "
        "nothing is frozen.",
        icon=":material/content_copy:",
    )
    st.markdown(
        "**What fixes it:** leave them out with the box beside (the evidence will say so), or "
        "first bring in heldout claims on inputs that were not tuned on."
    )
    rows = refusal.overlap.rows[:_SHOWN]
    if len(rows) < n:
        st.caption(f"The first {len(rows)} of {n:,}, by event id; the file has all of them.")
    st.dataframe(
        cells(table(rows)),
        hide_index=True,
        placeholder=tables.NOTHING,
        alt="Claims to judge that were also tuned on",
    )
    st.download_button(
        f"Download all {n:,} (CSV)" if n > 1 else "Download it (CSV)",
        data=lambda: csv_of(table(_all(refusal))),
        file_name="tuned-on.csv",
        mime="text/csv; charset=utf-8",
        icon=":material/download:",
        on_click="ignore",
    )


def _all(refusal: TuningLeaked) -> tuple[Shared, ...]:
    with owner.cursor() as cursor:
        return overlap(cursor, refusal.judged, limit=refusal.overlap.n).rows


def table(rows: tuple[Shared, ...]) -> pd.DataFrame:
    """Claims to judge with the tuning claims they meet."""
    return pd.DataFrame(
        {
            "Event to judge": [one.event_id for one in rows],
            "Event tuned on": [one.tuning_event_id for one in rows],
            "Input": [one.input_id for one in rows],
            "Shared": ["the event" if one.by == "event_id" else "the input" for one in rows],
        }
    )
