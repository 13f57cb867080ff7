"""What a re-measurement found, as its act carries it, and its words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.measure.verdicts.label_reach import LabelReach, SpeaksFor
from core.measure.verdicts.parts import PartName, PartState
from core.measure.verdicts.verdict import VERDICT_OF, Verdict
from core.text.figures import counted, ends, points, segment, this_window
from core.text.parts import PartShown, reach_words
from core.trail.facts import read, written
from core.trail.fingerprint import Fingerprint

_WORDS: dict[PartState, str] = {
    "off": "off",
    "at_the_edge": "at the edge of the tolerance",
    "too_few": "too few labels",
    "fine": "fine",
}
#: So many segments that are off are named in the sentence.
_NAMED = 3


@dataclass(frozen=True)
class RemeasuredBand:
    """A high-confidence band: labelled claims, gap and its simultaneous 95 % interval."""

    n: int
    gap: float
    low: float
    high: float


@dataclass(frozen=True)
class RemeasuredGroup:
    """One group of a re-measurement.

    Attributes:
        where: (segment dimension, value); None: the whole.
        n: labelled claims.
        n_inputs: distinct inputs among them.
        gap: mean confidence minus accuracy; nan without a label.
        low, high: its simultaneous 95 % interval over the whole and the required segments.
        state: the verdict on this group.
        reason: the part that gives it; None where it is fine.
        beside: what is off or at the edge beside the gap: its high-confidence band or the shape.
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
    beside: PartShown | None
    error: float
    error_low: float
    band: RemeasuredBand | None = None
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
        return whole if self.beside is None else f"{whole}; {self.beside.words()}"


@dataclass(frozen=True)
class Remeasured:
    """One fingerprint measured again.

    Attributes:
        fingerprint: which.
        since, until: of the claims, the second exclusive; UTC without zone.
        whole: all of them.
        segments: every value of the required dimensions that has a label.
        next_labels: when the first outcomes of its claims are final, where none is.
    """

    fingerprint: Fingerprint
    since: datetime
    until: datetime
    whole: RemeasuredGroup
    segments: tuple[RemeasuredGroup, ...]
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
            whose = "its" if len(mute) == 1 else "their"
            told += f" No verdict on {which}{rest}: {whose} labels do not represent all claims."
        said = _WORDS[self.whole.state] if self.whole.speaks_for == "all" else "no verdict"
        window = this_window(self.since.date(), last.date())
        return f"{self.fingerprint.words()}: {said} ({window}), {self.whole.words}.{told}"

    def as_json(self) -> dict[str, Any]:
        """What the act carries: numbers as decimal strings."""
        return {
            "fingerprint": self.fingerprint.as_json(),
            "since": f"{self.since:%Y-%m-%d}",
            "until": f"{self.until:%Y-%m-%d}",
            "groups": [_as_json(one) for one in (self.whole, *self.segments)],
            "next_labels": None if self.next_labels is None else f"{self.next_labels:%Y-%m-%d}",
        }

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Remeasured:
        """The opposite of `as_json`.

        Raises:
            ValueError: it holds no such thing.
        """
        whole, *segments = map(_group, body["groups"])
        return cls(
            Fingerprint.of(body["fingerprint"]),
            datetime.fromisoformat(body["since"]),
            datetime.fromisoformat(body["until"]),
            whole,
            tuple(segments),
            datetime.fromisoformat(body["next_labels"]) if body["next_labels"] else None,
        )


def outcome(body: Mapping[str, Any]) -> str:
    """What a re-measurement found, in sentences; acts of before hold these."""
    if "text" in body:
        return str(body["text"])
    return " ".join(Remeasured.read(one).words for one in body["fingerprints"])


def why_mute(group: Mapping[str, Any]) -> str:
    """Why there is no verdict on all claims of a group, as acts carry it; "" where there is."""
    if group.get("reach") is None:
        return str(group.get("why") or "")
    return reach_words(read(LabelReach, group["reach"]))


def _as_json(one: RemeasuredGroup) -> dict[str, Any]:
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
        "reach": written(one.reach) if one.reach and one.speaks_for == "labelled" else None,
        "beside": None if one.beside is None else written(one.beside),
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


def _group(body: Mapping[str, Any]) -> RemeasuredGroup:
    where, band, beside, reach = (body[name] for name in ("where", "high_band", "beside", "reach"))
    return RemeasuredGroup(
        where=None if where is None else (where[0], where[1]),
        n=body["n"],
        n_inputs=body["n_inputs"],
        gap=_float(body["gap"]),
        low=_float(body["low"]),
        high=_float(body["high"]),
        state=body["state"],
        reason=body["part"],
        beside=None if beside is None else read(PartShown, beside),
        error=_float(body["error"]),
        error_low=_float(body["error_low"]),
        band=None if band is None else read(RemeasuredBand, band),
        reach=None if reach is None else read(LabelReach, reach),
    )


def _float(text: str | None) -> float:
    return math.nan if text is None else float(text)


def _decimal(value: float) -> str | None:
    return repr(value) if math.isfinite(value) else None


def _interval(gap: float, low: float, high: float) -> str:
    return f"{points(gap)} points ({ends(low, high)})"


def _name(one: RemeasuredGroup) -> str:
    assert one.where is not None
    return segment(*one.where)
