"""Who may knock: every route, Streamlit's own included, by the host and the origin of the asker."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from core.gate.gate import FAIL_ACTION
from core.ledger.connection import Ledger
from dashboard.cli.main import main
from dashboard.server.hosts import host_name, known
from dashboard.server.perimeter import MOST_TOLD, Perimeter, refusal
from tests.worlds.paths import ROOT
from tests.worlds.running.running import free_port

NAMED = "ledger.example.org"


@dataclass(frozen=True)
class Answer:
    """What a server said: the status, the headers in lower case, the body."""

    status: int
    headers: dict[str, str]
    body: str


def ask(
    port: int, method: str, path: str, headers: dict[str, str], *, web_socket: bool = False
) -> Answer:
    """Ask with exactly these headers; the body of an answer without end is cut short."""
    sent = {"Connection": "close", "Content-Length": "0", **headers}
    if web_socket:
        key = base64.b64encode(os.urandom(16)).decode()
        sent = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
            **headers,
        }
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items())]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        received = b""
        while part := connection.recv(65536):
            received += part
            if web_socket and b"\r\n\r\n" in received:
                break
    head, _, body = received.decode("utf-8", errors="replace").partition("\r\n\r\n")
    status, *rest = head.split("\r\n")
    named = (line.partition(": ") for line in rest)
    return Answer(int(status.split()[1]), {name.lower(): value for name, _, value in named}, body)


def serving(words: list[str], folder: Path, port: int, **variables: str) -> Iterator[int]:
    """A server's port, once it answers."""
    started = subprocess.Popen(
        [sys.executable, "-m", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )
    try:
        for _ in range(600):
            assert started.poll() is None, "the server ended"
            try:
                ask(port, "GET", "/healthz", {"Host": f"127.0.0.1:{port}"})
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        started.terminate()
        started.wait(timeout=30)


def by_serve(ledger: Path, port: int) -> Iterator[int]:
    words = ["dashboard.cli.main", "serve", "--ledger", str(ledger), "--allowed-host", NAMED]
    return serving([*words, "--port", str(port)], ledger.parent, port)


def by_streamlit(ledger: Path, port: int) -> Iterator[int]:
    words = ["streamlit", "run", str(ROOT / "dashboard" / "app.py"), "--server.headless=true"]
    words += [
        "--server.address=127.0.0.1",
        f"--server.port={port}",
        "--server.fileWatcherType=none",
    ]
    variables = {"CALLEDGER_LEDGER": str(ledger), "CALLEDGER_ALLOWED_HOSTS": NAMED}
    return serving(words, ROOT, port, **variables)


@pytest.fixture(scope="module", params=[by_serve, by_streamlit], ids=["serve", "streamlit-run"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server on an empty ledger, started in each of the two ways."""
    ledger = tmp_path_factory.mktemp("site") / "ledger.duckdb"
    Ledger.open(ledger, create=True).close()
    yield from request.param(ledger, free_port())


#: Each route: method, path, what it says to whom it lets in.
ROUTES = {
    "page": ("GET", "/", 200),
    "page below": ("GET", "/reliability", 200),
    "script": ("GET", "/static/js/SCRIPT", 200),
    "icon": ("GET", "/favicon.png", 200),
    "healthz": ("GET", "/healthz", 200),
    "livez": ("GET", "/livez", 200),
    "readyz": ("GET", "/readyz", 200),
    "numbers": ("GET", "/metrics", 401),
    "openapi": ("GET", "/api/v1/openapi.json", 200),
    "decide": ("POST", "/api/v1/decide", 401),
    "command": ("POST", "/api/v1/command", 401),
    "claims": ("POST", "/api/v1/claims", 401),
    "outcomes": ("POST", "/api/v1/outcomes", 401),
    "exported logs": ("POST", "/v1/logs", 401),
    "exported spans": ("POST", "/v1/traces", 401),
    "receipt": ("GET", "/api/v1/receipts/1764000000000:1-1", 401),
    "signals": ("GET", "/api/v1/signals", 401),
    "signal": ("GET", "/api/v1/signals/s", 401),
    "to label": ("GET", "/api/v1/labels/s", 401),
    "health": ("GET", "/_stcore/health", 200),
    "host-config": ("GET", "/_stcore/host-config", 200),
    "media": ("GET", "/media/none.csv", 404),
    "upload": ("PUT", "/_stcore/upload_file/session/file", 403),
    "take back": ("DELETE", "/_stcore/upload_file/session/file", 403),
    "component": ("GET", "/component/none/index.html", 404),
    "component v2": ("GET", "/_stcore/bidi-components/none/index.js", 404),
    "sign in": ("GET", "/auth/login", None),
    "metrics": ("GET", "/_stcore/metrics", 404),
    "metrics/": ("GET", "/_stcore/metrics/", 404),
    "script health": ("GET", "/_stcore/script-health-check", 404),
    "agent": ("POST", "/_stcore/agent/interact", 404),
    "agent schema": ("GET", "/_stcore/agent/openapi.json", 404),
    "agent tools": ("POST", "/_stcore/agent/mcp", 404),
}

#: Each asker: whether it is let in, and its headers; PORT is the port served.
ASKERS: dict[str, tuple[bool, dict[str, str]]] = {
    "a program": (True, {"Host": "127.0.0.1:PORT"}),
    "its own page": (True, {"Host": "127.0.0.1:PORT", "Origin": "http://127.0.0.1:PORT"}),
    "its own page by name": (True, {"Host": "localhost:PORT", "Origin": "http://localhost:PORT"}),
    "its own page by IPv6": (True, {"Host": "[::1]:PORT", "Origin": "http://[::1]:PORT"}),
    "a named host": (True, {"Host": NAMED, "Origin": f"https://{NAMED}"}),
    "a foreign host": (False, {"Host": "evil.example", "Origin": "http://evil.example"}),
    "a foreign host's program": (False, {"Host": "evil.example:PORT"}),
    "another name that ends alike": (False, {"Host": f"evil{NAMED}"}),
    "another port as host": (False, {"Host": "127.0.0.1:1"}),
    "no host": (False, {"Host": ""}),
    "a foreign origin": (False, {"Host": "127.0.0.1:PORT", "Origin": "http://evil.example"}),
    "another port": (False, {"Host": "127.0.0.1:PORT", "Origin": "http://127.0.0.1:9999"}),
    "another name of here": (False, {"Host": "127.0.0.1:PORT", "Origin": "http://localhost:PORT"}),
    "no origin to name": (False, {"Host": "127.0.0.1:PORT", "Origin": "null"}),
    "an empty origin": (False, {"Host": "127.0.0.1:PORT", "Origin": ""}),
    "a picture elsewhere": (
        False,
        {"Host": "127.0.0.1:PORT", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ),
    "a frame of another port": (
        False,
        {
            "Host": "127.0.0.1:PORT",
            "Sec-Fetch-Site": "same-site",
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "iframe",
        },
    ),
}


def headers_of(asker: str, port: int) -> dict[str, str]:
    return {name: text.replace("PORT", str(port)) for name, text in ASKERS[asker][1].items()}


def path_of(route: str) -> str:
    import streamlit

    scripts = Path(streamlit.__file__).with_name("static") / "static" / "js"
    return ROUTES[route][1].replace("SCRIPT", next(scripts.glob("index.*.js")).name)


@pytest.mark.parametrize("route", ROUTES)
def test_a_route_answers_those_who_may_knock_and_nobody_else(site: int, route: str) -> None:
    method, _, expected = ROUTES[route]
    path = path_of(route)
    alone = ask(site, method, path, {"Host": f"127.0.0.1:{site}"})
    if expected is not None:
        assert alone.status == expected
    for asker, (let_in, _) in ASKERS.items():
        answer = ask(site, method, path, headers_of(asker, site))
        refused = answer.headers["content-security-policy"].startswith("default-src 'none'")
        if let_in:
            assert answer.status == alone.status, asker
            assert refused is (answer.body == "There is no such page.\n"), asker
        else:
            assert (answer.status, refused) == (403, True), asker


@pytest.mark.parametrize("asker", ASKERS)
def test_the_pages_socket_opens_for_those_who_may_knock_and_nobody_else(
    site: int, asker: str
) -> None:
    let_in, _ = ASKERS[asker]
    answer = ask(site, "GET", "/_stcore/stream", headers_of(asker, site), web_socket=True)
    assert answer.status == (101 if let_in else 403)


@pytest.mark.parametrize("route", ROUTES)
def test_every_answer_carries_the_policies(site: int, route: str) -> None:
    method, _, _ = ROUTES[route]
    headers = ask(site, method, path_of(route), {"Host": f"127.0.0.1:{site}"}).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-eval" not in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-resource-policy"] == "same-origin"


def test_a_link_from_elsewhere_may_be_followed(site: int) -> None:
    followed = {
        "Host": f"127.0.0.1:{site}",
        "Sec-Fetch-Site": "cross-site",
        "Sec-Fetch-Mode": "navigate",
        "Sec-Fetch-Dest": "document",
    }
    assert ask(site, "GET", "/", followed).status == 200
    assert ask(site, "POST", "/api/v1/decide", followed).status == 403


def test_a_refused_question_to_the_gate_still_carries_an_action(site: int) -> None:
    answer = ask(site, "POST", "/api/v1/decide", {"Host": "evil.example"})
    said = json.loads(answer.body)
    assert answer.status == 403
    assert said["action"] == FAIL_ACTION
    assert said["reason"] == said["error"]
    assert "--allowed-host evil.example" in said["reason"]


def test_a_refusal_says_what_to_do(site: int) -> None:
    answer = ask(site, "GET", "/", {"Host": "evil.example"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.body == (
        f"This server does not answer for evil.example. Open it at http://127.0.0.1:{site}; or, "
        "if that name is yours, start it with --allowed-host evil.example.\n"
    )


def scope(
    *headers: tuple[str, str], kind: str = "http", server: tuple[str, int | None] | None = None
) -> dict[str, Any]:
    return {
        "type": kind,
        "method": "GET",
        "scheme": "ws" if kind == "websocket" else "http",
        "path": "/",
        "server": server or ("127.0.0.1", 8501),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }


LATIN = st.text(st.characters(max_codepoint=255), max_size=30)
PARTS = st.sampled_from(
    ["127.0.0.1", "localhost", "[::1]", ":8501", ":80", ":", "@", "/", "evil.example", NAMED, "."]
)
HOSTS = st.one_of(LATIN, st.lists(PARTS, max_size=4).map("".join))
ORIGINS = st.one_of(
    LATIN, st.tuples(st.sampled_from(["http://", "https://", ""]), HOSTS).map("".join)
)


@given(HOSTS, st.none() | ORIGINS, st.sampled_from(["http", "websocket"]))
def test_nobody_is_let_in_but_for_a_known_host_and_from_its_own_pages(
    host: str, origin: str | None, kind: str
) -> None:
    given_ = [("host", host)] + ([] if origin is None else [("origin", origin)])
    if refusal(scope(*given_, kind=kind), {NAMED}) is None:
        own = {"127.0.0.1:8501", "localhost:8501", "[::1]:8501"}
        assert host.lower() in own or re.fullmatch(rf"{re.escape(NAMED)}(:\d+)?", host.lower())
        assert origin in {None, f"http://{host.lower()}", f"https://{host.lower()}"}


@pytest.mark.parametrize("kind", ["http", "websocket"])
def test_a_host_given_twice_is_none(kind: str) -> None:
    once = ("host", "127.0.0.1:8501")
    assert refusal(scope(once, kind=kind), ()) is None
    assert refusal(scope(once, once, kind=kind), ()) is not None
    assert refusal(scope(kind=kind), ()) is not None


def test_one_foreign_origin_among_several_is_enough_to_refuse() -> None:
    host, own = ("host", "127.0.0.1:8501"), ("origin", "http://127.0.0.1:8501")
    assert refusal(scope(host, own), ()) is None
    assert refusal(scope(host, own, ("origin", "http://evil.example")), ()) is not None


@pytest.mark.parametrize(
    ("host", "server", "named", "answered"),
    [
        ("127.0.0.1", ("127.0.0.1", 80), (), True),
        ("127.0.0.1", ("127.0.0.1", 8501), (), False),
        ("LOCALHOST:8501", ("127.0.0.1", 8501), (), True),
        ("127.0.0.1:8501", ("::ffff:127.0.0.1", 8501), (), True),
        ("127.0.0.1:8501", ("192.0.2.1", 8501), (), False),
        (NAMED, ("192.0.2.1", 8501), (NAMED,), True),
        (f"{NAMED}:9000", ("127.0.0.1", 8501), (NAMED,), True),
        ("localhost:9000", ("127.0.0.1", 8501), ("localhost:9000",), True),
        ("localhost:9001", ("127.0.0.1", 8501), ("localhost:9000",), False),
        ("localhost", ("/run/ledger.sock", None), (), False),
        ("localhost", None, (), False),
    ],
)
def test_a_host_is_known_by_name_and_port(
    host: str, server: tuple[str, int | None] | None, named: tuple[str, ...], answered: bool
) -> None:
    assert known(host, server, named) is answered


@pytest.mark.parametrize(
    "text", ["https://ledger.example.org", "*", "", "a b", "a,b", "a/b", "a" * 300]
)
def test_what_is_no_host_cannot_be_named(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a host: write the name that browsers ask for"):
        host_name(text)


def test_the_command_refuses_what_is_no_host_before_it_serves(tmp_path: Path) -> None:
    words = ["serve", "--ledger", str(tmp_path / "l.duckdb"), "--allowed-host", "https://a.example"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "'https://a.example' is not a host: write the name that browsers" in result.output


@pytest.fixture
def refusing() -> Callable[[str], list[dict[str, Any]]]:
    """Open a web socket for a host; what is sent for it."""

    async def inner(*_: object) -> None:
        pytest.fail("it was let in")

    perimeter = Perimeter(inner)

    def refuse(host: str) -> list[dict[str, Any]]:
        sent: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        asked = perimeter(scope(("host", host), kind="websocket"), receive, send)
        # In a thread of its own: the browser tests keep an event loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, asked).result()
        return sent

    return refuse


def test_a_refused_socket_is_told_once_in_the_log(
    refusing: Callable[[str], list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert [one["type"] for one in refusing("evil.example")] == ["websocket.close"]
    (said,) = caplog.messages
    assert "--allowed-host evil.example" in said


def test_refused_sockets_cannot_fill_the_log(
    refusing: Callable[[str], list[dict[str, Any]]], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for number in range(MOST_TOLD + 5):
            refusing(f"evil{number}.example")
    assert len(caplog.messages) == MOST_TOLD
