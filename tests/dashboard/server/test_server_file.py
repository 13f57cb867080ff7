"""How commands find the server that owns a ledger, and ask it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.ledger.connection import Ledger
from core.ledger.errors import LedgerHeld
from dashboard.server import open_ledger
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


def is_ready(ledger: Path) -> bool:
    server = running_on(ledger)
    try:
        return server is not None and httpx.get(f"{server.address}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that holds a ledger until its input ends."""
    ledger = tmp_path / "l.duckdb"
    Ledger.open(ledger, create=True).close()
    holds = (
        "import sys; from core.ledger.connection import Ledger; "
        f"ledger = Ledger.open({str(ledger)!r}); print('open', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", holds], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        yield process


def test_a_server_that_starts_waits_for_a_command_to_end(
    tmp_path: Path, holder: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_ledger, "PATIENCE", 60.0)
    looks = 0

    def sleep(_seconds: float) -> None:
        nonlocal looks
        looks += 1
        assert holder.stdin is not None
        holder.stdin.close()
        holder.wait()

    monkeypatch.setattr(open_ledger.time, "sleep", sleep)
    open_ledger.opened_patiently(tmp_path / "l.duckdb").close()
    assert looks == 1


def test_it_waits_for_no_other_server(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    ledger = tmp_path / "l.duckdb"
    other = Running("http://127.0.0.1:1", holder.pid, "secret")
    with announced(ledger, other), pytest.raises(LedgerHeld, match=f"process {holder.pid}"):
        open_ledger.opened_patiently(ledger)


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
        until = time.monotonic() + 60
        while not is_ready(ledger):
            assert time.monotonic() < until
            time.sleep(0.05)
        asked = subprocess.run(
            [calledger, "decide", "--ledger", str(ledger), "--signal", "s",
             "--confidence", "0.9", "--event-id", "e1", "--format", "json"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert asked.returncode == 0, asked.stderr
        assert json.loads(asked.stdout)["rule"] == "builtin:fail-closed"
        assert f"process {serving.pid}" in asked.stderr
    finally:
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=30)
    with Ledger.open(ledger) as opened:
        rows = opened.cursor().execute("SELECT event_id, action FROM decisions").fetchall()
    assert rows == [("e1", "review")]
