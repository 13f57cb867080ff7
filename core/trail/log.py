"""The trail in the ledger file: entries, each with the signed checkpoint of the tree it made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.ledger.errors import LedgerError
from core.trail.acts import SYSTEM, Act, Actor, Proposal
from core.trail.checkpoints import checkpoints as notes
from core.trail.checkpoints.checkpoints import Checkpoint, NoteError, VerifierKey
from core.trail.checkpoints.merkle import Frontier, leaf_hash
from core.trail.checkpoints.signer import Signer
from core.trail.seals import signed_answers

STARTED, KEY_CHANGED = "trail.started", "key.changed"
#: Rows fetched at once.
_PAGE = 1000


class TrailError(LedgerError):
    """The trail cannot be read or continued as it is; nothing was changed."""


@contextmanager
def at_one_moment(cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Everything read inside is of one moment, whoever writes meanwhile.

    In a transaction of the caller's own it goes on in that one.
    """
    # Asked for and not tried: a BEGIN that is refused aborts the transaction there is.
    if _in_transaction(cursor):
        yield
        return
    cursor.execute("BEGIN TRANSACTION")
    try:
        yield
    finally:
        with suppress(duckdb.TransactionException):
            cursor.execute("ROLLBACK")


def _in_transaction(cursor: duckdb.DuckDBPyConnection) -> bool:
    """Whether a transaction is open: outside of one, every statement has a number of its own."""
    first, second = (cursor.execute("SELECT txid_current()").fetchone() for _ in range(2))
    return first == second


def size(cursor: duckdb.DuckDBPyConnection) -> int:
    """Entries in the trail."""
    row = cursor.execute("SELECT count(*) FROM acts").fetchone()
    assert row is not None
    return int(row[0])


def entries(
    cursor: duckdb.DuckDBPyConnection, first: int = 0, until: int | None = None
) -> Iterator[tuple[int, str, str]]:
    """Sequence number, text and stored leaf hash of the entries, in order.

    The cursor is busy until the last one is taken.

    Args:
        first: the first one wanted.
        until: the one after the last; None: to the end.
    """
    cursor.execute(
        """
        SELECT seq, entry, leaf FROM acts
        WHERE seq >= $first AND ($until IS NULL OR seq < $until) ORDER BY seq
        """,
        {"first": first, "until": until},
    )
    while rows := cursor.fetchmany(_PAGE):
        yield from rows


def acts(cursor: duckdb.DuckDBPyConnection, first: int = 0) -> tuple[Act, ...]:
    """The acts from one on; read, not verified.

    Raises:
        TrailError: an entry cannot be read.
    """
    found = []
    for seq, text, _ in entries(cursor, first):
        try:
            found.append(Act.of_text(text))
        except ValueError as error:
            raise TrailError(
                f"Entry {seq} of the decision trail cannot be read ({error}); see: calledger trail "
                "verify."
            ) from None
    return tuple(found)


def latest_note(cursor: duckdb.DuckDBPyConnection) -> str | None:
    """The newest signed checkpoint; None before the first entry."""
    row = cursor.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
    return None if row is None else str(row[0])


def keys(cursor: duckdb.DuckDBPyConnection) -> tuple[VerifierKey, ...]:
    """The public keys that sign the trail, from the first to the one in force.

    Raises:
        TrailError: the trail names a key that cannot be read.
    """
    rows = cursor.execute(
        """
        SELECT seq, entry FROM acts
        WHERE contains(entry, '"kind":"trail.started"') OR contains(entry, '"kind":"key.changed"')
        ORDER BY seq
        """
    ).fetchall()
    found = []
    for seq, entry in rows:
        try:
            act = Act.of_text(entry)
            if act.kind in (STARTED, KEY_CHANGED):
                found.append(VerifierKey.of(act.body["key"]))
        except (ValueError, KeyError) as error:
            raise TrailError(
                f"Entry {seq} of the decision trail names no key that can be read ({error}); see: "
                "calledger trail verify."
            ) from None
    return tuple(found)


def key_in_force(cursor: duckdb.DuckDBPyConnection) -> VerifierKey | None:
    """The public key that signs the next checkpoint; None before the first entry.

    Raises:
        TrailError: the trail has entries and names no key.
    """
    found = keys(cursor)
    if not found and size(cursor):
        raise TrailError("The decision trail names no key; see: calledger trail verify.")
    return found[-1] if found else None


def origin(cursor: duckdb.DuckDBPyConnection) -> str | None:
    """The trail's name, ``calledger/…``; None before the first entry."""
    key = key_in_force(cursor)
    return None if key is None else key.name


def start(cursor: duckdb.DuckDBPyConnection, signer: Signer, *, at: datetime, program: str) -> Act:
    """The first entry, written now unless there is one.

    Args:
        signer: whose name becomes the trail's origin.
    """
    if size(cursor):
        return acts(cursor)[0]
    body = {
        "origin": signer.name,
        "key": signer.verifier_key,
        "program": program,
        signed_answers.SIGNED_FROM: signed_answers.next_number(cursor),
    }
    began = Proposal(STARTED, Actor(SYSTEM, SYSTEM, via="system"), body=body)
    return _add(cursor, _Head(Frontier(), "", None), began, (signer,), at, None, None)


