"""What a running server takes in and answers, beside the least that the same machine can do.

    .venv/bin/python tests/benchmarks/live.py
    .venv/bin/python tests/benchmarks/live.py --seconds 10 --minutes 10 --pages 20

Every claim and every decision is on disk before it is answered. Callers keep their connections and
live in a process of their own. The bare loops run before and after, and their mean is what ratios
are to; only ratios of one run mean something on a busy machine. With ``--minutes``, claims and
decisions go on for so long at 8 callers, and the server's memory is printed each minute. With
``--pages``, the first page is loaded so often in Chromium, with nobody calling and then beside
claims and decisions at 8 callers, to the end of its script.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import duckdb
import pyarrow as pa
from playwright.sync_api import sync_playwright

from core.gate import registry_changes as registry
from core.governance.people import api_tokens as tokens
from core.governance.people import people
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.spool.segments import Spool
from dashboard.server.server_file import running_on
from tests.benchmarks.first_content import visit
from tests.worlds.governed.governed import REGISTRY

ROWS = 1_000
_numbers = count()


def claim() -> dict[str, object]:
    """A claim that nobody has sent."""
    return {
        "event_id": f"e{next(_numbers)}", "ts": "2026-11-02T10:00:00Z", "signal": "triage",
        "confidence": 0.93, "model_version": "m1", "prompt_version": "p1", "seg_language": "de",
    }  # fmt: skip


# -- callers ---------------------------------------------------------------------------------------


class Caller:
    """One kept connection, with no more work than asking takes."""

    def __init__(self, host: str, port: int, token: str, path: str) -> None:
        self._socket = socket.create_connection((host, port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def ask(self, body: bytes) -> None:
        """Send, and read the answer."""
        self._socket.sendall(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
        found = b""
        while b"\r\n\r\n" not in found:
            found += self._received()
        head, _, rest = found.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise SystemExit(f"The server answered {found[:400]!r}")
        size = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(rest) < size:
            rest += self._received()

    def _received(self) -> bytes:
        part = self._socket.recv(1 << 20)
        if not part:
            raise SystemExit("The server hung up.")
        return part


def load(calls: list[Callable[[], None]], seconds: float) -> tuple[float, float, float]:
    """Calls a second of callers at once, the median call and the 99th hundredth, in ms."""
    took: list[float] = []
    ends = time.perf_counter() + seconds

    def work(call: Callable[[], None]) -> None:
        while (began := time.perf_counter()) < ends:
            call()
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    threads = [threading.Thread(target=work, args=(call,)) for call in calls]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    spent = time.perf_counter() - began
    cuts = statistics.quantiles(took, n=100) if len(took) > 1 else [took[0]] * 99
    return len(took) / spent, cuts[49] * 1000, cuts[98] * 1000


# -- bare loops ------------------------------------------------------------------------------------


def bare(folder: Path, seconds: float) -> dict[str, float]:
    """What a file and DuckDB do with the same rows: calls, or rows of a batch, a second."""
    path = folder / f"bare-{next(_numbers)}.duckdb"
    line = json.dumps(claim()).encode()
    with duckdb.connect(str(path)) as connection:
        columns = ", ".join(
            f"{name} {'DOUBLE' if name == 'confidence' else 'TEXT'}" for name in claim()
        )
        connection.execute(f"CREATE TABLE c ({columns})")

        def row() -> None:
            connection.execute("INSERT INTO c VALUES (?, ?, ?, ?, ?, ?, ?)", [*claim().values()])

        def rows() -> None:
            batch = pa.Table.from_pylist([claim() for _ in range(ROWS)])
            connection.register("batch", batch)
            connection.execute("INSERT INTO c SELECT * FROM batch")

        found = {"row": load([row], seconds)[0], "rows": load([rows], seconds)[0] * ROWS}
    file = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def synced() -> None:
        os.write(file, line)
        os.fdatasync(file)

    found["synced"] = load([synced], seconds)[0]
    os.close(file)
    spool = Spool(folder / f"spool-{next(_numbers)}")
    found["grouped"] = load([lambda: spool.append("claims", [line]) and None] * 16, seconds)[0]
    spool.close()
    return found


# -- the server ------------------------------------------------------------------------------------


@contextmanager
def served(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], str, int, str]]:
    """A server on a ledger with one entry; its process, host, port and a token for everything."""
    path = folder / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        registry.apply(
            office, read(REGISTRY.replace("stakes: high", "stakes: low")), "user:desk/kim"
        )
        kim = people.known_person(office, "user:desk/kim")
        actor = people.actor_for(office.state(), kim, "token.created", None)
        _, token = tokens.create(office, actor, "benchmark", ("ingest", "decide"))
    words = [sys.executable, "-m", "dashboard.cli.main", "serve", "--ledger", str(path)]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        words, cwd=root, stdout=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(root)}
    )
    try:
        while (server := running_on(path)) is None:
            time.sleep(0.1)
        host, port = server.address.removeprefix("http://").split(":")
        for _ in range(300):
            try:
                Caller(host, int(port), token, "/api/v1/decide").ask(json.dumps(claim()).encode())
                break
            except (OSError, SystemExit):
                time.sleep(0.1)
        yield process, host, int(port), token
    finally:
        process.terminate()
        process.wait()


def page_loads(address: str, many: int) -> list[float]:
    """Seconds to the end of the first page's script, each in a session of its own."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        visit(browser, address)
        return [visit(browser, address)[1] for _ in range(many)]


