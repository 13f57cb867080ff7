"""Signals that may act and are no longer labelled: nothing can tell whether they still hold."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta

import duckdb

from core.defaults import MINIMUM_INPUTS
from core.findings.facts.labels.labels import LastCame, MissingLabels
from core.findings.kinds import Condition
from core.governance.state import State
from core.ledger.errors import NeedsClaims
from core.queries.base.seen.fingerprints_seen import fingerprints_seen, in_use
from core.queries.labels.label_provenance import LabelsOf, LastLabel, labels_of, last_label
from core.registry.signal_spec import SignalSpec
from core.trail.fingerprint import Fingerprint
from core.validation.recent_sample import week_began

#: The claims of at least so many days are looked at, or of a cadence where that is longer.
DAYS = 28
#: A re-measurement needs at least this part of the labelled inputs that a validation needs.
PART = 10


def labels_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """Fingerprints in use that may act, with too few labels on settled claims to be re-measured.

    Looked at are production claims older than the registered maturity, so that their labels should
    be there, and younger than that and one cadence. With fewer claims than a re-measurement needs
    it is not labels that are missing.
    """
    seen = fingerprints_seen(cursor, now)
    found = []
    for signal, entry in sorted(state.entries.items()):
        spec = entry.spec
        until = week_began(now) - spec.maturity.age
        since = until - timedelta(days=max(spec.validation.cadence_days, DAYS))
        for one in in_use(seen, signal):
            fingerprint = Fingerprint.of(dict(one.fields))
            if state.standing_of(signal, fingerprint, now).state not in ("validated", "waived"):
                continue
            with suppress(NeedsClaims):
                labels = labels_of(cursor, signal, fingerprint.as_json(), since, until)
                if _missing(labels, spec):
                    last = last_label(cursor, signal, fingerprint.as_json())
                    found.append(_condition(spec, fingerprint, labels, last, since, until))
    return tuple(found)


def _least(spec: SignalSpec) -> int:
    """Labelled inputs that a re-measurement needs."""
    return max(MINIMUM_INPUTS, -(-spec.validation.min_samples // PART))


def _missing(labels: LabelsOf, spec: SignalSpec) -> bool:
    if labels.n_inputs < MINIMUM_INPUTS:
        return False
    least = _least(spec)
    return not labels.n or (labels.n_labelled_inputs < least <= labels.n_inputs)


def _condition(
    spec: SignalSpec,
    fingerprint: Fingerprint,
    labels: LabelsOf,
    last: LastLabel | None,
    since: datetime,
    until: datetime,
) -> Condition:
    return Condition.of(
        "labels_missing",
        spec.name,
        fingerprint.id,
        MissingLabels(
            claims=labels.n_claims,
            inputs=labels.n_inputs,
            labelled=labels.n,
            labelled_inputs=labels.n_labelled_inputs,
            needed=_least(spec),
            since=since.date(),
            until=(until - timedelta(days=1)).date(),
            days=spec.maturity.days,
            last=None if last is None else LastCame(last.known.date(), last.claim.date()),
        ),
        fingerprint,
    )
