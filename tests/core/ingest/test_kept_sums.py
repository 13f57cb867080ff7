"""Kept sums after any imports, corrections and changed rules are those of a recount."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.kept_check import check_kept
from core.ingest.import_file import import_file
from core.ingest.kept_sums import keep_declared, keep_up
from core.ingest.outcome_attachment import put_in_force
from core.ledger.connection import Ledger
from core.queries.base.kept import limits
from tests.worlds.claims.kept import kept_in, kept_of
from tests.worlds.governed.rounds import examples

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

START = datetime(2026, 11, 1)
Row = dict[str, Any]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that small imports reach."""
    monkeypatch.setattr(limits, "MOST_KEPT_VALUES", 3)
    monkeypatch.setattr(limits, "MOST_LINES", 4)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.in_memory() as opened:
        yield opened


def take(ledger: Ledger, rows: list[Row], number: int = 0) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{number}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        import_file(ledger, path, now=START + timedelta(days=40 + number))


def declare(ledger: Ledger, signal: str, sources: list[str], high_ppm: int) -> None:
    """An entry as the trail holds it, and what follows from it."""
    entry = {
        "kind": "registry.set",
        "signal": signal,
        "body": {"spec": {"truth": {"sources": sources}, "high_from_ppm": high_ppm}},
    }
    with ledger.transaction() as cursor:
        cursor.execute(
            "INSERT INTO acts SELECT count(*), $entry, '' FROM acts",
            {"entry": json.dumps(entry, separators=(",", ":"))},
        )
        put_in_force(cursor, signal)
        keep_declared(cursor)


def claim(event: int, **fields: Any) -> Row:
    made = {"event_id": f"e{event}", "ts": START.isoformat(), "signal": "a", "confidence": 0.5}
    return {**made, **fields}


CLAIMS = st.fixed_dictionaries(
    {
        "event_id": st.integers(0, 30).map("e{}".format),
        "signal": st.sampled_from(["a", "b"]),
        "ts": st.integers(0, 60 * 24).map(lambda h: (START + timedelta(hours=h)).isoformat()),
        "confidence": st.none() | st.integers(0, 40).map(lambda v: v / 40),
    },
    optional={
        "outcome": st.sampled_from([0, 1]),
        "outcome_source": st.sampled_from(["HUMAN", "CODE", "LLM"]),
        "model_version": st.sampled_from(["m1", "m2"]),
        "split": st.sampled_from(["tuning", "production", "heldout"]),
        "action": st.sampled_from(["automate", "review"]),
        "label_propensity": st.sampled_from([0.25, 0.5, 1.0]),
        "input_id": st.sampled_from(["i1", "i2"]),
        "seg_language": st.sampled_from(["de", "en", "hi", "fr", "it"]),
        "seg_team": st.sampled_from(["x", "y"]),
    },
)
LATE = st.fixed_dictionaries(
    {"event_id": st.integers(0, 30).map("e{}".format), "outcome": st.sampled_from([0, 1])},
    optional={
        "signal": st.sampled_from(["a", "b"]),
        "outcome_source": st.sampled_from(["HUMAN", "LLM"]),
        "outcome_ts": st.integers(0, 100).map(lambda d: (START + timedelta(days=d)).isoformat()),
    },
)
RULES = st.tuples(
    st.sampled_from(["a", "b"]),
    st.lists(st.sampled_from(["HUMAN", "CODE"]), max_size=2, unique=True),
    st.sampled_from([800_000, 900_000]),
)
STEPS = st.lists(st.lists(CLAIMS | LATE, min_size=1, max_size=25) | RULES, min_size=1, max_size=6)


@pytest.mark.usefixtures("few")
@settings(
    max_examples=examples(12, 600),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(STEPS)
def test_they_equal_a_recount_after_any_imports_and_changes_of_the_rules(
    steps: list[list[Row] | tuple[str, list[str], int]],
) -> None:
    highs: dict[str, int] = {}
    with Ledger.in_memory() as ledger:
        for number, step in enumerate(steps):
            if isinstance(step, tuple):
                declare(ledger, *step)
                highs[step[0]] = step[2]
            else:
                take(ledger, step, number)
            assert kept_in(ledger.cursor()) == kept_of(ledger.cursor(), highs)
        assert list(check_kept(ledger.cursor())) == []


def test_more_than_ten_labelled_hundredths_of_a_week_are_kept_by_bins(ledger: Ledger) -> None:
    rows = [claim(i, confidence=0.31 + i / 100, outcome=i % 2) for i in range(11)]
    take(ledger, rows[:10], 1)
    cells = "SELECT DISTINCT width FROM kept_cells"
    assert ledger.cursor().execute(cells).fetchall() == [(1,)]
    take(ledger, rows, 2)
    assert ledger.cursor().execute(cells).fetchall() == [(10,)]
    assert kept_in(ledger.cursor()) == kept_of(ledger.cursor())


@pytest.mark.usefixtures("few")
def test_a_dimension_with_too_many_values_is_kept_no_more(ledger: Ledger) -> None:
    take(ledger, [claim(i, seg_user=f"u{i}") for i in range(3)], 1)
    take(ledger, [claim(9, seg_user="u9", ts="2026-12-09T00:00:00")], 2)
    cursor = ledger.cursor()
    assert cursor.execute("FROM kept_dimensions").fetchall() == [("a", "user", False)]
    assert cursor.execute("SELECT DISTINCT dimension FROM kept_cells").fetchall() == [("",)]


@pytest.mark.usefixtures("few")
def test_nothing_is_kept_of_a_signal_with_too_many_versions(ledger: Ledger) -> None:
    take(ledger, [claim(i, params_version=f"p{i}") for i in range(4)], 1)
    take(ledger, [claim(9, params_version="p9"), claim(9, signal="b")], 2)
    take(ledger, [claim(10, params_version="p10")], 3)
    assert kept_in(ledger.cursor()) == kept_of(ledger.cursor())
    assert ledger.cursor().execute(
        "SELECT signal, kept FROM kept_signals ORDER BY ALL"
    ).fetchall() == [
        ("a", False),
        ("b", True),
    ]


def test_a_ledger_that_kept_nothing_is_counted_whole_by_its_next_import(ledger: Ledger) -> None:
    take(ledger, [claim(1), claim(1, signal="b")], 1)
    with ledger.transaction() as cursor:
        for table in kept_in(cursor):
            cursor.execute(f"DELETE FROM {table}")
    assert list(check_kept(ledger.cursor())) == []
    take(ledger, [claim(2)], 2)
    assert kept_in(ledger.cursor()) == kept_of(ledger.cursor())


def test_a_ledger_that_kept_nothing_is_counted_on_demand(ledger: Ledger) -> None:
    take(ledger, [claim(1), claim(1, signal="b")], 1)
    with ledger.transaction() as cursor:
        for table in kept_in(cursor):
            cursor.execute(f"DELETE FROM {table}")
    keep_up(ledger)
    assert kept_in(ledger.cursor()) == kept_of(ledger.cursor())


def test_weeks_far_apart_are_counted_each_by_itself(ledger: Ledger) -> None:
    times = [f"20{year}-0{month}-15T00:00:00" for year in range(10, 26) for month in (1, 8)]
    take(ledger, [claim(i, ts=time) for i, time in enumerate(times)], 1)
    late = [{"event_id": f"e{i}", "outcome": 1} for i in range(0, len(times), 3)]
    take(ledger, late, 2)
    assert kept_in(ledger.cursor()) == kept_of(ledger.cursor())
