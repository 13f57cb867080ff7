"""What was done with claims and how often it was wrong; and cells of settled labels only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.measure.failures.theatre import Handled
from core.queries.base.selection import Selection
from core.queries.base.together.asking import answered, ask
from core.queries.claims.decision_outcomes import handled
from core.queries.sums.labelling.settled_cells import SettledAsked
from core.queries.sums.rule_outcomes import Sorting, counted

DAY = datetime(2026, 11, 2)
SELECTION = Selection("s")
EVERYTHING = Sorting()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    columns = ["event_id", "ts", "confidence", "outcome", "action", "input_id", "label_propensity"]
    rows = [
        ("a", "2026-10-01", 0.9, 1, "automate", "i", None),
        ("b", "2026-10-01", 0.9, 0, "automate", "i", None),
        ("c", "2026-10-02", 0.8, 0, "automate", "j", None),
        ("d", "2026-11-20", 0.8, 0, "automate", "k", None),
        ("e", "2026-10-02", 0.4, 0, "review", None, 0.25),
        ("f", "2026-10-02", 0.4, 1, "review", None, 1.0),
        ("g", "2026-10-02", None, 1, None, None, None),
    ]
    file = tmp_path / "claims.csv"
    frame = pd.DataFrame(rows, columns=columns).assign(signal="s").astype({"outcome": "Int8"})
    frame.to_csv(file, index=False)
    with Ledger.in_memory() as ledger:
        assert import_file(ledger, file).n_quarantined == 0
        yield ledger


def by_action(ledger: Ledger, before: datetime = DAY) -> dict[str, Handled]:
    with ledger.cursor() as cursor:
        codes = {one.code for one in counted(cursor, SELECTION, EVERYTHING)}
        groups: dict[str, list[int]] = {}
        for code in codes:
            groups.setdefault(str(EVERYTHING.sort(code).action), []).append(code)
        return handled(cursor, SELECTION, EVERYTHING, groups, before)


def test_young_labels_do_not_count_and_their_claims_do(ledger: Ledger) -> None:
    found = by_action(ledger)["automate"]
    assert (found.n_claims, found.n) == (4, 3)
    assert found.error_rate == pytest.approx(2 / 3)


def test_an_inputs_claims_are_worth_less_than_their_number(ledger: Ledger) -> None:
    # Input i has two labels, j one: (2 + 1)² / (2² + 1²).
    assert by_action(ledger)["automate"].worth == pytest.approx(9 / 5)


def test_labels_are_weighted_by_the_chance_they_were_drawn_with(ledger: Ledger) -> None:
    found = by_action(ledger)["review"]
    assert found.error_rate == pytest.approx(4 / 5)
    assert found.worth == pytest.approx(25 / 17)


def test_claims_without_an_action_are_a_group_of_their_own(ledger: Ledger) -> None:
    found = by_action(ledger)["None"]
    assert (found.n_claims, found.n, found.error_rate) == (1, 1, 0)


def test_claims_that_share_no_input_are_summed_alike_where_another_signals_do(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = [f"x{i},2026-10-0{1 + i % 3},t,0.{i},{i % 2},automate,i{i},0.{i}" for i in range(1, 9)]
    header = "event_id,ts,signal,confidence,outcome,action,input_id,label_propensity"
    file = tmp_path / "single.csv"

    def sums(more: Sequence[str]) -> Handled:
        file.write_text("\n".join([header, *rows, *more, ""]))
        import_file(ledger, file)
        with ledger.cursor() as cursor:
            codes = {one.code for one in counted(cursor, Selection("t"), EVERYTHING)}
            automated = [one for one in codes if EVERYTHING.sort(one).action == "automate"]
            return handled(cursor, Selection("t"), EVERYTHING, {"a": automated}, DAY)["a"]

    single = sums([])
    # A review of two on one input is outside of the group, and has it grouped by input.
    grouped = sums([f"y{i},2026-10-01,t,0.5,1,review,twice," for i in range(2)])
    assert (single.n_claims, single.n) == (grouped.n_claims, grouped.n) == (8, 8)
    assert single.error_rate == pytest.approx(grouped.error_rate, rel=1e-12)
    assert single.worth == pytest.approx(grouped.worth, rel=1e-12)


def test_without_a_label_there_is_no_rate_and_no_worth(ledger: Ledger) -> None:
    found = by_action(ledger, datetime(2026, 1, 1))["automate"]
    assert (found.n_claims, found.n) == (4, 0)
    assert (found.error_rate, found.worth) == (None, 0)


def test_settled_cells_count_every_claim_and_old_labels_only(ledger: Ledger) -> None:
    with ledger.cursor() as cursor:
        (cells,) = answered(cursor, ask(SettledAsked(SELECTION, DAY))).cells
    assert cells.v.tolist() == [0.4, 0.8, 0.9]
    assert cells.n_claims.tolist() == [2, 2, 2]
    assert cells.n.tolist() == [2, 1, 2]
    assert cells.s.tolist() == [1, 0, 1]
    assert cells.n_unstated == 1
    assert cells.inputs is not None
    assert cells.n_inputs == 4
