"""Written rules, as claims are counted by them."""

from __future__ import annotations

from dataclasses import dataclass

from core.queries.base.apart import Apart


@dataclass(frozen=True)
class Rungs:
    """Which row of some written rules takes a claim.

    Attributes:
        apart: what the rules look at.
        rows: per code of it the row's position; −1: none, as of an unstated claim.
    """

    apart: Apart
    rows: tuple[int, ...]
