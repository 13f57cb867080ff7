"""A real HTTP receiver on this machine."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from core.ledger.connection import Ledger
from core.trail import log as trail


@pytest.fixture(scope="session")
def told_shared(told_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The told sample for all tests that only read it: what pages compute is kept by its path."""
    folder = tmp_path_factory.mktemp("told_shared")
    for file in told_path.parent.glob("told.duckdb*"):
        shutil.copy(file, folder / file.name)
    return folder / told_path.name


@pytest.fixture(scope="session")
def sample_shared(sample_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's events alone, likewise; serve it with ``keep=True``."""
    return Path(shutil.copy(sample_path, tmp_path_factory.mktemp("sample_shared")))


@pytest.fixture
def told_read(told_shared: Path, serving: Callable[..., None]) -> Iterator[Path]:
    """The dashboard serves the told sample to a test that only reads; who writes takes a copy."""
    from dashboard.server import open_ledger as owner

    def written(ledger: Ledger) -> tuple[int, int]:
        return ledger.data_version(), trail.size(ledger.cursor())

    serving(told_shared, keep=True)
    before = written(owner.ledger())
    yield told_shared
    assert written(owner.ledger()) == before, "the test has written: give it told_copy"


class Receiver:
    """An HTTP server that keeps what it is sent, and answers as it is told to, and when.

    Attributes:
        asked: set once something was sent.
        answering: while it is clear, whoever asks waits, for a minute at most.
    """

    def __init__(self, port: int = 0) -> None:
        received: list[tuple[str, dict[str, Any]]] = []
        self.received, self.status = received, 200
        self.asked, self.answering = threading.Event(), threading.Event()
        self.answering.set()
        mine = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mine.asked.set()
                mine.answering.wait(60)
                if mine.status == 200:
                    received.append((self.path, json.loads(body)))
                self.send_response(mine.status)
                self.end_headers()
                # A server may repeat in its answer what it was asked.
                self.wfile.write(f"{self.path} {self.headers}".encode())

            def log_message(self, *_words: object) -> None:
                """Keep still."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver_on() -> Iterator[Callable[[int], Receiver]]:
    """``receiver_on(port)``: a receiver that is there until the test ends."""
    made: list[Receiver] = []

    def start(port: int) -> Receiver:
        made.append(Receiver(port))
        return made[-1]

    yield start
    for one in made:
        one.stop()


@pytest.fixture
def receiver(receiver_on: Callable[[int], Receiver]) -> Receiver:
    """A receiver on a free port."""
    return receiver_on(0)


@pytest.fixture
def select(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``select(0, 2)``: from now on these rows of a page's tables are chosen.

    Streamlit's tests of apps can not choose rows of a table.
    """
    original = st.dataframe

    def choose(*rows: int) -> None:
        def table(*args: Any, **options: Any) -> Any:
            shown = original(*args, **options)
            chosen = {"selection": {"rows": list(rows), "columns": []}}
            return chosen if options.get("on_select") else shown

        monkeypatch.setattr(st, "dataframe", table)

    return choose
