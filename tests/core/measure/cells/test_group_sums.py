"""Sums over groups: exact, additive, and the same whichever way inputs are given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measure.cells.cells import Cells, InputCells
from core.measure.cells.group_sums import group_sums


def claims_to_cells(v, y, inputs=None):
    """Build cells the slow way, claim by claim."""
    values = sorted(set(v))
    n = [sum(1 for x in v if x == value) for value in values]
    s = [sum(b for x, b in zip(v, y, strict=True) if x == value) for value in values]
    detail = None
    if inputs is not None:
        entries: dict[tuple[int, int], list[int]] = {}
        for x, b, j in zip(v, y, inputs, strict=True):
            entries.setdefault((j, values.index(x)), []).append(b)
        detail = InputCells(
            np.array([j for j, _ in entries], int),
            np.array([k for _, k in entries], int),
            np.array([len(b) for b in entries.values()], int),
            np.array([sum(b) for b in entries.values()], int),
        )
    count = np.array(n, int)
    return Cells(np.array(values, float), count, count, np.array(s, int), 0, detail)


def plain(v, n, s):
    n = np.array(n)
    return Cells(np.array(v, float), n, n, np.array(s))


CLAIM = st.tuples(
    st.integers(0, 1_000_000).map(lambda k: k / 1_000_000), st.integers(0, 1), st.integers(0, 4)
)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below_it_and_zero_to_the_first():
    sums = group_sums([plain([0.0, 0.1, 0.1 + 0.2, 0.300001, 1.0], [1, 2, 3, 4, 5], [0] * 5)])
    assert sums.n.tolist() == [[3, 0, 3, 4, 0, 0, 0, 0, 0, 5]]


def test_the_high_band_includes_its_own_edge_though_the_ece_bin_does_not():
    sums = group_sums([plain([0.899999, 0.9, 0.95], [7, 2, 3], [0, 1, 3])], high_from=0.9)
    assert sums.high_n.tolist() == [5]
    assert sums.high_s.tolist() == [4]
    assert sums.high_sv[0] == pytest.approx(2 * 0.9 + 3 * 0.95)
    assert sums.n[0, 8] == 9


def test_unlabelled_and_unstated_claims_are_counted_but_not_summed():
    group = Cells(np.array([0.5]), np.array([9]), np.array([4]), np.array([1]), n_unstated=3)
    sums = group_sums([group])
    assert (sums.n_claims[0], sums.n_unstated[0], sums.n.sum()) == (9, 3, 4)


def test_no_group_and_empty_groups_give_empty_sums():
    assert len(group_sums([])) == 0
    assert group_sums([plain([], [], [])] * 2).n.tolist() == [[0] * 10] * 2


def test_without_per_input_detail_nothing_is_repeated():
    assert group_sums([plain([0.5], [3], [1])]).repeated is None


def test_per_input_sums_of_a_hand_worked_group():
    # Input 0 says .8 (right) and .95 (wrong): r = −.2 + .95 = .75, m = 2.
    # Input 1 says .95 (right): r = −.05, m = 1.
    group = claims_to_cells([0.8, 0.95, 0.95], [1, 0, 1], [0, 0, 1])
    repeated = group_sums([group]).repeated
    assert repeated is not None
    assert repeated.whole.inputs.tolist() == [2]
    assert repeated.whole.rr[0] == pytest.approx(0.75**2 + 0.05**2)
    assert repeated.whole.rm[0] == pytest.approx(0.75 * 2 - 0.05)
    assert repeated.whole.mm[0] == 5
    assert repeated.high.rr[0] == pytest.approx(0.95**2 + 0.05**2)
    assert repeated.high.inputs.tolist() == [2]
    assert repeated.bins.inputs[0].tolist() == [0] * 7 + [1, 0, 2]
    assert repeated.bins.rm[0, 9] == pytest.approx(0.95 - 0.05)


@given(st.lists(CLAIM, min_size=1, max_size=30))
def test_a_group_without_detail_in_a_mix_counts_each_claim_as_its_own_input(claims):
    v, y, _ = zip(*claims, strict=True)
    alone = claims_to_cells(v, y)
    spelled_out = claims_to_cells(v, y, range(len(v)))
    repeated = group_sums([alone, spelled_out]).repeated
    assert repeated is not None
    for unit in (repeated.bins, repeated.whole, repeated.high):
        for field in (unit.inputs, unit.rr, unit.rm, unit.mm):
            np.testing.assert_allclose(field[0], field[1], atol=1e-9)


@given(st.lists(CLAIM, min_size=1, max_size=30), st.lists(CLAIM, min_size=1, max_size=30))
def test_a_group_sums_the_same_whatever_stands_beside_it(left, right):
    groups = [claims_to_cells(*zip(*claims, strict=True)) for claims in (left, right)]
    together, alone = group_sums(groups).repeated, group_sums(groups[1:]).repeated
    assert together is not None
    assert alone is not None
    np.testing.assert_allclose(together.bins.rr[1], alone.bins.rr[0])
    np.testing.assert_array_equal(together.whole.inputs[1], alone.whole.inputs[0])


@given(st.lists(CLAIM, min_size=2, max_size=30), st.integers(1, 29))
def test_the_sums_of_two_halves_add_up_to_the_whole(claims, cut):
    parts = [part for part in (claims[:cut], claims[cut:], claims) if part]
    sums = group_sums([claims_to_cells(*list(zip(*part, strict=True))[:2]) for part in parts])
    for field in (sums.n, sums.s, sums.sv, sums.svv, sums.high_n, sums.high_s, sums.high_svv):
        np.testing.assert_allclose(field[:-1].sum(axis=0), field[-1], atol=1e-9)
