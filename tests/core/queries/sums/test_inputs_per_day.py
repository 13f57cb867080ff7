"""What comes in is counted once, at its first claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.sums.inputs_per_day import Arrived, arrivals

FROM, TO = datetime(2026, 3, 2), datetime(2026, 3, 9)


@pytest.fixture
def cursor(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    rows = [
        # Asked again the day after, and by another version.
        ("a", "2026-03-02", "i1", 0.95, "de", "m1"),
        ("b", "2026-03-03", "i1", 0.05, "de", "m1"),
        ("c", "2026-03-03", "i1", 0.45, "de", "m2"),
        # First seen before the week.
        ("d", "2026-02-20", "i2", 0.95, "en", "m1"),
        ("e", "2026-03-04", "i2", 0.95, "en", "m1"),
        # Inputs of their own.
        ("f", "2026-03-04", None, 1.0, "en", "m2"),
        ("g", "2026-03-04", None, None, "en", "m2"),
        # Language not named; then one out of time.
        ("h", "2026-03-05", "i3", 0.0, None, "m2"),
        ("i", "2026-03-09", "i4", 0.5, "de", "m2"),
    ]
    columns = ["event_id", "day", "input_id", "confidence", "seg_language", "model_version"]
    frame = pd.DataFrame(rows, columns=columns)
    frame["ts"] = frame.pop("day") + "T12:00:00Z"
    frame["signal"] = "s"
    tuned = frame.head(1).assign(event_id="t", input_id="i9", split="tuning")
    file = tmp_path / "claims.csv"
    pd.concat([frame.assign(split="production"), tuned]).to_csv(file, index=False)
    with Ledger.in_memory() as ledger:
        assert import_file(ledger, file).n_quarantined == 0
        yield ledger.cursor()


def found(cursor: duckdb.DuckDBPyConnection) -> tuple[Arrived, ...]:
    return arrivals(cursor, "s", FROM, TO, ["language"])


def test_an_input_counts_once_at_its_first_claim(cursor: duckdb.DuckDBPyConnection) -> None:
    languages = {
        (one.value, one.day): one.n for one in found(cursor) if one.dimension == "language"
    }
    assert languages == {
        ("de", date(2026, 3, 2)): 1,
        ("en", date(2026, 3, 4)): 2,
        (None, date(2026, 3, 5)): 1,
    }


def test_the_stated_confidence_is_that_of_the_first_claim_by_version(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    stated = [one for one in found(cursor) if one.dimension is None]
    # The unstated one is left out; exactly 1 is in the last bin, and 0 in the first.
    assert Counter(one.value for one in stated) == {"9": 2, "0": 1}
    versions = {one.version for one in stated}
    assert len(versions) == 2
    assert all('"m1"' in one or '"m2"' in one for one in versions if one is not None)


def test_without_repeats_every_claim_is_an_input(tmp_path: Path) -> None:
    file = tmp_path / "own.csv"
    file.write_text(
        "event_id,ts,signal,confidence,seg_a\n"
        "a,2026-03-02T12:00:00Z,s,0.9,x\nb,2026-03-02T13:00:00Z,s,0.9,x\n"
    )
    with Ledger.in_memory() as ledger:
        import_file(ledger, file)
        each = arrivals(ledger.cursor(), "s", FROM, TO, ["a"])
    assert [(one.dimension, one.n) for one in each] == [("a", 2), (None, 2)]


def test_without_a_dimension_only_what_was_stated_is_counted(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    assert {one.dimension for one in arrivals(cursor, "s", FROM, TO, [])} == {None}
