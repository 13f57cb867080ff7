"""Signals that are off in their newest settled claims, as a whole or behind a healthy whole.

Beside `drift_alarm` both may stand, for they answer other questions: the alarm is about one
fingerprint since its signature, with evidence that may be looked at every week; here all that
production stated in the newest settled weeks is measured, up to the Monday before, also of signals
that nobody ever validated. So the texts name weeks here, and a signature there.

One question is put to the whole of every signal and another to all its segments; each holds at
`ALPHA` over the signals of the ledger together (Šidák 1967), and within a signal over its segments
and their high-confidence bands (`core.measure.verdicts.verdict.judge`). Inputs are what is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.defaults import ALPHA, MINIMUM_INPUTS
from core.findings.detectors.in_use import resting
from core.findings.kinds import Condition, Severity
from core.governance.state import State
from core.measure.metrics.label_bias import inverse_propensity
from core.queries.base.catalogue import signals
from core.queries.base.fingerprints_seen import fingerprints_seen
from core.queries.sums.label_coverage import propensity_sums
from core.text.figures import accepted, basis, ends, percent, points, segment
from core.validation.recent_sample import Off, Recent, all_segments, recent, week_began, window

#: As many segments of a dimension are named.
NAMED = 3


@dataclass(frozen=True)
class Reweighted:
    """The gap of all claims where labels were drawn with logged chances.

    Attributes:
        gap, low, high: with the interval at the level asked for.
        n: labelled claims it rests on.
        effective: equally weighted claims they are worth (Kish 1965).
    """

    gap: float
    low: float
    high: float
    n: int
    effective: float


def family_level(cursor: duckdb.DuckDBPyConnection) -> float:
    """Level of one signal's intervals, so that those of all signals hold together."""
    level: float = (1 - ALPHA) ** (1 / max(1, len(signals(cursor))))
    return level


def calibration_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The registered signals that are off, and those with a segment that is.

    Where the labels cannot speak for all claims (`core.measure.verdicts.label_reach`) nothing is
    said of them; where labels were drawn with logged chances, the whole is weighted by them.

    Args:
        cursor: of the ledger.
        state: what the trail says.
        now: UTC without zone.
    """
    level, week = family_level(cursor), week_began(now)
    seen, segments = fingerprints_seen(cursor, now), all_segments(cursor)
    found: list[Condition] = []
    for signal in sorted(state.entries):
        names = segments.get(signal, ())
        one = recent(cursor, state, signal, week, level=level, names=names)
        if one is None:
            continue
        severity = resting(state, seen, signal, now)
        if one.labels.n_drawn:
            weighted = _reweighted(cursor, state, signal, week, level)
            if weighted is not None and not -one.tolerance <= weighted.high <= one.tolerance:
                found += _off_by_weights(signal, one, weighted, severity)
        elif not one.speaks_for_all:
            continue
        elif one.state == "off":
            found.append(_off(signal, one, severity))
        else:
            found += _hidden(signal, one, severity)
    return tuple(found)


def _reweighted(
    cursor: duckdb.DuckDBPyConnection, state: State, signal: str, week: datetime, level: float
) -> Reweighted | None:
    """None where some label's chance is not logged, or too few labels are left."""
    sums = propensity_sums(cursor, window(state, signal, week)).sums
    if not len(sums) or sums.n[0] < sums.n_labelled[0] or sums.n_capped[0]:
        return None
    one = inverse_propensity(sums, level=level)
    if sums.inputs[0] < MINIMUM_INPUTS:
        return None
    return Reweighted(
        float(one.gap[0]),
        float(one.gap_low[0]),
        float(one.gap_high[0]),
        int(one.n[0]),
        float(one.effective_n[0]),
    )


def _off(signal: str, one: Recent, severity: Severity) -> Condition:
    whole = (
        f"the gap is {points(one.gap)} points ({ends(one.low, one.high)}) over "
        f"{basis(one.n, one.n_inputs, one.n_days)}"
    )
    band = (
        f"stated at {one.high_from * 100:.6g}% or more it is right {percent(one.high_observed)} "
        f"of the time (said {percent(one.high_claimed)}), a gap of "
        f"{points(one.high_claimed - one.high_observed)} points "
        f"({ends(one.high_low, one.high_high)}) over "
        f"{basis(one.high_n, one.high_inputs, one.high_days)}"
    )
    curve = (
        f"over the range of confidence it is off by {one.error * 100:.1f} points on average (at "
        f"least {one.error_low * 100:.1f}): {one.error_where}"
    )
    if "whole" in one.off_parts:
        said = f"{whole}; {accepted(one.tolerance)} accepted."
        said += f" Of these, {band}." if one.band_off else ""
    elif one.band_off:
        said = f"{band}; {accepted(one.tolerance)} accepted. As a whole {whole}."
    else:
        said = f"errors cancel: {whole}, but {curve}; {one.tolerance * 100:.6g} points accepted."
    evidence = {
        **_span(one),
        "claims": str(one.n),
        "inputs": str(one.n_inputs),
        "days": str(one.n_days),
        "gap": f"{one.gap:.4f}",
        "low": f"{one.low:.4f}",
        "high": f"{one.high:.4f}",
    }
    if "shape" in one.off_parts:
        evidence |= {"error": f"{one.error:.4f}", "error_low": f"{one.error_low:.4f}"}
    if one.band_off:
        evidence |= {
            "band_from": f"{one.high_from:.6g}",
            "band_claims": str(one.high_n),
            "band_gap": f"{one.high_claimed - one.high_observed:.4f}",
        }
    return _miscalibrated(signal, one, said, evidence, severity)


