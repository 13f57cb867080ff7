from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.comparison.sides import why_empty
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.metric_bounds import Sample
from core.measure.metrics.reliability_curve import corp, histogram
from core.measure.metrics.scores import NoValue
from core.measure.verdicts.measure_table import measure_groups
from core.measure.verdicts.verdict import judge
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.sums.validation_sample import Judged, Known
from core.registry.escalation_rules import Band, Override, Rules
from core.registry.signal_spec import Criterion, SignalSpec, ValidationPlan
from core.sentences.evidence import evidence_view
from core.terms import Maturity
from core.trail.canonical_json import canonical
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation.criteria import judge_sample, verdict_result
from core.validation.evidence import EvidenceBroken, freeze, load, store, verify
from core.validation.evidence_bundle import (
    LAYOUT,
    PLAIN_LAYOUT,
    WHOLE_LAYOUT,
    Bundle,
    Part,
    decimal,
)
from core.validation.evidence_content import NothingToJudge
from core.validation.evidence_diff import changes
from core.validation.tuning_leakage import Leaked, overlap
from tests.worlds.entries import spec_with

#: A Monday, eight weeks before `NOW`.
MONDAY = datetime(2026, 9, 7, 12)
NOW = datetime(2026, 11, 2)
WEEK = timedelta(weeks=1)
MODEL = Fingerprint(model_version="m-1", prompt_version="p-1")
GOLDEN = Path(__file__).parent / "golden"

CRITERIA = (
    Criterion("gap", maximum_ppm=50_000),
    Criterion("ece", maximum_ppm=80_000),
    Criterion("auroc", minimum_ppm=600_000),
    Criterion("automated_error", maximum_ppm=120_000),
)
SPEC = spec_with(
    stakes="medium",
    owner="p-1",
    validators=("group:risk",),
    validation=ValidationPlan(90, 400, CRITERIA),
    rules=Rules((Band(620_000, "escalate"), Band(900_000, "review"), Band(None, "automate"))),
)

Rows = list[dict[str, Any]]
Fill = Callable[..., None]


def planned(**given: Any) -> SignalSpec:
    """`SPEC` with another validation plan."""
    return replace(SPEC, validation=replace(SPEC.validation, **given))


def claims(
    prefix: str,
    n: int,
    at: datetime,
    *,
    off: float = 0.0,
    fixed: float | None = None,
    labelled: float = 1.0,
    **columns: Any,
) -> Rows:
    """``n`` claims of one noon, right as often as they state, less ``off``.

    Per confidence exactly that share is right, so that no test hangs on luck; ``fixed`` states
    one confidence only. ``columns`` overwrite.
    """
    stated = [0.55, 0.75, 0.9, 0.95] if fixed is None else [fixed]
    rows: Rows = []
    for i in range(n):
        v, turn = stated[i % len(stated)], i // len(stated)
        right = math_floor((turn + 1) * (v - off)) - math_floor(turn * (v - off))
        rows.append(
            {
                "event_id": f"{prefix}-{i:05d}",
                "ts": at,
                "signal": "triage",
                "confidence": v,
                "outcome": right if i < labelled * n else None,
                "outcome_ts": at + timedelta(hours=1) if i < labelled * n else None,
                "model_version": "m-1",
                "prompt_version": "p-1",
                "input_id": f"{prefix}-input-{i:05d}",
                "split": "production",
                **columns,
            }
        )
    return rows


def math_floor(x: float) -> int:
    return int(np.floor(x + 1e-9))


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger.in_memory() as ledger:
        yield ledger


@pytest.fixture
def fill(ledger: Ledger, tmp_path: Path) -> Fill:
    """``fill(rows, now=NOW)``: import them as one file."""
    files = iter(range(1000))

    def import_rows(*batches: Rows, now: datetime = NOW) -> None:
        rows = [row for batch in batches for row in batch]
        frame = pd.DataFrame(rows)
        if "outcome" in frame:
            frame["outcome"] = frame["outcome"].astype("Int64")
        file = tmp_path / f"{next(files)}.parquet"
        frame.to_parquet(file)
        summary = import_file(ledger, file, now=now)
        assert summary.n_quarantined == 0

    return import_rows


def weekly(n: int = 200, weeks: Sequence[int] = range(8), **given: Any) -> list[Rows]:
    return [claims(f"w{w}", n, MONDAY + w * WEEK, **given) for w in weeks]


def frozen(ledger: Ledger, spec: SignalSpec = SPEC, at: datetime = NOW, **given: Any) -> Bundle:
    with ledger.cursor() as cursor:
        return freeze(cursor, spec, MODEL, at=at, program="calledger 0.1.0", **given)


