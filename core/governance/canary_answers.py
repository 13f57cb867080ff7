"""What kept inputs were answered, as the acts that recorded the rounds hold it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import duckdb
import numpy as np

from core.governance.bodies.canaries import CanaryRound
from core.measure.cells.cells import IntArray
from core.trail import act_search as search

ASKED = "canary.asked"
#: More rounds of one signal than anybody asks in thirty years.
_MOST_ROUNDS = 100_000


def answered(
    cursor: duckdb.DuckDBPyConnection, signal: str, rounds: Iterable[CanaryRound]
) -> list[Mapping[str, Any]]:
    """What was answered in rounds, in their order, as their acts hold it."""
    wanted = [one.seq for one in rounds]
    found = search.found(
        cursor, search.ActSearch(signal=signal, kinds=(ASKED,)), limit=_MOST_ROUNDS
    )
    by = {one.seq: one.act.body for one in found if one.act is not None}
    return [by[seq] for seq in wanted]


def stated_of(bodies: Sequence[Mapping[str, Any]]) -> IntArray:
    """Stated confidences of rounds, shape (rounds, inputs), in millionths; −1: none."""
    return np.array([[-1 if one is None else one for one in body["ppm"]] for body in bodies])


def answers_of(bodies: Sequence[Mapping[str, Any]]) -> IntArray:
    """Answers of rounds, shape (rounds, inputs), a number for each distinct one; −1: none."""
    numbers: dict[str | None, int] = {None: -1}
    return np.array(
        [[numbers.setdefault(one, len(numbers)) for one in body["answers"]] for body in bodies]
    )
