"""Which two windows of time are compared, and when a week or day is mature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt

from core.measure.cells.cells import IntArray
from core.queries.base.selection import Selection
from core.terms import Maturity

#: Weeks on each side, unless others are chosen.
WEEKS_COMPARED = 4


@dataclass(frozen=True)
class Window:
    """Days from ``first`` to ``last``, both included, UTC."""

    first: date
    last: date

    def of(self, selection: Selection) -> Selection:
        """The same question about this window."""
        return replace(
            selection, since=_midnight(self.first), until=_midnight(self.last + timedelta(days=1))
        )

    def words(self) -> str:
        """``2026-08-31 to 2026-09-27``."""
        return f"{self.first} to {self.last}"


def mature(
    maturity: Maturity,
    starts: Sequence[date],
    days: int,
    n: IntArray,
    n_claims: IntArray,
    as_of: datetime,
) -> npt.NDArray[np.bool_]:
    """Whether each period has reached the age or the coverage at which it may be read as final.

    Args:
        starts: first day of each period.
        days: days in a period.
        n: labelled claims of each.
        n_claims: stated claims of each.
        as_of: when ages are taken, UTC without zone.
    """
    old = [maturity.aged(_midnight(start + timedelta(days=days)), as_of) for start in starts]
    return np.array(old, dtype=bool) | maturity.covered(n, n_claims)


def default_windows(
    starts: Sequence[date], is_mature: npt.NDArray[np.bool_], days: int
) -> tuple[Window, Window] | None:
    """The earliest weeks against the latest mature ones; None when there are not two of them."""
    settled = [start for start, old in zip(starts, is_mature, strict=True) if old]
    span = timedelta(days=days)
    if len(settled) < 2:
        return None
    each = min(WEEKS_COMPARED * 7 // days, len(settled) // 2)
    return (
        Window(settled[0], settled[each - 1] + span - timedelta(days=1)),
        Window(settled[-each], settled[-1] + span - timedelta(days=1)),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