def stored(ledger: Ledger, bundle: Bundle) -> str:
    with ledger.transaction() as cursor:
        store(cursor, bundle)
    return bundle.sha256


def verified(ledger: Ledger, sha256: str) -> evidence.Comparison:
    """What both the whole comparison and the quick one say."""
    with ledger.cursor() as cursor:
        found = verify(cursor, sha256)
        assert evidence.unchanged(cursor, sha256) == found
        return found


# Which claims -----------------------------------------------------------------------------------


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


# Leakage ----------------------------------------------------------------------------------------


def test_claims_on_inputs_that_were_tuned_on_are_refused_by_row(ledger: Ledger, fill: Fill) -> None:
    tuning = claims("t", 40, MONDAY, split="tuning")
    heldout = claims("h", 40, MONDAY, split="heldout")
    for i in range(7):
        heldout[i]["input_id"] = tuning[i]["input_id"]
    fill(tuning, heldout)

    with pytest.raises(Leaked) as caught:
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
        with pytest.raises(Leaked) as caught:
            freeze(
                cursor,
                replace(SPEC, name="knowledge-answer.self-report"),
                leaked,
                at=datetime(2026, 11, 23, 12),
                program="x",
            )
        judged = Judged(
            "knowledge-answer.self-report",
            leaked.as_json(),
            Known(datetime(2026, 11, 23, 12), 99),
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


# What is said -----------------------------------------------------------------------------------


def test_the_numbers_are_those_of_the_measures_on_the_same_claims(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(200, off=0.03, seg_language="de"), claims("h", 100, MONDAY, split="heldout"))

    bundle = frozen(ledger)

    with ledger.cursor() as cursor:
        cells = grouped_cells(cursor, Selection("triage")).cells[0]
    (wanted,) = measure_groups([{}], [cells], tolerance=0.05, high_from=0.9)
    for name, value in wanted.as_json().items():
        if name == "high_band":
            assert bundle.whole.measures[name] == pytest.approx(value)
        elif name == "parts":
            assert bundle.whole.measures[name].keys() == value.keys()
            for part, numbers in value.items():
                for what, number in numbers.items():
                    found_number = bundle.whole.measures[name][part][what]
                    approximate = isinstance(number, float)
                    assert found_number == (pytest.approx(number) if approximate else number)
        elif isinstance(value, float):
            assert bundle.whole.measures[name] == pytest.approx(value, abs=1e-9), name
        else:
            assert bundle.whole.measures[name] == value, name
    automated = judge_sample(CRITERIA, Sample(cells, automated_of(cells), 0.9), minimum=400)
    by_parts = verdict_result(judge(group_sums([cells], 0.9), tolerance=0.05), 0)
    wanted_results = [*automated.results, by_parts]
    for found, one in zip(bundle.whole.sample.results, wanted_results, strict=True):
        assert found.words == one.words
        assert found.outcome == one.outcome
        assert found.value == (None if one.value is None else pytest.approx(one.value))
    curve, bars = corp(cells), histogram(cells)
    assert not isinstance(curve, NoValue)
    assert bundle.curve()["observed"].tolist() == pytest.approx(curve.observed.tolist())
    assert bundle.curve()["n"].tolist() == curve.n.tolist()
    assert bundle.histogram()["n_claims"].tolist() == bars.n_claims.tolist()
    assert len(bundle.consistency()) == len(bundle.honest()) == 4


def automated_of(cells: Any) -> Any:
    from core.measure.cells.cells import Cells

    high = cells.v >= 0.9
    return Cells(cells.v[high], cells.n_claims[high], cells.n[high], cells.s[high])


def test_an_honest_signal_with_enough_claims_meets_its_criteria(ledger: Ledger, fill: Fill) -> None:
    fill(claims("t", 50, MONDAY - WEEK, split="tuning"), *weekly(400))

    bundle = frozen(ledger)

    assert bundle.met
    assert bundle.whole.sample.met
    assert bundle.window is not None
    assert bundle.window.sample.met


def test_a_collapsed_confidence_does_not_meet_however_well_calibrated(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(400, fixed=0.9))

    bundle = frozen(ledger)

    outcomes = {one.metric: one.outcome for one in bundle.whole.sample.results}
    assert outcomes == {
        "gap": "met",
        "ece": "met",
        "auroc": "missed",
        "automated_error": "met",
        "verdict": "met",
    }
    assert not bundle.met


def cancelling(n: int = 200, **given: Any) -> list[Rows]:
    """Said 55 % and right 75, said 80 % and right 60: a gap of nil, off by 20 points."""
    return [
        claims(f"{name}{w}", n, MONDAY + w * WEEK, fixed=fixed, off=off, **given)
        for w in range(4)
        for name, fixed, off in (("low", 0.55, -0.2), ("top", 0.8, 0.2))
    ]


def test_errors_that_cancel_satisfy_a_bound_on_the_gap_and_miss_the_verdict(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*cancelling())

    bundle = frozen(ledger, planned(criteria=(Criterion("gap", maximum_ppm=50_000),)))

    gap, verdict = bundle.whole.sample.results
    assert (gap.metric, gap.outcome) == ("gap", "met")
    assert (verdict.metric, verdict.outcome) == ("verdict", "missed")
    assert "overconfident at 80%, underconfident at 55%" in verdict.words
    assert not bundle.met


def test_a_required_segment_whose_errors_cancel_misses_the_verdict(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(400, seg_language="de"), *cancelling(100, seg_language="hi"))
    spec = planned(criteria=(Criterion("gap", maximum_ppm=50_000),), segments=("language",))

    found = {one.name: one.sample for one in frozen(ledger, spec).segments}

    assert not found["language=de"].missed
    assert [one.metric for one in found["language=hi"].results if one.outcome == "missed"] == [
        "verdict"
    ]


def test_a_verdict_that_is_not_decided_misses_nothing(ledger: Ledger, fill: Fill) -> None:
    fill(claims("few", 40, MONDAY))

    verdict = frozen(ledger).whole.sample.results[-1]

    assert (verdict.metric, verdict.outcome) == ("verdict", "met")
    assert "no part is off" in verdict.words


GAP = (Criterion("gap", maximum_ppm=50_000),)


def picked(sure: float, unsure: float, prefix: str = "", **given: Any) -> list[Rows]:
    """Claims that are right as often as they say; so many of either kind are labelled."""
    return [
        claims(f"{prefix}{name}{w}", 300, MONDAY + w * WEEK, fixed=fixed, labelled=share, **given)
        for w in range(4)
        for name, fixed, share in (("low", 0.55, unsure), ("top", 0.95, sure))
    ]


@pytest.mark.parametrize(
    ("sure", "unsure", "outcome"), [(1.0, 0.3, "undecided"), (0.6, 0.6, "met")]
)
def test_labels_that_cannot_speak_for_all_claims_leave_the_verdict_of_evidence_undecided(
    ledger: Ledger, fill: Fill, sure: float, unsure: float, outcome: str
) -> None:
    fill(*picked(sure, unsure))

    bundle = frozen(ledger, planned(criteria=(Criterion("gap", maximum_ppm=50_000),)))

    gap, verdict = bundle.whole.sample.results
    assert (gap.outcome, verdict.outcome) == ("met", outcome)
    assert bundle.met == (outcome == "met")
    held = "claims of confidence band 0.9–1.0 are labelled 100% (900 of 900)" in verdict.words
    assert held == (outcome == "undecided")
    assert (verdict.words in bundle.untold) == held


def test_held_out_claims_are_labelled_on_purpose(ledger: Ledger, fill: Fill) -> None:
    fill(*picked(1.0, 0.3, split="heldout"))

    bundle = frozen(ledger, planned(criteria=(Criterion("gap", maximum_ppm=50_000),)))

    assert bundle.whole.sample.results[-1].outcome == "met"


def test_the_gamed_signal_of_the_sample_does_not_meet(sample_path: Path) -> None:
    gamed = Fingerprint("judge-3", "rubric-3", None, "judge", "independent")
    with Ledger.open(sample_path, read_only=True) as ledger, ledger.cursor() as cursor:
        bundle = freeze(
            cursor,
            replace(SPEC, name="answer-quality.judge"),
            gamed,
            at=datetime(2026, 11, 23, 12),
            program="x",
        )

    outcomes = {one.metric: one.outcome for one in bundle.whole.sample.results}
    assert (outcomes["gap"], outcomes["ece"], outcomes["auroc"]) == ("met", "met", "missed")
    assert not bundle.met


def complained_about(off: float) -> Rows:
    """Heldout claims whose wrong answers are labelled nine times in ten, the others one in two."""
    rng = np.random.default_rng(3)
    rows = claims("h", 3000, MONDAY, split="heldout", off=off)
    for row in rows:
        row["label_propensity"] = 0.5 if row["outcome"] else 0.9
        if rng.random() >= row["label_propensity"]:
            row["outcome"] = row["outcome_ts"] = None
    return rows


@pytest.mark.parametrize(("off", "outcome"), [(0.0, "met"), (0.15, "missed")])
def test_labels_drawn_by_chances_that_differ_are_judged_weighted_by_them(
    ledger: Ledger, fill: Fill, off: float, outcome: str
) -> None:
    fill(complained_about(off))

    whole = frozen(ledger).whole

    # So far off that whatever the unlabelled ones are, the bounds settle it.
    of_labelled = ("miscalibrated", "all") if off else ("cannot_tell", "labelled")
    assert (whole.measures["verdict"], whole.measures["speaks_for"]) == of_labelled
    verdict = whole.sample.results[-1]
    assert (verdict.metric, verdict.outcome) == ("verdict", outcome)
    assert "each weighted by the logged chance of its label" in verdict.words


def test_one_label_without_its_chance_and_the_labels_are_judged_as_they_are(
    ledger: Ledger, fill: Fill
) -> None:
    rows = complained_about(0.0)
    next(row for row in rows if row["outcome"] is not None)["label_propensity"] = None
    fill(rows)

    verdict = frozen(ledger).whole.sample.results[-1]

    assert (verdict.metric, verdict.outcome) == ("verdict", "missed")
    assert "weighted" not in verdict.words


@pytest.mark.parametrize(("off", "outcome"), [(0.0, "met"), (0.15, "missed")])
def test_a_required_segment_drawn_by_chances_that_differ_is_judged_weighted_by_them(
    ledger: Ledger, fill: Fill, off: float, outcome: str
) -> None:
    drawn = [row | {"seg_topic": "drawn"} for row in complained_about(off)]
    fill(drawn, claims("all", 1000, MONDAY, split="heldout", seg_topic="all"))

    by_name = segments_of(frozen(ledger, planned(segments=("topic",))))

    verdict = by_name["topic=drawn"].sample.results[-1]
    assert verdict.outcome == outcome
    assert "each weighted by the logged chance of its label" in verdict.words
    assert ("shape and high band are not judged" in verdict.words) == (outcome == "met")
    assert by_name["topic=drawn"].measures["speaks_for"] == ("all" if off else "labelled")
    assert "weighted" not in by_name["topic=all"].sample.results[-1].words
    assert by_name["topic=all"].measures["speaks_for"] == "all"


def test_a_weighted_segments_interval_is_corrected_over_the_segments(
    ledger: Ledger, fill: Fill
) -> None:
    fill([row | {"seg_topic": "drawn"} for row in complained_about(0.0)])
    words = segments_of(frozen(ledger, planned(segments=("topic",))))
    alone = ends_of(words["topic=drawn"].sample.results[-1].words)
    fill(claims("all", 1000, MONDAY, split="heldout", seg_topic="all"))
    words = segments_of(frozen(ledger, planned(segments=("topic",))))
    beside = ends_of(words["topic=drawn"].sample.results[-1].words)
    z = stats.norm.ppf(0.5 + 0.5 * np.sqrt(0.95)) / stats.norm.ppf(0.975)
    assert np.ptp(beside) / np.ptp(alone) == pytest.approx(z, rel=0.03)


def ends_of(words: str) -> tuple[float, float]:
    low, high = words.partition("points (")[2].partition(")")[0].split(" to ")
    return float(low.replace("−", "-")), float(high.replace("−", "-"))


def segments_of(bundle: Bundle) -> dict[str, Part]:
    return {one.name: one for one in bundle.segments}


def of_topics(**chosen: float) -> list[Rows]:
    """Claims of one topic labelled alike, and of another as ``chosen`` says."""
    return [
        *picked(0.6, 0.6, prefix="even-", seg_topic="even"),
        *picked(**chosen, prefix="chosen-", seg_topic="chosen"),
    ]


def test_a_required_segment_whose_labels_cannot_speak_leaves_its_verdict_undecided(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*of_topics(sure=1.0, unsure=0.3))

    bundle = frozen(ledger, planned(criteria=GAP, segments=("topic",)))

    by_name = segments_of(bundle)
    outcomes = {name: one.sample.results[-1].outcome for name, one in by_name.items()}
    assert outcomes == {"topic=chosen": "undecided", "topic=even": "met"}
    assert not bundle.met
    words = by_name["topic=chosen"].sample.results[-1].words
    assert "claims of confidence band 0.9–1.0 are labelled 100% (900 of 900)" in words
    assert by_name["topic=chosen"].measures["state"] == "too_few"
    shown = evidence_view(bundle).segments
    assert dict(zip(shown["label"], shown["verdict"], strict=True))["topic=chosen"] == "no_verdict"


def test_segments_labelled_alike_leave_the_verdict_to_the_numbers(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*of_topics(sure=0.6, unsure=0.6))

    bundle = frozen(ledger, planned(criteria=GAP, segments=("topic",)))

    assert bundle.met


def test_a_segments_held_out_claims_are_labelled_on_purpose(ledger: Ledger, fill: Fill) -> None:
    fill(*picked(1.0, 0.3, split="heldout", seg_topic="x"))

    bundle = frozen(ledger, planned(criteria=GAP, segments=("topic",)))

    assert segments_of(bundle)["topic=x"].sample.results[-1].outcome == "met"


def test_too_few_claims_do_not_meet_and_the_bundle_says_how_many_are_missing(
    ledger: Ledger, fill: Fill
) -> None:
    fill(claims("h", 150, MONDAY, split="heldout"))

    bundle = frozen(ledger)

    assert not bundle.met
    assert bundle.whole.sample.missing == 250
    assert bundle.untold[0] == "150 labelled inputs, of 400 asked for: 250 more are needed."
    assert "No production claim of this fingerprint is mature yet" in " ".join(bundle.untold)
    assert bundle.window is None


def test_a_recent_window_that_misses_keeps_the_whole_from_meeting(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(2000, range(-8, 4)), *weekly(150, range(4, 8), off=0.2))

    bundle = frozen(ledger)

    assert bundle.whole.sample.met
    assert bundle.window is not None
    assert bundle.window.measures["n"] == bundle.counts["window"] == 600
    assert bundle.window.sample.missed
    assert not bundle.met


def test_a_recent_window_that_cannot_decide_is_said_and_does_not_count(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(2000, range(-8, 4)), claims("r", 36, MONDAY + 7 * WEEK))

    bundle = frozen(ledger)

    assert bundle.window is not None
    assert not bundle.window.sample.met
    assert not bundle.window.sample.missed
    assert bundle.met
    assert any(
        words.startswith("In the recent window: ") and words.endswith("against the whole.")
        for words in bundle.untold
    )


def test_the_recent_window_ends_with_the_last_mature_week(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100, range(6)), *weekly(100, [6], labelled=0.1))

    bundle = frozen(ledger, planned(window_days=14))

    assert bundle.counts["window"] == 200
    assert bundle.content["query"]["window_since"] == "2026-10-05T00:00:00.000000Z"
    assert bundle.content["query"]["settled_until"] == "2026-10-19T00:00:00.000000Z"


