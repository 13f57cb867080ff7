"""What is wrong with the values of a row; the import judges again, and its word is the last."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from core import events
from core.ingest.checks.row_checks import NUMBER_MEND, TIME_MEND
from core.ingest.file_mapping import confidence_in
from core.intake.refused import Fault, OffScale, shown

OUTCOME_WORDS = frozenset({*events.OUTCOME_WORDS, *events.OUTCOME_LETTERS})
_TIME = re.compile(r"\s*\+?\d")


def fault_of_claim(line: Mapping[str, Any], stated: bool) -> Fault | None:
    """The first fault of a claim's values; ``stated``: whether its confidence is there at all."""
    return (
        missing(line, "event_id", "give the record the id by which its outcome will name it")
        or missing(line, "signal", "name the signal")
        or missing(line, "ts", f"give the time of the claim: {TIME_MEND}")
        or no_time(line, "ts")
        or _fault_of_confidence(line, stated)
        or _fault_of_label(line)
        or not_allowed(line, "elicitation_order")
        or not_allowed(line, "split")
        or not_allowed(line, "action")
    )


def fault_of_outcome(line: Mapping[str, Any]) -> Fault | None:
    """The first fault of the values of an outcome, which may be one that is withdrawn."""
    known = {**line, "outcome": None} if no_outcome(line.get("outcome")) else line
    return (
        missing(line, "event_id", "name the claim's event_id")
        or missing(known, "outcome", events.NO_OUTCOME_MEND)
        or _fault_of_withdrawal(line)
        or _fault_of_label(line)
    )


def _withdrawn(line: Mapping[str, Any]) -> bool:
    value = line.get("outcome")
    return isinstance(value, str) and value.strip().lower() == events.WITHDRAWN


def _fault_of_withdrawal(line: Mapping[str, Any]) -> Fault | None:
    if not _withdrawn(line):
        return None
    return missing(line, "outcome_ts", "say when the label was withdrawn")


def _fault_of_confidence(line: Mapping[str, Any], stated: bool) -> Fault | None:
    value = line["confidence"]
    if value is None or value == "":
        if stated:
            return None
        return Fault(
            "confidence", None, "no confidence", "write one from 0 to 1; null where none was stated"
        )
    if isinstance(value, OffScale):
        return Fault("confidence", shown(str(value)), value.reason, value.fix)
    if isinstance(value, str) and value.strip(" ").lower() in events.NO_VALUE:
        return None
    number = number_of(value)
    if number is None and isinstance(value, str):
        number = confidence_in(value)
    if number is None:
        return Fault("confidence", shown(value), "not a number", NUMBER_MEND)
    if not 0 <= number <= 1:
        return Fault("confidence", shown(value), "outside 0 to 1", NUMBER_MEND)
    return None


def _fault_of_label(line: Mapping[str, Any]) -> Fault | None:
    value = line.get("outcome")
    if value is None or value == "" or no_outcome(value):
        return None
    said = isinstance(value, bool) or (
        isinstance(value, str) and value.strip(" ").lower() in OUTCOME_WORDS
    )
    number = 0.0 if said else number_of(value)
    if number is not None and 0 < number < 1:
        return Fault(
            "outcome",
            shown(value),
            "a graded score, and an outcome is right or wrong",
            "choose the threshold: write 1 from it upwards and 0 below",
        )
    if number not in (0, 1) and not ("confidence" not in line and _withdrawn(line)):
        return Fault("outcome", shown(value), "not 0 or 1", "write 1 for right and 0 for wrong")
    return no_time(line, "outcome_ts") or not_allowed(line, "outcome_source")


def no_outcome(value: object) -> bool:
    """Whether a word says that there is no outcome."""
    return isinstance(value, str) and value.strip(" ").lower() in events.NO_OUTCOME


def plainly_right(line: Mapping[str, Any]) -> bool:
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


def missing(line: Mapping[str, Any], field: str, fix: str) -> Fault | None:
    """A field that must be there and is not; None: it is."""
    return Fault(field, None, f"no {field}", fix) if line.get(field) in (None, "") else None


def no_time(line: Mapping[str, Any], field: str) -> Fault | None:
    """A field that is there and says no time."""
    value = line.get(field)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not _TIME.match(value if isinstance(value, str) else str(value)):
        return Fault(field, shown(value), "not a time", TIME_MEND)
    return None


def not_allowed(line: Mapping[str, Any], field: str) -> Fault | None:
    """A field that is there and holds none of the values that it may have."""
    value, allowed = line.get(field), events.ALLOWED[field]
    if value in (None, "") or (isinstance(value, str) and value.strip().lower() in allowed):
        return None
    kept = ", ".join(dict.fromkeys(allowed.values()))
    return Fault(field, shown(value), "not one of the values allowed", f"write one of {kept}")


def number_of(value: object) -> float | None:
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
