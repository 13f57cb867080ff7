"""What labelled claims rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.queries.labels.label_provenance import (
    HowLabelled,
    LabelledDays,
    LastLabel,
    how_labelled,
    labelled_days,
    labels_of,
    last_label,
)

Fill = Callable[..., duckdb.DuckDBPyConnection]


@pytest.fixture
def fill(tmp_path: Path) -> Iterator[Fill]:
    ledgers: list[Ledger] = []

    def import_rows(rows: list[tuple[object, ...]], **columns: object) -> duckdb.DuckDBPyConnection:
        names = ["day", "confidence", "outcome", "seg_topic"]
        frame = pd.DataFrame(rows, columns=names).assign(**columns)
        frame["ts"] = frame.pop("day") + "T12:00:00Z"
        frame.insert(0, "event_id", [f"e{i}" for i in range(len(frame))])
        file = tmp_path / "claims.csv"
        frame.assign(signal="s").astype({"outcome": "Int8"}).to_csv(file, index=False)
        ledgers.append(Ledger.in_memory())
        assert import_file(ledgers[-1], file).n_quarantined == 0
        return ledgers[-1].cursor()

    yield import_rows
    for one in ledgers:
        one.close()


ROWS: list[tuple[object, ...]] = [
    ("2026-03-02", 0.95, 1, "law"),
    ("2026-03-02", 0.95, 0, "law"),
    ("2026-03-03", 0.50, 1, "law"),
    ("2026-03-04", 0.95, None, "law"),
    ("2026-03-04", 0.50, 1, None),
    ("2026-03-05", None, 1, "law"),
]


def test_days_are_counted_once_and_of_labelled_claims_only(fill: Fill) -> None:
    found = labelled_days(fill(ROWS), Selection("s"), ["topic"])
    assert found == {
        (None, None): LabelledDays(3, 1),
        ("topic", "law"): LabelledDays(2, 1),
        ("topic", None): LabelledDays(1, 0),
    }


def test_the_band_begins_at_the_cut_asked_for(fill: Fill) -> None:
    found = labelled_days(fill(ROWS), Selection("s"), high_from=0.5)
    assert found == {(None, None): LabelledDays(3, 3)}


def test_labels_that_were_drawn_or_only_of_what_people_saw_are_told(fill: Fill) -> None:
    cursor = fill(ROWS, action="review", label_propensity=0.1)
    found = how_labelled(cursor, Selection("s"))
    assert found == HowLabelled(6, 5, 5, 0, 0, drawn_alike=True)
    assert not found.fair
    rows = [("2026-03-02", 0.95, None, "law")] * 30
    automated = how_labelled(fill(rows, action="automate"), Selection("s"))
    assert (automated.n_automated, automated.one_sided, automated.fair) == (30, False, True)
    mixed = HowLabelled(40, 10, 0, 30, 0)
    assert (mixed.one_sided, mixed.fair) == (True, False)


def test_labels_of_a_fingerprint_count_inputs_and_tell_the_last_that_came(fill: Fill) -> None:
    cursor = fill(
        ROWS,
        model_version="m1",
        input_id=["a", "a", "b", "c", "d", "e"],
        outcome_ts=["2026-03-05T00:00:00Z"] * 2 + ["2026-03-20T00:00:00Z"] + [None] * 3,
    )
    cursor.execute("UPDATE claims SET outcome_known_at = NULL WHERE input_id = 'd'")
    span = datetime(2026, 3, 2), datetime(2026, 3, 5)
    one = labels_of(cursor, "s", {"model_version": "m1"}, *span)
    assert (one.n_claims, one.n_inputs, one.n, one.n_labelled_inputs) == (5, 4, 4, 3)
    last = last_label(cursor, "s", {"model_version": "m1"})
    assert last == LastLabel(datetime(2026, 3, 20), datetime(2026, 3, 3, 12))
    assert last_label(cursor, "s", {"model_version": "m2"}) is None
    assert labels_of(cursor, "s", {"model_version": "m2"}, *span).n_claims == 0
    assert labels_of(cursor, "s", {}, *span).n_claims == 0
