"""What a check of the trail or of a seal found, in words that name the place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Whether it is about an entry, a signed checkpoint, what somebody kept, evidence, sealed rows,
#: another table, or the file as a file.
ProblemKind = Literal["entry", "checkpoint", "held", "evidence", "seal", "table", "file"]


@dataclass(frozen=True)
class Problem:
    """One thing that is not as it was recorded.

    Attributes:
        kind: what it is about.
        seq: the entry concerned; None where it is about none in particular.
        words: one sentence that says what and where.
    """

    kind: ProblemKind
    seq: int | None
    words: str
