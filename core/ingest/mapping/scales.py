"""On which scale a file's confidences are: what is in doubt is refused and asked, never assumed.

A percent sign says it by itself. Of a number without one only the others of its signal give a
hint: where a fifth of them are above 1, or all others are exactly 0 or 1, no number is believed,
for a 1 on a scale of 0 to 100 means 1 %. Where a scale was said and numbers above 1 are whole,
those between 0 and 1 are of another notation, and are not divided without being asked for.
"""

from __future__ import annotations

import duckdb

from core.ingest.file_mapping import MIXED, FileMapping

#: From this share of confidences in (1, 100] on, a signal's are in doubt.
SUSPECT_SHARE = 0.2


def suspect_scales(cursor: duckdb.DuckDBPyConnection, how: FileMapping) -> tuple[float | str, ...]:
    """Find the signals whose confidences are in doubt.

    Uses ``counts``; leaves the table ``suspected`` (signal, low, high: between which numbers,
    reason, mend).

    Returns:
        The scales that they seem to have, where none was said.
    """
    cursor.execute(
        """
        CREATE OR REPLACE TEMP TABLE suspected (
            signal VARCHAR, low DOUBLE, high DOUBLE, reason VARCHAR, mend VARCHAR)
        """
    )
    if how.scale in (1, MIXED):
        return ()
    doubted = "n_between > 0"
    if how.scale is None:
        doubted = f"(n_over_one >= {SUSPECT_SHARE} * n_stated OR n_between = 0)"
    rows = cursor.execute(
        f"""
        SELECT signal, n_over_one / n_stated, n_between FROM counts
        WHERE signal IS NOT NULL AND n_over_one > 0 AND {doubted} ORDER BY signal
        """
    ).fetchall()
    found: dict[float | str, None] = {}
    for signal, share, n_between in rows:
        largest, whole = _above_one(cursor, signal)
        if how.scale is None:
            scale = _seeming(largest, mixed=whole and n_between > 0)
            found[scale] = None
            _suspect(cursor, signal, *_asked(signal, share, scale))
        elif whole:
            _suspect(cursor, signal, *_of_another(n_between, float(how.scale)), low=1e-300, high=1)
    return tuple(found)


def notations_notice(cursor: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """How a file's confidences are written, in one line; none where numbers are plain ones."""
    rows = cursor.execute(
        """
        SELECT notation, count(*), min_by(shown_confidence, import_row) FROM (
            SELECT import_row, shown_confidence, CASE
                WHEN NOT unlike AND stated_number > 1 THEN 1
                WHEN NOT unlike THEN 2
                WHEN stated_number IS NOT NULL THEN 3
                WHEN contains(shown_confidence, '%') OR contains(shown_confidence, '％') THEN 4
                ELSE 5 END AS notation
            FROM incoming WHERE unlike OR stated_number IS NOT NULL)
        GROUP BY notation ORDER BY notation
        """
    ).fetchall()
    if not any(notation in (3, 4) for notation, *_ in rows):
        return ()
    said = ", ".join(
        f"{count:,} {_NOTATIONS[notation]} ({example.strip()})" for notation, count, example in rows
    )
    return (f"How confidences are written: {said}.",)


_NOTATIONS = {
    1: "above 1",
    2: "from 0 to 1",
    3: "with a decimal comma",
    4: "with a percent sign",
    5: "in words",
}


def _above_one(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[float, bool]:
    """The largest number up to 100, and whether all in (1, 100] are whole."""
    row = cursor.execute(
        """
        SELECT max(stated_number), bool_and(stated_number = floor(stated_number)) FROM incoming
        WHERE signal = $signal AND stated_number > 1 AND stated_number <= 100
        """,
        {"signal": signal},
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def _seeming(largest: float, *, mixed: bool) -> float | str:
    if mixed and largest > 10:
        return MIXED
    return 10.0 if largest <= 10 else 100.0


def _asked(signal: str, share: float, scale: float | str) -> tuple[str, str]:
    percent = min(max(int(share * 100 + 0.5), 1), 99) if share < 0.995 else 100
    above = f"{percent} % of this file's stated confidences for {signal[:80]} are above 1"
    if scale == MIXED:
        return (
            f"{above}: shares and percentages seem to be mixed",
            "import the file again with --scale mixed if 0.9 means 90 %, or with --scale 100 if it "
            "means 0.9 %",
        )
    return (
        f"{above}: a 0–{scale:g} scale is suspected",
        f"import the file again with --scale {scale:g} if that is so",
    )


def _of_another(n_between: int, scale: float) -> tuple[str, str]:
    many = f"{n_between:,} numbers are" if n_between > 1 else "1 number is"
    reason = f"{many} below 1 where those above 1 are whole: perhaps shares, not 0 to {scale:g}"
    if scale == 100:
        return reason, "import the file again with --scale mixed if 0.9 means 90 %, else write 0.9%"
    return reason, "write it with a percent sign, which says what it means"


def _suspect(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    reason: str,
    mend: str,
    *,
    low: float = float("-inf"),
    high: float = float("inf"),
) -> None:
    cursor.execute(
        "INSERT INTO suspected VALUES ($signal, $low, $high, $reason, $mend)",
        {"signal": signal, "low": low, "high": high, "reason": reason, "mend": mend},
    )
