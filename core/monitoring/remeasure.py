"""A re-measurement: one fingerprint's newest settled production claims, judged once more.

What a validation rests on was measured once, on the claims of then. This measures the same on the
last `window_days` whose outcomes are final, so that no set is ever judged for ever. Where the
labels cannot speak for all claims there is no verdict, as on every page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

import duckdb

from core.ledger.errors import UnknownDimension
from core.measure.cells.group_sums import group_sums
from core.measure.verdicts.label_reach import LabelReach, SpeaksFor, weighted_gaps
from core.measure.verdicts.parts import PartName, PartState
from core.measure.verdicts.verdict import VERDICT_OF, Judgement, Verdict, judge
from core.queries.base.fingerprints_seen import Seen
from core.queries.base.group_keys import Key
from core.queries.labels.label_reach import reaches_of_cells
from core.queries.labels.weekly_cohorts import Matured, matured_cells, matured_propensities
from core.registry.signal_spec import SignalSpec
from core.terms import Maturity
from core.text.figures import counted, ends, points, segment
from core.text.parts import part_words, reach_words
from core.trail.fingerprint import Fingerprint

_WORDS: dict[PartState, str] = {
    "off": "off",
    "at_the_edge": "at the edge of the tolerance",
    "too_few": "too few labels",
    "fine": "fine",
}
#: States in which some error is shown.
_SHOWN: tuple[PartState, ...] = ("off", "at_the_edge")
#: So many segments that are off are named in the sentence.
_NAMED = 3


@dataclass(frozen=True)
class Band:
    """A high-confidence band: labelled claims, gap and its simultaneous 95 % interval."""

    n: int
    gap: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """One group of a re-measurement.

    Attributes:
        where: (segment dimension, value); None: the whole.
        n: labelled claims.
        n_inputs: distinct inputs among them.
        gap: mean confidence minus accuracy; nan without a label.
        low, high: its simultaneous 95 % interval over the whole and the required segments.
        state: the verdict on this group.
        reason: the part that gives it; None where it is fine.
        beside: what is off or at the edge beside the gap: its high-confidence band or the shape, in
            words; "" where nothing is.
        error, error_low: the error over the bands of confidence, and its lower bound.
        band: the gap of its high-confidence band by itself, where only that gives the verdict.
        reach: for which of its claims the labels speak; None: nothing is known against them.
    """

    where: tuple[str, str | None] | None
    n: int
    n_inputs: int
    gap: float
    low: float
    high: float
    state: PartState
    reason: PartName | None
    beside: str
    error: float
    error_low: float
    band: Band | None = None
    reach: LabelReach | None = None

    @property
    def verdict(self) -> Verdict:
        """In the three words of acts and files."""
        return VERDICT_OF[self.state]

    @property
    def speaks_for(self) -> SpeaksFor:
        """Whether its verdict is one on all claims or on the labelled ones."""
        return "all" if self.reach is None else self.reach.speaks_for

    @property
    def words(self) -> str:
        """``gap +1.2 points (−0.4 to +2.8), 1,203 claims of 1,100 inputs``."""
        if not self.n:
            return "no outcome is final yet"
        rests = f"{counted(self.n, 'claim')} of {counted(self.n_inputs, 'input')}"
        whole = f"gap {_interval(self.gap, self.low, self.high)}, {rests}"
        return f"{whole}; {self.beside}" if self.beside else whole


@dataclass(frozen=True)
class Remeasured:
    """One fingerprint measured again.

    Attributes:
        fingerprint: which.
        since, until: of the claims, the second exclusive; UTC without zone.
        whole: all of them.
        segments: every value of the required dimensions that has a label.
        next_labels: when the first of its claims come of age, where none has.
    """

    fingerprint: Fingerprint
    since: datetime
    until: datetime
    whole: Measured
    segments: tuple[Measured, ...]
    next_labels: datetime | None = None

    @property
    def words(self) -> str:
        """The outcome in a sentence, worst segments named."""
        last = self.until - timedelta(days=1)
        period = f"{self.since:%Y-%m-%d} to {last:%Y-%m-%d}"
        if not self.whole.n:
            come = ""
            if self.next_labels is not None:
                come = f"; the first will be on {self.next_labels:%Y-%m-%d}"
            return (
                f"{self.fingerprint.words()}: too few labels, no outcome of {period} is final "
                f"yet{come}."
            )
        off = [one for one in self.segments if one.state == "off"]
        off.sort(key=lambda one: -abs(one.gap))
        named = "; ".join(f"{_name(one)} is off: {one.words}" for one in off[:_NAMED])
        more = f"; and {len(off) - _NAMED} more segments" if len(off) > _NAMED else ""
        told = f" {named}{more}." if named else ""
        mute = [one for one in self.segments if one.n and one.speaks_for == "labelled"]
        if self.whole.speaks_for == "labelled":
            assert self.whole.reach is not None
            told = f" {reach_words(self.whole.reach)}{told}"
        if mute:
            which = ", ".join(map(_name, mute[:_NAMED]))
            rest = f" and {len(mute) - _NAMED} more segments" if len(mute) > _NAMED else ""
            told += f" No verdict on {which}{rest}, for their labels cannot speak for all claims."
        said = _WORDS[self.whole.state] if self.whole.speaks_for == "all" else "no verdict"
        return f"{self.fingerprint.words()}: {said}, {self.whole.words}, {period}.{told}"

    def as_json(self) -> dict[str, Any]:
        """What the act carries: numbers as decimal strings."""
        return {
            "fingerprint": self.fingerprint.as_json(),
            "since": f"{self.since:%Y-%m-%d}",
            "until": f"{self.until:%Y-%m-%d}",
            "groups": [_as_json(one) for one in (self.whole, *self.segments)],
        }


def remeasure(
    cursor: duckdb.DuckDBPyConnection, spec: SignalSpec, seen: Seen, now: datetime
) -> Remeasured:
    """Measure the newest settled production claims of a fingerprint.

    Args:
        spec: the signal's registry entry: window, maturity, tolerance, required segments.
        seen: whose claims.
    """
    fingerprint = Fingerprint.of(dict(seen.fields))
    matured = Matured(spec.name, fingerprint.as_json(), datetime.min, now, spec.maturity)
    since = matured.until - timedelta(days=spec.validation.window_days)
    matured = Matured(spec.name, fingerprint.as_json(), since, now, spec.maturity)
    tolerance = spec.tolerance_ppm / 1_000_000
    keys: list[tuple[str, str | None] | None] = [None]
    cells = list(matured_cells(cursor, matured, weekly=False).cells)
    reaches = [_reaches(cursor, matured, (), tolerance).get(())]
    for dimension in sorted(set(spec.validation.segments)):
        try:
            found = matured_cells(cursor, matured, [dimension], weekly=False)
        except UnknownDimension:
            continue
        of = _reaches(cursor, matured, (dimension,), tolerance)
        keys += [(dimension, key[0]) for key in found.keys]
        cells += found.cells
        reaches += [of.get(key) for key in found.keys]
    sums = group_sums(cells, spec.high_from_ppm / 1_000_000)
    judged = judge(sums, tolerance=tolerance).with_reaches(reaches)
    whole, *segments = _measured(keys, judged)
    young = not whole.n and seen.first_ts >= since
    return Remeasured(
        fingerprint,
        since,
        matured.until,
        whole,
        tuple(segments),
        _come_of_age(seen.first_ts, spec.maturity) if young else None,
    )


def _reaches(
    cursor: duckdb.DuckDBPyConnection, matured: Matured, by: tuple[str, ...], tolerance: float
) -> Mapping[Key, LabelReach]:
    """For which claims of each group the labels speak, those that have come of age."""
    every = matured_cells(cursor, matured, [*by, "action"], weekly=False, unlabelled=True)
    groups = {(key[:-1], key[-1]): one for key, one in zip(every.keys, every.cells, strict=True)}
    drawn = matured_propensities(cursor, matured, by)
    weighted = {key: weighted_gaps(sums)[0] for key, sums in drawn.items()}
    return reaches_of_cells(groups, tolerance, weighted)


def _measured(keys: Sequence[tuple[str, str | None] | None], judged: Judgement) -> list[Measured]:
    return [
        Measured(
            where,
            int(judged.n[i]),
            int(judged.n_inputs[i]),
            float(judged.gap[i]),
            float(judged.corrected_low[i]),
            float(judged.corrected_high[i]),
            judged.state[i],
            judged.reason[i],
            _beside(judged, i),
            float(judged.shape.value[i]),
            float(judged.shape.low[i]),
            _band(judged, i),
            judged.reaches[i],
        )
        for i, where in enumerate(keys)
    ]


def _beside(judged: Judgement, i: int) -> str:
    """What is off, or at the edge, in a group whose gap as a whole is not."""
    reason = judged.reason[i]
    if judged.state[i] not in _SHOWN or reason in (None, "whole"):
        return ""
    return part_words(judged, i, reason)


def _band(judged: Judgement, i: int) -> Band | None:
    """The high-confidence band, where an error of it is what gives a group its verdict."""
    if judged.reason[i] != "high_band" or judged.state[i] not in _SHOWN:
        return None
    gap = judged.high_claimed[i] - judged.high_observed[i]
    low, high = judged.high_gap_low[i], judged.high_gap_high[i]
    return Band(int(judged.high_n[i]), float(gap), float(low), float(high))


def _come_of_age(made: datetime, maturity: Maturity) -> datetime:
    """When the week of a claim is read."""
    monday = datetime.combine(made.date() - timedelta(days=made.weekday()), time())
    return monday + timedelta(weeks=1) + maturity.age


def _as_json(one: Measured) -> dict[str, Any]:
    return {
        "where": None if one.where is None else list(one.where),
        "n": one.n,
        "n_inputs": one.n_inputs,
        "gap": _decimal(one.gap),
        "low": _decimal(one.low),
        "high": _decimal(one.high),
        "verdict": one.verdict,
        "state": one.state,
        "part": one.reason,
        "speaks_for": one.speaks_for,
        "why": None if one.reach is None else reach_words(one.reach) or None,
        "error": _decimal(one.error),
        "error_low": _decimal(one.error_low),
        "high_band": None
        if one.band is None
        else {
            "n": one.band.n,
            "gap": _decimal(one.band.gap),
            "low": _decimal(one.band.low),
            "high": _decimal(one.band.high),
        },
    }


def _decimal(value: float) -> str | None:
    return f"{value:.6f}" if math.isfinite(value) else None


def _interval(gap: float, low: float, high: float) -> str:
    return f"{points(gap)} points ({ends(low, high)})"


def _name(one: Measured) -> str:
    assert one.where is not None
    return segment(*one.where)
