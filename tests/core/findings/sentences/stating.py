"""Confidence that is stated as it should not be."""

from __future__ import annotations

from core.findings.facts.confidence.anchoring import Anchored
from core.findings.facts.confidence.asking_order import OrderContradicted
from core.findings.facts.confidence.gaming import Gamed, GamedSide
from tests.core.findings.sentences.sentence import Sentence

WIDE = GamedSide("rubric-2", 5097, 0.081, 0.67, 0.7, 1.0)
NARROW = GamedSide("rubric-3", 1085, 0.011, 0.58, 0.72, 0.74)

SENTENCES: list[Sentence] = [
    (
        "metric_gamed",
        Gamed("prompt", WIDE, NARROW, (-0.13, -0.05), True, 0.0001, 0.001, 12),
        "From prompt rubric-2 to prompt rubric-3: ECE fell from 0.081 to 0.011 while AUROC fell "
        "from 0.67 to 0.58 (by 0.05 to 0.13; n 5,097 and 1,085); and 90% of what it states lies "
        "within 2 points (72–74%), where it was 30 (70–100%). It looks better calibrated because "
        "it separates right from wrong less well.",
    ),
    (
        "metric_gamed",
        Gamed("weeks", WIDE, NARROW, None, True, 1.0, 0.001, 12),
        "From rubric-2 to rubric-3: 90% of what it states lies within 2 points (72–74%), where it "
        "was 30 (70–100%). It says nearly the same for every case.",
    ),
    (
        "confidence_anchored",
        Anchored(None, "p1", True, 1200, 0.15, 0.147, 0.152, 0.05, -0.0, 1064),
        "Asked after the answer (prompt p1), it states 15.0 points more than before it, on the "
        "same 1,200 inputs (14.7 to 15.2; ±5 accepted), and is right as often: the accuracy "
        "differs by 0.0 points (n 1,064).",
    ),
    (
        "confidence_anchored",
        Anchored("t", None, False, 400, 0.12, 0.115, 0.125, 0.05, 0.01, 400),
        "Asked after the answer, it states 12.0 points more than before it of t, on the same 400 "
        "events (11.5 to 12.5; ±5 accepted), and is right as often: the accuracy differs by 1.0 "
        "points (n 400).",
    ),
    (
        "order_contradicted",
        OrderContradicted("self-report", "before", 240, 84, 0.284, "e-7"),
        "Logged as asked before the answer by self-report, and stated after it by the times of 84 "
        "of 240 claims (35%, at least 28%). For one: event e-7.",
    ),
]
