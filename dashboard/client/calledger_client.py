"""Log to a Calibration Ledger and ask its gate, from any Python since 3.9.

Copy this file beside your program; it needs the standard library alone.

    client = Client("http://127.0.0.1:8501", token, spill="calledger-unsent")
    case = {"event_id": "t-1", "signal": "triage.self-report", "confidence": 0.93}
    client.claim(**case)
    if client.decide(**case).action == "automate":
        ...
    client.handoff("t-1", "triage.self-report", handed_at=when, queue="desk")  # it went to people
    client.outcome("t-1", 1)  # when it is known, from any process

* **Logging never waits for the network and never raises.** Records are sent in batches by a thread
  of the client's own, and again, with growing pauses, until the server has said that they are on
  disk. The server takes in a record that comes twice once.
* **What cannot be sent is spilt** to files under ``spill``, which ``calledger import`` reads:
  each kind apart, and records that the server refused with the reason. Importing what
  was sent as well changes nothing.
* **Memory and disk are bounded.** Beyond both, records are dropped, counted and logged.
* **A gate that cannot be asked never lets anything act**: `Client.decide` answers the fallback.
* **A process that is killed** loses what waits in memory, usually under a second of it; `flush`
  where that matters. `close` at the end; leaving the interpreter does it as well.
* **Threads may share a client. A forked process** has one of its own: what the parent had not sent
  stays with the parent.

The token is in no log and no ``repr``, and is sent to the address alone: redirects are not
followed and no proxy of the environment is used.
"""

from __future__ import annotations

import atexit
import http.client
import json
import logging
import math
import os
import random
import ssl
import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Union
from urllib.parse import urlsplit

__all__ = ["Client", "Counts", "Decision"]

#: From the least care to the most.
ACTIONS = ("automate", "review", "escalate")
#: A batch holds at most so many records, and about so many bytes.
BATCH_RECORDS, BATCH_BYTES = 1_000, 1 << 20
#: Seconds for which a record waits for others.
LINGER = 0.2
#: Pauses grow from the first to the second; a server is believed that asks for up to the third.
FIRST_PAUSE, LONGEST_PAUSE, LONGEST_ASKED = 0.5, 30.0, 300.0

Fields = Union[str, int, float, bool, None, datetime, Mapping[str, Any], Sequence[Any]]

_log = logging.getLogger("calledger")
_PATHS = {kind: f"/api/v1/{kind}" for kind in ("claims", "outcomes", "handoffs")}
_NDJSON, _JSON = "application/x-ndjson", "application/json"


@dataclass(frozen=True)
class Decision:
    """What the gate says.

    Attributes:
        action: "automate", "review" or "escalate".
        reason: a sentence.
        rule: which written rule says so; "fallback:unanswered" where the gate did not answer.
        answered: whether the gate did; the decision is then on the server's disk.
        decision_id: of the decision; None where there is none.
    """

    action: str
    reason: str
    rule: str
    answered: bool
    decision_id: str | None = None


@dataclass(frozen=True)
class Counts:
    """What became of the records so far; each is counted once, but for ``refused``.

    Attributes:
        sent: the server has said that they are on disk, or that it refuses them.
        refused: those of them that it refuses, or keeps in its quarantine.
        spilt: in files, to be imported.
        dropped: lost: no JSON, or no room in memory and on disk.
        waiting: still to be sent.
        files: that were spilt to.
    """

    sent: int
    refused: int
    spilt: int
    dropped: int
    waiting: int
    files: tuple[Path, ...]


