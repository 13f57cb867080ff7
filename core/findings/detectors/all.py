"""What a thorough round looks for in the claims of every signal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.findings.detectors.anchoring import anchoring_conditions
from core.findings.detectors.input_drift import inputs_conditions
from core.findings.detectors.judge_disagreement import judge_conditions
from core.findings.detectors.label_disputes import disputes_conditions
from core.findings.detectors.metric_gaming import gaming_conditions
from core.findings.detectors.miscalibration import calibration_conditions
from core.findings.detectors.missing_labels import labels_conditions
from core.findings.detectors.theatre import theatre_conditions
from core.findings.detectors.tuning_leak import leak_conditions
from core.findings.detectors.version_change import change_conditions
from core.findings.kinds import Condition
from core.governance.state import State
from core.queries.base.asked_once import one_question

#: From a ledger's cursor, the state of its trail and a time, in UTC without zone.
Find = Callable[[duckdb.DuckDBPyConnection, State, datetime], tuple[Condition, ...]]


@dataclass(frozen=True)
class Detector:
    """Looks for one failure in the claims of every signal.

    Attributes:
        kinds: of finding that it can find, keys of `core.findings.kinds.KINDS`.
        find: what is wrong, by signal.
    """

    kinds: tuple[str, ...]
    find: Find


DETECTORS = (
    Detector(("miscalibrated", "hidden_segment"), calibration_conditions),
    Detector(("split_leaked",), leak_conditions),
    Detector(("model_changed", "prompt_changed"), change_conditions),
    Detector(("inputs_drifted",), inputs_conditions),
    Detector(("labels_missing",), labels_conditions),
    Detector(("labels_contradict",), disputes_conditions),
    Detector(("judge_disagrees",), judge_conditions),
    Detector(("metric_gamed",), gaming_conditions),
    Detector(("confidence_anchored",), anchoring_conditions),
    Detector(("confidence_theatre",), theatre_conditions),
)


@one_question
def detected(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """What the claims show, detector by detector.

    Raises:
        ValueError: a detector finds a kind that it does not say it looks for.
    """
    return tuple(found for one in DETECTORS for found in _found(one, cursor, state, now))


def _found(
    one: Detector, cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    found = one.find(cursor, state, now)
    for condition in found:
        if condition.kind not in one.kinds:
            raise ValueError(f"{condition.kind!r} is none of the kinds {', '.join(one.kinds)}")
    return found
