"""Kept inputs on the pages: is it the same model, and when are they asked next?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sample_data import planted
from tests.worlds.running.pages import page, text_of

pytestmark = pytest.mark.usefixtures("on_the_day_told")


def test_drift_and_watch_say_of_each_signal_whether_it_is_the_same_model(
    told_copy: Path, serving: Any
) -> None:
    serving(told_copy)
    changed = text_of(page("drift", signal=planted.ANSWER))
    assert "The model changed behind its name: shown by the round" in changed
    same = text_of(page("drift", signal=planted.LOGPROB))
    assert "No sign of another model: 60 kept inputs in 11 rounds; alarm score" in same
    app = page("drift", signal=planted.MERGE)
    assert any(
        f"calledger canary keep inputs.jsonl --ledger {told_copy}" in one.value for one in app.code
    )
    app = page("watch")
    (kept,) = [one.value for one in app.dataframe if "says" in one.value]
    assert list(kept["signal"]) == [planted.ANSWER, planted.LOGPROB, planted.SAFETY]
    assert kept["says"].iloc[1] == "no sign of another model"
