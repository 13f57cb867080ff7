"""Claims of a signal, measured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from core.measure.cells.cells import Cells
from core.measure.cells.group_sums import group_sums
from core.measure.verdicts.verdict import judge
from core.queries.base.selection import Selection
from core.queries.sums.grouped_sums import grouped_sums
from core.terms import USUAL
from core.validation.recent_sample import beyond_the_rest, recent, segments_of

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]


def measured(governed: Any, **options: Any) -> Any:
    now = governed.clock.now
    claims = Selection(
        "triage", now - timedelta(weeks=26), now, where=(("split", ("production",)),)
    )
    with governed.ledger.cursor() as cursor:
        return recent(cursor, claims, now, terms=USUAL, **options)


def test_what_the_numbers_rest_on_is_told_with_them(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(31, 87)))
    one = measured(governed)
    assert (one.n, one.n_inputs, one.n_days) == (1120, 1120, 56)
    assert (one.state, one.off_parts, one.reason) == ("fine", (), None)
    assert one.speaks_for_all
    assert one.labels.fair


def test_claims_on_one_input_are_one_case_and_their_days_are_told(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = made(clock, range(40, 50), 30)
    bring(governed, frame.assign(input_id=[f"i{i % 60}" for i in range(len(frame))]))
    one = measured(governed)
    assert (one.n, one.n_inputs, one.n_days) == (300, 60, 10)
    assert one.high_n > one.high_inputs > 0
    assert one.high_days == 10


def test_the_numbers_are_those_of_the_judgement_at_the_level_asked_for(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(31, 87), gap=0.1))
    one, wider = measured(governed), measured(governed, level=0.99)
    assert one.low > wider.low
    claims = Selection("triage", where=(("split", ("production",)),))
    with governed.ledger.cursor() as cursor:
        sums = grouped_sums(cursor, claims, [()], high_from=0.9).sums
    whole = judge(sums, tolerance=0.05, level=0.99)
    assert (wider.gap, wider.low, wider.high) == pytest.approx(
        (whole.gap[0], whole.corrected_low[0], whole.corrected_high[0])
    )
    assert (one.state, one.off_parts[0]) == ("off", "whole")


def test_tuning_and_heldout_claims_do_not_count(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(40, 50), split="heldout"))
    assert measured(governed) is None


def test_segments_that_are_off_carry_their_inputs_and_days(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(31, 87), 18, seg_topic="law"))
    bring(governed, made(clock, range(40, 60), 20, gap=0.4, seg_topic="medical"))
    one = measured(governed)
    (off,) = one.off
    assert (off.dimension, off.value, off.shown.n, off.n_inputs, off.n_days) == (
        "topic",
        "medical",
        400,
        400,
        20,
    )


def test_a_dimension_that_names_the_case_is_no_segment(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = made(clock, range(40, 50))
    cases = [f"c{i}" for i in range(len(frame))]
    bring(governed, frame.assign(seg_case=cases, seg_only="x", seg_topic=["a", "b"] * 100))
    with governed.ledger.cursor() as cursor:
        assert segments_of(cursor, "triage") == ("topic",)


def test_a_segment_of_labels_that_cannot_speak_is_counted_on_neither_side(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    days = range(31, 87)
    bring(governed, made(clock, days, gap=0.2).assign(seg_topic="off"))
    chosen = made(clock, days, gap=0.2).assign(seg_topic="chosen")
    chosen["event_id"] = "c" + chosen["event_id"].astype(str)
    drop = (chosen["confidence"] < 0.9) & (chosen.index % 10 > 0)
    chosen.loc[drop, ["outcome", "outcome_ts"]] = None
    bring(governed, chosen)
    one = measured(governed)
    assert [each.value for each in one.off] == ["off"]
    assert (one.n_segments, one.n_small, one.n_mute) == (1, 0, 1)


def test_segments_as_bad_as_the_rest_do_not_stand_out_from_it(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    for topic in ("law", "tax"):
        bring(governed, made(clock, range(31, 87), gap=0.2, seg_topic=topic))
    bring(governed, made(clock, range(31, 87), gap=0.5, seg_topic="medical"))
    assert {each.value: each.differs for each in measured(governed).off} == {
        "law": False,
        "tax": False,
        "medical": True,
    }


@pytest.mark.parametrize("gap", [0.2, -0.15])
def test_of_segments_that_are_alike_one_seldom_stands_out(gap: float) -> None:
    rng, runs, hits = np.random.default_rng(5), 200, 0
    for _ in range(runs):
        hits += bool(_stand_out(rng, np.full(10, gap)).any())
    assert hits <= 0.05 * runs


def test_one_that_is_fifteen_points_worse_than_nine_others_mostly_does() -> None:
    rng, runs = np.random.default_rng(6), 50
    gaps = np.array([0.3] + [0.15] * 9)
    assert sum(_stand_out(rng, gaps)[0] for _ in range(runs)) >= 0.8 * runs


def _stand_out(rng: np.random.Generator, gaps: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Of segments with 300 claims each and these gaps: which stand out from the rest."""
    n = 300
    v = rng.choice([0.6, 0.7, 0.8], (len(gaps), n))
    y = rng.random((len(gaps), n)) < v - gaps[:, None]
    whole = judge(group_sums([_cells(v.ravel(), y.ravel())]))
    parts = judge(group_sums([_cells(*one) for one in zip(v, y, strict=True)]))
    return np.array([beyond_the_rest(whole, parts, i) for i in range(len(gaps))])


def _cells(v: npt.NDArray[np.float64], y: npt.NDArray[np.bool_]) -> Cells:
    stated, place = np.unique(v, return_inverse=True)
    n, right = np.bincount(place), np.bincount(place, weights=y).astype(np.int64)
    return Cells(stated, n, n, right)
