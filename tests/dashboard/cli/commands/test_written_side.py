"""The written side on the command line: what is printed, and with which exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.ledger.connection import Ledger
from dashboard.cli.main import main
from sample_data.story import REGISTRY

REFUND = (
    *("--signal", "refund-check.logprob", "--model-version", "refund-model-6"),
    *("--prompt-version", "refund-v2", "--elicitation", "token-logprob"),
    *("--elicitation-order", "independent"),
)
MERGE = (
    *("--signal", "duplicate-merge.self-report", "--model-version", "assist-2"),
    *("--prompt-version", "merge-v1", "--elicitation", "verbal", "--elicitation-order", "after"),
)


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def action_of(ledger: Path, *words: str) -> str:
    found = run("decide", "--ledger", ledger, *words, "--format", "json")
    assert found.exit_code == 0, found.stderr
    return str(json.loads(found.stdout)["action"])


def test_a_first_registry_is_compared_applied_and_written_back(tmp_path: Path) -> None:
    ledger, file = tmp_path / "l.duckdb", tmp_path / "registry.yaml"
    Ledger.open(ledger, create=True).close()
    file.write_text(REGISTRY.read_text())
    compared = run("registry", "diff", file, "--ledger", ledger)
    assert compared.exit_code == 1
    assert "refund-check.logprob: new entry" in compared.stdout
    assert "New people: " in compared.stdout
    applied = run("registry", "apply", file, "--ledger", ledger, "--as", "user:desk/kim.sato")
    assert applied.exit_code == 0, applied.stderr
    assert "Applied:" in applied.stdout
    assert run("registry", "diff", file, "--ledger", ledger).exit_code == 0
    written = tmp_path / "back.yaml"
    assert run("registry", "export", written, "--ledger", ledger).exit_code == 0
    assert run("registry", "diff", written, "--ledger", ledger).exit_code == 0


def test_a_registry_file_that_is_wrong_is_refused_with_line_and_field(tmp_path: Path) -> None:
    ledger, file = tmp_path / "l.duckdb", tmp_path / "registry.yaml"
    Ledger.open(ledger, create=True).close()
    text = REGISTRY.read_text().replace('max: "0.06"', "maxi: 0.06", 1)
    file.write_text(text)
    line = text.splitlines().index(next(one for one in text.splitlines() if "maxi" in one)) + 1
    found = run("registry", "apply", file, "--ledger", ledger)
    assert found.exit_code == 2
    assert f"line {line}" in found.stderr
    assert "maxi" in found.stderr
    with Ledger.open(ledger) as opened:
        assert opened.cursor().execute("SELECT count(*) FROM acts").fetchone() == (0,)


@pytest.mark.usefixtures("on_the_day_told")
def test_a_change_says_what_it_would_have_done_and_closes_the_gate(
    told_copy: Path, tmp_path: Path
) -> None:
    file = tmp_path / "r.yaml"
    run("registry", "export", file, "--ledger", told_copy, "--signal", "refund-check.logprob")
    file.write_text(file.read_text().replace('below: "0.95"', 'below: "0.85"'))
    assert action_of(told_copy, *REFUND, "--confidence", "0.97") == "automate"
    compared = run("registry", "diff", file, "--ledger", told_copy)
    assert "0.95 → 0.85" in compared.stdout
    assert "more automated, expected errors" in compared.stdout
    refused = run("registry", "apply", file, "--ledger", told_copy, "--as", "user:desk/kim.sato")
    assert refused.exit_code == 2
    assert "Only the owner or a deputy changes the rules" in refused.stderr
    done = run("registry", "apply", file, "--ledger", told_copy, "--as", "user:payments/ines.roy")
    assert done.exit_code == 0, done.stderr
    assert action_of(told_copy, *REFUND, "--confidence", "0.97") == "review"


@pytest.mark.usefixtures("on_the_day_told")
def test_decide_says_action_rule_and_reason_and_logs_the_answer(told_copy: Path) -> None:
    found = run("decide", "--ledger", told_copy, *REFUND, "--confidence", "0.7", "--event-id", "x")
    assert found.stdout.startswith("review   band:0-0.95")
    for stated, rule in (("nan", "invalid"), ("1.0001", "invalid"), ("sure", "invalid")):
        answer = run("decide", "--ledger", told_copy, *REFUND, "--confidence", stated)
        assert rule in answer.stdout, stated
    assert "fallback:missing" in run("decide", "--ledger", told_copy, *REFUND).stdout
    with Ledger.open(told_copy) as ledger:
        row = ledger.cursor().execute("SELECT action, rule FROM decisions WHERE event_id = 'x'")
        assert row.fetchall() == [("review", "band:0-0.95")]


def told(ledger: Path, *words: str) -> tuple[int, dict[str, str]]:
    """What `decide` prints for programs, and its exit status."""
    found = run("decide", "--ledger", ledger, *REFUND, *words, "--format", "json")
    assert "Traceback" not in found.stderr
    return found.exit_code, json.loads(found.stdout)


def test_decide_prints_an_action_where_there_is_no_ledger(tmp_path: Path) -> None:
    status, answer = told(tmp_path / "none.duckdb")
    assert (status, answer["action"], answer["rule"]) == (2, "review", "builtin:fail-closed")
    assert "none.duckdb" in answer["reason"]
    found = run("decide", "--ledger", tmp_path / "none.duckdb", *REFUND)
    assert found.stdout.startswith("review   builtin:fail-closed")


def test_decide_prints_an_action_where_another_process_holds_the_ledger(told_copy: Path) -> None:
    hold = (
        "import sys, duckdb\n"
        "held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(told_copy)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        status, answer = told(told_copy, "--confidence", "0.97")
        holder.communicate(b"")
    assert (status, answer["action"]) == (2, "review")
    assert "is held by process" in answer["reason"]


@pytest.mark.usefixtures("on_the_day_told")
def test_decide_fails_closed_on_a_ledger_that_was_cut(told_copy: Path) -> None:
    assert action_of(told_copy, *REFUND, "--confidence", "0.97") == "automate"
    size = told_copy.stat().st_size
    os.truncate(told_copy, size * 3 // 10)
    status, answer = told(told_copy, "--confidence", "0.97")
    assert (status, answer["action"]) == (2, "review")
    assert "damaged" in answer["reason"]
    assert told_copy.stat().st_size == size * 3 // 10


@pytest.mark.usefixtures("on_the_day_told")
def test_a_segment_that_is_named_twice_is_none(told_copy: Path) -> None:
    twice = ("--segment", "topic=billing", "--segment", "topic=medical")
    _, answer = told(told_copy, "--confidence", "0.97", *twice)
    assert answer["action"] == "automate"  # no rule of this signal looks at the topic
    with Ledger.open(told_copy) as ledger:
        (row,) = ledger.cursor().execute(
            "SELECT segments FROM decisions ORDER BY decision_no DESC LIMIT 1"
        ).fetchall()  # fmt: skip
    assert json.loads(row[0]) == {"segments.topic": "['billing', 'medical']"}


def test_evidence_that_waits_is_signed_by_a_validator_and_nobody_else(told_copy: Path) -> None:
    words = ("--ledger", told_copy, *MERGE)
    owner = run("validation", "sign", *words, "--as", "user:desk/bob.ng", "--meaning", "mine")
    assert owner.exit_code == 2
    assert "Bob Ng" in owner.stderr
    empty = run("validation", "sign", *words, "--as", "user:risk/vera.roth", "--meaning", " ")
    assert empty.exit_code == 2
    assert action_of(told_copy, *MERGE, "--confidence", "0.999") == "review"
    signed = run("validation", "sign", *words, "--as", "user:risk/vera.roth", "--meaning", "read")
    assert signed.exit_code == 0, signed.stderr
    assert "assurance: none" in signed.stdout
    assert action_of(told_copy, *MERGE, "--confidence", "0.999") == "automate"
    mode = run("gate", "mode", "production", "--ledger", told_copy, "--as", "user:desk/kim.sato")
    assert mode.exit_code == 0, mode.stderr
    assert "assurance signed-on or better: sign on a page of a server that was started" in " ".join(
        mode.stderr.split()
    )
    assert action_of(told_copy, *MERGE, "--confidence", "0.999") == "review"


@pytest.mark.usefixtures("on_the_day_told")
def test_submitting_prints_what_became_of_every_criterion(told_copy: Path) -> None:
    found = run("validation", "submit", "--ledger", told_copy, *REFUND, "--untuned",
                "--as", "user:payments/ines.roy")  # fmt: skip
    assert found.exit_code == 0, found.stderr
    assert "all judged claims" in found.stdout
    assert "every criterion is met" in found.stdout
    # The validation in force stays open while the new evidence waits.
    assert action_of(told_copy, *REFUND, "--confidence", "0.97") == "automate"


@pytest.mark.parametrize(
    "words",
    [
        ("submit",),
        ("sign", "--meaning", "read"),
        ("stop", "--reason", "wrong"),
        ("ask-retirement", "--reason", "old"),
    ],
)
def test_a_fingerprint_that_nothing_has_is_refused_naming_the_closest(
    told_copy: Path, words: tuple[str, ...]
) -> None:
    slip = tuple(word.replace("refund-model-6", "refund-modle-6") for word in REFUND)
    found = run(
        "validation", *words, "--ledger", told_copy, *slip, "--as", "user:payments/ines.roy"
    )
    assert found.exit_code == 2
    said = " ".join(found.stderr.split())
    assert "refund-check.logprob has no fingerprint refund-modle-6 · refund-v2" in said
    assert "are there of: refund-model-6 · refund-v2 · token-logprob · independent (" in said


def test_anybody_known_may_stop_a_fingerprint_at_once(told_copy: Path) -> None:
    found = run("validation", "stop", "--ledger", told_copy, *REFUND, "--reason", "odd refunds",
                "--as", "user:audit/nora.finn")  # fmt: skip
    assert found.exit_code == 0, found.stderr
    assert action_of(told_copy, *REFUND, "--confidence", "0.97") == "review"
    listed = run("validation", "list", "--ledger", told_copy, "--signal", "refund-check.logprob")
    assert "odd refunds" in listed.stdout


def test_a_stranger_is_refused_naming_who_is_known(told_copy: Path) -> None:
    found = run("validation", "stop", "--ledger", told_copy, *REFUND, "--reason", "x",
                "--as", "user:desk/nobody")  # fmt: skip
    assert found.exit_code == 2
    assert "user:desk/ann.lee" in found.stderr


def test_an_auditor_exports_and_verifies_with_no_ledger(told_copy: Path, tmp_path: Path) -> None:
    out, held = tmp_path / "trail.jsonl", tmp_path / "held.txt"
    held.write_text(run("trail", "checkpoint", "--ledger", told_copy).stdout)
    assert run("trail", "export", "--ledger", told_copy, "--out", out).exit_code == 0
    assert run("trail", "export", "--ledger", told_copy, "--out", out).exit_code == 2
    whole = run("trail", "verify", out, "--held", held)
    assert whole.exit_code == 0, whole.stdout
    assert "The trail is intact" in whole.stdout
    alone = run("trail", "verify", out).stdout
    assert "Nothing outside the ledger" in alone
    assert "This export carries no names" in alone
    named = tmp_path / "named.jsonl"
    assert run("trail", "export", "--ledger", told_copy, "--out", named, "--names").exit_code == 0
    assert "Signed by Vera Roth (p-" in run("trail", "verify", named).stdout
    cut = tmp_path / "cut.jsonl"
    cut.write_text(out.read_text().replace("odd", "even").replace("medical tickets", "no tickets"))
    broken = run("trail", "verify", cut, "--held", held)
    assert broken.exit_code == 1


def test_verify_says_what_it_was_given_instead_of_calling_it_altered(
    told_copy: Path, tmp_path: Path
) -> None:
    by_path, by_option = run("trail", "verify", told_copy), run("trail", "verify", "--ledger",
                                                                told_copy)  # fmt: skip
    assert (by_path.exit_code, by_path.stdout) == (0, by_option.stdout)
    for words in (("absent.jsonl",), (told_copy, "--held", "absent.txt")):
        missing = run("trail", "verify", *words)
        assert missing.exit_code == 2
        assert "There is no file absent" in missing.stderr
    out = tmp_path / "trail.jsonl"
    run("trail", "export", "--ledger", told_copy, "--out", out)
    out.write_bytes(out.read_bytes().replace(b"\n", b"\r\n"))
    changed = run("trail", "verify", out)
    assert changed.exit_code == 0
    assert "line ends of the file were changed" in changed.stdout


def test_verify_says_what_it_does_not_cover_and_misses_the_checkpoint_file(
    told_copy: Path,
) -> None:
    assert "Not covered: the table notices" in run("trail", "verify", told_copy).stdout
    told_copy.with_name(told_copy.name + ".checkpoints").unlink()
    found = run("trail", "verify", told_copy)
    assert found.exit_code == 1
    assert "checkpoints is missing" in found.stdout


def test_an_altered_claim_is_found_in_the_ledger(told_copy: Path) -> None:
    assert run("trail", "verify", "--ledger", told_copy).exit_code == 0
    with Ledger.open(told_copy) as ledger, ledger.transaction() as cursor:
        cursor.execute(
            "UPDATE claims SET confidence_ppm = 1000000 WHERE event_id = 'refund-000100'"
        )
        changed = cursor.execute("SELECT count(*) FROM claims WHERE confidence_ppm = 1000000")
        assert changed.fetchone() != (0,)
    found = run("trail", "verify", "--ledger", told_copy)
    assert found.exit_code == 1
    assert "claims" in found.stdout


def test_a_proof_is_printed_for_an_entry_and_refused_for_none(told_copy: Path) -> None:
    found = run("trail", "proof", "--ledger", told_copy, 3)
    assert found.exit_code == 0
    assert "tlog-proof" in found.stdout
    assert run("trail", "proof", "--ledger", told_copy, 100_000).exit_code == 2


def test_evidence_verify_says_same_and_then_different(told_copy: Path) -> None:
    # To measure one signal's evidence again says as much as to measure everybody's.
    with Ledger.open(told_copy) as ledger, ledger.transaction() as cursor:
        cursor.execute("DELETE FROM evidence WHERE NOT contains(bundle, 'refund-check.logprob')")
    found = run("evidence", "verify", "--ledger", told_copy)
    assert found.exit_code == 0, found.stdout
    assert "DIFFERENT" not in found.stdout
    with Ledger.open(told_copy) as ledger, ledger.transaction() as cursor:
        cursor.execute(
            """
            UPDATE claims SET outcome = 1 - outcome
            WHERE signal = 'refund-check.logprob' AND outcome IS NOT NULL
            """
        )
    changed = run("evidence", "verify", "--ledger", told_copy)
    assert changed.exit_code == 1
    assert "DIFFERENT" in changed.stdout
    assert run("evidence", "verify", "--ledger", told_copy, "zzzz").exit_code == 2


def test_people_roles_and_tokens_are_the_admins(told_copy: Path) -> None:
    kim, ledger = ("--as", "user:desk/kim.sato"), ("--ledger", told_copy)
    assert run("person", "add", *ledger, *kim, "user:desk/zoe", "--name", "Zoe Ek").exit_code == 0
    assert run("role", "grant", *ledger, *kim, "user:desk/zoe", "auditor").exit_code == 0
    listed = run("person", "list", *ledger).stdout
    assert "Zoe Ek  active  (auditor)" in listed
    assert run("role", "revoke", *ledger, *kim, "user:desk/zoe", "auditor").exit_code == 0
    away = run("person", "status", *ledger, *kim, "user:desk/zoe", "away", "--until", "2027-01-04")
    assert away.exit_code == 0, away.stderr
    made = run("token", "create", *ledger, *kim, "--scope", "decide", "--label", "desk")
    assert made.stdout.startswith("calledger_")
    token = run("token", "list", *ledger).stdout.split()[0]
    assert run("token", "revoke", *ledger, *kim, token).exit_code == 0
    assert "revoked" in run("token", "list", *ledger).stdout
    assert run("person", "forget", *ledger, *kim, "user:desk/zoe").exit_code == 0
    assert "Zoe" not in run("person", "list", *ledger).stdout
    refused = run("person", "add", *ledger, "--as", "user:desk/ann.lee", "user:desk/eve")
    assert refused.exit_code == 2


def test_a_waiver_takes_two_and_a_retirement_too(told_copy: Path) -> None:
    old = (*REFUND[:3], "refund-model-5", *REFUND[4:])
    words = ("--ledger", told_copy, *old)
    soon = f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}"
    asked = run("validation", "ask-waiver", *words, "--as", "user:payments/ines.roy",
                "--reason", "until labels come", "--until", soon)  # fmt: skip
    assert asked.exit_code == 0, asked.stderr
    approved = run("validation", "approve-waiver", *words, "--as", "user:risk/rita.costa")
    assert approved.exit_code == 0, approved.stderr
    assert action_of(told_copy, *old, "--confidence", "0.97") == "automate"
    gone = run("validation", "ask-retirement", *words, "--as", "user:payments/ines.roy",
               "--reason", "replaced")  # fmt: skip
    assert gone.exit_code == 0, gone.stderr
    assert (
        run("validation", "approve-retirement", *words, "--as", "user:risk/vera.roth").exit_code
        == 0
    )
    assert action_of(told_copy, *old, "--confidence", "0.97") == "review"


@pytest.mark.parametrize("words", [("trail", "verify"), ("decide",), ("registry", "export")])
def test_a_missing_ledger_is_one_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    more = REFUND if words == ("decide",) else ()
    found = run(*words, "--ledger", tmp_path / "none.duckdb", *more)
    assert found.exit_code == 2
    assert "none.duckdb" in found.stderr
    assert "Traceback" not in found.stderr


def test_the_first_admin_is_bound_on_the_machine_and_binds_others(tmp_path: Path) -> None:
    ledger = tmp_path / "l.duckdb"
    Ledger.open(ledger, create=True).close()
    account = ("--issuer", "https://login.example.org", "--subject")
    bound = run("person", "bind", "user:desk/kim", *account, "k1", "--ledger", ledger)
    assert bound.exit_code == 0, bound.stderr
    assert "user:desk/kim, the first admin" in bound.stdout
    admin = ("--as", "user:desk/kim", "--ledger", ledger)
    assert run("person", "add", "user:desk/ann", *admin).exit_code == 0
    assert run("person", "bind", "user:desk/ann", *account, "a1", *admin).exit_code == 0
    again = run("person", "bind", "user:desk/kim", *account, "a1", *admin)
    assert again.exit_code == 2
    assert "This account is bound to" in again.stderr
    own = ("--as", "user:desk/ann", "--ledger", ledger)
    assert run("person", "unbind", *account, "k1", *own).exit_code == 2
    assert run("person", "unbind", *account, "a1", *admin).exit_code == 0
