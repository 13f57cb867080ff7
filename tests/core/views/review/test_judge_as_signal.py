"""A judge logged as a signal of its own is measured by people's labels like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.gate.registry_changes import apply
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.registry.yaml_reader import read
from core.trail.checkpoints.signer import Signer
from core.views.shared.judge_labels import AS_A_SIGNAL
from core.views.shared.measures import measure
from tests.worlds.governed.entries import entry

ENTRY = entry(
    "triage.judge",
    stakes="medium",
    validators=["user:t/vera"],
    decision="the answer passes without a person reading it",
    tolerance="0.03",
    most={"gap": "0.03"},
    least={"auroc": "0.7"},
    validation={"minSamples": 100},
)


@pytest.fixture
def both(ledger: Ledger, tmp_path: Path) -> Ledger:
    """As the guide says: 600 answers right in 7 of 10; the judge passes a half of the wrong ones.

    People label all; the judge's verdicts are claims of ``triage.judge`` and labels of ``triage``.
    """
    rng = np.random.default_rng(3)
    right = np.arange(600) % 10 < 7
    passed = right | (rng.random(600) < 0.5)
    at = "2026-11-02T09:00:00Z"
    files = {
        "claims.csv": ["event_id,ts,signal,confidence"]
        + [f"e{i},{at},triage,{0.6 + i % 2 * 0.2:.1f}" for i in range(600)]
        + [f"e{i},{at},triage.judge,{int(one)}" for i, one in enumerate(passed)],
        "people.csv": ["event_id,outcome,outcome_source"]
        + [f"e{i},{int(one)},HUMAN" for i, one in enumerate(right)],
        "judge.csv": ["event_id,signal,outcome,outcome_source"]
        + [f"e{i},triage,{int(one)},LLM" for i, one in enumerate(passed)],
    }
    for name, lines in files.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        assert import_file(ledger, tmp_path / name).n_quarantined == 0
    apply(Office(ledger, Signer.generate()), read(ENTRY), "user:t/adam")
    return ledger


def test_its_gap_is_how_much_more_it_passes_than_is_right(both: Ledger) -> None:
    with both.cursor() as cursor:
        report = measure(cursor, Selection("triage.judge"))
        (beside,) = measure(cursor, Selection("triage")).judge.groups  # type: ignore[union-attr]
    (one,) = report.groups
    assert (one.n, one.n_claims, report.tolerance) == (600, 600, 0.03)
    assert beside.false_pass is not None
    assert beside.agreement is not None
    # It never fails a right one: it disagrees where it passes a wrong one, and that is its gap.
    assert one.gap == pytest.approx(0.3 * beside.false_pass.value)
    assert one.gap == pytest.approx(1 - beside.agreement.value)
    assert one.verdict == "miscalibrated"


def test_its_labels_are_not_its_own_truth(both: Ledger) -> None:
    with both.cursor() as cursor:
        report = measure(cursor, Selection("triage.judge"))
    assert report.judge is None
    assert report.label_sources == ({"HUMAN": 600, "CODE": 0, "LLM": 0, "unstated": 0},)


def test_the_line_beside_the_verdict_says_that_a_judge_may_be_a_signal(both: Ledger) -> None:
    with both.cursor() as cursor:
        whole = measure(cursor, Selection("triage"))
        split = measure(cursor, Selection("triage"), by=("week",))
    assert any(line.endswith(AS_A_SIGNAL) for line in whole.footnotes())
    assert not any(line.endswith(AS_A_SIGNAL) for line in split.footnotes())
