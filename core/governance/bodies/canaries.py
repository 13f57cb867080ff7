"""The canary in the trail: inputs that were kept, rounds in which they were asked again.

A *series* is what is judged together: the rounds of one signal and fingerprint over the same kept
inputs. Another one begins where inputs are kept anew, and with the first round after a signature
that answered an alarm: what was signed then is what later rounds are held against.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from core.governance.bodies.refusal import Refused
from core.measure.monitoring.canary_sides import REFERENCE_ROUNDS, SIDES
from core.trail.fingerprint import Fingerprint

if TYPE_CHECKING:
    from core.measure.monitoring.e_process import EProcess

#: So far the clock of whoever asked may be ahead.
AHEAD = timedelta(minutes=5)


@dataclass(frozen=True)
class KeptInputs:
    """Inputs that are asked again.

    Attributes:
        seq, at: the act.
        inputs: their ids, in the order in which rounds tell of them.
        digests: first half of the SHA-256 of each, hexadecimal; None: only its id is kept.
    """

    seq: int
    at: datetime
    inputs: tuple[str, ...]
    digests: tuple[str | None, ...]


@dataclass(frozen=True)
class CanaryRound:
    """One round, without what was answered.

    Attributes:
        seq, at: the act.
        name: what it is called; one of a signal and fingerprint.
        asked_at: when it was asked, UTC without zone.
        results_sha256: of everything that was answered.
        series: number of the series, from 1.
        n_asked, n_failed: inputs that were answered, and that were not.
        p_values: in the order of `core.measure.monitoring.canary_sides.SIDES`; None: a round of the
            reference.
    """

    seq: int
    at: datetime
    name: str
    asked_at: datetime
    results_sha256: str
    series: int
    n_asked: int
    n_failed: int
    p_values: tuple[float, ...] | None


#: What is kept of rounds, by signal and fingerprint.
Rounds = Mapping[tuple[str, Fingerprint], tuple[CanaryRound, ...]]


@dataclass(frozen=True)
class CanaryStanding:
    """What the newest series says.

    Attributes:
        rounds: of it, oldest first.
        process: over those that were bet on.
        alarm: the round with which the evidence sufficed; None: it does not.
    """

    rounds: tuple[CanaryRound, ...]
    process: EProcess
    alarm: CanaryRound | None

    @property
    def bet_on(self) -> tuple[CanaryRound, ...]:
        """The rounds that are judged: those after the reference."""
        return tuple(one for one in self.rounds if one.p_values is not None)


def canary_standing(rounds: Sequence[CanaryRound]) -> CanaryStanding:
    """What the newest series of a signal and fingerprint says.

    Args:
        rounds: of all of its series, oldest first.
    """
    newest = rounds[-1].series if rounds else 0
    mine = tuple(one for one in rounds if one.series == newest)
    judged = [one for one in mine if one.p_values is not None]
    process = _process(tuple(one.p_values for one in judged if one.p_values is not None))
    alarm = None if process.crossed is None else judged[process.crossed]
    return CanaryStanding(mine, process, alarm)


def unanswered_alarm(
    rounds: Sequence[CanaryRound], signed_at: datetime | None
) -> CanaryRound | None:
    """The round with which a series raised an alarm that no signature has answered since."""
    alarm = canary_standing(rounds).alarm
    answered = alarm is not None and signed_at is not None and signed_at > alarm.at
    return None if answered else alarm


def last_asked(
    kept: KeptInputs, rounds: Rounds, signal: str, version: Fingerprint | None = None
) -> CanaryRound | None:
    """The newest round in which the inputs that are kept now were asked.

    Args:
        version: of this one; None: of any.
    """
    mine = [
        of[-1]
        for (name, asked), of in rounds.items()
        if name == signal and of and version in (None, asked)
    ]
    return max(
        (one for one in mine if one.seq > kept.seq), key=lambda one: one.asked_at, default=None
    )


def next_series(rounds: Sequence[CanaryRound], kept: KeptInputs, signed_at: datetime | None) -> int:
    """The series that the next round belongs to.

    Args:
        rounds: those before it.
        kept: the inputs that are asked.
        signed_at: when the fingerprint was last signed for.
    """
    if not rounds:
        return 1
    last = rounds[-1]
    if kept.seq > last.seq:
        return last.series + 1
    if signed_at is None:
        # Nothing answers an alarm: what the series says need not be known.
        return last.series
    alarm = canary_standing(rounds).alarm is not None
    return last.series + (alarm and unanswered_alarm(rounds, signed_at) is None)


def refuse_series(
    series: int,
    before: Sequence[CanaryRound],
    kept: KeptInputs,
    signed_at: datetime | None,
    *,
    judged: bool,
) -> None:
    """Refuse a round that begins a series without cause, or is judged when it must not be.

    Args:
        series: of the round.
        before, kept, signed_at: as for `next_series`.
        judged: whether it has p-values.

    Raises:
        Refused: it does.
    """
    last = before[-1].series if before else 0
    goes_on = series == last and bool(before) and kept.seq < before[-1].seq
    # All evidence is forgotten with a series: another one needs its reason.
    if not goes_on and series != next_series(before, kept, signed_at):
        raise Refused(f"The series {series} of a canary does not follow from what is recorded.")
    n = sum(one.series == series for one in before)
    if judged != (n >= REFERENCE_ROUNDS):
        raise Refused(
            f"The first {REFERENCE_ROUNDS} rounds of a series, and only these, are not judged."
        )


@lru_cache(maxsize=512)
def _process(p_values: tuple[tuple[float, ...], ...]) -> EProcess:
    # The gate replays the trail and needs no statistics.
    from core.measure.monitoring.canary import canary_process

    return canary_process(p_values)


def read_p_values(value: object) -> tuple[float, ...] | None:
    """P-values as an act carries them, decimal texts.

    Raises:
        ValueError: these are none.
    """
    if value is None:
        return None
    if not isinstance(value, (list, tuple)) or len(value) != len(SIDES):
        raise ValueError(f"not {len(SIDES)} p-values")
    found = tuple(float(str(one)) for one in value)
    if not all(0 < one <= 1 for one in found):
        raise ValueError("a p-value outside (0, 1]")
    return found
