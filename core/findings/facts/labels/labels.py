"""Labels that no longer come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from core.findings.facts.base import Facts
from core.text.figures import counted


@dataclass(frozen=True)
class LastCame:
    """The last label: when it was known, and when its claim was made."""

    known: date
    claim: date


@dataclass(frozen=True)
class AuditUnanswered(Facts):
    """Weekly audit samples whose labels are overdue.

    Attributes:
        samples: how many.
        first: the Monday of the week in which the first was drawn.
        due: the day by which its labels were to be there.
        n: claims of them that had no label when they were drawn.
        labelled: those of them that have one now.
    """

    samples: int
    first: date
    due: date
    n: int
    labelled: int
    FIX: ClassVar[str] = (
        "Have them labelled (Labels, or calledger labels export), or register fewer labels a week."
    )

    def text(self, version: str) -> str:
        which = f"The audit sample drawn in the week of {self.first} is"
        if self.samples > 1:
            which = (
                f"{self.samples} weekly audit samples, the first drawn in the week of "
                f"{self.first}, are"
            )
        return (
            f"{which} overdue: {self.n - self.labelled:,} of {counted(self.n, 'label')} are "
            f"missing, due by {self.due}. Until they are there no sample of that time speaks for "
            "all claims."
        )

    def numbers(self) -> dict[str, str]:
        return {
            "samples": str(self.samples),
            "first": f"{self.first}",
            "due": f"{self.due}",
            "n": str(self.n),
            "labelled": str(self.labelled),
        }


@dataclass(frozen=True)
class MissingLabels(Facts):
    """Claims old enough to be labelled.

    Attributes:
        claims, inputs: how many there are.
        labelled, labelled_inputs: the labelled among them.
        needed: labelled inputs that a re-measurement needs.
        since, until: first and last day.
        days: after which outcomes are final.
        last: the last label; None: none ever came.
    """

    claims: int
    inputs: int
    labelled: int
    labelled_inputs: int
    needed: int
    since: date
    until: date
    days: int
    last: LastCame | None = None
    FIX: ClassVar[str] = (
        "Find out why outcomes stopped coming in, or draw an audit sample and have it labelled."
    )

    def text(self, version: str) -> str:
        claims = counted(self.claims, "claim")
        some = (
            f"only {self.labelled:,} of {claims} ({counted(self.labelled_inputs, 'input')} of "
            f"{self.inputs:,})"
            if self.labelled
            else f"none of {claims} of {counted(self.inputs, 'input')}"
        )
        ever = (
            "No label has ever come in."
            if self.last is None
            else f"The last label came on {self.last.known}, of a claim of {self.last.claim}."
        )
        return (
            f"{version} may act, and {some} from {self.since} to {self.until} "
            f"{'are' if self.labelled else 'is'} labelled, though {counted(self.days, 'day')} have "
            f"passed: whether it still holds is not known. {ever} A re-measurement needs "
            f"{counted(self.needed, 'labelled input')}."
        )

    def numbers(self) -> dict[str, str]:
        found = {
            "claims": str(self.claims),
            "inputs": str(self.inputs),
            "labelled": str(self.labelled),
            "labelled_inputs": str(self.labelled_inputs),
            "needed": str(self.needed),
            "since": f"{self.since}",
            "until": f"{self.until}",
        }
        return found if self.last is None else found | {"last_label": f"{self.last.known}"}
