"""Where cases went to people: each queue's load, and how queues and reviewers decide."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.defaults import HANDOFF_LEAST
from core.text.markdown import plain
from core.views.govern.handoffs import (
    NO_QUEUE,
    HandOffsView,
    RatesOf,
    hours_words,
    take_words,
)
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets import tables
from dashboard.widgets.links import page_links as links

#: How the keys of this part's widgets begin.
KEYS = "handoffs_"
#: Pixels of a list of five rows: what is longer scrolls.
_FIVE = 213
_RATES = {
    "overridden": "Overridden",
    "accepted": "Accepted though wrong",
    "rejected": "Rejected though right",
    "seeded": "Planted errors caught",
}


def draw(view: HandOffsView) -> None:
    """The section."""
    if not view.any:
        st.markdown(
            "No hand-off is logged. Log to whom each case went, when it was taken and what was "
            "decided, one row a hand-off:"
        )
        st.code(trail.command("import", "handoffs.csv"), language="bash")
        st.caption(
            "Columns: event_id, signal, handed_at, and as they become known queue, reviewer (an "
            "opaque id), taken_at, decided_at, decision and agreed: 1 where the decision is the "
            "model's answer; seeded: 1 where the case was planted with a wrong answer."
        )
        return
    st.markdown(f"### {plain(view.headline)}")
    if view.notes:
        st.caption(plain(" ".join(view.notes)))
    _loads(view)
    _overdue(view)
    st.markdown("#### How they decide")
    _decisions(view)
    st.caption(
        f"Rates are drawn towards those of the same queue, the more the fewer decisions stand "
        f"behind them; in brackets 95% intervals. Under {HANDOFF_LEAST} none is shown."
    )


def warn(view: HandOffsView) -> None:
    """What must not wait for the tab to be opened."""
    if view.overdue.n or any(one.stamp for one in view.reviewers):
        st.warning(f"{plain(view.headline)} See *Hand-offs*.", icon=":material/report:")


def _loads(view: HandOffsView) -> None:
    frame = pd.DataFrame(
        {
            "queue": [one.queue or NO_QUEUE for one in view.loads],
            "handed": [one.handed for one in view.loads],
            "take": [take_words(one, view.hours) for one in view.loads],
            "decide": [hours_words(one.hours_to_decide) for one in view.loads],
            "open": [one.open for one in view.loads],
            "overdue": [one.overdue for one in view.loads],
        }
    )
    tables.listed(
        frame,
        key=f"{KEYS}loads",
        alt="The cases of each queue: handed over, how soon taken, open and overdue",
        column_config={
            "queue": "Queue",
            "handed": tables.number("Handed over"),
            "take": st.column_config.TextColumn("Taken after", help="The median."),
            "decide": st.column_config.TextColumn("Decided after", help="The median, once taken."),
            "open": tables.number("Open now"),
            "overdue": tables.number("Overdue now"),
        },
    )


def _overdue(view: HandOffsView) -> None:
    """The cases past their time, each the way to its claim."""
    if not view.overdue.n:
        return
    shown = view.overdue.first
    frame = pd.DataFrame(
        {
            "claim": [links.claim_address(view.signal, one.event_id) for one in shown],
            "event": [one.event_id for one in shown],
            "queue": [one.queue or NO_QUEUE for one in shown],
            "reviewer": [one.reviewer for one in shown],
            "handed": [one.handed_at for one in shown],
            "due": [one.due for one in shown],
        }
    )
    first = f", the first {len(shown):,}" if len(shown) < view.overdue.n else ""
    st.markdown(f"#### Overdue now: {view.overdue.n:,}{first}")

    def time_column(label: str) -> ColumnConfig:
        return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm")

    tables.listed(
        frame,
        key=f"{KEYS}overdue",
        tallest=_FIVE,
        alt="The cases past their time, the first due first",
        column_config={
            "claim": st.column_config.LinkColumn("Claim", display_text="Open", width=60),
            "event": "Event",
            "queue": "Queue",
            "reviewer": "Taken by",
            "handed": time_column("Handed over (UTC)"),
            "due": time_column("Due (UTC)"),
        },
    )


def _decisions(view: HandOffsView) -> None:
    rows: Sequence[RatesOf] = [
        one for queue in view.queues for one in (queue, *_of_queue(view, queue.queue))
    ]
    frame = pd.DataFrame(
        {
            "queue": [one.queue for one in rows],
            "reviewer": ["all" if one in view.queues else one.name for one in rows],
            "said": ["rubber stamp" if one.stamp else "" for one in rows],
            "decisions": [one.decisions for one in rows],
            "overridden": [one.overridden.short for one in rows],
            "accepted": [one.accepted_wrong.words for one in rows],
            "rejected": [one.rejected_right.words for one in rows],
            "seeded": [one.seeded.words for one in rows],
        }
    )
    if len(view.queues) == 1:
        frame = frame.drop(columns="queue")
    if not any(one.seeded.n for one in rows):
        frame = frame.drop(columns="seeded")
    tables.listed(
        frame,
        key=f"{KEYS}decisions",
        tallest=tables.FIFTEEN,
        alt="How each queue and reviewer decides: overridden, accepted though wrong, rejected "
        "though right",
        column_config={
            "queue": "Queue",
            "reviewer": "Reviewer",
            "decisions": tables.number("Decisions"),
            **{
                name: st.column_config.TextColumn(words)
                for name, words in _RATES.items()
                if name in frame
            },
            "said": st.column_config.TextColumn(
                "Found", help="What the decisions of the last 52 weeks show, not these days alone."
            ),
        },
    )


def _of_queue(view: HandOffsView, queue: str) -> list[RatesOf]:
    return [one for one in view.reviewers if one.queue == queue]
