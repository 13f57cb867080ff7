"""What claims can be cut by: names, labels, and the claims each value stands for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.ledger.errors import BadValue, UnknownDimension
from core.measure.cells.cells import ece_bin
from core.queries.base.cells import grouped_cells
from core.queries.base.dimensions import BAND_LABELS, ECE_BIN_SQL, dimensions_named, week_label
from core.queries.base.selection import Selection
from core.queries.claims.claim_list import count_claims
from tests.worlds.governed.rounds import examples

Fill = Callable[..., None]


def test_the_bin_of_sql_is_the_bin_of_ece_bin(ledger: Ledger) -> None:
    # Every edge, its two neighbours, and the ends.
    ppm = sorted({edge + d for edge in range(0, 1_000_001, 100_000) for d in (-1, 0, 1)} - {-1})
    ppm = [value for value in ppm if value <= 1_000_000]
    with ledger.cursor() as cursor:
        rows = cursor.execute(
            f"SELECT {ECE_BIN_SQL} FROM (SELECT unnest($ppm) AS confidence_ppm)", {"ppm": ppm}
        ).fetchall()
    assert [row[0] for row in rows] == ece_bin(np.array(ppm) / 1e6).tolist()


def test_bands_are_labelled_by_their_edges() -> None:
    assert BAND_LABELS[0] == "0.0–0.1"
    assert BAND_LABELS[8] == "0.8–0.9"
    assert BAND_LABELS[9] == "0.9–1.0"


@pytest.mark.parametrize(
    ("day", "label"),
    [
        # The standard's own awkward ones: a year's first days may be its predecessor's last week.
        (date(2026, 11, 16), "2026-W47"),
        (date(2027, 1, 3), "2026-W53"),
        (date(2027, 1, 4), "2027-W01"),
        (date(2024, 12, 30), "2025-W01"),
        (date(1969, 12, 31), "1970-W01"),
    ],
)
def test_weeks_are_iso_weeks(day: date, label: str) -> None:
    assert week_label(day) == label


def test_groups_by_week_and_day_carry_their_labels(ledger: Ledger, fill: Fill) -> None:
    times = [
        datetime(1969, 12, 28, 23, 59),  # a Sunday before the first numbered week
        datetime(1969, 12, 29),
        datetime(2026, 11, 22, 23, 59, 59, 999_999),
        datetime(2026, 11, 23),
    ]
    fill(ledger, [{"ts": ts, "confidence": 0.5} for ts in times])
    with ledger.cursor() as cursor:
        weeks = grouped_cells(cursor, Selection("triage"), ["week"]).keys
        days = grouped_cells(cursor, Selection("triage"), ["day"]).keys
    assert weeks == (("1969-W52",), ("1970-W01",), ("2026-W47",), ("2026-W48",))
    assert days == (("1969-12-28",), ("1969-12-29",), ("2026-11-22",), ("2026-11-23",))


moments = st.datetimes(datetime(1960, 1, 1), datetime(2060, 1, 1))


@settings(max_examples=examples(12, 300))
@given(st.lists(moments, min_size=1, max_size=4), st.integers(0, 4))
def test_filtering_by_a_group_key_finds_that_groups_claims(
    fill: Fill, times: list[datetime], extra: int
) -> None:
    claims = [
        {"ts": ts, "confidence_ppm": 100_000 * i + extra % 3} for i, ts in enumerate(times)
    ] + [{"ts": ts} for ts in times[:extra]]
    with Ledger.in_memory() as ledger, ledger.cursor() as cursor:
        fill(ledger, claims)
        everything = Selection("triage")
        for name in ("week", "day", "confidence_band"):
            groups = grouped_cells(cursor, everything, [name])
            for (value,), cells in zip(groups.keys, groups.cells, strict=True):
                found = count_claims(cursor, everything.narrowed(name, value))
                assert found == cells.n_claims.sum() + cells.n_unstated


def test_several_values_of_a_filter_are_alternatives_and_filters_all_hold(
    ledger: Ledger, fill: Fill
) -> None:
    fill(
        ledger,
        [
            {"confidence": 0.5, "seg_language": language, "model_version": model}
            for language in ("de", "en", None)
            for model in ("a", "b")
        ],
    )
    german_or_none = ("language", ("de", None))

    def count(*where: tuple[str, tuple[str | None, ...]]) -> int:
        with ledger.cursor() as cursor:
            return count_claims(cursor, Selection("triage", where=where))

    assert count(german_or_none) == 4
    assert count(german_or_none, ("model_version", ("b",))) == 2
    assert count(german_or_none, ("language", ("en",))) == 0
    assert count(("language", ())) == 0
    assert count(("week", ("2026-W45", "2026-W46"))) == 6
    assert count(("week", (None,))) == 0


def test_values_are_never_read_as_sql(ledger: Ledger, fill: Fill) -> None:
    evil = "' OR TRUE; DROP TABLE claims; --"
    fill(ledger, [{"confidence": 0.5, "model_version": "a"}, {"model_version": evil}])
    selection = Selection("triage", where=(("model_version", (evil,)),))
    with ledger.cursor() as cursor:
        assert count_claims(cursor, selection) == 1
        assert count_claims(cursor, Selection(evil)) == 0


def test_a_segment_may_bear_any_name(ledger: Ledger, fill: Fill) -> None:
    with ledger.transaction() as cursor:
        cursor.execute('ALTER TABLE claims ADD COLUMN "seg_{a} ""b""" VARCHAR')
        cursor.execute("INSERT INTO segment_dimensions VALUES ('{a} \"b\"', 1)")
    fill(ledger, [{"confidence": 0.5}])
    with ledger.cursor() as cursor:
        assert grouped_cells(cursor, Selection("triage"), ['{a} "b"']).keys == ((None,),)


def test_an_unknown_dimension_is_answered_with_the_known_ones(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.5, "seg_language": "de"}])
    with ledger.cursor() as cursor:
        with pytest.raises(UnknownDimension, match=r"'tongue'.*model_version.*week.*language"):
            grouped_cells(cursor, Selection("triage"), ["tongue"])
        with pytest.raises(UnknownDimension, match="'event_id'"):
            grouped_cells(cursor, Selection("triage", where=(("event_id", ("e1",)),)))


@pytest.mark.parametrize(
    ("dimension", "value", "like"),
    [
        ("week", "2026-W54", "2026-W47"),
        ("week", "47", "2026-W47"),
        ("day", "23.11.2026", "2026-11-23"),
        ("confidence_band", "0.8-0.9", "0.8–0.9"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_one_that_can(
    ledger: Ledger, dimension: str, value: str, like: str
) -> None:
    selection = Selection("triage", where=((dimension, (value,)),))
    with ledger.cursor() as cursor, pytest.raises(BadValue, match=like) as caught:
        count_claims(cursor, selection)
    assert value in str(caught.value)


def test_dimensions_are_resolved_once_each(ledger: Ledger) -> None:
    with ledger.cursor() as cursor:
        assert list(dimensions_named(cursor, ["week", "split", "week"])) == ["week", "split"]


def test_times_with_a_zone_are_taken_at_their_instant(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"ts": datetime(2026, 11, 2, 12), "confidence": 0.5}])
    zone = timezone(timedelta(hours=2))
    with ledger.cursor() as cursor:
        at_noon = Selection("triage", since=datetime(2026, 11, 2, 14, tzinfo=zone))
        after = Selection("triage", since=datetime(2026, 11, 2, 14, 0, 1, tzinfo=zone))
        assert (count_claims(cursor, at_noon), count_claims(cursor, after)) == (1, 0)
