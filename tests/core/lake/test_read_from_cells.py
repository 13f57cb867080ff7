"""A ledger that holds cells and no claims answers as one that holds the claims, or says why not."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from core.audit.verify import verify_ledger
from core.findings.detectors.all import detected
from core.gate.registry_changes import apply
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.ledger.errors import NeedsClaims
from core.queries.base.catalogue import signals
from core.queries.base.cells import grouped_cells
from core.queries.base.kept.at_hand import days_not_at_hand, signals_elsewhere
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import asked_once
from core.queries.claims.claim_list import claims
from core.queries.labels.disputes import disputes
from core.queries.sums.labelling.cohort_ages import cohort_ages
from core.queries.sums.validation_sample import (
    JudgedSpan,
    KnownAt,
    claims_digest,
    newest_import,
)
from core.registry.yaml_reader import read
from core.sentences.loaded_cells import not_looked_for
from core.standing.verdict import standing_verdicts
from core.views.review.changes import compare
from core.views.review.drift import drift_view
from core.views.review.reliability import reliability_view
from core.views.review.segments import segments_view
from core.views.review.week.this_week import week_view
from core.views.shared.measures import measure
from dashboard.cli.main import main
from tests.conftest import NOW
from tests.worlds.claims.event_logs import EventWorld, world
from tests.worlds.claims.lakes import load_log, write_log_of
from tests.worlds.governed.entries import entry
from tests.worlds.governed.proven_cuts import prove_cuts

#: With corrected labels, actions, segments and tuning claims.
TRIAGE = "ticket-triage.self-report"
#: Whose inputs repeat.
REPLIES = "reply-safety.self-report"
#: Claims of before then come in one by one; those of the days after are in cells alone.
MIDNIGHT = datetime(2026, 10, 21)


@dataclass(frozen=True)
class Both:
    """The sample in two ledgers: as claims, and as cells alone."""

    events: Ledger
    cells: Ledger

    def ask(self, question: Callable[[duckdb.DuckDBPyConnection], Any]) -> tuple[Any, Any]:
        """What both answer."""
        found = []
        for ledger in (self.events, self.cells):
            with ledger.cursor() as cursor, asked_once():
                found.append(question(cursor))
        return found[0], found[1]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, sample_path: Path) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    shutil.copy(sample_path, folder / "events.duckdb")
    with (
        Ledger.open(folder / "events.duckdb") as events,
        Ledger.open(folder / "cells.duckdb", create=True) as cells,
    ):
        write_log_of(events, folder / "log")
        load_log(Office.of(cells), folder / "log", folder / "built")
        yield Both(events, cells)


def told(value: Any, digits: int | None = None) -> Any:
    """A view as what can be compared, and no number is itself.

    Args:
        digits: after the point; None: to the last bit.
    """
    if isinstance(value, pd.DataFrame | pd.Series):
        return value.to_csv(float_format="%.17g")
    if isinstance(value, np.ndarray):
        return value.shape, value.tobytes()
    if isinstance(value, dict):
        return {key: told(one, digits) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [told(one, digits) for one in value]
    if hasattr(value, "__dataclass_fields__"):
        return {name: told(getattr(value, name), digits) for name in value.__dataclass_fields__}
    if digits is not None and isinstance(value, float):
        return repr(round(value, digits))
    return repr(value)


@pytest.mark.parametrize(
    "question",
    [
        lambda cursor: signals(cursor),
        lambda cursor: measure(cursor, Selection(TRIAGE), by=["language"], as_of=NOW).groups,
        lambda cursor: (
            measure(
                cursor, Selection(TRIAGE).narrowed("model_version", "assist-2"), as_of=NOW
            ).groups
        ),
        lambda cursor: reliability_view(cursor, Selection(TRIAGE), as_of=NOW),
        lambda cursor: drift_view(cursor, Selection(TRIAGE), as_of=NOW),
        lambda cursor: segments_view(
            cursor,
            Selection(TRIAGE),
            row="topic",
            column="confidence_band",
            segment_dimensions=["topic", "language"],
        ),
        lambda cursor: standing_verdicts(cursor, None, NOW, only=(TRIAGE,)),
        lambda cursor: [
            row for row in rows_of_week(cursor) if row.signal in (TRIAGE, "answer-quality.judge")
        ],
    ],
    ids=[
        "signals",
        "measure",
        "filtered",
        "reliability",
        "drift",
        "segments",
        "verdict",
        "week",
    ],
)
def test_cells_give_the_numbers_of_the_claims_to_the_last_bit(
    both: Both, question: Callable[[duckdb.DuckDBPyConnection], Any]
) -> None:
    of_claims, of_cells = both.ask(question)
    assert told(of_cells) == told(of_claims)
    assert of_claims


def rows_of_week(cursor: duckdb.DuckDBPyConnection) -> Any:
    view = week_view(cursor, None, now=NOW)
    assert view is not None
    return view.rows


def test_versions_compare_alike_up_to_the_order_in_which_fractions_are_summed(both: Both) -> None:
    versions = [Selection(TRIAGE).narrowed("model_version", f"assist-{i}") for i in (1, 2)]
    of_claims, of_cells = both.ask(lambda cursor: compare(cursor, *versions, by=["topic"]))
    assert told(of_cells, 9) == told(of_claims, 9)


def test_a_day_can_be_asked_for_without_a_segment(both: Both) -> None:
    days = Selection(TRIAGE, since=datetime(2026, 9, 2), until=datetime(2026, 9, 4))
    of_claims, of_cells = both.ask(lambda cursor: grouped_cells(cursor, days).cells[0])
    assert told(of_cells) == told(of_claims)
    assert of_claims.n.sum() > 0


@pytest.mark.parametrize(
    "question",
    [
        lambda cursor: grouped_cells(cursor, Selection(TRIAGE), ["topic", "language"]),
        lambda cursor: grouped_cells(cursor, Selection(TRIAGE), ["outcome_source"]),
        lambda cursor: grouped_cells(cursor, Selection(TRIAGE, as_known=datetime(2026, 10, 1))),
        lambda cursor: grouped_cells(cursor, Selection(TRIAGE, since=datetime(2026, 9, 2, 12))),
        lambda cursor: grouped_cells(
            cursor, Selection(TRIAGE, since=datetime(2026, 9, 2)), ["topic"]
        ),
        lambda cursor: grouped_cells(cursor, Selection(REPLIES)),
        lambda cursor: claims(cursor, Selection(TRIAGE), limit=5),
        lambda cursor: disputes(cursor, TRIAGE, limit=5),
    ],
    ids=["pair", "source", "known", "hours", "part of a week", "repeats", "list", "disputes"],
)
def test_what_needs_single_claims_says_so(
    both: Both, question: Callable[[duckdb.DuckDBPyConnection], Any]
) -> None:
    with both.cells.cursor() as cursor, pytest.raises(NeedsClaims, match="single claims"):
        question(cursor)


def test_a_signal_whose_inputs_repeat_has_no_verdict_and_not_too_few_labels(both: Both) -> None:
    with both.cells.cursor() as cursor:
        (one,) = standing_verdicts(cursor, None, NOW, only=(REPLIES,))[REPLIES][:1]
        view = week_view(cursor, None, now=NOW)
    assert one.lacks
    assert not one.speaks_for_all
    assert view is not None
    assert REPLIES in view.unread
    assert REPLIES not in view.quiet
    assert f"{REPLIES}. Counted from loaded cells" in not_looked_for(view.elsewhere, view.unread)


def test_no_check_stops_on_loaded_cells_and_none_takes_some_claims_for_all(tmp_path: Path) -> None:
    events = world(5)
    events.write_log(tmp_path / "log")
    with Ledger.open(tmp_path / "my.duckdb", create=True) as ledger:
        office = Office.of(ledger, clock=lambda: datetime(2026, 10, 1))
        run = prove_cuts(office, "triage", "user:t/adam")
        office.clock = lambda: datetime(2026, 11, 2)
        load_log(office, tmp_path / "log", tmp_path / "built")
        with ledger.cursor() as cursor:
            names = [one.name for one in signals(cursor)]
        written = (
            entry(name, stakes="low", escalation={"cutsFrom": run} if name == "triage" else {})
            for name in names
        )
        apply(office, read("---\n".join(written)), "user:t/adam")
        with ledger.cursor() as cursor:
            assert signals_elsewhere(cursor) == tuple(names)
            found = detected(cursor, office.state(), datetime(2026, 12, 28))
        assert [one.text for one in found if one.kind == "check_failed"] == []
        EventWorld(
            [
                (kind, at, [row for row in rows if row.get("ts", MIDNIGHT) < MIDNIGHT])
                for kind, at, rows in events.batches
                if kind == "claims"
            ]
        ).import_all(ledger, tmp_path / "files")
        with ledger.cursor() as cursor:
            found = detected(cursor, office.state(), MIDNIGHT + timedelta(days=8))
        assert not {"check_failed", "volume_stopped"} & {one.kind for one in found}


# -- claims beside them ----------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path: Path) -> Iterator[tuple[EventWorld, Office]]:
    """Cells of a log of few weeks, and the events they were counted from."""
    events = world(5)
    events.write_log(tmp_path / "log")
    with Ledger.open(tmp_path / "my.duckdb", create=True) as ledger:
        office = Office.of(ledger)
        load_log(office, tmp_path / "log", tmp_path / "built")
        yield events, office


def test_all_claims_of_the_days_asked_about_answer_in_the_place_of_cells(
    made: tuple[EventWorld, Office], tmp_path: Path
) -> None:
    events, office = made
    pair = Selection("triage"), ["topic", "user"]
    with office.ledger.cursor() as cursor, pytest.raises(NeedsClaims):
        grouped_cells(cursor, *pair)
    events.import_all(office.ledger, tmp_path / "files")
    with office.ledger.cursor() as cursor:
        assert days_not_at_hand(cursor, "triage") == []
        assert len(grouped_cells(cursor, *pair)) > 1


def test_some_of_the_claims_are_not_taken_for_all(
    made: tuple[EventWorld, Office], tmp_path: Path
) -> None:
    events, office = made
    EventWorld(events.batches[:-1]).import_all(office.ledger, tmp_path / "files")
    with office.ledger.cursor() as cursor:
        missing = days_not_at_hand(cursor, "triage")
        assert missing
        with pytest.raises(NeedsClaims, match=f"{missing[0]}"):
            claims(cursor, Selection("triage"), limit=5)


def test_what_a_validation_rests_on_is_the_same_after_a_pull_of_its_claims(
    made: tuple[EventWorld, Office], tmp_path: Path
) -> None:
    events, office = made
    at = datetime(2026, 11, 20)

    def digest(ledger: Ledger) -> str:
        with ledger.cursor() as cursor:
            known = KnownAt(at, newest_import(cursor))
            span = JudgedSpan("triage", {"model_version": "m1"}, known, settled=at)
            return claims_digest(cursor, span, ["topic"])

    with pytest.raises(NeedsClaims, match="cells pull LOG --signal triage --since 2026-10-06"):
        digest(office.ledger)
    pull = ("cells", "pull", tmp_path / "log", "--ledger", tmp_path / "my.duckdb")
    days = ("--signal", "triage", "--since", "2026-10-05", "--until", "2026-10-25")
    office.ledger.close()
    pulled = CliRunner().invoke(main, [str(one) for one in (*pull, *days)])
    assert pulled.exit_code == 0, pulled.output
    with (
        Ledger.open(tmp_path / "my.duckdb") as ledger,
        Ledger.open(tmp_path / "events.duckdb", create=True) as here,
    ):
        events.import_all(here, tmp_path / "files")
        assert digest(ledger) == digest(here)
        assert verify_ledger(ledger.cursor()).problems == ()


@pytest.mark.parametrize("seed", [5, 11])
def test_labels_are_of_the_age_at_which_they_came_into_force(seed: int, tmp_path: Path) -> None:
    events = world(seed)
    events.write_log(tmp_path / "log")
    with (
        Ledger.open(tmp_path / "events.duckdb", create=True) as here,
        Ledger.open(tmp_path / "cells.duckdb", create=True) as cells,
    ):
        events.import_all(here, tmp_path / "files")
        load_log(Office.of(cells), tmp_path / "log", tmp_path / "built")
        found = []
        for ledger in (here, cells):
            with ledger.cursor() as cursor, pytest.MonkeyPatch.context() as patched:
                # Of what is told apart by input nothing is kept; ages are.
                patched.setattr(
                    "core.queries.sums.labelling.cohort_ages.signal_repeats", lambda *_: False
                )
                asked = Selection("triage")
                found.append(told(cohort_ages(cursor, asked, [0, 3, 10, 30], as_of=NOW)))
    assert found[0] == found[1]


# -- said ------------------------------------------------------------------------------------------


def test_a_measure_says_that_it_rests_on_loaded_cells(both: Both) -> None:
    with both.cells.cursor() as cursor:
        found = measure(cursor, Selection(TRIAGE), as_of=NOW)
    assert found.loaded is not None
    (line,) = [one for one in found.footnotes() if one.startswith("Counted from loaded cells")]
    assert found.loaded.events[:12] in line
    assert '"events_sha256"' in found.to_json()
