"""Rows as programs send them: each becomes one line of a segment, or is refused with the fix.

A segment is later imported like any file, so whatever would make a file unusable as a whole is
settled here, row by row: names are written one way, segments become ``seg_`` fields, and the
fields that a file must have are always there. What is wrong with a *value* is told to the sender,
and the row goes on to the import all the same, which keeps it in the quarantine: nothing is
dropped, and a percentage scale is judged over all rows of a segment.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from core import events
from core.gate.questions import Stated, json_value
from core.intake.handoff_rows import line_of_handoff
from core.intake.line_json import encoded
from core.intake.names_met import Dimensions, FieldNames, Form
from core.intake.refused import Fault, NotRead, Unfit
from core.intake.row_kinds import ALWAYS, Kind
from core.intake.value_faults import fault_of_claim, fault_of_outcome, plainly_right
from core.queries.base.segment_names import dimension_of, fault_of, plain

#: Keys that one row may have, segments apart and among them.
MOST_KEYS = 200
#: How deep the values of a row may be nested.
MOST_DEPTH = 16
#: Different sets of keys of one sender that are remembered; rows with more are read key by key.
MOST_FORMS = 200
_FIELDS = frozenset(events.FIELDS)
#: What a value may be without a closer look; a number with a fraction is looked at by itself.
_PLAIN = frozenset({str, int, bool, type(None)})


def line_of(
    row: object, kind: Kind, names: FieldNames, dimensions: Dimensions
) -> tuple[bytes, Fault | None]:
    """One row as the line that is kept of it, and what is wrong with its values, if anything is.

    Args:
        row: as it was sent; an `Unfit` stands for one that could not be read.
        kind: what it was sent as.
        names: of its sender.
        dimensions: of the ledger.

    Raises:
        Unfit: it cannot be kept.
    """
    if isinstance(row, Unfit):
        raise row
    if isinstance(row, NotRead):
        raise Unfit("row", None, row.reason, "send one JSON object per row")
    if not isinstance(row, Mapping):
        raise Unfit("row", row, "not a JSON object", "send one JSON object per row")
    if kind == "handoffs":
        return line_of_handoff(row)
    keys = kind, tuple(row)
    form = names.forms.get(keys)
    if form is not None:
        known = _filled(row, form)
        if known is not None:
            return encoded(known), _fault_of(known, kind, form)
    found = _line_of(row, kind, names, dimensions)
    # What was taken once is taken again: only now are its names and dimensions known.
    if keys not in names.forms and len(names.forms) < MOST_FORMS:
        names.forms[keys] = _form(keys[1], kind)
    return found


def _form(keys: tuple[Any, ...], kind: Kind) -> Form | None:
    """The form of rows with these keys; None where it hangs on their values."""
    if any(key.lower() == events.SEGMENTS_OBJECT for key in keys):
        return None
    fields, others = _sorted({key: key for key in keys})
    if kind == "outcomes" and "confidence" in fields:
        return None
    of = {key: name for name, key in (fields | others).items()}
    blank = dict.fromkeys((*ALWAYS[kind], *fields, *others))
    chosen = {"outcome", "outcome_ts", "outcome_source", *events.ALLOWED}
    bare = kind == "claims" and not chosen & set(blank)
    return Form(blank, tuple(of[key] for key in keys), "confidence" in fields, bare)


def _filled(row: Mapping[Any, Any], form: Form) -> dict[str, Any] | None:
    """The line of a row of this form; None where a value needs a closer look."""
    line: dict[str, Any] = dict(form.blank)
    for name, value in zip(form.into, row.values(), strict=True):
        of = type(value)
        if of is float:
            if not math.isfinite(value):
                return None
        elif of not in _PLAIN:
            return None
        line[name] = value
    return line


def _fault_of(line: Mapping[str, Any], kind: Kind, form: Form) -> Fault | None:
    if kind == "outcomes":
        return fault_of_outcome(line)
    if form.bare and plainly_right(line):
        return None
    return fault_of_claim(line, form.stated)


def _line_of(
    row: Mapping[Any, Any], kind: Kind, names: FieldNames, dimensions: Dimensions
) -> tuple[bytes, Fault | None]:
    """The same for any row, whatever its keys and values."""
    fields, others = _sorted(row)
    if kind == "outcomes" and fields.pop("confidence", None) not in (None, ""):
        raise Unfit(
            "confidence",
            row.get("confidence"),
            "an outcome states no confidence",
            "send the claim, with its outcome where it is known, to /api/v1/claims",
        )
    stated = "confidence" in fields
    line: dict[str, Any] = dict.fromkeys(ALWAYS[kind]) | fields | others
    if len(line) > MOST_KEYS:
        raise Unfit(
            "row",
            None,
            f"{len(line):,} fields, and a row has at most {MOST_KEYS}",
            "put fields that are data into one nested object",
        )
    for name, value in line.items():
        if isinstance(value, Stated):
            raise Unfit(name, value.values[-1], "the key stands there twice", "keep one of the two")
        if isinstance(value, (dict, list)):
            _refuse_deep(name, value)
        elif isinstance(value, float) and not math.isfinite(value):
            # JSON knows no such number; as text it is judged like any other.
            line[name] = str(value)
    for name in others:
        dimension = dimension_of(name)
        if dimension is not None:
            dimensions.take(dimension)
    names.take(line)
    fault = fault_of_claim(line, stated) if kind == "claims" else fault_of_outcome(line)
    return encoded(line), fault


def _sorted(row: Mapping[Any, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that have a meaning, and all others; each name written one way."""
    fields: dict[str, Any] = {}
    others: dict[str, Any] = {}
    whole: list[tuple[str, object]] = []
    for name, value in row.items():
        lowered = name.lower()
        if lowered in _FIELDS:
            _put(fields, lowered, name, value)
        elif lowered == events.SEGMENTS_OBJECT:
            whole.append((name, value))
        elif (dimension := dimension_of(plain(name))) is not None:
            _put_segment(others, name, dimension, value)
        else:
            _put(others, name, name, value)
    for name, value in whole:
        for dimension, one in _members(name, value).items():
            _put_segment(others, f"{name}.{dimension}", dimension, one)
    if others:
        _read_aliases(fields, others)
    return fields, others


