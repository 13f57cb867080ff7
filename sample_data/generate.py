"""Make the committed sample: twelve weeks of an LLM support desk, with failures planted in it.

    python -m sample_data.generate

Everything is drawn from one seeded generator, so the same files come out every time.
What is planted where, and how large it is, stands in sample_data/README.md; the constants
below are that table.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20261123
FOLDER = Path(__file__).parent
FIRST_MONDAY = pd.Timestamp("2026-08-31", tz="UTC")
WEEKS = 12
CLAIMS_PER_WEEK = 560

LANGUAGES = {"en": 0.52, "de": 0.18, "pt": 0.14, "hi": 0.11, "yo": 0.05}
TOPICS = {"billing": 0.34, "contract": 0.22, "medical": 0.12, "translation": 0.14, "triage": 0.18}
CHANNELS = {"chat": 0.6, "email": 0.4}

SELF_REPORT = "ticket-triage.self-report"
AGREEMENT = "ticket-triage.agreement"
LOGPROB = "refund-check.logprob"

MODEL_CHANGE_WEEK = 7
PROMPT_CHANGE_WEEK = 4

#: Points by which the self-report claims more than it delivers.
MEDICAL_GAP = 0.14
HINDI_TRANSLATION_GAP = 0.20
NEW_MODEL_TOP_BAND_GAP = 0.04

UNLABELLED_SHARE = 0.12
UNSTATED_SHARE = 0.02
LABEL_DELAY_DAYS = 6.0
REFUND_DELAY_HOURS = 30


def draw(rng: np.random.Generator, shares: dict[str, float], size: int) -> np.ndarray:
    """Draw category names with the given shares."""
    return rng.choice(list(shares), size=size, p=list(shares.values()))


def times(rng: np.random.Generator, size: int) -> tuple[pd.Series, np.ndarray]:
    """Claim times spread over the weeks, fewer at weekends; and each claim's week number."""
    day_weights = np.tile([1, 1, 1, 1, 1, 0.35, 0.3], WEEKS)
    day = rng.choice(WEEKS * 7, size=size, p=day_weights / day_weights.sum())
    second = rng.integers(7 * 3600, 20 * 3600, size=size)
    day.sort()
    stamp = FIRST_MONDAY + pd.to_timedelta(day, unit="D") + pd.to_timedelta(second, unit="s")
    return pd.Series(stamp), day // 7


def self_report(rng: np.random.Generator, size: int) -> np.ndarray:
    """Verbal confidences: few, round and high, as models state them."""
    grid = np.array([0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 1.0])
    weight = np.array([1.5, 3, 5, 8, 9, 14, 17, 19, 15, 5.5, 3])
    return rng.choice(grid, size=size, p=weight / weight.sum())


