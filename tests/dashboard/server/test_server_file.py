"""How commands find the server that owns a ledger, and ask it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from core.ledger.connection import Ledger
from dashboard.server.server_file import Running, announced, running_on


def test_word_of_a_server_is_for_its_owner_only_and_gone_with_it(tmp_path: Path) -> None:
    ledger, note = tmp_path / "l.duckdb", tmp_path / "l.duckdb.server"
    server = Running("http://127.0.0.1:1", os.getpid(), "calledger_secret")
    with announced(ledger, server):
        assert running_on(ledger) == server
        assert note.stat().st_mode & 0o777 == 0o600
    assert not note.exists()
    assert running_on(ledger) is None
    assert "secret" not in repr(server)


def test_a_damaged_word_is_no_server(tmp_path: Path) -> None:
    for text in ("", "{}", '{"address": 1}', "not json"):
        (tmp_path / "l.duckdb.server").write_text(text)
        assert running_on(tmp_path / "l.duckdb") is None


def test_decide_asks_the_running_server_when_the_ledger_is_held(tmp_path: Path) -> None:
    ledger = tmp_path / "l.duckdb"
    Ledger.open(ledger, create=True).close()
    calledger = str(Path(sys.executable).with_name("calledger"))
    serving = subprocess.Popen(
        [calledger, "serve", "--ledger", str(ledger), "--port", "8931"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    try:
        assert serving.stdout is not None
        assert "is at http" in serving.stdout.readline()
        for _ in range(50):
            asked = subprocess.run(
                [calledger, "decide", "--ledger", str(ledger), "--signal", "s",
                 "--confidence", "0.9", "--event-id", "e1", "--format", "json"],
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            # Until the server holds the ledger, the command answers by itself.
            if asked.returncode == 0 and asked.stderr:
                break
        assert asked.returncode == 0, asked.stderr
        assert json.loads(asked.stdout)["rule"] == "builtin:fail-closed"
        assert f"process {serving.pid}" in asked.stderr
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=30)
    with Ledger.open(ledger) as opened:
        rows = opened.cursor().execute("SELECT event_id, action FROM decisions").fetchall()
    assert rows == [("e1", "review")]
