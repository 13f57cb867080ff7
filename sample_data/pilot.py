"""The pilot: claims from the eight weeks before the sample, on which thresholds were chosen.

They are of the tuning split, so that no measure counts them, and their inputs come up nowhere
else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sample_data.draws import VERBAL, Floats, generator, ids, right, stated
from sample_data.planted import (
    AGREEMENT,
    FIRST_MONDAY,
    GROUNDING,
    JUDGE,
    LOGPROB,
    SAFETY,
    SELF_REPORT,
)

#: Claims of each signal, over so many days.
PILOT_CLAIMS, PILOT_DAYS = 400, 56
#: With which probability the bounds hold, all looks together.
PILOT_LEVEL = 0.9


@dataclass(frozen=True)
class Piloted:
    """A signal's pilot.

    Attributes:
        risk: the share of wrong ones its owner accepted above the threshold.
        values: the confidences it stated, with weights.
        wrong: share of wrong ones at the registered threshold and above.
        cut: the registered threshold.
        versions: model, prompt, elicitation, its order and calibrator.
    """

    risk: float
    values: Mapping[float, float]
    wrong: float
    cut: float
    versions: tuple[str, str, str, str, str | None]


_TENTHS = {0.7: 1.0, 0.77: 2, 0.83: 4, 0.88: 4, 0.9: 7}
_SURE = {0.8: 2.0, 0.9: 3, 0.95: 5, 0.9725: 6, 0.9925: 5}
PILOTED: Mapping[str, Piloted] = {
    AGREEMENT: Piloted(
        0.15, _TENTHS, 0.07, 0.9,
        ("assist-1", "triage-v3", "agreement-of-10", "behavioural", "isotonic-1"),
    ),
    SELF_REPORT: Piloted(
        0.1, VERBAL, 0.02, 0.9, ("assist-1", "triage-v3", "verbal", "after", None)
    ),
    LOGPROB: Piloted(
        0.06, _SURE, 0.015, 0.95,
        ("refund-model-5", "refund-v2", "token-logprob", "independent", None),
    ),
    SAFETY: Piloted(0.09, VERBAL, 0.03, 0.9, ("guard-1", "safety-v5", "verbal", "after", None)),
    JUDGE: Piloted(
        0.25, VERBAL, 0.17, 0.74, ("judge-3", "rubric-2", "judge", "independent", None)
    ),
    GROUNDING: Piloted(
        0.35, {0.55: 1.0, 0.65: 2, 0.75: 3, 0.85: 3, 0.92: 6}, 0.16, 0.9,
        ("answer-7", "grounding-v2", "agreement-of-8", "behavioural", None),
    ),
}  # fmt: skip


def pilot() -> pd.DataFrame:
    """The claims, with their outcomes in the same row."""
    return pd.concat(
        [_of(part, *one) for part, one in enumerate(PILOTED.items())], ignore_index=True
    )


def _of(part: int, signal: str, piloted: Piloted) -> pd.DataFrame:
    rng = generator(100 + part)
    second = np.sort(rng.integers(0, PILOT_DAYS * 86_400, PILOT_CLAIMS))
    start = FIRST_MONDAY - pd.Timedelta(days=PILOT_DAYS + 3)
    stamp = pd.Series(start + pd.to_timedelta(second, unit="s")).astype("datetime64[s, UTC]")
    confidence = stated(rng, piloted.values, PILOT_CLAIMS)
    chance: Floats = np.where(confidence >= piloted.cut, 1 - piloted.wrong, confidence)
    model, prompt, elicitation, order, calibrator = piloted.versions
    return pd.DataFrame(
        {
            "event_id": ids(f"pilot-{part}", PILOT_CLAIMS),
            "ts": stamp,
            "signal": signal,
            "confidence": confidence,
            "outcome": right(rng, chance),
            "outcome_ts": stamp + pd.Timedelta(days=2),
            "outcome_source": "HUMAN",
            "split": "tuning",
            "model_version": model,
            "prompt_version": prompt,
            "input_id": ids(f"pilot-input-{part}", PILOT_CLAIMS),
            "elicitation": elicitation,
            "elicitation_order": order,
            "calibrator_version": calibrator,
        }
    )