# Segments ---------------------------------------------------------------------------------------


def test_every_value_of_a_required_segment_must_meet_with_a_tenth_of_the_sample(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        *[claims(f"de{w}", 600, MONDAY + w * WEEK, seg_language="de") for w in range(8)],
        *[claims(f"hi{w}", 600, MONDAY + w * WEEK, seg_language="hi") for w in range(8)],
        claims("is", 28, MONDAY, seg_language="is"),
    )

    bundle = frozen(ledger, planned(segments=("language",)))

    assert bundle.whole.sample.met
    met = {part.name: part.sample.met for part in bundle.segments}
    assert met == {"language=de": True, "language=hi": True, "language=is": False}
    island = bundle.segments[2].sample
    assert (island.minimum, island.missing) == (40, 12)
    assert not bundle.met
    assert any(words.startswith("language=is: ") for words in bundle.untold)
    assert [part.measures["n"] for part in bundle.segments] == [4800, 4800, 28]


def test_a_segment_that_is_off_is_missed_though_the_whole_is_met(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        *[claims(f"de{w}", 1000, MONDAY + w * WEEK, seg_language="de") for w in range(8)],
        *[claims(f"hi{w}", 60, MONDAY + w * WEEK, off=0.3, seg_language="hi") for w in range(8)],
    )

    bundle = frozen(ledger, planned(segments=("language",)))

    assert bundle.whole.sample.met
    assert {part.name: part.sample.missed for part in bundle.segments} == {
        "language=de": False,
        "language=hi": True,
    }
    assert not bundle.met


