"""Backup, restore and doctor on the command line: what is printed, and with which exit code."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner, Result

from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.notices import outbox
from core.notices.outbox import Draft
from core.registry.yaml_reader import read
from core.trail import log as trail
from dashboard.cli.main import main
from dashboard.server.server_file import Running, announced
from tests.worlds.governed.governed import REGISTRY
from tests.worlds.paths import ROOT

NOW = datetime(2026, 11, 2, 9)


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def governed(path: Path) -> Path:
    with Ledger.open(path, create=True) as ledger:
        registry.apply(Office.of(ledger), read(REGISTRY), "user:desk/kim")
    return path


def test_a_backup_is_taken_and_restored_and_both_say_what_is_in_it(tmp_path: Path) -> None:
    ledger, kept, again = (tmp_path / name for name in ("l.duckdb", "kept", "again.duckdb"))
    governed(ledger)
    taken = run("backup", "--ledger", ledger, "--to", kept)
    assert taken.exit_code == 0, taken.stderr
    assert f"{kept} holds 0 claims, 0 outcomes, " in taken.stdout
    assert "the signing key" in taken.stdout
    assert "whoever can read the folder can sign as this ledger" in taken.stderr
    restored = run("restore", kept, "--to", again)
    assert restored.exit_code == 0, restored.stderr
    assert "and verified: 0 claims" in restored.stdout
    assert run("trail", "verify", "--ledger", again).exit_code == 0
    twice = run("restore", kept, "--to", again)
    assert twice.exit_code == 2
    assert "never overwrites" in twice.stderr


def test_a_restored_ledger_tells_nobody_anything_until_it_is_said_to_be_the_live_one(
    tmp_path: Path,
) -> None:
    ledger, kept, again = (tmp_path / name for name in ("l.duckdb", "kept", "again.duckdb"))
    governed(ledger)
    channel = "channels:\n  - {name: desk, url: 'json://127.0.0.1:9'}\n"
    (tmp_path / "l.duckdb.notices.yaml").write_text(channel)
    (tmp_path / "l.duckdb.notices.yaml").chmod(0o600)
    with Ledger.open(ledger) as opened, opened.transaction() as cursor:
        outbox.write(cursor, [Draft("desk", "digest", "Waits", "Since then.", ())], NOW)
    run("backup", "--ledger", ledger, "--to", kept)
    assert f"notices resume --ledger {again}" in run("restore", kept, "--to", again).stderr
    told = run("notices", "send", "--ledger", again)
    assert (told.exit_code, "restored from a backup" in told.stderr) == (0, True)
    assert "restored from a backup" in run("notices", "list", "--ledger", again).stderr
    resume = ("notices", "resume", "--ledger", again, "--as")
    refused = run(*resume, "user:desk/ann")
    assert (refused.exit_code, "Only an admin may" in refused.stderr) == (2, True)
    assert "restored from a backup" in run("notices", "list", "--ledger", again).stderr
    assert "tells people again" in run(*resume, "user:desk/kim").stdout
    assert "Nothing was held back" in run(*resume, "user:desk/kim").stdout
    with Ledger.open(again) as opened:
        office = Office.of(opened)
        acts = [one for one in trail.acts(opened.cursor()) if one.kind == "notices.resumed"]
        assert [one.actor.sub for one in acts] == [people.known_person(office, "user:desk/kim")]
    sent = run("notices", "send", "--ledger", again)
    assert (sent.exit_code, "The channel desk was not reached" in sent.stderr) == (1, True)


def test_a_backup_without_the_key_says_who_can_do_nothing(tmp_path: Path) -> None:
    ledger, kept, again = (tmp_path / name for name in ("l.duckdb", "kept", "again.duckdb"))
    governed(ledger)
    (tmp_path / "l.duckdb.key").unlink()
    taken = run("backup", "--ledger", ledger, "--to", kept)
    assert "no signing key" in taken.stdout
    assert "nobody can act" in taken.stderr
    assert f"put it back as {again}.key" in run("restore", kept, "--to", again).stderr


def test_the_doctor_finds_nothing_or_tells_it_with_exit_1(tmp_path: Path) -> None:
    ledger = governed(tmp_path / "l.duckdb")
    well = run("doctor", ledger)
    assert (well.exit_code, "No problem found with" in well.stdout) == (0, True)
    (tmp_path / "l.duckdb.key").chmod(0o644)
    ill = run("doctor", ledger)
    assert (ill.exit_code, ill.stdout.startswith("key: ")) == (1, True)
    assert "chmod 600" in ill.stdout


def test_the_doctor_asks_the_server_that_holds_a_ledger(tmp_path: Path) -> None:
    ledger = governed(tmp_path / "l.duckdb")
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.worlds.running.live_server", str(ledger), "60"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    try:
        assert server.stdout is not None
        word = Running(f"http://127.0.0.1:{server.stdout.readline().strip()}", server.pid, "x")
        urllib.request.urlopen(f"{word.address}/readyz", timeout=60).close()
        with announced(ledger, word):
            well = run("doctor", ledger)
        assert f"is open in process {server.pid}, the server at {word.address}" in well.stdout
        assert well.exit_code == 0, well.output
        silent = run("doctor", ledger)
        assert (silent.exit_code, "is no server, has it open" in silent.stdout) == (1, True)
        with announced(ledger, Running("http://127.0.0.1:9", server.pid, "x")):
            assert "http://127.0.0.1:9 does not answer" in run("doctor", ledger).stdout
    finally:
        server.terminate()
        server.communicate(timeout=60)
    with announced(ledger, word):
        left = run("doctor", ledger)
    assert (left.exit_code, "was ended by force" in left.stderr) == (0, True)
