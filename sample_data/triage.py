"""ticket-triage: two signals on the same tickets; one hides bad segments, one is calibrated."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sample_data.draws import (
    LANGUAGES,
    VERBAL,
    Floats,
    Integers,
    Mask,
    Names,
    actions,
    delays,
    generator,
    ids,
    names,
    right,
    stated,
    times,
)
from sample_data.planted import (
    AGREEMENT,
    AGREEMENT_SHARE,
    BREACH_TOPIC,
    BREACH_WEEKS,
    BREACHES,
    CORRECTIONS,
    END,
    HINDI_TRANSLATION_GAP,
    ICELANDIC_GAP,
    ICELANDIC_TICKETS,
    LABEL_DELAY_DAYS,
    MEDICAL_GAP,
    SELF_REPORT,
    SPOT_CHECKS,
    TRIAGE_CUTS,
    TRIAGE_MODEL_FROM_WEEK,
    TRIAGE_PROMPT_FROM_WEEK,
    UNLABELLED_SHARE,
    UNSTATED_SHARE,
    VOICE_FROM_WEEK,
    VOICE_GAP,
    WEEKLY,
    WEEKS,
)

TOPICS = {"billing": 0.34, "contract": 0.22, "medical": 0.12, "translation": 0.14, "triage": 0.18}
CHANNELS = {"chat": 0.55, "email": 0.33, "voice": 0.12}


def triage() -> tuple[pd.DataFrame, pd.DataFrame]:
    """The claims of both signals, and the outcomes that came later, in a file of their own."""
    rng = generator(1)
    stamp, week = times(rng, WEEKLY[SELF_REPORT])
    size = len(stamp)
    tickets = pd.DataFrame(
        {
            "event_id": ids("ticket", size),
            "ts": stamp,
            "model_version": np.where(week >= TRIAGE_MODEL_FROM_WEEK, "assist-2", "assist-1"),
            "prompt_version": np.where(week >= TRIAGE_PROMPT_FROM_WEEK, "triage-v4", "triage-v3"),
            "input_id": ids("input", size),
            "seg_language": names(rng, LANGUAGES, size),
            "seg_topic": names(rng, TOPICS, size),
            "seg_channel": names(rng, CHANNELS, size),
        }
    )
    icelandic = np.zeros(size, dtype=bool)
    icelandic[rng.choice(size, ICELANDIC_TICKETS, replace=False)] = True
    tickets.loc[icelandic, ["seg_language", "seg_topic", "seg_channel"]] = ["is", "billing", "chat"]

    confidence = stated(rng, VERBAL, size)
    excess = _excess(tickets, stamp)
    chance = np.clip(confidence - excess, 0.02, 0.995)
    outcome = right(rng, chance)
    known_at = stamp + delays(rng, LABEL_DELAY_DAYS, size)
    labelled = (rng.random(size) >= UNLABELLED_SHARE) & (known_at < END).to_numpy()
    says_nothing = rng.random(size) < UNSTATED_SHARE
    at_odds = np.flatnonzero(icelandic & labelled & ~says_nothing)
    outcome[at_odds] = _unlucky(rng, confidence[at_odds])

    verbal = tickets.assign(
        signal=SELF_REPORT,
        confidence=np.where(says_nothing, np.nan, confidence),
        elicitation="verbal",
        elicitation_order="after",
        calibrator_version=None,
        action=_actions(rng, confidence, says_nothing, tickets["seg_topic"], week),
    )
    sampled = tickets.assign(
        signal=AGREEMENT,
        confidence=_agreement(rng, confidence, chance, excess),
        elicitation="agreement-of-10",
        elicitation_order="behavioural",
        calibrator_version="isotonic-1",
        action=None,
    )[rng.random(size) < AGREEMENT_SHARE]
    outcomes = pd.DataFrame(
        {
            "event_id": tickets["event_id"],
            "outcome": outcome,
            "outcome_ts": known_at,
            "outcome_source": "HUMAN",
        }
    )[labelled]
    return pd.concat([verbal, sampled], ignore_index=True), _corrected(rng, outcomes)


def _excess(tickets: pd.DataFrame, stamp: pd.Series) -> Floats:
    """By how much the self-report claims more than it delivers, ticket by ticket."""
    topic, hindi = tickets["seg_topic"], tickets["seg_language"] == "hi"
    left = (END - stamp).dt.total_seconds() / (7 * 86_400 * (WEEKS - VOICE_FROM_WEEK + 1))
    grown = np.clip(1 - left, 0, 1)
    excess = (
        MEDICAL_GAP * (topic == "medical")
        + HINDI_TRANSLATION_GAP * ((topic == "translation") & hindi)
        + VOICE_GAP * grown * (tickets["seg_channel"] == "voice")
    )
    found: Floats = excess.to_numpy(dtype=np.float64)
    return found


def _unlucky(rng: np.random.Generator, confidence: Floats) -> Integers:
    """Outcomes of calibrated claims as a bad week would have them: the gap is set, not drawn."""
    outcome = np.zeros(len(confidence), dtype=np.int64)
    outcome[: round(len(confidence) * (confidence.mean() - ICELANDIC_GAP))] = 1
    return rng.permutation(outcome)


def _agreement(
    rng: np.random.Generator, confidence: Floats, chance: Floats, excess: Floats
) -> Floats:
    """How many of ten re-asked answers agree, recalibrated where the self-report fails.

    The mean chance of all tickets with so many agreeing answers and so large an excess, and
    hence honest in every segment.
    """
    agreeing = rng.binomial(
        10, np.clip(0.15 + 0.7 * confidence + rng.normal(0, 0.1, len(chance)), 0.05, 1)
    )
    known_by = [agreeing, np.rint(excess * 50)]
    mean: Floats = pd.Series(chance).groupby(known_by).transform("mean").round(2).to_numpy()
    return mean


def _actions(
    rng: np.random.Generator,
    confidence: Floats,
    says_nothing: Mask,
    topic: pd.Series,
    week: Integers,
) -> Names:
    """What was done: the rule's cuts, with planted breaches and cautious spot checks."""
    done = actions(confidence, TRIAGE_CUTS)
    done[says_nothing] = "review"
    first, last = BREACH_WEEKS
    below = (done == "review") & ~says_nothing & (topic == BREACH_TOPIC).to_numpy()
    below &= (week >= first) & (week <= last)
    allowed = np.flatnonzero(done == "automate")
    done[rng.choice(np.flatnonzero(below), BREACHES, replace=False)] = "automate"
    done[rng.choice(allowed, SPOT_CHECKS, replace=False)] = "review"
    return done


def _corrected(rng: np.random.Generator, outcomes: pd.DataFrame) -> pd.DataFrame:
    """The outcomes by time; some were first reported wrongly by a program, five days before."""
    early = outcomes[outcomes["outcome_ts"] < END - pd.Timedelta(days=30)].index.to_numpy()
    mended = outcomes.loc[np.sort(rng.choice(early, CORRECTIONS, replace=False))]
    later = mended["outcome_ts"] + pd.Timedelta(days=5)
    wrong = mended.assign(outcome=1 - mended["outcome"], outcome_source="CODE")
    rest = outcomes.drop(index=mended.index)
    every = pd.concat([rest, wrong, mended.assign(outcome_ts=later)])
    return every.sort_values(["outcome_ts", "event_id"], kind="stable").reset_index(drop=True)