def _off_by_weights(
    signal: str, one: Recent, weighted: Reweighted, severity: Severity
) -> list[Condition]:
    if not (weighted.low > one.tolerance or weighted.high < -one.tolerance):
        return []
    said = (
        f"the gap of all claims is {points(weighted.gap)} points "
        f"({ends(weighted.low, weighted.high)}), weighted by the logged chance of each label, over "
        f"{basis(weighted.n, one.n_inputs, one.n_days)}; {accepted(one.tolerance)} accepted."
    )
    evidence = {
        **_span(one),
        "claims": str(weighted.n),
        "inputs": str(one.n_inputs),
        "days": str(one.n_days),
        "effective": f"{weighted.effective:.0f}",
        "gap": f"{weighted.gap:.4f}",
        "low": f"{weighted.low:.4f}",
        "high": f"{weighted.high:.4f}",
    }
    return [_miscalibrated(signal, one, said, evidence, severity)]


def _miscalibrated(
    signal: str, one: Recent, said: str, evidence: dict[str, str], severity: Severity
) -> Condition:
    return Condition(
        "miscalibrated",
        signal,
        "miscalibrated",
        f"In the newest settled weeks, {one.since} to {one.until}, {said}"
        f"{_rests_on_nothing(severity)}",
        "See on Reliability where in its range it is off; calibrate it or change how it is asked, "
        "and have new evidence signed.",
        evidence=tuple(sorted(evidence.items())),
        level=severity,
    )


def _hidden(signal: str, one: Recent, severity: Severity) -> list[Condition]:
    """One per dimension: its segments that are off, while the whole is not."""
    by: dict[str, list[Off]] = {}
    for each in one.off:
        by.setdefault(each.dimension, []).append(each)
    return [_segments(signal, one, name, off, severity) for name, off in sorted(by.items())]


def _segments(
    signal: str, one: Recent, name: str, off: Sequence[Off], severity: Severity
) -> Condition:
    told = "; ".join(_told(each) for each in off[:NAMED])
    more = len(off) - NAMED
    told += f"; and {more} more" if more > 0 else ""
    health = (
        f"within {accepted(one.tolerance)}"
        if one.state == "fine"
        else f"not shown to be outside {accepted(one.tolerance)}"
    )
    worst = off[0]
    evidence = {
        **_span(one),
        "dimension": name,
        "segments_off": str(len(off)),
        "worst": segment(name, worst.value),
        "claims": str(worst.n),
        "inputs": str(worst.n_inputs),
        "days": str(worst.n_days),
        "gap": f"{worst.gap:.4f}",
        "low": f"{worst.low:.4f}",
        "high": f"{worst.high:.4f}",
        "claims_all": str(one.n),
        "gap_all": f"{one.gap:.4f}",
    }
    if worst.value is not None:
        evidence["value"] = worst.value
    return Condition(
        "hidden_segment",
        signal,
        name,
        f"In the newest settled weeks, {one.since} to {one.until}, {told}. As a whole it is "
        f"{health}: {points(one.gap)} points ({ends(one.low, one.high)}) over "
        f"{basis(one.n, one.n_inputs, one.n_days)}.{_rests_on_nothing(severity)}",
        f"Give these cases bands of their own in its entry, require {name} in its validation, or "
        "fix the confidence there.",
        evidence=tuple(sorted(evidence.items())),
        level=severity,
    )


def _told(each: Off) -> str:
    return f"{segment(each.dimension, each.value)} is off: {each.words}"


def _rests_on_nothing(severity: Severity) -> str:
    if severity == "critical":
        return ""
    return " No fingerprint in use may act, so no case rests on it now."


def _span(one: Recent) -> dict[str, str]:
    return {
        "since": f"{one.since}",
        "until": f"{one.until}",
        "tolerance": f"{one.tolerance:.6g}",
        "segments": str(one.n_segments),
    }
