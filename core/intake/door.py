"""Rows as programs send them: each becomes one line of a segment, or is refused with the fix.

A segment is later imported like any file, so whatever would make a file unusable as a whole is
settled here, row by row: names are written one way, segments become ``seg_`` fields, and the
fields that a file must have are always there. What is wrong with a *value* is told to the sender,
and the row goes on to the import all the same, which keeps it in the quarantine: nothing is
dropped, and a percentage scale is judged over all rows of a segment.
"""

from __future__ import annotations

import json
import math
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core import events
from core.gate.questions import Stated, json_value
from core.ingest.checks.row_checks import NUMBER_MEND, SHOWN, TIME_MEND
from core.ingest.file_mapping import confidence_in
from core.ingest.handoffs import (
    AGREED_MEND,
    DECISION_MEND,
    REVIEWER_FAULT,
    REVIEWER_MEND,
    UNDECIDED_MEND,
)
from core.queries.base.segment_names import dimension_of, fault_of, plain

Kind = Literal["claims", "outcomes", "handoffs"]

#: Keys that one row may have, segments apart and among them.
MOST_KEYS = 200
#: How deep the values of a row may be nested.
MOST_DEPTH = 16
#: Different sets of keys of one sender that are remembered; rows with more are read key by key.
MOST_FORMS = 200
#: Different names that one sender may use; an import takes 1,000 columns.
MOST_NAMES = 800
#: Segment dimensions that rows may bring a ledger to. Files may bring it further, so that what was
#: kept here always finds room.
MOST_DIMENSIONS = 64

#: Always written, so that a segment has the columns an import asks for.
ALWAYS: Mapping[Kind, tuple[str, ...]] = {
    "claims": ("event_id", "ts", "signal", "confidence"),
    "outcomes": ("event_id", "outcome"),
    "handoffs": events.HANDOFF_FIELDS,
}
_FIELDS = frozenset(events.FIELDS)
#: What a value may be without a closer look; a number with a fraction is looked at by itself.
_PLAIN = frozenset({str, int, bool, type(None)})
_OUTCOME_WORDS = frozenset({*events.OUTCOME_WORDS, *events.OUTCOME_LETTERS})
_TIME = re.compile(r"\s*\+?\d")
#: Made once: `json.dumps` makes one a row.
_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row.

    Attributes:
        field: the field at fault; "row" where it is no record at all.
        value: what was given, shortened; None: nothing.
        reason: what is wrong.
        fix: what to do about it.
    """

    field: str
    value: str | None
    reason: str
    fix: str


class Unfit(Exception):  # noqa: N818 (reads as what is the matter)
    """A row that cannot even be kept."""

    def __init__(self, field: str, value: object, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.fault = Fault(field, _shown(value), reason, fix)


@dataclass(frozen=True)
class NotRead:
    """What stands where a row should, and is no JSON."""

    reason: str


class OffScale(str):
    """A confidence that no scale makes a share: text, which no import takes for a number."""

    reason: str
    fix: str

    def __new__(cls, text: str, reason: str, fix: str) -> OffScale:
        """Such a text, with what is wrong and what to do about it."""
        made = super().__new__(cls, text)
        made.reason, made.fix = reason, fix
        return made


@dataclass(frozen=True)
class Form:
    """Where the values of a row with certain keys go: worked out once for all rows like it.

    Attributes:
        blank: a line without the row's values.
        into: the line's name for each of the row's keys, in their order.
        stated: whether it has a confidence, which may be empty.
        bare: whether it has nothing but what `_plainly_right` looks at.
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
        return _line_of_handoff(row)
    keys = kind, tuple(row)
    form = names.forms.get(keys)
    if form is not None:
        known = _filled(row, form)
        if known is not None:
            return _encoded(known), _fault_of(known, kind, form)
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
        return _fault_of_outcome(line)
    if form.bare and _plainly_right(line):
        return None
    return _fault_of_claim(line, form.stated)


