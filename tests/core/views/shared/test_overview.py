"""The frame of every page."""

from __future__ import annotations

import duckdb

from core.ledger.connection import Ledger
from core.views.shared.overview import overview
from sample_data.generate import AGREEMENT, LOGPROB, SELF_REPORT


def test_signals_stand_by_how_many_claims_they_have(sample: duckdb.DuckDBPyConnection) -> None:
    found = overview(sample)
    assert found.names()[:2] == (SELF_REPORT, AGREEMENT)
    sizes = [found.facts(name).n_claims for name in found.names()]
    assert sizes == sorted(sizes, reverse=True)
    assert found.facts(LOGPROB).n_claims == 8200


def test_freshness_is_the_newest_import_and_the_time_zone(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    assert overview(sample).freshness == (
        "As of import 8, 2026-11-23 12:00. All times are UTC; weeks are ISO weeks."
    )


def test_an_empty_ledger_has_no_signal_and_still_says_its_time_zone(ledger: Ledger) -> None:
    found = overview(ledger.cursor())
    assert found.names() == ()
    assert found.freshness == "All times are UTC; weeks are ISO weeks."
