"""A sentence, and where to read on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from core.queries.base.group_keys import Segment

Page = Literal["signal", "reliability", "drift", "changes", "claims", "data"]


@dataclass(frozen=True)
class Pointer:
    """A sentence, and the page with the rows or the curve it speaks of.

    Attributes:
        text: the sentence.
        page: which page; its claims are stated ones.
        query: that page's filters, dimension → value (None: claims that do not name it).
        since, until: the days it speaks of, both included; None leaves them open.
    """

    text: str
    page: Page
    signal: str
    query: Segment = ()
    since: date | None = None
    until: date | None = None
