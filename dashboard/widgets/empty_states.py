"""Empty states: what is missing and the command that fills it."""

from __future__ import annotations

import streamlit as st

from core.ledger.errors import NeedsClaims
from core.text.markdown import plain
from core.text.shown import shell_word
from dashboard.server import open_ledger as owner


def ledger() -> None:
    """The ledger has no claim."""
    st.header("This ledger is empty")
    st.markdown(
        "Log your system's confidences, one row per claim, and drop the file on the *Data* page, "
        "or run this beside the server. It writes nothing yet, and prints the command that does."
    )
    path = shell_word(owner.path())
    st.code(f"calledger import claims.csv --ledger {path} --dry-run", language="bash")
    st.markdown("The least a file needs:")
    st.code(
        "event_id,ts,signal,confidence,outcome\n"
        "ticket-1,2026-11-16T09:12:00Z,ticket-triage.self-report,0.85,1",
        language="csv",
    )
    st.caption("To look around first: `calledger demo` opens a sample.")


def claims_elsewhere(needed: NeedsClaims) -> None:
    """The rest of a page needs claims that are not here."""
    st.info(plain(str(needed)), icon=":material/cloud_off:")


def filters() -> None:
    """The filters leave no claim."""
    st.info(
        "No claim matches these filters. Widen the period or take a filter away in the sidebar.",
        icon=":material/filter_alt_off:",
    )


def nothing_stated(n_unstated: int) -> None:
    """No claim of the selection states a confidence."""
    if not n_unstated:
        filters()
        return
    st.info(
        f"None of these {n_unstated:,} claims states a confidence, so there is nothing to measure. "
        "Log the number your system states in the field `confidence`.",
        icon=":material/contrast_rtl_off:",
    )


def outcomes(n_claims: int) -> None:
    """Claims, but no outcome yet."""
    path = shell_word(owner.path())
    st.info(
        f"{n_claims:,} claims and no outcome yet: calibration compares the two. Import the "
        "outcomes when they are known:",
        icon=":material/hourglass_empty:",
    )
    st.code(
        f"calledger import outcomes.csv --ledger {path}\n"
        "# outcomes.csv: event_id,outcome,outcome_ts",
        language="bash",
    )


def acts() -> None:
    """The filters leave no act of the trail."""
    st.info(
        "No act matches these filters. Widen the days or take a filter away.",
        icon=":material/filter_alt_off:",
    )
