from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dashboard.cli.main import main


@pytest.fixture
def compared(told_copy: Path):
    def run(signal: str, baseline: str, candidate: str, *more: str) -> Result:
        words = ["compare", "--ledger", str(told_copy), "--signal", signal]
        words += ["--baseline", baseline, "--candidate", candidate, *more]
        return CliRunner().invoke(main, words)

    return run


def test_a_regression_ends_with_one_and_says_why(compared) -> None:
    found = compared(
        "reply-draft.self-report", "prompt_version=draft-v2", "prompt_version=draft-v3"
    )
    assert found.exit_code == 1
    assert "Worse for calibration" in found.output
    assert "language=en" in found.output


def test_a_harmless_change_ends_with_zero(compared) -> None:
    found = compared(
        "refund-check.logprob", "model_version=refund-model-5", "model_version=refund-model-6"
    )
    assert found.exit_code == 0
    assert "Not paired" in found.output


def test_pairing_and_segments_are_as_asked_for(compared) -> None:
    sides = "model_version=guard-1", "model_version=guard-2"
    found = compared(
        "reply-safety.self-report", *sides, "--paired", "--by", "policy", "--format", "json"
    )
    assert found.exit_code == 1
    told = json.loads(found.output)
    assert told["paired"] is True
    worse = [one["group"] for one in told["groups"] if one["verdict"] == "worse"]
    assert {"policy": "legal"} in worse
    assert all(set(one["group"]) <= {"policy"} for one in told["groups"])


def test_another_signal_can_be_the_candidate(compared) -> None:
    found = compared(
        "ticket-triage.self-report",
        "split=production",
        "signal=ticket-triage.agreement,split=production",
        "--by",
        "channel",
    )
    # Better calibrated on one channel, and less well told right from wrong.
    assert found.exit_code == 1
    assert "Mixed: worse on the whole (tells right from wrong less well" in found.output
    assert "ticket-triage.self-report → ticket-triage.agreement" in found.output
    assert "Paired" in found.output


@pytest.mark.parametrize(
    ("baseline", "candidate", "said"),
    [
        ("model_version=guard-9", "model_version=guard-2", "there are: guard-1, guard-2"),
        ("model_version=guard-11", "model_version=guard-2", "there are: guard-1, guard-2"),
        ("model_version=gaurd-2", "model_version=guard-2", "there are: guard-2, guard-1"),
        ("model=guard-1", "model_version=guard-2", "There is no dimension 'model'"),
        ("signal=nobody", "model_version=guard-2", "There is no signal 'nobody'"),
        ("guard-1", "model_version=guard-2", "not of the form k=v"),
    ],
)
def test_what_cannot_be_compared_ends_with_two_and_one_sentence(
    compared, baseline: str, candidate: str, said: str
) -> None:
    found = compared("reply-safety.self-report", baseline, candidate)
    assert found.exit_code == 2
    assert said in " ".join((found.output + found.stderr).split())
    assert "Traceback" not in found.output


def test_errors_that_begin_to_cancel_end_with_one(tmp_path: Path) -> None:
    # Exact shares, 2,000 claims a side: right as stated, then .5, .6, .6 and .65 of the time.
    said = (0.3, 0.5, 0.7, 0.85)
    sides = {"m1": said, "m2": (0.5, 0.6, 0.6, 0.65)}
    rows = [
        f"{model}-{v}-{i},2026-11-02,s,{v},{int(i < 500 * right)},{model}\n"
        for model, shares in sides.items()
        for v, right in zip(said, shares, strict=True)
        for i in range(500)
    ]
    file, ledger = tmp_path / "claims.csv", tmp_path / "claims.duckdb"
    file.write_text("event_id,ts,signal,confidence,outcome,model_version\n" + "".join(rows))
    run = CliRunner().invoke
    assert run(main, ["import", "--ledger", str(ledger), str(file)]).exit_code == 0
    words = ["compare", "--ledger", str(ledger), "--signal", "s"]
    asked = ["--baseline", "model_version=m1", "--candidate", "model_version=m2"]
    found = run(main, [*words, *asked])
    assert found.exit_code == 1
    assert "Worse: shape, AUROC" in found.output
