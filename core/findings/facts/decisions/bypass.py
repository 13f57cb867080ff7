"""A signal that acts without asking the gate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.findings.facts.base import Facts
from core.text.figures import count, counted
from core.trail.fingerprint import Fingerprint

#: As many versions are named.
_NAMED = 3


@dataclass(frozen=True)
class GateBypassed(Facts):
    """Claims that acted by themselves and have no recorded answer of the gate in time.

    Attributes:
        claims: how many.
        acted: of so many that acted.
        known, wrong: those with an outcome, and the wrong ones among these.
        since: the first day looked at.
        first, last: days of the first and the last of them; where there are none, of the late ones,
            or else of those that named less.
        by_version: how many by version, most first.
        answers: recorded answers about the signal since then.
        stray: those of them that name no claim of it.
        other: claims without an answer of which there is one about another confidence or version.
        late: claims with an answer that was given only after they had come in, automated.
        unnamed: claims about which the gate was asked with less of the version than they log.
    """

    claims: int
    acted: int
    known: int
    wrong: int
    since: date
    first: date
    last: date
    by_version: tuple[tuple[Fingerprint, int], ...]
    answers: int = 0
    stray: int = 0
    other: int = 0
    late: int = 0
    unnamed: int = 0

    def text(self, version: str) -> str:
        days = f"on {self.first}" if self.first == self.last else f"{self.first} to {self.last}"
        of = f"of {counted(self.acted, 'claim')} automated since {self.since}"
        if self.late and not self.claims:
            said = [
                f"{count(self.late)} {of} asked the gate only after they had come in ({days}): its "
                "answer could stop nothing."
            ]
            return " ".join([*said, *([self._unnamed] if self.unnamed else [])])
        if not self.claims:
            return (
                f"{count(self.unnamed)} {of} asked the gate without naming all of the version that "
                f"they log ({days}): its answer is not of the version that acted."
            )
        said = [
            f"{count(self.claims)} {of} "
            f"never asked the gate ({days}): nothing could have stopped them.",
            f"{count(self.wrong)} of {count(self.known)} with an outcome "
            f"{'is' if self.wrong == 1 else 'are'} wrong."
            if self.known
            else "Whether they were right is not known yet: none has an outcome.",
        ]
        named = ", ".join(f"{each.words()} {count(n)}" for each, n in self.by_version[:_NAMED])
        more = len(self.by_version) - _NAMED
        said.append(f"By version: {named}{f' and {more} more' if more > 0 else ''}.")
        if self.claims == self.acted and not self.answers:
            said.append("The gate was asked nothing about this signal.")
        if self.other:
            said.append(f"Of {count(self.other)} the gate was asked another confidence or version.")
        if self.late:
            said.append(f"{count(self.late)} more asked only after they had come in.")
        if self.unnamed:
            said.append(self._unnamed)
        if self.stray:
            name = "names" if self.stray == 1 else "name"
            said.append(f"{counted(self.stray, 'answer')} of the gate {name} no claim of it.")
        return " ".join(said)

    @property
    def _unnamed(self) -> str:
        return f"{count(self.unnamed)} more asked without naming all of the version that they log."

    def fix(self) -> str:
        if not (self.claims or self.late):
            return (
                "Make production ask the gate with the version fields that it logs for the claim "
                "(model_version, prompt_version, …); calledger gate unasked lists the claims."
            )
        if not self.claims:
            return (
                "Make production ask the gate before it acts and before it logs the claim; "
                "calledger gate unasked lists the claims."
            )
        if self.stray:
            return (
                "Make production ask the gate with the same event_id that it logs for the claim; "
                "Escalation and calledger gate unasked list the claims."
            )
        return (
            "Make production call the gate before it acts (calledger gate unasked lists the "
            "claims), or write the entry log-only if its confidence decides nothing."
        )

    def numbers(self) -> dict[str, str]:
        found = {
            "not_asked": str(self.claims),
            "outcome_known": str(self.known),
            "wrong": str(self.wrong),
            "first": f"{self.first}",
            "last": f"{self.last}",
        }
        found |= {"asked_afterwards": str(self.late)} if self.late else {}
        return found | ({"version_not_named": str(self.unnamed)} if self.unnamed else {})
