"""How much less claims tell because their inputs repeat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.queries.sums.design_effect import design_effect

Fill = Callable[..., None]
TRIAGE = Selection("triage")
MONDAY = datetime(2026, 11, 2)
DAY = timedelta(days=1)


def test_the_design_effect_of_claims_on_few_inputs(ledger: Ledger, fill: Fill) -> None:
    inputs = ["i", "i", "i", "j", None, None]
    claims = [{"confidence": 0.5, "input_id": i} for i in inputs]
    fill(ledger, [*claims, {"input_id": "i"}], repeats=["triage"])
    with ledger.cursor() as cursor:
        # Inputs of 3, 1, 1 and 1 stated claims.
        assert design_effect(cursor, TRIAGE) == pytest.approx((9 + 1 + 1 + 1) / 6)
        assert design_effect(cursor, replace(TRIAGE, until=MONDAY)) == 1


def test_without_repeats_the_design_effect_is_one(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.5, "input_id": "i"}] * 2)
    with ledger.cursor() as cursor:
        assert design_effect(cursor, TRIAGE) == 1
