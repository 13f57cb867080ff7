"""Many rows at once: what is kept of them, and which are refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.intake.door import line_of
from core.intake.names_met import Dimensions, FieldNames
from core.intake.refused import Fault, Unfit
from core.intake.row_kinds import Kind


@dataclass(frozen=True)
class Refusal:
    """A row that is refused.

    Attributes:
        index: of the rows sent, from 0.
        fault: what is wrong with it.
        quarantined: whether it is kept all the same, and goes to the quarantine.
    """

    index: int
    fault: Fault
    quarantined: bool

    def as_json(self) -> dict[str, Any]:
        """What the sender is told."""
        fault = self.fault
        return {
            "index": self.index,
            "field": fault.field,
            "value": fault.value,
            "reason": fault.reason,
            "fix": fault.fix,
            "quarantined": self.quarantined,
        }


@dataclass(frozen=True)
class Batch:
    """Rows that were sent together.

    Attributes:
        received: how many.
        lines: what is to be kept, rows that go to the quarantine among them.
        refused: in order.
    """

    received: int
    lines: tuple[bytes, ...]
    refused: tuple[Refusal, ...]

    def placed(self, places: Sequence[int]) -> Batch:
        """The same, each refusal under the number that its row has among more that were sent."""
        refused = (replace(one, index=places[one.index]) for one in self.refused)
        return replace(self, refused=tuple(refused))

    @property
    def kept(self) -> int:
        """Rows that nothing speaks against so far."""
        return self.received - len(self.refused)


def judged(rows: Iterable[object], kind: Kind, names: FieldNames, dimensions: Dimensions) -> Batch:
    """Judge rows one by one; see `core.intake.door.line_of`."""
    lines: list[bytes] = []
    refused: list[Refusal] = []
    index = -1
    for index, row in enumerate(rows):
        try:
            line, fault = line_of(row, kind, names, dimensions)
        except Unfit as unfit:
            refused.append(Refusal(index, unfit.fault, quarantined=False))
            continue
        lines.append(line)
        if fault is not None:
            refused.append(Refusal(index, fault, quarantined=True))
    return Batch(index + 1, tuple(lines), tuple(refused))
