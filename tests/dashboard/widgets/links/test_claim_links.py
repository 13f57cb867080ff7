"""Links to the Claims page carry exactly the claims they promise."""

from __future__ import annotations

from datetime import datetime

import pytest

from core.queries.base.selection import Selection
from core.queries.claims.claim_list import Search
from dashboard.widgets.links.claim_links import query_of


def query(*, where: tuple = (), **given: datetime) -> dict | None:
    return query_of(Search(Selection("s", where=where, **given)))


def test_a_whole_signal_is_named_alone() -> None:
    assert query() == {"signal": "s"}


def test_days_stand_as_the_filters_show_them() -> None:
    assert query(
        since=datetime(2026, 9, 7), until=datetime(2026, 10, 5), as_known=datetime(2026, 10, 12)
    ) == {"signal": "s", "since": "2026-09-07", "until": "2026-10-04", "as_known": "2026-10-11"}


def test_each_dimension_has_its_name_in_the_url() -> None:
    where = (
        ("language", ("de", None)),
        ("action", ("review",)),
        ("confidence_band", ("0.8–0.9",)),
    )
    assert query(where=where) == {
        "signal": "s",
        "seg_language": ["de", "(none)"],
        "action": ["review"],
        "confidence_band": ["0.8–0.9"],
    }


def test_conditions_on_one_dimension_must_all_hold() -> None:
    both = (("language", ("de", "en")), ("language", ("en", "fr")))
    assert query(where=both) == {"signal": "s", "seg_language": ["en"]}


@pytest.mark.parametrize(
    ("dimension", "value", "since", "until"),
    [
        ("week", "2026-W47", "2026-11-16", "2026-11-22"),
        ("week", "2026-W53", "2026-12-28", "2027-01-03"),
        ("day", "2026-11-16", "2026-11-16", "2026-11-16"),
    ],
)
def test_a_week_or_a_day_is_a_period(dimension: str, value: str, since: str, until: str) -> None:
    expected = {"signal": "s", "since": since, "until": until}
    assert query(where=((dimension, (value,)),)) == expected


def test_a_week_is_cut_to_the_period_asked_about() -> None:
    found = query(where=(("week", ("2026-W47",)),), since=datetime(2026, 11, 18))
    assert found == {"signal": "s", "since": "2026-11-18", "until": "2026-11-22"}


def test_what_only_single_claims_are_asked_stands_in_the_link_too() -> None:
    asked = Search(
        Selection("s"), outcomes=("wrong", "unknown"), stated_from=0.9, id_prefix="ticket-1"
    )
    assert query_of(asked) == {
        "signal": "s",
        "outcome": ["wrong", "not known yet"],
        "stated": "90% or more",
        "id": "ticket-1",
    }
    assert query_of(Search(Selection("s"), stated=False)) == {"signal": "s", "stated": "unstated"}


@pytest.mark.parametrize(
    "asked",
    [
        Search(Selection("s", where=(("week", ("2026-W46", "2026-W47")),))),
        Search(Selection("s", where=(("language", ("de",)), ("language", ("en",))))),
        Search(
            Selection("s", where=(("day", ("2026-11-16",)), ("day", ("2026-11-16",)))),
            stated_from=0.8,
        ),
        Search(Selection("s", since=datetime(2026, 11, 18), where=(("week", ("2026-W46",)),))),
        Search(Selection("s", since=datetime(2026, 11, 18, 12))),
    ],
    ids=["two weeks", "contradiction", "another cut", "empty period", "noon"],
)
def test_no_link_is_better_than_one_to_other_claims(asked: Search) -> None:
    assert query_of(asked) is None