@pytest.mark.parametrize("known", [True, False], ids=["never named", "unknown to the ledger"])
def test_a_required_segment_that_no_claim_names_is_not_met(
    ledger: Ledger, fill: Fill, known: bool
) -> None:
    fill(*weekly(400))
    if known:
        fill(claims("o", 1, MONDAY, signal="other", seg_language="de"))

    bundle = frozen(ledger, planned(segments=("language",)))

    assert bundle.whole.sample.met
    assert bundle.missing_segments == ("language",)
    assert not bundle.met
    assert "No judged claim names language" in " ".join(bundle.untold)


def test_claims_that_do_not_name_a_required_segment_are_a_segment_of_their_own(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(400, seg_language="de"), claims("n", 100, MONDAY, seg_language=None))

    bundle = frozen(ledger, planned(segments=("language",)))

    assert [part.name for part in bundle.segments] == ["language=de", "language=(none)"]


# Rules ------------------------------------------------------------------------------------------


def test_what_would_be_automated_follows_the_overrides(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100, [0], seg_language="de"), claims("hi", 100, MONDAY, seg_language="hi"))
    rules = replace(
        SPEC.rules,
        overrides=(Override("language", "hi", (Band(950_000, "review"), Band(None, "automate"))),),
        known_values=(("language", ("de",)),),
    )

    bundle = frozen(ledger, replace(SPEC, rules=rules))

    # A quarter of each language is stated at 0.9, a quarter at 0.95.
    table = {one["rule"]: one["n_claims"] for one in bundle.content["rules"]}
    assert table["override:language=hi:band:0.95-1"] == 25
    assert table["band:0.90-1"] == 50
    error = bundle.whole.sample.results[3]
    assert (error.metric, error.n) == ("automated_error", 75)


