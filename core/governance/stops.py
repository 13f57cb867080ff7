"""Why the program suspends a validation: the facts that acts carry, and the words made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from core.text.figures import counted, cut, percent, points
from core.text.off_at import OffAt
from core.text.sentence import capital
from core.trail.facts import FACTS, read

#: The trigger of a suspension by a round: what was signed no longer recomputes.
EVIDENCE_CHANGED = "evidence_changed"
#: The trigger of a suspension by the standing watch.
DRIFT_ALARM = "drift_alarm"
#: The trigger of a suspension by kept inputs that are answered otherwise than before.
CANARY_ALARM = "canary_alarm"

_COUNT_WORDS = {
    "n_claims": "judged claims",
    "n": "labelled claims",
    "n_inputs": "labelled inputs",
    "unstated": "claims without a confidence",
    "heldout": "heldout claims",
    "production": "production claims",
    "window": "claims of the recent window",
    "unsettled": "claims whose outcomes are not final",
    "tuning": "tuning claims",
    "overlap_left_out": "claims left out because they were tuned on",
}
#: What is counted in a bundle of evidence.
COUNTS = tuple(_COUNT_WORDS)


@dataclass(frozen=True)
class Unlike:
    """One thing in which evidence is not what was signed.

    Attributes:
        what: the digest of the claims, a count, the sums by confidence, whether the criteria are
            met, a figure, so many further figures; that there is no such evidence, or the message
            of what went wrong as it was recomputed.
        then, now: as signed, and as recomputed.
        place: which count or figure.
    """

    what: Literal["claims", "count", "cells", "met", "figure", "further", "missing", "error"]
    then: str = ""
    now: str = ""
    place: str = ""

    @property
    def words(self) -> str:
        """In a sentence."""
        then, now = self.then, self.now
        if self.what == "claims":
            return (
                "The judged claims or their outcomes are not those that were measured (digest "
                f"{then} then, {now} now)."
            )
        if self.what == "count":
            words = _COUNT_WORDS.get(self.place, self.place)
            return f"There were {int(then):,} {words}; now {int(now):,}."
        if self.what == "met":
            return f"The criteria were {then}; recomputed they are {now}."
        if self.what == "figure":
            return f"{self.place} was {then}, and is {now}."
        return {
            "cells": "The sums by stated confidence differ.",
            "further": f"{now} further figures differ.",
            "missing": f"The ledger holds no evidence {then}.",
            "error": now,
        }[self.what]


@dataclass(frozen=True)
class Differs:
    """Evidence that no longer recomputes.

    Attributes:
        n: differences.
        first: those that explain most of it.
        claims_sha256: digest of the claims as they are now; None: they were not read.
    """

    n: int
    first: tuple[Unlike, ...]
    claims_sha256: str | None = None

    @property
    def words(self) -> str:
        """What explains most of it, in a sentence without its capital."""
        return f"what was signed no longer recomputes from the ledger: {several(self.first)}"

    @property
    def reason(self) -> str:
        """Why it suspends, in a sentence."""
        return capital(self.words)


def several(found: tuple[Unlike, ...]) -> str:
    """The first differences, in a row."""
    return "; ".join(one.words for one in found[:3])


@dataclass(frozen=True)
class Dated:
    """When the level changed: about which week, and from what to what."""

    week: str
    before: float
    after: float


@dataclass(frozen=True)
class OffPattern:
    """The bands of confidence that errors are about, and by how much they are off on average."""

    at: OffAt
    estimate: float


@dataclass(frozen=True)
class DriftedPart:
    """One thing that is watched, as an alarm saw it.

    Attributes:
        what: gap and shape, or the share of wrong ones among the automated.
        where: (segment dimension, value); None: the whole.
        cohorts: weeks with a label.
        n, n_inputs: labelled claims of these, and distinct inputs among them.
        estimate: the gap (positive: overconfident) or error rate since; nan without a label.
        bound: what is accepted.
        e_value, needed: the evidence, and what sufficed.
        pattern: of its errors; None: the gap.
        changed: when; None: that is not seen.
        from_first: whether it was so from the first cohort on.
    """

    what: Literal["gap", "automated_error"]
    where: tuple[str, str | None] | None
    cohorts: int
    n: int
    n_inputs: int
    estimate: float
    bound: float
    e_value: float
    needed: float
    pattern: OffPattern | None = None
    changed: Dated | None = None
    from_first: bool = False

    @property
    def name(self) -> str:
        """As in ``the gap of language=de``."""
        words = "the gap" if self.what == "gap" else "the share of wrong ones among the automated"
        words = words if self.pattern is None else "the shape of the errors"
        return words if self.where is None else f"{words} of {self.where[0]}={self.where[1]}"

    @property
    def words(self) -> str:
        """What is known of it, and against what: ``the gap is +8.1 points (±5 accepted) …``."""
        accepted = f"±{self.bound * 100:.6g}"
        if self.pattern is not None:
            known, accepted = f"off by {self.pattern.estimate * 100:.1f} points", accepted[1:]
            accepted = f"{self.pattern.at.words}; at most {accepted}"
        elif self.what == "gap":
            known = f"{points(self.estimate)} points"
        else:
            known, accepted = f"{self.estimate * 100:.1f}%", f"at most {cut(self.bound)}"
        return (
            f"{self.name} is {known} ({accepted} accepted) over {counted(self.n, 'claim')} of "
            f"{counted(self.n_inputs, 'input')} in {counted(self.cohorts, 'weekly cohort')}"
        )

    @property
    def when(self) -> str:
        """``changed about 2026-W31: from +0.9 to +9.4 points``; "" where that is not seen."""
        if self.changed is not None:
            before, after = self.changed.before, self.changed.after
            if self.what == "gap":
                moved = f"from {points(before)} to {points(after)} points"
            else:
                moved = f"from {before * 100:.1f}% to {after * 100:.1f}%"
            return f"changed about {self.changed.week}: {moved}"
        return "was so from the first cohort on" if self.from_first else ""


@dataclass(frozen=True)
class Alarmed:
    """An alarm of the standing watch.

    Attributes:
        week: the cohort with which the evidence sufficed.
        n: how many parts are beyond what was agreed.
        parts: the first of them.
    """

    week: str
    n: int
    parts: tuple[DriftedPart, ...]

    @property
    def words(self) -> str:
        """What is off, since when it is known, and when it changed."""
        told = "; ".join(one.words for one in self.parts)
        more = self.n - len(self.parts)
        told += f"; and {more} more" if more > 0 else ""
        said = [f"{told}: shown with the cohort {self.week}."]
        for one in self.parts:
            if one.when:
                said.append(f"{'it' if self.n == 1 else one.name} {one.when}.")
        return " ".join(map(capital, said))

    @property
    def reason(self) -> str:
        """Why it suspends, in a sentence or two."""
        return f"Drifted beyond what was signed. {self.words}"


@dataclass(frozen=True)
class CanaryAlarm:
    """Kept inputs that are answered otherwise than before.

    Attributes:
        round: with which the evidence sufficed.
        since, day: the round from which on it is likely to be so, and when that was asked.
        rounds_before, rounds_after: rounds before that one, and from it on.
        n_inputs: kept inputs that stated a confidence before and after.
        before, after: mean stated confidence over them, in [0, 1]; None without any.
        low, high: of the difference, 95% over inputs; None with fewer than two.
        n_answered: inputs that were answered before and after.
        other_own, other_now: share of asks with another answer than in a round before: among the
            rounds before, and of those after; None without any.
        e_value: the evidence with the round of the alarm.
    """

    round: str
    since: str
    day: date
    rounds_before: int
    rounds_after: int
    n_inputs: int
    before: float | None
    after: float | None
    low: float | None
    high: float | None
    n_answered: int
    other_own: float | None
    other_now: float | None
    e_value: float

    @property
    def shift(self) -> float:
        """How far mean stated confidence moved; 0 where none was stated."""
        return 0.0 if self.before is None or self.after is None else self.after - self.before

    @property
    def others(self) -> float:
        """How many more answers are other ones than by the model's own variation; 0 without any."""
        if self.other_own is None or self.other_now is None:
            return 0.0
        return self.other_now - self.other_own

    @property
    def words(self) -> str:
        """What moved, since when, and how sure that is."""
        said = []
        if self.before is not None and self.after is not None:
            sure = ""
            if self.low is not None and self.high is not None:
                sure = f" (95% interval {points(self.low)} to {points(self.high)})"
            said.append(
                f"They state {percent(self.after)} on average, and stated {percent(self.before)}: "
                f"{points(self.shift)} points{sure}, {counted(self.n_inputs, 'input')}."
            )
        if self.other_own is not None and self.other_now is not None:
            said.append(
                f"{percent(self.other_now)} of the answers are other ones than before, where "
                f"{percent(self.other_own)} would be by its own variation, "
                f"{counted(self.n_answered, 'input')}."
            )
        rounds = counted(self.rounds_before, "round")
        # Rounds are mostly called by their day.
        day = "" if self.since == f"{self.day}" else f" ({self.day})"
        shown = "" if self.round == self.since else f"; shown with the round {self.round}"
        return (
            f"Kept inputs are answered otherwise since about the round {self.since}{day}, "
            f"after {rounds} in which nothing moved{shown}. {' '.join(said)}"
        )

    @property
    def reason(self) -> str:
        """Why it suspends, in a sentence or two."""
        return f"The model changed behind its name. {self.words}"


#: What a suspension by the program may rest on.
StoppedBy = Differs | Alarmed | CanaryAlarm

_KINDS: Mapping[str, type[Differs] | type[Alarmed] | type[CanaryAlarm]] = {
    EVIDENCE_CHANGED: Differs,
    DRIFT_ALARM: Alarmed,
    CANARY_ALARM: CanaryAlarm,
}


def stopped_by(body: Mapping[str, Any]) -> StoppedBy | None:
    """What suspended a validation; None where somebody said so in words, as acts of before do.

    Raises:
        ValueError: its facts cannot be read.
    """
    if FACTS not in body:
        return None
    kind = _KINDS.get(body["trigger"])
    if kind is None:
        raise ValueError(f"no facts are known of the trigger {body['trigger']!r}")
    return read(kind, body[FACTS])
