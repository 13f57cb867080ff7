"""The values of the column that a source is read by: their order, their text, and a step back."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Literal

import pyarrow as pa

from core.ledger.errors import LedgerError

#: Rows are read again so far behind the position unless told otherwise: a transaction that began
#: earlier may be committed later, with a value that was passed already.
SECONDS_AGAIN, STEPS_AGAIN = 600, 1000

Sort = Literal["time", "date", "number", "text"]


@dataclass(frozen=True)
class CursorColumn:
    """A column that a source can be read by.

    Attributes:
        name: the column.
        sort: what its values are.
    """

    name: str
    sort: Sort

    @classmethod
    def of(cls, name: str, type_: pa.DataType) -> CursorColumn:
        """The column of a source, by its type.

        Raises:
            LedgerError: its values have no order to go on by.
        """
        if pa.types.is_timestamp(type_):
            return cls(name, "time")
        if pa.types.is_date(type_):
            return cls(name, "date")
        if (
            pa.types.is_integer(type_)
            or pa.types.is_floating(type_)
            or pa.types.is_decimal(type_)
            or getattr(type_, "type_name", None) == "numeric"
        ):
            return cls(name, "number")
        if pa.types.is_string(type_) or pa.types.is_large_string(type_) or _is_uuid(type_):
            return cls(name, "text")
        raise LedgerError(
            f"The column {name!r} holds {type_}, which says not where to go on; give --cursor a "
            "column of times, dates, numbers or texts that only grows, such as updated_at or id."
        )

    def text(self, value: object, now: datetime) -> str | None:
        """A value as a position; None where nothing could ever come after it.

        A time still to come is no position: later rows come before it, and would be passed over.

        Args:
            value: of the column, as Arrow gives it to Python.
            now: UTC without zone.
        """
        match self.sort, value:
            case "time", datetime():
                zone = value.tzinfo
                here = now if zone is None else now.replace(tzinfo=UTC)
                late = value == datetime.max or value > here
                return (here if late else value).isoformat(timespec="microseconds")
            case "date", date():
                return min(value, now.date()).isoformat()
            case "number", _:
                return str(value) if _is_finite(value) else None
            case "text", _:
                return str(value)
            case _:
                return None

    def from_where(self, upto: str, again: float | None) -> str:
        """Where reading begins, a step behind a position.

        Args:
            upto: the position.
            again: seconds, or steps of a number; None: the usual. Nothing of it for a text, and
                whole days for a date.

        Raises:
            LedgerError: a text has no steps.
        """
        if self.sort == "text":
            if again:
                raise LedgerError(
                    f"--again is for times and numbers; {self.name!r} holds texts, which are read "
                    "from the last one on."
                )
            return upto
        if self.sort == "number":
            steps = STEPS_AGAIN if again is None else again
            return str(Decimal(upto) - Decimal(str(steps)))
        back = timedelta(seconds=SECONDS_AGAIN if again is None else again)
        if self.sort == "date":
            return (date.fromisoformat(upto) - timedelta(days=math.ceil(back.days))).isoformat()
        return (datetime.fromisoformat(upto) - back).isoformat(timespec="microseconds")


def _is_uuid(type_: pa.DataType) -> bool:
    return isinstance(type_, pa.UuidType)


def _is_finite(value: object) -> bool:
    try:
        return Decimal(str(value)).is_finite()
    except InvalidOperation:
        return False
