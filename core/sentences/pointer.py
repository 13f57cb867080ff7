"""A sentence, and where to read on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.queries.base.group_keys import Segment


@dataclass(frozen=True)
class Pointer:
    """A sentence, and the page with the rows or the curve it speaks of.

    Attributes:
        text: the sentence.
        page: "reliability", "segments", "drift", "changes", "claims" or "data"; "claims" are
            stated ones.
        query: that page's filters, dimension → value (None: claims that do not name it).
        since, until: the days it speaks of, both included; None leaves them open.
    """

    text: str
    page: str
    signal: str
    query: Segment = ()
    since: date | None = None
    until: date | None = None
