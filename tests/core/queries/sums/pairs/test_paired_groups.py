from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.measure.verdicts.shape_change import shared_bands
from core.queries.base.selection import Selection
from core.queries.sums.pairs.paired_groups import (
    ClaimsReadOnce,
    compared,
    compared_cells,
    labelled_inputs,
    paired_inputs,
)
from tests.worlds.claims.band_pairs import band_pair

HEADER = "event_id,ts,signal,confidence,outcome,model_version,input_id,seg_topic\n"
ROWS = [
    # model a: q1 twice, q2, q3 unlabelled
    ("1", "0.9", "1", "a", "q1", "law"),
    ("2", "0.7", "0", "a", "q1", "law"),
    ("3", "0.6", "1", "a", "q2", "art"),
    ("4", "0.6", "", "a", "q3", "art"),
    # model b: q1, q3 and one of its own
    ("5", "0.8", "1", "b", "q1", "law"),
    ("6", "0.5", "0", "b", "q3", "art"),
    ("7", "0.4", "0", "b", "q4", "art"),
]
A, B = (Selection("s", where=(("model_version", (one,)),)) for one in "ab")


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("claims")
    file = folder / "claims.csv"
    file.write_text(
        HEADER + "".join(f"{e},2026-11-02,s,{v},{y},{m},{q},{t}\n" for e, v, y, m, q, t in ROWS)
    )
    with Ledger.open(folder / "ledger.duckdb", create=True) as ledger:
        import_file(ledger, file)
        yield ledger.cursor()


def test_inputs_that_both_have_a_label_on_are_shared(cursor) -> None:
    found = labelled_inputs(cursor, A, B)
    assert (found.before, found.after, found.shared, found.claims) == (2, 3, 1, (3, 3))
    assert not found.single


def test_paired_sums_are_those_of_the_shared_inputs(cursor) -> None:
    found = compared(cursor, A, B, (), paired=True, high_from=0.9)
    whole, high = found.groups
    gap = whole.pairs["gap"]
    assert (gap.before.inputs, gap.after.inputs, gap.shared) == (1, 1, 1)
    # q1: residuals −0.1 and +0.7 before, −0.2 after.
    assert gap.before.q == pytest.approx(0.6)
    assert gap.before.m == 2
    assert gap.after.q == pytest.approx(-0.2)
    assert gap.qq == pytest.approx(-0.12)
    assert high.high
    assert (high.pairs["gap"].before.inputs, high.pairs["gap"].after.inputs) == (1, 0)


def test_the_candidate_is_weighted_to_the_mix_of_the_baseline(cursor) -> None:
    found = compared(cursor, A, B, ("topic",), paired=False, high_from=0.9)
    confidence = found.groups[0].pairs["confidence"]
    # Two of three labels before are law, one is art: b states 0.8 there, and 0.45 on average here.
    assert confidence.after.mean == pytest.approx((2 * 0.8 + 0.45) / 3)
    assert confidence.before.mean == pytest.approx((0.9 + 0.7 + 0.6) / 3)
    assert [(one.dimension, one.value) for one in found.groups[2:]] == [
        ("topic", "art"),
        ("topic", "law"),
    ]
    assert found.standard == 1


def test_cells_that_one_side_lacks_are_left_out_of_both(cursor) -> None:
    law = Selection("s", where=(("model_version", ("b",)), ("topic", ("law",))))
    found = compared(cursor, A, law, ("topic",), paired=False, high_from=0.9)
    assert found.standard == pytest.approx(2 / 3)
    assert found.groups[0].pairs["confidence"].before.mean == pytest.approx(0.8)


def test_two_sides_without_a_label_have_an_empty_whole(cursor) -> None:
    nobody = Selection("s", where=(("model_version", ("c",)),))
    (whole,) = compared(cursor, nobody, nobody, (), paired=False, high_from=0.9).groups
    assert whole.pairs["gap"].inputs == 0


def test_cells_of_a_paired_comparison_hold_shared_inputs_only(cursor) -> None:
    before, after = compared_cells(cursor, A, B, (), paired=True)
    assert before.cells[0].v.tolist() == [0.7, 0.9]
    assert after.cells[0].v.tolist() == [0.8]
    assert compared_cells(cursor, A, B, (), paired=False)[0].cells[0].n_claims.sum() == 4


@pytest.fixture
def many(tmp_path: Path):
    """A hundred inputs, most asked of both, some twice, of three topics."""
    rng = np.random.default_rng(1)
    rows = []
    for model in "ab":
        for i in range(100):
            for _ in range(int(rng.integers(0, 3))):
                v, y = rng.choice([0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0]), rng.integers(0, 2)
                topic = ("law", "art", "tax")[i % 3]
                rows.append(f"{len(rows)},2026-11-02,s,{v},{y},{model},q{i},{topic}\n")
    file = tmp_path / "many.csv"
    file.write_text(HEADER + "".join(rows))
    with Ledger.open(tmp_path / "many.duckdb", create=True) as ledger:
        import_file(ledger, file)
        yield ledger.cursor()


def test_paired_sums_over_bands_are_those_of_the_cells_by_input(many) -> None:
    found = compared(many, A, B, ("topic",), paired=True, high_from=0.9)
    for by, groups in (((), found.groups[:1]), (("topic",), found.groups[2:])):
        cells = compared_cells(many, A, B, by, paired=True)
        inputs = paired_inputs(many, A, B, by, cells)
        whole = compared_cells(many, A, B, (), paired=True)
        counts = np.zeros(101)
        for side in whole:
            counts[np.rint(side.cells[0].v * 100).astype(int)] += side.cells[0].n
        for group in groups:
            key = (group.value,) if by else ()
            sides = [
                replace(one.cells[one.keys.index(key)], inputs=inputs[key][i])
                for i, one in enumerate(cells)
            ]
            expected = band_pair(*sides, shared_bands(counts), shared=True)
            assert (group.bands.inputs, group.bands.shared) == (expected.inputs, expected.shared)
            for name in ("m", "s", "q", "qq", "qm", "mm"):
                assert getattr(group.bands, name) == pytest.approx(getattr(expected, name))


