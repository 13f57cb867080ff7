"""Signals whose standing verdict is off, as a whole or behind a healthy whole.

Beside `drift_alarm` both may stand, for they answer other questions: the alarm is about one
version since its signature, with evidence that may be looked at every week; here the newest claims
with final outcomes are measured (`core.standing`), up to the Monday before, also of signals that
nobody ever validated or registered. So the texts name weeks here, and a signature there.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.findings.detectors.in_use import resting
from core.findings.facts.confidence.calibration import (
    NAMED,
    BandOff,
    HiddenSegment,
    Miscalibrated,
    SegmentOff,
    ShapeOff,
    WholeGap,
)
from core.findings.kinds import Condition, Severity
from core.governance.state import State
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.standing.verdict import StandingVerdict, of_signal, standing_verdicts
from core.validation.recent_sample import Off, Recent


def calibration_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The signals that are off, and those with a segment that is, each by its worst version in use.

    Where the labels do not represent all claims (`core.measure.verdicts.label_reach`) nothing is
    said of them; where labels were drawn with logged chances, the whole is weighted by them.
    """
    seen = fingerprints_seen(cursor, now)
    found: list[Condition] = []
    for signal, versions in standing_verdicts(cursor, state, now).items():
        verdict = of_signal(versions)
        one = verdict.recent
        if verdict.state != "off" or one is None:
            continue
        severity = resting(state, seen, signal, now)
        if verdict.reason == "segment":
            found += _hidden(signal, one, severity)
        elif verdict.reason != "alarm":
            found.append(_off(verdict, one, severity))
    return tuple(found)


def _off(verdict: StandingVerdict, one: Recent, severity: Severity) -> Condition:
    weighted, parts = verdict.weighted, one.off_parts
    band = shape = None
    if not verdict.whole_alone and one.band_off:
        band = BandOff(
            one.high_from,
            one.high_claimed,
            one.high_observed,
            one.high_low,
            one.high_high,
            one.high_n,
            one.high_inputs,
            one.high_days,
        )
    if not verdict.whole_alone and "shape" in parts:
        shape = ShapeOff(one.error, one.error_low, one.error_at)
    facts = Miscalibrated(
        one.since,
        one.until,
        _whole(one)
        if weighted is None
        else WholeGap(
            weighted.gap, weighted.low, weighted.high, weighted.n, one.n_inputs, one.n_days
        ),
        one.tolerance,
        one.n_segments,
        acts=severity == "critical",
        gap_off="whole" in parts if weighted is None else verdict.part("whole") == "off",
        band=band,
        shape=shape,
        effective=None if weighted is None else weighted.effective,
    )
    return Condition.of("miscalibrated", verdict.signal, "miscalibrated", facts, level=severity)


def _hidden(signal: str, one: Recent, severity: Severity) -> list[Condition]:
    """One per dimension: its segments that are off, while the whole is not."""
    by: dict[str, list[Off]] = {}
    for each in one.off:
        by.setdefault(each.dimension, []).append(each)
    found = []
    for name, off in sorted(by.items()):
        facts = HiddenSegment(
            one.since,
            one.until,
            _whole(one),
            one.tolerance,
            one.n_segments,
            acts=severity == "critical",
            dimension=name,
            off=tuple(
                SegmentOff(each.value, each.shown, each.n_inputs, each.n_days)
                for each in off[:NAMED]
            ),
            n_off=len(off),
            fine=one.state == "fine",
        )
        found.append(Condition.of("hidden_segment", signal, name, facts, level=severity))
    return found


def _whole(one: Recent) -> WholeGap:
    return WholeGap(one.gap, one.low, one.high, one.n, one.n_inputs, one.n_days)
