"""Kept inputs of three signals, asked again every Monday: one's model changes behind its name.

`refund-check.logprob` is the null: the cases that come in change from week 17 on, and the kept
inputs do not, so that its canary stays quiet. Behind `answer-7` of `knowledge-answer.self-report`
the model is another one from week 24 on: it states more, and answers a third of the inputs
otherwise; its version string is the same. Those of `reply-safety.self-report` are not asked any
more when its owner has left.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime

from core.governance.perform import Office
from core.monitoring.canary import Result, RoundAsked, record
from core.trail.fingerprint import Fingerprint
from sample_data.planted import (
    ANSWER,
    CANARY_ANSWERS,
    CANARY_CHANGED_FROM_WEEK,
    CANARY_INPUTS,
    CANARY_RISE,
    LOGPROB,
    SAFETY,
)

SEED = 20_261_129
#: How far one input's confidence varies by itself, and how often its answer is another one.
OWN_VARIATION, OWN_ANSWERS = 0.03, 0.04
IDS: Mapping[str, tuple[str, ...]] = {
    ANSWER: tuple(f"kept-question-{n:02}" for n in range(1, CANARY_INPUTS + 1)),
    LOGPROB: tuple(f"kept-refund-{n:02}" for n in range(1, CANARY_INPUTS + 1)),
    SAFETY: tuple(f"kept-reply-{n:02}" for n in range(1, CANARY_INPUTS + 1)),
}


def ask_kept(
    office: Office, signal: str, fingerprint: Fingerprint, week: int, now: datetime
) -> None:
    """Record the round of a week.

    Args:
        week: of the sample, 1 is its first.
    """
    # An input is what it is, whatever week it is asked in.
    usual, asked = (random.Random(f"{SEED} {signal} {part}") for part in ("inputs", week))
    changed = signal == ANSWER and week >= CANARY_CHANGED_FROM_WEEK
    results = []
    for input_id in IDS[signal]:
        stated = usual.choice([0.6, 0.7, 0.75, 0.8, 0.85, 0.9])
        other = usual.random() < CANARY_ANSWERS
        stated += asked.gauss(0, OWN_VARIATION) + CANARY_RISE * changed
        answer = "another" if asked.random() < OWN_ANSWERS or (other and changed) else "usual"
        ppm = round(min(max(stated, 0), 1) * 20) * 50_000
        results.append(Result(input_id, ppm, answer))
    record(office, RoundAsked(signal, fingerprint, now, tuple(results)))