def test_sums_over_bands_add_up_to_those_without(many) -> None:
    found = compared(many, A, B, ("topic",), paired=False, high_from=0.9)
    assert len(found.groups) == 5
    for one in found.groups:
        gap, bands = one.pairs["gap"], one.bands
        size = bands.bands
        assert bands.total == (pytest.approx(gap.before.m), pytest.approx(gap.after.m))
        assert bands.q[size:].sum() == pytest.approx(gap.after.q)
        assert bands.qq[size:, size:].sum() == pytest.approx(gap.after.qq)
        assert bands.mm[:size, :size].sum() == pytest.approx(gap.before.mm)
        assert bands.qm[:size, size:].sum() == pytest.approx(gap.qm)


@pytest.fixture
def singles(tmp_path: Path):
    """Two hundred claims of two models, each of its own input, in cells that both have or one.

    Of some no confidence is stated, of others no outcome is known.
    """
    rng = np.random.default_rng(2)
    rows = []
    for i in range(200):
        v, y, topic = rng.uniform(0.2, 1.0), rng.integers(0, 2), ("law", "art", "")[i % 3]
        region = "north" if i < 40 else f"r{rng.integers(3)}"
        model = "ab"[int(rng.uniform() < 0.4 or i < 20)]
        stated, known = "" if i % 50 == 49 else f"{v:.6f}", "" if i % 20 == 19 else y
        rows.append(f"{i},2026-11-02,s,{stated},{known},{model},q{i},{topic},{region}\n")
    file = tmp_path / "singles.csv"
    file.write_text(HEADER.replace("topic", "topic,seg_region") + "".join(rows))
    with Ledger.open(tmp_path / "singles.duckdb", create=True) as ledger:
        import_file(ledger, file)
        yield ledger.cursor()


@pytest.mark.parametrize("by", [(), ("topic",), ("topic", "region"), ("week",)])
def test_single_claims_have_the_sums_that_are_taken_per_input(singles, by: tuple[str, ...]) -> None:
    assert labelled_inputs(singles, A, B).single
    quick, slow = (
        compared(singles, A, B, by, paired=False, high_from=0.9, single=single)
        for single in (True, False)
    )
    assert quick.standard == pytest.approx(slow.standard)
    for mine, theirs in zip(quick.groups, slow.groups, strict=True):
        names = (mine.dimension, mine.value, mine.high)
        assert names == (theirs.dimension, theirs.value, theirs.high)
        for name in mine.pairs:
            for side in ("before", "after"):
                one, other = (vars(getattr(x.pairs[name], side)) for x in (mine, theirs))
                assert one == pytest.approx(other, rel=1e-12, abs=1e-12)
            assert mine.pairs[name].shared == theirs.pairs[name].shared == 0
        assert mine.bands.inputs == theirs.bands.inputs
        for name in ("m", "s", "q", "qq", "qm", "mm"):
            other = getattr(theirs.bands, name)
            assert getattr(mine.bands, name) == pytest.approx(other, rel=1e-12, abs=1e-12)


def test_claims_that_are_read_once_are_the_same_cells_and_sums(singles) -> None:
    dims = ("topic", "region", "week")
    once = ClaimsReadOnce.of(singles, A, B, dims)
    assert once.labelled_inputs() == labelled_inputs(singles, A, B)
    for by in ((), *((name,) for name in dims), ("region", "topic"), dims):
        for mine, theirs in zip(
            once.cells(by), compared_cells(singles, A, B, by, paired=False), strict=True
        ):
            assert (mine.by, mine.keys) == (theirs.by, theirs.keys)
            for one, other in zip(mine.cells, theirs.cells, strict=True):
                assert repr(one) == repr(other)
    found = compared(singles, A, B, dims, paired=False, high_from=0.9, single=True)
    assert repr(once.compared(0.9)) == repr(found)


def test_single_claims_without_a_cell_in_common_compare_nothing(singles) -> None:
    sides = (
        replace(one, where=(*one.where, ("region", (region,))))
        for one, region in ((A, "r0"), (B, "r1"))
    )
    found = compared(singles, *sides, ("region",), paired=False, high_from=0.9, single=True)
    assert [one.pairs["gap"].inputs for one in found.groups] == [0]
    assert found.standard == 0


def test_the_inputs_of_a_pair_are_numbered_alike(cursor) -> None:
    cells = compared_cells(cursor, A, B, (), paired=True)
    before, after = paired_inputs(cursor, A, B, (), cells)[()]
    # q1 alone has a label on both sides: .7 wrong and .9 right before, .8 right after.
    assert cells[0].cells[0].v[before.value].tolist() == [0.7, 0.9]
    assert (before.s.tolist(), after.s.tolist()) == ([0, 1], [1])
    assert before.input.tolist() == [0, 0]
    assert after.input.tolist() == [0]


def test_no_label_on_either_side_has_empty_bands(cursor) -> None:
    nobody = Selection("s", where=(("model_version", ("c",)),))
    (whole,) = compared(cursor, nobody, nobody, (), paired=False, high_from=0.9).groups
    assert whole.bands.total == (0, 0)
