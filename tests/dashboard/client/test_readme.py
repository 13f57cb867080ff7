"""The README's example of logging from Python, run as it is written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from core.gate import registry_changes as registry
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from dashboard.server import open_ledger as owner
from dashboard.server.settings import LEDGER_VARIABLE
from tests.worlds.governed.asked import token_for
from tests.worlds.paths import ROOT
from tests.worlds.running.running import running


def test_the_example_logs_a_claim_asks_the_gate_and_logs_the_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    part = text.partition("<!-- client -->")[2].partition("<!-- /client -->")[0]
    shell, program = re.findall(r"```(?:sh|python)\n(.*?)```", part, re.DOTALL)
    ledger = tmp_path / "ledger.duckdb"
    Ledger.open(ledger, create=True).close()
    monkeypatch.setenv(LEDGER_VARIABLE, str(ledger))
    # The README's calledger, of this very house.
    command = tmp_path / "calledger"
    words = ("import sys", f"sys.path[:0] = [{str(ROOT)!r}]", "from dashboard.cli.main import main")
    command.write_text("\n".join((f"#!{sys.executable}", *words, "main()", "")))
    command.chmod(0o755)
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path}
    subprocess.run(shell, shell=True, cwd=tmp_path, env=environment, check=True, timeout=60)
    try:
        entries = (ROOT / "sample_data" / "registry.yaml").read_text(encoding="utf-8")
        registry.apply(owner.office(), read(entries), "user:desk/kim")
        with running() as address:
            told = {"CALLEDGER_URL": address, "CALLEDGER_TOKEN": token_for("ingest", "decide")[1]}
            done = subprocess.run(
                [sys.executable, "-c", program], cwd=tmp_path, env={**environment, **told},
                capture_output=True, text=True, check=True, timeout=60,
            )  # fmt: skip
            owner.folder().ask(None, within=20)
            claims = owner.cursor().execute(
                "SELECT signal, event_id, confidence_raw, outcome FROM claims"
            )
            assert claims.fetchall() == [("ticket-triage.self-report", "t-1004", 0.95, 1)]
            logged = owner.cursor().execute("SELECT event_id, action FROM decisions").fetchall()
    finally:
        owner.close()
    said, counts = done.stdout.splitlines()
    assert logged == [("t-1004", said.split(" because: ")[0])]
    assert "sent=3, refused=0, spilt=0, dropped=0, waiting=0" in counts
    assert not (tmp_path / "unsent").exists()
