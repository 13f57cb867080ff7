"""Hand-offs as programs send them: the line that is kept of each, or why none is."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from core import events
from core.gate.questions import Stated
from core.ingest.checks.row_checks import SHOWN, TIME_MEND
from core.ingest.handoffs import (
    AGREED_MEND,
    DECISION_MEND,
    REVIEWER_FAULT,
    REVIEWER_MEND,
    SEEDED_MEND,
    UNDECIDED_MEND,
)
from core.intake.line_json import encoded
from core.intake.refused import Fault, Unfit, shown
from core.intake.row_kinds import ALWAYS
from core.intake.value_faults import OUTCOME_WORDS, missing, no_outcome, no_time, number_of


def line_of_handoff(row: Mapping[Any, Any]) -> tuple[bytes, Fault | None]:
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
    return encoded(line), _fault_of_handoff(line)


def _fault_of_handoff(line: Mapping[str, Any]) -> Fault | None:
    agreed = line["agreed"]
    return (
        missing(line, "event_id", "name the claim's event_id")
        or missing(line, "signal", "name the signal")
        or missing(line, "handed_at", f"give the time at which it was handed over: {TIME_MEND}")
        or no_time(line, "handed_at")
        or no_time(line, "taken_at")
        or no_time(line, "decided_at")
        or (
            Fault("agreed", shown(agreed), "not 0 or 1", AGREED_MEND) if _no_truth(agreed) else None
        )
        or (
            Fault("seeded", shown(line["seeded"]), "not 0 or 1", SEEDED_MEND)
            if _no_truth(line["seeded"])
            else None
        )
        or _undecided(line, "agreed")
        or _undecided(line, "decision")
        or (
            Fault(
                "decision",
                shown(line["decision"]),
                f"longer than {events.LONGEST_DECISION} characters",
                DECISION_MEND,
            )
            if len(str(line["decision"] or "")) > events.LONGEST_DECISION
            else None
        )
    )


def _no_truth(value: Any) -> bool:
    """Whether something is stated that is neither yes nor no, nor nothing."""
    said = isinstance(value, bool) or (
        isinstance(value, str) and value.strip(" ").lower() in OUTCOME_WORDS
    )
    unread = value not in (None, "") and not said and not no_outcome(value)
    return unread and number_of(value) not in (0, 1)


def _undecided(line: Mapping[str, Any], field: str) -> Fault | None:
    value = line[field]
    if value in (None, "") or line["decided_at"] not in (None, ""):
        return None
    return Fault(field, shown(value), "no decided_at", UNDECIDED_MEND)
