"""The decision trail as a list: who did what, newest first, found by signal, person, kind, time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.sentences import acts as act_words
from core.sentences.acts import Names
from core.sentences.numbers import ABSENT, count, counted
from core.trail import act_search as search
from core.trail.act_kinds import GROUPS, KINDS, did
from core.trail.act_search import ActSearch, Stored
from core.trail.acts import SYSTEM

#: Rows of one leaf of the list.
LEAF_SIZE = 50
#: Stands for what was done where an entry cannot be read.
UNREADABLE = "cannot be read"


@dataclass(frozen=True)
class TrailRow:
    """One entry of the trail as the list shows it.

    Attributes:
        seq: its number.
        at: when, UTC without zone; None where it cannot be read.
        who: the name of whoever did it.
        role: in which role.
        assurance: how it is known that it was they, as it stands in the entry.
        what: what they did, in a sentence without who.
        short: the same without what it is about.
        about: signal and fingerprint; empty for the ledger as a whole.
        moved: from which state to which; empty where it moved none.
        fault: what is wrong with the entry by itself, in a sentence; empty where nothing is.
    """

    seq: int
    at: datetime | None
    who: str
    role: str
    assurance: str
    what: str
    short: str
    about: str
    moved: str
    fault: str


@dataclass(frozen=True)
class Choices:
    """What the list can be narrowed to.

    Attributes:
        signals: that acts are about.
        people: opaque id → name, of everybody who did something or was entered; by name, the
            program itself last.
        kinds: in words → kinds; first the groups, then each kind that the trail has.
    """

    signals: tuple[str, ...]
    people: Mapping[str, str]
    kinds: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class TrailView:
    """One leaf of what a search finds.

    Attributes:
        rows: its entries, the newest first.
        n_found: how many the search finds.
        n_entries: how many the trail has.
        n_leaves: how many leaves of `LEAF_SIZE` those found fill; at least 1.
        sentence: how many were found.
    """

    rows: tuple[TrailRow, ...]
    n_found: int
    n_entries: int
    n_leaves: int
    sentence: str


def choices(cursor: duckdb.DuckDBPyConnection) -> Choices:
    """What there is to choose from."""
    names = Names.read(cursor)
    subs = {*search.said(cursor, "$.actor.sub"), *search.said(cursor, "$.body.sub")}
    people = sorted(
        (sub for sub in subs if sub != SYSTEM), key=lambda sub: (names.person(sub), sub)
    )
    there = set(search.said(cursor, "$.kind"))
    groups = {words: kinds for words, kinds in GROUPS.items() if not there.isdisjoint(kinds)}
    unknown = sorted(there - KINDS.keys())
    single = {did(kind): (kind,) for kind in (*KINDS, *unknown) if kind in there}
    return Choices(
        signals=search.said(cursor, "$.signal"),
        people={sub: names.person(sub) for sub in (*people, *({SYSTEM} & subs))},
        kinds={**groups, **single},
    )


def trail_view(cursor: duckdb.DuckDBPyConnection, asked: ActSearch, number: int) -> TrailView:
    """Leaf ``number`` of what a search finds; a broken trail is listed as it is.

    Args:
        number: 1 the first; beyond the last it is the last.
    """
    names = Names.read(cursor)
    n_entries, n_found = search.count(cursor, ActSearch()), search.count(cursor, asked)
    n_leaves = max(1, -(-n_found // LEAF_SIZE))
    offset = (min(number, n_leaves) - 1) * LEAF_SIZE
    entries = search.found(cursor, asked, limit=LEAF_SIZE, offset=offset)
    return TrailView(
        rows=tuple(row(one, names) for one in entries),
        n_found=n_found,
        n_entries=n_entries,
        n_leaves=n_leaves,
        sentence=_sentence(n_found, n_entries),
    )


def row(entry: Stored, names: Names) -> TrailRow:
    """An entry as a line of the list."""
    act = entry.act
    if act is None:
        fault = entry.fault or ""
        unread = UNREADABLE
        return TrailRow(entry.seq, None, ABSENT, ABSENT, ABSENT, unread, unread, "", "", fault)
    return TrailRow(
        seq=entry.seq,
        at=act.at,
        who=names.person(act.actor.sub),
        role=act_words.role_words(act.actor.role),
        assurance=act.actor.assurance,
        what=act_words.sentence(act, names),
        short=act_words.short(act, names),
        about=act_words.about(act),
        moved=act_words.moved(act),
        fault=entry.fault or "",
    )


def _sentence(n_found: int, n_entries: int) -> str:
    if n_found == n_entries:
        return f"{counted(n_entries, 'act')}."
    if not n_found:
        return f"None of {counted(n_entries, 'act')}."
    return f"{count(n_found)} of {counted(n_entries, 'act')}."
