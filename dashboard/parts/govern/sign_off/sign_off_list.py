"""Sign-off, over all signals: what waits for whom, in one table with the reader's own on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from core.governance.state import State
from core.measure.verdicts.parts import PartState
from core.sentences.numbers import counted
from core.text.shown import visible
from core.views.govern.permitted_acts import may_any
from core.views.govern.sign_off_queue import QueueLine, SignoffList
from dashboard.widgets import table_search
from dashboard.widgets.acting.acting_for import Acting
from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.framed import MANY, framed, tall
from dashboard.widgets.drawn.marks import badge
from dashboard.widgets.drawn.markup import Markup, href, name, tag

#: Keys of what is looked for, in the URL too.
FIND, TODO = "find_version", "todo"
MINE = "Yours"

#: The groups of the list, in order: field, words, and the verdict whose look they have.
_GROUPS: tuple[tuple[str, str, PartState], ...] = (
    ("waits", "To decide", "at_the_edge"),
    ("renew", "Ends soon", "at_the_edge"),
    ("closed", "Closed", "off"),
    ("never", "Never validated", "too_few"),
)
_UNREGISTERED, _SILENT = "Not registered", "No claim yet"
_OTHERS: tuple[tuple[str, str, PartState], ...] = (
    ("held", "Open", "fine"),
    ("rest", "Out of use", "too_few"),
)
#: What somebody is asked for: to answer what was asked, else to submit evidence.
_ANSWERS = ("validation.signed", "validation.rejected", "waiver.approved", "retirement.approved")
_SUBMITS = ("validation.submitted",)


@dataclass(frozen=True)
class SignOffRow:
    """One line of the table.

    Attributes:
        todo: its group, in words.
        look: the verdict whose look the group has.
        signal: its name.
        version: which, in words; "" where there is none.
        text: what is to be done, or how it stands.
        target: the address it opens.
        mine: whether the reader may do what is to be done.
    """

    todo: str
    look: PartState
    signal: str
    version: str
    text: str
    target: str
    mine: bool = False


def waiting(
    view: SignoffList, state: State, sub: str | None, now: datetime
) -> tuple[SignOffRow, ...]:
    """What is to be done, the reader's own first, then in the order of the groups.

    Args:
        sub: whom the reader acts for; None: nobody.
    """
    rows = []
    for field, words, look in _GROUPS:
        kinds = _ANSWERS if field == "waits" else _SUBMITS
        for one in getattr(view, field):
            mine = sub is not None and may_any(state, sub, kinds, one.signal, one.fingerprint, now)
            rows.append(_row(one, words, look, mine))
    rows += [
        SignOffRow(
            _UNREGISTERED,
            "off",
            signal,
            "",
            f"{counted(n_claims, 'claim')} and no registry entry.",
            href("registry", signal=signal),
        )
        for signal, n_claims in view.unregistered
    ]
    rows += [
        SignOffRow(
            _SILENT,
            "too_few",
            signal,
            "",
            "Registered, and no claim yet: its first claims appear here.",
            href("registry", signal=signal),
        )
        for signal in view.silent
    ]
    return tuple(sorted(rows, key=lambda row: not row.mine))


def others(view: SignoffList) -> tuple[SignOffRow, ...]:
    """What is open, and what is no longer in use."""
    return tuple(
        _row(one, words, look) for field, words, look in _OTHERS for one in getattr(view, field)
    )


def _row(one: QueueLine, words: str, look: PartState, mine: bool = False) -> SignOffRow:
    target = href("sign_off", signal=one.signal, fingerprint=one.fingerprint.id)
    return SignOffRow(words, look, one.signal, one.fingerprint.words(), one.text, target, mine)


def found(rows: Sequence[SignOffRow], text: str, todo: str) -> tuple[SignOffRow, ...]:
    """The rows that hold a text, in any case, and are of a group.

    Args:
        text: looked for in signal, version and what is to be done; "" is in all.
        todo: a group's words, `MINE` or `table_search.ALL`.
    """
    return tuple(
        row
        for row in rows
        if (todo in (table_search.ALL, row.todo) or (todo == MINE and row.mine))
        and table_search.holds(text, row.signal, row.version, row.text)
    )


def table(rows: Sequence[SignOffRow], title: str) -> Markup:
    """The rows as a table; a row opens its version."""
    if not rows:
        return tag("div", tag("p", "No version like this.", class_="soft"), class_="board")
    heads = (
        ("To do", "c-badge"),
        ("Signal", ""),
        ("Version", "c-version"),
        ("How it stands, who is next", ""),
    )
    drawn = tag(
        "table",
        tag("caption", title, class_="sr"),
        tag("thead", tag("tr", *(tag("th", one, scope="col", class_=kind) for one, kind in heads))),
        tag("tbody", *map(_line, rows)),
        class_="queue",
    )
    return tag("div", framed(drawn, len(rows)), class_="board")


def _line(row: SignOffRow) -> Markup:
    yours = tag("b", MINE, class_="yours") if row.mine else ""
    return tag(
        "tr",
        tag("td", badge(row.look, row.todo), yours, class_="c-badge"),
        tag(
            "th",
            tag(
                "a",
                name(row.signal),
                tag("span", f" {visible(row.version)}", class_="sr"),
                class_="row",
                href=row.target,
            ),
            scope="row",
            title=visible(row.signal),
        ),
        tag(
            "td",
            visible(row.version) or "–",
            class_="c-version soft",
            title=visible(row.version),
        ),
        tag("td", visible(row.text), class_="c-text"),
    )


def show(view: SignoffList, state: State, person: Acting | None, now: datetime) -> None:
    """What is to be done, searched where it is long; the rest in a drawer."""
    st.markdown(f"## {view.headline}")
    rows, rest = waiting(view, state, None if person is None else person.sub, now), others(view)
    shown = rows
    if len(rows) > MANY:
        here = list(dict.fromkeys(row.todo for row in rows))
        mine = [MINE] if any(row.mine for row in rows) else []
        asked = table_search.ask(
            "signal, version or person", "To do", [*mine, *here], find=FIND, pick=TODO
        )
        shown = found(rows, *asked)
    if rows:
        draw(table(shown, "What waits, yours first"), key="sign_off_waiting", tall=tall(len(shown)))
    if rest:
        title = f"{counted(len(rest), 'other fingerprint')}: {len(view.held)} open"
        with st.expander(title, icon=":material/list:"):
            draw(table(rest, "Open, and out of use"), key="sign_off_others")
