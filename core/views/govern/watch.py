"""The standing watch: what was measured again, when, with what outcome, and what is due next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import duckdb

from core.findings.detectors.change.drift_alarm import watched
from core.governance.people.names import Directory, directory
from core.governance.state import State
from core.measure.verdicts.label_reach import SpeaksFor
from core.measure.verdicts.parts import PartState
from core.monitoring.remeasured import why_mute
from core.monitoring.schedule import WHY_WORDS, due, next_daily, next_remeasurement
from core.queries.base.kept.at_hand import signals_elsewhere
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.sentences.numbers import count, counted, points, value_name
from core.standing.verdict import StandingVerdict, Verdicts, of_signal, standing_verdicts
from core.trail.act_search import ActSearch, Stored, found, newest_of_each
from core.trail.acts import Act
from core.trail.fingerprint import Fingerprint
from core.views.shared.canary import CanaryLine, canary_lines

#: As many runs are listed.
RUNS = 30


@dataclass(frozen=True)
class Again:
    """One fingerprint as it was measured last.

    Attributes:
        words: the fingerprint, as people read it.
        id: its id, for links.
        gap, low, high: mean confidence minus accuracy with the interval corrected over the
            signal's required segments; None without a label.
        n, n_inputs: labelled claims, and distinct inputs among them.
        state: the verdict on the whole.
        off: the required segments that are off, in words, worst first.
        off_by: in words by what the whole is off, or at the edge, where its gap is not; ""
            otherwise.
        speaks_for: whether the verdict is one on all claims or on the labelled ones.
        why: why there is none on all claims, in a sentence; "" where there is.
        mute: the required segments without one.
        watched: what the sequential monitor saw since the signature; "" where it watches nothing.
    """

    words: str
    id: str
    gap: float | None
    low: float | None
    high: float | None
    n: int
    n_inputs: int
    state: PartState
    off: tuple[str, ...]
    off_by: str
    watched: str = ""
    speaks_for: SpeaksFor = "all"
    why: str = ""
    mute: tuple[str, ...] = ()


@dataclass(frozen=True)
class WatchRow:
    """One registered signal that has claims.

    Attributes:
        signal: its name.
        tolerance: the gap its owner accepts.
        cadence_days: days after which it is measured again.
        answers: who answers for monitoring it.
        measured_at: when it was measured last; None: never yet.
        seq: that act.
        why: what for, in words.
        claims: the days of the claims that were measured, in a sentence.
        prints: its fingerprints in use then, the newest first.
        next_at: when it is measured next.
        overdue: whether that is past by more than a day.
        standing: its standing verdict; None where it never stated a confidence.
    """

    signal: str
    tolerance: float
    cadence_days: int
    answers: str
    measured_at: datetime | None
    seq: int | None
    why: str
    claims: str
    prints: tuple[Again, ...]
    next_at: datetime
    overdue: bool
    standing: StandingVerdict | None = None


@dataclass(frozen=True)
class RunLine:
    """One run of the standing checks: its act, and what it says in words."""

    seq: int
    words: str


@dataclass(frozen=True)
class WatchView:
    """The standing watch over a ledger.

    Attributes:
        headline: whether it is kept, in a sentence.
        next_words: when the next checks run, and why then.
        rows: the signals: overdue ones first, then those that are off, then by name.
        runs: the last runs, newest first.
        unregistered: signals with claims that nobody wrote down, and so nobody watches.
        elsewhere: the signals that are counted from loaded cells.
        canaries: versions whose kept inputs are asked again, by signal.
        unkept: signals whose entry asks for kept inputs, and that have none.
    """

    headline: str
    next_words: str
    rows: tuple[WatchRow, ...]
    runs: tuple[RunLine, ...]
    unregistered: tuple[str, ...]
    elsewhere: tuple[str, ...]
    canaries: tuple[CanaryLine, ...] = ()
    unkept: tuple[str, ...] = ()


def watch_view(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    now: datetime,
    *,
    data_version: int,
    verdicts: Verdicts | None = None,
) -> WatchView:
    """Assemble it.

    Args:
        data_version: of the ledger's events.
        verdicts: the standing verdicts as of now, with causes; None: they are worked out.
    """
    with_claims = {one.signal for one in fingerprints_seen(cursor, now)}
    registered = sorted(set(state.entries) & with_claims)
    names = directory(cursor)
    seen = {(one.signal, one.fingerprint.id): one.words for one in watched(cursor, state, now)}
    if verdicts is None:
        verdicts = standing_verdicts(cursor, state, now, causes=True)
    measured = newest_of_each(cursor, "signal.remeasured")
    rows = [
        replace(
            _row(state, names, signal, measured.get(signal), now, seen),
            standing=of_signal(verdicts[signal]) if signal in verdicts else None,
        )
        for signal in registered
    ]
    rows.sort(key=_worst_first)
    pending = due(state, now, data_version=data_version, with_claims=with_claims)
    runs = tuple(
        RunLine(one.act.seq, _run_words(one.act))
        for one in found(cursor, ActSearch(kinds=("check.run",)), limit=RUNS)
        if one.act is not None
    )
    next_at = next_daily(now)
    if pending:
        why = ", and ".join(WHY_WORDS[one] for one in pending.why)
        missed = f", {counted(pending.n_missed, 'run')} missed" if pending.n_missed else ""
        next_words = f"A run is due now, {why}{missed}: the server makes it within half a minute."
    else:
        next_words = f"The next run is at {next_at:%Y-%m-%d %H:%M} UTC, or as data comes in."
    return WatchView(
        headline=_headline(state, rows),
        next_words=next_words,
        rows=tuple(rows),
        runs=runs,
        unregistered=tuple(sorted(with_claims - set(state.entries))),
        elsewhere=signals_elsewhere(cursor),
        canaries=canary_lines(state),
        unkept=tuple(
            signal
            for signal, entry in sorted(state.entries.items())
            if entry.spec.canary is not None and signal not in state.canaries
        ),
    )


def _worst_first(one: WatchRow) -> tuple[bool, bool, str]:
    return not one.overdue, not _is_off(one), one.signal


def _row(
    state: State,
    names: Directory,
    signal: str,
    newest: Stored | None,
    now: datetime,
    seen: Mapping[tuple[str, str], str],
) -> WatchRow:
    spec = state.entries[signal].spec
    next_at = next_remeasurement(state, signal, now)
    act = None if newest is None else newest.act
    row = WatchRow(
        signal=signal,
        tolerance=spec.tolerance_ppm / 1_000_000,
        cadence_days=spec.validation.cadence_days,
        answers=_answers(state, names, spec.responsible.monitoring, now),
        measured_at=None,
        seq=None,
        why="",
        claims="",
        prints=(),
        next_at=next_at,
        overdue=(now - next_at).days >= 1,
    )
    return row if act is None else _measured(row, act, seen)


def _answers(state: State, names: Directory, sub: str, now: datetime) -> str:
    """A name, and whether they are there."""
    person = state.people.get(sub)
    if person is None or person.active(now.date()):
        return names.words(sub)
    return f"{names.words(sub)} ({person.status})"


def _measured(row: WatchRow, act: Act, seen: Mapping[tuple[str, str], str]) -> WatchRow:
    prints = act.body["fingerprints"]
    return replace(
        row,
        measured_at=act.at,
        seq=act.seq,
        why=WHY_WORDS.get(act.body["why"], ""),
        claims=_claims(prints),
        prints=tuple(_again(one, row.signal, seen) for one in prints),
    )


def _again(body: Mapping[str, Any], signal: str, seen: Mapping[tuple[str, str], str]) -> Again:
    fingerprint = Fingerprint.of(body["fingerprint"])
    whole, *segments = body["groups"]
    return Again(
        words=fingerprint.words(),
        id=fingerprint.id,
        gap=_number(whole["gap"]),
        low=_number(whole["low"]),
        high=_number(whole["high"]),
        n=whole["n"],
        n_inputs=whole["n_inputs"],
        state=_state(whole),
        off=tuple(
            f"{_segment(one['where'])} {_off_by(one)}"
            for one in sorted(segments, key=lambda one: -abs(float(one["gap"] or 0)))
            if _state(one) == "off"
        ),
        off_by=_beside(whole) if _state(whole) in ("off", "at_the_edge") else "",
        watched=seen.get((signal, fingerprint.id), ""),
        # Acts of before do not say for whom the labels spoke.
        speaks_for=whole.get("speaks_for", "all"),
        why=why_mute(whole),
        mute=tuple(
            _segment(one["where"])
            for one in segments
            if one["n"] and one.get("speaks_for") == "labelled"
        ),
    )


def _state(body: Mapping[str, Any]) -> PartState:
    """The verdict of a group; acts of before the four words hold only three."""
    known: dict[str, PartState] = {
        "miscalibrated": "off",
        "within_tolerance": "fine",
        "cannot_tell": "too_few",
    }
    state: PartState = body.get("state") or known[body["verdict"]]
    return state


def _part(body: Mapping[str, Any]) -> str:
    """Which part of a group that is off makes it so; acts of before name the band only."""
    return str(body.get("part") or ("high_band" if body["high_band"] else "whole"))


def _beside(body: Mapping[str, Any]) -> str:
    """By what a whole is off, or at the edge, whose gap is not; "" where its gap is."""
    part = _part(body)
    if part == "whole":
        return ""
    if _state(body) == "at_the_edge":
        if part == "shape":
            return f"the shape of its errors is at the edge, {_off_by(body)}"
        # Acts of before hold the numbers of a band only where it is off.
        known = body["high_band"] is not None
        return f"its high-confidence band is at the edge, {_off_by(body)}" if known else ""
    subject = "its errors cancel: it" if part == "shape" else "only its high-confidence band"
    return f"{subject} is off, {_off_by(body)}"


def _off_by(body: Mapping[str, Any]) -> str:
    """By how much the part of a group is off that makes it so."""
    part, band = _part(body), body["high_band"]
    if part == "shape":
        error, least = (float(body[name]) * 100 for name in ("error", "error_low"))
        average = f"by {error:.1f} points on average over the range of confidence"
        return f"{average} (at least {least:.1f}), n {count(body['n'])}"
    one = body if part == "whole" or band is None else band
    return f"by {_interval(one)}, n {count(one['n'])}"


def _segment(where: Sequence[str | None]) -> str:
    dimension, value = where
    return f"{dimension}={value_name(value)}"


def _interval(body: Mapping[str, Any]) -> str:
    gap, low, high = (points(_number(body[name]), decimals=1) for name in ("gap", "low", "high"))
    return f"{gap} points ({low} to {high})"


def _claims(prints: Sequence[Mapping[str, Any]]) -> str:
    if not prints:
        return ""
    first = min(date.fromisoformat(one["since"]) for one in prints)
    last = max(date.fromisoformat(one["until"]) for one in prints) - timedelta(days=1)
    return f"Production claims of {first} to {last}, whose outcomes are final."


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)


def _run_words(act: Act) -> str:
    body = act.body
    # Of a run on schedule it is no news that re-measurements were due too.
    reasons = [one for one in body["why"] if one != "cadence" or "daily" not in body["why"]]
    why = ", ".join(WHY_WORDS.get(one, one) for one in reasons)
    told = [f"{act.at:%Y-%m-%d %H:%M} UTC, {why}"]
    told.append(f"{counted(body['n_open'], 'finding')} open, {body['n_critical']} critical")
    if body["n_remeasured"]:
        told.append(f"{counted(body['n_remeasured'], 'signal')} measured again")
    if body["n_missed"]:
        told.append(f"{counted(body['n_missed'], 'run')} before it missed, caught up by this one")
    return "; ".join(told)


#: As many signals that are off are named; the table has all of them.
_NAMED = 6


def _headline(state: State, rows: Sequence[WatchRow]) -> str:
    if not state.entries:
        return "No signal is registered, so none is watched."
    if not rows:
        return "No registered signal has a claim yet, so there is nothing to watch."
    late = [one for one in rows if one.overdue]
    if late:
        return (
            f"{counted(len(late), 'signal')} of {len(rows)} is due to be measured again."
            if len(late) == 1
            else f"{counted(len(late), 'signal')} of {len(rows)} are due to be measured again."
        )
    kept = f"All {len(rows)} signals were" if len(rows) > 1 else "The one signal was"
    off = [one.signal for one in rows if _is_off(one)]
    more = f" and {len(off) - _NAMED} more" if len(off) > _NAMED else ""
    told = f"Off: {', '.join(off[:_NAMED])}{more}." if off else "None is off."
    return f"{kept} measured on schedule. {told}"


def _is_off(row: WatchRow) -> bool:
    return row.standing is not None and row.standing.state == "off"