class Client:
    """Logs to one server; see the module.

    Args:
        address: of the server, such as ``https://ledger.example.org``.
        token: with the scopes ``ingest`` (log) and ``decide`` (ask the gate).
        spill: a folder for what cannot be sent; made when it is needed.
        fallback: what is done while the gate does not answer: "review" or "escalate", as the
            signal's registry entry has it under ``fallback``.
        timeout: seconds that one sending may take between two signs of life.
        decide_timeout: seconds after which `decide` has answered, whatever happens.
        attempts: so often in a row may sending fail before records are spilt.
        memory: bytes of records that may wait.
        disk: bytes that the files under ``spill`` may hold together.
        context: of TLS, where the usual one does not do.

    Raises:
        ValueError: an argument cannot be used.
    """

    def __init__(
        self,
        address: str,
        token: str,
        *,
        spill: str | Path,
        fallback: str = "review",
        timeout: float = 10.0,
        decide_timeout: float = 2.0,
        attempts: int = 5,
        memory: int = 8 << 20,
        disk: int = 256 << 20,
        context: ssl.SSLContext | None = None,
    ) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
            raise ValueError("address: write http:// or https:// and a host, without a user name")
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError("token: it is empty, or holds white space or other than ASCII")
        if fallback not in ACTIONS[1:]:
            raise ValueError(f"fallback: {fallback!r} is not 'review' or 'escalate'")
        self._secure, self._host, self._port = parts.scheme == "https", parts.hostname, parts.port
        self._prefix, self._token, self._context = parts.path.rstrip("/"), token, context
        self._folder, self._disk = Path(spill), disk
        self._fallback, self._memory, self._attempts = fallback, memory, attempts
        self._timeout, self._decide_timeout = timeout, decide_timeout
        self._begin()
        _clients.add(self)

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[bytes]] = {kind: deque() for kind in _PATHS}
        self._batch: _Batch | None = None
        self._bytes = self._failures = 0
        self._sent = self._refused = self._spilt = self._dropped = 0
        self._flushing = 0
        self._closed = False
        self._thread: threading.Thread | None = None
        self._idle: list[http.client.HTTPConnection] = []
        self._sending: list[http.client.HTTPConnection] = []
        self._spill = _Spill(self._folder, self._disk)
        self._told: set[tuple[str, str]] = set()

    def __repr__(self) -> str:
        return f"Client({self._host!r}, {self.counts})"

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what programs call ------------------------------------------------------------------------

    def claim(
        self,
        *,
        event_id: str | int,
        signal: str,
        confidence: float | str | None,
        ts: str | float | datetime | None = None,
        **more: Fields,
    ) -> None:
        """Log a claim: what the model said how sure it is.

        Args:
            event_id: by which its outcome will name it.
            signal: whose confidence it is.
            confidence: from 0 to 1; None: none was stated.
            ts: when it was made; None: now. A time without a zone is read as UTC.
            more: any other field of a claim: ``model_version``, ``seg_language``, …
        """
        row = {"event_id": event_id, "ts": _now() if ts is None else ts, "signal": signal}
        self._log("claims", {**row, "confidence": confidence, **more})

    def outcome(
        self,
        event_id: str | int,
        outcome: int | bool | str,
        *,
        outcome_ts: str | float | datetime | None = None,
        **more: Fields,
    ) -> None:
        """Log what turned out.

        Args:
            event_id: of its claim.
            outcome: 1 where the claim was right, 0 where it was wrong; "withdrawn" takes back the
                last label of the same ``outcome_source``.
            outcome_ts: when it became known; None: now.
            more: ``signal``, where an event has several; ``outcome_source``, …
        """
        when = _now() if outcome_ts is None else outcome_ts
        row = {"event_id": event_id, "outcome": outcome}
        self._log("outcomes", {**row, "outcome_ts": when, **more})

    def handoff(
        self,
        event_id: str | int,
        signal: str,
        *,
        handed_at: str | float | datetime,
        **more: Fields,
    ) -> None:
        """Log where a case went to people; again, with the same three, what is known since.

        Args:
            event_id: of its claim.
            signal: of its claim.
            handed_at: when the case was put to people.
            more: ``queue``; ``reviewer``, an opaque id; ``taken_at``, ``decided_at``,
                ``decision``; ``agreed``, whether that is the model's answer; ``seeded``, whether
                the case was planted with a wrong answer, to see whether people look.
        """
        row = {"event_id": event_id, "signal": signal}
        self._log("handoffs", {**row, "handed_at": handed_at, **more})

    def decide(
        self,
        *,
        event_id: str | int,
        signal: str,
        confidence: float | str | None,
        **more: Fields,
    ) -> Decision:
        """May this confidence act? Takes the fields of a claim, and never raises.

        Where the gate does not answer in time, or says no, the fallback holds.
        """
        question = {"event_id": event_id, "signal": signal, "confidence": confidence, **more}
        try:
            body = _line(question)
        except (TypeError, ValueError, RecursionError):
            return self._unanswered("What was asked is no JSON.")
        answers: list[_Answer] = []
        held: list[http.client.HTTPConnection] = []

        def ask() -> None:
            path, seconds = "/api/v1/decide", self._decide_timeout
            answers.append(self._post(path, body, _JSON, seconds, held))

        # In a thread: also the look-up of a name, which knows no timeout, may not hold up a caller.
        thread = threading.Thread(target=ask, name="calledger-decide", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return self._unanswered("No thread could be started to ask the gate.")
        thread.join(self._decide_timeout)
        if not answers:
            for connection in held:
                _cut(connection)
            return self._unanswered(f"The gate did not answer within {self._decide_timeout:g} s.")
        answer = answers[0]
        action = answer.body.get("action")
        if answer.status == 200 and action in ACTIONS and "decision_id" in answer.body:
            said = {name: str(answer.body.get(name)) for name in ("reason", "rule", "decision_id")}
            return Decision(str(action), answered=True, **said)
        if answer.status == 0:
            return self._unanswered("The gate cannot be reached.")
        why = answer.body.get("error") or "no answer of a gate"
        return self._unanswered(f"The gate answered {answer.status}: {why}", action)

    def flush(self, deadline: float = 5.0) -> bool:
        """Send what waits, now; whether nothing waits any more, within so many seconds."""
        until = time.monotonic() + deadline
        with self._changed:
            self._flushing += 1
            self._changed.notify_all()
            try:
                while self._bytes and time.monotonic() < until:
                    self._changed.wait(until - time.monotonic())
                return not self._bytes
            finally:
                self._flushing -= 1

    def close(self, deadline: float = 5.0) -> Counts:
        """Send what waits, spill what cannot be sent, and end within so many seconds.

        What is logged later is spilt. Closing twice is harmless.
        """
        until = time.monotonic() + deadline
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join(max(0.0, until - time.monotonic()))
        with self._changed:
            # Whoever takes the batch answers for it: the thread finds it gone, and leaves it.
            left = [] if self._batch is None else [(self._batch.kind, list(self._batch.lines))]
            left += [(kind, list(lines)) for kind, lines in self._waiting.items()]
            for lines in self._waiting.values():
                lines.clear()
            self._batch, self._bytes = None, 0
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for kind, rows in left:
            self._spill_rows(kind, rows)
        for connection in (*idle, *self._sending):
            _cut(connection)
        for connection in idle:
            connection.close()
        counts = self.counts
        if counts.spilt:
            _log.warning(
                "%d records were not sent; they are in %s: calledger import FILE --ledger LEDGER",
                counts.spilt,
                self._folder,
            )
        return counts

    @property
    def counts(self) -> Counts:
        """What became of the records so far."""
        with self._changed:
            waiting = sum(map(len, self._waiting.values()))
            waiting += 0 if self._batch is None else len(self._batch.lines)
            return Counts(
                self._sent, self._refused, self._spilt, self._dropped, waiting, self._spill.files
            )

    # -- records on their way ----------------------------------------------------------------------

    def _log(self, kind: str, row: Mapping[str, Any]) -> None:
        try:
            line = _line(row)
        except (TypeError, ValueError, RecursionError) as error:
            self._tell(kind, f"a record is no JSON ({type(error).__name__}), and was dropped")
            with self._changed:
                self._dropped += 1
            return
        with self._changed:
            room = self._bytes + len(line) <= self._memory
            if room and not self._closed and self._running():
                first = not self._bytes
                self._waiting[kind].append(line)
                self._bytes += len(line)
                if first or not self._small():
                    self._changed.notify_all()
                return
        self._spill_rows(kind, [line])

    def _running(self) -> bool:
        if self._thread is None:
            thread = threading.Thread(target=self._work, name="calledger", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the interpreter ends
                return False
            self._thread = thread
        return True

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._bytes and not self._closed:
                    self._changed.wait()
                if not self._bytes:
                    return
                until = time.monotonic() + LINGER
                while not self._closed and not self._flushing and self._small():
                    left = until - time.monotonic()
                    if left <= 0:
                        break
                    self._changed.wait(left)
                batch = self._batch = self._taken()
            if batch is None:
                return
            while not self._delivered(batch):
                pass

    def _small(self) -> bool:
        return self._bytes < BATCH_BYTES and all(
            len(lines) < BATCH_RECORDS for lines in self._waiting.values()
        )

    def _taken(self) -> _Batch | None:
        """The next batch: of the kind of which more waits."""
        kind = max(self._waiting, key=lambda one: len(self._waiting[one]))
        lines, size = self._waiting[kind], 0
        taken: list[bytes] = []
        while lines and len(taken) < BATCH_RECORDS and (not taken or size < BATCH_BYTES):
            taken.append(lines.popleft())
            size += len(taken[-1])
        return _Batch(kind, tuple(taken), size) if taken else None

    def _delivered(self, batch: _Batch) -> bool:
        """Try once to send a batch; whether nothing more is to be done for it."""
        body = b"\n".join(batch.lines)
        answer = self._post(_PATHS[batch.kind], body, _NDJSON, self._timeout, self._sending)
        kept = answer.status in (200, 422) and answer.body.get("received") == len(batch.lines)
        # What else than our server may have answered 200; it is asked again, as after an error.
        again = answer.status in (0, 200, 408, 425, 429) or answer.status >= 500
        with self._changed:
            if self._batch is not batch:
                return True
            self._failures = 0 if kept else self._failures + 1
            if not kept and again and self._failures < self._attempts:
                # Who waits for the end waits for a deadline: pauses grow no more.
                failures = 0 if self._closed else self._failures
                self._pause(pause_after(failures, answer.retry_after))
                return self._batch is not batch
            self._batch = None
            self._sent += len(batch.lines) if kept else 0
        if kept:
            self._note_refused(batch, answer.body.get("refused"))
        else:
            self._tell(batch.kind, f"not sent, and spilt: {answer.status or 'no answer'}")
            self._spill_rows(batch.kind, batch.lines)
        with self._changed:
            # Only now nothing of it is on its way, and `flush` may say so.
            self._bytes = max(0, self._bytes - batch.size)
            self._changed.notify_all()
            if not kept and not self._closed:
                self._pause(pause_after(self._failures, answer.retry_after))
        return True

    def _pause(self, seconds: float) -> None:
        """Wait, unless the client is closed meanwhile, or what waits is taken away."""
        until = time.monotonic() + seconds
        batch, closed = self._batch, self._closed
        while (self._batch, self._closed) == (batch, closed) and time.monotonic() < until:
            self._changed.wait(until - time.monotonic())

    def _note_refused(self, batch: _Batch, refused: object) -> None:
        for one in refused if isinstance(refused, list) else []:
            if not isinstance(one, dict):
                continue
            with self._changed:
                self._refused += 1
            field, why = str(one.get("field"))[:80], str(one.get("reason"))[:200]
            # Without the value: that may be anybody's.
            self._tell(batch.kind, f"a record is refused: {field} is {why}; {one.get('fix')}")
            index = one.get("index")
            if isinstance(index, int) and index < len(batch.lines) and not one.get("quarantined"):
                row = {"field": field, "reason": why, "row": batch.lines[index].decode()}
                self._spill.write("refused", [_line(row)])

    def _spill_rows(self, kind: str, rows: Sequence[bytes]) -> None:
        written = self._spill.write(kind, rows) if rows else 0
        with self._changed:
            self._spilt += written
            self._dropped += len(rows) - written
        if written < len(rows):
            self._tell(kind, f"records were dropped: {self._folder} is full or cannot be written")

    def _tell(self, kind: str, what: str) -> None:
        """Say it in the log, once, and of few different things."""
        if len(self._told) < 50 and (kind, what) not in self._told:
            self._told.add((kind, what))
            _log.warning("%s: %s", kind, what)

    def _unanswered(self, why: str, action: object = None) -> Decision:
        """The fallback; what the server asks for instead counts where it is more careful."""
        careful = max(self._fallback, str(action), key=_care)
        return Decision(careful, why, "fallback:unanswered", answered=False)

    # -- HTTP --------------------------------------------------------------------------------------

    def _post(
        self,
        path: str,
        body: bytes,
        content_type: str,
        timeout: float,
        held: list[http.client.HTTPConnection],
    ) -> _Answer:
        """Send; the answer, with status 0 where there is none. Never raises."""
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": content_type}
        while True:
            with self._changed:
                used = self._idle.pop() if self._idle else None
            connection = used or self._connection()
            held[:] = [connection]
            try:
                connection.timeout = timeout
                if connection.sock is not None:
                    connection.sock.settimeout(timeout)
                connection.request("POST", self._prefix + path, body, headers)
                response = connection.getresponse()
                answer = _answer(response, response.read(BATCH_BYTES))
            except (OSError, http.client.HTTPException, ValueError) as error:
                connection.close()
                gone = isinstance(error, (ConnectionError, http.client.BadStatusLine))
                if used is not None and gone and not self._closed:
                    continue  # the server had closed it while it was idle
                return _Answer(0)
            if response.isclosed() and not response.will_close and not self._closed:
                with self._changed:
                    self._idle.append(connection)
            else:
                connection.close()
            return answer

    def _connection(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(self._host, self._port, context=self._context)
        return http.client.HTTPConnection(self._host, self._port)


@dataclass(frozen=True)
class _Batch:
    kind: str
    lines: tuple[bytes, ...]
    size: int


@dataclass(frozen=True)
class _Answer:
    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    retry_after: float = 0.0


class _Spill:
    """Files of records, a line each; bounded together with what lies there from before."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder, self._limit = folder, limit
        self._name = f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}"
        self._held: int | None = None
        self._files: dict[str, Path] = {}
        self._writing = threading.Lock()

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(self._files.values())

    def write(self, kind: str, lines: Sequence[bytes]) -> int:
        """Append lines; how many are there now, from the first on."""
        with self._writing:
            try:
                return self._written(kind, lines)
            except OSError:
                return 0

    def _written(self, kind: str, lines: Sequence[bytes]) -> int:
        if self._held is None:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._held = sum(one.stat().st_size for one in self._folder.glob("*.ndjson"))
        count, size = 0, self._held
        while count < len(lines) and size + len(lines[count]) + 1 <= self._limit:
            size += len(lines[count]) + 1
            count += 1
        if not count:
            return 0
        path = self._folder / f"{kind}-{self._name}.ndjson"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            before = os.fstat(file).st_size
            view = memoryview(b"".join(line + b"\n" for line in lines[:count]))
            try:
                while view:
                    view = view[os.write(file, view) :]
            except OSError:
                os.ftruncate(file, before)
                raise
        finally:
            os.close(file)
        self._files[kind], self._held = path, size
        return count


def pause_after(failures: int, asked: float = 0.0) -> float:
    """Seconds until the next attempt: by chance, so that clients do not come back all at once."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures, 20))
    return min(asked, LONGEST_ASKED) + random.uniform(0, longest)


def _answer(response: http.client.HTTPResponse, body: bytes) -> _Answer:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    waits = _seconds(response.headers.get("Retry-After", ""))
    return _Answer(response.status, found if isinstance(found, dict) else {}, waits)


def _seconds(text: str) -> float:
    """What a Retry-After asks for: seconds, or a time."""
    if text.strip().isdigit() and text.isascii():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (TypeError, ValueError, IndexError, OverflowError):
        return 0.0


def _line(row: Mapping[str, Any]) -> bytes:
    # JSON has no such number; as text the server keeps it, with what is wrong with it.
    odd = {k: str(v) for k, v in row.items() if isinstance(v, float) and not math.isfinite(v)}
    text = json.dumps({**row, **odd}, ensure_ascii=False, allow_nan=False, default=_plain)
    return text.encode("utf-8", "replace")


def _plain(value: Any) -> Any:
    """What JSON does not know: times, and the numbers of numpy."""
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else str(value)


def _care(action: str) -> int:
    return ACTIONS.index(action) if action in ACTIONS else -1


def _now() -> str:
    return datetime.now(timezone.utc).isoformat()


def _cut(connection: http.client.HTTPConnection) -> None:
    """End a connection under whoever waits for it."""
    try:
        if connection.sock is not None:
            connection.sock.shutdown(2)
    except OSError:
        pass


_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _close_all() -> None:
    for client in list(_clients):
        client.close()


def _forked() -> None:
    for client in list(_clients):
        client._begin()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
