"""What kept inputs say of a signal: how far their answers speak for another model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from core.governance.bodies.canaries import CanaryRound, CanaryStanding, KeptInputs, canary_standing
from core.governance.canary_due import canary_due
from core.governance.state import State
from core.measure.monitoring.canary import REFERENCE_ROUNDS
from core.sentences.numbers import counted
from core.text.figures import e_words
from core.trail.acts import stamp
from core.trail.fingerprint import Fingerprint

CanaryState = Literal["no rounds", "reference", "unchanged", "changed"]
STATE_WORDS: dict[CanaryState, str] = {
    "no rounds": "not asked yet",
    "reference": "learning how much it varies",
    "unchanged": "no sign of another model",
    "changed": "the model changed",
}


@dataclass(frozen=True)
class CanaryLine:
    """One version of a signal whose kept inputs are asked again.

    Attributes:
        fingerprint: None: of no version were they asked yet.
        kept: the inputs.
        standing: what the newest series says.
        state: in a word.
        due: when the next round is; None: the registry entry names no interval.
    """

    signal: str
    fingerprint: Fingerprint | None
    kept: KeptInputs
    standing: CanaryStanding
    state: CanaryState
    due: datetime | None

    @property
    def last(self) -> CanaryRound | None:
        """The newest round."""
        return self.standing.rounds[-1] if self.standing.rounds else None

    @property
    def words(self) -> str:
        """What it says, in a sentence or two."""
        rounds, inputs = self.standing.rounds, counted(len(self.kept.inputs), "kept input")
        if self.state == "no rounds":
            return f"{inputs}, not asked yet."
        if self.state == "reference":
            missing = REFERENCE_ROUNDS + 1 - len(rounds)
            return (
                f"{inputs}, asked {counted(len(rounds), 'time')}: after "
                f"{counted(missing, 'more round')} it can tell."
            )
        process = self.standing.process
        told = (
            f"{inputs} in {counted(len(rounds), 'round')}; alarm score {e_words(process.e_value)} "
        )
        told += f"({process.needed:.0f} is an alarm)"
        alarm = self.standing.alarm
        if alarm is None:
            return f"No sign of another model: {told}."
        return f"The model changed behind its name: shown by the round {alarm.name}. {told}."

    @property
    def short(self) -> str:
        """The same in a few words, for a cell of a table."""
        alarm = self.standing.alarm
        said = STATE_WORDS[self.state]
        return said if alarm is None else f"{said}: {alarm.asked_at:%Y-%m-%d}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        last, alarm = self.last, self.standing.alarm
        return {
            "signal": self.signal,
            "fingerprint": None if self.fingerprint is None else self.fingerprint.as_json(),
            "n_inputs": len(self.kept.inputs),
            "kept_at": stamp(self.kept.at),
            "n_rounds": len(self.standing.rounds),
            "last_round": None if last is None else last.name,
            "last_asked": None if last is None else stamp(last.asked_at),
            "n_failed": None if last is None else last.n_failed,
            "alarm_score": round(self.standing.process.e_value, 6),
            "needed": self.standing.process.needed,
            "state": self.state.replace(" ", "_"),
            "alarm_round": None if alarm is None else alarm.name,
            "due": None if self.due is None else stamp(self.due),
        }


def canary_lines(state: State, signals: Iterable[str] | None = None) -> tuple[CanaryLine, ...]:
    """The canaries of signals, by signal, the version that was asked last first.

    Args:
        signals: of these; None: of all.
    """
    found = []
    for signal in sorted(state.canaries if signals is None else signals):
        kept = state.canaries.get(signal)
        if kept is None:
            continue
        asked = {
            fingerprint: rounds
            for (of, fingerprint), rounds in state.canary_rounds.items()
            if of == signal
        }
        if not any(rounds[-1].seq > kept.seq for rounds in asked.values()):
            nothing = canary_standing(())
            found.append(
                CanaryLine(signal, None, kept, nothing, "no rounds", canary_due(state, signal))
            )
        for fingerprint, rounds in sorted(
            asked.items(), key=lambda item: item[1][-1].seq, reverse=True
        ):
            if rounds[-1].seq < kept.seq:
                continue
            standing = canary_standing(rounds)
            due = canary_due(state, signal)
            found.append(CanaryLine(signal, fingerprint, kept, standing, _of(standing), due))
    return tuple(found)


def _of(standing: CanaryStanding) -> CanaryState:
    if not standing.bet_on:
        return "reference"
    return "unchanged" if standing.alarm is None else "changed"
