"""What there is instead of what somebody named and nothing has, the closest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

import duckdb

from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.text.figures import counted
from core.trail.fingerprint import FIELDS, Fingerprint

#: So many fingerprints are named; the others are counted.
_NAMED = 3


def closest_first(asked: str, there: Iterable[str]) -> list[str]:
    """Words by how near they are to the one asked for; equally near ones in their own order."""
    return sorted(there, key=lambda word: -_likeness(asked, word))


def fingerprints_there(
    cursor: duckdb.DuckDBPyConnection, signal: str, asked: Mapping[str, str | None]
) -> str:
    """The fingerprints that made claims of a signal, in a sentence.

    Args:
        asked: the fields of the fingerprint that was named; others than its are left alone.
    """
    named = Fingerprint.of(asked)
    found = [
        (Fingerprint.of(dict(one.fields)), one.n_claims)
        for one in fingerprints_seen(cursor)
        if one.signal == signal and one.n_claims
    ]
    if not found:
        return f"{signal} has no claim at all."
    found.sort(key=lambda one: (-_alike(named, one[0]), -one[1], one[0].words()))
    said = [f"{fingerprint.words()} ({counted(n, 'claim')})" for fingerprint, n in found[:_NAMED]]
    more = len(found) - _NAMED
    rest = f"; and {more:,} more" if more > 0 else ""
    return f"Claims of {signal} are there of: {'; '.join(said)}{rest}."


def _alike(one: Fingerprint, other: Fingerprint) -> float:
    """How near two fingerprints are: equal fields count most, similar ones by their letters."""
    pairs = [(getattr(one, name), getattr(other, name)) for name in FIELDS]
    return sum(_likeness(a or "", b or "") for a, b in pairs)


def _likeness(one: str, other: str) -> float:
    if one == other:
        return 2.0
    return SequenceMatcher(None, one[:100].casefold(), other[:100].casefold()).ratio()
