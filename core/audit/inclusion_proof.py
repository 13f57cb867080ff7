"""Proof that one entry stands in the trail, for somebody who has neither the trail nor the ledger.

The text form is c2sp.org/tlog-proof@v1: the entry's index, the hashes beside its way up the tree,
and the signed checkpoint whose root they lead to.
"""

from __future__ import annotations

import base64
import re

import duckdb

from core.trail import log as trail
from core.trail.checkpoints import checkpoints as notes
from core.trail.checkpoints import merkle
from core.trail.checkpoints.checkpoints import Checkpoint, NoteError, VerifierKey

_FORMAT = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,17})")


def proof(cursor: duckdb.DuckDBPyConnection, seq: int) -> str:
    """The proof of an entry against the newest checkpoint.

    Raises:
        TrailError: there is no such entry, or the trail is not what its checkpoint says.
    """
    with trail.at_one_moment(cursor):
        rows = [(entry, bytes.fromhex(leaf)) for _, entry, leaf in trail.entries(cursor)]
        note, key = trail.latest_note(cursor), trail.key_in_force(cursor)
    leaves = [leaf for _, leaf in rows]
    if note is None or key is None or not 0 <= seq < len(leaves):
        raise trail.TrailError(f"The decision trail has no entry {seq}; it has {len(leaves)}.")
    hashes = merkle.inclusion_proof(leaves, seq)
    lines = [_FORMAT, f"index {seq}", *(base64.b64encode(one).decode("ascii") for one in hashes)]
    text = "\n".join(lines) + f"\n\n{note}"
    try:
        verify_proof(text, rows[seq][0], key)
    except NoteError as error:
        raise trail.TrailError(
            f"The decision trail is not what was signed ({error}); see: calledger trail verify."
        ) from None
    return text


def verify_proof(text: str, entry: str, verifier_key: str | VerifierKey) -> Checkpoint:
    """The checkpoint that an entry is proven to stand in.

    Args:
        verifier_key: the trail's public key, got from elsewhere than the proof.

    Raises:
        NoteError: it proves nothing of the kind; the message says why.
    """
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != _FORMAT or not gap:
        raise NoteError(f"a proof begins with {_FORMAT}")
    lines = lines[1:]
    if lines and lines[0].startswith("extra "):
        lines = lines[1:]
    index = _INDEX.fullmatch(lines[0]) if lines else None
    if index is None:
        raise NoteError("the proof names no index")
    hashes = [notes.decoded(line, "a hash of the proof") for line in lines[1:]]
    signed = notes.checkpoint(note, verifier_key)
    try:
        leaf = merkle.leaf_hash(entry.encode("utf-8"))
    except UnicodeEncodeError:
        raise NoteError("the entry is no text") from None
    if not merkle.verify_inclusion(leaf, int(index[1]), signed.size, hashes, signed.root):
        raise NoteError(f"the entry is not number {index[1]} of the {signed.size} that were signed")
    return signed
