"""The client that programs copy, against the server and against hostile ones."""

from __future__ import annotations

import json
import logging
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from vermin import Config, SourceVisitor, visit

from core.governance.recorded_import import import_recorded
from dashboard.cli.main import main
from dashboard.client import calledger_client as module
from dashboard.client.calledger_client import Client, Counts, pause_after
from dashboard.server import open_ledger as owner
from tests.worlds.governed.asked import owned_ledger, token_for
from tests.worlds.running.running import running

SECRET = "calledger_s3cret"
SOURCE = Path(module.__file__)


class Hostile:
    """A server that answers each request with the next of its tricks, and well after them."""

    def __init__(self) -> None:
        self.tricks: list[str] = []
        self.acknowledged: list[dict[str, Any]] = []
        self.asked = 0
        self.going = threading.Event()
        mine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mine.asked += 1
                trick = mine.tricks.pop(0) if mine.tricks else "well"
                if trick == "hang":
                    mine.going.wait(20)
                if trick == "drip":
                    self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                    while not mine.going.wait(0.05):
                        try:
                            self.wfile.write(b"X-A: b\r\n")
                        except OSError:
                            break
                if trick in {"hang", "drip", "reset"}:
                    # No answer at all, whether or not the records were taken in.
                    self.close_connection = True
                    return
                status, answer, headers = 200, b"[" if trick == "garbage" else b"", {}
                if trick == "well":
                    rows = [json.loads(line) for line in body.splitlines()]
                    mine.acknowledged += rows
                    answer = json.dumps({"received": len(rows), "kept": len(rows)}).encode()
                elif trick != "garbage":
                    status, _, waits = trick.partition(" ")
                    headers = {"Retry-After": waits} if waits else {}
                    headers |= {"Location": "/elsewhere"} if status == "302" else {}
                    answer = b'{"error": "no", "action": "review"}'
                self.send_response(int(status))
                for name, value in {**headers, "Content-Length": str(len(answer))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_words: object) -> None:
                """Keep still."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def begin(self, *tricks: str) -> str:
        self.tricks, self.acknowledged, self.asked = list(tricks), [], 0
        self.going.clear()
        return self.address

    def stop(self) -> None:
        self.going.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def one_hostile() -> Iterator[Hostile]:
    made = Hostile()
    yield made
    made.stop()


@pytest.fixture
def hostile(one_hostile: Hostile, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hostile]:
    """The hostile server, and a client that is in a hurry."""
    hurried(monkeypatch)
    yield one_hostile
    one_hostile.going.set()


def hurried(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(module, "FIRST_PAUSE", 0.001)
    patch.setattr(module, "LINGER", 0.005)


def client_of(address: str, folder: Path, **more: Any) -> Client:
    return Client(address, more.pop("token", SECRET), spill=folder, **more)


def claim(number: int, **more: Any) -> dict[str, Any]:
    ts = "2026-11-02T10:00:00Z"
    return {"event_id": f"e{number}", "signal": "triage", "confidence": 0.9, "ts": ts, **more}


def spilt(folder: Path, kind: str = "*") -> list[dict[str, Any]]:
    files = sorted(folder.glob(f"{kind}-*.ndjson"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


# -- against hostile servers -----------------------------------------------------------------------

TRICKS = ("well", "500", "503 0", "429 0", "507", "reset", "garbage", "302", "401", "413")


@given(
    kinds=st.lists(st.sampled_from(["claims", "outcomes"]), max_size=12),
    tricks=st.lists(st.sampled_from(TRICKS), max_size=12),
    flushes=st.booleans(),
)
@settings(max_examples=25)
def test_each_record_is_acknowledged_or_spilt_and_never_both(
    one_hostile: Hostile, kinds: list[str], tricks: list[str], flushes: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as name:
        hurried(patch)
        patch.setattr(module, "BATCH_RECORDS", 3)
        folder = Path(name)
        client = client_of(one_hostile.begin(*tricks), folder, attempts=3)
        for number, kind in enumerate(kinds):
            if kind == "claims":
                client.claim(**claim(number))
            else:
                client.outcome(f"e{number}", 1)
        if flushes:
            assert client.flush()
        counts = client.close()
        kept, left = one_hostile.acknowledged, spilt(folder)
        found = Counter(one["event_id"] for one in [*kept, *left])
        assert found == Counter(f"e{number}" for number in range(len(kinds)))
        assert counts == Counts(len(kept), 0, len(left), 0, 0, counts.files)
        assert all("confidence" in one for one in spilt(folder, "claims"))
        assert not any("confidence" in one for one in spilt(folder, "outcomes"))


@pytest.mark.parametrize("trick", ["500", "reset", "garbage", "429 0", "507"])
def test_what_the_server_could_not_take_is_sent_again(
    hostile: Hostile, tmp_path: Path, trick: str
) -> None:
    with client_of(hostile.begin(trick, trick), tmp_path) as client:
        client.claim(**claim(1))
        assert client.flush()
    assert [one["event_id"] for one in hostile.acknowledged] == ["e1"]
    assert hostile.asked == 3
    assert client.counts == Counts(1, 0, 0, 0, 0, ())


@pytest.mark.parametrize("trick", ["302", "400", "401", "403", "404", "413"])
def test_what_would_be_refused_again_is_spilt_at_once(
    hostile: Hostile, tmp_path: Path, trick: str
) -> None:
    with client_of(hostile.begin(trick), tmp_path) as client:
        client.claim(**claim(1))
        assert client.flush()
    assert (hostile.asked, hostile.acknowledged) == (1, [])
    assert [one["event_id"] for one in spilt(tmp_path, "claims")] == ["e1"]


def test_the_server_says_how_long_to_wait(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Client, "_pause", lambda _, seconds: waited.append(seconds))
    later = "Fri, 31 Dec 2100 23:59:59 GMT"
    with client_of(hostile.begin("429 7", "503 2", f"503 {later}", "500"), tmp_path) as client:
        client.claim(**claim(1))
        assert client.flush()
    assert [round(one) for one in waited] == [7, 2, module.LONGEST_ASKED, 0]


def test_pauses_grow_by_chance_and_end_somewhere() -> None:
    random.seed(1)
    for failures in (1, 3, 50):
        longest = min(module.LONGEST_PAUSE, module.FIRST_PAUSE * 2.0**failures)
        found = [pause_after(failures) for _ in range(200)]
        assert 0 <= min(found) < longest / 10
        assert longest * 0.9 < max(found) <= longest
        assert min(pause_after(failures, 20.0) for _ in range(200)) >= 20


def test_memory_and_disk_are_bounded_and_what_is_lost_is_counted(
    hostile: Hostile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    size = len(json.dumps(claim(10)))
    client = client_of(hostile.begin("hang"), tmp_path, memory=20 * size, disk=30 * (size + 5))
    for number in range(10, 80):
        client.claim(**claim(number))
    before = client.counts
    assert before.waiting <= 20
    assert before.waiting + before.spilt + before.dropped == 70
    counts = client.close(0.2)
    assert (counts.sent, counts.waiting, counts.spilt + counts.dropped) == (0, 0, 70)
    assert 25 < counts.spilt == len(spilt(tmp_path)) <= 35
    assert sum(one.stat().st_size for one in counts.files) <= 30 * (size + 5)
    assert "dropped" in caplog.text
    # What lies there from before counts as well.
    again = client_of(hostile.address, tmp_path, disk=30 * (size + 5), memory=0)
    again.claim(**claim(1, note="x" * 10 * size))
    assert again.counts.dropped == 1


def test_the_end_comes_by_its_deadline_and_says_what_was_spilt(
    hostile: Hostile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(hostile.begin("hang", "hang"), tmp_path)
    client.claim(**claim(1))
    time.sleep(0.1)  # it is on its way
    client.claim(**claim(2))
    client.outcome("e1", 0)
    began = time.monotonic()
    assert not client.flush(0.1)
    counts = client.close(0.3)
    assert time.monotonic() - began < 1.5
    assert (counts.spilt, counts.waiting, len(counts.files)) == (3, 0, 2)
    assert "3 records were not sent" in caplog.text
    assert str(tmp_path) in caplog.text
    # What comes later is spilt too, and the end may come again.
    client.claim(**claim(3))
    assert client.close().spilt == 4
    hostile.going.set()
    time.sleep(0.05)
    assert Counter(one["event_id"] for one in spilt(tmp_path)) == {"e1": 2, "e2": 1, "e3": 1}


def test_logging_does_not_wait_for_the_server(hostile: Hostile, tmp_path: Path) -> None:
    client = client_of(hostile.begin("hang"), tmp_path)
    began = time.monotonic()
    for number in range(1000):
        client.claim(**claim(number))
    assert time.monotonic() - began < 1
    assert client.close(0).spilt == 1000


def test_many_threads_share_a_client(hostile: Hostile, tmp_path: Path) -> None:
    with client_of(hostile.begin("500", "reset"), tmp_path) as client:

        def log(part: int) -> None:
            for number in range(100):
                client.claim(**claim(part * 100 + number))

        threads = [threading.Thread(target=log, args=(part,)) for part in range(8)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    found = Counter(one["event_id"] for one in hostile.acknowledged)
    assert found == Counter(f"e{number}" for number in range(800))


@pytest.mark.parametrize(
    "trick", ["hang", "drip", "reset", "500", "503 9", "garbage", "302", "401", "413"]
)
def test_a_gate_that_does_not_answer_lets_nothing_act(
    hostile: Hostile, tmp_path: Path, trick: str
) -> None:
    client = client_of(hostile.begin(trick), tmp_path, fallback="escalate", decide_timeout=0.3)
    began = time.monotonic()
    found = client.decide(**claim(1))
    assert time.monotonic() - began < 1.5
    assert (found.action, found.answered, found.decision_id) == ("escalate", False, None)
    assert found.rule == "fallback:unanswered"
    assert found.reason
    careless = client_of(hostile.begin("well"), tmp_path).decide(**claim(1))
    # Whoever answered that was no gate.
    assert (careless.action, careless.answered) == ("review", False)


def test_nor_does_one_that_is_not_there_or_a_question_that_is_none(tmp_path: Path) -> None:
    client = client_of(nobody(), tmp_path)
    assert client.decide(**claim(1)).reason == "The gate cannot be reached."
    deep: list[Any] = []
    deep.append(deep)
    assert client.decide(**claim(1, deep=deep)).action == "review"
    client.claim(**claim(1, deep=deep))
    assert client.close().dropped == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"fallback": "automate"},
        {"address": "ledger.example.org"},
        {"address": "https://me:pass@ledger.example.org"},
        {"token": f"{SECRET}\n"},
        {"token": ""},
    ],
)
def test_what_cannot_be_used_is_refused_without_the_secret(
    tmp_path: Path, wrong: dict[str, str]
) -> None:
    (field,) = wrong
    with pytest.raises(ValueError, match=field) as caught:
        client_of(**{"address": "http://127.0.0.1:1", "folder": tmp_path, **wrong})
    assert SECRET not in str(caught.value)
    assert "pass@" not in str(caught.value)


def test_the_token_is_in_no_log_and_no_repr(
    hostile: Hostile, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_of(hostile.begin("401", "reset", "garbage", "400"), tmp_path)
    for number in range(4):
        client.claim(**claim(number))
        client.flush()
        client.decide(**claim(number))
    client.close()
    said = f"{caplog.text} {client!r} {client.counts}"
    assert "spilt" in said
    assert SECRET not in said
    assert SECRET not in "".join(one.read_text() for one in tmp_path.iterdir())


# -- as a process ----------------------------------------------------------------------------------


def run(program: str, folder: Path) -> str:
    """Run a program beside a copy of the client."""
    (folder / "calledger_client.py").write_text(SOURCE.read_text())
    words = [sys.executable, "-I", "-c", f"import sys; sys.path[:0] = [{str(folder)!r}]\n{program}"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


BEGIN = "from calledger_client import Client\nclient = Client({!r}, 't', spill='unsent')\n"
LOG = "client.claim(event_id={!r}, signal='s', confidence=0.5)\n"


def test_leaving_the_interpreter_loses_nothing(tmp_path: Path, hostile: Hostile) -> None:
    run(BEGIN.format(hostile.begin()) + LOG.format("sent"), tmp_path)
    assert [one["event_id"] for one in hostile.acknowledged] == ["sent"]
    run(BEGIN.format(nobody()) + LOG.format("left"), tmp_path)
    assert [one["event_id"] for one in spilt(tmp_path / "unsent")] == ["left"]


def test_a_forked_process_has_a_client_of_its_own(tmp_path: Path) -> None:
    program = (
        BEGIN.format(nobody()) + LOG.format("before") + "import os\n"
        "if os.fork() == 0:\n    " + LOG.format("child") + "    client.close()\n    os._exit(0)\n"
        "os.wait()\n" + LOG.format("parent")
    )
    run(program, tmp_path)
    found = Counter(one["event_id"] for one in spilt(tmp_path / "unsent"))
    assert found == {"before": 1, "child": 1, "parent": 1}
    assert len(list((tmp_path / "unsent").iterdir())) == 2


def test_a_command_prints_it_as_it_is() -> None:
    assert CliRunner().invoke(main, ["client"]).output == SOURCE.read_text()


def test_it_needs_no_newer_python_than_it_says() -> None:
    config = Config()
    config.add_target("3.9-")
    found: SourceVisitor = visit(SOURCE.read_text(), config)
    (_two, three) = found.minimum_versions()
    assert three is not None
    assert three <= (3, 9)


# -- against the server ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Address and token of the server, on a ledger with an entry for "triage"."""
    with owned_ledger(tmp_path_factory.mktemp("client")), running() as address:
        yield address, token_for("ingest", "decide")[1]


