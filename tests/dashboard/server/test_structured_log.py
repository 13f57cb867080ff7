"""The log as JSON lines: every request is in it, and nothing of what was sent."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from core.audit.verify import verify_ledger
from core.gate import registry_changes as registry
from core.governance.people import api_tokens, people
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.spool.segments import beside
from dashboard.server.structured_log import HEADER, JsonLines, route_of
from tests.worlds.governed.governed import REGISTRY
from tests.worlds.paths import ROOT
from tests.worlds.running.running import free_port

#: What was sent, and by whom.
PRIVATE = ("kim", "triage", "patient-4711", "0.9321", "calledger_", "desk")


def lines_of(record: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = json.loads(JsonLines().format(record))
    return found


@pytest.mark.parametrize("name", ["dashboard.server.routes.live", "asyncio"])
def test_of_an_exception_its_kind_and_place_are_told_and_not_its_words(name: str) -> None:
    try:
        raise ValueError("patient-4711")
    except ValueError:
        record = logging.getLogger(name).makeRecord(
            name, logging.ERROR, __file__, 1, "It could not\nbe kept.", (), sys.exc_info()
        )
    found = lines_of(record)
    assert (found["level"], found["log"], found["error"]) == ("error", name, "ValueError")
    assert "test_structured_log.py" in str(found["where"])
    assert "patient-4711" not in json.dumps(found)


def test_of_a_message_of_somebody_elses_only_the_first_line_is_written() -> None:
    words = (
        "Task exception was never retrieved\nfuture: <Task exception=ValueError('patient-4711')>"
    )
    record = logging.getLogger("asyncio").makeRecord("asyncio", 40, "", 1, words, (), None)
    assert lines_of(record)["message"] == "Task exception was never retrieved"


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/api/v1/signals/triage", "/api/v1/signals/…"),
        ("/api/v1/receipts/1764000000000:1-1", "/api/v1/receipts/…"),
        ("/api/v1/claims", "/api/v1/claims"),
        ("/v1/logs", "/v1/logs"),
        ("/v1/logs/kim", "another"),
        ("/media/kim.csv", "/media/…"),
        ("/reliability", "/reliability"),
        ("/kim.sato", "another"),
        ("/api/v1/claims/kim", "another"),
        ("/", "/"),
    ],
)
def test_a_path_is_told_without_what_stands_in_its_place(path: str, route: str) -> None:
    assert route_of(path) == route


def served(path: Path, port: int, begin: str = "") -> subprocess.Popen[str]:
    """A server that writes its log as JSON lines; ``begin``: Python that it runs first."""
    words = ["serve", "--ledger", str(path), "--port", str(port), "--log-json", "info"]
    code = f"{begin}\nfrom dashboard.cli.main import main\nmain({words!r})"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=path.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    )


def test_a_server_logs_every_request_and_nothing_sent_and_ends_with_every_row_in_the_ledger(
    tmp_path: Path,
) -> None:
    path, port = tmp_path / "ledger.duckdb", free_port()
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        registry.apply(office, read(REGISTRY), "user:desk/kim")
        kim = people.known_person(office, "user:desk/kim")
        actor = people.actor_for(office.state(), kim, "token.created", None)
        _, secret = api_tokens.create(office, actor, "desk", api_tokens.SCOPES)
    server = served(path, port)
    try:
        assert server.stdout is not None
        assert "Calibration Ledger is at" in server.stdout.readline()
        claim = {
            "event_id": "patient-4711",
            "ts": "2026-11-02T10:00:00Z",
            "signal": "triage",
            "confidence": 0.9321,
        }
        asked = {
            ("POST", "/api/v1/claims"): claim,
            ("POST", "/api/v1/decide"): claim,
            ("POST", "/api/v1/outcomes"): "patient-4711",
            ("GET", "/api/v1/signals/triage"): None,
            ("POST", "/api/v1/command"): claim,
        }
        statuses, ids = [], []
        for (method, route), body in asked.items():
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}{route}",
                None if body is None else json.dumps(body).encode(),
                {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"},
                method=method,
            )
            try:
                answer = urllib.request.urlopen(request, timeout=60)
            except HTTPError as refused:
                answer = refused
            with answer:
                statuses.append(answer.status)
                ids.append(answer.headers[HEADER])
        assert statuses == [200, 200, 400, 404, 400]
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=60)
    finally:
        server.kill()
    assert server.returncode == 0
    logged = [json.loads(line) for line in errors.splitlines()]
    requests = [one for one in logged if one["log"] == "dashboard.requests"]
    assert [(one["request"], one["status"]) for one in requests] == list(
        zip(ids, statuses, strict=True)
    )
    assert [one["route"] for one in requests][3] == "/api/v1/signals/…"
    assert not [word for word in PRIVATE if word in errors]
    # A clean end: what was acknowledged is in the ledger, and nothing is left beside it.
    assert not beside(path).exists()
    assert not path.with_name(f"{path.name}.server").exists()
    with Ledger.open(path) as ledger, ledger.cursor() as cursor:
        counts = "SELECT (SELECT count(*) FROM claims), (SELECT count(*) FROM decisions)"
        assert cursor.execute(counts).fetchone() == (1, 1)
        assert verify_ledger(cursor).ok


#: What others' code writes past every log: a warning, a line, an error that nobody catches; and
#: pages that fail.
PAST_THE_LOG = """
import sys, threading, warnings
def past_the_log():
    sys.stderr.write("a line and ")
    print("its end", file=sys.stderr)
    warnings.warn("an old way of doing it")
    threading.Thread(target=lambda: int("patient-4711")).start()
    from streamlit.logger import get_logger
    get_logger("streamlit.made_late").warning("a logger made late")
    import dashboard.widgets.filters as filters
    filters.draw = lambda *_: int("patient-4711")
