"""What sqlglot would leave as it is, or turn into what rounds otherwise, put right on its tree.

Whole division, days between dates, microseconds since 1970, and whole numbers of 128 bits, which
other engines have as decimals of 38 digits.
"""

from __future__ import annotations

from typing import Any

from sqlglot import exp


def _wide(node: Any) -> Any | None:
    if isinstance(node, exp.DataType) and node.this == exp.DataType.Type.INT128:
        return exp.DataType.build("DECIMAL(38, 0)")
    return None


def _called(node: Any, name: str) -> Any | None:
    """The argument of a function that sqlglot does not know."""
    if isinstance(node, exp.Anonymous) and node.name.lower() == name:
        return node.expressions[0]
    return None


def for_spark(node: Any) -> Any:
    """A node as Spark needs it; itself where nothing is to be changed."""
    wide = _wide(node)
    if wide is not None:
        return wide
    time = _called(node, "epoch_us")
    if time is not None:
        return exp.Anonymous(this="unix_micros", expressions=[time])
    if isinstance(node, exp.UnixToTime):
        return exp.Anonymous(this="timestamp_micros", expressions=[node.this])
    if isinstance(node, exp.DateDiff):
        # Spark's own counts whole days that have passed, not midnights between.
        return exp.Anonymous(
            this="datediff", expressions=[exp.cast(node.this, "date"), node.expression]
        )
    return node


def for_datafusion(node: Any) -> Any:
    """A node as DataFusion needs it; itself where nothing is to be changed."""
    wide = _wide(node)
    if wide is not None:
        return wide
    time = _called(node, "epoch_us")
    if time is not None:
        return exp.cast(time, "bigint")
    if isinstance(node, exp.UnixToTime):
        return exp.Anonymous(this="to_timestamp_micros", expressions=[node.this])
    if isinstance(node, exp.IntDiv):
        # Both sides are whole numbers, and then its division is whole.
        return exp.Div(this=node.this, expression=node.expression, typed=True)
    if isinstance(node, exp.DateDiff):
        days = (exp.cast(exp.cast(one, "date"), "int") for one in (node.this, node.expression))
        return exp.paren(exp.Sub(this=next(days), expression=next(days)))
    if isinstance(node, exp.IsNan):
        return exp.Anonymous(this="isnan", expressions=[node.this])
    if isinstance(node, exp.NullSafeEQ):
        # It reads AND as binding closer.
        return exp.paren(node.copy())
    return node
