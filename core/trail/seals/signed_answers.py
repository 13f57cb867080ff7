"""The gate's answers since the last seal: one digest over all of them, signed at each new one.

A seal covers the answers up to it; those that follow are covered by this. The digest of the answers
``first_no`` to ``last_no`` is taken one by one, ``d = SHA-256(d before + the answer's line)``, and
lies in the table ``decision_head`` with a signature of the trail's key. So an answer that was
altered, added or taken out between others is found. Not found is that the newest ones were cut off
together with their signature, as an older copy of the ledger would show them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from core.trail.acts import Act, stamp
from core.trail.canonical_json import canonical
from core.trail.checkpoints.checkpoints import VerifierKey
from core.trail.checkpoints.signer import Signer
from core.trail.problems import Problem

#: Body of ``trail.started`` and ``decisions.sealed``: every answer from this number on is signed.
SIGNED_FROM = "answers_signed_from"
#: Body of ``decisions.sealed``: false where the answers sealed were not those that were signed.
AS_SIGNED = "answers_as_signed"
_PAGE = 10_000


@dataclass(frozen=True)
class _Head:
    """The row of ``decision_head``."""

    first: int
    last: int
    digest: str
    signature: str

    def message(self, log: str) -> bytes:
        """What is signed; no checkpoint is ever text of this form."""
        covered = {"first": self.first, "last": self.last, "digest": self.digest}
        return canonical({"answers": covered, "log": log}).encode("utf-8")

    def signed_by(self, keys: Iterable[VerifierKey]) -> bool:
        try:
            signature = base64.b64decode(self.signature, validate=True)
        except (binascii.Error, ValueError):
            return False
        return any(key.holds(self.message(key.name), signature) for key in keys)


def next_number(cursor: duckdb.DuckDBPyConnection) -> int:
    """The number that the next answer will have."""
    row = cursor.execute("SELECT coalesce(max(decision_no), 0) + 1 FROM decisions").fetchone()
    assert row is not None
    return int(row[0])


def sign(
    cursor: duckdb.DuckDBPyConnection,
    signer: Signer,
    columns: Sequence[str],
    answers: Sequence[tuple[Any, ...]],
    keys: Callable[[], Sequence[VerifierKey]],
) -> None:
    """Sign answers just written, together with the unsealed ones before them.

    What lay there and was not signed by the trail is never made good: its signature stays missing
    until the next seal, which records it.

    Args:
        columns: of ``decisions``, ``decision_no`` among them.
        answers: the rows as they are stored, at least one.
        keys: every key of the trail, asked for when it is not this one that signed last.
    """
    number = columns.index("decision_no")
    ordered = sorted(answers, key=lambda row: int(row[number]))
    heads = _heads(cursor)
    fresh = _Head(int(ordered[0][number]), 0, "", "")
    before = heads[0] if heads else fresh
    digest = _digest(before.digest, columns, ordered)
    head = _Head(before.first, int(ordered[-1][number]), digest, "")
    if not heads or (
        len(heads) == 1 and (before.signed_by([signer.verifier]) or before.signed_by(keys()))
    ):
        signature = signer.sign(head.message(signer.name))
        head = _Head(head.first, head.last, digest, base64.b64encode(signature).decode("ascii"))
    clear(cursor)
    cursor.execute(
        "INSERT INTO decision_head VALUES (?, ?, ?, ?)",
        [head.first, head.last, head.digest, head.signature],
    )


def clear(cursor: duckdb.DuckDBPyConnection) -> None:
    """Forget the signed digest: the answers it covers are sealed by now."""
    cursor.execute("DELETE FROM decision_head")


def signed_from(acts: Iterable[Act]) -> int | None:
    """From which answer on the trail says that all are signed; None: an earlier version's trail."""
    found = [act.body.get(SIGNED_FROM) for act in acts if act.kind in _SAYING]
    numbers = [one for one in found if isinstance(one, int) and not isinstance(one, bool)]
    return max(numbers, default=None)


_SAYING = frozenset({"trail.started", "decisions.sealed"})


