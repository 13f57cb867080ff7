"""The parts of a change put together: which word, at which chance of a false one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from core.measure.cells.cells import Cells, FloatArray
from core.measure.metrics.intervals import Interval
from core.measure.verdicts.before_after import GapChange, Pair, SideSums
from core.measure.verdicts.group_change import GroupPairs, PartsChange, parts_changes
from core.measure.verdicts.score_change import ScoreChange, auroc_change, brier_change
from core.measure.verdicts.shape_change import ShapeChange, shared_bands
from tests.worlds.claims.band_pairs import band_pair
from tests.worlds.governed.rounds import rounds

NOWHERE = Interval(math.nan, math.nan, math.nan)
V = np.array([0.3, 0.5, 0.7, 0.85])
CANCELLING = np.array([0.5, 0.6, 0.6, 0.65])


def parts(
    gap: str, shape: str | None = None, auroc: str | None = None, brier: str | None = None
) -> PartsChange:
    """A group by the words on its parts alone."""

    def score(verdict: str | None) -> ScoreChange | None:
        return None if verdict is None else ScoreChange(0.5, 0.5, NOWHERE, verdict)  # type: ignore[arg-type]

    return PartsChange(
        GapChange(100, NOWHERE, NOWHERE, NOWHERE, gap, 0),  # type: ignore[arg-type]
        None if shape is None else ShapeChange(100, 4, NOWHERE, NOWHERE, NOWHERE, shape),  # type: ignore[arg-type]
        score(auroc),
        score(brier),
    )


def side(cells: Cells) -> SideSums:
    """Its residuals, each claim an input of its own."""
    n = float(cells.total)
    q = float(cells.n @ cells.v - cells.s.sum())
    qq = float(cells.s @ (1 - cells.v) ** 2 + (cells.n - cells.s) @ cells.v**2)
    return SideSums(cells.total, n, n, q, qq, q)


def group(rng: np.random.Generator, before: FloatArray, after: FloatArray, n: int) -> GroupPairs:
    """``n`` claims a side at `V`, right with these chances."""
    sides = []
    for right in (before, after):
        count = rng.multinomial(n, np.full(4, 0.25))
        sides.append(Cells(V, count, count, rng.binomial(count, right)))
    bands = shared_bands(np.bincount(np.rint(V * 100).astype(int), minlength=101))
    return GroupPairs(
        Pair(side(sides[0]), side(sides[1])),
        band_pair(*sides, bands),
        lambda level: auroc_change(*sides, level=level),
    )


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (parts("same", "same", "cannot_tell"), "same"),
        (parts("same"), "same"),
        (parts("same", "cannot_tell"), "cannot_tell"),
        (parts("cannot_tell", "same"), "cannot_tell"),
        (parts("same", "worse"), "worse"),
        (parts("same", "same", "worse"), "worse"),
        (parts("worse", "better"), "mixed"),
        (parts("better", "cannot_tell", "worse"), "mixed"),
        (parts("better", "cannot_tell", "better"), "better"),
        (parts("same", "same", "better"), "same"),
        (parts("better", "better", "cannot_tell", "worse"), "mixed"),
        (parts("same", "same", "cannot_tell", "worse"), "same"),
        (parts("better", "better", "cannot_tell", "cannot_tell"), "better"),
    ],
)
def test_one_word_for_the_parts_of_a_group(of: PartsChange, said: str) -> None:
    assert of.verdict == said


def test_a_worse_brier_score_alone_is_no_worse_calibration() -> None:
    assert parts("better", "better", "cannot_tell", "worse").worse == ()


def test_errors_that_begin_to_cancel_are_worse_in_shape_and_discrimination() -> None:
    rng = np.random.default_rng(5)
    (found,) = parts_changes([group(rng, V, CANCELLING, 2000)])
    assert (found.worse, found.gap.verdict, found.verdict) == (("shape", "auroc"), "same", "worse")


def test_too_few_labels_for_the_shape_cannot_tell() -> None:
    # 400 claims each: gaps that are the same within tolerance by their interval.
    rng = np.random.default_rng(8)
    steady = np.array([0.0, 0.0, 1.0, 1.0])
    one = group(rng, steady, steady, 400)
    far = Cells(np.array([0.02, 0.98]), *(np.array([200, 200]),) * 2, np.array([4, 196]))
    pair = Pair(side(far), side(far))
    (found,) = parts_changes([GroupPairs(pair, one.bands, None)])
    assert found.gap.verdict == "same"
    assert found.shape_unknown
    assert found.verdict == "cannot_tell"


@rounds(30, 80)
def test_the_same_signal_is_rarely_worse_or_better_in_any_part_of_ten_groups(rounds: int) -> None:
    rng = np.random.default_rng(20_261_125)
    said = []
    for _ in range(rounds):
        found = parts_changes([group(rng, V, V, 300) for _ in range(10)])
        said.append([any(one.worse for one in found), any(one.better for one in found)])
    # At most 2.5 % either way, and three standard errors of chance.
    assert max(np.mean(said, axis=0)) <= 0.025 + 3 * math.sqrt(0.025 * 0.975 / rounds)


def test_a_change_of_discrimination_too_small_to_matter_is_none() -> None:
    size = 4_000_000
    count = np.full(4, size // 4)
    old = Cells(V, count, count, np.rint(count * V).astype(int))
    chance = V + np.array([0.002, 0.001, -0.001, -0.002])
    new = Cells(V, count, count, np.rint(count * chance).astype(int))
    assert auroc_change(old, new).verdict == "worse"
    pair = Pair(side(old), side(new))
    (found,) = parts_changes([GroupPairs(pair, None, lambda level: auroc_change(old, new))])
    assert found.worse == ()


def test_a_paired_brier_score_forbids_the_word_better() -> None:
    # Every input is answered by both; the second states .5 whatever comes, and is right in half.
    n = 400
    before, after = np.full(n, 0.05), np.full(n, 0.25)
    sides = [
        SideSums(n, n, n, float(q.sum()), float(q @ q), float(q.sum())) for q in (before, after)
    ]
    worse = brier_change(Pair(*sides, n, float(before @ after), sides[0].q, sides[1].q, float(n)))
    assert worse.verdict == "worse"
    rng = np.random.default_rng(4)
    one = group(rng, V - 0.25, V, 3000)
    assert parts_changes([one])[0].verdict == "better"
    both = GroupPairs(one.gap, one.bands, one.auroc, worse)
    assert parts_changes([both])[0].verdict == "mixed"
