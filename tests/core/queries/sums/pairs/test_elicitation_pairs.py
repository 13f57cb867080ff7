"""Ways of asking over shared inputs, against counting in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple
from itertools import combinations
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.measure.failures.elicitation import Moments
from core.queries.base.selection import Selection
from core.queries.sums.pairs.elicitation_pairs import (
    Way,
    shared_across,
    shared_within,
    ways,
    ways_asked,
)
from tests.worlds.governed.rounds import examples

Import = Callable[[list[dict[str, object]]], duckdb.DuckDBPyConnection]
NAMES = ("confidence", "accuracy", "brier", "gap")
RANKS = {None: 0, "before": 1, "independent": 2, "behavioural": 3, "after": 4}

rows = st.lists(
    st.fixed_dictionaries(
        {
            "confidence": st.sampled_from([None, 0.2, 0.5, 0.5, 0.9, 1.0]),
            "outcome": st.sampled_from([None, 0, 1]),
            "elicitation": st.sampled_from(["verbal", "logprob"]),
            "elicitation_order": st.sampled_from([None, "before", "after"]),
            "prompt_version": st.sampled_from(["p1", "p2"]),
            "model_version": st.sampled_from(["m1", "m2"]),
            "input_id": st.sampled_from([None, "i", "j", "k", "l"]),
            "split": st.sampled_from(["production", "heldout", "tuning"]),
        }
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture
def imported(tmp_path: Path) -> Iterator[Import]:
    opened: list[Ledger] = []

    def make(claims: list[dict[str, object]]) -> duckdb.DuckDBPyConnection:
        ledger = Ledger.in_memory()
        opened.append(ledger)
        numbered = [
            {"event_id": f"e{i}", "ts": "2026-11-02T12:00:00Z", "signal": "s"} | one
            for i, one in enumerate(claims)
        ]
        file = tmp_path / f"claims-{len(opened)}.csv"
        pd.DataFrame(numbered).astype({"outcome": "Int8"}).to_csv(file, index=False)
        assert import_file(ledger, file).n_quarantined == 0
        return ledger.cursor()

    yield make
    for ledger in opened:
        ledger.close()


def by_hand(claims: list[dict[str, object]]) -> dict[tuple[object, ...], dict[str, list[float]]]:
    """Per pair of ways the differences of each input, the higher rank minus the lower."""
    sides: dict[tuple[object, ...], dict[tuple[object, object], list[dict[str, float]]]] = {}
    for one in claims:
        if None in (one["confidence"], one["input_id"]) or one["split"] == "tuning":
            continue
        way = (one["elicitation"], one["elicitation_order"], one["prompt_version"])
        v, y = one["confidence"], one["outcome"]
        numbers = {"confidence": v}
        if y is not None:
            numbers |= {"accuracy": y, "brier": (y - v) ** 2, "gap": v - y}
        key = (one["model_version"], one["input_id"])
        sides.setdefault(way, {}).setdefault(key, []).append(numbers)
    ways = sorted(sides, key=lambda way: (RANKS[way[1]], way[0], way[2]))
    found = {}
    for one, other in combinations(ways, 2):
        by_input: dict[tuple[str, object], list[float]] = {}
        for key in sides[one].keys() & sides[other].keys():
            for name in NAMES:
                first, second = (
                    [each[name] for each in sides[way][key] if name in each] for way in (one, other)
                )
                if first and second:
                    difference = np.mean(second) - np.mean(first)
                    by_input.setdefault((name, key[1]), []).append(difference)
        pair: dict[str, list[float]] = {}
        for (name, _), several in by_input.items():
            pair.setdefault(name, []).append(float(np.mean(several)))
        if pair:
            found[one, other] = pair
    return found


@settings(max_examples=examples(8, 300),
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(rows)
def test_paired_differences_are_those_counted_by_hand(
    imported: Import, claims: list[dict[str, object]]
) -> None:
    found = shared_within(imported(claims), Selection("s"))
    expected = by_hand(claims)
    ways = {
        ((a.method, a.order, a.prompt), (b.method, b.order, b.prompt)): one.differences
        for one in found
        for a, b in [(one.reference, one.other)]
    }
    assert set(ways) == set(expected)
    for pair, numbers in expected.items():
        for name in NAMES:
            moments, by_numpy = (
                getattr(ways[pair], name),
                Moments.of(np.array(numbers.get(name, []))),
            )
            assert moments.n == by_numpy.n
            if moments.n:
                known = (moments.mean, moments.deviation, moments.least, moments.most)
                wanted = (by_numpy.mean, by_numpy.deviation, by_numpy.least, by_numpy.most)
                assert known == pytest.approx(wanted, abs=1e-9)


def test_the_order_of_rows_changes_nothing(imported: Import) -> None:
    claims: list[dict[str, object]] = [
        {"confidence": c, "outcome": y, "elicitation": "verbal", "elicitation_order": order,
         "input_id": f"i{i}"}
        for i, (c, y) in enumerate([(0.5, 1), (0.6, 0), (0.9, 1)])
        for order, c in (("before", c), ("after", c + 0.1))
    ]  # fmt: skip
    forth, back = (shared_within(imported(rows), Selection("s")) for rows in (claims, claims[::-1]))
    (one,), (other,) = forth, back
    assert (one.reference, one.other, one.by) == (other.reference, other.other, other.by)
    for name in NAMES:
        moments = (getattr(each.differences, name) for each in (one, other))
        first, second = (astuple(each) for each in moments)
        assert first == pytest.approx(second, abs=1e-12)
    assert (one.reference.order, one.other.order) == ("before", "after")
    assert one.differences.confidence.mean == pytest.approx(0.1)
    assert one.differences.accuracy.mean == 0


def test_another_signal_is_found_by_its_event_and_else_by_its_input(imported: Import) -> None:
    base: dict[str, object] = {"elicitation": "verbal", "elicitation_order": "after", "outcome": 1}
    cursor = imported(
        [
            {**base, "event_id": "a", "confidence": 0.9, "input_id": "x"},
            {**base, "event_id": "b", "confidence": 0.8, "input_id": "y"},
            {**base, "event_id": "a", "signal": "t", "confidence": 0.5},
            {**base, "event_id": "c", "signal": "u", "confidence": 0.6, "input_id": "y"},
            {**base, "event_id": "d", "signal": "v", "confidence": 0.6, "input_id": "z"},
        ]
    )
    found = shared_across(cursor, Selection("s"))
    assert [(one.reference.signal, one.by) for one in found] == [("t", "event_id"), ("u",
            "input_id")]  # fmt: skip
    assert [one.differences.confidence.mean for one in found] == pytest.approx([0.4, 0.2])
    assert {one.other for one in found} == {Way("s", "verbal", "after")}


def test_both_signals_agree_on_their_difference(imported: Import) -> None:
    claims: list[dict[str, object]] = [
        {"event_id": f"a{i}", "signal": name, "confidence": c, "outcome": i % 2}
        for i in range(5)
        for name, c in (("s", 0.5 + i / 10), ("t", 0.9 - i / 20))
    ]
    cursor = imported(claims)
    (one,), (other,) = (shared_across(cursor, Selection(name)) for name in ("s", "t"))
    assert one.differences.confidence.mean == pytest.approx(-other.differences.confidence.mean)
    assert one.differences.brier.mean == pytest.approx(-other.differences.brier.mean)


def test_ways_are_counted_over_inputs(imported: Import) -> None:
    cursor = imported(
        [
            {"confidence": 0.4, "outcome": 1, "input_id": "i", "elicitation_order": "after"},
            {"confidence": 0.6, "outcome": None, "input_id": "i", "elicitation_order": "after"},
            {"confidence": 0.9, "outcome": None, "input_id": None, "elicitation_order": "before"},
        ]
    )
    before, after = ways_asked(cursor, Selection("s"))
    assert (before.way.order, before.confidence.n, before.accuracy.n) == ("before", 1, 0)
    assert (after.n_claims, after.confidence.n) == (2, 1)
    assert after.confidence.mean == pytest.approx(0.5)
    assert after.gap.mean == pytest.approx(0.4 - 1)


def test_of_very_many_inputs_some_stand_for_all_in_every_way_of_asking(
    imported: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims: list[dict[str, object]] = [
        {"event_id": f"{signal}{order}{i}", "signal": signal, "confidence": 0.5 + shift,
         "outcome": 1, "elicitation_order": order, "input_id": f"i{i}"}
        for i in range(200)
        for signal, order, shift in (("s", "before", 0.0), ("s", "after", 0.1), ("t", None, 0.3))
    ]  # fmt: skip
    cursor = imported(claims)
    monkeypatch.setattr("core.queries.sums.pairs.elicitation_pairs.WHOLE_UP_TO", 100)
    (within,) = shared_within(cursor, Selection("s"))
    assert within.one_in == 4
    # A quarter of 200, give or take four standard deviations.
    assert 25 <= within.differences.confidence.n <= 75
    assert within.differences.confidence.mean == pytest.approx(0.1)
    across = shared_across(cursor, Selection("s"))
    assert {one.differences.confidence.n for one in across} == {within.differences.confidence.n}
    assert ways(cursor, Selection("s")) == (Way("s", None, "before"), Way("s", None, "after"))
