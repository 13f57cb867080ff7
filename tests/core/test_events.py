from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import events

CONFIDENCES = st.floats(0, 1)


@given(st.lists(CONFIDENCES, min_size=1, max_size=200))
def test_python_and_duckdb_quantise_every_float_to_the_same_integer(values: list[float]):
    cursor = duckdb.connect()
    sql = events.quantise_sql("x")
    rows = cursor.execute(
        f"SELECT {sql} FROM (SELECT unnest($x::DOUBLE[]) AS x)", {"x": values}
    ).fetchall()
    assert [row for (row,) in rows] == [events.quantise(x) for x in values]


@given(st.integers(0, events.PPM - 1), st.sampled_from([0.4999, 0.5, 0.5001]))
def test_python_and_duckdb_agree_at_the_edges_between_two_millionths(ppm: int, offset: float):
    x = (ppm + offset) / 1e6
    (row,) = duckdb.execute(f"SELECT {events.quantise_sql('$x::DOUBLE')}", {"x": x}).fetchall()
    assert row == (events.quantise(x),)


@given(CONFIDENCES, CONFIDENCES)
def test_quantising_keeps_the_order(a: float, b: float):
    low, high = sorted((a, b))
    assert events.quantise(low) <= events.quantise(high)


@given(CONFIDENCES)
def test_quantising_moves_a_confidence_by_half_a_millionth_at_most(x: float):
    assert abs(events.quantise(x) / 1e6 - x) <= 0.5e-6 + 1e-15


@pytest.mark.parametrize(
    ("x", "ppm"),
    [(0.0, 0), (1.0, 1_000_000), (0.1 + 0.2, 300_000), (0.3, 300_000), (0.8999999, 900_000)],
)
def test_values_that_differ_by_rounding_alone_are_one(x: float, ppm: int):
    assert events.quantise(x) == ppm


def test_no_other_tools_name_stands_for_two_fields_or_is_one_of_ours():
    names = [name for aliases in events.ALIASES.values() for name in aliases]
    assert len(names) == len(set(names))
    assert not set(names) & set(events.FIELDS)
    assert set(events.ALIASES) <= set(events.FIELDS)
