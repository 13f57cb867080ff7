"""What is said of a signal and a failure: one of four, on what, and where it is seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.queries.base.group_keys import Segment
from core.views.risks.facts import RiskFacts, Version

Status = Literal["open", "not_measured", "covered", "not_applicable"]
STATUSES: tuple[Status, ...] = ("open", "not_measured", "covered", "not_applicable")
STATUS_WORDS: Mapping[Status, str] = {
    "open": "Open",
    "not_measured": "Not measured",
    "covered": "Covered",
    "not_applicable": "Not applicable",
}
#: Told apart by sign and word as well as by colour.
STATUS_SIGNS: Mapping[Status, str] = {
    "open": "◆",
    "not_measured": "○",
    "covered": "●",
    "not_applicable": "–",
}
Page = Literal[
    "registry",
    "sign_off",
    "segments",
    "reliability",
    "drift",
    "escalation",
    "decision_trail",
    "claims",
    "data",
    "thresholds",
    "watch",
]
BROKEN = "The decision trail is broken, so nothing can be said of what was written and signed."
UNREGISTERED = "This signal is not registered"


@dataclass(frozen=True)
class Link:
    """Where a line of evidence can be seen.

    Attributes:
        page: which page.
        signal: of which signal; None: of the whole ledger.
        query: dimension → value (None: claims that do not name it); on Segments the segment that
            is opened, elsewhere that page's filters.
        since, until: the days, both included; None leaves them open.
        fingerprint: of a version; "" for none.
    """

    page: Page
    signal: str | None = None
    query: Segment = ()
    since: date | None = None
    until: date | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class RiskFound:
    """What a rule says of a signal.

    Attributes:
        status: one of four.
        line: what that rests on, in one line.
        link: where that can be seen.
    """

    status: Status
    line: str
    link: Link


Rule = Callable[[RiskFacts], RiskFound]


def signing(facts: RiskFacts, one: Version) -> Link:
    """The evidence of a version."""
    return Link("sign_off", facts.signal, fingerprint=one.fingerprint.id)


def log_only(facts: RiskFacts) -> RiskFound:
    """That by its own entry nothing is decided by it, or that something acted all the same."""
    where = Link("registry", facts.signal)
    if facts.too_low is not None:
        return RiskFound("open", facts.too_low.text(""), where)
    return RiskFound(
        "not_applicable",
        "Its entry says log-only: nothing may act on this confidence, and no claim was automated "
        "in the last quarter.",
        where,
    )
