"""Tables of the Data page: imports and refused rows."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.findings.kinds import Condition
from core.text.markdown import cells, plain, verbatim
from core.text.shown import shell_word
from core.views.audit.data import IntakeView
from core.views.audit.exporters import ExportersView
from dashboard.charts.kit.alt_text import delay
from dashboard.server import open_ledger as owner
from dashboard.widgets import tables

#: Beyond so many rows the table of refused rows scrolls.
_TALL, _TALL_PIXELS = 12, 480
#: How the tables behind the two charts are told.
WEEKS, DELAYS = "Labels of each week", "Outcomes by how long they took to become known"

_COUNTS = {
    "n_read": "Read",
    "n_new": "New",
    "n_duplicate": "Duplicate",
    "n_unstated": "Unstated",
    "n_quarantined": "Quarantined",
    "n_attached": "Outcomes attached",
    "n_held": "Held",
    "n_corrected": "Corrected",
}


def not_taken_in(aside: Sequence[Condition], failure: str | None) -> None:
    """What programs logged and is not in the ledger: set aside, or waiting for a fold that fails.

    Args:
        aside: one for each segment that was set aside.
        failure: why the last fold stopped; None: it did not.
    """
    if failure is not None:
        st.warning(
            "What programs logged last is safe on disk but not in the ledger yet, so no page "
            f"shows it: {plain(failure)}"
        )
    for one in aside:
        st.error(f"{plain(one.text)} {plain(one.mend)}")


def exporters(view: ExportersView | None) -> None:
    """What exporters sent and was not taken, and the lines that would have it taken."""
    if view is None:
        return
    for sentence in view.sentences:
        st.warning(plain(sentence))
    if view.left_out.empty:
        return
    with st.expander("What OpenTelemetry exporters sent and was not kept", expanded=True):
        tables.listed(
            view.left_out,
            key="left_out",
            column_config={
                "name": st.column_config.TextColumn("Name"),
                "reason": st.column_config.TextColumn("Why"),
                "n": tables.number("Records"),
                "last": st.column_config.DatetimeColumn("Last (UTC)", format="YYYY-MM-DD HH:mm"),
            },
            alt="Names that exporters sent and the ledger did not take",
        )
        st.markdown("Counted since the server started.")
        if view.lines:
            st.markdown(
                f"To take a name from now on, keep one of its lines in {plain(view.file)}, beside "
                "the ledger:"
            )
            st.code(view.lines, language="yaml")


def imports_table(imports: pd.DataFrame) -> None:
    """One line per import, newest first."""
    counts = {field: tables.number(name) for field, name in _COUNTS.items()}
    tables.listed(
        imports,
        key="imports",
        column_order=(
            "imported_at",
            "source",
            *_COUNTS,
            "first_ts",
            "last_ts",
            "notices",
            "sha256",
        ),
        column_config={
            "imported_at": st.column_config.DatetimeColumn(
                "Imported (UTC)", format="YYYY-MM-DD HH:mm"
            ),
            "source": st.column_config.TextColumn("File"),
            **counts,
            "first_ts": st.column_config.DatetimeColumn("First claim", format="YYYY-MM-DD"),
            "last_ts": st.column_config.DatetimeColumn("Last claim", format="YYYY-MM-DD"),
            "notices": st.column_config.ListColumn("Notices"),
            "sha256": st.column_config.TextColumn("SHA-256"),
        },
        alt="Every import with what became of its rows",
    )


def figures(view: IntakeView) -> None:
    """What the two charts of labels are drawn from."""
    with st.expander("The figures of both charts", icon=":material/table_rows:"):
        tables.figures(
            view.coverage.assign(coverage=view.coverage["coverage"] * 100),
            {
                "week": "Week",
                "n_claims": tables.number("Stated claims"),
                "n": tables.number("Labelled"),
                "coverage": tables.share("Coverage"),
            },
            key="intake_weeks",
            alt=WEEKS,
        )
        ends = zip(view.delays["left"], view.delays["right"], strict=True)
        tables.figures(
            view.delays.assign(words=[delay(left, right) for left, right in ends]),
            {"words": "Known after", "n": tables.number("Outcomes")},
            key="intake_delays",
            alt=DELAYS,
        )


def refused(summary: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Reasons with their counts, the rows themselves, and how to get them in corrected."""
    if summary.empty:
        st.markdown("No row was ever refused.")
        return
    st.dataframe(
        cells(summary),
        hide_index=True,
        placeholder=tables.NOTHING,
        key="refused_summary",
        column_config={
            "file": "File",
            "field": "Field",
            "reason": "Reason",
            "n": tables.number("Rows"),
            "n_open": tables.number("Still open"),
        },
        alt="Reasons for refusing rows, with counts",
    )
    if rows.empty:
        st.markdown("Every refused row has since come in corrected.")
        return
    st.table(
        rows.fillna("")
        .assign(**{name: rows[name].map(_shown) for name in ("file", "value")})
        .rename(columns=str.capitalize),
        border="horizontal",
        hide_index=True,
        height="content" if len(rows) <= _TALL else _TALL_PIXELS,
        alt="The refused rows that are still open",
    )
    path = shell_word(owner.path())
    st.markdown("To fix them: export, correct, import again.")
    st.code(
        f"calledger quarantine export --ledger {path} --out refused.csv\n"
        f"calledger import refused.csv --ledger {path}",
        language="bash",
    )


def _shown(value: object) -> str:
    """A refused value as it came: it is somebody's text, and tables read Markdown."""
    return verbatim(value) if isinstance(value, str) and value else ""