# Determinism, storing, verifying ------------------------------------------------------------------


def test_freezing_twice_gives_the_same_bytes(ledger: Ledger, fill: Fill) -> None:
    rows = [row for batch in weekly(100) for row in batch]
    for i, row in enumerate(rows):
        row["input_id"] = f"input-{i // 3}"
    fill(rows)

    one, two = frozen(ledger), frozen(ledger)

    assert one.text == two.text
    assert one.sha256 == two.sha256
    assert canonical(json.loads(one.text)) == one.text


def test_claims_that_came_in_another_order_give_the_same_evidence(tmp_path: Path) -> None:
    rows = [row for batch in weekly(60) for row in batch]
    for i, row in enumerate(rows):
        row["input_id"] = f"input-{i // 3}"
    found = []
    for name, order in (("one", rows), ("two", rows[::-1])):
        file = tmp_path / f"{name}.parquet"
        frame = pd.DataFrame(order)
        frame.to_parquet(file)
        with Ledger.in_memory() as ledger:
            import_file(ledger, file, now=NOW)
            found.append(frozen(ledger).text)

    assert found[0] == found[1]


def test_a_bundle_is_stored_once_and_read_back(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50))
    bundle = frozen(ledger)
    for _ in range(2):
        stored(ledger, bundle)

    with ledger.cursor() as cursor:
        read = load(cursor, bundle.sha256)
        (count,) = cursor.execute("SELECT count(*) FROM evidence").fetchall()[0]
        assert load(cursor, "0" * 64) is None

    assert count == 1
    assert read == bundle
    assert read.spec == SPEC
    assert read.fingerprint == MODEL
    assert read.at == NOW
    assert read.program == "calledger 0.1.0"