def held() -> dict[str, tuple[Any, ...]]:
    owner.folder().ask(None, within=20)
    query = "SELECT event_id, confidence_raw, outcome FROM claims"
    return {event: tuple(rest) for event, *rest in owner.cursor().execute(query).fetchall()}


def test_claims_and_outcomes_reach_the_ledger_and_the_gate_answers(
    served: tuple[str, str], tmp_path: Path
) -> None:
    address, token = served
    with client_of(address, tmp_path, token=token) as client:
        case = claim(1, model_version="m1", seg_language="de")
        client.claim(**case)
        found = client.decide(**case)
        client.handoff("e1", case["signal"], handed_at="2026-11-02T10:00:00Z", queue="desk")
        client.outcome("e1", True)
        assert client.flush(20)
    assert (found.action, found.answered) == ("review", True)
    assert found.decision_id
    assert found.rule.startswith("fallback:")
    assert client.counts == Counts(3, 0, 0, 0, 0, ())
    assert held()["e1"] == (0.9, 1)
    handed = owner.cursor().execute("SELECT event_id, queue FROM handoffs").fetchall()
    assert handed == [("e1", "desk")]


def test_what_the_server_refuses_is_told_and_what_it_cannot_keep_is_in_a_file(
    served: tuple[str, str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    address, token = served
    with client_of(address, tmp_path, token=token) as client:
        client.claim(**claim(10, confidence=float("nan"), model_version="private"))
        client.claim(**claim(11, segments={"bad name!": {}}))
        client.claim(**claim(12))
        client.flush(20)
    assert (client.counts.sent, client.counts.refused) == (3, 2)
    (refused,) = spilt(tmp_path, "refused")
    assert "e11" in refused["row"]
    assert refused["reason"] in caplog.text
    assert "private" not in caplog.text
    assert "e12" in held()


def test_importing_the_spill_gives_what_was_not_sent_and_changes_nothing_else(
    served: tuple[str, str], tmp_path: Path
) -> None:
    address, token = served
    odd = claim(20, seg_Language=" de ", segments={"Topic": "billing"}, note="\ud800 é", at=None)
    with client_of(address, tmp_path, token=token) as client:
        for number in (21, 22):
            client.claim(**claim(number, model_version="m1"))
        client.claim(**odd)
        client.outcome("e21", 1, outcome_ts="2026-11-03T10:00:00Z")
        assert client.flush(20)
    assert held()["e21"] == (0.9, 1)
    away = client_of(nobody(), tmp_path / "unsent", attempts=1)
    for number in (21, 22, 23):
        away.claim(**claim(number, model_version="m1"))
    away.claim(**odd)
    away.outcome("e21", 1, outcome_ts="2026-11-03T10:00:00Z")
    away.outcome("e23", 0)
    claims, outcomes = sorted(away.close().files)
    first = import_recorded(owner.office(), claims)
    assert (first.n_new, first.n_duplicate, first.n_quarantined) == (1, 3, 0)
    second = import_recorded(owner.office(), outcomes)
    assert second.n_quarantined == 0
    assert held()["e23"] == (0.9, 0)
    assert import_recorded(owner.office(), claims).n_new == 0