def _put(into: dict[str, Any], key: str, name: str, value: object) -> None:
    if key in into:
        raise Unfit(name, value, f"{key} is stated more than once", "keep one of the two")
    into[key] = value


def _put_segment(others: dict[str, Any], name: str, dimension: str, value: object) -> None:
    fault = fault_of(dimension)
    if fault is not None:
        raise Unfit(name, value, fault, "rename it, or leave it out")
    if isinstance(value, (dict, list)):
        raise Unfit(name, value, "a segment's value is a text", "write one value, or leave it out")
    _put(others, f"{events.SEGMENT_PREFIX}{dimension.lower()}", name, value)


def _members(name: str, value: object) -> Mapping[str, object]:
    if value is None or value == "":
        return {}
    found = value
    if isinstance(value, str):
        # An import reads an object that comes as text.
        try:
            found = json_value(value)
        except ValueError:
            found = None
    if not isinstance(found, Mapping):
        raise Unfit(
            name,
            value,
            "not a JSON object",
            'write one object of names and values, for example {"language": "de"}',
        )
    return found


def _read_aliases(fields: dict[str, Any], others: dict[str, Any]) -> None:
    lowered: dict[str, str] | None = None
    for ours, theirs in events.ALIASES.items():
        if ours in fields:
            continue
        lowered = lowered or {name.lower(): name for name in others}
        found = next((lowered[one.lower()] for one in theirs if one.lower() in lowered), None)
        if found is not None:
            fields[ours] = others.pop(found)


def _refuse_deep(name: str, value: object) -> None:
    level: list[object] = [value]
    for _ in range(MOST_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
        if any(isinstance(one, Stated) for one in level):
            raise Unfit(name, None, "a key inside it stands there twice", "keep one of the two")
    raise Unfit(
        name, None, f"nested deeper than {MOST_DEPTH} levels", "flatten it, or send it as text"
    )


def _inside(value: object) -> list[object]:
    """The values inside a value that have to be looked into."""
    if isinstance(value, dict):
        inner: Iterable[object] = value.values()
    else:
        inner = value if isinstance(value, list) else ()
    return [one for one in inner if isinstance(one, (dict, list, Stated))]
