from __future__ import annotations

from pathlib import Path

import pytest

from core.store.compared import compared, compared_cells, shared_inputs
from core.store.ingest import import_file
from core.store.ledger import Ledger
from core.store.selection import Selection

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


@pytest.fixture
def cursor(tmp_path: Path):
    file = tmp_path / "claims.csv"
    file.write_text(
        HEADER + "".join(f"{e},2026-11-02,s,{v},{y},{m},{q},{t}\n" for e, v, y, m, q, t in ROWS)
    )
    with Ledger.open(tmp_path / "ledger.duckdb", create=True) as ledger:
        import_file(ledger, file)
        yield ledger.cursor()


def test_inputs_that_both_have_a_label_on_are_shared(cursor) -> None:
    assert shared_inputs(cursor, A, B) == (2, 3, 1)


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
