"""Whether anybody does anything because of findings: what became of each kind, from the trail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Literal

from core.defaults import ALWAYS_WAIVED
from core.findings.kinds import kind_of
from core.findings.lifecycle import Finding, FindingStep
from core.trail.acts import SYSTEM

#: What became of a finding: somebody said what they do about it; it was only let wait; it went away
#: with no answer; it still waits for the first one.
Became = Literal["acted_on", "waived", "went_by", "waits"]


@dataclass(frozen=True)
class Occasion:
    """A finding from when it was found until it was over, or until now.

    Attributes:
        kind, signal: of it.
        became: what came of it.
        days: from when it was found to the first answer of a person; None without one.
        waivers: how often it was let wait.
    """

    kind: str
    signal: str | None
    became: Became
    days: float | None
    waivers: int = 0


@dataclass(frozen=True)
class AnsweredKind:
    """What became of the findings of a kind.

    Attributes:
        kind: key of it.
        signal: of this signal alone; None: of all.
        n: how often it was found.
        acted_on: somebody said what they do about it.
        waived: only let wait.
        went_by: over without an answer.
        waits: still without one.
        days: median days to the first answer; None where none came.
        waivers: how often one of them was let wait, again and again included.
    """

    kind: str
    signal: str | None
    n: int
    acted_on: int
    waived: int
    went_by: int
    waits: int
    days: float | None
    waivers: int = 0

    @property
    def always_waived(self) -> bool:
        """Whether it was let wait often enough, and nobody ever did anything else about it."""
        return self.waivers >= ALWAYS_WAIVED and not self.acted_on

    @property
    def why_not_turned_down(self) -> str:
        """Why its owner may not have it kept quiet; "": they may."""
        words = kind_of(self.kind).words
        if kind_of(self.kind).severity == "critical":
            return f"“{words}” is critical, and what is critical is always heard."
        if self.waivers < ALWAYS_WAIVED:
            return (
                f"“{words}” was waived {self.waivers} times here; from {ALWAYS_WAIVED} times on, "
                "with nobody who did anything else, it may be turned down."
            )
        if not self.always_waived:
            return f"Somebody acted on “{words}” here, so it changes something."
        return ""


def occasions(found: Mapping[str, Finding]) -> tuple[Occasion, ...]:
    """Every time something was found, with what became of it.

    Args:
        found: the findings of the trail, with their histories.
    """
    return tuple(_occasion(one, steps) for one in found.values() for steps in _parted(one))


def by_kind(times: Iterable[Occasion]) -> tuple[AnsweredKind, ...]:
    """Of each kind over all signals, the most often found first."""
    grouped: defaultdict[str, list[Occasion]] = defaultdict(list)
    for one in times:
        grouped[one.kind].append(one)
    found = [_counted(kind, None, several) for kind, several in grouped.items()]
    return tuple(sorted(found, key=lambda one: (-one.n, one.kind)))


def by_signal(times: Iterable[Occasion]) -> tuple[AnsweredKind, ...]:
    """Of each kind and signal; what is about no signal is left out."""
    grouped: defaultdict[tuple[str, str], list[Occasion]] = defaultdict(list)
    for one in times:
        if one.signal is not None:
            grouped[one.signal, one.kind].append(one)
    return tuple(_counted(kind, signal, of) for (signal, kind), of in sorted(grouped.items()))


def _parted(one: Finding) -> list[list[FindingStep]]:
    """Its history, a part for each time it was found."""
    parts: list[list[FindingStep]] = []
    for step in one.history:
        if step.kind in ("finding.opened", "finding.recurred"):
            parts.append([])
        parts[-1].append(step)
    return parts


def _occasion(one: Finding, steps: list[FindingStep]) -> Occasion:
    mine = {step.kind for step in steps if step.actor != SYSTEM}
    answers = [step for step in steps if step.actor != SYSTEM]
    over = steps[-1].kind == "finding.resolved"
    became: Became = "went_by" if over else "waits"
    # Who settled it by hand did something about it, also without a word before.
    if mine & {"finding.acknowledged", "finding.resolved"}:
        became = "acted_on"
    elif "finding.waived" in mine:
        became = "waived"
    return Occasion(
        one.kind,
        one.signal,
        became,
        _days(steps[0].at, answers[0].at) if answers else None,
        sum(step.kind == "finding.waived" for step in answers),
    )


def _days(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() / 86_400


def _counted(kind: str, signal: str | None, several: list[Occasion]) -> AnsweredKind:
    became = [one.became for one in several]
    days = [one.days for one in several if one.days is not None]
    return AnsweredKind(
        kind,
        signal,
        len(several),
        became.count("acted_on"),
        became.count("waived"),
        became.count("went_by"),
        became.count("waits"),
        median(days) if days else None,
        sum(one.waivers for one in several),
    )
