"""What a signature lets happen: cases a week that then act by themselves, and errors among them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.gate.backtest import effects
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.registry.signal_spec import SignalSpec
from core.trail.fingerprint import Fingerprint

#: Weeks of claims that are looked at.
WEEKS = 4


@dataclass(frozen=True)
class Consequence:
    """What the rules in force would do with a version's last claims, once it may act.

    Attributes:
        n_claims: its claims of the last `WEEKS` weeks.
        automated: those that would act by themselves.
        n_labelled: labelled ones among these.
        errors: errors expected among the automated; None: none of them is labelled.
        low: lower end of the 95% interval of that, see `core.gate.backtest.Load`.
        high: upper end.
    """

    n_claims: int
    automated: int
    n_labelled: int
    errors: float | None
    low: float | None
    high: float | None


def consequence(
    cursor: duckdb.DuckDBPyConnection, spec: SignalSpec, fingerprint: Fingerprint, now: datetime
) -> Consequence:
    """Run the rules in force over a version's last claims, as if it might act."""
    stated = fingerprint.as_json()
    where = tuple((name, (stated.get(name),)) for name in FIELDS)
    found = effects(cursor, None, spec, now=now, days=7 * WEEKS, where=where)
    load = found.after
    return Consequence(
        found.n_claims,
        load.automate,
        load.n_labelled,
        load.errors,
        load.errors_low,
        load.errors_high,
    )
