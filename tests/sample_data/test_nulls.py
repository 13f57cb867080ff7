"""No planted null is flagged, and what looks like a failure is told apart from one."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from core.measure.metrics.label_bias import inverse_propensity
from core.measure.verdicts.parts import STATES
from core.queries.base.selection import Selection
from core.queries.sums.labelling.label_coverage import propensity_sums
from core.views.review.segments import segments_view
from sample_data import planted

TRIAGE = ("topic", "language", "channel", "model_version", "prompt_version")
REFUND = ("language", "amount", "model_version", "action")


@pytest.mark.usefixtures("on_the_day_told")
@pytest.mark.parametrize(
    ("signal", "row", "column", "listed"),
    [
        (planted.AGREEMENT, "topic", "language", TRIAGE),
        (planted.AGREEMENT, "channel", "week", TRIAGE),
        (planted.LOGPROB, "amount", "week", REFUND),
        (planted.MERGE, "queue", "confidence_band", ("queue",)),
    ],
)
def test_a_signal_that_is_calibrated_everywhere_is_flagged_nowhere(
    signal: str, row: str, column: str, listed: tuple[str, ...], ask: Any
) -> None:
    view = segments_view(
        ask.cursor,
        Selection(signal),
        row=row,
        column=column,
        segment_dimensions=listed,
        every_pair=True,
    )
    whole = ask.whole(signal)
    # The young weeks of the merges hold their first labels only, and those mislead.
    early = signal == planted.MERGE
    assert (whole.verdict, whole.speaks_for) == (
        ("cannot_tell", "labelled") if early else ("within_tolerance", "all")
    )
    assert whole.parts["whole"].state == "fine"
    shown = {"no_verdict"} if early else set(STATES) - {"off"}
    for told in (view.cells["verdict"], view.ranked["verdict"]):
        assert set(told) <= shown
    assert not view.ranked["flagged"].any()
    if early:
        assert view.headline.startswith("No verdict on all claims")
        assert view.test is None
        return
    assert view.test is not None
    assert "nothing that chance alone would not" in view.test


def test_no_errors_cancel_in_the_signal_that_is_calibrated_everywhere(ask: Any) -> None:
    one = ask.whole(planted.AGREEMENT)
    assert one.state == "fine"
    assert {name: part.state for name, part in one.parts.items()} == {
        "whole": "fine",
        "shape": "fine",
        "high_band": "fine",
    }
    assert one.parts["shape"].low == 0


@pytest.mark.parametrize(
    ("signal", "from_week", "before", "after"),
    [
        (
            planted.SELF_REPORT,
            planted.TRIAGE_MODEL_FROM_WEEK,
            1,
            planted.TRIAGE_PROMPT_FROM_WEEK - 1,
        ),
        (
            planted.SELF_REPORT,
            planted.TRIAGE_PROMPT_FROM_WEEK,
            planted.TRIAGE_MODEL_FROM_WEEK,
            planted.VOICE_FROM_WEEK - 1,
        ),
        (planted.LOGPROB, planted.REFUND_MODEL_FROM_WEEK, 1, planted.REFUND_MIX_FROM_WEEK - 1),
    ],
)
def test_an_update_that_changes_nothing_shows_nothing(
    signal: str, from_week: int, before: int, after: int, ask: Any
) -> None:
    windows = (before, from_week - 1), (from_week, after)
    split = ask.change(signal, *windows)
    for part in (split.change, split.foretold, split.decalibration):
        assert part.low < 0 < part.high
    old, new = (ask.whole(signal, weeks) for weeks in windows)
    assert old.verdict == new.verdict == "within_tolerance"
    assert old.gap_low < new.gap_high
    assert new.gap_low < old.gap_high


def test_the_prompt_edit_that_changes_nothing_is_within_tolerance_as_its_predecessor_was(
    ask: Any,
) -> None:
    found = ask.by("prompt_version", planted.DRAFT)
    assert found["draft-v1"].verdict == found["draft-v2"].verdict == "within_tolerance"
    assert found["draft-v2"].gap_low < found["draft-v1"].gap_high
    assert found["draft-v1"].gap_low < found["draft-v2"].gap_high


def test_versions_begin_in_their_weeks(claims: pd.DataFrame) -> None:
    first = {
        name: claims.groupby(["signal", name])["week"].min()
        for name in ("model_version", "prompt_version")
    }
    for name, signal, version, week in (
        ("model_version", planted.SELF_REPORT, "assist-2", planted.TRIAGE_MODEL_FROM_WEEK),
        ("prompt_version", planted.SELF_REPORT, "triage-v4", planted.TRIAGE_PROMPT_FROM_WEEK),
        ("model_version", planted.LOGPROB, "refund-model-6", planted.REFUND_MODEL_FROM_WEEK),
        ("prompt_version", planted.DRAFT, "draft-v2", planted.DRAFT_NULL_PROMPT_FROM_WEEK),
        ("prompt_version", planted.DRAFT, "draft-v3", planted.DRAFT_PROMPT_FROM_WEEK),
        ("prompt_version", planted.DRAFT, "draft-v2-after", planted.ANCHORING_WEEKS[0]),
    ):
        assert first[name][signal, version] == week


def test_icelandic_looks_bad_and_is_not_told_from_chance(ask: Any) -> None:
    for signal in (planted.SELF_REPORT, planted.AGREEMENT):
        one = ask.by("language", signal)["is"]
        assert one.n >= 30
        assert one.verdict == "cannot_tell"
        assert one.gap_low < 0.05
    own = ask.by("language", planted.SELF_REPORT)["is"]
    assert own.gap == pytest.approx(planted.ICELANDIC_GAP, abs=0.5 / own.n)


def test_young_weeks_look_overconfident_and_at_a_fixed_maturity_nothing_is_left(
    ask: Any,
) -> None:
    young = ask.whole(planted.MERGE, (planted.WEEKS, planted.WEEKS))
    assert young.gap_low > 0
    assert young.gap > 0.1
    assert young.coverage < 0.5
    mature = ask.whole(planted.MERGE, (1, planted.WEEKS - 5))
    assert mature.verdict == "within_tolerance"
    assert abs(mature.gap) < 0.02


def test_failures_are_known_sooner_than_successes(claims: pd.DataFrame) -> None:
    # Of the first half only: later on, the sample's end cuts the long delays off.
    own = claims[(claims["signal"] == planted.MERGE) & (claims["week"] <= 13)]
    days = (own["outcome_ts"] - own["ts"]).dt.total_seconds() / 86_400
    mean = days.groupby(own["outcome"]).mean()
    assert mean[0] == pytest.approx(planted.FAILURE_DELAY_DAYS, rel=0.15)
    assert mean[1] == pytest.approx(planted.SUCCESS_DELAY_DAYS, rel=0.1)


def test_weighting_by_the_logged_chance_takes_the_complaints_back_out(ask: Any) -> None:
    naive = ask.whole(planted.GROUNDING)
    assert naive.gap_low > 0.05
    weighted = inverse_propensity(propensity_sums(ask.cursor, Selection(planted.GROUNDING)).sums)
    assert weighted.gap_low[0] < 0 < weighted.gap_high[0]
    assert weighted.n[0] == naive.n


def test_every_grounding_claim_logs_one_of_two_chances(claims: pd.DataFrame) -> None:
    own = claims[claims["signal"] == planted.GROUNDING]
    shares = own["label_propensity"].value_counts(normalize=True)
    assert shares[planted.COMPLAINT_PROPENSITY] == pytest.approx(planted.COMPLAINT_SHARE, abs=0.02)
    assert shares[planted.AUDIT_PROPENSITY] == pytest.approx(1 - planted.COMPLAINT_SHARE, abs=0.02)
    logged = claims.dropna(subset="label_propensity")
    assert set(logged["signal"]) == {planted.GROUNDING}
