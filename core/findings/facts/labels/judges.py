"""Judges that disagree with ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from core.findings.facts.base import Facts
from core.queries.labels.label_provenance import UNSTATED
from core.text.figures import counted, cut, percent


@dataclass(frozen=True)
class Share:
    """A share with its interval, each in [0, 1]."""

    value: float
    low: float
    high: float

    @property
    def words(self) -> str:
        """``22% (17% to 28%)``."""
        return f"{percent(self.value)} ({percent(self.low)} to {percent(self.high)})"


@dataclass(frozen=True)
class JudgedPart:
    """The doubly labelled claims of one part of a signal.

    Attributes:
        name: which: of a segment ``topic=law``; "" for all of them.
        n: claims.
        n_inputs: distinct inputs among them.
        disagrees: share on which the judge says something else; None without such a claim.
        false_pass: share of the wrong ones that it calls right; None without a wrong one.
        false_fail: share of the right ones that it calls wrong; None without a right one.
    """

    name: str
    n: int
    n_inputs: int
    disagrees: Share
    false_pass: Share | None
    false_fail: Share | None


@dataclass(frozen=True)
class Disagrees(Facts):
    """One judge of a signal held against what is accepted.

    Attributes:
        source: whose labels, as they state it; None: they state none.
        whole: all claims that both labelled.
        worst: the part to name; None: none.
        drawn: whether these were drawn by chance, each with the same.
        since, until: first and last day.
        tolerance: the share on which it may disagree.
    """

    source: str | None
    whole: JudgedPart
    worst: JudgedPart | None
    drawn: bool
    since: date
    until: date
    tolerance: float
    FIX: ClassVar[str] = (
        "Do not rely on these labels until people have labelled a random sample of the same "
        "claims (Labels); leave the judge out, or register it as a signal of its own and hold it "
        "to a tolerance."
    )

    @property
    def shown(self) -> bool:
        """Whether it is shown beyond the tolerance, as a whole or in a part."""
        return self.worst is not None or self.whole.disagrees.low > self.tolerance

    def text(self, version: str) -> str:
        whole, worst = self.whole, self.worst
        labels = (
            "Labels that state no source" if self.source is None else f"Labels from {self.source}"
        )
        errors = [
            f"{share.words} of the {of} ones are called {called}"
            for share, of, called in (
                (whole.false_pass, "wrong", "right"),
                (whole.false_fail, "right", "wrong"),
            )
            if share is not None
        ]
        text = (
            f"{labels} disagree with ground truth on {whole.disagrees.words} of {_rests_on(whole)} "
            f"that both labelled, made from {self.since} to {self.until}; "
            f"{cut(self.tolerance)} is accepted. By them {' and '.join(errors)}."
        )
        if worst is not None:
            text += f" Worst: {worst.name}, {worst.disagrees.words} of {_rests_on(worst)}."
        if not self.drawn:
            text += (
                " These claims are not a random sample: on others the two may disagree more or "
                "less often."
            )
        return text

    def numbers(self) -> dict[str, str]:
        whole = self.whole
        found = {
            "disagrees": f"{whole.disagrees.value:.4f}",
            "disagrees_low": f"{whole.disagrees.low:.4f}",
            "disagrees_high": f"{whole.disagrees.high:.4f}",
            "drawn": "yes" if self.drawn else "no",
            "inputs": str(whole.n_inputs),
            "n": str(whole.n),
            "since": f"{self.since}",
            "source": self.source or UNSTATED,
            "tolerance": f"{self.tolerance:.6g}",
            "until": f"{self.until}",
        }
        if self.worst is not None:
            found |= {
                "worst": self.worst.name,
                "worst_disagrees": f"{self.worst.disagrees.value:.4f}",
                "worst_n": str(self.worst.n),
            }
        return found


def _rests_on(part: JudgedPart) -> str:
    return f"{counted(part.n, 'claim')} of {counted(part.n_inputs, 'input')}"
