"""Versions that may act and are no longer labelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from core.findings.detectors.labels.missing_labels import labels_conditions
from core.findings.kinds import Condition

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]


def found(governed: Any) -> list[Condition]:
    with governed.ledger.cursor() as cursor:
        return list(labels_conditions(cursor, governed.office.state(), governed.clock.now))


def unlabelled(frame: pd.DataFrame, *, keep: int = 0) -> pd.DataFrame:
    frame = frame.astype({"outcome": "Int8"})
    frame.loc[keep:, "outcome"] = pd.NA
    return frame


def test_a_version_that_may_act_without_labels_is_found(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    labelled = made(clock, range(70, 90))
    bring(governed, labelled.assign(outcome_ts=labelled["ts"]))
    bring(governed, unlabelled(made(clock, range(1, 70))))
    assert found(governed) == []
    governed.validate()
    (one,) = found(governed)
    assert (one.kind, one.severity) == ("labels_missing", "warning")
    assert "none of 600 claims of 600 inputs from 2026-09-03 to 2026-10-02 is labelled" in one.text
    assert "The last label came on 2026-08-24, of a claim of 2026-08-24." in one.text
    assert one.subject == one.fingerprint.id


@pytest.mark.parametrize(("labelled", "missing"), [(39, True), (40, False)])
def test_a_tenth_of_what_a_validation_needs_is_enough(
    governed: Any, clock: Any, bring: Bring, made: Made, labelled: int, missing: bool
) -> None:
    bring(governed, unlabelled(made(clock, range(31, 51)), keep=labelled))
    governed.validate()
    conditions = found(governed)
    assert [one.kind for one in conditions] == ["labels_missing"] * missing
    if missing:
        assert "only 39 of 400 claims (39 inputs of 400)" in conditions[0].text
        assert "needs 40 labelled inputs" in conditions[0].text


def test_claims_on_one_input_are_one_label(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = unlabelled(made(clock, range(31, 51)), keep=200)
    bring(governed, frame.assign(input_id=[f"i{i if i >= 200 else i % 20}" for i in range(400)]))
    governed.validate()
    (one,) = found(governed)
    assert "only 200 of 400 claims (20 inputs of 220)" in one.text


def test_few_claims_are_no_lack_of_labels(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, unlabelled(made(clock, range(31, 36), 7), keep=20))
    governed.validate()
    assert found(governed) == []


def test_labels_of_young_claims_need_not_be_there_yet(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, unlabelled(made(clock, range(1, 30))))
    governed.validate()
    assert found(governed) == []


def test_a_version_out_of_use_needs_none(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, unlabelled(made(clock, range(31, 51))))
    bring(governed, made(clock, range(1, 10), model_version="m2"))
    governed.validate()
    assert found(governed) == []