def append(
    cursor: duckdb.DuckDBPyConnection,
    signer: Signer,
    proposal: Proposal,
    *,
    at: datetime,
    before: str | None,
    after: str | None,
    successor: Signer | None = None,
) -> Act:
    """Add an entry and the signed checkpoint of the tree it makes.

    Args:
        cursor: in the caller's transaction, which the act's effects share.
        proposal: what was authorised.
        at: when, UTC without zone; not before the last entry.
        before: state it is done in.
        after: state it leads to.
        successor: for ``key.changed`` the key named in its body. That checkpoint is signed with
            both, so that no key comes into force without the one before it.

    Raises:
        TrailError: the trail has not begun, does not end in a checkpoint that this key signed, or
            its time would fall.
    """
    head = _head(cursor, signer)
    if head.at is not None and at < head.at:
        raise TrailError(f"The act is dated {at}, before the trail's last one ({head.at}).")
    signers: tuple[Signer, ...] = (signer,)
    if proposal.kind == KEY_CHANGED:
        if (
            successor is None
            or proposal.body.get("key") != successor.verifier_key
            or successor.name != signer.name
            or successor.verifier_key == signer.verifier_key
        ):
            raise TrailError("A change of key needs the new key itself, under the trail's name.")
        signers = (signer, successor)
    return _add(cursor, head, proposal, signers, at, before, after)


@dataclass(frozen=True)
class _Head:
    """Where the trail ends."""

    frontier: Frontier
    leaf: str
    at: datetime | None


def _head(cursor: duckdb.DuckDBPyConnection, signer: Signer) -> _Head:
    row = cursor.execute(
        """
        SELECT (SELECT count(*) FROM acts), (SELECT count(*) FROM checkpoints),
               seq, entry, leaf, size, frontier, note
        FROM checkpoints JOIN acts ON seq = size - 1
        WHERE size = (SELECT max(size) FROM checkpoints)
          AND seq = (SELECT max(seq) FROM acts)
        """
    ).fetchone()
    if row is None:
        raise TrailError(
            "The decision trail has not begun, or its entries and its checkpoints do not end "
            "together, so nothing is added; see: calledger trail verify."
        )
    count, n_signed, seq, entry, leaf, size_, roots, note = row
    try:
        frontier = Frontier(size_, tuple(bytes.fromhex(root) for root in roots))
        signed = notes.checkpoint(note, signer.verifier)
        last = Act.of_text(entry)
        if last.kind == KEY_CHANGED and last.body["key"] != signer.verifier_key:
            raise NoteError("the key was changed by that entry")
    except (ValueError, KeyError) as error:
        raise TrailError(
            f"The decision trail does not end in a checkpoint of this key ({error}), so nothing "
            "is added; see: calledger trail verify."
        ) from None
    whole = (signed.size, signed.root) == (frontier.size, frontier.root())
    # The last leaf of a tree of odd size is the last root of its frontier.
    odd_fits = not size_ & 1 or frontier.roots[-1].hex() == leaf
    if not (whole and odd_fits and count == n_signed == size_ == seq + 1 and leaf == _leaf(entry)):
        raise TrailError(
            f"The decision trail has {count} entries, but not those of its last signed checkpoint "
            f"({size_}), so nothing is added; see: calledger trail verify."
        )
    return _Head(frontier, leaf, last.at)


def _add(
    cursor: duckdb.DuckDBPyConnection,
    head: _Head,
    proposal: Proposal,
    signers: tuple[Signer, ...],
    at: datetime,
    before: str | None,
    after: str | None,
) -> Act:
    act = Act(
        seq=head.frontier.size,
        at=at,
        kind=proposal.kind,
        actor=proposal.actor,
        signal=proposal.signal,
        fingerprint=proposal.fingerprint,
        before=before,
        after=after,
        body=proposal.body,
        signature=proposal.signature,
    )
    log = signers[0].name
    text = act.to_text(log=log, prev=head.leaf)
    leaf = leaf_hash(text.encode("utf-8"))
    frontier = head.frontier.append(leaf)
    time = (notes.time_line(act.at),)
    note = notes.sign(Checkpoint(log, frontier.size, frontier.root(), time).body, signers)
    cursor.execute(
        "INSERT INTO acts VALUES ($seq, $entry, $leaf)",
        {"seq": act.seq, "entry": text, "leaf": leaf.hex()},
    )
    cursor.execute(
        "INSERT INTO checkpoints VALUES ($size, $frontier, $note)",
        {
            "size": frontier.size,
            "frontier": [root.hex() for root in frontier.roots],
            "note": note,
        },
    )
    # What is handed back is what any reader of the text gets.
    return Act.of_text(text)


def _leaf(entry: str) -> str:
    return leaf_hash(entry.encode("utf-8")).hex()
