"""Claims to judge on that the signal was tuned on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from core.findings.detectors.labels.tuning_leak import leak_conditions, measure_leak
from core.findings.kinds import Condition
from core.queries.claims.claims_per_signal import accounts
from core.validation import steps as signing

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]


@pytest.fixture
def tuned(governed: Any, clock: Any, bring: Bring, made: Made) -> Any:
    """Tuned on inputs 0 … 599; of the 600 heldout ones, 60 are the same."""
    tuning = made(clock, range(60, 90), split="tuning")
    heldout = made(clock, range(30, 60), split="heldout")
    bring(governed, tuning.assign(input_id=[f"i{i}" for i in range(600)]))
    bring(governed, heldout.assign(input_id=[f"i{i + 540}" for i in range(600)]))
    return governed


def found(governed: Any) -> list[Condition]:
    with governed.ledger.cursor() as cursor:
        return list(leak_conditions(cursor, governed.office.state(), governed.clock.now))


def test_shared_inputs_are_counted_and_named(tuned: Any) -> None:
    (one,) = found(tuned)
    assert (one.kind, one.severity, one.subject) == ("split_leaked", "warning", "split_leaked")
    assert "60 of 600 claims to judge on" in one.text
    assert "600 tuning claims (event " in one.text
    assert one.fingerprint is not None


def test_it_is_over_once_evidence_leaves_them_out(tuned: Any, v1: Any) -> None:
    signing.submit(tuned.office, tuned.actor("user:desk/ann", "validation.submitted"), "triage", v1,
                   leave_out_overlap=True)  # fmt: skip
    assert found(tuned) == []


def test_other_inputs_are_no_leak(governed: Any, clock: Any, bring: Bring, made: Made) -> None:
    for split, first in (("tuning", 0), ("heldout", 600)):
        frame = made(clock, range(60, 90), split=split)
        bring(governed, frame.assign(input_id=[f"i{i + first}" for i in range(600)]))
    assert found(governed) == []


def test_without_a_tuning_split_nothing_can_leak(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(30, 60), split="heldout"))
    with governed.ledger.cursor() as cursor:
        mine = accounts(cursor, settled=clock.now, now=clock.now)
        leak = measure_leak(cursor, "triage", mine, clock.now)
    assert (leak.tuning, leak.judged, leak.shared) == (0, 0, 0)
    assert found(governed) == []


def test_a_version_out_of_use_is_not_looked_at(
    tuned: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(tuned, made(clock, range(1, 5), model_version="m2"))
    assert found(tuned) == []
