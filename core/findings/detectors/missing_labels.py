"""Signals that may act and are no longer labelled: nothing can tell whether they still hold."""

from __future__ import annotations

from datetime import datetime, timedelta

import duckdb

from core.defaults import MINIMUM_INPUTS
from core.findings.kinds import Condition
from core.governance.state import State
from core.queries.base.fingerprints_seen import fingerprints_seen
from core.queries.labels.label_provenance import LabelsOf, LastLabel, labels_of, last_label
from core.registry.signal_spec import SignalSpec
from core.standing.window import in_use
from core.text.figures import counted
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

    Args:
        cursor: of the ledger.
        state: what the trail says.
        now: UTC without zone.
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
    last_day = until - timedelta(days=1)
    some = (
        f"only {labels.n:,} of {counted(labels.n_claims, 'claim')} "
        f"({counted(labels.n_labelled_inputs, 'input')} of {labels.n_inputs:,})"
        if labels.n
        else f"none of {counted(labels.n_claims, 'claim')} of {counted(labels.n_inputs, 'input')}"
    )
    ever = (
        "No label ever came."
        if last is None
        else f"The last label came on {last.known:%Y-%m-%d}, of a claim of {last.claim:%Y-%m-%d}."
    )
    return Condition(
        "labels_missing",
        spec.name,
        fingerprint.id,
        f"{fingerprint.words()} may act, and {some} from {since:%Y-%m-%d} to {last_day:%Y-%m-%d} "
        f"{'is' if not labels.n else 'are'} labelled, though "
        f"{counted(spec.maturity.days, 'day')} have passed: whether it still holds cannot be "
        f"told. {ever} A re-measurement needs {counted(_least(spec), 'labelled input')}.",
        "Find out why outcomes no longer come in, or draw an audit and have its cases labelled.",
        fingerprint,
        evidence=(
            ("claims", str(labels.n_claims)),
            ("inputs", str(labels.n_inputs)),
            ("labelled", str(labels.n)),
            ("labelled_inputs", str(labels.n_labelled_inputs)),
            ("needed", str(_least(spec))),
            ("since", f"{since:%Y-%m-%d}"),
            ("until", f"{last_day:%Y-%m-%d}"),
            *(() if last is None else (("last_label", f"{last.known:%Y-%m-%d}"),)),
        ),
    )
