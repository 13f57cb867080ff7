"""Audit samples in the ledger, against drawing claim by claim in plain Python."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.ledger.errors import BadValue, UnknownDimension
from core.measure.labelling.poisson_sampling import drawing_chance
from core.measure.metrics.label_bias import inverse_propensity
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_answers import propensity_sql
from core.queries.sums.labelling.audit_differences import weekly_differences
from core.queries.sums.labelling.audit_frame import Design, drawn_claims, frame, own_design
from core.queries.sums.labelling.audit_samples import (
    drawn_counts,
    keep_sample,
    kept_sample,
    known_of,
    newly_to_label,
    sample_counts,
    to_label,
)
from core.queries.sums.labelling.label_coverage import propensity_sums
from tests.worlds.governed.rounds import examples

Fill = Callable[..., None]
TRIAGE = Selection("triage")
SEED = "5eed"


def number(unit: str, seed: str = SEED) -> float:
    """A unit's permanent random number, by an implementation of its own."""
    return int(hashlib.sha256(f"{seed}{unit}".encode()).hexdigest()[:13], 16) / 2**52


def design(ppm: int, *, selection: Selection = TRIAGE, imports: int = 9, **more: Any) -> Design:
    chances = more.pop("chances", ((None, ppm),))
    return Design(selection, more.pop("by", None), chances, more.pop("seed", SEED), imports)


def draw(ledger: Ledger, drawn: Design, audit: str = "a-1") -> list[str]:
    claims = within(ledger, drawn_claims, drawn)
    with ledger.transaction() as cursor:
        keep_sample(cursor, audit, drawn.selection.signal, claims)
    return [event for event, _ in claims]


