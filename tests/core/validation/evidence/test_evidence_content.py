"""What a bundle holds, byte for byte."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.escalation_rules import Override, RuleBand
from core.trail.canonical_json import canonical
from core.validation.evidence import freeze, store
from tests.worlds.governed.evidence_claims import (
    MODEL,
    MONDAY,
    NOW,
    SPEC,
    Fill,
    claims,
    frozen,
    verified,
    weekly,
)


def test_what_would_be_automated_follows_the_overrides(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100, [0], seg_language="de"), claims("hi", 100, MONDAY, seg_language="hi"))
    rules = replace(
        SPEC.rules,
        overrides=(
            Override("language", "hi", (RuleBand(950_000, "review"), RuleBand(None, "automate"))),
        ),
        known_values=(("language", ("de",)),),
    )

    bundle = frozen(ledger, replace(SPEC, rules=rules))

    # A quarter of each language is stated at 0.9, a quarter at 0.95.
    table = {one["rule"]: one["n_claims"] for one in bundle.content["rules"]}
    assert table["override:language=hi:band:0.95-1"] == 25
    assert table["band:0.90-1"] == 50
    error = bundle.whole.sample.results[3]
    assert (error.metric, error.n) == ("automated_error", 75)


def test_freezing_twice_gives_the_same_bytes(ledger: Ledger, fill: Fill) -> None:
    rows = [row for batch in weekly(100) for row in batch]
    for i, row in enumerate(rows):
        row["input_id"] = f"input-{i // 3}"
    fill(rows)

    one, two = frozen(ledger), frozen(ledger)

    assert one.text == two.text
    assert one.sha256 == two.sha256
    assert canonical(json.loads(one.text)) == one.text


def test_claims_that_came_in_another_order_give_the_same_evidence(tmp_path: Path) -> None:
    rows = [row for batch in weekly(60) for row in batch]
    for i, row in enumerate(rows):
        row["input_id"] = f"input-{i // 3}"
    found = []
    for name, order in (("one", rows), ("two", rows[::-1])):
        file = tmp_path / f"{name}.parquet"
        frame = pd.DataFrame(order)
        frame.to_parquet(file)
        with Ledger.in_memory() as ledger:
            import_file(ledger, file, now=NOW)
            found.append(frozen(ledger).text)

    assert found[0] == found[1]


def test_a_bundle_holds_no_float(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(100, off=0.01))

    def floats(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(floats, value.values()))
        if isinstance(value, list):
            return any(map(floats, value))
        return isinstance(value, float)

    assert not floats(json.loads(frozen(ledger).text))


def test_freezing_works_inside_a_writing_transaction(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50))

    with ledger.transaction() as cursor:
        bundle = freeze(cursor, SPEC, MODEL, at=NOW, program="x")
        store(cursor, bundle)

    assert verified(ledger, bundle.sha256).same


def test_the_ledger_is_only_read(ledger: Ledger, fill: Fill) -> None:
    fill(*weekly(50))

    def rows(cursor: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
        return cursor.execute(
            "SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL"
        ).fetchall()

    with ledger.cursor() as cursor:
        before = rows(cursor)
        freeze(cursor, SPEC, MODEL, at=NOW, program="x")
        assert rows(cursor) == before
