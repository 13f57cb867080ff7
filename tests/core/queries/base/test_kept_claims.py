"""What is answered from kept sums is what the claims give, to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.kept_check import COVERED
from core.ledger.connection import Ledger
from core.queries.base.catalogue import dimensions, segment_values, signals
from core.queries.base.kept import limits
from core.queries.base.kept_claims import ages_plan, kept_claims
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.queries.base.seen.first_seen import first_seen
from core.queries.base.selection import Selection
from core.queries.base.together import asking
from core.queries.claims.claims_per_signal import accounts
from core.queries.labels.coverage_sets import CoverageAsked
from core.queries.labels.label_provenance import how_labelled, labelled_days
from core.queries.sums.grouped_sums import grouped_sums
from core.queries.sums.labelling.cohort_ages import cohort_ages
from core.queries.sums.labelling.label_coverage import coverage_by
from core.queries.sums.pairs.elicitation_pairs import ways
from core.queries.sums.time_series import period_sums
from core.queries.sums.weekly_counts import weekly_counts
from tests.worlds.claims.any_claims import CLAIM, MOMENTS, MONDAY, claim, logged, made, same
from tests.worlds.claims.events import add_claims
from tests.worlds.governed.rounds import examples

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

DIMENSIONS = ("language", "team", "action", "model_version", "split", "week", "confidence_band")


WHERE = st.sampled_from(
    [
        (),
        (("language", ("de", None)),),
        (("team", (None,)),),
        (("model_version", ("m1",)), ("split", ("production",))),
        (("model_version", (None,)), ("language", ("en",))),
        (("split", ("tuning", "heldout")),),
        (("week", ("2026-W46", "2026-W48")),),
        (("confidence_band", ("0.8–0.9", None)),),
        (("confidence_band", ("0.0–0.1", "0.4–0.5")), ("action", ("automate",))),
    ]
)
GROUPINGS = st.lists(
    st.lists(st.sampled_from(DIMENSIONS), max_size=3, unique=True).map(tuple),
    min_size=1,
    max_size=4,
)


ASKED: dict[str, Callable[[duckdb.DuckDBPyConnection, Selection, list[tuple[str, ...]]], Any]] = {
    "sums": lambda c, chosen, by: grouped_sums(c, chosen, by),
    "sets": lambda c, chosen, by: dict(
        asking.answered(c, asking.ask(CoverageAsked(chosen, tuple(dict.fromkeys(by)))))
    ),
    "coverage": lambda c, chosen, by: coverage_by(c, chosen, by[0]),
    "days": lambda c, chosen, _: dict(labelled_days(c, chosen, ("language", "team"))),
    "labels": lambda c, chosen, _: how_labelled(c, chosen),
    "weeks": lambda c, chosen, _: period_sums(c, chosen, "week"),
    "fingerprints": lambda c, _, __: fingerprints_seen(c),
    "fingerprints then": lambda c, chosen, _: fingerprints_seen(c, chosen.until),
    "signals": lambda c, _, __: signals(c),
    "dimensions": lambda c, _, __: dimensions(c, "triage"),
    "values": lambda c, _, __: segment_values(c),
    "versions": lambda c, chosen, _: first_seen(c, chosen),
    "accounts": lambda c, chosen, _: accounts(
        c, settled=chosen.since or MONDAY, now=chosen.until or datetime(2027, 1, 1)
    ),
    "ways": lambda c, chosen, _: ways(c, chosen),
    "week counts": lambda c, chosen, _: dict(weekly_counts(c, datetime(2026, 11, 23))),
    "ages": lambda c, chosen, _: cohort_ages(c, chosen, (0, 7, 30), as_of=datetime(2027, 1, 1)),
}


@settings(
    max_examples=examples(10, 1500), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(st.lists(CLAIM, min_size=1, max_size=60), MOMENTS, MOMENTS, WHERE, GROUPINGS)
def test_every_question_is_answered_alike_from_kept_sums_and_from_claims(
    rows: list[dict[str, Any]],
    since: datetime | None,
    until: datetime | None,
    where: tuple[tuple[str, tuple[str | None, ...]], ...],
    groupings: list[tuple[str, ...]],
) -> None:
    chosen = Selection("triage", since, until, where=where)
    with Ledger.in_memory() as ledger:
        add_claims(ledger, [made(i, row) for i, row in enumerate(rows)], logged(rows))
        cursor = ledger.cursor()
        kept = {name: asked(cursor, chosen, groupings) for name, asked in ASKED.items()}
        for table in COVERED:
            cursor.execute(f"DELETE FROM {table}")
        for name, asked in ASKED.items():
            assert same(kept[name], asked(cursor, chosen, groupings)), name


# -- which questions -------------------------------------------------------------------------------


@pytest.fixture
def cursor() -> Iterator[duckdb.DuckDBPyConnection]:
    with Ledger.in_memory() as ledger:
        weeks = [MONDAY + timedelta(weeks=i) for i in range(4)]
        add_claims(
            ledger,
            [
                claim(i, ts=ts, outcome=i % 2, seg_language="de", seg_team="x")
                for i, ts in enumerate(weeks * 3)
            ],
        )
        yield ledger.cursor()


def answered(cursor: duckdb.DuckDBPyConnection, chosen: Selection, *by: str, **how: Any) -> bool:
    return kept_claims(cursor, chosen, [by], by, by=by, **how) is not None


TRIAGE = Selection("triage")


@pytest.mark.parametrize(
    ("chosen", "by"),
    [
        (TRIAGE, ()),
        (TRIAGE, ("language", "week")),
        (TRIAGE, ("model_version", "split", "language")),
        (TRIAGE.narrowed("language", "de"), ("week", "language")),
        (TRIAGE.narrowed("model_version", "m1"), ("team",)),
        (Selection("triage", MONDAY, MONDAY + timedelta(days=17, hours=3)), ("week",)),
    ],
)
def test_questions_by_one_dimension_are_answered_from_what_is_kept(
    cursor: duckdb.DuckDBPyConnection, chosen: Selection, by: tuple[str, ...]
) -> None:
    assert answered(cursor, chosen, *by)


@pytest.mark.parametrize(
    ("chosen", "by"),
    [
        (TRIAGE, ("language", "team")),
        (TRIAGE.narrowed("language", "de"), ("team",)),
        (TRIAGE, ("day",)),
        (TRIAGE, ("outcome_source",)),
        (Selection("triage", as_known=MONDAY), ()),
        (Selection("triage", MONDAY + timedelta(days=1), MONDAY + timedelta(days=6)), ()),
        (Selection("unknown"), ()),
    ],
)
def test_other_questions_are_asked_of_the_claims(
    cursor: duckdb.DuckDBPyConnection, chosen: Selection, by: tuple[str, ...]
) -> None:
    assert not answered(cursor, chosen, *by)


def test_another_high_band_than_was_kept_is_asked_of_the_claims(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    assert answered(cursor, TRIAGE, high_ppm=900_000)
    assert not answered(cursor, TRIAGE, high_ppm=800_000)


def test_a_dimension_with_too_many_values_is_asked_of_the_claims(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(limits, "MOST_KEPT_VALUES", 2)
    with Ledger.in_memory() as ledger:
        add_claims(ledger, [claim(i, seg_user=f"u{i}", seg_team="x") for i in range(3)])
        assert not answered(ledger.cursor(), TRIAGE, "user")
        assert answered(ledger.cursor(), TRIAGE, "team")


def test_ages_are_asked_of_the_claims_only_in_weeks_that_are_cut(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    whole, cut = (
        ages_plan(cursor, one)
        for one in (TRIAGE, replace(TRIAGE, since=MONDAY + timedelta(days=1)))
    )
    assert whole is not None
    assert not whole[1]
    assert cut is not None
    assert cut[1] == [
        replace(TRIAGE, since=MONDAY + timedelta(days=1), until=MONDAY + timedelta(weeks=1))
    ]
    assert ages_plan(cursor, TRIAGE.narrowed("language", "de")) is None
