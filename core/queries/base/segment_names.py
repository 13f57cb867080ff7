"""How segments are named and kept: one reading for imports, for the gate, and for SQL afterwards.

A dimension's name counts in any letter case. Of a value only the white space around it is dropped;
letter case, look-alike letters and invisible characters make another value.
"""

from __future__ import annotations

import re

from core import events
from core.ledger.sql import literal
from core.queries.base.selection import BAND_DIMENSION, CLAIM_DIMENSIONS, TIME_DIMENSIONS

#: Names that `--by` takes already, and that no segment dimension can have.
RESERVED_DIMENSIONS = frozenset({*CLAIM_DIMENSIONS, *TIME_DIMENSIONS, BAND_DIMENSION, "signal"})

#: Segment dimensions that files may bring a ledger to: each is a column of every claim.
MOST_DIMENSIONS = 100
#: Different values of a signal's claims up to which a segment dimension is one: its claims are
#: split by it. More are ids or free text; they are kept, and narrowed to, but not split by.
MOST_VALUES = 1_000
#: What a dimension's name is made of.
DIMENSION = r"[A-Za-z0-9_.-]{1,64}"
#: Every character that Unicode calls white space, written out so that Python and SQL agree.
_BLANK = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_FLATTENED = f"{events.SEGMENTS_OBJECT}."


def kept(value: str) -> str:
    """A value as an import keeps it; "" is none."""
    return value.strip(_BLANK)


def kept_sql(sql: str) -> str:
    """SQL for `kept` of a text; NULL where it is none."""
    return f"nullif(trim({sql}, {literal(_BLANK)}), '')"


def too_many(dimension: str, n_values: int, signal: str | None = None) -> str:
    """What to say of a dimension with more than `MOST_VALUES`, and what to do."""
    of = f" of {signal}" if signal is not None else ""
    return (
        f"{events.SEGMENT_PREFIX}{dimension}{of} has {n_values:,} different values, and claims are "
        f"split by at most {MOST_VALUES:,}: it is kept, and nothing is measured by it. Log ids and "
        f"free text without {events.SEGMENT_PREFIX}, as an attribute, or log a coarser segment."
    )


def fault_of(dimension: str) -> str | None:
    """Why a name cannot be a dimension's; None: it can."""
    if not re.fullmatch(DIMENSION, dimension):
        return "a dimension's name has letters, digits, _ - . and at most 64 of them"
    if dimension.lower() in RESERVED_DIMENSIONS:
        return f"{dimension.lower()} already means something else here"
    return None


def plain(name: str) -> str:
    """A field's name: ``segments.language``, of a flattened object, is seg_language."""
    if not name.lower().startswith(_FLATTENED):
        return name
    return events.SEGMENT_PREFIX + name[len(_FLATTENED) :]


def dimension_of(name: str) -> str | None:
    """The dimension that a field names, which `fault_of` has yet to accept; None: it names none."""
    if not name.lower().startswith(events.SEGMENT_PREFIX):
        return None
    return name[len(events.SEGMENT_PREFIX) :]


def meant_as_segment(name: str) -> bool:
    """Whether a name that is no segment's would be one without the white space around it."""
    bare = kept(name)
    if bare == name:
        return False
    return bare.lower() == events.SEGMENTS_OBJECT or dimension_of(plain(bare)) is not None
