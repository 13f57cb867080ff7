"""New versions of a model, a prompt or a way of asking, each held against the one before it.

A version is *new* until its first labels are settled and `REVIEWED` more has passed: with the usual
maturity of 30 days that is 60 days, so that four weeks of settled labels can speak before the
review closes unanswered. While it is new and not shown to be as good as the one before, the finding
is open. One that is shown to be worse does not become right with age: it stays, for `PERIOD`.

A review ends when the version is as good as the one before or better, when every fingerprint in
use that carries it was signed after it was first seen, or when it is no longer in use.

Only settled labels count, on both sides, up to the Monday before: failures that are reported faster
than successes would make every new version look worse than the one before it. Each look holds at
95 % over the groups of its comparison (see `parts_changes`), as on the page; looks of different
weeks are not corrected for, and what one says the next may take back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb

from core.comparison.compare import compare, in_use_before
from core.defaults import IN_USE
from core.findings.detectors.in_use import registered
from core.findings.facts.change.versions import Compared, VersionChanged
from core.findings.kinds import Condition, Severity
from core.governance.state import State
from core.ledger.errors import NeedsClaims, UnknownDimension
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.selection import Selection
from core.queries.claims.claims_per_signal import VersionClaims
from core.queries.labels.label_provenance import NO_DAYS, labelled_days
from core.registry.signal_spec import SignalSpec
from core.trail.fingerprint import Fingerprint
from core.validation.recent_sample import week_began

#: So long after its first labels are settled a version may stay without an answer.
REVIEWED = timedelta(days=30)
#: So long after its first claim a version that is worse is still held against the one before.
PERIOD = timedelta(weeks=26)
#: Versions first seen within so long of each other came at once, side by side: none of them is a
#: change of another.
AT_ONCE = timedelta(days=1)

#: What can change, and which kind of finding it is.
_KINDS = {
    "model_version": "model_changed",
    "prompt_version": "prompt_changed",
    "elicitation": "prompt_changed",
    "elicitation_order": "prompt_changed",
    "params_version": "model_changed",
    "calibrator_version": "model_changed",
}


@dataclass(frozen=True)
class VersionUsed:
    """One version of one dimension in a signal's production.

    Attributes:
        dimension: which.
        version: its name.
        first_ts, last_ts: of its first and last claim, UTC without zone.
        n_claims: its claims.
        prints: the fingerprints that carry it, with their last claim.
    """

    dimension: str
    version: str
    first_ts: datetime
    last_ts: datetime
    n_claims: int
    prints: tuple[tuple[Fingerprint, datetime], ...]


def change_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The new versions of registered signals that are not shown to be as good as before."""
    found = []
    for spec, mine in registered(cursor, state, now, "production"):
        for after, before in _new(mine, state, spec.name, now):
            prints = [print_ for print_, _ in after.prints]
            may_act = any(state.standing_of(spec.name, one, now).open for one in prints)
            try:
                facts = review(cursor, spec, before, after, now, may_act)
            except NeedsClaims:
                continue
            young = now - after.first_ts <= spec.maturity.age + REVIEWED
            if facts.regressed or (facts.undecided and young):
                level: Severity = "critical" if facts.regressed and may_act else "warning"
                found.append(
                    Condition.of(
                        _KINDS[after.dimension],
                        spec.name,
                        f"{after.dimension}={after.version}",
                        facts,
                        prints[0] if len(prints) == 1 else None,
                        level,
                    )
                )
    return tuple(found)


def versions_used(mine: Sequence[VersionClaims], dimension: str) -> tuple[VersionUsed, ...]:
    """The versions of a dimension in production claims, the first seen first.

    Args:
        mine: the production claims of one signal.
        dimension: as claims name it.
    """
    by: defaultdict[str, list[VersionClaims]] = defaultdict(list)
    for one in mine:
        version = dict(one.fields).get(dimension)
        if version is not None:
            by[version].append(one)
    found = [
        VersionUsed(
            dimension,
            version,
            min(one.first_ts for one in parts),
            max(one.last_ts for one in parts),
            sum(one.n_claims for one in parts),
            tuple((Fingerprint.of(dict(one.fields)), one.last_ts) for one in parts),
        )
        for version, parts in by.items()
    ]
    return tuple(sorted(found, key=lambda one: (one.first_ts, one.version)))


def review(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    before: VersionUsed,
    after: VersionUsed,
    now: datetime,
    may_act: bool,
) -> VersionChanged:
    """Hold a version against the one before it, on settled production claims.

    Args:
        spec: the signal's entry; its required segments are compared, or else the usual ones.
        before: the version in use when the other came.
        may_act: whether the gate is open for it.
    """
    settled = week_began(now) - spec.maturity.age
    sides = [
        Selection(
            spec.name,
            until=settled,
            where=(("split", ("production",)), (one.dimension, (one.version,))),
        )
        for one in (before, after)
    ]
    counts_from = after.first_ts.date() + timedelta(days=spec.maturity.days + 1)
    counts_from += timedelta(days=-counts_from.weekday() % 7)
    told = VersionChanged(
        after.dimension,
        before.version,
        after.version,
        after.first_ts.date(),
        may_act,
        settled.date(),
        counts_from,
        (0, 0),
    )
    if after.first_ts >= settled:
        return told
    known = segment_dimensions(cursor)
    required = tuple(name for name in spec.validation.segments if name in known)
    terms = (spec.terms, spec.terms)
    try:
        found = compare(cursor, *sides, by=required or None, terms=terms)
    except UnknownDimension:
        # A required dimension has too many values to split by; the usual ones do not.
        found = compare(cursor, *sides, terms=terms)
    days = [labelled_days(cursor, one).get((None, None), NO_DAYS).n for one in sides]
    return replace(told, days=(days[0], days[1]), found=Compared.of(found))


def _new(
    mine: Sequence[VersionClaims], state: State, signal: str, now: datetime
) -> list[tuple[VersionUsed, VersionUsed]]:
    """The versions to review, each with the one in use when it came."""
    newest = max(one.last_ts for one in mine)
    found: list[tuple[VersionUsed, VersionUsed]] = []
    told: set[tuple[frozenset[Fingerprint], frozenset[Fingerprint]]] = set()
    for dimension in _KINDS:
        versions = versions_used(mine, dimension)
        for after in versions:
            earlier = [one for one in versions if one.first_ts <= after.first_ts - AT_ONCE]
            before = in_use_before(earlier, after.first_ts)
            if (
                before is None
                or now - after.first_ts > PERIOD
                or after.last_ts < newest - IN_USE
                or _signed_since(after, state, signal, newest)
            ):
                continue
            members = (
                frozenset(print_ for print_, _ in before.prints),
                frozenset(print_ for print_, _ in after.prints),
            )
            # A prompt and a model that changed at once are one change.
            if members not in told:
                told.add(members)
                found.append((after, before))
    return found


def _signed_since(after: VersionUsed, state: State, signal: str, newest: datetime) -> bool:
    """Whether every fingerprint in use that carries it was signed after it was first seen."""
    used = [print_ for print_, last in after.prints if last >= newest - IN_USE]
    signatures = [
        known.signed.at
        for print_ in used
        if (known := state.validations.get((signal, print_))) is not None and known.signed
    ]
    return len(signatures) == len(used) and all(at >= after.first_ts for at in signatures)
