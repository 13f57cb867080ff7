"""Where in the range of confidence something is off, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class OffAt:
    """Where in the range of confidence something is off: stretches, (from, to) in percent."""

    over: tuple[tuple[float, float], ...] = ()
    under: tuple[tuple[float, float], ...] = ()

    @property
    def words(self) -> str:
        """``overconfident at 70% to 85%, underconfident at 30%``; "" where it is nowhere off."""
        sides = (("overconfident", self.over), ("underconfident", self.under))
        return ", ".join(
            f"{word} at {' and '.join(_percents(*one) for one in spans)}"
            for word, spans in sides
            if spans
        )


NOWHERE = OffAt()


def _percents(low: float, high: float) -> str:
    return f"{low:g}%" if low == high else f"{low:g}% to {high:g}%"
