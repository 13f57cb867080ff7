"""Cases that went to people, and people who do not look."""

from __future__ import annotations

from datetime import date, datetime

from core.findings.facts.decisions.handoffs import HandOffsOverdue, RubberStamp
from tests.core.findings.sentences.sentence import Sentence

SENTENCES: list[Sentence] = [
    (
        "rubber_stamp",
        RubberStamp("r-3", date(2025, 11, 24), date(2026, 11, 23), 431, 1, 56, 0),
        "r-3 let 56 of 56 wrong answers pass (0 overridden), and overrode 1 of 431 decisions in "
        "all, up to 2026-11-22. Beyond chance, fewer than 25% of wrong answers are overridden.",
    ),
    (
        "handoffs_overdue",
        HandOffsOverdue(1, 1, "e-1", None, datetime(2026, 11, 20, 9, 30)),
        "1 case that went to people is overdue: nobody has it. The first, event e-1, was due "
        "2026-11-20 09:30 UTC.",
    ),
    (
        "handoffs_overdue",
        HandOffsOverdue(25, 20, "e-1", "desk", datetime(2026, 11, 20, 9, 30)),
        "25 cases that went to people are overdue: 20 of them nobody has. The first, event e-1 in "
        "desk, was due 2026-11-20 09:30 UTC.",
    ),
]
