"""Above a long table: a text that is looked for, and one kind of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import streamlit as st

from core.measure.verdicts.parts import STATES
from core.sentences.numbers import NO_VERDICT, STATE_WORDS
from core.standing.verdict import StandingVerdict
from dashboard.widgets.drawn.markup import Markup, tag

ALL = "All"
#: A table of more signals is searched.
SEVERAL = 12
Row = TypeVar("Row")


def none() -> Markup:
    """What stands in place of a table in which nothing was found."""
    return tag("div", tag("p", "No signal like this.", class_="soft"), class_="board")


def holds(text: str, *names: str) -> bool:
    """Whether a name holds a text, in any case; "" is in all of them."""
    sought = text.strip().casefold()
    return any(sought in name.casefold() for name in names)


def verdict_words(verdict: StandingVerdict | None) -> str:
    """A standing verdict as its badge says it; "" where there is none."""
    if verdict is None:
        return ""
    return STATE_WORDS[verdict.state] if verdict.speaks_for_all else NO_VERDICT


def verdicts_among(words: Sequence[str]) -> list[str]:
    """Those of a table's verdicts that there are, worst first."""
    return [one for one in (*(STATE_WORDS[state] for state in STATES), NO_VERDICT) if one in words]


def of_signals(
    rows: Sequence[Row],
    standing: Mapping[str, StandingVerdict],
    signal: Callable[[Row], str],
    person: Callable[[Row], str],
    *,
    page: str,
) -> Sequence[Row]:
    """The rows asked for by signal, person and standing verdict; all of a table that is short.

    Args:
        standing: the verdicts, by signal.
        signal: of a row.
        person: who answers for it.
        page: its key; the names in the URL begin with it.
    """
    if len(rows) <= SEVERAL:
        return rows
    words = {signal(row): verdict_words(standing.get(signal(row))) for row in rows}
    sought, verdict = ask(
        "signal or person",
        "Verdict",
        verdicts_among(tuple(words.values())),
        find=f"{page}_find",
        pick=f"{page}_verdict",
    )
    return tuple(
        row
        for row in rows
        if verdict in (ALL, words[signal(row)]) and holds(sought, signal(row), person(row))
    )


def ask(what: str, kind: str, kinds: Sequence[str], *, find: str, pick: str) -> tuple[str, str]:
    """Ask what is looked for.

    Args:
        what: what a text is found in: ``signal or owner``.
        kind: what rows are told apart by.
        kinds: those there are.
        find: key of the text, in the URL too, which leaves defaults out.
        pick: key of the kind, likewise.

    Returns:
        The text, "" for any, and the kind or `ALL`.
    """
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        sought = text(what, key=find)
        picked = st.segmented_control(
            kind,
            [ALL, *kinds],
            default=ALL,
            required=True,
            key=pick,
            label_visibility="collapsed",
            bind="query-params",
        )
    return sought, picked or ALL


def text(what: str, *, key: str) -> str:
    """Ask for a text alone; "" for any.

    Args:
        what: what it is found in.
        key: in the URL too.
    """
    found = st.text_input(
        f"Find a {what}",
        key=key,
        placeholder=f"{what[:1].upper()}{what[1:]}",
        icon=":material/search:",
        label_visibility="collapsed",
        bind="query-params",
        width=260,
    )
    return found or ""