def test_a_bundle_whose_text_was_altered_is_refused(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50))
    bundle = frozen(ledger)
    sha256 = stored(ledger, bundle)
    with ledger.cursor() as cursor:
        cursor.execute(
            "UPDATE evidence SET bundle = replace(bundle, '\"met\":false', '\"met\":true')"
        )
        with pytest.raises(EvidenceBroken, match="was altered"):
            load(cursor, sha256)

    comparison = verified(ledger, sha256)
    assert not comparison.same
    assert "was altered" in comparison.differences[0].words


# Evidence from before verdicts had parts ---------------------------------------------------------


@pytest.fixture
def plain_bundle(ledger: Ledger, fill: Fill) -> Bundle:
    """Frozen by the program of then on these very claims, one input among them asked 60 times."""
    often = claims("one", 60, MONDAY, off=0.3, seg_language="en", input_id="asked-often")
    fill(*weekly(60, seg_language="de"), often)
    bundle = Bundle((GOLDEN / "evidence_layout_1.json").read_text().strip())
    stored(ledger, bundle)
    return bundle


def test_evidence_of_before_is_read_and_recomputed(ledger: Ledger, plain_bundle: Bundle) -> None:
    assert plain_bundle.content["v"] == PLAIN_LAYOUT
    with ledger.cursor() as cursor:
        assert load(cursor, plain_bundle.sha256) == plain_bundle
    assert verified(ledger, plain_bundle.sha256) == evidence.Comparison(True)


def test_evidence_of_before_is_asked_for_no_verdict_by_parts(plain_bundle: Bundle) -> None:
    samples = [part.sample for part in (plain_bundle.whole, plain_bundle.window) if part]
    asked = {one.metric for one in CRITERIA}
    assert [{one.metric for one in sample.results} for sample in samples] == [asked, asked]


