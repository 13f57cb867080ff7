"""reply-safety and reply-draft: a model update, a prompt edit, and an order that anchors."""

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
    ANCHORED_INPUTS,
    ANCHORING_SHIFT,
    ANCHORING_WEEKS,
    DRAFT,
    DRAFT_ACCURACY_RISE,
    DRAFT_CONFIDENCE_RISE,
    DRAFT_NULL_PROMPT_FROM_WEEK,
    DRAFT_PROMPT_FROM_WEEK,
    DRAFTS_RATED,
    DRAFTS_RATED_IN_WEEK,
    FIRST_MONDAY,
    LABEL_DELAY_DAYS,
    SAFETY,
    SAFETY_GAP,
    SAFETY_MODEL_FROM_WEEK,
    SAFETY_OVERLAP_SHARE,
    SAFETY_OVERLAP_WEEKS,
    SAFETY_POLICY,
    UNLABELLED_SHARE,
    WEEKLY,
)

POLICIES = {"privacy": 0.25, "legal": 0.4, "abuse": 0.2, "self-harm": 0.15}
TONES = {"formal": 0.6, "friendly": 0.4}
#: What a draft's confidence is before the edit, when it is calibrated.
DRAFT_VALUES = {0.5: 6, 0.55: 9, 0.6: 14, 0.65: 19, 0.7: 22, 0.75: 18, 0.8: 12}


def safety() -> pd.DataFrame:
    """reply-safety: guard-1, then guard-2, and for some weeks both on the same replies."""
    rng = generator(10)
    stamp, week = times(rng, WEEKLY[SAFETY])
    size = len(stamp)
    replies = pd.DataFrame(
        {
            "event_id": ids("reply", size),
            "ts": stamp,
            "signal": SAFETY,
            "model_version": "guard-1",
            "prompt_version": "safety-v5",
            "elicitation": "verbal",
            "elicitation_order": "after",
            "input_id": ids("reply-input", size),
            "seg_policy": names(rng, POLICIES, size),
            "seg_language": names(rng, LANGUAGES, size),
        }
    )
    confidence = stated(rng, VERBAL, size)
    # One draw of luck for each reply, so that two versions tend to err on the same ones.
    luck, delay = rng.random(size), delays(rng, LABEL_DELAY_DAYS, size)
    kept = rng.random(size) >= UNLABELLED_SHARE

    in_overlap = (week >= SAFETY_MODEL_FROM_WEEK) & (
        week < SAFETY_MODEL_FROM_WEEK + SAFETY_OVERLAP_WEEKS
    )
    by_both = in_overlap & (rng.random(size) < SAFETY_OVERLAP_SHARE)
    by_new = by_both | (week >= SAFETY_MODEL_FROM_WEEK + SAFETY_OVERLAP_WEEKS)
    by_old = (week < SAFETY_MODEL_FROM_WEEK) | in_overlap
    moved = np.where(rng.random(size) < 0.3, stated(rng, VERBAL, size), confidence)
    legal = (replies["seg_policy"] == SAFETY_POLICY).to_numpy()
    broken = np.clip(moved - SAFETY_GAP * legal, 0.02, 1)

    old = replies.assign(confidence=confidence, action=actions(confidence, (0.9, 0.6)))
    new = replies.assign(
        event_id=replies["event_id"] + "-b",
        model_version="guard-2",
        confidence=moved,
        action=actions(moved, (0.9, 0.6)),
    )
    known_at = stamp + delay
    old = with_outcomes(old, (luck < confidence).astype(np.int64), known_at, kept, "HUMAN")
    new = with_outcomes(new, (luck < broken).astype(np.int64), known_at, kept, "HUMAN")
    both = pd.concat([old[by_old], new[by_new]])
    return both.sort_values(["ts", "event_id"], kind="stable").reset_index(drop=True)


def drafts() -> pd.DataFrame:
    """reply-draft: two prompt edits, and a study that asks again after the answer."""
    rng = generator(4)
    stamp, week = times(rng, WEEKLY[DRAFT])
    size = len(stamp)
    first = stated(rng, DRAFT_VALUES, size)
    edited = week >= DRAFT_PROMPT_FROM_WEEK
    confidence: Floats = (first + DRAFT_CONFIDENCE_RISE * edited).round(2)
    chance = first + DRAFT_ACCURACY_RISE * edited
    prompt = np.select(
        [edited, week >= DRAFT_NULL_PROMPT_FROM_WEEK], ["draft-v3", "draft-v2"], "draft-v1"
    )
    frame = pd.DataFrame(
        {
            "event_id": ids("draft", size),
            "ts": stamp,
            "signal": DRAFT,
            "confidence": confidence,
            "model_version": "writer-4",
            "prompt_version": prompt,
            "elicitation": "verbal",
            "elicitation_order": "before",
            "input_id": ids("draft-input", size),
            "seg_tone": names(rng, TONES, size),
            "seg_language": names(rng, LANGUAGES, size),
            "action": actions(confidence, (0.9, 0.7)),
        }
    )
    known_at = stamp + delays(rng, LABEL_DELAY_DAYS, size)
    kept = rng.random(size) >= UNLABELLED_SHARE
    frame = with_outcomes(frame, right(rng, chance), known_at, kept, "HUMAN")

    in_study = np.flatnonzero((week >= ANCHORING_WEEKS[0]) & (week <= ANCHORING_WEEKS[1]))
    asked = frame.loc[np.sort(rng.choice(in_study, ANCHORED_INPUTS, replace=False))]
    again = asked.assign(
        event_id=asked["event_id"] + "-after",
        ts=asked["ts"] + pd.Timedelta(seconds=20),
        confidence=(asked["confidence"] + ANCHORING_SHIFT).round(2),
        # Where in the prompt the question stands is a change of the prompt.
        prompt_version="draft-v2-after",
        elicitation_order="after",
        action=None,
    )
    both = pd.concat([frame, again])
    return both.sort_values(["ts", "event_id"], kind="stable").reset_index(drop=True)


def rated_drafts() -> pd.DataFrame:
    """reply-draft: a study of the edited prompt, to fit a calibration map and to certify it."""
    rng = generator(21)
    monday = FIRST_MONDAY + pd.Timedelta(weeks=DRAFTS_RATED_IN_WEEK - 1)
    seconds = np.sort(rng.integers(7 * 3600, 4 * 86_400, DRAFTS_RATED))
    stamp = pd.Series(monday + pd.to_timedelta(seconds, unit="s")).astype("datetime64[s, UTC]")
    first = stated(rng, DRAFT_VALUES, DRAFTS_RATED)
    frame = pd.DataFrame(
        {
            "event_id": ids("rated-draft", DRAFTS_RATED),
            "ts": stamp,
            "signal": DRAFT,
            "confidence": (first + DRAFT_CONFIDENCE_RISE).round(2),
            "model_version": "writer-4",
            "prompt_version": "draft-v3",
            "elicitation": "verbal",
            "elicitation_order": "before",
            "input_id": ids("rated-draft-input", DRAFTS_RATED),
            "split": np.where(np.arange(DRAFTS_RATED) % 2, "heldout", "tuning"),
            "seg_tone": names(rng, TONES, DRAFTS_RATED),
            "seg_language": names(rng, LANGUAGES, DRAFTS_RATED),
        }
    )
    outcome, known_at = right(rng, first + DRAFT_ACCURACY_RISE), stamp + pd.Timedelta(days=2)
    return with_outcomes(frame, outcome, known_at, np.ones(DRAFTS_RATED, dtype=bool), "HUMAN")
