"""The claims measured and judged: the whole, the recent window and segments."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from core.ledger.connection import Ledger
from core.measure.cells.group_sums import group_sums
from core.measure.metrics.metric_bounds import JudgedSample
from core.measure.metrics.reliability_curve import corp, histogram
from core.measure.metrics.scores import NoValue
from core.measure.verdicts.measure_table import measure_groups
from core.measure.verdicts.verdict import judge
from core.queries.base import group_keys
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.registry.signal_spec import Criterion
from core.sentences.evidence import evidence_view
from core.trail.fingerprint import Fingerprint
from core.validation.criteria import judge_sample, verdict_result
from core.validation.evidence import freeze
from tests.worlds.governed.evidence_claims import (
    CRITERIA,
    GAP,
    MONDAY,
    SPEC,
    WEEK,
    Fill,
    automated_of,
    cancelling,
    claims,
    complained_about,
    ends_of,
    frozen,
    of_topics,
    picked,
    planned,
    segments_of,
    weekly,
)

#: The criteria that ask how it was held out; see tests/core/validation/test_held_out.py.
_HELD_OUT = ("tuning_apart", "heldout_use")


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
    automated = judge_sample(CRITERIA, JudgedSample(cells, automated_of(cells), 0.9), minimum=400)
    by_parts = verdict_result(judge(group_sums([cells], 0.9), tolerance=0.05), 0)
    wanted_results = [*automated.results, by_parts]
    asked = [one for one in bundle.whole.sample.results if one.metric not in _HELD_OUT]
    for found, one in zip(asked, wanted_results, strict=True):
        assert found.words == one.words
        assert found.outcome == one.outcome
        assert found.value == (None if one.value is None else pytest.approx(one.value))
    curve, bars = corp(cells), histogram(cells)
    assert not isinstance(curve, NoValue)
    assert bundle.curve()["observed"].tolist() == pytest.approx(curve.observed.tolist())
    assert bundle.curve()["n"].tolist() == curve.n.tolist()
    assert bundle.histogram()["n_claims"].tolist() == bars.n_claims.tolist()
    assert len(bundle.consistency()) == len(bundle.honest()) == 4


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
        "tuning_apart": "met",
        "verdict": "met",
    }
    assert not bundle.met


def test_errors_that_cancel_satisfy_a_bound_on_the_gap_and_miss_the_verdict(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*cancelling())

    bundle = frozen(ledger, planned(criteria=(Criterion("gap", maximum_ppm=50_000),)))

    gap, _, verdict = bundle.whole.sample.results
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


@pytest.mark.parametrize(
    ("sure", "unsure", "outcome"), [(1.0, 0.3, "undecided"), (0.6, 0.6, "met")]
)
def test_labels_that_cannot_speak_for_all_claims_leave_the_verdict_of_evidence_undecided(
    ledger: Ledger, fill: Fill, sure: float, unsure: float, outcome: str
) -> None:
    fill(*picked(sure, unsure))

    bundle = frozen(ledger, planned(criteria=(Criterion("gap", maximum_ppm=50_000),)))

    gap, _, verdict = bundle.whole.sample.results
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
    assert "No production claim of this fingerprint has a final outcome yet" in " ".join(
        bundle.untold
    )
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


def test_a_required_segment_of_too_many_values_is_not_met_and_says_so(
    ledger: Ledger, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(*weekly(400, seg_language="de"), claims("o", 1, MONDAY, seg_language="hi"))
    monkeypatch.setattr(group_keys, "MOST_VALUES", 1)

    bundle = frozen(ledger, planned(segments=("language",)))

    assert bundle.whole.sample.met
    assert (bundle.missing_segments, bundle.crowded_segments) == ((), ("language",))
    assert not bundle.met
    assert "language, a required segment, has more than 1,000 values" in " ".join(bundle.untold)
    shown = repr(evidence_view(bundle))
    assert "language, a required segment, has more than 1,000 values." in shown
    assert "o judged claim names" not in shown


def test_claims_that_do_not_name_a_required_segment_are_a_segment_of_their_own(
    ledger: Ledger, fill: Fill
) -> None:
    fill(*weekly(400, seg_language="de"), claims("n", 100, MONDAY, seg_language=None))

    bundle = frozen(ledger, planned(segments=("language",)))

    assert [part.name for part in bundle.segments] == ["language=de", "language=(none)"]