def within(ledger: Ledger, ask: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    with ledger.cursor() as cursor:
        return ask(cursor, *arguments, **options)


def rows(n: int, **more: object) -> list[dict[str, Any]]:
    return [{"event_id": f"e{i}", "confidence": 0.8, **more} for i in range(n)]


# The draw.


def test_claims_whose_number_is_under_the_chance_are_drawn_labelled_or_not(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [row | {"outcome": i % 2} for i, row in enumerate(rows(40))] + [
        {"event_id": f"u{i}", "confidence": 0.6} for i in range(40)
    ])  # fmt: skip
    events = [f"e{i}" for i in range(40)] + [f"u{i}" for i in range(40)]
    expected = sorted(event for event in events if number(f"/event/{event}") < 0.3)
    found = within(ledger, drawn_claims, design(300_000))
    assert found == tuple((event, 300_000) for event in expected)
    assert 10 < len(found) < 40


def test_an_inputs_claims_are_drawn_together(ledger: Ledger, fill: Fill) -> None:
    claims = [
        {"event_id": f"e{i}", "input_id": f"in{i // 3}", "confidence": 0.7} for i in range(60)
    ]
    fill(ledger, claims, repeats=["triage"])
    drawn = {event for event, _ in within(ledger, drawn_claims, design(400_000))}
    for one in range(20):
        three = {f"e{3 * one + k}" for k in range(3)}
        assert three <= drawn if number(f"/input/in{one}") < 0.4 else not three & drawn


def test_another_sampling_another_split_and_the_unstated_are_not_drawn(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        [
            {"event_id": "plain", "confidence": 0.8},
            {"event_id": "tuned", "confidence": 0.8, "split": "tuning"},
            {"event_id": "held", "confidence": 0.8, "split": "heldout"},
            {"event_id": "unstated", "confidence": None},
            {"event_id": "own", "confidence": 0.8},
        ],
    )
    with ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET label_propensity = 0.5 WHERE event_id = 'own'")
    assert within(ledger, drawn_claims, design(1_000_000)) == (("plain", 1_000_000),)
    assert within(ledger, frame, TRIAGE).n_claims.tolist() == [1]


def test_claims_that_came_later_cannot_have_been_drawn(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, rows(30))
    fill(ledger, [{"event_id": f"late{i}", "confidence": 0.8, "import_id": 2} for i in range(30)])
    early = within(ledger, drawn_claims, design(1_000_000, imports=1))
    assert {event for event, _ in early} == {f"e{i}" for i in range(30)}
    assert len(within(ledger, drawn_claims, design(1_000_000, imports=2))) == 60


def test_each_value_has_a_chance_of_its_own_and_the_period_holds(
    ledger: Ledger, fill: Fill, monday_noon: datetime
) -> None:
    languages = ["de", "hi", None]
    fill(
        ledger,
        [row | {"seg_language": languages[i % 3]} for i, row in enumerate(rows(150))],
    )
    until = monday_noon + timedelta(minutes=91)
    drawn = design(
        0,
        selection=Selection("triage", until=until),
        by="language",
        chances=(("de", 500_000), (None, 1_000_000)),
    )
    found = dict(within(ledger, drawn_claims, drawn))
    expected = {
        f"e{i}": 500_000 if i % 3 == 0 else 1_000_000
        for i in range(90)
        if (i % 3 == 0 and number(f"/event/e{i}") < 0.5) or i % 3 == 2
    }
    assert found == expected


@settings(
    max_examples=examples(12, 300),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(1, 1_000_000), st.integers(1, 1_000_000))
def test_a_further_sample_only_adds_and_its_chance_is_the_larger(first: int, second: int) -> None:
    with Ledger.in_memory() as ledger:
        with ledger.transaction() as cursor:
            cursor.execute(
                "INSERT INTO claims (event_id, signal, ts, confidence_ppm, split, import_id, "
                "import_row) SELECT 'e' || i, 'triage', TIMESTAMP '2026-11-02', 800000, "
                "'production', 1, i FROM range(60) t(i)"
            )
            cursor.execute("INSERT INTO signals VALUES ('triage', false, 1)")
        one, two = (
            set(draw(ledger, design(p), f"a-{p}-{k}")) for k, p in enumerate((first, second))
        )
        assert one <= two if first <= second else two <= one
        with ledger.cursor() as cursor:
            found = dict(
                cursor.execute(
                    f"SELECT event_id, {propensity_sql(cursor, 'triage')} FROM claims "
                    "WHERE signal = $signal",
                    {"signal": "triage"},
                ).fetchall()
            )
        larger = max(first, second) / 1e6
        for event, chance in found.items():
            if event in one | two:
                assert chance == pytest.approx(larger)
            else:
                assert chance is None


# The frame.


def test_a_hand_counted_frame(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"confidence": 0.95, "seg_language": "de", "input_id": "a"},
            {"confidence": 0.75, "seg_language": "de", "input_id": "a", "outcome": 1},
            {"confidence": 0.9, "seg_language": "de", "input_id": "b"},
            {"confidence": 0.65, "seg_language": "de", "input_id": "b"},
            {"confidence": 0.55, "outcome": 0},
        ],
        repeats=["triage"],
    )
    found = within(ledger, frame, TRIAGE, "language")
    assert found.values == ("de", None)
    assert found.n_claims.tolist() == [4, 1]
    assert found.unlabelled.n.sum(axis=1).tolist() == [3, 0]
    assert found.unlabelled.inputs.tolist() == [2, 0]
    assert found.unlabelled.high_n.tolist() == [2, 0]
    np.testing.assert_allclose(found.unlabelled.high_sv, [1.85, 0])
    assert np.flatnonzero(found.unlabelled.n[0]).tolist() == [65, 90, 95]
    np.testing.assert_allclose(found.unlabelled.sv.sum(axis=1), [2.5, 0])
    assert found.waiting.tolist() == found.covered.tolist() == [0, 0]
    assert found.undrawn == (((0, 2),), ((0, 0),))


def test_what_waits_and_what_earlier_draws_left_is_told_apart(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, rows(200))
    first = design(300_000)
    taken = draw(ledger, first)
    with ledger.transaction() as cursor:
        cursor.execute(
            "UPDATE claims SET outcome = 1 WHERE event_id IN "
            "(SELECT event_id FROM audit_claims ORDER BY event_id LIMIT 20)"
        )
    found = within(ledger, frame, TRIAGE, drawn=[first])
    assert found.waiting.tolist() == [len(taken) - 20]
    assert found.undrawn == (((300_000, 200 - len(taken)),),)
    assert found.covered.tolist() == [200]
    # A further draw for 50 more: about so many of those left.
    chance = drawing_chance(50, found.undrawn[0])
    more = set(draw(ledger, design(chance), "a-2")) - set(taken)
    assert 35 <= len(more) <= 65


def test_an_empty_frame_has_one_group_of_nothing(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, rows(3, split="heldout"))
    found = within(ledger, frame, TRIAGE)
    assert found.n_claims.tolist() == [0]
    assert len(within(ledger, frame, TRIAGE, "split")) == 0


@pytest.mark.parametrize("by", ["week", "confidence_band"])
def test_times_and_bands_are_no_groups_to_draw(ledger: Ledger, fill: Fill, by: str) -> None:
    fill(ledger, rows(3))
    with pytest.raises(BadValue, match=f"not by {by}"):
        within(ledger, frame, TRIAGE, by)
    with pytest.raises(UnknownDimension):
        within(ledger, frame, TRIAGE, "mood")


