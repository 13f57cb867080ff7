"""The claims of a signal whose labels contradict each other, in words."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from core.queries.labels.disputes import Dispute, OneLabel, disputes
from core.sentences.numbers import counted

#: As many are listed.
LISTED = 20


@dataclass(frozen=True)
class DisputesView:
    """What there is to answer.

    Attributes:
        headline: how many, in a sentence or two; "" where there is none.
        lines: (event, what its labels say), conflicts first.
        more: how many are not listed, in a sentence; "" where all are.
    """

    headline: str
    lines: tuple[tuple[str, str], ...]
    more: str


def disputes_view(cursor: duckdb.DuckDBPyConnection, signal: str) -> DisputesView:
    """What of a signal's labels contradicts others, and that nobody has answered."""
    found = disputes(cursor, signal, limit=LISTED)
    parts = []
    if found.n_conflicts:
        parts.append(
            f"{_have(found.n_conflicts)} two labels of one source that say different things at "
            "the same instant: unlabelled until that source labels "
            f"{'it' if found.n_conflicts == 1 else 'them'} once more, or withdraws one."
        )
    if found.n_contradictions:
        parts.append(
            f"{_have(found.n_contradictions)} a label that contradicts an earlier one of a source "
            "that ranks before its own: the earlier one stays in force."
        )
    left = found.n - len(found.listed)
    return DisputesView(
        " ".join(parts),
        tuple((one.event_id, _line(one)) for one in found.listed),
        f"And {counted(left, 'claim')} more." if left else "",
    )


def _have(n: int) -> str:
    return f"{counted(n, 'claim')} {'has' if n == 1 else 'have'}"


def _line(one: Dispute) -> str:
    first, second = _said(one.first), _said(one.second)
    return f"{first} and {second}" if one.conflict else f"{first}, in force; then {second}"


def _said(one: OneLabel) -> str:
    who = one.source or "no source stated"
    return f"{who}: {'right' if one.outcome else 'wrong'}, {one.known_at:%Y-%m-%d %H:%M:%S}"
