"""Inputs that drifted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar, Literal

from core.findings.facts.base import Facts
from core.measure.monitoring.brier_decomposition import DecomposedChange
from core.queries.base.dimensions import BAND_LABELS
from core.text.figures import basis, counted, percent, segment, signed

#: What a finding about stated confidence is about; no segment can be called so on a page.
STATED = "stated confidence"


@dataclass(frozen=True)
class Days:
    """The first day and the last."""

    first: date
    last: date

    @classmethod
    def of_weeks(cls, weeks: int, until: datetime) -> Days:
        """So many weeks up to a midnight."""
        return cls((until - timedelta(weeks=weeks)).date(), (until - timedelta(days=1)).date())

    @property
    def since(self) -> datetime:
        """The midnight, UTC without zone, that they begin at."""
        return datetime.combine(self.first, time())

    @property
    def until(self) -> datetime:
        """The midnight that they end at."""
        return datetime.combine(self.last, time()) + timedelta(days=1)

    @property
    def words(self) -> str:
        """``2026-10-26 to 2026-11-22``."""
        return f"{self.first} to {self.last}"


@dataclass(frozen=True)
class CameIn:
    """What came in on some days: distinct inputs, and days on which any did."""

    of: Days
    inputs: int
    days: int

    @property
    def words(self) -> str:
        """``1,204 inputs on 42 days``."""
        return f"{counted(self.inputs, 'input')} on {counted(self.days, 'day')}"


@dataclass(frozen=True)
class ShareMoved:
    """A value of the dimension, and its share before and after, in [0, 1]."""

    value: str | None
    before: float
    after: float


@dataclass(frozen=True)
class Scored:
    """The Brier score of some days, and what it rests on."""

    of: Days
    brier: float
    n: int
    n_inputs: int
    n_days: int

    @property
    def words(self) -> str:
        """As in ``0.150 (2026-10-26 to 2026-11-22; 1,204 claims of 311 inputs on 42 days)``."""
        return f"{self.brier:.3f} ({self.of.words}; {basis(self.n, self.n_inputs, self.n_days)})"


@dataclass(frozen=True)
class Effect:
    """What a shift does to calibration.

    Attributes:
        before, after: the Brier score of settled labels.
        foretold, decalibration: the parts of its change.
    """

    before: Scored
    after: Scored
    foretold: DecomposedChange
    decalibration: DecomposedChange

    @property
    def words(self) -> str:
        """In a sentence."""
        return (
            f"{self._meaning}: the Brier score went from {self.before.words} to "
            f"{self.after.words}. Of this, {_part(self.foretold)} was expected from the "
            f"confidences, and {_part(self.decalibration)} is decalibration."
        )

    @property
    def _meaning(self) -> str:
        harder, truth = self.foretold.sign, self.decalibration.sign
        if truth > 0:
            return "Calibration suffers"
        if truth < 0:
            return "The confidences became better calibrated"
        if harder > 0:
            return "Harder cases, and the confidences said so"
        if harder < 0:
            return "Easier cases, and the confidences said so"
        return "No sign that it affects calibration"


@dataclass(frozen=True)
class InputsDrifted(Facts):
    """The mix of one dimension, held against what came in before.

    Attributes:
        dimension: which; None: the stated confidence.
        signed: whether it is held against the weeks before the signature.
        before, after: what came in.
        most, other: the value whose share moved most, and the one that moved most the other way.
        psi, noise: how far the mix moved, and how far by noise alone.
        dispersion: how much more days differ than chance would have it.
        stated: the same two of the stated confidence, where it moved with it.
        effect: on calibration; else when its first labels are settled, or why they cannot tell.
    """

    dimension: str | None
    signed: bool
    before: CameIn
    after: CameIn
    most: ShareMoved
    other: ShareMoved
    psi: float
    noise: float
    dispersion: float
    stated: tuple[float, float] | None = None
    effect: Effect | None = None
    first_labels: date | None = None
    labels: Literal["unfair", "too few"] | None = None
    FIX: ClassVar[str] = (
        "See on Drift what comes in now; if such cases were rare in the evidence, have new "
        "evidence on recent claims signed."
    )

    def text(self, version: str) -> str:
        with_it = ""
        if self.stated is not None:
            psi, noise = self.stated
            with_it = (
                f" {STATED.capitalize()} moved with it: PSI {psi:.3f}, by noise alone {noise:.3f}."
            )
        return f"{self.what}{with_it} {self.calibration}"

    @property
    def what(self) -> str:
        """What moved, against what, and how far beyond noise."""
        against = "before it was signed, " if self.signed else "before, "
        return (
            f"{self.shares} of what comes in: {self.after.of.words} ({self.after.words}) against "
            f"the weeks {against}{self.before.of.words} ({self.before.words}). PSI "
            f"{self.psi:.3f}, by noise alone {self.noise:.3f}."
        )

    @property
    def shares(self) -> str:
        """Which shares moved most, and from what to what."""
        told = " and ".join(
            f"{self._name(one)}{went} from {percent(one.before)} to {percent(one.after)}"
            for one, went in ((self.most, " went"), (self.other, ""))
        )
        # Names are left as they are written.
        return told.capitalize() if told.startswith(STATED) else told

    def _name(self, one: ShareMoved) -> str:
        if self.dimension is not None:
            return segment(self.dimension, one.value)
        assert one.value is not None
        return f"{STATED} in {BAND_LABELS[int(one.value)]}"

    @property
    def calibration(self) -> str:
        """What it does to calibration, as far as settled labels tell."""
        if self.effect is not None:
            return self.effect.words
        if self.first_labels is not None:
            return (
                "What it does to calibration is not known yet: the first labels of these weeks "
                f"are final on {self.first_labels}."
            )
        if self.labels == "unfair":
            return (
                "The labels cannot show what it does to calibration: they were drawn, or cover "
                "only what people looked at."
            )
        return "What it does to calibration is not known: too few labels."

    def numbers(self) -> dict[str, str]:
        found = {
            "after": f"{self.most.after:.4f}",
            "before": f"{self.most.before:.4f}",
            "days_after": str(self.after.days),
            "days_before": str(self.before.days),
            "dispersion": f"{self.dispersion:.2f}",
            "inputs_after": str(self.after.inputs),
            "inputs_before": str(self.before.inputs),
            "noise": f"{self.noise:.4f}",
            "psi": f"{self.psi:.4f}",
            "reference": "signed" if self.signed else "weeks before",
            "since": f"{self.after.of.first}",
            "until": f"{self.after.of.last}",
            "value": self._name(self.most),
        }
        if self.first_labels is not None:
            found["first_labels"] = f"{self.first_labels}"
        if self.labels is not None:
            found["labels"] = self.labels
        if self.effect is not None:
            found |= {
                "brier_after": f"{self.effect.after.brier:.4f}",
                "brier_before": f"{self.effect.before.brier:.4f}",
                "decalibration": f"{self.effect.decalibration.value:.4f}",
                "labelled_after": str(self.effect.after.n),
                "labelled_before": str(self.effect.before.n),
            }
        return found


def _part(change: DecomposedChange) -> str:
    if change.low is None or change.high is None:
        return _score(change.value)
    return f"{_score(change.value)} ({_score(change.low)} to {_score(change.high)})"


def _score(value: float) -> str:
    text = signed(value, 3)
    return "0" if float(text.replace("−", "-")) == 0 else text
