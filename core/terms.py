"""By what a signal is measured: the gap accepted, its high band, and when its labels are final."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any, overload

from core.defaults import HIGH_FROM, MATURE_AGE, MATURE_COVERAGE, TOLERANCE
from core.events import PPM

if TYPE_CHECKING:  # The gate reads terms, and needs no arrays.
    import numpy as np
    import numpy.typing as npt

#: Ages in days at which labels that are known early are held against all that came.
_EARLY_DAYS = (7, 14, 21)


@dataclass(frozen=True)
class Maturity:
    """When a cohort may be read as final: at an age or at a coverage, whichever is first."""

    days: int = MATURE_AGE.days
    coverage_ppm: int = round(MATURE_COVERAGE * PPM)

    @property
    def age(self) -> timedelta:
        """The age, counted from a cohort's end."""
        return timedelta(days=self.days)

    @property
    def coverage(self) -> float:
        """The labelled share of the stated claims, in [0, 1]."""
        return self.coverage_ppm / PPM

    @property
    def ages_days(self) -> tuple[int, ...]:
        """Ages in days at which cohorts are compared, ascending; the last is that of maturity."""
        return (*(days for days in _EARLY_DAYS if days < self.days), self.days)

    def settled_until(self, now: datetime) -> datetime:
        """The Monday before which every claim is past the age."""
        day = (now - self.age).date()
        return datetime.combine(day - timedelta(days=day.weekday()), time())

    def aged(self, end: datetime, now: datetime) -> bool:
        """Whether a cohort that ended at a time has reached the age."""
        return now - end >= self.age

    @overload
    def covered(self, n: int, n_claims: int) -> bool: ...
    @overload
    def covered(
        self, n: npt.NDArray[np.int64], n_claims: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]: ...
    def covered(self, n: Any, n_claims: Any) -> Any:
        """Whether so many labels of so many stated claims reach the coverage; of none: no."""
        return (n_claims > 0) & (n * PPM >= self.coverage_ppm * n_claims)

    def reached(self, end: datetime, n: int, n_claims: int, now: datetime) -> bool:
        """Whether a cohort may be read as final, by its age or by its coverage."""
        return self.aged(end, now) or self.covered(n, n_claims)


@dataclass(frozen=True)
class Terms:
    """By what a signal is measured.

    Attributes:
        tolerance: the gap accepted, in [0, 1].
        high_from: lower edge of the high-confidence band, in [0, 1].
        maturity: when its outcomes may be read as final.
    """

    tolerance: float = TOLERANCE
    high_from: float = HIGH_FROM
    maturity: Maturity = Maturity()


#: For a signal that nothing is written down about, and for what an entry does not say.
USUAL = Terms()
