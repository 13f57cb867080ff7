"""Pooling keeps what it promises; resampling has the distribution it should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measure.cells.cells import Cells, ece_bin
from core.measure.cells.resampling import multiplicities, pooled, resampled
from core.measure.metrics.scores import ece
from tests.worlds.claims.cells import cells


@given(st.sets(st.integers(0, 1_000_000), min_size=1, max_size=40), st.integers(0, 2**32))
def test_pooling_keeps_counts_gaps_and_ece_bins(millionths, seed):
    rng = np.random.default_rng(seed)
    v = np.array(sorted(millionths)) / 1e6
    n = rng.integers(0, 9, v.size)
    n[0] += 1
    group = Cells(v, n + 2, n, rng.binomial(n, 0.5), 7)
    fewer = pooled(group)
    assert fewer.v.size <= 101
    assert (np.diff(fewer.v) > 0).all()
    assert fewer.n_unstated == 7
    for name in ("n_claims", "n", "s"):
        assert getattr(fewer, name).sum() == getattr(group, name).sum()
    assert fewer.n @ fewer.v == pytest.approx(group.n @ group.v)
    by_bin = np.bincount(ece_bin(group.v), group.n, 10), np.bincount(ece_bin(fewer.v), fewer.n, 10)
    np.testing.assert_array_equal(*by_bin)
    assert ece(fewer) == pytest.approx(ece(group), abs=1e-12)


def test_confidences_of_two_decimals_are_left_as_they_are():
    v = np.arange(101) / 100
    group = cells(v, np.full(101, 3), np.full(101, 1))
    np.testing.assert_allclose(pooled(group).v, v, rtol=0, atol=1e-15)


def test_pooling_adds_the_claims_one_input_has_at_neighbouring_values(of_claims):
    group = of_claims([0.801, 0.809, 0.9, 0.805], [1, 0, 1, 1], ["a", "a", "a", "b"])
    fewer = pooled(group)
    detail = sorted(
        zip(*(getattr(fewer.inputs, x).tolist() for x in ("input", "value", "n", "s")), strict=True)
    )
    assert detail == [(0, 0, 2, 1), (0, 1, 1, 1), (1, 0, 1, 1)]


def test_multiplicities_come_in_chunks_that_add_up(monkeypatch):
    monkeypatch.setattr("core.measure.cells.resampling._CHUNK", 30)
    chunks = list(multiplicities(np.random.default_rng(0), draws=8, size=10, among=10))
    assert [len(chunk) for chunk in chunks] == [3, 3, 2]
    assert all((chunk.sum(axis=1) == 10).all() for chunk in chunks)


def test_resampled_claims_have_multinomial_moments():
    group = cells([0.5, 0.8], [40, 60], [10, 45])
    n, s = resampled(group, 20_000, np.random.default_rng(0))
    assert (n.sum(axis=1) == 100).all()
    assert n.mean(axis=0) == pytest.approx([40, 60], abs=0.2)
    assert s.mean(axis=0) == pytest.approx([10, 45], abs=0.2)
    assert s.var(axis=0) == pytest.approx([10 * 0.9, 45 * 0.55], rel=0.05)


def test_resampled_inputs_bring_all_their_claims(of_claims):
    # Each input states 0.6 twice and 0.9 once, and is right throughout or wrong throughout.
    y = np.repeat(np.arange(50) % 2, 3)
    group = of_claims([0.6, 0.6, 0.9] * 50, y, np.repeat(np.arange(50), 3))
    n, s = resampled(group, 5_000, np.random.default_rng(0))
    np.testing.assert_array_equal(n, np.tile([100, 50], (5_000, 1)))
    np.testing.assert_array_equal(s[:, 0], 2 * s[:, 1])
    # 50 inputs, half of them right: Var = 50 · ¼ inputs, not 150 claims' worth.
    assert s[:, 1].var() == pytest.approx(12.5, rel=0.1)
