"""What exporters sent and is nowhere in the ledger: counted, since their senders say nothing."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

#: Different names and reasons that are told apart; whoever sends chooses the names.
MOST_TOLD = 200
#: Characters of a name that are kept.
_LONGEST = 200
OTHERS = "(other names)"


@dataclass(frozen=True)
class LeftOut:
    """What was left out for one reason.

    Attributes:
        name: of the evaluations.
        reason: why.
        n: how many.
        last: when the newest came.
    """

    name: str
    reason: str
    n: int
    last: datetime


class LeftOutCount:
    """A bounded count, from many threads."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], LeftOut] = {}
        self._adding = threading.Lock()

    def add(self, name: str, reason: str, now: datetime) -> None:
        """Count one."""
        # Half a character, which no page can show, is shown as what it is.
        name = name[:_LONGEST].encode("utf-8", "backslashreplace").decode("utf-8")
        with self._adding:
            if (name, reason) not in self._found and len(self._found) >= MOST_TOLD:
                name = OTHERS
            before = self._found.get((name, reason))
            n = 1 if before is None else before.n + 1
            self._found[name, reason] = LeftOut(name, reason, n, now)

    def told(self) -> Sequence[LeftOut]:
        """All, the most frequent first."""
        with self._adding:
            found = list(self._found.values())
        return sorted(found, key=lambda one: (-one.n, one.name, one.reason))
