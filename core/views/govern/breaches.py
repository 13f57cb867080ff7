"""The breaches one by one, in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import pandas as pd

from core.events import PPM
from core.gate.breaches import breached, breaches, reckon
from core.governance.rules_in_force import timeline
from core.queries.sums.rule_outcomes import Order
from core.registry.escalation_rules import fraction
from core.trail import log as trail
from core.views.govern.escalation import DONE_WORDS, KIND_WORDS, days_of

#: Rows of one leaf of the list, and the most that a download holds.
LEAF_SIZE, DOWNLOAD_SIZE = 100, 100_000


@dataclass(frozen=True)
class BreachesPage:
    """One leaf of the breaches.

    Attributes:
        frame: event_id, ts, confidence, done, required, rule, kind, why, gate, outcome, entry,
            registry_version, gate_decision, the fingerprint's fields, input_id and ``seg_…``; in
            words, as people read them.
        total: how many there are in all leaves.
        n_leaves: how many leaves; at least 1.
    """

    frame: pd.DataFrame
    total: int
    n_leaves: int


def breaches_view(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    first: date,
    last: date,
    *,
    kinds: Collection[str] = (),
    order: Order = "-ts",
    leaf: int = 1,
    leaf_size: int = LEAF_SIZE,
) -> BreachesPage:
    """One leaf of a signal's breaches.

    Args:
        first: the first day.
        last: the last day, included.
        kinds: of these kinds only; none named: of all.
        order: as in `core.gate.breaches.breaches`.
        leaf: which leaf, 1 the first.
        leaf_size: rows of a leaf.
    """
    spans = timeline(trail.acts(cursor), signal)
    reckoning = reckon(cursor, spans, days_of(signal, first, last))
    chosen = breached(reckoning, kinds=kinds)
    total = reckoning.tally(lambda one: one.code in chosen).n_claims
    frame = breaches(
        cursor,
        reckoning,
        kinds=kinds,
        limit=leaf_size,
        offset=(leaf - 1) * leaf_size,
        order=order,
    )
    return BreachesPage(_in_words(frame), total, max(1, -(-total // leaf_size)))


def _in_words(frame: pd.DataFrame) -> pd.DataFrame:
    told = frame.assign(
        why=[_why(row) for row in frame.to_dict("records")],
        gate=[_gate_words(row) for row in frame.to_dict("records")],
        outcome=frame["outcome"].map({1: "right", 0: "wrong"}).fillna("not known yet"),
        rule=frame["rule"].where(frame["kind"] == "unvalidated", frame["band_rule"]),
        done=frame["done"].map(DONE_WORDS),
        required=frame["required"].where(frame["kind"] == "unvalidated", frame["by_band"]),
        kind=frame["kind"].map(KIND_WORDS),
    )
    return told[[*_FIRST, *(name for name in told.columns if name not in (*_FIRST, *_MERGED))]]


_FIRST = (
    *("event_id", "ts", "confidence", "done", "required", "rule", "kind", "why", "gate"),
    *("outcome", "entry", "registry_version", "gate_decision"),
)
#: What went into the words of other columns.
_MERGED = ("by_band", "band_rule", "standing", "followed", "gate_at", "gate_action", "gate_rule")


def _why(row: Mapping[Any, Any]) -> str:
    """Why the required action was required."""
    if row["kind"] == "unvalidated":
        return str(row["standing"])
    asked = f"{row['band_rule']} asks for {row['by_band']}"
    if pd.isna(row["confidence"]):
        return f"No confidence stated: {asked}."
    stated = fraction(round(float(row["confidence"]) * PPM))
    return f"Stated {stated}: {asked}."


def _gate_words(row: Mapping[Any, Any]) -> str:
    if pd.isna(row["followed"]):
        return "not asked"
    how = "followed" if row["followed"] else "not followed"
    return f"answered {row['gate_action']}, {how}"
