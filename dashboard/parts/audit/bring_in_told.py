"""What a file that was dropped would come to, and importing it: told alike for every kind."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from core.governance.recorded_import import import_recorded
from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary
from core.ledger.errors import LedgerError
from core.sentences.numbers import counted, percent
from core.text.markdown import plain, verbatim
from dashboard.server import open_ledger as owner
from dashboard.widgets.acting import act_button


def bullets(lines: Sequence[str]) -> None:
    """Sentences, a line each."""
    if lines:
        st.markdown("\n".join(f"- {plain(one)}" for one in lines))


def counts(found: Sequence[ImportSummary]) -> None:
    """How many records would come in, and what the others would be refused for."""
    n_read = sum(one.n_read for one in found)
    n_refused = sum(one.n_refused for one in found)
    comes = n_read - n_refused
    share = f" ({percent(comes / n_read)})" if n_read else ""
    said = (
        f"{comes:,} of {counted(n_read, 'record')}{share} would come in; "
        f"{n_refused:,} would be refused."
    )
    if n_refused * 2 > n_read:
        st.warning(f"**Most of this file would be refused.** {said}", icon=":material/warning:")
    else:
        st.markdown(f"**{said}**")
    refusals = [asdict(refusal) for one in found for refusal in one.refusals]
    if refusals:
        frame = pd.DataFrame(refusals)
        st.table(
            frame.assign(value=frame["value"].map(_as_it_came))[
                ["n", "field", "reason", "row", "value", "mend"]
            ].rename(
                columns={
                    "n": "Refused",
                    "field": "Field",
                    "reason": "Reason",
                    "row": "First row",
                    "value": "Its value",
                    "mend": "How to fix it",
                }
            ),
            border="horizontal",
            hide_index=True,
            alt="What the file's records would be refused for",
        )


def import_button(
    parts: Mapping[Path, FileMapping], found: Sequence[ImportSummary], key: str
) -> tuple[ImportSummary, ...]:
    """The button that imports; what each part brought, once it was pressed and all came in.

    Args:
        parts: the files, with how each is read.
        found: what would come of them.
        key: of the button.
    """
    comes = sum(one.n_read - one.n_refused for one in found)
    new = comes or any(one.n_quarantined for one in found)
    if not act_button.draw(
        f"Import {counted(comes, 'record')}",
        "" if new else "Nothing of it is new.",
        key=key,
        icon=":material/upload:",
        type="primary",
    ):
        return ()
    bar, context = st.progress(0.0), get_script_run_ctx()

    def report(fraction: float, stage: str) -> None:
        # Progress comes from a helper thread at times, which belongs to no session of its own.
        add_script_run_ctx(threading.current_thread(), context)
        bar.progress(min(max(fraction, 0.0), 1.0), stage)

    try:
        return tuple(
            import_recorded(owner.office(), path, how=how, progress=report)
            for path, how in parts.items()
        )
    except LedgerError as error:
        st.error(plain(str(error)), icon=":material/block:")
        return ()


def came(name: str, done: Sequence[ImportSummary]) -> str:
    """What became of a file, in a sentence."""
    n_new, n_known, n_refused = (
        sum(getattr(one, of) for one in done) for of in ("n_new", "n_duplicate", "n_quarantined")
    )
    refused = f", {n_refused:,} refused" if n_refused else ""
    known = f", {n_known:,} known already" if n_known else ""
    return f"{name} is in: {counted(n_new, 'new record')}{known}{refused}."


def _as_it_came(value: object) -> str:
    return verbatim(value) if isinstance(value, str) and value else ""
