"""What programs log is no longer what they logged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Literal

from core.findings.facts.base import Facts
from core.text.figures import counted, percent


@dataclass(frozen=True)
class StatedShare:
    """How much of some days' rows it is.

    Attributes:
        since, until: first and last day.
        n: rows.
        share: of them, in [0, 1].
    """

    since: date
    until: date
    n: int
    share: float

    @property
    def words(self) -> str:
        """As people read it: ``98% of 1,204 from 2026-11-02 to 2026-11-08``."""
        return f"{percent(self.share)} of {self.n:,} from {self.since} to {self.until}"


@dataclass(frozen=True)
class FieldChanged(Facts):
    """A field, or a segment dimension, that claims began or ceased to state.

    Attributes:
        field: its name; a segment as ``seg_…``.
        before, after: how many claims state it.
    """

    field: str
    before: StatedShare
    after: StatedShare
    FIX: ClassVar[str] = (
        "Ask whoever writes these claims what changed. Rules and measures that name the field see "
        "nothing of the claims without it."
    )

    @property
    def came(self) -> bool:
        """Whether it came, and did not go."""
        return self.after.share > self.before.share

    def text(self, version: str) -> str:
        went = "came" if self.came else "went"
        return (
            f"The field {self.field} {went}: {self.before.words} stated it, {self.after.words} do."
        )

    def numbers(self) -> dict[str, str]:
        # Not the shares, which move every day while the change is young.
        return {"field": self.field, "now": "states" if self.came else "lacks"}


@dataclass(frozen=True)
class ShareJumped(Facts):
    """More claims without a confidence, or more refused rows, than before.

    Attributes:
        what: which of the two.
        before, after: the share.
    """

    what: Literal["unstated", "refused"]
    before: StatedShare
    after: StatedShare

    def text(self, version: str) -> str:
        which = (
            "of the claims state no confidence"
            if self.what == "unstated"
            else "of the rows were refused and wait in quarantine"
        )
        return (
            f"{percent(self.after.share)} {which} ({self.after.n:,} from {self.after.since} to "
            f"{self.after.until}); before, it was {self.before.words}."
        )

    def fix(self) -> str:
        if self.what == "unstated":
            return "Ask whoever writes these claims why; they fall back by the rule for missing."
        return "Look at the reasons (Data, or calledger quarantine list) and put the source right."

    def numbers(self) -> dict[str, str]:
        return {"what": self.what, "before": percent(self.before.share)}


@dataclass(frozen=True)
class VolumeStopped(Facts):
    """A signal that makes no claims any more.

    Attributes:
        last: day of its last claim.
        days: whole days since then without one.
        longest: the most days without one before, of those looked at.
        per_day: its claims a day before.
    """

    last: date
    days: int
    longest: int
    per_day: float
    FIX: ClassVar[str] = (
        "See whether the program still logs (Data, its latest import). If the signal is no longer "
        "used, retire its versions."
    )

    def text(self, version: str) -> str:
        before = f"at most {counted(self.longest, 'day')}" if self.longest else "no day"
        return (
            f"No claim for {counted(self.days, 'day')}: the last is of {self.last}. Before, "
            f"{before} passed without one, at {self.per_day:,.1f} claims a day."
        )

    def numbers(self) -> dict[str, str]:
        return {"last": f"{self.last}", "longest": str(self.longest)}


@dataclass(frozen=True)
class VersionsUnnamed(Facts):
    """Claims that do not say what made them.

    Attributes:
        field: ``model_version`` or ``prompt_version``.
        n: claims that do not name it.
        of: all of the days.
        since, until: first and last day.
    """

    field: str
    n: int
    of: int
    since: date
    until: date
    FIX: ClassVar[str] = (
        "Log it with every claim. A claim without it belongs to a version that nobody validated, "
        "and a change of it would not be seen."
    )

    def text(self, version: str) -> str:
        return (
            f"{self.n:,} of {counted(self.of, 'claim')} from {self.since} to {self.until} name no "
            f"{self.field}."
        )

    def numbers(self) -> dict[str, str]:
        return {"field": self.field}
