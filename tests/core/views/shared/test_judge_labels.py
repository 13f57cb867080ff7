"""What is said of a judge beside the truth."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.views.shared.judge_labels import JudgeBesideTruth, judged


def bring(ledger: Ledger, folder: Path, *, propensity: str, both: int = 300) -> None:
    """1,500 claims of de, ten points overconfident; the judge labels all, people some."""
    rng = np.random.default_rng(5)
    claims = ["event_id,ts,signal,confidence,label_propensity,seg_language"]
    labels = ["event_id,outcome,outcome_source"]
    for i in range(1600):
        language = "de" if i < 1500 else "is"
        v = rng.choice([0.7, 0.8, 0.95])
        right = rng.random() < v - 0.1
        judge = right or rng.random() < 0.2
        claims.append(f"e{i},2026-11-02T09:00:00Z,s,{v},{propensity},{language}")
        labels.append(f"e{i},{int(judge)},LLM")
        if i < both:
            labels.append(f"e{i},{int(right)},HUMAN")
    for name, lines in (("claims.csv", claims), ("labels.csv", labels)):
        (folder / name).write_text("\n".join(lines) + "\n")
        import_file(ledger, folder / name)


def told(ledger: Ledger, by: tuple[str, ...] = ()) -> JudgeBesideTruth:
    with ledger.cursor() as cursor:
        found = judged(cursor, Selection("s"), by)
    assert found is not None
    return found


def test_labels_of_truth_and_of_a_judge_are_worth_more_together(
    ledger: Ledger, tmp_path: Path
) -> None:
    bring(ledger, tmp_path, propensity="0.2")
    (one,) = told(ledger).groups
    assert one.used
    assert (one.n_truth, one.n_both, one.n_only) == (300, 300, 1300)
    assert one.worth > 350
    assert one.gap is not None
    assert one.low is not None
    assert one.high is not None
    assert one.low < 0.1 < one.high
    assert (
        f"300 labels of ground truth and 1,600 of the judge are worth {one.worth:,.0f}" in one.words
    )
    assert one.words.startswith("The judge agrees with ground truth on ")
    assert one.false_pass is not None
    assert one.false_pass.low < 0.2 < one.false_pass.high
    assert one.false_fail is not None
    assert one.false_fail.value == 0


def test_labels_nobody_drew_leave_the_judge_aside_in_words(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, propensity="")
    (one,) = told(ledger).groups
    assert not one.used
    assert "Its labels are left aside: the claims with both labels were not all drawn" in one.words


def test_without_truth_there_is_no_verdict_and_it_is_said(ledger: Ledger, tmp_path: Path) -> None:
    bring(ledger, tmp_path, propensity="0.2")
    found = told(ledger, ("language",))
    german, icelandic = found.groups
    assert german.used
    assert (icelandic.gap, icelandic.agreement, icelandic.n_only) == (None, None, 100)
    assert icelandic.words == "is: judge only, 100 labels: no verdict without ground truth."
    assert found.high[0].n_both < german.n_both


def test_a_signal_without_a_judge_has_none(ledger: Ledger) -> None:
    with ledger.cursor() as cursor:
        assert judged(cursor, Selection("s")) is None


@pytest.mark.parametrize("by", [(), ("language",)])
def test_inside_a_family_no_interval_is_narrower(
    ledger: Ledger, tmp_path: Path, by: tuple[str, ...]
) -> None:
    bring(ledger, tmp_path, propensity="0.2")
    with ledger.cursor() as cursor:
        together = judged(cursor, Selection("s"), by, alpha=0.05 / 25)
    assert together is not None
    for alone, one in zip(told(ledger, by).groups, together.groups, strict=True):
        if alone.low is not None:
            assert one.low is not None
            assert one.low <= alone.low