def check_answers(
    cursor: duckdb.DuckDBPyConnection,
    *,
    sealed_to: int,
    begins: int | None,
    keys: Sequence[VerifierKey],
) -> tuple[list[Problem], list[str]]:
    """The answers after the last seal against their signed digest: problems, and remarks.

    Args:
        sealed_to: number of the last sealed answer; 0: none is.
        begins: see `signed_from`.
        keys: that ever signed the trail.
    """
    heads = _heads(cursor)
    if begins is not None:
        first: int | None = max(begins, sealed_to + 1)
    else:
        first = heads[0].first if heads else None
    problems = [Problem("table", None, words) for words in _faults(cursor, heads, first, keys)]
    bare = _count(cursor, sealed_to, first)
    remarks = []
    if bare:
        remarks.append(
            f"{_answers(bare)} after the last seal and nothing signs them: an earlier version "
            "wrote them, or the trail had not begun. They are not covered until they are sealed: "
            "calledger check."
        )
    signed = 0 if first is None else _count(cursor, first - 1, None)
    if signed:
        remarks.append(f"{_answers(signed)} after the last seal; a signature covers them.")
    return problems, remarks


def sealed_altered(acts: Iterable[Act]) -> list[Problem]:
    """Seals over answers that were not, when they were sealed, those that the gate had signed."""
    return [
        Problem(
            "seal",
            act.seq,
            f"When entry {act.seq} sealed the decisions {act.body.get('first')} to "
            f"{act.body.get('last')}, they were not those that the gate had signed.",
        )
        for act in acts
        if act.kind == "decisions.sealed" and act.body.get(AS_SIGNED, True) is not True
    ]


def _faults(
    cursor: duckdb.DuckDBPyConnection,
    heads: Sequence[_Head],
    first: int | None,
    keys: Sequence[VerifierKey],
) -> Iterable[str]:
    if first is None:
        return
    what = f"The decisions from {first} on, after the last seal,"
    count, last, digest = _recomputed(cursor, first)
    if len(heads) > 1:
        yield f"The table decision_head has {len(heads)} rows; one covers all answers."
    elif not heads and count:
        yield (
            f"{what} carry no signature: the {count:,} {'row' if count == 1 else 'rows'} of the "
            "table decisions were written by hand, or decision_head was emptied."
        )
    elif heads and (heads[0].first, heads[0].last, heads[0].digest) != (first, last, digest):
        yield f"{what} are not those that the gate signed (tables decisions, decision_head)."
    elif heads and not heads[0].signed_by(keys):
        yield f"{what} carry no valid signature (table decision_head)."


def _heads(cursor: duckdb.DuckDBPyConnection) -> list[_Head]:
    rows = cursor.execute(
        "SELECT first_no, last_no, digest, signature FROM decision_head LIMIT 9"
    ).fetchall()
    return [_Head(*row) for row in rows]


def _recomputed(cursor: duckdb.DuckDBPyConnection, first: int) -> tuple[int, int, str]:
    """How many answers there are from a number on, the last one's number, and their digest."""
    cursor.execute(
        "SELECT * FROM decisions WHERE decision_no >= $first ORDER BY ALL", {"first": first}
    )
    columns = [str(one[0]) for one in cursor.description or ()]
    number, count, last, digest = columns.index("decision_no"), 0, 0, ""
    while rows := cursor.fetchmany(_PAGE):
        count, last = count + len(rows), int(rows[-1][number])
        digest = _digest(digest, columns, rows)
    return count, last, digest


def _digest(before: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> str:
    """The digest after further rows, in their order; `before` is "" at first."""
    found = before
    for row in rows:
        line = json.dumps(_stated(columns, row), sort_keys=True, separators=(",", ":"))
        found = hashlib.sha256(f"{found}{line}".encode("ascii")).hexdigest()
    return found


def _stated(columns: Sequence[str], row: tuple[Any, ...]) -> Mapping[str, Any]:
    """A row's values; those it lacks are left out, so that a column added later changes nothing."""
    return {
        name: stamp(value) if isinstance(value, datetime) else value
        for name, value in zip(columns, row, strict=True)
        if value is not None
    }


def _count(cursor: duckdb.DuckDBPyConnection, after: int, until: int | None) -> int:
    row = cursor.execute(
        """
        SELECT count(*) FROM decisions
        WHERE decision_no > $after AND ($until IS NULL OR decision_no < $until)
        """,
        {"after": after, "until": until},
    ).fetchone()
    assert row is not None
    return int(row[0])


def _answers(count: int) -> str:
    return f"{count:,} {'answer' if count == 1 else 'answers'} of the gate came"
