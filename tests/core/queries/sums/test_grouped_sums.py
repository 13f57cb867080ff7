"""One scan for many groups gives what the groups' cells give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.ledger.errors import UnknownDimension
from core.measure.cells.cells import InputSums
from core.measure.cells.group_sums import group_sums
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.sums.grouped_sums import GroupedSums, grouped_sums
from tests.worlds.governed.rounds import examples

Fill = Callable[..., None]
TRIAGE = Selection("triage")


def sums_of(ledger: Ledger, *groupings: Sequence[str], high_from: float = 0.9) -> GroupedSums:
    with ledger.cursor() as cursor:
        return grouped_sums(cursor, TRIAGE, groupings, high_from=high_from)


def assert_same(found: Any, expected: Any) -> None:
    for field in fields(expected):
        a, b = getattr(found, field.name), getattr(expected, field.name)
        if not isinstance(b, np.ndarray):
            continue
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-9, err_msg=field.name)


def test_a_hand_summed_ledger(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"confidence": 0.9, "outcome": 1, "model_version": "a"},
            {"confidence": 0.95, "outcome": 0, "model_version": "a"},
            {"confidence": 0.95, "model_version": "a"},
            {"confidence": 0.0, "outcome": 0, "model_version": "b"},
            {"model_version": "b", "outcome": 1},
        ],
    )
    found = sums_of(ledger, ["model_version"])
    assert found.entries == ((("model_version",), ("a",)), (("model_version",), ("b",)))
    sums = found.sums
    assert sums.n_claims.tolist() == [3, 1]
    assert sums.n_unstated.tolist() == [0, 1]
    # 0.9 itself belongs to the bin (0.8, 0.9], and to the high band.
    assert sums.n.tolist() == [[0] * 8 + [1, 1], [1] + [0] * 9]
    assert sums.s.tolist() == [[0] * 8 + [1, 0], [0] * 10]
    assert sums.sv[0, 8:].tolist() == [0.9, 0.95]
    assert sums.svv[0, 8:].tolist() == pytest.approx([0.81, 0.9025])
    assert (sums.high_n.tolist(), sums.high_s.tolist()) == ([2, 0], [1, 0])
    assert sums.high_sv.tolist() == pytest.approx([1.85, 0])
    assert sums.repeated is None


def test_the_high_band_begins_where_it_is_told_to(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": v, "outcome": 1} for v in (0.299999, 0.3, 0.85)])
    # 0.1 + 0.2 is a shade above 0.3 in binary; the edge is a whole number of millionths.
    assert sums_of(ledger, (), high_from=0.1 + 0.2).sums.high_n.tolist() == [2]
    assert sums_of(ledger, (), high_from=0.85).sums.high_n.tolist() == [1]


def test_an_empty_ledger_has_the_group_of_everything_alone(ledger: Ledger) -> None:
    found = sums_of(ledger, (), ["model_version"], ["week", "split"])
    assert found.entries == (((), ()),)
    assert found.sums.n.shape == (1, 10)
    assert found.sums.n_claims.tolist() == [0]
    assert len(sums_of(ledger)) == 0


def test_a_grouping_asked_for_twice_is_answered_twice_not_doubled(
    ledger: Ledger, fill: Fill
) -> None:
    fill(ledger, [{"confidence": 0.5, "outcome": 1, "model_version": "a", "prompt_version": "p"}])
    pair = ("model_version", "prompt_version")
    found = sums_of(ledger, pair, pair[::-1], pair)
    assert [key for _, key in found.entries] == [("a", "p"), ("p", "a"), ("a", "p")]
    assert found.sums.n.sum(axis=1).tolist() == [1, 1, 1]


def test_tuning_claims_count_in_groupings_by_split_alone(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.5, "split": split} for split in ("tuning", "heldout")])
    found = sums_of(ledger, (), ["split"], ["model_version"])
    assert [key for _, key in found.entries] == [(), ("heldout",), ("tuning",), (None,)]
    assert found.sums.n_claims.tolist() == [1, 1, 1, 1]


def test_squares_of_many_large_confidences_do_not_overflow(ledger: Ledger) -> None:
    with ledger.cursor() as cursor:
        # 2^24 claims at one million millionths: the sum of squares is past 64 bits. A view of
        # this cursor's own stands before the table of the same name.
        cursor.execute(
            """
            CREATE TEMP VIEW claims AS
            SELECT 'triage' AS signal, 'production' AS split, 1000000 AS confidence_ppm,
                   CAST(1 AS TINYINT) AS outcome
            FROM range(16777216)
            """
        )
        sums = grouped_sums(cursor, TRIAGE, [()]).sums
    assert sums.n[0, 9] == sums.svv[0, 9] == sums.high_svv[0] == 2**24


def test_residuals_are_summed_per_input_before_they_are_squared(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"confidence": 0.95, "outcome": 1, "input_id": "i"},  # r = −0.05
            {"confidence": 0.95, "outcome": 0, "input_id": "i"},  # r = +0.95
            {"confidence": 0.4, "outcome": 0, "input_id": "i"},  # r = +0.40
            {"confidence": 0.95, "outcome": 1},  # an input of its own, r = −0.05
        ],
        repeats=["triage"],
    )
    repeated = sums_of(ledger, ()).sums.repeated
    assert repeated is not None
    # All of input i: r = 1.3 over 3 claims; in its last bin, which is the high band: 0.9 over 2.
    assert repeated.whole.inputs.tolist() == [2]
    assert repeated.whole.rr.tolist() == pytest.approx([1.3**2 + 0.05**2])
    assert repeated.whole.rm.tolist() == pytest.approx([1.3 * 3 - 0.05])
    assert repeated.whole.mm.tolist() == [3**2 + 1]
    assert repeated.whole.most.tolist() == [3]
    for last in (repeated.high, InputSums(*(a[:, 9] for a in vars(repeated.bins).values()))):
        assert last.inputs.tolist() == [2]
        assert last.rr.tolist() == pytest.approx([0.9**2 + 0.05**2])
        assert last.rm.tolist() == pytest.approx([0.9 * 2 - 0.05])
        assert last.mm.tolist() == [2**2 + 1]
        assert last.most.tolist() == [2]
    assert repeated.bins.rr[0, 3] == pytest.approx(0.4**2)
    assert repeated.bins.inputs[0].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 2]


def test_an_unknown_dimension_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UnknownDimension):
        sums_of(ledger, ["tongue"])


claim_rows = st.lists(
    st.fixed_dictionaries(
        {
            "confidence_ppm": st.none()
            | st.sampled_from([0, 100_000, 900_000, 1_000_000])
            | st.integers(0, 1_000_000),
            "outcome": st.sampled_from([None, 0, 1]),
            "seg_language": st.sampled_from([None, "de", "en"]),
            "model_version": st.sampled_from([None, "a", "b"]),
            "input_id": st.sampled_from([None, "i", "j", "k"]),
            "split": st.sampled_from(["tuning", "heldout", "production"]),
        }
    ),
    max_size=30,
)
groupings = st.lists(
    st.lists(
        st.sampled_from(["language", "model_version", "week", "split", "confidence_band"]),
        max_size=3,
        unique=True,
    ),
    max_size=4,
)


@settings(max_examples=examples(20, 500))
@given(claim_rows, groupings, st.sampled_from([0.9, 0.75, 0.3, 1.0]), st.booleans())
def test_sums_from_events_equal_sums_from_cells(
    fill: Fill, rows: list[dict[str, Any]], groupings: list[list[str]], edge: float, repeats: bool
) -> None:
    with Ledger.in_memory() as ledger, ledger.cursor() as cursor:
        # Another signal's claim brings the segment dimension into being.
        other = {"seg_language": "de", "signal": "other"}
        fill(ledger, [other, *rows], repeats=["triage"] if repeats else [])
        found = sums_of(ledger, *groupings, high_from=edge)
        groups = [grouped_cells(cursor, TRIAGE, by) for by in groupings]
    assert found.entries == tuple((g.by, key) for g in groups for key in g.keys)
    expected = group_sums([cells for g in groups for cells in g.cells], edge)
    assert found.sums.high_from == edge
    assert_same(found.sums, expected)
    assert (found.sums.repeated is None) == (expected.repeated is None)
    if found.sums.repeated is not None and expected.repeated is not None:
        for unit in ("bins", "whole", "high"):
            assert_same(getattr(found.sums.repeated, unit), getattr(expected.repeated, unit))
    assert_same(found.sums.bands, expected.bands)
    if expected.bands.inputs is not None:
        assert_same(found.sums.bands.inputs, expected.bands.inputs)
