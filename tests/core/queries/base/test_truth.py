"""Labels of a judge never count as truth, wherever they are read, and stand beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from core.ingest.import_file import ImportSummary, import_file
from core.ledger.connection import Ledger
from core.ledger.migrations import known_migrations
from core.measure.cells.cells import Cells
from core.queries.base.catalogue import dimensions, label_sources
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.base.truth import EVERY_SOURCE, USUAL, Truth, other_labels_sql, truth_sql
from core.queries.claims.claim_history import outcome_versions
from core.queries.labels.label_provenance import how_labelled
from core.queries.labels.weekly_cohorts import Matured, matured_cells
from core.queries.sums.grouped_sums import grouped_sums
from core.queries.sums.labelling.cohort_ages import cohort_ages
from core.queries.sums.labelling.label_coverage import coverage_by
from core.queries.sums.validation_sample import JudgedSpan, KnownAt, judged_cells
from core.terms import Maturity

NOW = datetime(2026, 12, 1)
MADE = datetime(2026, 11, 2)


class Taking:
    """Brings lists of records into one ledger, a file each."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger, self.folder, self.count = ledger, folder, 0

    def __call__(self, records: Sequence[dict[str, Any]]) -> ImportSummary:
        self.count += 1
        path = self.folder / f"{self.count}.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
        return import_file(self.ledger, path, now=NOW)


@pytest.fixture
def take(ledger: Ledger, tmp_path: Path) -> Taking:
    return Taking(ledger, tmp_path)


@pytest.fixture
def cursor(ledger: Ledger) -> Iterator[duckdb.DuckDBPyConnection]:
    with ledger.cursor() as cursor:
        yield cursor


def claim(event: str, confidence: float = 0.9, **fields: Any) -> dict[str, Any]:
    return {"event_id": event, "ts": f"{MADE.isoformat()}Z", "signal": "s",
            "confidence": confidence, **fields}  # fmt: skip


def label(event: str, outcome: int, source: str | None, day: int = 1) -> dict[str, Any]:
    made = MADE + timedelta(days=day)
    stated = {} if source is None else {"outcome_source": source}
    return {"event_id": event, "outcome": outcome, "outcome_ts": f"{made.isoformat()}Z", **stated}


def in_force(cursor: duckdb.DuckDBPyConnection, event: str = "a") -> tuple[Any, ...]:
    row = cursor.execute(
        "SELECT outcome, outcome_source, outcome_corrected FROM claims WHERE event_id = $event",
        {"event": event},
    ).fetchone()
    assert row is not None
    return row


def whole(cursor: duckdb.DuckDBPyConnection, **given: Any) -> Cells:
    return grouped_cells(cursor, Selection("s", **given)).cells[0]


def lenient(n: int = 300) -> list[dict[str, Any]]:
    """People label a sixth and find it 14 points overconfident; a lenient judge labels the rest."""
    rng = np.random.default_rng(1)
    records = []
    for k in range(n):
        v = float(rng.choice([0.8, 0.9, 0.95, 1.0]))
        right = rng.random() < v - 0.14
        human = k % 6 == 0
        said = right if human else right or rng.random() < 0.9
        source = "HUMAN" if human else "LLM"
        records.append(claim(f"e{k}", v, **label("", int(said), source) | {"event_id": f"e{k}"}))
    return records


# What is in force.


