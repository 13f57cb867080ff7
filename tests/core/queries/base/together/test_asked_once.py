from __future__ import annotations

import duckdb

from core.queries.base.together.asked_once import asked_once, once


@once
def _rows(cursor: duckdb.DuckDBPyConnection, table: str, *, least: int = 0) -> int:
    found = cursor.execute(f"SELECT count(*) FROM {table} WHERE i >= {least}").fetchone()
    assert found is not None
    return int(found[0])


def _cursor() -> duckdb.DuckDBPyConnection:
    cursor = duckdb.connect()
    cursor.execute("CREATE TABLE ones AS SELECT range AS i FROM range(3)")
    cursor.execute("CREATE TABLE twos AS SELECT range AS i FROM range(5)")
    return cursor


def test_outside_a_question_each_answer_is_the_ledgers_of_now() -> None:
    cursor = _cursor()
    assert _rows(cursor, "ones") == 3
    cursor.execute("INSERT INTO ones VALUES (3)")
    assert _rows(cursor, "ones") == 4


def test_within_a_question_an_answer_is_asked_for_once_by_its_arguments() -> None:
    cursor = _cursor()
    with asked_once():
        assert _rows(cursor, "ones") == 3
        with asked_once():
            cursor.execute("INSERT INTO ones VALUES (3)")
            assert (_rows(cursor, "ones"), _rows(cursor, "twos")) == (3, 5)
            assert _rows(cursor, "ones", least=3) == 1
        assert _rows(cursor, "ones") == 3
    assert _rows(cursor, "ones") == 4


def test_a_refused_question_leaves_nothing_behind() -> None:
    cursor = _cursor()
    try:
        with asked_once():
            _rows(cursor, "ones")
            raise LookupError
    except LookupError:
        pass
    cursor.execute("DELETE FROM ones")
    assert _rows(cursor, "ones") == 0
