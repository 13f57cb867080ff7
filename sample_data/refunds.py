"""refund-check: token probabilities, calibrated throughout, on cases that become harder."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.draws import LANGUAGES, generator, ids, names, right, times, with_outcomes
from sample_data.planted import (
    LOGPROB,
    REFUND_DELAY_HOURS,
    REFUND_MIX_AFTER,
    REFUND_MIX_BEFORE,
    REFUND_MIX_FROM_WEEK,
    REFUND_MODEL_FROM_WEEK,
    WEEKLY,
)

#: Shape of the confidences by amount: the larger it is, the less is the model sure.
BETA = {"under 50": (14.0, 1.2), "50 to 500": (7.0, 1.6), "over 500": (3.2, 1.9)}


def refunds() -> pd.DataFrame:
    """The claims, with their outcomes in the same row."""
    rng = generator(2)
    stamp, week = times(rng, WEEKLY[LOGPROB])
    size = len(stamp)
    amount = np.where(
        week >= REFUND_MIX_FROM_WEEK,
        names(rng, REFUND_MIX_AFTER, size),
        names(rng, REFUND_MIX_BEFORE, size),
    )
    a, b = np.array([BETA[one] for one in amount]).T
    confidence = np.round(np.clip(rng.beta(a, b), 0.01, 0.9999), 4)
    frame = pd.DataFrame(
        {
            "event_id": ids("refund", size),
            "ts": stamp,
            "signal": LOGPROB,
            "confidence": confidence,
            "model_version": np.where(
                week >= REFUND_MODEL_FROM_WEEK, "refund-model-6", "refund-model-5"
            ),
            "prompt_version": "refund-v2",
            "input_id": ids("refund-input", size),
            "elicitation": "token-logprob",
            "elicitation_order": "independent",
            "seg_language": names(rng, LANGUAGES, size),
            "seg_amount": amount,
            "action": np.where(confidence >= 0.95, "automate", "review"),
        }
    )
    known_at = stamp + pd.Timedelta(hours=REFUND_DELAY_HOURS)
    kept = np.ones(size, dtype=bool)
    return with_outcomes(frame, right(rng, confidence), known_at, kept, "CODE")
