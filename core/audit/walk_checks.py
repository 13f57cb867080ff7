"""What is missing or altered on a walk over a ledger or an export."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from core.audit.chain_check import Walk
from core.trail.problems import Problem


def check_due(walk: Walk, due: bool, last: int) -> None:
    """Note where the last entry has no signed checkpoint, though one is due."""
    if due:
        walk.problems.append(
            Problem("checkpoint", max(last, 0), f"Entry {last} has no signed checkpoint.")
        )


def altered(sha256: str, walk: Walk) -> Problem:
    """That evidence is not what its hash says."""
    seq = walk.evidence.get(sha256)
    by = "" if seq is None else f", which entry {seq} cites,"
    return Problem("evidence", seq, f"The evidence {sha256[:12]}…{by} was altered.")


def missing(found: set[str], walk: Walk) -> Iterator[Problem]:
    """The evidence that entries cite and that was not found."""
    for sha256, seq in walk.evidence.items():
        if sha256 not in found:
            words = f"The evidence {sha256[:12]}…, which entry {seq} cites, is missing."
            yield Problem("evidence", seq, words)


def digest_of(text: str) -> str:
    """SHA-256 of a text, also of one that no UTF-8 text can be."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()