import dashboard.server.background_rounds as rounds
before = rounds.owner.office
def office():
    rounds.owner.office = before
    past_the_log()
    return before()
rounds.owner.office = office
"""


async def visited(address: str, pages: Sequence[str]) -> None:
    """Open pages as a browser does, each to its end."""
    for page in pages:
        url = f"ws://{address}/_stcore/stream"
        async with websockets.connect(url, origin=f"http://{address}", max_size=None) as socket:
            asked = BackMsg()
            asked.rerun_script.query_string = ""
            asked.rerun_script.page_name = page
            await socket.send(asked.SerializeToString())
            finished = False
            while not finished:
                answer = ForwardMsg()
                answer.ParseFromString(await asyncio.wait_for(socket.recv(), 120))
                finished = answer.WhichOneof("type") == "script_finished"


def test_every_line_is_json_also_of_pages_of_errors_and_of_what_passes_the_log_by(
    tmp_path: Path,
) -> None:
    path, port = tmp_path / "ledger.duckdb", free_port()
    Ledger.open(path, create=True).close()
    server = served(path, port, PAST_THE_LOG)
    try:
        assert server.stdout is not None
        assert "Calibration Ledger is at" in server.stdout.readline()
        with ThreadPoolExecutor(1) as thread:
            pages = ("", "reliability", "segments", "watch")
            thread.submit(asyncio.run, visited(f"127.0.0.1:{port}", pages)).result()
        server.send_signal(signal.SIGTERM)
        _, errors = server.communicate(timeout=60)
    finally:
        server.kill()
    plain = [line for line in errors.splitlines() if not line.startswith("{")]
    assert plain == []
    logged = [json.loads(line) for line in errors.splitlines()]
    assert {"at", "level", "log", "message"} <= set.intersection(*map(set, logged))
    said = {(one["log"], one["message"]) for one in logged}
    assert ("stderr", "a line and its end") in said
    assert ("streamlit.made_late", "a logger made late") in said
    assert any("an old way of doing it" in message for log, message in said if log == "py.warnings")
    failed = {one["log"] for one in logged if one.get("error") == "ValueError"}
    assert "uncaught" in failed
    # The pages, by Streamlit's own logger.
    assert any(log.startswith("streamlit.") for log in failed)
    assert "patient-4711" not in errors
