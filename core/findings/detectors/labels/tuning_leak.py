"""Claims to judge on that the signal was also tuned on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import duckdb

from core.defaults import IN_USE
from core.findings.detectors.in_use import registered
from core.findings.facts.labels.leak import Leaked
from core.findings.kinds import Condition
from core.governance.state import State
from core.ledger.errors import LedgerError, NeedsClaims
from core.queries.claims.claims_per_signal import VersionClaims
from core.queries.sums.validation_sample import (
    JudgedSpan,
    KnownAt,
    Shared,
    judged_counts,
    newest_import,
    tuning_freeze,
)
from core.trail import act_search as search
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation.recent_sample import week_began
from core.validation.tuning_leakage import overlap

#: As many shared claims stand in the finding.
NAMED = 2
#: Submissions of a signal that are read.
_SUBMISSIONS = 1_000


def measure_leak(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    mine: Sequence[VersionClaims],
    now: datetime,
) -> Leaked:
    """Hold what the versions in use would be judged on against what the signal was tuned on.

    Args:
        mine: its claims of every split.
    """
    tuning = [one for one in mine if one.split == "tuning"]
    if not tuning:
        return Leaked(0, 0, 0, ())
    known = KnownAt(now, newest_import(cursor))
    _, freeze = tuning_freeze(cursor, signal, known)
    n_judged = n_shared = 0
    first: tuple[Shared, ...] = ()
    for one in judged_prints(mine):
        judged = JudgedSpan(signal, one.as_json(), known, freeze=freeze, settled=now)
        counts = judged_counts(cursor, judged)
        shared = overlap(cursor, judged, limit=NAMED)
        n_judged += counts.heldout + counts.production
        n_shared += shared.n
        first = (*first, *shared.rows)[:NAMED]
    return Leaked(n_judged, n_shared, sum(one.n_claims for one in tuning), first)


def judged_prints(mine: Sequence[VersionClaims]) -> tuple[Fingerprint, ...]:
    """The fingerprints in use among claims that were not tuned on, each once."""
    judged = [one for one in mine if one.split != "tuning"]
    newest = max((one.last_ts for one in judged), default=None)
    fields = [one.fields for one in judged if newest and one.last_ts >= newest - IN_USE]
    return tuple(Fingerprint.of(dict(one)) for one in dict.fromkeys(fields))


def leak_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The registered signals whose versions in use would be judged on what they were tuned on.

    Not where the last evidence about one of them left such claims out.
    """
    week = week_began(now)
    found = []
    for spec, mine in registered(cursor, state, now):
        try:
            leak, used = measure_leak(cursor, spec.name, mine, week), judged_prints(mine)
        except NeedsClaims:
            continue
        if leak.shared and not _left_out(cursor, spec.name, used):
            found.append(Condition.of("split_leaked", spec.name, "split_leaked", leak, used[0]))
    return tuple(found)


def _left_out(
    cursor: duckdb.DuckDBPyConnection, signal: str, used: Collection[Fingerprint]
) -> bool:
    """Whether the last evidence about a version in use leaves out what was tuned on."""
    asked = search.ActSearch(signal=signal, kinds=("validation.submitted",))
    last: dict[Fingerprint, str] = {}
    for one in search.found(cursor, asked, limit=_SUBMISSIONS):
        act = one.act
        if act is not None and act.fingerprint is not None and act.fingerprint in used:
            last.setdefault(act.fingerprint, str(act.body.get("evidence")))
    for sha256 in last.values():
        try:
            bundle = evidence.load(cursor, sha256)
        except (LedgerError, KeyError, TypeError, ValueError):
            # What was submitted can no longer be read: the trail's verification says so.
            continue
        if bundle is not None and bundle.counts["overlap_left_out"]:
            return True
    return False
