"""What a thorough round looks for in the claims of every signal."""

from __future__ import annotations

from datetime import datetime

import duckdb

from core.findings.detectors.anchoring import anchoring_conditions
from core.findings.detectors.input_drift import inputs_conditions
from core.findings.detectors.judge_disagreement import judge_conditions
from core.findings.detectors.metric_gaming import gaming_conditions
from core.findings.detectors.miscalibration import calibration_conditions
from core.findings.detectors.missing_labels import labels_conditions
from core.findings.detectors.theatre import theatre_conditions
from core.findings.detectors.tuning_leak import leak_conditions
from core.findings.detectors.version_change import change_conditions
from core.findings.kinds import Condition
from core.governance.state import State


def detected(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """What the claims show, worst first.

    Signals that are off, as a whole or in a segment; claims that were tuned on; new versions that
    are not as good as the ones before; inputs that drifted; labels that no longer come; judges
    that disagree with ground truth; metrics that are gamed, confidence that is anchored, and
    confidence that changes nothing.

    Args:
        cursor: of the ledger.
        state: what the trail says.
        now: UTC without zone.
    """
    return (
        *calibration_conditions(cursor, state, now),
        *leak_conditions(cursor, state, now),
        *change_conditions(cursor, state, now),
        *inputs_conditions(cursor, state, now),
        *labels_conditions(cursor, state, now),
        *judge_conditions(cursor, state, now),
        *gaming_conditions(cursor, state, now),
        *anchoring_conditions(cursor, state, now),
        *theatre_conditions(cursor, state, now),
    )
