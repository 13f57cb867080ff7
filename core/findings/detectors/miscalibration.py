"""Signals whose standing verdict is off, as a whole or behind a healthy whole.

Beside `drift_alarm` both may stand, for they answer other questions: the alarm is about one
version since its signature, with evidence that may be looked at every week; here the newest claims
with final outcomes are measured (`core.standing`), up to the Monday before, also of signals that
nobody ever validated or registered. So the texts name weeks here, and a signature there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import duckdb

from core.findings.detectors.in_use import resting
from core.findings.kinds import Condition, Severity
from core.governance.state import State
from core.queries.base.fingerprints_seen import fingerprints_seen
from core.standing.verdict import StandingVerdict, of_signal, standing_verdicts
from core.text.figures import basis, ends, percent, points, segment, within
from core.validation.recent_sample import Off, Recent

#: As many segments of a dimension are named.
NAMED = 3


def calibration_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The signals that are off, and those with a segment that is, each by its worst version in use.

    Where the labels cannot speak for all claims (`core.measure.verdicts.label_reach`) nothing is
    said of them; where labels were drawn with logged chances, the whole is weighted by them.

    Args:
        cursor: of the ledger.
        state: what the trail says.
        now: UTC without zone.
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
            whole = _off_by_weights if verdict.weighted is not None else _off
            found.append(whole(verdict, one, severity))
    return tuple(found)


def _off(verdict: StandingVerdict, one: Recent, severity: Severity) -> Condition:
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
        said = f"{whole}; {within(one.tolerance)} accepted."
        said += f" Of these, {band}." if one.band_off else ""
    elif one.band_off:
        said = f"{band}; {within(one.tolerance)} accepted. As a whole {whole}."
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
    return _miscalibrated(verdict.signal, one, said, evidence, severity)


def _off_by_weights(verdict: StandingVerdict, one: Recent, severity: Severity) -> Condition:
    weighted = verdict.weighted
    assert weighted is not None
    said = (
        f"the gap of all claims is {points(weighted.gap)} points "
        f"({ends(weighted.low, weighted.high)}), weighted by the logged chance of each label, over "
        f"{basis(weighted.n, one.n_inputs, one.n_days)}; {within(one.tolerance)} accepted."
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
    return _miscalibrated(verdict.signal, one, said, evidence, severity)


def _miscalibrated(
    signal: str, one: Recent, said: str, evidence: dict[str, str], severity: Severity
) -> Condition:
    return Condition(
        "miscalibrated",
        signal,
        "miscalibrated",
        f"Over the newest weeks with final outcomes, {one.since} to {one.until}, {said}"
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
        f"within {within(one.tolerance)}"
        if one.state == "fine"
        else f"not shown to be outside {within(one.tolerance)}"
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
        f"Over the newest weeks with final outcomes, {one.since} to {one.until}, {told}. As a "
        f"whole it is {health}: {points(one.gap)} points ({ends(one.low, one.high)}) over "
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
