"""Claims: the newest of a selection, and those that a search finds."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pandas as pd

from core.defaults import HIGH_FROM
from core.queries.base.selection import Selection
from core.queries.claims import claim_list as rows
from core.queries.claims.claim_list import ClaimCounts, Order, Search
from core.sentences.numbers import count, counted, cut

#: Rows in the drawer of other pages; the rest is on the Claims page.
DRAWER_SIZE = 500
#: Rows of one leaf of the list, and the most that a download holds.
LEAF_SIZE, DOWNLOAD_SIZE = 100, 100_000


@dataclass(frozen=True)
class ClaimsView:
    """Some claims, newest first, and how many there are in all."""

    frame: pd.DataFrame
    total: int


@dataclass(frozen=True)
class FoundClaims:
    """What a search found.

    Attributes:
        counts: of the claims found.
        n_leaves: how many leaves of `LEAF_SIZE` they fill; at least 1.
        sentence: how many they are, and how many of them were confidently wrong.
    """

    counts: ClaimCounts
    n_leaves: int
    sentence: str


def claims_view(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> ClaimsView:
    """The newest claims of a selection."""
    return ClaimsView(
        rows.claims(cursor, selection, limit=DRAWER_SIZE, order="-ts"),
        rows.count_claims(cursor, selection),
    )


def found(
    cursor: duckdb.DuckDBPyConnection, search: Search, total: int, *, high_from: float = HIGH_FROM
) -> FoundClaims:
    """Count what a search finds.

    Args:
        total: all claims of the signal.
    """
    counts = rows.counts(cursor, search, high_from=high_from)
    said = found_sentence(counts, total, high_from)
    return FoundClaims(counts, max(1, -(-counts.n_found // LEAF_SIZE)), said)


def leaf(
    cursor: duckdb.DuckDBPyConnection, search: Search, order: Order, number: int
) -> pd.DataFrame:
    """Leaf ``number``, 1 the first, of what a search finds; columns as `claim_list.claims`."""
    offset = (number - 1) * LEAF_SIZE
    return rows.claims(cursor, search, limit=LEAF_SIZE, offset=offset, order=order)


def download(cursor: duckdb.DuckDBPyConnection, search: Search, order: Order) -> pd.DataFrame:
    """What a search finds, whole up to `DOWNLOAD_SIZE` rows."""
    return rows.claims(cursor, search, limit=DOWNLOAD_SIZE, order=order)


def found_sentence(counts: ClaimCounts, total: int, high_from: float = HIGH_FROM) -> str:
    """How many were found: "312 of 6,601 claims; 41 of them stated 90% or more and were wrong"."""
    n, wrong = counts.n_found, counts.n_high_wrong
    if not n:
        return f"None of {counted(total, 'claim')}."
    head = counted(total, "claim") if n == total else f"{count(n)} of {counted(total, 'claim')}"
    if not counts.n_labelled:
        return f"{head}; no outcome is known yet."
    which = f"stated {cut(high_from)} or more and"
    if wrong == n:
        return f"{head}; {'it' if n == 1 else 'all of them'} {which} {_was(n)} wrong."
    who = "none of them" if not wrong else f"{count(wrong)} of them"
    return f"{head}; {who} {which} {_was(max(wrong, 1))} wrong."


def _was(n: int) -> str:
    return "was" if n == 1 else "were"
