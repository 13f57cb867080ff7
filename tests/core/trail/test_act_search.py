"""Entries found by what they say, also where somebody tampered with them."""

from __future__ import annotations

import json
from datetime import date, datetime

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.trail import act_search as search
from core.trail.act_search import ActSearch
from core.trail.acts import Act, Actor
from core.trail.checkpoints.merkle import leaf_hash
from core.trail.fingerprint import Fingerprint

LOG = "calledger/x"


def entry(seq: int, kind: str, **fields: object) -> str:
    made = {"actor": Actor("p-1", "owner"), "at": datetime(2026, 9, seq + 1, 12), **fields}
    return Act(seq=seq, kind=kind, **made).to_text(log=LOG, prev="")  # type: ignore[arg-type]


ENTRIES = (
    entry(0, "trail.started"),
    entry(1, "registry.set", signal="a"),
    entry(2, "validation.signed", signal="a", fingerprint=Fingerprint("m1")),
    entry(3, "validation.signed", signal="a", fingerprint=Fingerprint("m2")),
    entry(4, "person.status", body={"sub": "p-2"}),
    entry(5, "registry.set", signal="a", actor=Actor("p-2", "owner")),
    entry(6, "validation.suspended", signal="a", fingerprint=Fingerprint("m1")),
    entry(7, "registry.set", signal="b"),
)


@pytest.fixture
def cursor():
    with Ledger.in_memory() as ledger:
        one = ledger.cursor()
        for seq, text in enumerate(ENTRIES):
            put(one, seq, text)
        yield one


def put(cursor: duckdb.DuckDBPyConnection, seq: int, text: str, leaf: str | None = None) -> None:
    found = leaf or leaf_hash(text.encode()).hex()
    cursor.execute("INSERT INTO acts VALUES ($1, $2, $3)", [seq, text, found])


def seqs(cursor: duckdb.DuckDBPyConnection, **asked: object) -> list[int]:
    made = ActSearch(**asked)  # type: ignore[arg-type]
    found = [one.seq for one in search.found(cursor, made, limit=100)]
    assert search.count(cursor, made) == len(found)
    return found


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [7, 6, 5, 4, 3, 2, 1, 0]),
        ({"signal": "a"}, [6, 5, 3, 2, 1]),
        ({"who": "p-2"}, [5, 4]),
        ({"kinds": ("registry.set", "trail.started")}, [7, 5, 1, 0]),
        ({"since": date(2026, 9, 7)}, [7, 6]),
        ({"until": date(2026, 9, 2)}, [1, 0]),
        ({"since": date(2026, 9, 3), "until": date(2026, 9, 3)}, [2]),
        ({"signal": "a", "kinds": ("registry.set",), "who": "p-1"}, [1]),
        ({"signal": "'; DROP TABLE acts; --"}, []),
    ],
)
def test_acts_are_found_by_what_they_say(cursor, asked, expected) -> None:
    assert seqs(cursor, **asked) == expected


def test_entries_come_in_leaves(cursor) -> None:
    found = search.found(cursor, ActSearch(), limit=3, offset=3)
    assert [one.seq for one in found] == [4, 3, 2]


def test_an_act_stands_beside_those_of_its_signal_and_fingerprint(cursor) -> None:
    def sides(seq: int) -> tuple[int | None, int | None]:
        (one,) = search.at(cursor, seq)
        before, after = search.beside(cursor, one)
        return before and before.seq, after and after.seq

    assert sides(2) == (1, 5)
    assert sides(3) == (1, 5)
    assert sides(6) == (5, None)
    assert sides(5) == (3, 6)
    assert sides(7) == (None, None)
    assert sides(4) == (None, None)


def test_the_entry_in_force_before_is_the_last_one_set(cursor) -> None:
    def before(seq: int) -> int | None:
        found = search.entry_before(cursor, "a", seq)
        return found and found.seq

    assert [before(seq) for seq in (1, 2, 5, 6)] == [None, 1, 1, 5]


def test_what_entries_say_in_one_place_is_listed_once(cursor) -> None:
    assert search.said(cursor, "$.signal") == ("a", "b")
    assert search.said(cursor, "$.actor.sub") == ("p-1", "p-2")


def test_what_is_no_json_is_found_by_its_number_alone(cursor) -> None:
    put(cursor, 8, '{"signal":"a"')
    assert seqs(cursor)[0] == 8
    assert 8 not in seqs(cursor, signal="a")
    (one,) = search.at(cursor, 8)
    assert one.act is None
    assert one.fault is not None
    assert one.fault.startswith("Entry 8 cannot be read")
    assert search.beside(cursor, one) == (None, None)


def test_a_text_that_was_not_hashed_is_told_from_one_that_was() -> None:
    leaf = leaf_hash(ENTRIES[1].encode()).hex()
    assert search.stored(1, ENTRIES[1], leaf).fault is None
    other = search.stored(1, ENTRIES[2], leaf)
    assert other.fault == "The text of entry 1 is not the one that was hashed."
    assert other.act is not None


def test_an_entry_put_in_twice_is_found_twice(cursor) -> None:
    put(cursor, 3, ENTRIES[3])
    assert [one.seq for one in search.at(cursor, 3)] == [3, 3]
    assert search.at(cursor, 99) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(name=st.sampled_from(sorted(json.loads(ENTRIES[2]))), value=JSON)
def test_what_is_read_holds_text_where_text_belongs(name: str, value: object) -> None:
    text = json.dumps({**json.loads(ENTRIES[2]), name: value})
    act = search.stored(2, text, "").act
    if act is None:
        return
    texts = [act.kind, act.actor.sub, act.actor.role, act.actor.assurance, act.actor.via]
    texts += [one for one in (act.signal, act.before, act.after) if one is not None]
    texts += (act.fingerprint or Fingerprint()).as_json().values()
    texts += [act.signature.meaning, act.signature.evidence] if act.signature else []
    assert {type(one) for one in texts} == {str}
    assert isinstance(act.body, dict)


@given(st.text())
def test_a_text_that_is_no_entry_is_a_fault(text: str) -> None:
    assert search.stored(0, text, "").act is None
