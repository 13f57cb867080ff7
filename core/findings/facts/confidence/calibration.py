"""A signal that is off, as a whole or behind a healthy whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from core.findings.facts.base import Facts
from core.text.figures import basis, cut, ends, percent, points, segment, within
from core.text.off_at import OffAt
from core.text.parts import PartShown

#: As many segments of a dimension are named.
NAMED = 3


@dataclass(frozen=True)
class WholeGap:
    """The gap of all claims, with what it rests on."""

    gap: float
    low: float
    high: float
    n: int
    n_inputs: int
    n_days: int

    @property
    def words(self) -> str:
        """``+7.2 points (+5.1 to +9.3) over 1,204 claims of 311 inputs on 42 days``."""
        return (
            f"{points(self.gap)} points ({ends(self.low, self.high)}) over "
            f"{basis(self.n, self.n_inputs, self.n_days)}"
        )


@dataclass(frozen=True)
class _Newest(Facts):
    """The newest weeks with final outcomes.

    Attributes:
        since, until: first and last day.
        whole: the gap of all claims.
        tolerance: the gap that is accepted.
        segments: how many were judged.
        acts: whether a fingerprint in use may act.
    """

    since: date
    until: date
    whole: WholeGap
    tolerance: float
    segments: int
    acts: bool

    def _said(self, found: str) -> str:
        rests = "" if self.acts else " No fingerprint in use may act, so no case rests on it now."
        return (
            f"Over the newest weeks with final outcomes, {self.since} to {self.until}, "
            f"{found}{rests}"
        )

    def _span(self) -> dict[str, str]:
        return {
            "since": f"{self.since}",
            "until": f"{self.until}",
            "tolerance": f"{self.tolerance:.6g}",
            "segments": str(self.segments),
        }


@dataclass(frozen=True)
class BandOff:
    """A high-confidence band that is off; ``start`` is from which confidence on."""

    start: float
    said: float
    right: float
    low: float
    high: float
    n: int
    n_inputs: int
    n_days: int

    @property
    def gap(self) -> float:
        """Of the band."""
        return self.said - self.right

    @property
    def words(self) -> str:
        """In a clause, with what it rests on."""
        return (
            f"stated at {cut(self.start)} or more it is right {percent(self.right)} of the "
            f"time (said {percent(self.said)}), a gap of {points(self.gap)} points "
            f"({ends(self.low, self.high)}) over {basis(self.n, self.n_inputs, self.n_days)}"
        )


@dataclass(frozen=True)
class ShapeOff:
    """Errors that cancel: by how much, at least by how much, and where."""

    error: float
    low: float
    at: OffAt


@dataclass(frozen=True)
class Miscalibrated(_Newest):
    """A whole that is off.

    Attributes:
        gap_off: whether its gap is, beside what follows.
        band, shape: the high-confidence band and the shape, where they are off.
        effective: where the gap is weighted by the logged chance of each label: how many equally
            weighted claims they are worth.
    """

    gap_off: bool
    band: BandOff | None = None
    shape: ShapeOff | None = None
    effective: float | None = None
    FIX: ClassVar[str] = (
        "See on Reliability where in its range it is off; calibrate it or change how it is asked, "
        "and have new evidence signed."
    )

    def text(self, version: str) -> str:
        one, accepted = self.whole, within(self.tolerance)
        if self.effective is not None:
            return self._said(
                f"the gap of all claims is {points(one.gap)} points ({ends(one.low, one.high)}), "
                f"weighted by the logged chance of each label, over "
                f"{basis(one.n, one.n_inputs, one.n_days)}; {accepted} accepted."
            )
        whole = f"the gap is {one.words}"
        if self.gap_off:
            band = "" if self.band is None else f" Of these, {self.band.words}."
            return self._said(f"{whole}; {accepted} accepted.{band}")
        if self.band is not None:
            return self._said(f"{self.band.words}; {accepted} accepted. As a whole {whole}.")
        assert self.shape is not None
        return self._said(
            f"errors cancel: {whole}, but over the range of confidence it is off by "
            f"{self.shape.error * 100:.1f} points on average (at least "
            f"{self.shape.low * 100:.1f}): {self.shape.at.words}; {self.tolerance * 100:.6g} "
            "points accepted."
        )

    def numbers(self) -> dict[str, str]:
        whole, band, shape = self.whole, self.band, self.shape
        found = self._span() | {
            "claims": str(whole.n),
            "inputs": str(whole.n_inputs),
            "days": str(whole.n_days),
            "gap": f"{whole.gap:.4f}",
            "low": f"{whole.low:.4f}",
            "high": f"{whole.high:.4f}",
        }
        if self.effective is not None:
            found["effective"] = f"{self.effective:.0f}"
        if shape is not None:
            found |= {"error": f"{shape.error:.4f}", "error_low": f"{shape.low:.4f}"}
        if band is not None:
            found |= {
                "band_from": f"{band.start:.6g}",
                "band_claims": str(band.n),
                "band_gap": f"{band.gap:.4f}",
            }
        return found


@dataclass(frozen=True)
class SegmentOff:
    """A value of a dimension that is off, with what it shows; None: claims that name none."""

    value: str | None
    shown: PartShown
    n_inputs: int
    n_days: int


@dataclass(frozen=True)
class HiddenSegment(_Newest):
    """A dimension with values that are off, while the whole is not.

    Attributes:
        dimension: which.
        off: the worst of them.
        n_off: how many there are.
        fine: whether the whole is shown to be within tolerance.
    """

    dimension: str
    off: tuple[SegmentOff, ...]
    n_off: int
    fine: bool

    def text(self, version: str) -> str:
        told = "; ".join(
            f"{segment(self.dimension, one.value)} is off: "
            f"{one.shown.words(basis(one.shown.n, one.n_inputs, one.n_days))}"
            for one in self.off
        )
        more = self.n_off - len(self.off)
        told += f"; and {more} more" if more > 0 else ""
        health = "within" if self.fine else "not clearly outside"
        return self._said(
            f"{told}. As a whole it is {health} {within(self.tolerance)}: {self.whole.words}."
        )

    def fix(self) -> str:
        return (
            f"Give these cases bands of their own in its entry, require {self.dimension} in its "
            "validation, or fix the confidence there."
        )

    def numbers(self) -> dict[str, str]:
        worst = self.off[0]
        found = self._span() | {
            "dimension": self.dimension,
            "segments_off": str(self.n_off),
            "worst": segment(self.dimension, worst.value),
            "claims": str(worst.shown.n),
            "inputs": str(worst.n_inputs),
            "days": str(worst.n_days),
            "gap": f"{worst.shown.value:.4f}",
            "low": f"{worst.shown.low:.4f}",
            "high": f"{worst.shown.high:.4f}",
            "claims_all": str(self.whole.n),
            "gap_all": f"{self.whole.gap:.4f}",
        }
        return found if worst.value is None else found | {"value": worst.value}