def beside(work: Callable[[], object], loads: Callable[[], list[float]]) -> list[float]:
    """Load pages while work goes on."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.is_set():
            work()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        return loads()
    finally:
        ended.set()
        thread.join()


def memory(pid: int) -> float:
    """What a process holds, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--minutes", type=int, default=0)
    parser.add_argument("--pages", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = bare(folder, chosen.seconds)
        with served(folder) as (process, host, port, token):

            def ask(
                path: str, many: int, callers: int, seconds: float = chosen.seconds
            ) -> tuple[float, float, float]:
                def call(caller: Caller) -> Callable[[], None]:
                    def once() -> None:
                        rows = [claim() for _ in range(many)]
                        caller.ask(json.dumps(rows[0] if many == 1 else rows).encode())

                    return once

                made = [Caller(host, port, token, path) for _ in range(callers)]
                return load([call(one) for one in made], seconds)

            cases = (
                ("claims, one each", "/api/v1/claims", 1, 1, "row"),
                ("claims, one each", "/api/v1/claims", 1, 8, "row"),
                ("claims, one each", "/api/v1/claims", 1, 64, "row"),
                ("empty lists: HTTP alone", "/api/v1/claims", 0, 16, "grouped"),
                ("decisions, one each", "/api/v1/decide", 1, 16, "grouped"),
                ("decisions, 100 each", "/api/v1/decide", 100, 4, "grouped"),
                # The last: 50,000 rows start a fold, which goes on into what comes after.
                ("claims, 1,000 each", "/api/v1/claims", ROWS, 4, "rows"),
            )
            found = [(case, ask(case[1], case[2], case[3])) for case in cases]
            grown = []
            for minute in range(chosen.minutes):
                ask("/api/v1/claims", 1, 8, 30)
                ask("/api/v1/decide", 1, 8, 30)
                grown.append(f"{minute + 1} min {memory(process.pid):,.0f} MB")
            pages = {}
            if chosen.pages:

                def both() -> None:
                    ask("/api/v1/claims", 1, 8, 1)
                    ask("/api/v1/decide", 1, 8, 1)

                loads = partial(page_loads, f"http://{host}:{port}/", chosen.pages)
                pages = {"idle": loads(), "beside load": beside(both, loads)}
        after = bare(folder, chosen.seconds)
    least = {name: (before[name] + after[name]) / 2 for name in before}
    words = {
        "row": "DuckDB, a row a commit",
        "rows": "DuckDB, 1,000 rows a commit",
        "synced": "file, fdatasync each line",
        "grouped": "file, 16 callers share fdatasync",
    }
    print("| what | callers | a second | p50, ms | p99, ms | beside |\n|---|---|---|---|---|---|")
    for key, text in words.items():
        print(f"| bare: {text} | {16 if key == 'grouped' else 1} | {least[key]:,.0f} "
              f"({before[key]:,.0f}, {after[key]:,.0f}) | | | |")  # fmt: skip
    for (text, _, many, callers, key), (rate, half, most) in found:
        print(f"| {text} | {callers} | {rate * max(many, 1):,.0f} | {half:.1f} | {most:.1f} | "
              f"{rate * max(many, 1) / least[key]:.2f} × {words[key]} |")  # fmt: skip
    for name, took in pages.items():
        tail = sorted(took)[math.ceil(0.95 * len(took)) - 1]
        print(f"page, {name}: p50 {statistics.median(took):.2f} s, p95 {tail:.2f} s of {len(took)}")
    print("memory of the server:", ", ".join(grown) or "not measured", file=sys.stderr)


if __name__ == "__main__":
    main()
