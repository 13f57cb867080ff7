"""What is read off the trail and the counts of claims."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from core.findings.facts.base import Facts
from core.gate.breaches import Kind as BreachKind
from core.governance.validations.standing import ended_words, stopped_words
from core.text.figures import counted

#: What a breach of each kind did not keep to.
_BREACH_WORDS: dict[BreachKind, str] = {
    "cut": "the threshold",
    "override": "a segment's own rules",
    "missing": "the rule for claims without a confidence",
    "unvalidated": "the fallback of versions that may not act",
}


@dataclass(frozen=True)
class BrokenTrail(Facts):
    """What is the matter with the trail."""

    why: str
    FIX: ClassVar[str] = (
        "Verify the trail, hold it against the checkpoints kept outside this ledger, and restore "
        "the last whole backup. Until then the gate sends every case to review."
    )

    def text(self, version: str) -> str:
        return self.why


@dataclass(frozen=True)
class Unregistered(Facts):
    """Claims of a signal without an entry, since the day of the first."""

    claims: int
    first: date
    FIX: ClassVar[str] = "Write its registry entry and apply it."

    def text(self, version: str) -> str:
        return (
            f"{self.claims:,} claims since {self.first}, but this signal is not registered: nobody "
            "has said what it decides, who owns it or when it may act. The gate sends every case "
            "to review."
        )

    def numbers(self) -> dict[str, str]:
        return {"claims": str(self.claims), "first": f"{self.first}"}


@dataclass(frozen=True)
class EmptySeat(Facts):
    """Nobody answers for a signal."""

    FIX: ClassVar[str] = "Name an active owner in its registry entry."

    def text(self, version: str) -> str:
        return (
            "This signal has no owner: its owner and every deputy have left or are away. The gate "
            "stays closed until there is one."
        )


@dataclass(frozen=True)
class _Used(Facts):
    """A fingerprint in use: its claims, with the days of the first and the last."""

    claims: int
    first: date
    last: date

    def numbers(self) -> dict[str, str]:
        return {"claims": str(self.claims), "first": f"{self.first}", "last": f"{self.last}"}


@dataclass(frozen=True)
class NewFingerprint(_Used):
    """One that was never validated; ``fallback`` is what its claims get."""

    fallback: str
    waits: bool
    FIX: ClassVar[str] = "Measure it, submit the evidence and have a validator sign it."

    def text(self, version: str) -> str:
        waits = " Its evidence waits for a signature." if self.waits else ""
        return (
            f"{version}: {self.claims:,} claims since {self.first} by a fingerprint that is not "
            f"validated. The rules send each to {self.fallback}.{waits}"
        )


@dataclass(frozen=True)
class Expired(_Used):
    """A validation, or a waiver, that ended."""

    fallback: str
    ended: date
    waiver: bool
    FIX: ClassVar[str] = "Submit new evidence on recent claims and have it signed."

    def text(self, version: str) -> str:
        why = ended_words(self.ended, waiver=self.waiver)
        return f"{version}: {why} Its claims fall back to {self.fallback}."


@dataclass(frozen=True)
class Suspended(_Used):
    """A validation that was stopped.

    Attributes:
        fallback: what its claims get.
        on: the day; None: its rules are others than were signed, whenever that came.
        reason: what somebody said; None: the rules changed.
    """

    fallback: str
    on: date | None = None
    reason: str | None = None
    FIX: ClassVar[str] = "Find out why; then submit new evidence and have it signed."

    def text(self, version: str) -> str:
        why = stopped_words(self.on, self.reason)
        return f"{version}: {why} Its claims fall back to {self.fallback}."


@dataclass(frozen=True)
class Expiring(_Used):
    """A validation, or a waiver, that ends soon."""

    until: date
    FIX: ClassVar[str] = "Submit new evidence now: the gate stays open while it is judged."

    def text(self, version: str) -> str:
        return f"{version}: it may act until {self.until} and nobody has submitted new evidence."


@dataclass(frozen=True)
class Breaches(Facts):
    """Claims handled less strictly than the rules require.

    Attributes:
        n: claims.
        automated: those that no person saw.
        wrong: those known to be wrong.
        by_kind: how many by what was not kept to.
        first, last: days.
    """

    n: int
    automated: int
    wrong: int
    by_kind: tuple[tuple[BreachKind, int], ...]
    first: date
    last: date
    FIX: ClassVar[str] = (
        "Open them, find out why production did not do as the rule says, and make it call the gate."
    )

    def text(self, version: str) -> str:
        several = ", ".join(f"{n:,} against {_BREACH_WORDS[kind]}" for kind, n in self.by_kind)
        return (
            f"{counted(self.n, 'claim')} from {self.first} to {self.last} handled less strictly "
            f"than the rules require: {several}. {self.automated:,} acted without a person; "
            f"{self.wrong:,} are known to be wrong."
        )

    def numbers(self) -> dict[str, str]:
        return {
            "breaches": str(self.n),
            "automated": str(self.automated),
            "wrong": str(self.wrong),
            **{kind: str(n) for kind, n in self.by_kind},
            "first": f"{self.first}",
            "last": f"{self.last}",
        }
