"""Signals of low stakes that automate much or cost much, and log-only ones that act at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from math import ceil

import duckdb

from core.defaults import LOW_STAKES_A_WEEK
from core.findings.detectors.decisions.theatre import Theatre, measuring_theatre
from core.findings.facts.decisions.stakes import StakesTooLow
from core.findings.kinds import Condition
from core.governance.state import State
from core.measure.metrics.intervals import clopper_pearson
from core.queries.base.catalogue import signals
from core.queries.base.selection import Selection
from core.queries.base.together.asking import together, unless_elsewhere
from core.registry.signal_spec import LOG_ONLY, SignalSpec, Stakes
from core.validation.recent_sample import week_began

#: Chance that errors are said to cost more than reviews where they cost as much, at each look. A
#: year of weekly looks at the last quarter comes to one in twenty: they share most of their claims.
_ALPHA = 0.002
#: Stakes that ask for no second person, or for nobody at all.
_LITTLE: tuple[Stakes, ...] = (LOG_ONLY, "low")


def stakes_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The signals whose stakes are written too low, up to the Monday of this week."""
    monday = week_began(now)
    entries = (state.entries.get(one.name) for one in signals(cursor))
    specs = [one.spec for one in entries if one is not None and one.spec.stakes in _LITTLE]
    askings = (measuring_theatre(one, Selection(one.name, until=monday), now) for one in specs)
    found = []
    for spec, done in zip(specs, together(cursor, map(unless_elsewhere, askings)), strict=True):
        facts = None if done is None else too_low(spec, done)
        if facts is not None:
            found.append(Condition.of("stakes_too_low", spec.name, "stakes_too_low", facts))
    return tuple(found)


def too_low(spec: SignalSpec, done: Theatre) -> StakesTooLow | None:
    """What shows that the stakes are written too low, by what was logged; None: nothing does.

    Much is `core.defaults.LOW_STAKES_A_WEEK` automated claims a week, over the weeks looked at.
    Costly is what errs so often that its errors cost more than reviewing every case: of the error
    rate the lower Clopper–Pearson bound counts, one-sided at 0.2 %, times the declared costs. That
    unlabelled claims err as the labelled do is supposed.

    Args:
        done: of the last `core.findings.detectors.decisions.theatre.PERIOD`.
    """
    automated = dict(done.handled).get("automate")
    if spec.stakes not in _LITTLE or done.basis != "logged" or automated is None:
        return None
    a_week = round(automated.n_claims / done.weeks)
    errors, reviews = None, 0.0
    if spec.costs is not None and automated.error_rate is not None and automated.worth > 0:
        wrong = automated.error_rate * automated.worth
        lower, _ = clopper_pearson(wrong, automated.worth, 2 * _ALPHA)
        errors = float(lower) * automated.n_claims * done.costs.error
        reviews = automated.n_claims * done.costs.review
    costly = errors is not None and errors > reviews
    if not (spec.log_only or a_week >= LOW_STAKES_A_WEEK or costly):
        return None
    facts = StakesTooLow(
        spec.stakes, automated.n_claims, done.since.date(), a_week, LOW_STAKES_A_WEEK
    )
    if errors is None or not costly or spec.log_only:
        return facts
    return replace(facts, errors_cost=ceil(errors), review_cost=ceil(reviews), unit=done.unit or "")
