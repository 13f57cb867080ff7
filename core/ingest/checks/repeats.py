"""Which signals the ledger has, and which of them state several confidences on one input."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from core.queries.base.repeated_hashes import hold_hashes, repeated_hashes

#: Claims that are looked for by what they hold, so that DuckDB passes over row groups without any;
#: more are looked for by hash, which is less to hold.
FEW = 10_000
_INPUT = "hash(signal, input_id)"
_STATED = "input_id IS NOT NULL AND confidence_ppm IS NOT NULL"


def note_signals(cursor: duckdb.DuckDBPyConnection, *, import_id: int) -> None:
    """Add this import's signals, and mark those whose inputs now repeat.

    Two stated claims of one signal that share an input_id make it repeat; for such a signal,
    intervals are made over inputs rather than claims.
    """
    parameters = {"import_id": import_id}
    cursor.execute(
        """
        INSERT INTO signals
        SELECT DISTINCT signal, false, $import_id FROM claims WHERE import_id = $import_id
        AND signal NOT IN (SELECT signal FROM signals)
        """,
        parameters,
    )
    # First inside the import; most signals that repeat do so here.
    own = f"""
        claims SEMI JOIN (SELECT signal FROM signals WHERE NOT repeats) USING (signal)
        WHERE import_id = {int(import_id)} AND {_STATED}
    """
    _mark(cursor, _repeating_in(cursor, own))
    # In a table of its own, so that DuckDB knows how few they are and looks for them alone.
    few = _count(cursor, f"claims WHERE import_id = {int(import_id)}") <= FEW
    wanted = "input_id AS input" if few else f"{_INPUT} AS input"
    cursor.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE own_inputs AS
        SELECT signal, {wanted} FROM claims
        SEMI JOIN (SELECT signal FROM signals WHERE NOT repeats AND first_import < $import_id)
        USING (signal)
        WHERE import_id = $import_id AND {_STATED}
        """,
        parameters,
    )
    if _count(cursor, "own_inputs"):
        found = cursor.execute(
            f"""
            SELECT DISTINCT signal FROM (
                SELECT signal, {wanted} FROM claims
                WHERE import_id < $import_id AND {_STATED})
            SEMI JOIN own_inputs USING (signal, input)
            """,
            parameters,
        ).fetchall()
        _mark(cursor, [signal for (signal,) in found])
    cursor.execute("DROP TABLE own_inputs")


def repeating_signals(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The signals of which some input has several stated claims, worked out from all claims."""
    return frozenset(_repeating_in(cursor, f"claims WHERE {_STATED}"))


def _repeating_in(cursor: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    """The signals of which several claims of a source share an input."""
    twice = repeated_hashes(cursor, _INPUT, source)
    if not len(twice):
        return []
    hold_hashes(cursor, "twice", twice)
    rows = cursor.execute(
        f"SELECT DISTINCT signal FROM {source} AND {_INPUT} IN (SELECT hashed FROM twice)"
    ).fetchall()
    cursor.execute("DROP TABLE twice")
    return [signal for (signal,) in rows]


def _count(cursor: duckdb.DuckDBPyConnection, source: str) -> int:
    ((count,),) = cursor.execute(f"SELECT count(*) FROM {source}").fetchall()
    return int(count)


def _mark(cursor: duckdb.DuckDBPyConnection, repeating: Sequence[str]) -> None:
    if repeating:
        cursor.execute(
            "UPDATE signals SET repeats = true WHERE signal IN (SELECT unnest($repeating))",
            {"repeating": list(repeating)},
        )
