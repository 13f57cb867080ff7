"""Held-out sets that have been judged on nearly as often as they may be, or as often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime

import duckdb

from core.findings.detectors.in_use import registered
from core.findings.detectors.labels.tuning_leak import judged_prints
from core.findings.facts.labels.heldout import HeldoutWorn, Looked
from core.findings.kinds import Condition
from core.governance.state import State
from core.ledger.errors import NeedsClaims
from core.queries.claims.claims_per_signal import VersionClaims
from core.queries.sums.validation_sample import KnownAt, newest_import
from core.registry.signal_spec import SignalSpec
from core.trail.fingerprint import Fingerprint
from core.validation.evidence_bundle import HeldoutUse
from core.validation.held_out import use_now


def measure_wear(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    mine: Sequence[VersionClaims],
    now: datetime,
    acts_to: int,
) -> Iterator[tuple[Fingerprint, HeldoutUse]]:
    """How often the held-out sets of the versions in use were judged on.

    Args:
        mine: the signal's claims of every split.
        acts_to: the first so many acts of the trail are counted.
    """
    if not any(one.split == "heldout" for one in mine):
        return
    known = KnownAt(now, newest_import(cursor))
    for fingerprint in judged_prints(mine):
        use = use_now(cursor, spec, fingerprint, known, acts_to)
        if use is not None:
            yield fingerprint, use


def wear_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The versions in use on whose held-out set one more evidence can rest, or none."""
    found = []
    for spec, mine in registered(cursor, state, now):
        with suppress(NeedsClaims):
            found += [
                Condition.of("heldout_worn", spec.name, one.id, worn_of(use), one)
                for one, use in measure_wear(cursor, spec, mine, now, state.size)
                if use.looks and use.left <= 1
            ]
    return tuple(found)


def worn_of(use: HeldoutUse) -> HeldoutWorn:
    """The facts of a finding about it."""
    looks = tuple(Looked(what, n) for what, n in sorted(use.looks.items()))
    return HeldoutWorn(use.inputs, use.before, use.budget, looks)
