"""The log of the gate's answers: on disk before they are given.

A server keeps answers in its spool, so that none waits for whoever writes to the ledger, and folds
them in soon after. A command writes them into the ledger at once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import duckdb

from core.gate.gate import Decision, Gate, closed
from core.gate.questions import Question
from core.governance.perform import Office
from core.ledger.errors import UnusableFile
from core.spool.segments import Receipt, Spool
from core.trail import log as trail
from core.trail.canonical_json import canonical
from core.trail.fingerprint import Fingerprint
from core.trail.seals import signed_answers

#: What is logged of an answer, and its type there.
_COLUMNS = {
    "decision_id": "VARCHAR",
    "decided_at": "TIMESTAMP",
    "signal": "VARCHAR",
    "event_id": "VARCHAR",
    "confidence": "VARCHAR",
    "confidence_ppm": "INTEGER",
    "fingerprint": "VARCHAR",
    "segments": "VARCHAR",
    "action": "VARCHAR",
    "rule": "VARCHAR",
    "reason": "VARCHAR",
    "state": "VARCHAR",
    "trail_size": "BIGINT",
}
_LINE = json.JSONEncoder()

#: Of the segments that hold answers.
KIND = "decisions"
#: So many answers are folded in one transaction.
_AT_ONCE = 50_000

_Row = tuple[Any, ...]


class Log(Protocol):
    """Where answers are written."""

    def write(self, decisions: Sequence[Decision]) -> None:
        """Log answers; they are on disk when this returns, or it raises."""


class SpooledLog:
    """Writes answers to the spool, from where `fold_answers` takes them into the ledger.

    An answer that could not be signed there, because the signing key is missing, is not written.
    """

    def __init__(self, office: Office, spool: Spool) -> None:
        self._office, self._spool = office, spool

    def write(self, decisions: Sequence[Decision]) -> None:
        """See `Log`.

        Raises:
            OSError, LedgerError: they could not be written, and none of them was.
        """
        if decisions:
            self.submit(decisions).result()

    def submit(self, decisions: Sequence[Decision]) -> Future[Receipt]:
        """Hand in answers, at least one; the future is done when they are on disk.

        Raises:
            OSError, LedgerError: they cannot be written, and none of them was.
        """
        if any(one.trail_size for one in decisions):
            self._office.signer()
        return self._spool.submit(KIND, [_line(_row(one)) for one in decisions])


class DecisionLog:
    """Writes answers into the ledger at once.

    From the first act on they are signed (`core.trail.seals.signed_answers`), so an answer that
    cannot be, because the signing key is missing, cannot be written either.
    """

    def __init__(self, office: Office) -> None:
        self._office = office

    def write(self, decisions: Sequence[Decision]) -> None:
        """See `Log`.

        Raises:
            duckdb.Error, OSError, LedgerError: they could not be written, and none of them was.
        """
        _store(self._office, [_row(one) for one in decisions])


def decide_logged(gate: Gate, log: Log, questions: Sequence[Question]) -> tuple[Decision, ...]:
    """Answer questions and log the answers; an answer that cannot be logged is not given.

    Returns:
        One decision per question, in order; where the log fails, the fail-closed one.
    """
    decisions = tuple(gate.decide(question) for question in questions)
    try:
        log.write(decisions)
    except Exception:
        return not_logged(decisions)
    return decisions


def not_logged(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """The answers that are given in place of those that could not be logged."""
    return tuple(
        closed(one.question, one.decided_at, "Fails closed: the answer could not be logged.")
        for one in decisions
    )


def fold_answers(office: Office, segment: Path) -> int:
    """Take the answers of a segment into the ledger; those that are there are left alone.

    Returns:
        How many were new.

    Raises:
        UnusableFile: a line is no answer; those of the lines before it may be in.
    """
    count = 0
    with segment.open("rb") as file:
        while lines := list(islice(file, _AT_ONCE)):
            try:
                count += _store(office, [_read(line) for line in lines])
            except (ValueError, KeyError, TypeError, duckdb.ConversionException) as error:
                raise UnusableFile(
                    f"{segment.name} holds a line that is no answer of the gate: {error}."
                ) from error
    return count


def _read(line: bytes) -> _Row:
    found = json.loads(line)
    found["decided_at"] = datetime.fromisoformat(found["decided_at"])
    return tuple(found[name] for name in _COLUMNS)


def _row(one: Decision) -> _Row:
    return (
        one.decision_id,
        one.decided_at,
        one.question.signal,
        one.question.event_id,
        one.question.given,
        one.ppm,
        _fingerprint(one.question.fingerprint),
        _json(dict(one.question.noted)),
        one.action,
        one.rule,
        one.reason,
        one.state,
        one.trail_size,
    )


@lru_cache(maxsize=1024)
def _fingerprint(fingerprint: Fingerprint) -> str:
    """Its fields as they are logged; the same few ask again and again."""
    return _json(fingerprint.as_json())


def _line(row: _Row) -> bytes:
    fields = dict(zip(_COLUMNS, row, strict=True))
    fields["decided_at"] = fields["decided_at"].isoformat()
    return _LINE.encode(fields).encode("ascii")


def _store(office: Office, rows: Sequence[_Row]) -> int:
    """Write and sign the answers that the ledger does not have, in their order; how many."""
    if not rows:
        return 0
    answers = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    with office.ledger.transaction() as cursor:
        cursor.execute(_STORE, {**answers, "line": list(range(len(rows)))})
        names = [str(one[0]) for one in cursor.description or ()]
        written = cursor.fetchall()
        if written and trail.size(cursor):
            signed_answers.sign(cursor, office.signer(), names, written, lambda: trail.keys(cursor))
    return len(written)


_GIVEN = "".join(f"unnest(${name}::{type_}[]) AS {name}, " for name, type_ in _COLUMNS.items())
_STORE = f"""
    WITH answers AS MATERIALIZED (SELECT {_GIVEN}unnest($line::BIGINT[]) AS line)
    INSERT INTO decisions BY NAME
    SELECT (SELECT coalesce(max(decision_no), 0) FROM decisions)
           + row_number() OVER (ORDER BY line) AS decision_no, * EXCLUDE (line)
    FROM answers
    ANTI JOIN (
        SELECT decision_id FROM decisions
        WHERE decided_at >= (SELECT min(decided_at) FROM answers))
    USING (decision_id)
    RETURNING *
"""


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
        SELECT decision_id, decided_at, signal, event_id, confidence, fingerprint, action, rule,
               reason, state, trail_size, confidence_ppm
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
