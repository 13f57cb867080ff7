"""What can be done about a signal that is off, where it is shown to be."""

from __future__ import annotations

import streamlit as st

from core.text.shown import shell_word
from dashboard.cache import views as data
from dashboard.server import open_ledger as owner


def offered(signal: str) -> None:
    """How to repair a signal that is off: the command, or what it first needs."""
    with st.expander("How to repair it", icon=":material/build:"):
        st.markdown(
            "A map from stated to calibrated confidence, fitted on tuning claims and judged once "
            "on heldout ones. It gets a certificate only if it helps there, and is then a new "
            "version to be validated like any other."
        )
        if signal not in data.tuned_signals():
            st.markdown(
                "It takes labelled claims logged with `split=tuning`, and others on other inputs "
                "with `split=heldout`; this signal has no tuning claims yet."
            )
            return
        ledger, name = shell_word(owner.path()), shell_word(signal)
        st.code(
            f"calledger recalibrate --ledger {ledger} --signal {name} \\\n"
            "  --out calibrator.json --python calibrator.py --claims mapped.csv",
            language="bash",
        )
