"""Every planted failure is found, at its place and its size, by what the product measures."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.measure.metrics.label_bias import escalated_only
from core.queries.base.selection import Selection
from core.queries.sums.labelling.label_coverage import coverage_by
from core.views.review.segments import SegmentsView, segments_view
from sample_data import planted


def shows(one: Any, gap: float) -> bool:
    """Whether a gap of this size lies within the interval of the one measured."""
    return bool(one.gap_low <= gap <= one.gap_high)


# A healthy aggregate and the segments it hides


@pytest.fixture(scope="module")
def triage(ask: Any) -> SegmentsView:
    return segments_view(
        ask.cursor,
        Selection(planted.SELF_REPORT),
        row="topic",
        column="language",
        segment_dimensions=("topic", "language", "channel", "model_version", "prompt_version"),
    )


def test_the_whole_of_the_self_report_is_within_tolerance(ask: Any) -> None:
    one = ask.whole(planted.SELF_REPORT)
    assert one.verdict == "within_tolerance"
    assert one.gap > 0


def test_the_medical_topic_alone_of_all_topics_is_miscalibrated(ask: Any) -> None:
    topics = ask.by("topic", planted.SELF_REPORT)
    assert [name for name, one in topics.items() if one.verdict == "miscalibrated"] == ["medical"]
    # Where confidences are low, channel voice adds to it; so it is measured before that begins.
    early = ask.whole(planted.SELF_REPORT, (1, planted.VOICE_FROM_WEEK - 1), topic="medical")
    assert shows(early, planted.MEDICAL_GAP)


def test_hindi_translations_are_miscalibrated_and_other_translations_are_not(
    triage: SegmentsView,
) -> None:
    cells = triage.cells[triage.cells["topic"] == "translation"].set_index("language")
    assert list(cells.index[cells["verdict"] == "off"]) == ["hi"]
    hindi = cells.loc["hi"]
    assert hindi["corrected_low"] < planted.HINDI_TRANSLATION_GAP < hindi["corrected_high"]


def test_the_worst_segment_named_is_a_planted_one(triage: SegmentsView) -> None:
    assert "Worst: Topic medical: right 68% of the time (said 83%)" in triage.headline
    assert triage.test is not None
    assert "not calibrated" in triage.test


# Since when


def test_the_voice_channel_loses_its_calibration_slowly_and_no_other_does(ask: Any) -> None:
    stretches = [(1, planted.VOICE_FROM_WEEK - 1), (14, 17), (18, 21), (22, planted.WEEKS)]
    voice = [ask.whole(planted.SELF_REPORT, weeks, channel="voice") for weeks in stretches]
    assert all(a.gap < b.gap for a, b in pairwise(voice))
    assert voice[0].verdict != "miscalibrated"
    assert [one.verdict for one in voice[2:]] == ["miscalibrated"] * 2
    for channel in ("chat", "email"):
        for weeks in stretches:
            one = ask.whole(planted.SELF_REPORT, weeks, channel=channel)
            assert one.verdict != "miscalibrated"


def test_the_voice_gap_grows_evenly_to_its_planted_size(ask: Any) -> None:
    first = planted.VOICE_FROM_WEEK
    length = planted.WEEKS - first + 1
    base = ask.whole(planted.SELF_REPORT, (1, first - 1), channel="chat").gap
    for weeks in ((first, first + 5), (first + 6, planted.WEEKS)):
        middle = (weeks[0] + weeks[1] + 1) / 2 - first
        grown = planted.VOICE_GAP * middle / length
        assert shows(ask.whole(planted.SELF_REPORT, weeks, channel="voice"), grown + base)


def test_the_change_of_the_voice_channel_is_decalibration_and_not_its_cases(ask: Any) -> None:
    split = ask.change(
        planted.SELF_REPORT, (1, planted.VOICE_FROM_WEEK - 1), (20, planted.WEEKS), channel="voice"
    )
    assert split.decalibration.low > 0.05
    assert split.foretold.low < 0 < split.foretold.high


def test_the_model_update_breaks_one_policy_from_its_week_on(ask: Any) -> None:
    found = ask.by("model_version policy", planted.SAFETY)
    bad = {name for name, one in found.items() if one.verdict == "miscalibrated"}
    assert bad == {f"guard-2 {planted.SAFETY_POLICY}"}
    broken = found[f"guard-2 {planted.SAFETY_POLICY}"].gap
    assert broken == pytest.approx(planted.SAFETY_GAP, abs=0.04)
    models = ask.by("model_version", planted.SAFETY)
    assert (models["guard-1"].verdict, models["guard-2"].verdict) == (
        "within_tolerance",
        "miscalibrated",
    )


def test_the_new_model_is_first_seen_in_its_week_and_the_old_one_leaves_after_the_overlap(
    claims: pd.DataFrame,
) -> None:
    weeks = claims[claims["signal"] == planted.SAFETY].groupby("model_version")["week"]
    assert weeks.min()["guard-2"] == planted.SAFETY_MODEL_FROM_WEEK
    assert (
        weeks.max()["guard-1"] == planted.SAFETY_MODEL_FROM_WEEK + planted.SAFETY_OVERLAP_WEEKS - 1
    )


def test_in_the_overlap_both_models_answer_half_of_the_inputs(claims: pd.DataFrame) -> None:
    own = claims[claims["signal"] == planted.SAFETY]
    first = planted.SAFETY_MODEL_FROM_WEEK
    overlap = own[own["week"].between(first, first + planted.SAFETY_OVERLAP_WEEKS - 1)]
    versions = overlap.groupby("input_id")["model_version"].nunique()
    assert (versions == 2).mean() == pytest.approx(planted.SAFETY_OVERLAP_SHARE, abs=0.05)
    repeated = own[own.duplicated("input_id", keep=False)]
    assert repeated["week"].between(first, first + planted.SAFETY_OVERLAP_WEEKS - 1).all()


def test_the_refund_drift_is_foretold_by_the_confidences_and_is_no_decalibration(
    ask: Any,
) -> None:
    before, after = (
        (1, planted.REFUND_MIX_FROM_WEEK - 1),
        (planted.REFUND_MIX_FROM_WEEK, planted.WEEKS),
    )
    split = ask.change(planted.LOGPROB, before, after)
    assert split.change.low > 0.03
    assert split.foretold.low > 0.03
    assert split.foretold.value == pytest.approx(0.04, abs=0.005)
    assert split.decalibration.low < 0 < split.decalibration.high
    for weeks in (before, after):
        assert ask.whole(planted.LOGPROB, weeks).verdict == "within_tolerance"


def test_the_refund_mix_is_the_planted_one_before_and_after(claims: pd.DataFrame) -> None:
    own = claims[claims["signal"] == planted.LOGPROB]
    late = own["week"] >= planted.REFUND_MIX_FROM_WEEK
    for part, mix in (
        (own[~late], planted.REFUND_MIX_BEFORE),
        (own[late], planted.REFUND_MIX_AFTER),
    ):
        shares = part["seg_amount"].value_counts(normalize=True).to_dict()
        assert shares == pytest.approx(mix, abs=0.03)


# Where nobody looks


def test_the_high_confidence_band_of_the_knowledge_answers_alone_is_bad(ask: Any) -> None:
    one = ask.whole(planted.ANSWER, split="production")
    assert one.verdict == "miscalibrated"
    assert -0.05 < one.gap_low < one.gap_high < 0.05
    band = one.high_band
    assert band.claimed - band.high < planted.ANSWER_HIGH_GAP < band.claimed - band.low
    bands = ask.by("confidence_band", planted.ANSWER)
    assert [name for name, each in bands.items() if each.verdict == "miscalibrated"] == ["0.9–1.0"]


def test_held_out_inputs_were_tuned_on_and_flatter_the_evaluation(claims: pd.DataFrame) -> None:
    own = claims[claims["signal"] == planted.ANSWER]
    tuning, heldout = (own[own["split"] == name] for name in ("tuning", "heldout"))
    assert (len(tuning), len(heldout)) == (planted.TUNING_ROWS, planted.HELDOUT_ROWS)
    leaked = heldout["input_id"].isin(tuning["input_id"])
    assert leaked.sum() == planted.LEAKED_ROWS
    wrong = 1 - heldout[heldout["confidence"] >= 0.9].groupby(leaked)["outcome"].mean()
    sure = heldout.loc[~leaked & (heldout["confidence"] >= 0.9), "confidence"].mean()
    assert wrong[True] == pytest.approx(planted.LEAKED_HIGH_ERROR, abs=0.02)
    assert wrong[False] == pytest.approx(1 - sure + planted.ANSWER_HIGH_GAP, abs=0.04)


def test_the_leaked_evaluation_passes_where_fresh_production_fails(ask: Any) -> None:
    splits = ask.by("split", planted.ANSWER)
    assert splits["tuning"].high_band.observed > 0.95
    assert splits["heldout"].verdict != "miscalibrated"
    assert splits["production"].verdict == "miscalibrated"


def test_breaches_are_the_planted_number_and_all_in_their_place(claims: pd.DataFrame) -> None:
    own = claims[claims["signal"] == planted.SELF_REPORT]
    breached = own[(own["action"] == "automate") & (own["confidence"] < planted.TRIAGE_CUTS[0])]
    assert len(breached) == planted.BREACHES
    assert set(breached["seg_topic"]) == {planted.BREACH_TOPIC}
    assert breached["week"].between(*planted.BREACH_WEEKS).all()
    cautious = own[(own["action"] == "review") & (own["confidence"] >= planted.TRIAGE_CUTS[0])]
    assert len(cautious) == planted.SPOT_CHECKS


def test_everywhere_else_the_logged_action_is_what_the_cuts_ask_for(claims: pd.DataFrame) -> None:
    own = claims[claims["signal"] == planted.SELF_REPORT].dropna(subset="confidence")
    automate, review = planted.TRIAGE_CUTS
    asked = np.select(
        [own["confidence"] >= automate, own["confidence"] >= review],
        ["automate", "review"],
        "escalate",
    )
    assert (own["action"] != asked).sum() == planted.BREACHES + planted.SPOT_CHECKS


# Numbers that look better than what they measure


def test_the_judges_ece_improves_while_it_stops_telling_good_from_bad(ask: Any) -> None:
    found = ask.by("prompt_version", planted.JUDGE)
    before, after = found["rubric-2"], found["rubric-3"]
    assert (before.verdict, after.verdict) == ("miscalibrated", "within_tolerance")
    assert shows(before, planted.JUDGE_GAP_BEFORE)
    assert after.ece < before.ece / 3
    assert before.auroc > 0.65
    assert after.auroc < 0.58
    assert after.dsc < before.dsc / 3


def test_the_judges_confidence_collapses_into_its_band_in_its_week(claims: pd.DataFrame) -> None:
    own = claims[claims["signal"] == planted.JUDGE]
    late = own["week"] >= planted.JUDGE_RUBRIC_FROM_WEEK
    assert (late == (own["prompt_version"] == "rubric-3")).all()
    low, high = planted.JUDGE_COLLAPSED_TO
    assert own.loc[late, "confidence"].dropna().between(low, high).all()
    assert own.loc[~late, "confidence"].between(low, high).mean() < 0.1


def test_the_prompt_edit_raises_accuracy_and_breaks_calibration(ask: Any) -> None:
    found = ask.by("prompt_version", planted.DRAFT)
    before, after = found["draft-v2"], found["draft-v3"]
    assert after.accuracy - before.accuracy == pytest.approx(planted.DRAFT_ACCURACY_RISE, abs=0.03)
    rise = after.mean_confidence - before.mean_confidence
    assert rise == pytest.approx(planted.DRAFT_CONFIDENCE_RISE, abs=0.01)
    assert (before.verdict, after.verdict) == ("within_tolerance", "miscalibrated")
    gap = planted.DRAFT_CONFIDENCE_RISE - planted.DRAFT_ACCURACY_RISE
    assert after.gap == pytest.approx(gap, abs=0.03)


def test_asked_after_the_answer_the_same_inputs_get_more_confidence_and_no_more_accuracy(
    claims: pd.DataFrame,
) -> None:
    own = claims[claims["signal"] == planted.DRAFT]
    after = own[own["elicitation_order"] == "after"]
    pairs = after.merge(own[own["elicitation_order"] == "before"], on="input_id")
    assert len(pairs) == len(after) == planted.ANCHORED_INPUTS
    shift = pairs["confidence_x"] - pairs["confidence_y"]
    assert shift.to_numpy() == pytest.approx(planted.ANCHORING_SHIFT)
    pd.testing.assert_series_equal(pairs["outcome_x"], pairs["outcome_y"], check_names=False)
    assert pairs["week_x"].between(*planted.ANCHORING_WEEKS).all()


def test_the_anchored_order_is_miscalibrated_where_the_other_is_not(ask: Any) -> None:
    orders = ask.by("elicitation_order", planted.DRAFT, planted.ANCHORING_WEEKS)
    before, after = orders["before"], orders["after"]
    assert (after.state, after.reason) == ("off", "whole")
    # Its six weeks are fine as a whole, and too few to tell that over the range of confidence.
    assert (before.state, before.reason) == ("too_few", "shape")
    assert before.parts["whole"].state == "fine"
    assert before.parts["shape"].low == 0


def test_errors_that_cancel_leave_no_gap_and_are_off_by_their_shape(ask: Any) -> None:
    one = ask.whole(planted.ROUTING)
    assert (one.state, one.reason, one.verdict) == ("off", "shape", "miscalibrated")
    whole, curve = one.parts["whole"], one.parts["shape"]
    assert whole.state == "fine"
    assert shows(one, 0)
    assert curve.low < planted.ROUTING_ERROR < curve.high
    assert set(one.parts) == {"whole", "shape"}


def test_the_two_sides_that_cancel_are_of_the_planted_size(ask: Any) -> None:
    bands = ask.by("confidence_band", planted.ROUTING)
    off = {name: one.gap for name, one in bands.items() if one.verdict == "miscalibrated"}
    unsure, sure = ("0.2–0.3", "0.3–0.4", "0.4–0.5"), ("0.6–0.7", "0.7–0.8", "0.8–0.9")
    assert set(off) == {*unsure, *sure}
    for name, gap in off.items():
        planted_gap = planted.ROUTING_GAP if name in sure else -planted.ROUTING_GAP
        assert gap == pytest.approx(planted_gap, abs=0.04)


def test_they_cancel_in_every_mailbox_and_language_alike(ask: Any) -> None:
    for name in ("mailbox", "language"):
        for one in ask.by(name, planted.ROUTING).values():
            assert shows(one, 0)
            assert one.parts["whole"].state != "off"


def test_the_theatre_signal_never_changes_an_action(ask: Any, claims: pd.DataFrame) -> None:
    assert list(ask.by("action", planted.MERGE)) == ["review"]
    own = claims[
        claims["signal"].isin(
            [planted.SELF_REPORT, planted.SAFETY, planted.DRAFT, planted.ANSWER, planted.CALLBACK]
        )
    ]
    assert (own.groupby("signal")["action"].nunique() > 1).all()


def test_callbacks_are_labelled_only_where_people_looked(ask: Any) -> None:
    found = ask.by("action", planted.CALLBACK, (1, 21))
    for action, share in planted.CALLBACK_LABELLED.items():
        assert found[action].coverage == pytest.approx(share, abs=0.03)
    coverage = coverage_by(ask.cursor, Selection(planted.CALLBACK), ("action",)).counts()
    assert escalated_only(coverage).escalated_only
    assert found["automate"].verdict == "cannot_tell"
