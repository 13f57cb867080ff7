from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.measure.cells.cells import Cells, InputCells
from core.measure.cells.group_sums import group_sums
from core.measure.cells.ordering import with_inputs_ordered
from core.measure.metrics.metric_bootstrap import bootstrap_intervals


@st.composite
def repeated(draw: st.DrawFn) -> Cells:
    """Cells of three confidences whose inputs each hold one to three claims."""
    claims = draw(
        st.lists(
            st.tuples(st.integers(0, 7), st.integers(0, 2), st.integers(0, 1)),
            min_size=1,
            max_size=30,
        )
    )
    owners = sorted({owner for owner, *_ in claims})
    pairs = sorted({(owners.index(owner), value) for owner, value, _ in claims})
    n = [sum((owners.index(o), v) == pair for o, v, _ in claims) for pair in pairs]
    s = [sum(y for o, v, y in claims if (owners.index(o), v) == pair) for pair in pairs]
    inputs = InputCells(
        np.array([i for i, _ in pairs]), np.array([v for _, v in pairs]), np.array(n), np.array(s)
    )
    total = np.bincount(inputs.value, weights=inputs.n, minlength=3).astype(int)
    right = np.bincount(inputs.value, weights=inputs.s, minlength=3).astype(int)
    return Cells(np.array([0.2, 0.5, 0.9]), total, total, right, 0, inputs)


@given(repeated(), st.randoms(use_true_random=False))
def test_the_numbering_of_inputs_does_not_matter(cells: Cells, random) -> None:
    inputs = cells.inputs
    assert inputs is not None
    names = list(range(inputs.n_inputs))
    random.shuffle(names)
    entries = list(range(len(inputs.input)))
    random.shuffle(entries)
    shuffled = InputCells(
        np.array(names)[inputs.input][entries],
        inputs.value[entries],
        inputs.n[entries],
        inputs.s[entries],
    )
    other = Cells(cells.v, cells.n_claims, cells.n, cells.s, 0, shuffled)

    one, two = with_inputs_ordered(cells).inputs, with_inputs_ordered(other).inputs

    assert one is not None
    assert two is not None
    for name in ("input", "value", "n", "s"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@given(repeated())
def test_ordering_inputs_changes_no_sum(cells: Cells) -> None:
    ordered = with_inputs_ordered(cells)

    before, after = group_sums([cells]).repeated, group_sums([ordered]).repeated

    assert before is not None
    assert after is not None
    np.testing.assert_array_equal(before.whole.inputs, after.whole.inputs)
    np.testing.assert_allclose(before.whole.rr, after.whole.rr)
    np.testing.assert_allclose(before.high.rm, after.high.rm)


@given(repeated())
def test_the_bootstrap_of_ordered_inputs_is_that_of_the_reversed_ones(cells: Cells) -> None:
    inputs = cells.inputs
    assert inputs is not None
    reversed_ = InputCells(inputs.n_inputs - 1 - inputs.input, inputs.value, inputs.n, inputs.s)
    other = Cells(cells.v, cells.n_claims, cells.n, cells.s, 0, reversed_)

    one, two = (bootstrap_intervals(with_inputs_ordered(c), draws=20) for c in (cells, other))

    assert one == two


def test_cells_without_repeated_inputs_stay_as_they_are() -> None:
    cells = Cells(np.array([0.5]), np.array([2]), np.array([2]), np.array([1]))

    assert with_inputs_ordered(cells) is cells
