"""The names that senders use, bounded: for fields, and for the segment dimensions of a ledger."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core import events
from core.intake.refused import Unfit
from core.intake.row_kinds import Kind

#: Different names that one sender may use; an import takes 1,000 columns.
MOST_NAMES = 800
#: Segment dimensions that rows may bring a ledger to. Files may bring it further, so that what was
#: kept here always finds room.
MOST_DIMENSIONS = 64


@dataclass(frozen=True)
class Form:
    """Where the values of a row with certain keys go: worked out once for all rows like it.

    Attributes:
        blank: a line without the row's values.
        into: the line's name for each of the row's keys, in their order.
        stated: whether it has a confidence, which may be empty.
        bare: whether it has nothing but what `plainly_right` looks at.
    """

    blank: Mapping[str, None]
    into: tuple[str, ...]
    stated: bool
    bare: bool


class FieldNames:
    """The names that one sender has used for fields; bounded, for an import is.

    Attributes:
        forms: those of the sender's rows, by what they were sent as and their keys.
    """

    def __init__(self) -> None:
        self.forms: dict[tuple[Kind, tuple[Any, ...]], Form | None] = {}
        self._used: set[str] = set()
        self._adding = threading.Lock()

    def take(self, names: Iterable[str]) -> None:
        """Note the names of a row.

        Raises:
            Unfit: there would be too many.
        """
        new = [name for name in names if name not in self._used]
        if not new:
            return
        with self._adding:
            if len(self._used) + len(new) > MOST_NAMES:
                raise Unfit(
                    new[0],
                    None,
                    f"the {MOST_NAMES + 1}th different name that this sender uses: its keys seem "
                    "to be data",
                    "put such keys into one nested object",
                )
            self._used.update(new)


class Dimensions:
    """The segment dimensions that a ledger has or will have; bounded, for each is a column.

    Args:
        known: gives those of the ledger; asked only for one that was not met yet.
    """

    def __init__(self, known: Callable[[], Iterable[str]]) -> None:
        self._known = known
        self._met: set[str] = set()
        self._adding = threading.Lock()

    def take(self, dimension: str) -> None:
        """Note a dimension, in lower case.

        Raises:
            Unfit: there would be too many.
        """
        if dimension in self._met:
            return
        with self._adding:
            known = {one.lower() for one in self._known()}
            if dimension not in known and len(known | self._met) >= MOST_DIMENSIONS:
                raise Unfit(
                    f"{events.SEGMENT_PREFIX}{dimension}",
                    None,
                    f"a new segment dimension, and the ledger has {MOST_DIMENSIONS} already",
                    f"send it as an attribute, without {events.SEGMENT_PREFIX}",
                )
            self._met.add(dimension)