def _plainly_right(line: Mapping[str, Any]) -> bool:
    """Whether nothing speaks against a claim with no more than the fields that one must have."""
    confidence, ts = line["confidence"], line["ts"]
    return (
        type(confidence) is float
        and 0 <= confidence <= 1
        and type(ts) is str
        and _TIME.match(ts) is not None
        and line["event_id"] not in (None, "")
        and line["signal"] not in (None, "")
    )


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
    fault = _fault_of_claim(line, stated) if kind == "claims" else _fault_of_outcome(line)
    return _encoded(line), fault


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


def _encoded(line: Mapping[str, Any]) -> bytes:
    try:
        return _JSON.encode(line).encode("utf-8")
    except ValueError:
        for name, value in line.items():
            try:
                _JSON.encode({name: value}).encode("utf-8")
            except UnicodeEncodeError:
                why = "holds half a character (a lone surrogate)"
                raise Unfit(name, value, why, "send valid Unicode") from None
            except ValueError:
                why = "holds a number that JSON does not know"
                raise Unfit(name, value, why, "leave that number out") from None
        raise


# -- what is wrong with a value; the import judges again, and its word is the last -----------------


def _fault_of_claim(line: Mapping[str, Any], stated: bool) -> Fault | None:
    return (
        _missing(line, "event_id", "give the record the id by which its outcome will name it")
        or _missing(line, "signal", "name the signal")
        or _missing(line, "ts", f"give the time of the claim: {TIME_MEND}")
        or _no_time(line, "ts")
        or _fault_of_confidence(line, stated)
        or _fault_of_label(line)
        or _not_allowed(line, "elicitation_order")
        or _not_allowed(line, "split")
        or _not_allowed(line, "action")
    )


def _fault_of_outcome(line: Mapping[str, Any]) -> Fault | None:
    known = {**line, "outcome": None} if _no_outcome(line.get("outcome")) else line
    return (
        _missing(line, "event_id", "name the claim's event_id")
        or _missing(known, "outcome", events.NO_OUTCOME_MEND)
        or _fault_of_withdrawal(line)
        or _fault_of_label(line)
    )


def _withdrawn(line: Mapping[str, Any]) -> bool:
    value = line.get("outcome")
    return isinstance(value, str) and value.strip().lower() == events.WITHDRAWN


def _fault_of_withdrawal(line: Mapping[str, Any]) -> Fault | None:
    if not _withdrawn(line):
        return None
    return _missing(line, "outcome_ts", "say when the label was withdrawn")


def _fault_of_confidence(line: Mapping[str, Any], stated: bool) -> Fault | None:
    value = line["confidence"]
    if value is None or value == "":
        if stated:
            return None
        return Fault(
            "confidence", None, "no confidence", "write one from 0 to 1; null where none was stated"
        )
    if isinstance(value, OffScale):
        return Fault("confidence", _shown(str(value)), value.reason, value.fix)
    if isinstance(value, str) and value.strip(" ").lower() in events.NO_VALUE:
        return None
    number = _number(value)
    if number is None and isinstance(value, str):
        number = confidence_in(value)
    if number is None:
        return Fault("confidence", _shown(value), "not a number", NUMBER_MEND)
    if not 0 <= number <= 1:
        return Fault("confidence", _shown(value), "outside 0 to 1", NUMBER_MEND)
    return None


def _fault_of_label(line: Mapping[str, Any]) -> Fault | None:
    value = line.get("outcome")
    if value is None or value == "" or _no_outcome(value):
        return None
    said = isinstance(value, bool) or (
        isinstance(value, str) and value.strip(" ").lower() in _OUTCOME_WORDS
    )
    number = 0.0 if said else _number(value)
    if number is not None and 0 < number < 1:
        return Fault(
            "outcome",
            _shown(value),
            "a graded score, and an outcome is right or wrong",
            "choose the threshold: write 1 from it upwards and 0 below",
        )
    if number not in (0, 1) and not ("confidence" not in line and _withdrawn(line)):
        return Fault("outcome", _shown(value), "not 0 or 1", "write 1 for right and 0 for wrong")
    return _no_time(line, "outcome_ts") or _not_allowed(line, "outcome_source")