def test_a_judge_that_comes_later_does_not_replace_a_person(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take([claim("a")])
    summary = take([label("a", 0, "HUMAN", 1), label("a", 1, "LLM", 2)])

    assert in_force(cursor) == (0, "HUMAN", False)
    assert (summary.n_attached, summary.n_corrected) == (1, 0)
    assert summary.notices == (
        "1 record had an outcome from a source that is not ground truth, such as an LLM judge: "
        "kept beside the truth, never counted as it.",
        "1 label from sources that are not ground truth, such as an LLM judge, contradicts the "
        "label in force.",
    )


@pytest.mark.parametrize("files", [1, 2])
def test_a_person_replaces_a_judge_however_the_labels_come(
    take: Taking, cursor: duckdb.DuckDBPyConnection, files: int
) -> None:
    labels = [label("a", 1, "LLM", 2), label("a", 0, "HUMAN", 1)]
    take([claim("a")])
    for part in [labels] if files == 1 else [labels[:1], labels[1:]]:
        take(part)

    assert in_force(cursor) == (0, "HUMAN", False)


def test_a_claim_that_only_a_judge_has_labelled_is_unlabelled(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    summary = take([claim("a", outcome=1, outcome_source="LLM"), claim("b", outcome=1)])

    assert in_force(cursor, "a") == (None, None, False)
    assert in_force(cursor, "b") == (1, None, False)
    assert summary.n_attached == 1


def test_people_correct_each_other_and_neither_code_nor_a_judge_outranks_them(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take([claim("a", outcome=1, outcome_source="LLM")])
    first = take([label("a", 0, "HUMAN", 2)])
    second = take([label("a", 1, "CODE", 3), label("a", 1, "LLM", 4), label("a", 1, None, 5)])
    assert in_force(cursor) == (0, "HUMAN", True)
    third = take([label("a", 1, "HUMAN", 6)])

    assert in_force(cursor) == (1, "HUMAN", True)
    assert (first.n_attached, first.n_corrected) == (1, 0)
    assert (second.n_attached, second.n_corrected) == (0, 0)
    assert (third.n_attached, third.n_corrected) == (0, 1)


def test_labels_that_wait_for_their_claim_are_told_apart_when_it_comes(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take([label("a", 1, "LLM", 2), label("a", 0, "HUMAN", 1)])
    take([claim("a")])

    assert in_force(cursor) == (0, "HUMAN", False)


def test_every_version_stays_on_record(take: Taking, cursor: duckdb.DuckDBPyConnection) -> None:
    take([claim("a")])
    take([label("a", 0, "HUMAN", 1), label("a", 1, "LLM", 2)])

    found = outcome_versions(cursor, "s", "a")
    assert [(one.outcome, one.source, one.truth) for one in found] == [
        (0, "HUMAN", True),
        (1, "LLM", False),
    ]


def test_a_ledger_from_before_is_put_right_by_its_migration(ledger: Ledger) -> None:
    with ledger.transaction() as cursor:
        cursor.execute(
            """
            INSERT INTO claims (event_id, signal, ts, confidence_ppm, split, outcome,
                                outcome_known_at, outcome_source, outcome_corrected, import_id,
                                import_row)
            SELECT event, 's', TIMESTAMP '2026-11-02', 900000, 'production', 1,
                   TIMESTAMP '2026-11-04', 'LLM', event = 'both', 1, row
            FROM (VALUES ('both', 1), ('judged', 2)) AS made(event, row)
            """
        )
        cursor.execute(
            """
            INSERT INTO outcomes VALUES
                ('both', NULL, 0, NULL, TIMESTAMP '2026-11-03', 'HUMAN', false, 1, 3),
                ('both', NULL, 1, NULL, TIMESTAMP '2026-11-04', 'LLM', false, 1, 4),
                ('judged', 's', 1, NULL, TIMESTAMP '2026-11-04', 'LLM', true, 1, 2)
            """
        )
        (step,) = [one for one in known_migrations() if one.name == "truth"]
        cursor.execute(step.sql)
        assert in_force(cursor, "both") == (0, "HUMAN", False)
        assert in_force(cursor, "judged") == (None, None, False)


# Every reader.


def test_what_a_lenient_judge_says_hides_nothing_from_any_reader(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take(lenient())
    asked = Selection("s")
    known = KnownAt(NOW, 1)
    matured = Matured("s", {}, MADE - timedelta(days=1), NOW, Maturity(10))
    counts = {
        "cells": whole(cursor).total,
        "as known": whole(cursor, as_known=NOW).total,
        "sums": int(grouped_sums(cursor, asked, [()]).sums.n.sum()),
        "coverage": int(coverage_by(cursor, asked).n.sum()),
        "evidence": judged_cells(cursor, JudgedSpan("s", {}, known, settled=NOW)).cells[0].total,
        "monitor": sum(one.total for one in matured_cells(cursor, matured).cells),
        "ages": int(cohort_ages(cursor, asked, [10]).n.sum()),
        "how labelled": how_labelled(cursor, asked).n,
    }
    assert counts == dict.fromkeys(counts, 50)
    cells = whole(cursor)
    assert int(cells.n_claims.sum()) == 300
    gap = float(cells.n @ cells.v - cells.s.sum()) / cells.total
    assert gap > 0.08


def test_as_known_before_a_judge_came_and_after_it_is_the_same(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take([claim("a")])
    take([label("a", 1, "LLM", 1), label("a", 0, "HUMAN", 3), label("a", 1, "HUMAN", 5),
          label("a", 0, "LLM", 7)])  # fmt: skip

    def known(day: float) -> tuple[int, int]:
        cells = whole(cursor, as_known=MADE + timedelta(days=day))
        return cells.total, int(cells.s.sum())

    assert [known(day) for day in (2, 4, 6, 8)] == [(0, 0), (1, 0), (1, 1), (1, 1)]


def test_evidence_counts_what_was_truth_when_it_was_made(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take(
        [claim("a", outcome=1, outcome_source="LLM"), claim("b", outcome=0, outcome_source="CODE")]
    )
    take([label("b", 1, "LLM", 2)])

    def total(truth: Truth) -> tuple[int, int]:
        judged = JudgedSpan("s", {}, KnownAt(NOW + timedelta(days=1), 2), settled=NOW, truth=truth)
        cells = judged_cells(cursor, judged).cells[0]
        return cells.total, int(cells.s.sum())

    assert total(USUAL) == (1, 0)
    assert total(Truth(("HUMAN",))) == (0, 0)
    # As bundles were made before truth had a source: the later label of the two.
    assert total(EVERY_SOURCE) == (2, 1)


# The dimension.


def test_labels_can_be_grouped_by_who_gave_them(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take([claim("a"), claim("b"), claim("c"), claim("d")])
    take([label("a", 0, "HUMAN"), label("a", 1, "LLM", 2), label("b", 1, "LLM"),
          label("c", 1, None)])  # fmt: skip

    found = grouped_cells(cursor, Selection("s"), ["outcome_source"])
    counts = {
        key[0]: (int(cells.n_claims.sum()), cells.total, int(cells.s.sum()))
        for key, cells in zip(found.keys, found.cells, strict=True)
    }
    assert counts == {"HUMAN": (1, 1, 0), "LLM": (2, 2, 2), None: (1, 1, 1)}
    assert label_sources(cursor, "s") == {"HUMAN": 1, "LLM": 2, None: 1}


@pytest.mark.parametrize(
    ("value", "n", "right"), [("HUMAN", 1, 0), ("LLM", 2, 2), ("CODE", 0, 0), (None, 1, 1)]
)
def test_labels_can_be_filtered_by_who_gave_them(
    take: Taking, cursor: duckdb.DuckDBPyConnection, value: str | None, n: int, right: int
) -> None:
    take([claim("a"), claim("b"), claim("c"), claim("d")])
    take([label("a", 0, "HUMAN"), label("a", 1, "LLM", 2), label("b", 1, "LLM"),
          label("c", 1, None)])  # fmt: skip

    for as_known in (None, NOW):
        cells = whole(cursor, where=(("outcome_source", (value,)),), as_known=as_known)
        assert (int(cells.n_claims.sum()), cells.total, int(cells.s.sum())) == (n, n, right)


def test_who_labelled_is_as_it_was_known(take: Taking, cursor: duckdb.DuckDBPyConnection) -> None:
    take([claim("a")])
    take([label("a", 0, "HUMAN", 1), label("a", 1, "LLM", 3), label("a", 1, "CODE", 5)])

    def sources(day: int) -> dict[str | None, int]:
        asked = Selection("s", as_known=MADE + timedelta(days=day))
        found = grouped_cells(cursor, asked, ["outcome_source"])
        return {
            key[0]: int(cells.s.sum()) for key, cells in zip(found.keys, found.cells, strict=True)
        }

    assert [sources(day) for day in (2, 4, 6)] == [
        {"HUMAN": 0},
        {"HUMAN": 0, "LLM": 1},
        {"HUMAN": 0, "LLM": 1},
    ]


def test_a_grouping_by_source_beside_others_leaves_these_as_they_are(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take(lenient())
    found = grouped_sums(cursor, Selection("s"), [(), ("outcome_source",)])
    counts = {
        (*by, *key): (int(found.sums.n_claims[g]), int(found.sums.n[g].sum()))
        for g, (by, key) in enumerate(found.entries)
    }
    assert counts == {
        (): (300, 50),
        ("outcome_source", "HUMAN"): (50, 50),
        ("outcome_source", "LLM"): (250, 250),
    }


def test_the_catalogue_lists_who_labelled(take: Taking, cursor: duckdb.DuckDBPyConnection) -> None:
    take([*lenient(), claim("x", outcome=1)])
    (found,) = [one for one in dimensions(cursor, "s") if one.name == "outcome_source"]
    assert found.values == (("LLM", 250), ("HUMAN", 50))
    assert found.n_missing == 1


def test_labels_without_a_source_are_no_dimension(
    take: Taking, cursor: duckdb.DuckDBPyConnection
) -> None:
    take([claim("x", outcome=1)])
    assert not [one for one in dimensions(cursor, "s") if one.name == "outcome_source"]


# What counts.


@pytest.mark.parametrize(
    ("truth", "counting"),
    [
        (USUAL, {"HUMAN", "CODE", None}),
        (Truth(("HUMAN",)), {"HUMAN", None}),
        (Truth(("CODE",), unstated=False), {"CODE"}),
        (EVERY_SOURCE, {"HUMAN", "CODE", "LLM", None}),
    ],
)
def test_sql_and_python_count_the_same_labels(
    cursor: duckdb.DuckDBPyConnection, truth: Truth, counting: set[str | None]
) -> None:
    rows = cursor.execute(
        f"""
        SELECT source, {truth.sql()}, {truth_sql({"it's": truth}, "signal", "source")}
        FROM (VALUES ('HUMAN'), ('CODE'), ('LLM'), (NULL)) AS label(source),
             (SELECT 'it''s' AS signal)
        """
    ).fetchall()
    assert {source for source, counts, _ in rows if counts} == counting
    assert all(counts == declared == truth.counts(source) for source, counts, declared in rows)


def test_other_labels_are_sought_by_name_so_that_none_cost_nothing(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    assert "source = 'LLM'" in other_labels_sql(cursor, USUAL)
    assert "source = 'CODE'" not in other_labels_sql(cursor, USUAL)
    assert "source IS NULL" in other_labels_sql(cursor, Truth(("HUMAN",), unstated=False))