def test_an_altered_claim_is_found_behind_evidence_of_before(
    ledger: Ledger, plain_bundle: Bundle
) -> None:
    with ledger.cursor() as cursor:
        cursor.execute("UPDATE claims SET outcome = 1 - outcome WHERE event_id = 'w3-00007'")

    found = verified(ledger, plain_bundle.sha256)

    assert not found.same
    assert found.differences[0].words.startswith("The judged claims or their outcomes are not")


@pytest.mark.parametrize("name", ["gap", "ece", "brier", "n_inputs"])
def test_an_altered_estimate_of_before_is_found(
    ledger: Ledger, plain_bundle: Bundle, name: str
) -> None:
    content = json.loads(plain_bundle.text)
    content["whole"]["measures"][name] = 9 if name == "n_inputs" else "0.001"
    sha256 = stored(ledger, Bundle(canonical(content)))

    with ledger.cursor() as cursor:
        found = verify(cursor, sha256)

    assert found.differences[0].words.startswith(f"whole.measures.{name} was ")


def test_evidence_that_asked_no_segment_for_whom_its_labels_speak_is_recomputed(
    ledger: Ledger, fill: Fill
) -> None:
    """Frozen by the program of then on these very claims: the chosen segment is met in it."""
    fill(*of_topics(sure=1.0, unsure=0.3))
    bundle = Bundle((GOLDEN / "evidence_layout_2.json").read_text().strip())
    assert bundle.content["v"] == WHOLE_LAYOUT
    assert segments_of(bundle)["topic=chosen"].sample.results[-1].outcome == "met"
    assert evidence_view(bundle).segments["verdict"].tolist() == ["fine", "fine"]

    found = verified(ledger, stored(ledger, bundle))

    assert found == evidence.Comparison(True)


def test_evidence_of_a_later_layout_is_refused(ledger: Ledger, plain_bundle: Bundle) -> None:
    later = Bundle(canonical(json.loads(plain_bundle.text) | {"v": LAYOUT + 1}))
    sha256 = stored(ledger, later)
    with ledger.cursor() as cursor, pytest.raises(EvidenceBroken, match="reads layouts 1 to 3"):
        load(cursor, sha256)


def test_evidence_that_is_not_there_is_not_the_same(ledger: Ledger) -> None:
    found = verified(ledger, "ab" * 32)
    assert not found.same
    assert found.words == f"The ledger holds no evidence {'ab' * 32}."


def test_what_comes_in_afterwards_does_not_change_it(ledger: Ledger, fill: Fill) -> None:
    early = weekly(100)
    for row in early[0][:20]:
        row["outcome"] = row["outcome_ts"] = None
    fill(*early)
    sha256 = stored(ledger, frozen(ledger))
    corrected = [
        {"event_id": row["event_id"], "signal": "triage", "outcome": 1 - (row["outcome"] or 0),
         "outcome_ts": row["ts"] + timedelta(hours=2)}
        for row in early[0][:60]
    ]  # fmt: skip
    fill(corrected, now=NOW + WEEK)
    fill(
        claims("late", 30, MONDAY + timedelta(days=1)),
        claims("t", 5, MONDAY - WEEK, split="tuning", input_id="w0-input-00001"),
        now=NOW + WEEK,
    )

    assert verified(ledger, sha256) == evidence.Comparison(True)
    assert frozen(ledger, leave_out_overlap=True).sha256 != sha256


def test_a_segment_or_a_repeat_that_comes_in_later_does_not_change_it(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(400))
    sha256 = stored(ledger, frozen(ledger, planned(segments=("language",))))
    fill(claims("late", 9, MONDAY, seg_language="de", input_id="w0-input-00001"))

    assert verified(ledger, sha256) == evidence.Comparison(True)


def test_the_same_claims_need_no_measuring_again(
    ledger: Ledger, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(*weekly(50))
    sha256 = stored(ledger, frozen(ledger))

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(evidence, "content_of", never)
    with ledger.cursor() as cursor:
        assert evidence.unchanged(cursor, sha256) == evidence.Comparison(True)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE claims SET outcome = 1 - outcome WHERE event_id = 'w3-00007'",
        "UPDATE claims SET confidence_ppm = 560000 WHERE event_id = 'w3-00000'",
        "UPDATE claims SET input_id = 'x' WHERE event_id = 'w3-00007'",
        "UPDATE claims SET model_version = 'm-2' WHERE event_id = 'w3-00007'",
        "DELETE FROM claims WHERE event_id = 'w3-00007'",
    ],
)
def test_an_altered_claim_is_found(ledger: Ledger, fill: Fill, change: str) -> None:
    fill(*weekly(50))
    sha256 = stored(ledger, frozen(ledger))
    with ledger.cursor() as cursor:
        cursor.execute(change)

    comparison = verified(ledger, sha256)

    assert not comparison.same
    assert comparison.differences[0].words.startswith("The judged claims or their outcomes are not")