# What is written down, handed out and known.


def test_a_sample_is_kept_counted_and_handed_out_without_the_confidence(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        [
            row | {"seg_language": "de", "seg_mood": None, "outcome": 1 if i < 10 else None}
            for i, row in enumerate(rows(60))
        ],
    )
    drawn = design(500_000)
    events = draw(ledger, drawn)
    assert within(ledger, kept_sample, "a-1") == within(ledger, drawn_claims, drawn)
    counts = within(ledger, sample_counts, "triage")["a-1"]
    labelled = sum(event in {f"e{i}" for i in range(10)} for event in events)
    assert (counts.n, counts.n_labelled) == (len(events), labelled)
    assert within(ledger, drawn_counts, "triage") == (len(events), labelled)
    out = within(ledger, to_label, "triage", SEED)
    assert list(out.columns) == [
        *("signal", "event_id", "ts", "input_id", "trace_id", "span_id", "seg_language"),
        *("outcome", "outcome_ts", "outcome_source"),
    ]
    assert len(out) == len(events) - labelled
    numbers = [number(f"/event/{event}") for event in out["event_id"]]
    assert numbers == sorted(numbers)
    assert out[["outcome", "outcome_ts", "outcome_source"]].isna().all().all()


def test_what_is_known_of_events(ledger: Ledger, fill: Fill, monday_noon: datetime) -> None:
    said = {"outcome": 1, "known_at": monday_noon, "with_claim": True, "import_id": 1}
    fill(
        ledger,
        rows(40),
        [{"event_id": "e0", "signal": "triage", "import_row": 1, **said}],
    )
    events = draw(ledger, design(500_000))
    found = within(ledger, known_of, "triage", ["e0", "e1", "e2", "e3", "nobody"])
    assert "nobody" not in found
    assert {event for event, one in found.items() if one.sampled} == set(events) & set(found)
    assert found["e0"].said == {(1, None)}
    assert found["e1"].said == frozenset()


# Propensities.


def test_without_a_sample_the_bare_column_is_read(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, rows(5))
    assert within(ledger, propensity_sql, "triage") == "label_propensity"
    draw(ledger, design(1_000_000))
    assert within(ledger, propensity_sql, "other") == "label_propensity"
    assert "audit_claims" in within(ledger, propensity_sql, "triage")


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("as_known", [None, datetime(2026, 12, 1)])
def test_propensity_sums_take_the_samples_in(
    ledger: Ledger, fill: Fill, repeats: bool, as_known: datetime | None
) -> None:
    fill(
        ledger,
        [row | {"outcome": i % 2} for i, row in enumerate(rows(80))],
        repeats=["triage"] if repeats else [],
    )
    with ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET label_propensity = 0.25 WHERE event_id = 'e0'")
        cursor.execute("UPDATE claims SET outcome_corrected = true WHERE event_id = 'e1'")
        cursor.execute(
            "INSERT INTO outcomes SELECT event_id, signal, outcome, NULL, ts, NULL, true, 1, 1 "
            "FROM claims WHERE event_id = 'e1'"
        )
    events = draw(ledger, design(500_000))
    sums = within(ledger, propensity_sums, Selection("triage", as_known=as_known)).sums
    assert "e0" not in events
    assert sums.n.tolist() == [len(events) + 1]
    assert sums.w[0] == pytest.approx(2 * len(events) + 4)
    right = sum(int(event[1:]) % 2 for event in events)
    assert sums.wy[0] == pytest.approx(2 * right)


def test_the_weighted_estimate_of_repeated_draws_is_unbiased_for_the_whole_frame(
    ledger: Ledger, fill: Fill
) -> None:
    rng = np.random.default_rng(11)
    n = 400
    outcome = rng.random(n) < np.where(np.arange(n) % 2, 0.9, 0.5)
    truth = 0.8 - outcome.mean()
    fill(
        ledger,
        [
            row | {"seg_kind": str(i % 2), "outcome": int(outcome[i])}
            for i, row in enumerate(rows(n))
        ],
    )
    gaps, covered = [], 0
    for k in range(60):
        with ledger.transaction() as cursor:
            cursor.execute("DELETE FROM audit_claims")
        # One value is drawn four times as often, and all of it a little once more.
        chances = (("0", 600_000), ("1", 150_000))
        draw(ledger, design(0, by="kind", chances=chances, seed=f"seed-{k}"))
        draw(ledger, design(250_000, seed=f"seed-{k}"), "a-2")
        found = inverse_propensity(within(ledger, propensity_sums, TRIAGE).sums)
        gaps.append(found.gap[0])
        covered += found.gap_low[0] <= truth <= found.gap_high[0]
    error = np.std(gaps) / np.sqrt(len(gaps))
    assert abs(np.mean(gaps) - truth) < 3 * error
    assert covered >= 54


