"""duplicate-merge, callback-urgency, answer-grounding and email-routing.

The first three show what labels do, and do not, tell; the last what a mean does not.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.draws import (
    LANGUAGES,
    VERBAL,
    actions,
    delays,
    generator,
    ids,
    names,
    right,
    stated,
    times,
    with_order,
    with_outcomes,
)
from sample_data.planted import (
    AUDIT_PROPENSITY,
    CALLBACK,
    CALLBACK_CUTS,
    CALLBACK_LABELLED,
    CLOCKS_DIFFER,
    COMPLAINT_GAP,
    COMPLAINT_PROPENSITY,
    COMPLAINT_SHARE,
    FAILURE_DELAY_DAYS,
    GROUNDING,
    LABEL_DELAY_DAYS,
    MERGE,
    ROUTING,
    ROUTING_ASKED_BEFORE,
    ROUTING_GAP,
    ROUTING_NO_LANGUAGE_FROM_WEEK,
    ROUTING_SURE_FROM,
    ROUTING_UNSURE_TO,
    SUCCESS_DELAY_DAYS,
    UNLABELLED_SHARE,
    WEEKLY,
)

#: Spread wider than most: a third is unsure enough to be escalated.
CALLBACK_VALUES = {0.3: 6, 0.4: 6, 0.5: 9, 0.6: 11, 0.7: 14, 0.8: 16, 0.85: 11, 0.9: 14, 0.95: 10,
                   1.0: 3}  # fmt: skip
QUEUES = {"sales": 0.35, "service": 0.5, "returns": 0.15}
#: Agreement of several answers; low enough for the claims that nobody complains about.
GROUNDING_VALUES = {0.45: 6, 0.55: 10, 0.65: 18, 0.75: 26, 0.85: 24, 0.92: 16}
#: As often below the middle as above it, and never sure enough for a high-confidence band.
ROUTING_VALUES = {0.3: 10, 0.4: 15, 0.5: 20, 0.6: 10, 0.7: 15, 0.8: 18, 0.85: 12}
ROUTING_REVIEW_FROM = 0.6
MAILBOXES = {"info": 0.4, "orders": 0.35, "press": 0.25}


def merges() -> pd.DataFrame:
    """duplicate-merge: calibrated, never acted on, and its failures are reported first."""
    rng = generator(7)
    stamp, _ = times(rng, WEEKLY[MERGE])
    size = len(stamp)
    confidence = stated(rng, VERBAL, size)
    frame = pd.DataFrame(
        {
            "event_id": ids("merge", size),
            "ts": stamp,
            "signal": MERGE,
            "confidence": confidence,
            "model_version": "assist-2",
            "prompt_version": "merge-v1",
            "elicitation": "verbal",
            "elicitation_order": "after",
            "input_id": ids("pair", size),
            "seg_queue": names(rng, QUEUES, size),
            "action": "review",
        }
    )
    outcome = right(rng, confidence)
    frame = with_order(frame, CLOCKS_DIFFER, generator(12))
    mean_days = np.where(outcome == 1, SUCCESS_DELAY_DAYS, FAILURE_DELAY_DAYS)
    kept = rng.random(size) >= 0.02
    return with_outcomes(frame, outcome, stamp + delays(rng, mean_days, size), kept, "HUMAN")


def callbacks() -> pd.DataFrame:
    """callback-urgency: labelled where it was escalated, hardly elsewhere, with no audit."""
    rng = generator(8)
    stamp, _ = times(rng, WEEKLY[CALLBACK])
    size = len(stamp)
    confidence = stated(rng, CALLBACK_VALUES, size)
    action = actions(confidence, CALLBACK_CUTS)
    frame = pd.DataFrame(
        {
            "event_id": ids("callback", size),
            "ts": stamp,
            "signal": CALLBACK,
            "confidence": confidence,
            "model_version": "assist-2",
            "prompt_version": "callback-v3",
            "elicitation": "verbal",
            "elicitation_order": "after",
            "input_id": ids("call", size),
            "seg_queue": names(rng, QUEUES, size),
            "seg_language": names(rng, LANGUAGES, size),
            "action": action,
        }
    )
    kept = rng.random(size) < np.array([CALLBACK_LABELLED[one] for one in action])
    known_at = stamp + delays(rng, LABEL_DELAY_DAYS, size)
    return with_outcomes(frame, right(rng, confidence), known_at, kept, "HUMAN")


def grounding() -> pd.DataFrame:
    """answer-grounding: calibrated, but those complained about are labelled nine times as often.

    Who complained is not logged, only the chance of a label that follows from it. Answers with a
    complaint are right less often than stated, the others as much more often as makes up for it.
    """
    rng = generator(9)
    stamp, _ = times(rng, WEEKLY[GROUNDING])
    size = len(stamp)
    confidence = stated(rng, GROUNDING_VALUES, size)
    complaint = rng.random(size) < COMPLAINT_SHARE
    made_up = COMPLAINT_GAP * COMPLAINT_SHARE / (1 - COMPLAINT_SHARE)
    chance = confidence + np.where(complaint, -COMPLAINT_GAP, made_up)
    propensity = np.where(complaint, COMPLAINT_PROPENSITY, AUDIT_PROPENSITY)
    frame = pd.DataFrame(
        {
            "event_id": ids("grounding", size),
            "ts": stamp,
            "signal": GROUNDING,
            "confidence": confidence,
            "model_version": "answer-7",
            "prompt_version": "grounding-v2",
            "elicitation": "agreement-of-8",
            "elicitation_order": "behavioural",
            "seg_language": names(rng, LANGUAGES, size),
            "action": actions(confidence, (0.9, 0.6)),
            "label_propensity": propensity,
        }
    )
    kept = rng.random(size) < propensity
    known_at = stamp + delays(rng, LABEL_DELAY_DAYS, size)
    return with_outcomes(frame, right(rng, chance), known_at, kept, "HUMAN")


def routing() -> pd.DataFrame:
    """email-routing: right more often than it says where unsure, less often where sure.

    Both by as much and of as many claims, in every mailbox, so that no gap is left. Until it is
    signed nothing acts by itself.
    """
    rng = generator(10)
    stamp, week = times(rng, WEEKLY[ROUTING])
    size = len(stamp)
    confidence = stated(rng, ROUTING_VALUES, size)
    gap = np.select(
        [confidence <= ROUTING_UNSURE_TO, confidence >= ROUTING_SURE_FROM],
        [-ROUTING_GAP, ROUTING_GAP],
        0.0,
    )
    frame = pd.DataFrame(
        {
            "event_id": ids("email", size),
            "ts": stamp,
            "signal": ROUTING,
            "confidence": confidence,
            "model_version": "assist-2",
            "prompt_version": "routing-v1",
            "elicitation": "verbal",
            "elicitation_order": "after",
            "input_id": ids("mail", size),
            "seg_mailbox": names(rng, MAILBOXES, size),
            "seg_language": names(rng, LANGUAGES, size),
            "action": np.where(confidence >= ROUTING_REVIEW_FROM, "review", "escalate"),
        }
    )
    frame = with_order(frame, ROUTING_ASKED_BEFORE, generator(13))
    frame.loc[week >= ROUTING_NO_LANGUAGE_FROM_WEEK, "seg_language"] = None
    known_at = stamp + delays(rng, LABEL_DELAY_DAYS, size)
    kept = rng.random(size) >= UNLABELLED_SHARE
    return with_outcomes(frame, right(rng, confidence - gap), known_at, kept, "HUMAN")
