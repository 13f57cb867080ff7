"""The files a team starts the server by are what their readers take them for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from dashboard.cli.main import main
from tests.worlds.paths import ROOT
from tests.worlds.running.command_line import named

DEPLOY = ROOT / "dashboard" / "deploy"
UNIT = (DEPLOY / "calledger.service").read_text()
CONTAINER = (DEPLOY / "Dockerfile").read_text()


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None and not os.environ.get("CI"), reason="no systemd here"
)
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    program = shutil.which("true")
    assert program is not None
    unit = UNIT.replace("/opt/calledger/bin/calledger", program)
    (tmp_path / "calledger.service").write_text(unit)
    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "calledger.service")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = [line for line in found.stderr.splitlines() if "calledger" in line]
    assert (found.returncode, said) == (0, [])


@pytest.mark.parametrize("text", [UNIT, CONTAINER], ids=["unit", "container"])
def test_every_option_is_one_of_serve(text: str) -> None:
    commands = [line for line in text.splitlines() if re.match("ExecStart|ENTRYPOINT|CMD", line)]
    used = set(re.findall(r"--[a-z-]+", " ".join(commands)))
    known = {name for param in named(main, "serve").params for name in param.opts}
    assert used
    assert used <= known


def test_a_copy_of_the_ledger_is_for_nobody_else_to_read() -> None:
    assert "UMask=0077" in UNIT
    assert "StateDirectoryMode=0700" in UNIT
    assert re.search(r"^USER (?!root)", CONTAINER, re.M)