def test_how_far_all_labels_are_from_the_drawn_ones_is_counted_by_week_over_inputs(
    ledger: Ledger, fill: Fill, monday_noon: datetime
) -> None:
    rng = np.random.default_rng(3)
    claims = [
        {
            "event_id": f"e{i}",
            "ts": monday_noon + timedelta(weeks=i % 2),
            "confidence": float(rng.choice([0.6, 0.9])),
            "outcome": [0, 1, None][int(rng.integers(3))],
            "input_id": f"in{i // 4}" if i < 40 else None,
            "seg_kind": str(i % 3 > 0),
        }
        for i in range(120)
    ]
    fill(ledger, claims, repeats=["triage"])
    # The last week was not drawn from, and of the others each value with a chance of its own.
    until = monday_noon + timedelta(weeks=1)
    chances = (("False", 800_000), ("True", 400_000))
    drawn = design(0, by="kind", chances=chances, selection=Selection("triage", until=until))
    events = set(draw(ledger, drawn))
    with ledger.transaction() as cursor:
        # All of the sample is answered.
        names = ", ".join(f"'{one}'" for one in sorted(events))
        cursor.execute(
            f"UPDATE claims SET outcome = coalesce(outcome, 1) WHERE event_id IN ({names})"
        )
    found = within(ledger, weekly_differences, TRIAGE, [drawn])

    units: dict[str, list[float]] = {}
    for claim in (one for one in claims if one["ts"] == monday_noon):
        one = claim["event_id"] in events
        outcome = 1 if one and claim["outcome"] is None else claim["outcome"]
        if outcome is not None:
            r = claim["confidence"] - outcome
            w = one / (0.4 if claim["seg_kind"] == "True" else 0.8)
            of = units.setdefault(claim["input_id"] or claim["event_id"], [0.0] * 4)
            for k, more in enumerate((1, r, w, w * r)):
                of[k] += more
    m, r, w, wr = np.array(list(units.values())).T
    gap = r.sum() / m.sum()
    share = m / m.sum() - w / w.sum()
    variance = (((r - m * gap) ** 2).sum() + 0.25) / (m**2).sum() * (share**2).sum()
    assert found.difference == pytest.approx([gap - wr.sum() / w.sum()])
    assert found.variance == pytest.approx([variance])
    assert found.most == pytest.approx([abs(share).max()])


def test_a_sample_speaks_for_the_others_once_most_of_it_is_labelled(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [row | {"outcome": int(i < 3) or None} for i, row in enumerate(rows(10))])
    events = draw(ledger, design(1_000_000))
    assert len(events) == 10

    def used(labelled: int) -> int:
        with ledger.transaction() as cursor:
            cursor.execute(
                "UPDATE claims SET outcome = 1 WHERE event_id IN "
                "(SELECT event_id FROM claims ORDER BY event_id LIMIT $n)",
                {"n": labelled},
            )
        return int(within(ledger, propensity_sums, TRIAGE).sums.n[0])

    # Those that had their label before they were drawn would be all of it.
    assert used(3) == 0
    assert used(7) == 0
    assert used(8) == 8


def test_claims_under_a_sampling_of_their_own_are_counted_by_group(
    ledger: Ledger, fill: Fill
) -> None:
    claims = [row | {"outcome": int(i < 2) or None} for i, row in enumerate(rows(6))]
    fill(ledger, claims)
    assert within(ledger, own_design, TRIAGE) == {}
    with ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET label_propensity = 0.5 WHERE event_id <> 'e5'")
        cursor.execute("UPDATE claims SET label_propensity = 0 WHERE event_id = 'e4'")
    n, chanced, unlabelled = within(ledger, own_design, TRIAGE)[None]
    assert (n, chanced, unlabelled) == (5, 4, 3)
    by_action = within(ledger, own_design, TRIAGE, "action")
    assert sum(one[0] for one in by_action.values()) == 5


def test_only_what_no_sample_holds_is_new_to_be_labelled(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [row | {"outcome": 1 if i < 2 else None} for i, row in enumerate(rows(6))])
    with ledger.transaction() as cursor:
        keep_sample(cursor, "a-1", "triage", [("e2", 10), ("e3", 10)])
    claims = [(f"e{i}", 20) for i in range(5)]
    assert within(ledger, newly_to_label, "triage", claims) == 1
    assert within(ledger, newly_to_label, "triage", claims[:4]) == 0