def triage(rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The two triage signals on the same tickets, and the outcomes that came later."""
    size = WEEKS * CLAIMS_PER_WEEK
    stamp, week = times(rng, size)
    frame = pd.DataFrame(
        {
            "event_id": [f"ticket-{i:06d}" for i in range(1, size + 1)],
            "ts": stamp,
            "model_version": np.where(week >= MODEL_CHANGE_WEEK, "assist-2", "assist-1"),
            "prompt_version": np.where(week >= PROMPT_CHANGE_WEEK, "triage-v4", "triage-v3"),
            "input_id": [f"input-{i:06d}" for i in range(1, size + 1)],
            "seg_language": draw(rng, LANGUAGES, size),
            "seg_topic": draw(rng, TOPICS, size),
            "seg_channel": draw(rng, CHANNELS, size),
        }
    )
    stated = self_report(rng, size)
    excess = np.zeros(size)
    excess += MEDICAL_GAP * (frame["seg_topic"] == "medical")
    hindi_translation = (frame["seg_topic"] == "translation") & (frame["seg_language"] == "hi")
    excess += HINDI_TRANSLATION_GAP * hindi_translation
    excess += NEW_MODEL_TOP_BAND_GAP * ((week >= MODEL_CHANGE_WEEK) & (stated >= 0.9))
    chance = np.clip(stated - excess, 0.02, 0.995)
    right = (rng.random(size) < chance).astype(int)

    # The second signal: how many of ten re-asked answers agree, recalibrated where the first one
    # fails, so that it is honest in every segment. On the same outcomes.
    agreeing = rng.binomial(10, np.clip(0.15 + 0.7 * stated + rng.normal(0, 0.1, size), 0.05, 1))
    planted = frame["seg_topic"].eq("medical") + 2 * hindi_translation
    known_by = [agreeing, planted.to_numpy(), week >= MODEL_CHANGE_WEEK]
    agreement = pd.Series(chance).groupby(known_by).transform("mean").round(2).to_numpy()

    verbal = frame.assign(
        signal=SELF_REPORT,
        confidence=np.where(rng.random(size) < UNSTATED_SHARE, np.nan, stated),
        elicitation="verbal",
        elicitation_order="after",
        action=np.select([stated >= 0.9, stated >= 0.7], ["automate", "review"], "escalate"),
    )
    sampled = frame.assign(
        signal=AGREEMENT,
        confidence=agreement,
        elicitation="agreement-of-10",
        elicitation_order="behavioural",
        action=None,
    )
    delay = pd.to_timedelta(rng.exponential(LABEL_DELAY_DAYS, size), unit="D").round("s")
    known_at = frame["ts"] + delay
    end = FIRST_MONDAY + pd.Timedelta(weeks=WEEKS)
    labelled = (rng.random(size) >= UNLABELLED_SHARE) & (known_at < end).to_numpy()
    outcomes = pd.DataFrame(
        {
            "event_id": frame["event_id"],
            "outcome": right,
            "outcome_ts": known_at,
            "outcome_source": "HUMAN",
        }
    )[labelled]
    return pd.concat([verbal, sampled], ignore_index=True), outcomes


def refunds(rng: np.random.Generator) -> pd.DataFrame:
    """A token-probability signal, calibrated, with its outcomes in the same row."""
    size = WEEKS * 260
    stamp, _ = times(rng, size)
    stated = np.round(np.clip(rng.beta(7, 1.6, size), 0.01, 0.9999), 4)
    right = (rng.random(size) < stated).astype(int)
    # What becomes known after the last week is not known yet: nothing lies in the future.
    known = stamp + pd.Timedelta(hours=REFUND_DELAY_HOURS)
    due = known < FIRST_MONDAY + pd.Timedelta(weeks=WEEKS)
    return pd.DataFrame(
        {
            "event_id": [f"refund-{i:06d}" for i in range(1, size + 1)],
            "ts": stamp,
            "signal": LOGPROB,
            "confidence": stated,
            "model_version": "refund-model-5",
            "prompt_version": "refund-v2",
            "input_id": [f"refund-input-{i:06d}" for i in range(1, size + 1)],
            "elicitation": "token-logprob",
            "elicitation_order": "independent",
            "seg_language": draw(rng, LANGUAGES, size),
            "seg_amount": draw(rng, {"under 50": 0.6, "50 to 500": 0.32, "over 500": 0.08}, size),
            "action": np.where(stated >= 0.95, "automate", "review"),
            "outcome": pd.Series(right, dtype="Int8").where(due),
            "outcome_ts": known.where(due),
            "outcome_source": pd.Series("CODE", index=due.index).where(due),
        }
    )


REFUSED = """\
event_id,ts,signal,confidence,outcome,model_version,seg_language,seg_topic
dirty-0001,2026-11-16T09:12:00Z,ticket-triage.self-report,0.8,1,assist-2,en,billing
dirty-0002,2026-11-16T09:14:00Z,ticket-triage.self-report,85%,1,assist-2,en,billing
dirty-0003,2026-11-16T09:20:00Z,ticket-triage.self-report,1.2,0,assist-2,de,contract
dirty-0004,16.11.2026 half past nine,ticket-triage.self-report,0.7,1,assist-2,de,contract
dirty-0005,2026-11-16T09:40:00Z,ticket-triage.self-report,0.9,0.5,assist-2,pt,medical
dirty-0006,2026-11-16T09:44:00Z,,0.9,1,assist-2,pt,medical
dirty-0001,2026-11-16T09:12:00Z,ticket-triage.self-report,0.9,1,assist-2,en,billing
dirty-0007,2026-11-16T10:02:00Z,ticket-triage.self-report,,1,assist-2,hi,triage
dirty-0008,2026-11-16T10:05:00Z,ticket-triage.self-report,0.95,1,assist-2,hi,triage
"""


def main() -> None:
    """Write the committed files."""
    rng = np.random.default_rng(SEED)
    claims, outcomes = triage(rng)
    claims.to_parquet(FOLDER / "triage_claims.parquet", index=False, compression="zstd")
    outcomes.to_csv(
        FOLDER / "triage_outcomes.csv.gz",
        index=False,
        date_format="%Y-%m-%dT%H:%M:%SZ",
        # A gzip file carries the time at which it was written, unless told otherwise.
        compression={"method": "gzip", "mtime": 1},
    )
    refunds(rng).to_parquet(FOLDER / "refund_claims.parquet", index=False, compression="zstd")
    (FOLDER / "hand_typed.csv").write_text(REFUSED, encoding="utf-8")


if __name__ == "__main__":
    main()
