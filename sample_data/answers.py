"""knowledge-answer and answer-quality: a high band behind a leak, and a judge that collapses."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.draws import (
    LANGUAGES,
    VERBAL,
    Floats,
    actions,
    delays,
    generator,
    ids,
    names,
    right,
    stated,
    times,
    with_outcomes,
)
from sample_data.planted import (
    ANSWER,
    ANSWER_HIGH_GAP,
    HELDOUT_ROWS,
    JUDGE,
    JUDGE_COLLAPSED_TO,
    JUDGE_GAP_BEFORE,
    JUDGE_RUBRIC_FROM_WEEK,
    JUDGE_UNSTATED,
    JUDGE_UNSTATED_FROM_WEEK,
    LABEL_DELAY_DAYS,
    LEAKED_HIGH_ERROR,
    LEAKED_ROWS,
    TUNING_ROWS,
    UNLABELLED_SHARE,
    WEEKLY,
)

PRODUCTS = {"phone": 0.4, "broadband": 0.35, "television": 0.25}
#: No 0.9, so that everything from 0.9 on lies in the last tenth.
ANSWER_VALUES = {0.4: 3, 0.5: 6, 0.6: 12, 0.7: 17, 0.75: 14, 0.8: 14, 0.85: 8, 0.92: 12, 0.96: 9,
                 0.99: 5}  # fmt: skip


def answers() -> pd.DataFrame:
    """knowledge-answer: tuned and judged on shared inputs, then used in production."""
    rng = generator(5)
    stamp, _ = times(rng, WEEKLY[ANSWER])
    size = len(stamp)
    confidence = stated(rng, ANSWER_VALUES, size)
    split = np.full(size, "production", dtype="<U10")
    inputs = np.array(ids("question", size))
    # The first claims of the half-year: tuning, then held-out, and some held-out inputs are old.
    tuning = np.arange(TUNING_ROWS)
    heldout = TUNING_ROWS + np.arange(HELDOUT_ROWS)
    split[tuning], split[heldout] = "tuning", "heldout"
    leaked = np.sort(rng.choice(heldout, LEAKED_ROWS, replace=False))
    source = np.sort(rng.choice(tuning, LEAKED_ROWS, replace=False))
    inputs[leaked], confidence[leaked] = inputs[source], confidence[source]

    high = confidence >= 0.9
    chance = confidence - ANSWER_HIGH_GAP * high
    # The prompt was worked on until it answered these inputs well where it is sure.
    worked_on = high & ((split == "tuning") | np.isin(np.arange(size), leaked))
    chance[worked_on] = 1 - LEAKED_HIGH_ERROR
    outcome = right(rng, chance)
    outcome[leaked] = outcome[source]
    frame = pd.DataFrame(
        {
            "event_id": ids("answer", size),
            "ts": stamp,
            "signal": ANSWER,
            "confidence": confidence,
            "model_version": "answer-7",
            "prompt_version": "answer-v9",
            "elicitation": "verbal",
            "elicitation_order": "after",
            "input_id": inputs,
            "split": split,
            "seg_product": names(rng, PRODUCTS, size),
            "seg_language": names(rng, LANGUAGES, size),
            "action": pd.Series(actions(confidence, (0.9, 0.6))).where(split == "production"),
        }
    )
    kept = (rng.random(size) >= UNLABELLED_SHARE) | (split != "production")
    return with_outcomes(frame, outcome, stamp + delays(rng, LABEL_DELAY_DAYS, size), kept, "HUMAN")


def judged() -> pd.DataFrame:
    """answer-quality: a judge whose new rubric makes it say nearly the same of every answer."""
    rng = generator(6)
    stamp, week = times(rng, WEEKLY[JUDGE])
    size = len(stamp)
    said = stated(rng, VERBAL, size)
    chance = np.clip(said - JUDGE_GAP_BEFORE, 0.02, 1)
    collapsed = week >= JUDGE_RUBRIC_FROM_WEEK
    frame = pd.DataFrame(
        {
            "event_id": ids("quality", size),
            "ts": stamp,
            "signal": JUDGE,
            "confidence": np.where(collapsed, _narrowed(rng, chance), said),
            "model_version": "judge-3",
            "prompt_version": np.where(collapsed, "rubric-3", "rubric-2"),
            "elicitation": "judge",
            "elicitation_order": "independent",
            "input_id": ids("quality-input", size),
            "seg_product": names(rng, PRODUCTS, size),
            "seg_language": names(rng, LANGUAGES, size),
        }
    )
    silent = generator(15).random(size) < JUDGE_UNSTATED
    frame.loc[silent & (week >= JUDGE_UNSTATED_FROM_WEEK), "confidence"] = None
    known_at = stamp + delays(rng, LABEL_DELAY_DAYS, size)
    kept = rng.random(size) >= UNLABELLED_SHARE
    return with_outcomes(frame, right(rng, chance), known_at, kept, "HUMAN")


def _narrowed(rng: np.random.Generator, chance: Floats) -> Floats:
    """Confidences in one narrow band that say next to nothing of the answer."""
    low, high = JUDGE_COLLAPSED_TO
    drawn = (low + high) / 2 + 0.02 * (chance - chance.mean()) + rng.normal(0, 0.008, len(chance))
    narrowed: Floats = np.round(np.clip(drawn, low, high), 2)
    return narrowed
