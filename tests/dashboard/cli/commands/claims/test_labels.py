"""`calledger labels`: from the plan to the verdict on the command line, and its refusals."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.ledger.connection import Ledger
from dashboard.cli.main import main

SAFETY = "reply-safety.self-report"
VERA = "user:risk/vera.roth"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["labels", *(str(word) for word in words)])


@pytest.fixture
def on(told_copy: Path) -> tuple[str, ...]:
    return ("--ledger", str(told_copy), "--signal", SAFETY)


def filled(file: Path, *, most: int = 10_000) -> int:
    """Fill a handed-out sample in: of an honest signal, as good as at random."""
    with file.open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    draws = random.Random(7)
    for row in rows[:most]:
        row["outcome"] = str(int(draws.random() < 0.85))
    with file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return len(rows)


def test_the_plan_as_a_table_and_as_json(on: tuple[str, ...]) -> None:
    table = run("plan", *on, "--by", "language")
    assert table.exit_code == 0, table.stderr
    assert "5 of 5 values of language not decided" in table.stdout
    assert "en: " in table.stdout
    assert "80% chance" in table.stderr
    found = json.loads(run("plan", *on, "--by", "language", "--format", "json").stdout)
    assert found["chance"] == 0.8
    english = next(one for one in found["groups"] if one["value"] == "en")
    assert english["needed"] > english["available"] > 0
    assert f"{english['needed']:,}" in table.stdout


def test_drawn_handed_out_filled_in_and_taken_back(
    on: tuple[str, ...], tmp_path: Path, told_copy: Path
) -> None:
    out = tmp_path / "labels.csv"
    drawn = run("draw", *on, "--by", "language", "--as", VERA)
    assert drawn.exit_code == 0, drawn.stderr
    assert "calledger labels export" in drawn.stderr
    assert "claims are to be labelled now. The new sample holds" in drawn.stdout
    handed = run("export", *on, "--out", out)
    assert handed.exit_code == 0, handed.stderr
    header = out.read_text().splitlines()[0]
    assert "confidence" not in header
    n = filled(out)
    taken = run("take", out, *on)
    assert taken.exit_code == 0, taken.stderr
    assert f"{n:,} rows: {n:,} taken in." in taken.stdout
    assert "drawn claims are labelled" in taken.stdout
    assert "95% interval" in taken.stdout
    with Ledger.open(told_copy, read_only=True) as ledger:
        before = ledger.data_version()
    again = run("take", out, *on)
    assert f"{n:,} known already" in again.stdout
    with Ledger.open(told_copy, read_only=True) as ledger:
        assert ledger.data_version() == before
    verified = run("verify", *on)
    assert verified.exit_code == 0
    assert "is the same" in verified.stdout


def test_a_refused_row_is_named_and_ends_with_three(on: tuple[str, ...], tmp_path: Path) -> None:
    run("draw", *on, "--labels", 50, "--as", VERA)
    file = tmp_path / "filled.csv"
    file.write_text("event_id,outcome\nnobody,1\n")
    taken = run("take", file, *on)
    assert taken.exit_code == 3
    assert "Row 1, event_id 'nobody': no claim of reply-safety.self-report" in taken.stderr
    assert "1 row: 1 refused. Nothing of the refused rows was stored" in taken.stdout
    assert "the file still holds them" in taken.stdout


def test_a_repeated_draw_says_by_how_much_it_tops_up(on: tuple[str, ...]) -> None:
    run("draw", *on, "--labels", 50, "--as", VERA)
    again = run("draw", *on, "--labels", 200, "--as", VERA)
    assert again.exit_code == 0, again.stderr
    assert "waited already, and this draw tops up by" in again.stdout


def test_a_plan_that_asks_for_none_says_why(told_copy: Path) -> None:
    triage = ("--ledger", str(told_copy), "--signal", "ticket-triage.self-report")
    found = run("draw", *triage, "--as", VERA)
    assert found.exit_code == 2
    assert "because nothing needs one; to draw a sample all the same, say how many" in found.stderr


def test_the_table_names_what_its_numbers_are_for(on: tuple[str, ...]) -> None:
    header = run("plan", *on).stdout
    for name in ("for the whole", "for the high band", "unlabelled"):
        assert name in header


def test_a_changed_sample_ends_verify_with_one(on: tuple[str, ...], told_copy: Path) -> None:
    run("draw", *on, "--labels", 50, "--as", VERA)
    with Ledger.open(told_copy) as ledger, ledger.transaction() as cursor:
        cursor.execute(
            "DELETE FROM audit_claims WHERE event_id IN "
            "(SELECT min(event_id) FROM audit_claims WHERE signal = $signal)",
            {"signal": SAFETY},
        )
    found = run("verify", *on)
    assert found.exit_code == 1
    assert "1 missing" in found.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("draw", "--labels", "5", "--as", "user:desk/kim.sato"), "Only the owner, a deputy"),
        (("draw", "--labels", "5", "--as", "user:nobody/x"), "Nobody is known as"),
        (("draw", "--as", VERA), "cannot be decided"),
        (("plan", "--by", "week"), "not by week"),
        (("export", "--out", "x.csv"), "No audit sample"),
        (("take", "nowhere.csv"), "cannot be read"),
    ],
)
def test_what_is_refused_is_one_sentence(
    on: tuple[str, ...],
    words: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    first, *rest = words
    if words == ("draw", "--as", VERA):
        rest = ["--since", "2026-11-23", *rest]
    found = run(first, *rest, *on)
    assert found.exit_code == 2
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_an_unregistered_signal_is_planned_for_and_not_drawn(told_copy: Path) -> None:
    other = ("--ledger", str(told_copy), "--signal", "callback-urgency.self-report")
    assert run("plan", *other, "--by", "language").exit_code == 0
    found = run("draw", *other, "--by", "language", "--as", VERA)
    assert found.exit_code == 2
    assert "callback-urgency.self-report is not registered" in found.stderr


def test_the_ledger_is_no_place_for_the_file(on: tuple[str, ...], told_copy: Path) -> None:
    run("draw", *on, "--labels", 50, "--as", VERA)
    found = run("export", *on, "--out", told_copy)
    assert found.exit_code == 2
    assert "is the ledger itself" in found.stderr
    assert run("plan", "--ledger", told_copy, "--signal", "nobody").exit_code == 2


def test_labels_that_contradict_are_listed_confirmed_and_withdrawn(
    told_copy: Path, tmp_path: Path
) -> None:
    on = ("--ledger", str(told_copy), "--signal", SAFETY)
    none = run("contradictions", *on)
    assert (none.exit_code, none.stdout) == (
        0,
        f"No labels of {SAFETY} contradict each other.\n",
    )
    with Ledger.open(told_copy, read_only=True) as ledger:
        event, outcome = (
            ledger.cursor()
            .execute(
                "SELECT event_id, outcome FROM claims WHERE signal = $signal "
                "AND outcome_source = 'HUMAN' AND NOT outcome_corrected ORDER BY event_id LIMIT 1",
                {"signal": SAFETY},
            )
            .fetchall()[0]
        )
    file = tmp_path / "checks.csv"
    file.write_text(
        "event_id,signal,outcome,outcome_ts,outcome_source\n"
        f"{event},{SAFETY},{1 - outcome},2199-01-01T00:00:00Z,CODE\n"
    )
    brought = CliRunner().invoke(main, ["import", str(file), "--ledger", str(told_copy)])
    assert "contradicts an earlier one of a source that ranks before its own" in brought.output

    found = run("contradictions", *on)
    assert found.exit_code == 1
    assert f"  {event}: HUMAN: " in found.stdout
    assert "calledger labels confirm EVENT" in found.stderr
    held = "right" if outcome else "wrong"
    why = ("--reason", "read it again", "--as", VERA)
    confirmed = run("confirm", event, *on, "--outcome", held, *why)
    assert confirmed.stdout.startswith(f"Confirmed as {held}: entry "), confirmed.output
    assert run("contradictions", *on).exit_code == 0
    withdrawn = run("withdraw", event, *on, "--source", "HUMAN", *why)
    assert withdrawn.stdout.startswith("Withdrawn: entry "), withdrawn.output
    refused = run("withdraw", event, *on, "--source", "LLM", *why)
    assert refused.exit_code == 2
    assert f"No label of LLM stands for event {event}" in refused.stderr
