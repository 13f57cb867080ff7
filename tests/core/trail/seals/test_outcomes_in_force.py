"""Outcomes in force that the log does not give: found, however rows stand to each other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest

from core.ledger.connection import Ledger
from core.trail.seals import outcomes_in_force
from core.trail.seals.outcomes_in_force import wrong_in_force

_AT = datetime(2026, 11, 2)
_NOTHING = (None, None, None, None, False)


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with Ledger.in_memory() as ledger:
        yield ledger.cursor()


def _claim(cursor: Any, event: str, signal: str, row: int, in_force: tuple[Any, ...]) -> None:
    cursor.execute(
        """
        INSERT INTO claims (event_id, signal, ts, split, outcome, outcome_ts, outcome_known_at,
                            outcome_source, outcome_corrected, import_id, import_row)
        VALUES (?, ?, '2026-11-01', 'production', ?, ?, ?, ?, ?, 1, ?)
        """,
        [event, signal, *in_force, row],
    )


def _outcome(
    cursor: Any, event: str, signal: str | None, row: int, outcome: int, **of: Any
) -> None:
    source, at, number = of.get("source"), of.get("at", _AT), of.get("number", 1)
    cursor.execute(
        "INSERT INTO outcomes VALUES (?, ?, ?, NULL, ?, ?, true, ?, ?)",
        [event, signal, outcome, at, source, number, row],
    )


def _found(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    return [problem.words for problem in wrong_in_force(cursor)]


def test_the_outcome_of_a_claims_own_row_is_in_force(cursor):
    _claim(cursor, "e", "s", 1, (1, None, _AT, None, False))
    _outcome(cursor, "e", "s", 1, 1)
    assert _found(cursor) == []


def test_a_claim_that_has_its_outcome_itself_needs_no_other_row_and_may_have_none(cursor):
    for row, event in enumerate(("e", "f"), start=1):
        _claim(cursor, event, "s", row, (1, None, _AT, None, False))
    cursor.execute("UPDATE claims SET outcome_own = true")
    assert _found(cursor) == []
    _outcome(cursor, "f", None, 9, 1)
    (words,) = _found(cursor)
    assert "row 2 of import 1" in words
    # A judge's label is no truth, whatever row it came in.
    cursor.execute("UPDATE claims SET outcome_source = 'LLM'")
    (words,) = _found(cursor)
    assert words.startswith("2 claims have outcomes")


def test_a_judges_label_of_a_claims_own_row_is_not_in_force(cursor):
    _claim(cursor, "e", "s", 1, _NOTHING)
    _outcome(cursor, "e", "s", 1, 1, source="LLM")
    assert _found(cursor) == []


def test_a_claim_that_stands_there_twice_is_held_to_the_outcome_of_either(cursor):
    _claim(cursor, "e", "s", 1, (1, None, _AT, None, False))
    _claim(cursor, "e", "s", 2, _NOTHING)
    _outcome(cursor, "e", "s", 1, 1)
    (words,) = _found(cursor)
    assert words.startswith("1 claim has an outcome")
    assert "row 2 of import 1" in words


def test_an_outcome_that_stands_there_twice_makes_a_correction(cursor):
    _claim(cursor, "e", "s", 1, (1, None, _AT, None, False))
    _outcome(cursor, "e", "s", 1, 1)
    _outcome(cursor, "e", "s", 1, 1)
    assert len(_found(cursor)) == 1


def test_nothing_is_left_behind_in_the_session(cursor):
    assert _found(cursor) == []
    assert cursor.execute("SELECT count(*) FROM duckdb_tables() WHERE temporary").fetchall() == [
        (0,)
    ]


@pytest.mark.parametrize(
    "seed", [*range(8), *(pytest.param(one, marks=pytest.mark.slow) for one in range(8, 60))]
)
@pytest.mark.parametrize("few", [0, 1])
def test_found_are_exactly_the_claims_that_the_log_denies(cursor, monkeypatch, seed, few):
    """Any heap of rows, against the rule worked out claim by claim."""
    monkeypatch.setattr(outcomes_in_force, "_AT_ONCE", 2)
    monkeypatch.setattr(outcomes_in_force, "_FEW", few)
    rng = random.Random(seed)
    claims: list[tuple[str, str, int, tuple[Any, ...]]] = []
    log: list[tuple[str, str | None, int, int, datetime, str | None, int]] = []
    for row in range(1, rng.randint(2, 14)):
        event, signal = f"e{rng.randint(1, 5)}", rng.choice("st")
        stated = (rng.randint(0, 1), _AT + timedelta(days=rng.randint(0, 2)))
        source = rng.choice((None, None, "LLM"))
        if rng.random() < 0.7:
            in_force = (stated[0], None, stated[1], source, rng.random() < 0.1)
            claims.append((event, signal, row, in_force if rng.random() < 0.7 else _NOTHING))
        if rng.random() < 0.7:
            of = signal if rng.random() < 0.8 else None
            log.append((event, of, row, *stated, source, rng.choice((1, 1, 1, 2))))
    for event, signal, row, in_force in claims:
        _claim(cursor, event, signal, row, in_force)
    for event, of, row, outcome, at, source, number in log:
        _outcome(cursor, event, of, row, outcome, source=source, at=at, number=number)
    denied = []
    for event, signal, row, in_force in claims:
        meant = [
            (at, number, own, outcome, source)
            for event_, of, own, outcome, at, source, number in log
            if event_ == event and of in (None, signal) and source != "LLM"
        ]
        due: tuple[Any, ...] = _NOTHING
        if meant:
            at, _, _, outcome, source = max(meant, key=lambda one: one[:3])
            due = (outcome, None, at, source, len(meant) > 1)
            if {one[3] for one in meant if one[0] == at} == {0, 1}:
                # What contradicts itself at one instant is in force for nobody.
                due = (None, None, None, None, True)
        if due != in_force:
            denied.append(row)
    found = _found(cursor)
    if not denied:
        assert found == []
    else:
        (words,) = found
        subject = "1 claim has" if len(denied) == 1 else f"{len(denied)} claims have"
        assert words.startswith(subject)
        assert f"row {min(denied)} of import 1." in words
