"""Kept inputs that are asked again: is it still the same model?"""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.text.markdown import cells, plain
from core.text.shown import shell_word
from core.views.review.canary import CanaryHistory
from dashboard.charts.canary import alt_text_canary, canary_scores
from dashboard.charts.kit.palette import palette_for
from dashboard.server import open_ledger as owner
from dashboard.widgets import chart as charted
from dashboard.widgets import tables

#: How the table is told.
ROUNDS = "Every round with its alarm score"


def draw(histories: tuple[CanaryHistory, ...], signal: str) -> None:
    """What kept inputs say of each version; without any, the commands that begin it."""
    if not histories:
        st.markdown(
            "Here you will see whether the model behind a version name is still the same. Keep 50 "
            "inputs or more and ask them again, every day for one:"
        )
        on = f"--ledger {shell_word(owner.path())} --signal {shell_word(signal)}"
        st.code(
            f"calledger canary keep inputs.jsonl {on}\n"
            f"calledger canary ask inputs.jsonl {on} --command 'python ask_model.py'",
            language="sh",
            wrap_lines=True,
        )
        return
    for number, history in enumerate(histories):
        _one(history, number)
    with st.expander("How to read the alarm score", icon=":material/help:"):
        st.markdown(
            "Kept inputs never change, so that what moves here is the model, its prompt or its "
            "settings, and never what comes in. Each input is held against its own earlier "
            "answers: higher, lower or further off, and the answer another one. The alarm score "
            "says how much that speaks against one and the same model (an e-process: the product "
            "of bets that no unchanged model can win). A model that stays the same reaches an "
            "alarm with a chance of at most 5%, however long it is watched. The first two rounds, "
            "hollow here, only tell how much it varies by itself."
        )


def _one(history: CanaryHistory, number: int) -> None:
    line = history.line
    version = "" if line.fingerprint is None else f"**{plain(line.fingerprint.words())}.** "
    moved = f"\n\n{plain(history.moved)}" if history.moved else ""
    said = f"{version}{plain(line.words)}{moved}"
    if line.state == "changed":
        st.error(said, icon=":material/swap_horiz:")
    else:
        st.markdown(said)
    if line.due is not None:
        st.caption(f"Next round due {line.due:%Y-%m-%d %H:%M} UTC.")
    if history.rounds.empty:
        return
    needed = line.standing.process.needed
    palette = palette_for(st.context.theme.type)
    chart = partial(canary_scores, history.rounds, needed, palette)
    said = alt_text_canary(history.rounds, needed)
    charted.show(chart, said, name=f"canary_{number}", behind=ROUNDS)
    with st.expander(f"Rounds ({len(history.rounds)})", icon=":material/table_rows:"):
        frame = history.rounds.iloc[::-1].assign(
            stated=history.rounds["stated"].astype(float) * 100
        )
        st.dataframe(
            cells(frame),
            hide_index=True,
            placeholder=tables.NOTHING,
            key=f"canary_rounds_{number}",
            column_order=("name", "asked_at", "n_asked", "n_failed", "stated", "score"),
            column_config={
                "name": st.column_config.TextColumn("Round"),
                "asked_at": st.column_config.DatetimeColumn(
                    "Asked (UTC)", format="YYYY-MM-DD HH:mm"
                ),
                "n_asked": tables.number("Answered"),
                "n_failed": tables.number("Without an answer"),
                "stated": tables.share("Stated on average"),
                "score": st.column_config.NumberColumn("Alarm score", format="%.3g"),
            },
            alt=ROUNDS,
        )
