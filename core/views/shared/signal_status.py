"""Every signal in the few facts that a program asks for: its verdict, and whether it may act."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb

from core.governance.state import State
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.sentences.standing import as_json, one_line
from core.standing.verdict import StandingVerdict, of_signal, standing_verdicts
from core.views.shared.validation_badge import prints_in_use, standing_badge


def signal_statuses(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    now: datetime,
    *,
    only: str | None = None,
) -> Mapping[str, dict[str, Any]]:
    """By name, of every signal with a claim: the standing verdict and what is signed.

    Args:
        only: of this signal.
    """
    asked = None if only is None else (only,)
    found = standing_verdicts(cursor, state, now, only=asked, causes=True)
    seen = fingerprints_seen(cursor)
    statuses = {}
    for signal, versions in found.items():
        badge = standing_badge(state, signal, prints_in_use(seen, signal), now)
        one = of_signal(versions)
        statuses[signal] = {
            "signal": signal,
            "text": f"{one_line(one)}.",
            "standing": _told(one),
            "versions": [_told(version) for version in versions],
            "validation": {
                "state": badge.level,
                "may_act": badge.open,
                "until": None if badge.until is None else badge.until.isoformat(),
                "text": badge.words,
            },
        }
    return statuses


def _told(one: StandingVerdict) -> dict[str, Any]:
    worst = one.worst
    return {
        **as_json(one),
        "tolerance": one.terms.tolerance,
        "high_from": one.terms.high_from,
        "worst_segment": None
        if worst is None
        else {
            "dimension": worst.dimension,
            "value": worst.value,
            "gap": worst.shown.value,
            "gap_low": worst.shown.low,
            "gap_high": worst.shown.high,
            "n": worst.shown.n,
        },
        "began": None
        if one.began is None
        else {"changed": dict(one.began.changed), "on": one.began.on.isoformat()},
    }
