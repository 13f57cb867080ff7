"""Which fingerprints made claims, all of them and those selected."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.ledger.errors import UnknownDimension
from core.queries.base.seen.fingerprints_seen import fingerprints_in, fingerprints_seen
from core.queries.base.selection import Selection

CLAIMS = """event_id,ts,signal,confidence,model_version,calibrator_version,split,seg_language
a,2026-11-01T09:00:00Z,s,0.9,m1,,production,en
b,2026-11-02T09:00:00Z,s,,m1,,production,de
c,2026-11-03T09:00:00Z,s,0.9,m1,iso-2,production,de
d,2026-11-04T09:00:00Z,s,0.9,m2,,tuning,en
e,2026-11-05T09:00:00Z,t,0.9,,,production,en
"""
M1, ISO, M2 = (
    (("model_version", "m1"),),
    (("calibrator_version", "iso-2"), ("model_version", "m1")),
    (("model_version", "m2"),),
)


@pytest.fixture(scope="module")
def cursor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("claims")
    file = folder / "claims.csv"
    file.write_text(CLAIMS)
    with Ledger.open(folder / "ledger.duckdb", create=True) as ledger:
        import_file(ledger, file)
        yield ledger.cursor()


def test_every_fingerprint_is_seen_with_its_claims_and_times(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    found = [(one.signal, one.fields, one.n_claims) for one in fingerprints_seen(cursor)]
    assert found == [("s", M1, 2), ("s", ISO, 1), ("s", M2, 1), ("t", (), 1)]
    first = fingerprints_seen(cursor)[0]
    assert first.first_ts == datetime(2026, 11, 1, 9)
    assert first.last_ts == datetime(2026, 11, 2, 9)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, (M1, ISO)),
        ({"where": (("split", ("tuning",)),)}, (M2,)),
        ({"where": (("language", ("en",)),)}, (M1,)),
        ({"since": datetime(2026, 11, 3)}, (ISO,)),
        ({"until": datetime(2026, 11, 1)}, ()),
    ],
)
def test_the_selected_claims_name_their_fingerprints_most_claims_first(
    asked: dict[str, object], found: object, cursor: duckdb.DuckDBPyConnection
) -> None:
    assert fingerprints_in(cursor, Selection("s", **asked)) == found


def test_a_fingerprint_without_any_version_is_one_too(cursor: duckdb.DuckDBPyConnection) -> None:
    assert fingerprints_in(cursor, Selection("t")) == ((),)


def test_an_unknown_dimension_is_refused(cursor: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(UnknownDimension):
        fingerprints_in(cursor, Selection("s", where=(("colour", ("red",)),)))
