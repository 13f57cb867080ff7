"""Whether the labels that came in by themselves contradict those that chance drew.

Held against one interval a week, two such gaps that are alike disagree sooner or later, and agree
again a week later. So the weeks are put together, and the answer changes only with evidence.

**The bets.** Of each week there is the difference d between the gap of all its labels and that of
the drawn ones alone. Where whether a claim is labelled has nothing to do with whether it was right,
the drawn ones are any of the labelled, and d is 0 in expectation with a variance that is known from
how many there are. Capital is multiplied by ``exp(λd − ψλ²·variance)``, which is fair or worse as
long as λ times what one claim adds to d is at most `STAKE` (Bernstein's bound; ψ is ½ for small
stakes). The stakes are those that would be best against differences of `AGAINST` tolerances, either
way, and capital goes in little by little, so that people who begin late to choose what they label
are found as well (`core.measure.monitoring.e_process`).

**When the answer changes.** The labels are contradicted when the capital reaches ``1/ALARM``, which
it ever does with a chance of at most `ALARM` where nothing is wrong, however often one looks (Ville
1939). They stay contradicted until bets against a difference of half the tolerance, on either
side, have both won ``1/BELIEVED_AGAIN``. From then on only a difference beyond half the tolerance
contradicts them again: one that is small and stays does not turn the answer over and over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.measure.cells.cells import FloatArray

#: Chance that labels which nobody chose by their outcome are ever taken for contradicted.
ALARM = 0.1
#: Chance that labels off by half the tolerance or more are believed again.
BELIEVED_AGAIN = 0.05
#: The differences that are bet on, in tolerances.
AGAINST = (0.25, 0.5, 1.0, 2.0)
#: The most that one claim may move the logarithm of the capital.
STAKE = 0.5

_PSI = (math.exp(STAKE) - 1 - STAKE) / STAKE**2


@dataclass(frozen=True)
class Differences:
    """Of C weeks in which both kinds of label are, oldest first; arrays of shape (C,).

    Attributes:
        difference: gap of all labels less that of the drawn ones, each counting for one over its
            chance.
        variance: of it, where nobody chose what to label; above 0.
        most: the most that one input moves it, above 0.
    """

    difference: FloatArray
    variance: FloatArray
    most: FloatArray


def contradicted(weeks: Differences, tolerance: float) -> npt.NDArray[np.bool_]:
    """Whether all labels are contradicted by the drawn ones, after each week; shape (C,).

    Args:
        tolerance: the gap that is accepted, above 0.
    """
    found = np.zeros(len(weeks.difference), dtype=np.bool_)
    half = tolerance / 2
    aside, margin, game = False, 0.0, _Game()
    for i, (d, variance, most) in enumerate(
        zip(weeks.difference, weeks.variance, weeks.most, strict=True)
    ):
        won = np.array([d - margin, -d - margin]) if not aside else np.array([half - d, half + d])
        sizes = tolerance * np.array(AGAINST) if not aside else np.array([half])
        stakes = np.minimum(sizes / (2 * _PSI * variance), STAKE / most)
        game.play(np.outer(won, stakes) - _PSI * stakes**2 * variance)
        if not aside and game.capital.mean() >= 1 / ALARM:
            aside, game = True, _Game()
        elif aside and game.capital.min() >= 1 / BELIEVED_AGAIN:
            aside, margin, game = False, half, _Game()
        found[i] = aside
    return found


class _Game:
    """Capital on either side that goes in little by little, ``1/(j(j+1))`` of it before week j."""

    def __init__(self) -> None:
        self._weeks = 0
        self._log: FloatArray | float = -np.inf

    def play(self, gains: FloatArray) -> None:
        """A week.

        Args:
            gains: shape (2, stakes), by what the logarithm of each part grows.
        """
        self._weeks += 1
        share = -math.log(self._weeks * (self._weeks + 1))
        self._log = np.logaddexp(self._log, share) + gains

    @property
    def capital(self) -> FloatArray:
        """Of either side, shape (2,), with what is not in yet."""
        played: FloatArray = np.exp(np.minimum(self._log, 700.0)).mean(axis=1)
        return played + 1 / (self._weeks + 1)
