"""A label can be withdrawn: both stay on record, and what was there before is in force again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from core.ingest.import_file import ImportSummary, import_file
from core.ledger.connection import Ledger
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.claims.claim_history import outcome_versions
from core.queries.claims.label_states import label_states
from core.queries.labels.weekly_cohorts import Matured, matured_cells
from core.queries.sums.labelling.cohort_ages import cohort_ages
from core.terms import Maturity

NOW = datetime(2026, 12, 1)
CLAIM = {"event_id": "a", "ts": "2026-11-02T00:00:00Z", "signal": "s", "confidence": 0.9}


def label(outcome: Any, day: int, source: str | None = "HUMAN", **more: Any) -> dict[str, Any]:
    stated = {} if source is None else {"outcome_source": source}
    when = f"2026-11-{day:02d}T00:00:00Z"
    return {"event_id": "a", "outcome": outcome, "outcome_ts": when, **stated, **more}


class Taking:
    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger, self.folder, self.count = ledger, folder, 0

    def __call__(self, *records: dict[str, Any]) -> ImportSummary:
        self.count += 1
        path = self.folder / f"{self.count}.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
        return import_file(self.ledger, path, now=NOW)

    def in_force(self) -> tuple[Any, ...]:
        query = "SELECT outcome, outcome_source FROM claims"
        return self.ledger.cursor().execute(query).fetchall()[0]

    def as_known(self, day: int) -> list[int]:
        asked = Selection("s", as_known=datetime(2026, 11, day))
        found = grouped_cells(self.ledger.cursor(), asked).cells
        return [int(n) for cells in found for n in (cells.n.sum(), cells.s.sum())]

    def refused(self) -> list[tuple[Any, ...]]:
        query = "SELECT field, value, reason, mend FROM quarantine"
        return self.ledger.cursor().execute(query).fetchall()

    def states(self, as_known: datetime | None = None) -> Sequence[str]:
        return label_states(outcome_versions(self.ledger.cursor(), "s", "a"), as_known)


@pytest.fixture
def take(ledger: Ledger, tmp_path: Path) -> Taking:
    return Taking(ledger, tmp_path)


def test_a_withdrawn_label_leaves_the_claim_unlabelled_and_both_stay_on_record(take: Taking):
    take(CLAIM)
    take(label(1, 3))
    summary = take(label("withdrawn", 5))

    assert take.in_force() == (None, None)
    assert (summary.n_new, summary.n_corrected, summary.n_attached) == (1, 1, 0)
    assert summary.notices == ("1 label withdrawn.",)
    assert take.states() == ("withdrawn", "withdrawal")
    # As known before, it was there.
    assert take.as_known(4) == [1, 1]
    assert take.as_known(6) == [0, 0]
    assert take.states(datetime(2026, 11, 4)) == ("in force", "not known yet")


def test_the_label_before_the_withdrawn_one_is_in_force_again(take: Taking):
    take(CLAIM, label(0, 3), label(1, 4))
    assert take.in_force() == (1, "HUMAN")
    take(label("Withdrawn ", 5))
    assert take.in_force() == (0, "HUMAN")
    take(label("withdrawn", 6))
    assert take.in_force() == (None, None)
    assert take.states() == ("withdrawn", "withdrawn", "withdrawal", "withdrawal")


def test_where_a_persons_label_is_withdrawn_that_of_code_is_in_force(take: Taking):
    take(CLAIM, label(1, 3, "CODE"), label(0, 4))
    take(label("withdrawn", 5))
    assert take.in_force() == (1, "CODE")


def test_only_a_label_of_the_same_source_is_withdrawn(take: Taking):
    take(CLAIM, label(0, 3))
    summary = take(label("withdrawn", 5, None))
    assert take.in_force() == (0, "HUMAN")
    assert summary.notices == (
        "1 withdrawal found no label of the source it names that is older than it.",
    )


def test_a_withdrawal_may_come_before_its_label_and_before_its_claim(take: Taking):
    take(label("withdrawn", 5))
    take(label(1, 3))
    take(CLAIM)
    assert take.in_force() == (None, None)
    take(label(0, 6))
    assert take.in_force() == (0, "HUMAN")


def test_the_same_withdrawal_again_is_a_duplicate(take: Taking):
    take(CLAIM, label(0, 3), label(1, 4), label("withdrawn", 5))
    summary = take(label("WITHDRAWN", 5), label(1, 4))
    assert (summary.n_new, summary.n_duplicate) == (0, 2)
    assert take.in_force() == (0, "HUMAN")


def test_both_sides_of_a_conflict_are_withdrawn_together(take: Taking):
    take(CLAIM, label(1, 3))
    take(label(1, 4), label(0, 4))
    assert take.in_force() == (None, None)
    take(label("withdrawn", 5))
    assert take.in_force() == (1, "HUMAN")


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (
            {"event_id": "a", "outcome": "", "outcome_ts": "2026-11-06T00:00:00Z"},
            (
                "outcome",
                None,
                "no outcome",
                "leave the record out until its outcome is known; to take a label back, write "
                "withdrawn",
            ),
        ),
        (
            {"event_id": "a", "outcome": "withdrawn"},
            ("outcome_ts", None, "no outcome_ts", "say when the label was withdrawn"),
        ),
        (
            CLAIM | {"event_id": "b", "outcome": "withdrawn", "outcome_ts": "2026-11-06"},
            (
                "outcome",
                "withdrawn",
                "a claim, and only its label can be withdrawn",
                "write event_id, outcome, outcome_ts and outcome_source in a row of their own",
            ),
        ),
    ],
)
def test_what_is_no_withdrawal_is_refused_with_how_to_write_one(
    take: Taking, record: dict[str, Any], fault: tuple[str | None, ...]
):
    take(CLAIM, label(1, 3))
    take(record)
    assert take.refused() == [fault]
    assert take.in_force() == (1, "HUMAN")


# What contradicts.


@pytest.mark.parametrize("turned", [False, True])
def test_a_later_label_of_a_lower_rank_is_announced_and_changes_nothing(take: Taking, turned: bool):
    take(CLAIM)
    labels = [label(0, 3), label(1, 4, "CODE"), label(1, 5, "LLM")]
    summary = take(*(labels[::-1] if turned else labels))
    assert take.in_force() == (0, "HUMAN")
    assert summary.notices == (
        "1 record had an outcome from a source that is not ground truth, such as an LLM judge: "
        "kept beside the truth, never counted as it.",
        "1 claim has a label that contradicts an earlier one of a source that ranks before its "
        "own: the earlier one stays in force.",
        "1 label from sources that are not ground truth, such as an LLM judge, contradicts the "
        "label in force.",
    )
    assert sorted(take.states()) == ["contradicts", "in force", "no truth"]


def test_a_person_who_comes_after_code_overrules_it_and_nothing_is_announced(take: Taking):
    take(CLAIM, label(1, 3, "CODE"))
    summary = take(label(0, 4))
    assert take.in_force() == (0, "HUMAN")
    assert (summary.n_corrected, summary.notices) == (1, ())
    assert take.states() == ("overruled", "in force")


@pytest.mark.parametrize("files", [1, 2])
@pytest.mark.parametrize("turned", [False, True])
def test_two_people_at_the_same_instant_are_a_conflict_until_one_is_confirmed(
    take: Taking, turned: bool, files: int
):
    labels = [label(0, 3), label(1, 3)][:: -1 if turned else 1]
    take(CLAIM)
    for part in [labels] if files == 1 else [labels[:1], labels[1:]]:
        summary = take(*part)
    assert take.in_force() == (None, None)
    assert summary.notices == (
        "1 claim has two labels of one source that say different things at the same instant: "
        "unlabelled until a later label of that source confirms one.",
    )
    assert take.states() == ("conflict", "conflict")
    take(label(1, 4))
    assert take.in_force() == (1, "HUMAN")


def test_what_is_told_by_age_knows_of_withdrawals_from_their_day_on(take: Taking):
    take(CLAIM, label(1, 3), label("withdrawn", 5))
    with take.ledger.cursor() as cursor:
        ages = cohort_ages(cursor, Selection("s"), [2, 4], as_of=NOW)
        later = Matured("s", {}, datetime(2026, 1, 1), NOW, Maturity(days=2, coverage_ppm=800_000))
        assert ages.n.tolist() == [[1, 0]]
        assert int(matured_cells(cursor, later).cells[0].n.sum()) == 1
