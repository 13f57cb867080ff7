"""Which claims of a fingerprint are evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from core.comparison.sides import why_empty
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.queries.sums.validation_sample import JudgedSpan, KnownAt
from core.terms import Maturity
from core.trail.fingerprint import Fingerprint
from core.validation.evidence import freeze
from core.validation.evidence_content import NothingToJudge
from core.validation.tuning_leakage import TuningLeaked, overlap
from tests.worlds.governed.evidence_claims import (
    MONDAY,
    SPEC,
    WEEK,
    Fill,
    claims,
    frozen,
    stored,
    verified,
    weekly,
)


def test_heldout_and_production_claims_after_the_tuning_are_judged(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        claims("t", 50, MONDAY, split="tuning"),
        claims("h", 60, MONDAY - WEEK, split="heldout"),
        *weekly(100, range(-1, 4)),
    )

    bundle = frozen(ledger)

    # Production of the weeks before and at the tuning does not count.
    assert (bundle.counts["heldout"], bundle.counts["production"]) == (60, 300)
    assert (bundle.counts["tuning"], bundle.counts["n"]) == (50, 360)
    assert bundle.content["query"]["tuning_freeze"] == "2026-09-07T12:00:00.000000Z"


def test_claims_of_another_fingerprint_are_not_judged(ledger: Ledger, fill: Fill) -> None:
    fill(
        claims("a", 100, MONDAY),
        claims("b", 100, MONDAY, model_version="m-2"),
        claims("c", 100, MONDAY, params_version="t0"),
    )

    assert frozen(ledger).counts["n"] == 100


def test_weeks_whose_outcomes_still_come_in_are_left_out_and_so_is_what_follows(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        *weekly(100, range(4), labelled=0.5),  # old enough at NOW, the fourth is not
        *weekly(100, [4, 6], labelled=0.9),
        *weekly(100, [5], labelled=0.5),
    )

    # Thirty days before NOW the third week had ended and the fourth had not.
    bundle = frozen(ledger)
    assert bundle.content["query"]["settled_until"] == "2026-09-28T00:00:00.000000Z"
    assert (bundle.counts["production"], bundle.counts["unsettled"]) == (300, 400)
    assert any("Left out: 400 claims of production" in words for words in bundle.untold)

    patient = frozen(ledger, replace(SPEC, maturity=Maturity(days=10, coverage_ppm=800_000)))
    assert (patient.counts["production"], patient.counts["unsettled"]) == (700, 0)


def test_a_fingerprint_without_a_claim_is_refused(ledger: Ledger, fill: Fill) -> None:
    fill(claims("a", 10, MONDAY, model_version="m-2"))

    with pytest.raises(NothingToJudge, match="no claim of the fingerprint m-1 · p-1"):
        frozen(ledger)


def test_a_fingerprint_without_a_claim_names_those_there_are_the_closest_first(
    ledger: Ledger, fill: Fill
) -> None:
    for name, n in (("other", 30), ("m-2", 10), ("far", 25), ("m-1", 5), ("away", 20)):
        prompt = "p-1" if name == "m-2" else "q"
        fill(claims(name, n, MONDAY, model_version=name, prompt_version=prompt))

    with pytest.raises(NothingToJudge) as refused:
        frozen(ledger)
    there = str(refused.value).split(" are there of: ")[1]
    assert there.startswith("m-2 · p-1 (10 claims); m-1 · q (5 claims); ")
    assert there.endswith("; and 2 more.")


def test_an_empty_side_of_values_that_never_meet_names_the_fingerprints_there_are(
    ledger: Ledger, fill: Fill
) -> None:
    fill(claims("a", 10, MONDAY, model_version="m-1", prompt_version="p-1"))
    fill(claims("b", 10, MONDAY, model_version="m-2", prompt_version="p-2"))
    where = (("model_version", ("m-1",)), ("prompt_version", ("p-2",)))
    with ledger.cursor() as cursor:
        said = why_empty(cursor, Selection(SPEC.name, where=where), "baseline")
    assert "m-1 · p-1 (10 claims)" in said
    assert "m-2 · p-2 (10 claims)" in said


def test_claims_on_inputs_that_were_tuned_on_are_refused_by_row(ledger: Ledger, fill: Fill) -> None:
    tuning = claims("t", 40, MONDAY, split="tuning")
    heldout = claims("h", 40, MONDAY, split="heldout")
    for i in range(7):
        heldout[i]["input_id"] = tuning[i]["input_id"]
    fill(tuning, heldout)

    with pytest.raises(TuningLeaked) as caught:
        frozen(ledger)

    found = caught.value.overlap
    assert found.n == 7
    assert [row.event_id for row in found.rows] == [f"h-{i:05d}" for i in range(7)]
    assert {row.by for row in found.rows} == {"input_id"}
    assert str(caught.value).startswith("7 of the claims to judge triage on were also tuned on")
    assert "event h-00000 has input t-input-00000 of tuning event t-00000" in str(caught.value)
    assert "and 2 more" in str(caught.value)


def test_left_out_on_request_they_do_not_count_and_the_bundle_says_so(
    ledger: Ledger, fill: Fill
) -> None:
    tuning = claims("t", 40, MONDAY, split="tuning")
    heldout = claims("h", 40, MONDAY, split="heldout")
    heldout[3]["input_id"] = tuning[0]["input_id"]
    fill(tuning, heldout)

    bundle = frozen(ledger, leave_out_overlap=True)

    assert (bundle.counts["n"], bundle.counts["overlap_left_out"]) == (39, 1)
    assert "Left out: 1 claim that the signal was tuned on." in bundle.untold
    assert verified(ledger, stored(ledger, bundle)).same


def test_the_leaked_signal_of_the_sample_is_refused_with_its_300_rows(sample_path: Path) -> None:
    leaked = Fingerprint("answer-7", "answer-v9", None, "verbal", "after")
    with Ledger.open(sample_path, read_only=True) as ledger, ledger.cursor() as cursor:
        with pytest.raises(TuningLeaked) as caught:
            freeze(
                cursor,
                replace(SPEC, name="knowledge-answer.self-report"),
                leaked,
                at=datetime(2026, 11, 23, 12),
                program="x",
            )
        judged = JudgedSpan(
            "knowledge-answer.self-report",
            leaked.as_json(),
            KnownAt(datetime(2026, 11, 23, 12), 99),
        )
        counted = cursor.execute(
            """
            SELECT count(*) FROM claims AS h
            WHERE split = 'heldout' AND signal = 'knowledge-answer.self-report'
              AND input_id IN (SELECT input_id FROM claims WHERE split = 'tuning'
                               AND signal = 'knowledge-answer.self-report')
            """
        ).fetchall()[0][0]

        assert caught.value.overlap.n == len(caught.value.overlap.rows) == counted == 300
        assert len(overlap(cursor, judged, limit=2).rows) == 2
