"""Kept inputs of a signal, round by round."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from core.findings.detectors.change.canary import canary_alarms
from core.governance.canary_answers import answered
from core.governance.state import State
from core.views.shared.canary import CanaryLine, canary_lines


@dataclass(frozen=True)
class CanaryHistory:
    """A version's kept inputs, round by round.

    Attributes:
        line: what they say now.
        rounds: of the newest series, oldest first: name, asked_at (UTC), n_asked, n_failed, stated
            (mean over the inputs that stated one, null without any), score (the alarm score after
            it), judged (bool: not of the reference), alarm (bool: the round of the alarm).
        moved: what is other than it was, with its interval, in sentences; "" without an alarm that
            stands.
    """

    line: CanaryLine
    rounds: pd.DataFrame
    moved: str = ""


def canary_histories(
    cursor: duckdb.DuckDBPyConnection, state: State, signal: str
) -> tuple[CanaryHistory, ...]:
    """The canaries of a signal with their rounds, the version that was asked last first."""
    found, alarms = [], canary_alarms(cursor, state)
    for line in canary_lines(state, [signal]):
        rounds = line.standing.rounds
        bodies = answered(cursor, signal, rounds) if rounds else []
        scores = iter(np.exp(np.minimum(line.standing.process.log_e, 700)))
        frame = pd.DataFrame(
            {
                "name": [one.name for one in rounds],
                "asked_at": pd.to_datetime([one.asked_at for one in rounds]),
                "n_asked": [one.n_asked for one in rounds],
                "n_failed": [one.n_failed for one in rounds],
                "stated": [_mean(body["ppm"]) for body in bodies],
                "score": [1.0 if one.p_values is None else float(next(scores)) for one in rounds],
                "judged": [one.p_values is not None for one in rounds],
                "alarm": [one == line.standing.alarm for one in rounds],
            }
        )
        alarm = None if line.fingerprint is None else alarms.get((signal, line.fingerprint))
        found.append(CanaryHistory(line, frame, "" if alarm is None else alarm.words))
    return tuple(found)


def _mean(ppm: Iterable[int | None]) -> float | None:
    stated = [one for one in ppm if one is not None]
    return sum(stated) / len(stated) / 1e6 if stated else None
