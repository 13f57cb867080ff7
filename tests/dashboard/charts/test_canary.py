"""The picture of kept inputs: a round a point, and the score that is an alarm."""

from __future__ import annotations

import pandas as pd
import pytest

from dashboard.charts import DARK, LIGHT, Palette
from dashboard.charts.canary import alt_text_canary, canary_scores

ROUNDS = pd.DataFrame(
    {
        "name": ["r1", "r2", "r3", "r4"],
        "asked_at": pd.to_datetime(["2026-11-02", "2026-11-03", "2026-11-04", "2026-11-05"]),
        "n_asked": [50, 50, 49, 50],
        "n_failed": [0, 0, 1, 0],
        "stated": [0.8, 0.81, None, 0.9],
        "score": [1.0, 1.0, 0.97, 4e12],
        "judged": [False, False, True, True],
        "alarm": [False, False, False, True],
    }
)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_every_round_is_a_point_and_the_alarm_has_its_line(palette: Palette) -> None:
    drawn = canary_scores(ROUNDS, 20, palette).to_dict(validate=True)
    data = drawn["datasets"]
    (every,) = [one for one in data.values() if len(one) == len(ROUNDS)]
    assert [one["_state"] for one in every] == ["reference", "reference", "judged", "alarm"]
    assert [one["_stated"] for one in every] == ["80.0%", "81.0%", "–", "90.0%"]
    # What no axis can hold is drawn at its end, and told as it is.
    assert (every[-1]["shown"], every[-1]["_score"]) == (1e9, "over a million")
    texts = [layer["mark"]["text"] for layer in drawn["layer"] if layer["mark"]["type"] == "text"]
    assert texts == ["20: alarm"]


def test_what_it_shows_is_said_and_nothing_asked_says_so() -> None:
    assert alt_text_canary(ROUNDS, 20).endswith("Reached with the round r4.")
    assert "r1 to r3: 1.0 now, 20 is an alarm." in alt_text_canary(ROUNDS.head(3), 20)
    assert alt_text_canary(ROUNDS.head(0), 20) == "Kept inputs were not asked yet."
    assert canary_scores(ROUNDS.head(0), 20, LIGHT).to_dict(validate=True)
