"""The log of the gate's answers: on disk before they are given."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pyarrow as pa

from core.gate.gate import Decision, Gate, closed
from core.gate.questions import Question
from core.governance.perform import Office
from core.trail import log as trail
from core.trail import signed_answers
from core.trail.canonical_json import canonical

_SCHEMA = pa.schema(
    [
        ("decision_id", pa.string()),
        ("decided_at", pa.timestamp("us")),
        ("signal", pa.string()),
        ("event_id", pa.string()),
        ("confidence", pa.string()),
        ("confidence_ppm", pa.int32()),
        ("fingerprint", pa.string()),
        ("segments", pa.string()),
        ("action", pa.string()),
        ("rule", pa.string()),
        ("reason", pa.string()),
        ("state", pa.string()),
        ("trail_size", pa.int64()),
    ]
)


class DecisionLog:
    """Writes answers, those of several threads in one commit where they come together.

    From the first act on they are signed (`core.trail.signed_answers`), so an answer that cannot
    be, because the signing key is missing, cannot be written either.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._waiting: list[_Batch] = []
        self._queueing = threading.Lock()
        self._writing = threading.Lock()

    def write(self, decisions: Sequence[Decision]) -> None:
        """Log answers; they are on disk when this returns.

        Raises:
            duckdb.Error, OSError, LedgerError: they could not be written, and none of them was.
        """
        mine = _Batch(tuple(decisions))
        with self._queueing:
            self._waiting.append(mine)
        with self._writing:
            if mine.done:
                if mine.failed is not None:
                    raise mine.failed
                return
            with self._queueing:
                batches, self._waiting = self._waiting, []
            try:
                _insert(self._office, [one for batch in batches for one in batch.decisions])
            except BaseException as error:
                for batch in batches:
                    batch.done, batch.failed = True, error
                raise
            for batch in batches:
                batch.done = True


@dataclass
class _Batch:
    decisions: tuple[Decision, ...]
    done: bool = False
    failed: BaseException | None = None


def decide_logged(
    gate: Gate, log: DecisionLog, questions: Sequence[Question]
) -> tuple[Decision, ...]:
    """Answer questions and log the answers; an answer that cannot be logged is not given.

    Returns:
        One decision per question, in order; where the log fails, the fail-closed one.
    """
    decisions = tuple(gate.decide(question) for question in questions)
    try:
        log.write(decisions)
    except Exception:
        return tuple(
            closed(one.question, one.decided_at, "Fails closed: the answer could not be logged.")
            for one in decisions
        )
    return decisions


def _insert(office: Office, decisions: Sequence[Decision]) -> None:
    if not decisions:
        return
    columns = [
        [one.decision_id for one in decisions],
        [one.decided_at for one in decisions],
        [one.question.signal for one in decisions],
        [one.question.event_id for one in decisions],
        [one.question.given for one in decisions],
        [one.ppm for one in decisions],
        [_json(one.question.fingerprint.as_json()) for one in decisions],
        [_json(dict(one.question.noted)) for one in decisions],
        [one.action for one in decisions],
        [one.rule for one in decisions],
        [one.reason for one in decisions],
        [one.state for one in decisions],
        [one.trail_size for one in decisions],
    ]
    arrays = [
        pa.array(values, type=field.type) for values, field in zip(columns, _SCHEMA, strict=True)
    ]
    with office.ledger.transaction() as cursor:
        cursor.register("answers", pa.Table.from_arrays(arrays, schema=_SCHEMA))
        cursor.execute(
            """
            INSERT INTO decisions BY NAME
            SELECT (SELECT coalesce(max(decision_no), 0) FROM decisions)
                   + row_number() OVER () AS decision_no, *
            FROM answers
            RETURNING *
            """
        )
        names = [str(one[0]) for one in cursor.description or ()]
        written = cursor.fetchall()
        cursor.unregister("answers")
        if trail.size(cursor):
            signed_answers.sign(cursor, office.signer(), names, written, lambda: trail.keys(cursor))


def _json(fields: dict[str, str]) -> str:
    # Keys of canonical JSON are ASCII.
    return canonical({name if name.isascii() else ascii(name)[1:-1]: one
                      for name, one in fields.items()})  # fmt: skip


@dataclass(frozen=True)
class LoggedDecision:
    """An answer as it stands in the log; fields as in `Decision`.

    Attributes:
        ppm: the confidence in whole millionths; None where it was none.
    """

    decision_no: int
    decision_id: str
    decided_at: datetime
    signal: str | None
    event_id: str | None
    confidence: str | None
    fingerprint: str
    action: str
    rule: str
    reason: str
    state: str | None
    trail_size: int
    ppm: int | None


def decisions_of_event(
    cursor: duckdb.DuckDBPyConnection, signal: str, event_id: str, *, limit: int = 50
) -> tuple[LoggedDecision, ...]:
    """The gate's answers about a claim, the newest first."""
    rows = cursor.execute(
        """
        SELECT decision_no, decision_id, decided_at, signal, event_id, confidence, fingerprint,
               action, rule, reason, state, trail_size, confidence_ppm
        FROM decisions WHERE signal = $signal AND event_id = $event_id
        ORDER BY decision_no DESC LIMIT $limit
        """,
        {"signal": signal, "event_id": event_id, "limit": limit},
    ).fetchall()
    return tuple(LoggedDecision(*row) for row in rows)


def logged(cursor: duckdb.DuckDBPyConnection) -> int:
    """How many answers were logged."""
    row = cursor.execute("SELECT count(*) FROM decisions").fetchone()
    assert row is not None
    return int(row[0])


def unsealed(cursor: duckdb.DuckDBPyConnection, sealed_to: int) -> tuple[int, int] | None:
    """First and last number of the answers after ``sealed_to``; None when there is none."""
    row = cursor.execute(
        "SELECT min(decision_no), max(decision_no) FROM decisions WHERE decision_no > $sealed",
        {"sealed": sealed_to},
    ).fetchone()
    return None if row is None or row[0] is None else (int(row[0]), int(row[1]))
