"""Draws that several parts of the sample share."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from sample_data.planted import END, FIRST_MONDAY, SEED, WEEKS

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Names = npt.NDArray[np.str_]
Mask = npt.NDArray[np.bool_]

LANGUAGES = {"en": 0.52, "de": 0.18, "pt": 0.14, "hi": 0.11, "yo": 0.05}
#: Verbal confidences: few, round and high, as models state them.
VERBAL = {
    0.3: 1.5, 0.5: 3, 0.6: 5, 0.7: 8, 0.75: 9, 0.8: 14, 0.85: 17, 0.9: 19, 0.95: 15, 0.98: 5.5,
    1.0: 3,
}  # fmt: skip
_DAYS = np.array([1, 1, 1, 1, 1, 0.35, 0.3])


def generator(part: int) -> np.random.Generator:
    """The generator of one part, so that a change in one leaves the others as they are."""
    return np.random.default_rng([SEED, part])


def names(rng: np.random.Generator, shares: Mapping[str, float], size: int) -> Names:
    """Category names with the given shares."""
    return rng.choice(np.array(list(shares)), size=size, p=list(shares.values()))


def stated(rng: np.random.Generator, weights: Mapping[float, float], size: int) -> Floats:
    """Confidences from a few values with the given weights."""
    weight = np.array(list(weights.values()))
    return rng.choice(np.array(list(weights)), size=size, p=weight / weight.sum())


def right(rng: np.random.Generator, chance: Floats) -> Integers:
    """Outcomes with the given chances."""
    return (rng.random(len(chance)) < chance).astype(np.int64)


def times(rng: np.random.Generator, per_week: int) -> tuple[pd.Series, Integers]:
    """Claim times, ``per_week`` in each week and few at weekends; and each one's week, from 1."""
    size = WEEKS * per_week
    day = 7 * np.repeat(np.arange(WEEKS), per_week) + rng.choice(7, size, p=_DAYS / _DAYS.sum())
    second = np.sort(day * 86_400 + rng.integers(7 * 3600, 20 * 3600, size))
    stamp = FIRST_MONDAY + pd.to_timedelta(second, unit="s")
    return pd.Series(stamp).astype("datetime64[s, UTC]"), second // (7 * 86_400) + 1


def ids(prefix: str, size: int) -> list[str]:
    """``prefix-000001`` and on."""
    return [f"{prefix}-{i:06d}" for i in range(1, size + 1)]


def actions(confidence: Floats, cuts: tuple[float, float]) -> Names:
    """What the rule asks for: automate from the first cut on, review from the second."""
    return np.select(
        [confidence >= cuts[0], confidence >= cuts[1]], ["automate", "review"], "escalate"
    )


def delays(rng: np.random.Generator, mean_days: float | Floats, size: int) -> pd.Series:
    """Exponential delays, to the second."""
    seconds = rng.exponential(mean_days, size) * 86_400
    return pd.Series(pd.to_timedelta(np.rint(seconds), unit="s")).astype("timedelta64[s]")


def with_order(frame: pd.DataFrame, before: float, rng: np.random.Generator) -> pd.DataFrame:
    """The claims with the times of answer and confidence, this a few seconds after that.

    Args:
        before: the share of those whose confidence was there first.
    """
    answered = frame["ts"] - pd.Timedelta(seconds=20)
    seconds = np.where(rng.random(len(frame)) < before, -4, 4)
    return frame.assign(
        answer_ts=answered, confidence_ts=answered + pd.to_timedelta(seconds, unit="s")
    )


def with_outcomes(
    frame: pd.DataFrame, outcome: Integers, known_at: pd.Series, kept: Mask, source: str
) -> pd.DataFrame:
    """The claims with the outcomes that came: those kept and known before the sample's end."""
    came = pd.Series(kept) & (known_at < END)
    return frame.assign(
        outcome=pd.Series(outcome, dtype="Int8").where(came),
        outcome_ts=known_at.where(came),
        outcome_source=pd.Series(source, index=frame.index, dtype="str").where(came),
    )