def _no_outcome(value: object) -> bool:
    return isinstance(value, str) and value.strip(" ").lower() in events.NO_OUTCOME


def _line_of_handoff(row: Mapping[Any, Any]) -> tuple[bytes, Fault | None]:
    """The line of a hand-off, which has its own fields and no others.

    Raises:
        Unfit: it has another field, or names somebody by an e-mail address, which is kept nowhere.
    """
    line: dict[str, Any] = dict.fromkeys(ALWAYS["handoffs"])
    given: set[str] = set()
    for name, value in row.items():
        field = name.lower()
        if field not in line:
            fields = ", ".join(events.HANDOFF_FIELDS)
            raise Unfit(name[:SHOWN], None, "no field of a hand-off", f"leave it out: {fields}")
        if field in given or isinstance(value, Stated):
            raise Unfit(field, None, f"{field} is stated more than once", "keep one of the two")
        if isinstance(value, (dict, list)):
            raise Unfit(field, value, "not one value", "write one text, number or time")
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        # An event's id and the signal's name are those of the claim, whatever they look like.
        says_who = field not in ("event_id", "signal")
        if says_who and isinstance(value, str) and re.search(events.ADDRESS, value):
            raise Unfit(field, None, REVIEWER_FAULT, REVIEWER_MEND)
        given.add(field)
        line[field] = value
    return _encoded(line), _fault_of_handoff(line)


def _fault_of_handoff(line: Mapping[str, Any]) -> Fault | None:
    agreed = line["agreed"]
    said = isinstance(agreed, bool) or (
        isinstance(agreed, str) and agreed.strip(" ").lower() in _OUTCOME_WORDS
    )
    unread = agreed not in (None, "") and not said and not _no_outcome(agreed)
    return (
        _missing(line, "event_id", "name the claim's event_id")
        or _missing(line, "signal", "name the signal")
        or _missing(line, "handed_at", f"give the time at which it was handed over: {TIME_MEND}")
        or _no_time(line, "handed_at")
        or _no_time(line, "taken_at")
        or _no_time(line, "decided_at")
        or (
            Fault("agreed", _shown(agreed), "not 0 or 1", AGREED_MEND)
            if unread and _number(agreed) not in (0, 1)
            else None
        )
        or _undecided(line, "agreed")
        or _undecided(line, "decision")
        or (
            Fault(
                "decision",
                _shown(line["decision"]),
                f"longer than {events.LONGEST_DECISION} characters",
                DECISION_MEND,
            )
            if len(str(line["decision"] or "")) > events.LONGEST_DECISION
            else None
        )
    )


def _undecided(line: Mapping[str, Any], field: str) -> Fault | None:
    value = line[field]
    if value in (None, "") or line["decided_at"] not in (None, ""):
        return None
    return Fault(field, _shown(value), "no decided_at", UNDECIDED_MEND)


def _missing(line: Mapping[str, Any], field: str, fix: str) -> Fault | None:
    return Fault(field, None, f"no {field}", fix) if line.get(field) in (None, "") else None


def _no_time(line: Mapping[str, Any], field: str) -> Fault | None:
    value = line.get(field)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not _TIME.match(value if isinstance(value, str) else str(value)):
        return Fault(field, _shown(value), "not a time", TIME_MEND)
    return None


def _not_allowed(line: Mapping[str, Any], field: str) -> Fault | None:
    value, allowed = line.get(field), events.ALLOWED[field]
    if value in (None, "") or (isinstance(value, str) and value.strip().lower() in allowed):
        return None
    kept = ", ".join(dict.fromkeys(allowed.values()))
    return Fault(field, _shown(value), "not one of the values allowed", f"write one of {kept}")


def _number(value: object) -> float | None:
    """A finite number, also one that is text; None: it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _shown(value: object) -> str | None:
    """A value in an answer: short, and text that can be sent."""
    if value is None:
        return None
    if isinstance(value, str):
        text = value
    elif isinstance(value, (bool, int, float)):
        text = json.dumps(value)
    else:
        text = f"{'an object' if isinstance(value, Mapping) else 'a list'}"
    text = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
