"""Evidence that no longer recomputes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from core.findings.facts.base import Facts
from core.governance.stops import Differs


@dataclass(frozen=True)
class EvidenceChanged(Facts):
    """What was signed, and in what the ledger gives something else now."""

    found: Differs
    FIX: ClassVar[str] = "Verify the trail and the seals; do not sign again before it is explained."

    def text(self, version: str) -> str:
        return f"{version}: {self.found.words}"

    def numbers(self) -> dict[str, str]:
        return {
            "claims_sha256": self.found.claims_sha256 or "none",
            "differences": str(self.found.n),
        }