def test_an_alteration_that_makes_it_leak_is_found(ledger: Ledger, fill: Fill) -> None:
    fill(claims("t", 5, MONDAY - WEEK, split="tuning"), *weekly(50))
    sha256 = stored(ledger, frozen(ledger))
    with ledger.cursor() as cursor:
        cursor.execute("UPDATE claims SET input_id = 't-input-00000' WHERE event_id = 'w3-00007'")

    assert "also tuned on" in verified(ledger, sha256).differences[0].words


def test_rounding_and_wording_are_no_difference_but_a_figure_is(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50, off=0.033))
    bundle = frozen(ledger)

    def altered(edit: Callable[[dict[str, Any]], None]) -> evidence.Comparison:
        content = json.loads(bundle.text)
        edit(content)
        sha256 = stored(ledger, Bundle(canonical(content)))
        # A figure that does not follow from its claims is refused when it is to be signed.
        with ledger.cursor() as cursor:
            return verify(cursor, sha256)

    def gap(by: float) -> Callable[[dict[str, Any]], None]:
        def edit(content: dict[str, Any]) -> None:
            measures = content["whole"]["measures"]
            measures["gap"] = decimal(float(measures["gap"]) * (1 + by))

        return edit

    assert altered(gap(1e-8)).same
    assert altered(lambda content: content.update(untold=["other words"])).same
    found = altered(gap(1e-3))
    assert not found.same
    assert found.differences[0].words.startswith("whole.measures.gap was ")
    assert not altered(lambda content: content.update(met=not content["met"])).same


# What changed since -----------------------------------------------------------------------------


def test_what_changed_since_the_last_validation_is_said(ledger: Ledger, fill: Fill) -> None:
    spec = planned(segments=("language",))
    fill(
        *[claims(f"de{w}", 300, MONDAY + w * WEEK, seg_language="de") for w in range(3)],
        claims("hi", 100, MONDAY, seg_language="hi"),
    )
    before = frozen(ledger, spec, at=MONDAY + 4 * WEEK)
    fill(
        *[
            claims(f"hi{w}", 300, MONDAY + w * WEEK, off=0.1, seg_language="hi")
            for w in range(3, 7)
        ],
    )
    after = frozen(ledger, spec)

    found = changes(before, after)

    def gap(bundle: Bundle) -> float:
        return float(bundle.whole.measures["gap"] * 100)

    assert "Labelled claims: 1,000 → 2,200." in found
    sign = "−" if gap(before) < 0 else "+"
    assert any(
        words.startswith(f"Gap: {sign}{abs(gap(before)):.1f} points → +{gap(after):.1f} points.")
        for words in found
    ), found
    assert "Share of language=hi among the claims: 10.0% → 59.1%." in found
    assert any(words.startswith("Worst required segment by gap: ") for words in found)
    assert any(words.startswith("Gap on the recent window: met → missed.") for words in found)


def test_nothing_but_the_count_is_said_when_nothing_changed(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100))
    bundle = frozen(ledger)

    assert changes(bundle, bundle) == ("Labelled claims: 800 → 800.",)


def test_another_fingerprint_and_other_terms_are_said(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100), claims("n", 100, MONDAY, model_version="m-2"))
    before = frozen(ledger)
    with ledger.cursor() as cursor:
        after = freeze(
            cursor,
            planned(min_samples=500),
            Fingerprint("m-2", "p-1"),
            at=NOW,
            program="calledger 0.1.0",
        )

    found = changes(before, after)

    assert found[:2] == (
        "Model version: m-1 → m-2.",
        "The registry entry it is judged by has changed.",
    )


def test_a_bundle_holds_no_float(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100, off=0.01))

    def floats(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(floats, value.values()))
        if isinstance(value, list):
            return any(map(floats, value))
        return isinstance(value, float)

    assert not floats(json.loads(frozen(ledger).text))


def test_freezing_works_inside_a_writing_transaction(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50))

    with ledger.transaction() as cursor:
        bundle = freeze(cursor, SPEC, MODEL, at=NOW, program="x")
        store(cursor, bundle)

    assert verified(ledger, bundle.sha256).same


def test_the_ledger_is_only_read(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50))

    def rows(cursor: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        return cursor.execute(
            "SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL"
        ).fetchall()

    with ledger.cursor() as cursor:
        before = rows(cursor)
        freeze(cursor, SPEC, MODEL, at=NOW, program="x")
        assert rows(cursor) == before
