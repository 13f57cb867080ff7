"""Segments are kept the same whatever file they come in."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.dimensions import logged_values
from core.queries.base.segment_names import kept, kept_sql

CLAIM = {"ts": "2026-11-02T09:00:00Z", "signal": "s", "confidence": 0.9}
WRITTEN = ["\u00a0tax ", "tax", "\ttax\u3000", "Tax", "t\u200bax", " \u2003"]
KEPT = ["tax", "tax", "tax", "Tax", "t\u200bax", None]


@pytest.mark.parametrize("format_", ["csv", "jsonl", "parquet"])
def test_white_space_around_a_value_is_dropped_and_nothing_else(
    tmp_path: Path, format_: str
) -> None:
    file = tmp_path / f"claims.{format_}"
    rows = [{"event_id": f"e{i}", **CLAIM, "seg_topic": one} for i, one in enumerate(WRITTEN)]
    if format_ == "csv":
        pd.DataFrame(rows).to_csv(file, index=False)
    elif format_ == "jsonl":
        file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    else:
        pd.DataFrame(rows).to_parquet(file)
    with Ledger.in_memory() as ledger:
        import_file(ledger, file)
        found = ledger.cursor().execute("SELECT seg_topic FROM claims ORDER BY event_id").fetchall()
        assert logged_values(ledger.cursor(), "s", "topic") == ("Tax", "tax", "t\u200bax")
    assert [value for (value,) in found] == KEPT


def test_a_flattened_object_is_known_in_any_letter_case(tmp_path: Path) -> None:
    file = tmp_path / "claims.jsonl"
    file.write_text(json.dumps({"event_id": "e", **CLAIM, "Segments.Topic": "tax"}))
    with Ledger.in_memory() as ledger:
        import_file(ledger, file)
        assert ledger.cursor().execute('SELECT "seg_Topic" FROM claims').fetchall() == [("tax",)]


@given(st.text() | st.text(st.sampled_from("\t\n\v\f\r \x1c\x85\xa0\u180e\u2007\u200b\u3000ax")))
def test_sql_and_python_keep_the_same_of_any_text(text: str) -> None:
    (row,) = duckdb.execute(f"SELECT {kept_sql('$text')}", {"text": text}).fetchall()
    assert row == (kept(text) or None,)
