"""What the claims of every signal say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.claims.claims_per_signal import (
    VersionClaims,
    accounts,
    claims_by_import,
    decisions_by_seal,
    most_moved,
)

NOW = datetime(2026, 11, 23)
FIELDS = ("event_id", "ts", "signal", "confidence", "outcome", "model_version", "input_id", "split",
          "action", "label_propensity", "seg_topic")  # fmt: skip
CLAIMS = """\
a1,2026-09-01T09:00:00Z,a,0.8,1,m1,i1,production,automate,,x
a2,2026-09-02T09:00:00Z,a,0.6,0,m1,i2,production,automate,0.5,x
a3,2026-10-01T09:00:00Z,a,,1,m1,i3,production,review,,y
a4,2026-11-20T09:00:00Z,a,0.9,1,m1,,production,,,y
a5,2026-09-03T09:00:00Z,a,0.9,1,m1,i1,tuning,,,x
b1,2026-10-02T09:00:00Z,b,0.7,,,,production,review,,
c1,2026-12-02T09:00:00Z,c,0.7,,,,production,,,
"""


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("claims")
    file = folder / "claims.csv"
    file.write_text(f"{','.join(FIELDS)}\n{CLAIMS}")
    with Ledger.open(folder / "ledger.duckdb", create=True) as ledger:
        import_file(ledger, file)
        yield ledger.cursor()


def account(cursor: duckdb.DuckDBPyConnection, signal: str, split: str) -> VersionClaims:
    found = accounts(cursor, settled=datetime(2026, 10, 24), now=NOW)
    (one,) = (each for each in found if (each.signal, each.split) == (signal, split))
    return one


def test_claims_are_counted_by_version_and_split(cursor: duckdb.DuckDBPyConnection) -> None:
    one = account(cursor, "a", "production")
    assert one.fields == (("model_version", "m1"),)
    assert (one.n_claims, one.n_named, one.n_automated) == (4, 3, 2)
    assert (one.n_known, one.n_automated_labelled, one.n_drawn) == (4, 2, 1)
    assert account(cursor, "a", "tuning").n_claims == 1


def test_sums_are_over_settled_labels_that_state_a_confidence(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    one = account(cursor, "a", "production")
    assert (one.n, one.right) == (2, 1)
    assert one.stated == pytest.approx(1.4)


def test_claims_that_are_still_to_come_are_left_out(cursor: duckdb.DuckDBPyConnection) -> None:
    found = accounts(cursor, settled=datetime(2026, 10, 24), now=NOW)
    assert {one.signal for one in found} == {"a", "b"}


def test_the_segment_whose_share_moved_most_is_named(cursor: duckdb.DuckDBPyConnection) -> None:
    found = most_moved(cursor, datetime(2026, 8, 1), datetime(2026, 9, 15), datetime(2026, 11, 1))
    one = found["a"]
    assert (one.dimension, one.value) == ("topic", "x")
    assert (one.before, one.after, one.n_before, one.n_after) == (1.0, 0.0, 2, 1)
    # No claim of it before, and none that names a segment.
    assert "b" not in found


def test_claims_are_counted_by_the_import_they_came_with(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    assert claims_by_import(cursor) == {"a": {1: 5}, "b": {1: 1}, "c": {1: 1}}


def test_without_decisions_none_is_sealed(cursor: duckdb.DuckDBPyConnection) -> None:
    assert decisions_by_seal(cursor, 0) == {}
