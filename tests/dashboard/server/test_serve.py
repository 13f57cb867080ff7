"""The server as a process of its own: its address, its port, its end."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError

import pytest

from dashboard.server import serve
from dashboard.server.serve import _address, _listener, run
from tests.worlds.paths import ROOT
from tests.worlds.running.running import free_port

ADDRESS = re.compile(r"Calibration Ledger is at (http://\S+):(\d+)")


#: The program, and one that leaves out the half minute in which the demo's story is told.
PROGRAM = ("-m", "dashboard.cli.main")
UNTOLD = (
    "-c",
    "from dashboard.cli.commands.running import serving; serving.tell = lambda *_: None; "
    "from dashboard.cli.main import main; main()",
)


@contextmanager
def process(
    *words: object, folder: Path, program: Sequence[str] = PROGRAM
) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """A calledger command that serves, started from another folder; its address and port."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    started = subprocess.Popen(
        [sys.executable, *program, *map(str, words), "--no-browser"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env={**environment, "PYTHONUNBUFFERED": "1"},
    )
    assert started.stdout is not None
    try:
        said = ""
        while (found := ADDRESS.search(said)) is None:
            line = started.stdout.readline()
            assert line, f"the server ended: {said}"
            said += line
        yield started, f"{found[1]}:{found[2]}", int(found[2])
    finally:
        if started.poll() is None:
            started.kill()
        started.communicate()


def health(address: str) -> dict[str, object]:
    with urllib.request.urlopen(f"{address}/healthz", timeout=30) as answer:
        found: dict[str, object] = json.load(answer)
        return found


def open_page(port: int) -> socket.socket:
    """The web socket that a browser keeps open as long as it shows the page."""
    page = socket.create_connection(("127.0.0.1", port), timeout=10)
    key = base64.b64encode(os.urandom(16)).decode()
    page.sendall(
        f"GET /_stcore/stream HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Origin: http://127.0.0.1:{port}\r\n\r\n".encode()
    )
    assert b"101" in page.recv(4096).split(b"\r\n")[0]
    return page


@pytest.mark.parametrize(
    "program",
    [pytest.param(UNTOLD, id="untold"), pytest.param(PROGRAM, id="told", marks=pytest.mark.slow)],
)
def test_demo_serves_from_any_folder_and_leaves_nothing_behind_when_stopped(
    tmp_path: Path, program: Sequence[str]
) -> None:
    words = ("demo", "--port", free_port())
    with process(*words, folder=tmp_path, program=program) as (server, address, port):
        assert health(address)["status"] == "ok"
        assert health(address)["data_version"] == 8
        foreign = urllib.request.Request(f"{address}/healthz", headers={"Host": "evil.example"})
        with pytest.raises(HTTPError, match="403"):
            urllib.request.urlopen(foreign, timeout=30)
        (made,) = tmp_path.glob("calledger-demo-*")
        assert (made / "demo.duckdb").exists()
        with open_page(port):
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)
        assert not list(tmp_path.glob("calledger-demo-*"))


def test_a_busy_port_moves_on_and_ctrl_c_ends_without_complaint(
    sample_path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.duckdb"
    shutil.copy(sample_path, copy)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        busy = other.getsockname()[1]
        words = ("serve", "--ledger", copy, "--port", busy)
        with process(*words, folder=tmp_path) as (server, address, port):
            assert port > busy
            assert health(address)["data_version"] == 8
            server.send_signal(signal.SIGINT)
            rest, _ = server.communicate(timeout=20)
            assert server.returncode == 0
            assert rest == ""


def test_a_port_that_was_given_cannot_be_taken_by_another() -> None:
    first = _listener("127.0.0.1", free_port())
    with first, _listener("127.0.0.1", first.getsockname()[1]) as second:
        assert second.getsockname()[1] > first.getsockname()[1]


def test_an_answer_on_a_connection_that_is_kept_is_sent_at_once() -> None:
    async def accepted() -> bool:
        met: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def connected(_reader: object, writer: asyncio.StreamWriter) -> None:
            taken = writer.get_extra_info("socket")
            met.set_result(taken.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(connected, sock=listener):
            _, writer = await asyncio.open_connection(*listener.getsockname())
            writer.close()
            return bool(await met)

    listener = _listener("127.0.0.1", free_port())
    # In a thread of its own: the browser tests keep an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(asyncio.run, accepted()).result()


def test_no_free_port_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serve, "PORTS_TO_TRY", 1)
    with _listener("127.0.0.1", free_port()) as taken, pytest.raises(SystemExit) as caught:
        _listener("127.0.0.1", taken.getsockname()[1])
    assert caught.value.code == 2
    assert "give --port another" in capsys.readouterr().err


def test_an_address_that_is_not_ours_is_not_called_a_busy_port(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        _listener("192.0.2.1", 8501)
    assert caught.value.code == 2
    said = capsys.readouterr().err
    assert said.startswith("calledger: Cannot listen on 192.0.2.1 port 8501: ")
    assert "free port" not in said


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8501"),
        ("localhost", "http://localhost:8501"),
        ("::1", "http://[::1]:8501"),
    ],
)
def test_the_address_can_be_typed_into_a_browser(host: str, address: str) -> None:
    assert _address(host, 8501) == address


def test_a_signal_to_end_unwinds_what_was_begun() -> None:
    before = signal.getsignal(signal.SIGTERM)
    cleared: list[str] = []

    def work() -> None:
        with serve.ended_in_order():
            try:
                signal.raise_signal(signal.SIGHUP)
            finally:
                cleared.append("what was made")

    with pytest.raises(SystemExit) as caught:
        work()
    assert cleared
    assert caught.value.code == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_an_address_that_others_can_reach_is_refused(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        run(tmp_path / "ledger.duckdb", host=host, port=8501, open_browser=False)
    assert caught.value.code == 2
    assert f"{host} can be reached from other machines" in capsys.readouterr().err
