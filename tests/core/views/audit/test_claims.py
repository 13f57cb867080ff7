"""What a search of claims says it found."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from core.queries.base.selection import Selection
from core.queries.claims.claim_list import ClaimCounts, Search
from core.views.audit.claims import DOWNLOAD_SIZE, LEAF_SIZE, download, found, found_sentence, leaf
from sample_data.generate import SELF_REPORT

WHOLE = Search(Selection(SELF_REPORT))


@pytest.mark.parametrize(
    ("counts", "total", "sentence"),
    [
        (
            ClaimCounts(312, 300, 41),
            6601,
            "312 of 6,601 claims; 41 of them stated 90% or more and were wrong.",
        ),
        (
            ClaimCounts(312, 300, 1),
            6601,
            "312 of 6,601 claims; 1 of them stated 90% or more and was wrong.",
        ),
        (
            ClaimCounts(6601, 9, 0),
            6601,
            "6,601 claims; none of them stated 90% or more and was wrong.",
        ),
        (
            ClaimCounts(41, 41, 41),
            99,
            "41 of 99 claims; all of them stated 90% or more and were wrong.",
        ),
        (ClaimCounts(1, 1, 1), 99, "1 of 99 claims; it stated 90% or more and was wrong."),
        (ClaimCounts(312, 0, 0), 6601, "312 of 6,601 claims; no outcome is known yet."),
        (ClaimCounts(0, 0, 0), 6601, "None of 6,601 claims."),
        (ClaimCounts(1, 0, 0), 1, "1 claim; no outcome is known yet."),
    ],
)
def test_what_was_found_is_said_in_a_sentence(
    counts: ClaimCounts, total: int, sentence: str
) -> None:
    assert found_sentence(counts, total) == sentence


def test_the_leaves_hold_every_claim_once(sample: duckdb.DuckDBPyConnection) -> None:
    narrow = Search(WHOLE.selection, outcomes=("wrong",), stated_from=0.9)
    said = found(sample, narrow, 10_000)
    leaves = [leaf(sample, narrow, "worst", number + 1) for number in range(said.n_leaves)]
    assert said.n_leaves > 1
    assert [len(one) for one in leaves[:-1]] == [LEAF_SIZE] * (said.n_leaves - 1)
    whole = pd.concat(leaves, ignore_index=True)
    assert whole["event_id"].is_unique
    assert len(whole) == said.counts.n_found == said.counts.n_high_wrong
    assert whole["outcome"].eq(0).all()
    assert whole["confidence"].ge(0.9).all()
    pd.testing.assert_frame_equal(whole, download(sample, narrow, "worst"))


def test_nothing_found_is_one_empty_leaf(sample: duckdb.DuckDBPyConnection) -> None:
    nothing = Search(WHOLE.selection, id_prefix="no such id")
    assert found(sample, nothing, 5).n_leaves == 1
    assert leaf(sample, nothing, "-ts", 1).empty


def test_a_download_holds_all_that_is_found_in_a_usual_ledger(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    n = found(sample, WHOLE, 1).counts.n_found
    assert len(download(sample, WHOLE, "-ts")) == n < DOWNLOAD_SIZE
