"""Pages over all signals, and checks, ask as much of the ledger of nine signals as of three.

What still grows: two signals that share inputs are compared by themselves, labels drawn with
chances that differ are weighted signal by signal, a new version is compared with the one before it
by questions of its own, what is due is measured again version by version, and what a check finds is
written down act by act.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import pytest

from core.findings.detectors.all import DETECTORS
from core.governance.perform import Office
from core.governance.state import State
from core.ledger.connection import Ledger
from core.queries.base.together.asked_once import one_question
from core.views.audit.trail_integrity import wholeness
from core.views.govern.registry import registry_view
from core.views.govern.watch import watch_view
from core.views.review.week.this_week import week_view
from core.views.risks.gather import gathered
from tests.worlds.claims.many_signals import NOW, many_signals, statements

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

Page = Callable[[duckdb.DuckDBPyConnection, State], object]


@one_question
def _looked_for(cursor: duckdb.DuckDBPyConnection, state: State) -> None:
    for one in DETECTORS:
        if one.kinds != ("model_changed", "prompt_changed"):
            one.find(cursor, state, NOW)


PAGES: dict[str, Page] = {
    "This week": lambda cursor, state: week_view(cursor, state, now=NOW),
    "Registry": lambda cursor, state: registry_view(cursor, state, NOW),
    "Watch": lambda cursor, state: watch_view(cursor, state, NOW, data_version=1),
    "Risks": lambda cursor, state: gathered(cursor, state, NOW, wholeness(cursor, None, NOW)),
    "what a check looks for": _looked_for,
}


@pytest.fixture(scope="module")
def ledgers() -> Iterator[tuple[Ledger, Ledger]]:
    with Ledger.in_memory() as few, Ledger.in_memory() as more:
        many_signals(few, 3)
        many_signals(more, 9)
        yield few, more


@pytest.mark.parametrize("page", PAGES)
def test_a_page_costs_no_statement_more_for_more_signals(
    ledgers: tuple[Ledger, Ledger], page: str
) -> None:
    few, more = (
        statements(
            ledger.cursor(), lambda cursor, of=ledger: PAGES[page](cursor, Office.of(of).state())
        )
        for ledger in ledgers
    )
    assert few == more


def test_these_signals_are_looked_into_as_deep_as_any(ledgers: tuple[Ledger, Ledger]) -> None:
    """Else that it costs no more would say little."""
    few, _ = ledgers
    view = week_view(few.cursor(), Office.of(few).state(), now=NOW)
    assert view is not None
    assert {one.state for one in view.rows} > {"off"}
    assert any(one.standing.began for one in view.rows)
