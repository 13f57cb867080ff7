"""What did not run."""

from __future__ import annotations

from datetime import datetime

from core.findings.facts.watching.monitoring import CheckFailed, RunsMissed
from core.findings.facts.watching.time_stamps import NotStamped
from tests.core.findings.sentences.sentence import Sentence

SENTENCES: list[Sentence] = [
    (
        "not_stamped",
        NotStamped("https://tsa.example/tsr", datetime(2026, 11, 2, 9, 30), "l.duckdb"),
        "The time stamp authority https://tsa.example/tsr stamped the last at 2026-11-02 09:30 "
        "UTC. Acts continue, but until it answers nobody outside witnesses when they were "
        "recorded.",
    ),
    (
        "not_stamped",
        NotStamped("https://tsa.example/tsr", None, "l.duckdb"),
        "The time stamp authority https://tsa.example/tsr has stamped none. Acts continue, but "
        "until it answers nobody outside witnesses when they were recorded.",
    ),
    (
        "runs_missed",
        RunsMissed(3, 7, datetime(2026, 11, 2, 2), datetime(2026, 11, 6, 9, 30), 1200, 2),
        "3 daily runs of the last 7 did not happen; nobody looked from 2026-11-02 02:00 to "
        "2026-11-06 09:30 UTC, while 2 signals made 1,200 claims.",
    ),
    (
        "check_failed",
        CheckFailed("Inputs drifted", "KeyError in mix_change, line 40"),
        "The check for “Inputs drifted” stopped and could not look: KeyError in mix_change, line "
        "40. Whether that is wrong here is not known.",
    ),
]
