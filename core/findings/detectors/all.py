"""What a thorough round looks for in the claims of every signal."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb

from core.findings.detectors.change.input_drift import inputs_conditions
from core.findings.detectors.change.version_change import change_conditions
from core.findings.detectors.confidence.anchoring import anchoring_conditions
from core.findings.detectors.confidence.asking_order import order_conditions
from core.findings.detectors.confidence.metric_gaming import gaming_conditions
from core.findings.detectors.confidence.miscalibration import calibration_conditions
from core.findings.detectors.decisions.broken_promise import promise_conditions
from core.findings.detectors.decisions.gate_bypass import bypass_conditions
from core.findings.detectors.decisions.handoffs import handoff_conditions
from core.findings.detectors.decisions.stakes_too_low import stakes_conditions
from core.findings.detectors.decisions.theatre import theatre_conditions
from core.findings.detectors.labels.audit_unanswered import audit_conditions
from core.findings.detectors.labels.heldout_wear import wear_conditions
from core.findings.detectors.labels.judge_disagreement import judge_conditions
from core.findings.detectors.labels.label_disputes import disputes_conditions
from core.findings.detectors.labels.missing_labels import labels_conditions
from core.findings.detectors.labels.tuning_leak import leak_conditions
from core.findings.detectors.missed_runs import runs_conditions
from core.findings.detectors.schema import schema_conditions
from core.findings.facts.watching.monitoring import CheckFailed
from core.findings.kinds import KINDS, Condition
from core.governance.state import State
from core.queries.base.together.asked_once import one_question

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
    Detector(("gate_bypassed",), bypass_conditions),
    Detector(("miscalibrated", "hidden_segment"), calibration_conditions),
    Detector(("split_leaked",), leak_conditions),
    Detector(("heldout_worn",), wear_conditions),
    Detector(("promise_broken",), promise_conditions),
    Detector(("model_changed", "prompt_changed"), change_conditions),
    Detector(("inputs_drifted", "stated_shifted"), inputs_conditions),
    Detector(("labels_missing",), labels_conditions),
    Detector(("labels_contradict",), disputes_conditions),
    Detector(("judge_disagrees",), judge_conditions),
    Detector(("metric_gamed",), gaming_conditions),
    Detector(("confidence_anchored",), anchoring_conditions),
    Detector(("order_contradicted",), order_conditions),
    Detector(("confidence_theatre",), theatre_conditions),
    Detector(
        ("volume_stopped", "field_changed", "share_jumped", "versions_unnamed"), schema_conditions
    ),
    Detector(("runs_missed",), runs_conditions),
    Detector(("stakes_too_low",), stakes_conditions),
    Detector(("audit_unanswered",), audit_conditions),
    Detector(("rubber_stamp", "handoffs_overdue"), handoff_conditions),
)


class NotLookedFor(ValueError):  # noqa: N818 (reads as what is the matter)
    """A detector finds a kind that it does not say it looks for."""


def detected(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """What the claims show, detector by detector.

    One that stops on some signal takes nothing from the others: it looks at the rest, and that it
    could not look at this one is a condition of its own.

    Raises:
        NotLookedFor: a detector finds a kind that it does not say it looks for.
    """
    try:
        return _together(cursor, state, now)
    except (NotLookedFor, *_STOPPED):
        raise
    except Exception:
        return tuple(found for one in DETECTORS for found in _as_far(one, cursor, state, now))


def looked_for(condition: Condition) -> tuple[str, ...]:
    """The kinds that a check which could not look would have found."""
    return tuple(condition.subject.split("+"))


#: The ledger itself is closed, or the program ends.
_STOPPED = (duckdb.InterruptException, duckdb.FatalException, duckdb.ConnectionException)


@one_question
def _together(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    return tuple(found for one in DETECTORS for found in _found(one, cursor, state, now))


@one_question
def _alone(
    cursor: duckdb.DuckDBPyConnection, one: Detector, state: State, now: datetime
) -> tuple[Condition, ...]:
    return _found(one, cursor, state, now)


def _as_far(
    one: Detector, cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """What a detector finds of the signals that it does not stop on, and those that it does."""
    if _stops(one, cursor, state, now) is None:
        return _alone(cursor, one, state, now)
    stopped = {
        signal: fault
        for signal, entry in state.entries.items()
        if (fault := _stops(one, cursor, replace(state, entries={signal: entry}), now))
    }
    rest = {name: entry for name, entry in state.entries.items() if name not in stopped}
    left = replace(state, entries=rest)
    together = _stops(one, cursor, left, now)
    if together is not None:
        # It stops on no signal alone, so that none can be told to be the one.
        stopped |= dict.fromkeys(rest, together)
    words = " / ".join(KINDS[kind].words for kind in one.kinds)
    blind = tuple(
        Condition.of("check_failed", signal, "+".join(one.kinds), CheckFailed(words, fault))
        for signal, fault in sorted(stopped.items())
    )
    if together is not None:
        return blind
    # Some look at signals without an entry too, which those left out are taken for here.
    seen = (each for each in _alone(cursor, one, left, now) if each.signal not in stopped)
    return (*seen, *blind)


def _stops(
    one: Detector, cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> str | None:
    """Where a detector stops, without what it may have read; None: it does not."""
    try:
        _alone(cursor, one, state, now)
    except (NotLookedFor, *_STOPPED):
        raise
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} in {last.name}, line {last.lineno}"
    return None


def _found(
    one: Detector, cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    found = one.find(cursor, state, now)
    for condition in found:
        if condition.kind not in one.kinds:
            kinds = ", ".join(one.kinds)
            raise NotLookedFor(f"{condition.kind!r} is none of the kinds {kinds}")
    return found
