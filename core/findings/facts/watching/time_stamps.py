"""A time stamp authority that stamps nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.findings.facts.base import Facts


@dataclass(frozen=True)
class NotStamped(Facts):
    """The newest checkpoint has had no time stamp for too long.

    Attributes:
        authority: its address.
        last: when it made its last stamp; None: it made none.
        ledger: name of the ledger's file.
    """

    authority: str
    last: datetime | None
    ledger: str

    def text(self, version: str) -> str:
        since = (
            "has stamped none"
            if self.last is None
            else f"stamped the last at {self.last:%Y-%m-%d %H:%M} UTC"
        )
        return (
            f"The time stamp authority {self.authority} {since}. Acts continue, but until it "
            "answers nobody outside witnesses when they were recorded."
        )

    def fix(self) -> str:
        return (
            f"It is asked again every few minutes; the server's log says what it met. See that its "
            f"address and root certificate in {self.ledger}.anchors are right, or take the line "
            "out."
        )

    def numbers(self) -> dict[str, str]:
        return {
            "authority": self.authority,
            "last": "none" if self.last is None else f"{self.last:%Y-%m-%d %H:%M}",
        }
