"""A segment dimension of ids or free text is kept whole, told of, and not split by."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from core.ingest.import_file import ImportSummary, import_file
from core.ledger.connection import Ledger
from core.ledger.errors import UnknownDimension
from core.queries.base.cells import grouped_cells
from core.queries.base.segment_names import MOST_VALUES
from core.queries.base.selection import Selection
from core.queries.sums.grouped_sums import grouped_sums


def bring(ledger: Ledger, folder: Path, first: int, count: int) -> ImportSummary:
    frame = pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(first, first + count)],
            "ts": "2026-11-02T09:00:00Z",
            "signal": "s",
            "confidence": 0.9,
            "outcome": 1,
            "seg_topic": ["law", "tax"] * (count // 2),
            "seg_user": [f"u{i}" for i in range(first, first + count)],
        }
    )
    frame.to_csv(folder / f"{first}.csv", index=False)
    return import_file(ledger, folder / f"{first}.csv")


def test_up_to_the_bound_a_dimension_is_like_any_other(ledger: Ledger, tmp_path: Path) -> None:
    assert bring(ledger, tmp_path, 0, MOST_VALUES).notices == ()
    with ledger.cursor() as cursor:
        assert len(grouped_cells(cursor, Selection("s"), ["user"])) == MOST_VALUES


def test_beyond_it_every_claim_is_kept_and_the_import_says_so(
    ledger: Ledger, tmp_path: Path
) -> None:
    count = MOST_VALUES + 2
    found = bring(ledger, tmp_path, 0, count)
    assert (found.n_new, found.n_quarantined) == (count, 0)
    (notice,) = found.notices
    assert notice.startswith("seg_user of s has 1,002 different values, and claims are split by")
    assert notice.endswith("as an attribute, or log a coarser segment.")
    with ledger.cursor() as cursor:
        (n,) = cursor.execute("SELECT count(DISTINCT seg_user) FROM claims").fetchone() or (0,)
    assert n == count


def test_values_that_come_a_few_at_a_time_are_counted_together(
    ledger: Ledger, tmp_path: Path
) -> None:
    bring(ledger, tmp_path, 0, MOST_VALUES)
    (notice,) = bring(ledger, tmp_path, MOST_VALUES, 2).notices
    assert "1,002 different values" in notice


def test_claims_are_not_split_by_it_but_can_be_narrowed_to_one_of_its_values(
    ledger: Ledger, tmp_path: Path
) -> None:
    bring(ledger, tmp_path, 0, MOST_VALUES + 2)
    claims, why = Selection("s"), "seg_user has 1,002 different values"
    with ledger.cursor() as cursor:
        with pytest.raises(UnknownDimension, match=why):
            grouped_cells(cursor, claims, ["user"])
        with pytest.raises(UnknownDimension, match=why):
            grouped_sums(cursor, claims, [("topic",), ("user", "topic")], high_from=0.9)
        one = Selection("s", where=(("user", ("u7",)),))
        assert grouped_cells(cursor, one).cells[0].n_claims.sum() == 1
        assert grouped_cells(cursor, one, ["user"]).keys == (("u7",),)
