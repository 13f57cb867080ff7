"""What audit samples are drawn from, with what chance, and which claims a design draws.

Poisson sampling with permanent random numbers (Ohlsson 1995). Every input of a signal has one
random number in [0, 1), a hash of the signal's seed and the input (of the claim itself where it
names no input). A sample drawn with chance π holds the claims whose number is under π, whether
labelled or not. So a further sample only adds to those before, what is drawn can be drawn again
from the ledger at any time, and a claim's chance over several samples is the largest of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa

from core.events import PPM
from core.ledger.errors import BadValue
from core.measure.cells.cells import IntArray
from core.measure.cells.group_sums import HUNDREDTHS
from core.measure.labelling.group_posterior import Unlabelled
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import (
    HUNDREDTH_SQL,
    Dimension,
    Parameter,
    dimensions_named,
)
from core.queries.base.group_keys import groups_of, integers
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection

#: Claims that a sample may hold: production ones that state a confidence and are not under a
#: sampling of their own.
IN_FRAME = "confidence_ppm IS NOT NULL AND split = 'production' AND label_propensity IS NULL"

#: The random number of a claim's input; 52 bits of SHA-256, which a DOUBLE holds exactly.
NUMBER_SQL = """
    (CAST('0x' || substr(sha256($seed || CASE WHEN input_id IS NULL THEN '/event/' || event_id
                                              ELSE '/input/' || input_id END), 1, 13) AS BIGINT)
     / 4503599627370496.0)
""".strip()


@dataclass(frozen=True)
class Design:
    """How a sample was drawn; with the ledger it says which claims it holds.

    Attributes:
        selection: the signal, and the period and conditions of the claims drawn from.
        by: the dimension whose values were drawn each with a chance of its own; None: all alike.
        chances: (value, chance in whole millionths); of one pair with None where ``by`` is None.
        seed: of the signal's random numbers.
        imports: the newest import there was: later claims could not be drawn.
    """

    selection: Selection
    by: str | None
    chances: tuple[tuple[str | None, int], ...]
    seed: str
    imports: int


@dataclass(frozen=True)
class Frame:
    """What may be drawn, of G groups; arrays of shape (G,).

    Attributes:
        by: the dimension grouped by; None: one group of all.
        values: of each group, ascending with None last; ``(None,)`` where ``by`` is None.
        n_claims: claims in the frame, labelled or not.
        covered: those among them that had a chance in some sample.
        unlabelled: the unlabelled among them.
        waiting: distinct unlabelled inputs that a sample holds already.
        undrawn: per group, (chance so far in millionths, unlabelled inputs that no sample holds).
    """

    by: str | None
    values: tuple[str | None, ...]
    n_claims: IntArray
    covered: IntArray
    unlabelled: Unlabelled
    waiting: IntArray
    undrawn: tuple[tuple[tuple[int, int], ...], ...]

    def __len__(self) -> int:
        return len(self.values)


def frame(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: str | None = None,
    *,
    drawn: Sequence[Design] = (),
    high_from: float = 0.9,
) -> Frame:
    """Count what may be drawn.

    Args:
        selection: which claims; as they are known now, whatever ``as_known`` says.
        by: a dimension of text values.
        drawn: the signal's samples so far.
    """
    dimensions = _grouping(cursor, by)
    so_far, parameters = chance_so_far(cursor, drawn)
    columns = {f"key_{i}": one.sql for i, one in enumerate(dimensions)} | {
        "ppm": "confidence_ppm",
        "centi": HUNDREDTH_SQL,
        "unit": "coalesce(input_id, event_id)",
        "named": "input_id IS NOT NULL",
        "chance": so_far,
        "number": NUMBER_SQL if drawn else "0",
    }
    source = selected_claims(
        cursor, replace(selection, as_known=None), columns, by=("split",), also=IN_FRAME
    )
    every = {**source.parameters, **parameters}
    key = "key_0, " if dimensions else ""
    unit = ", unit, named" if signal_repeats(cursor, selection.signal) else ""
    # Where no input repeats, each claim is a unit, and is not grouped.
    units = f"""
        SELECT {key}outcome IS NULL AS open, chance, number FROM ({source.sql}) AS claim
    """
    if unit:
        units = f"""
            SELECT {key}bool_or(outcome IS NULL) AS open, max(chance) AS chance,
                   any_value(number) AS number
            FROM ({source.sql}) AS claim GROUP BY {key}{unit.removeprefix(", ")}
        """
    inputs = cursor.sql(
        f"""
        SELECT {key}chance, count(*) FILTER (open) AS open,
               count(*) FILTER (open AND number < chance / {PPM}.0) AS waiting
        FROM ({units}) AS unit
        GROUP BY {key}chance ORDER BY ALL
        """,
        params=every,
    ).to_arrow_table()
    claims = cursor.sql(
        f"""
        SELECT {key}centi, ppm >= $high AS high, outcome IS NULL AS open, count(*) AS n,
               CAST(sum(ppm) AS BIGINT) AS ppm, count(*) FILTER (chance > 0) AS covered
        FROM ({source.sql}) AS claim
        GROUP BY {key}centi, high, open
        """,
        params={**every, "high": round(high_from * PPM)},
    ).to_arrow_table()
    return _counted(by, dimensions, claims, inputs)


def _counted(
    by: str | None, dimensions: Sequence[Dimension], claims: pa.Table, inputs: pa.Table
) -> Frame:
    keys = [claims.column(f"key_{i}") for i in range(len(dimensions))]
    groups = groups_of(keys, dimensions, claims.num_rows)
    size = len(groups.keys)
    place = groups.place
    n, ppm = integers(claims, "n"), integers(claims, "ppm")
    is_open = np.asarray(claims.column("open").to_numpy(), dtype=bool)
    high = is_open & np.asarray(claims.column("high").to_numpy(), dtype=bool)
    cell = place * HUNDREDTHS + integers(claims, "centi")

    def total(at: IntArray, weight: IntArray, length: int) -> IntArray:
        return np.rint(np.bincount(at, weight, length)).astype(np.int64)

    unlabelled = Unlabelled(
        inputs=np.zeros(size, dtype=np.int64),
        n=total(cell[is_open], n[is_open], size * HUNDREDTHS).reshape(size, HUNDREDTHS),
        sv=total(cell[is_open], ppm[is_open], size * HUNDREDTHS).reshape(size, HUNDREDTHS) / PPM,
        high_n=total(place[high], n[high], size),
        high_sv=total(place[high], ppm[high], size) / PPM,
    )
    waiting = np.zeros(size, dtype=np.int64)
    undrawn: list[list[tuple[int, int]]] = [[] for _ in range(size)]
    of = [inputs.column(f"key_{i}") for i in range(len(dimensions))]
    for g, chance, count, held in zip(
        groups.of(of, inputs.num_rows).tolist(),
        *(integers(inputs, name).tolist() for name in ("chance", "open", "waiting")),
        strict=True,
    ):
        unlabelled.inputs[g] += count
        waiting[g] += held
        undrawn[g].append((chance, count - held))
    return Frame(
        by=by,
        values=tuple(key[0] if dimensions else None for key in groups.keys),
        n_claims=total(place, n, size),
        covered=total(place, integers(claims, "covered"), size),
        unlabelled=unlabelled,
        waiting=waiting,
        undrawn=tuple(map(tuple, undrawn)),
    )


def own_design(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, by: str | None = None
) -> dict[str | None, tuple[int, int, int]]:
    """Production claims that log their own ``label_propensity``, and so are in no frame here.

    Returns:
        value of ``by`` (None where ``by`` is None) → (stated claims, those of them that had a
        chance, the unlabelled); only values that have such a claim.
    """
    dimensions = _grouping(cursor, by)
    columns = {f"key_{i}": one.sql for i, one in enumerate(dimensions)}
    source = selected_claims(
        cursor,
        replace(selection, as_known=None),
        columns | {"propensity": "label_propensity"},
        by=("split",),
        also="confidence_ppm IS NOT NULL AND split = 'production' AND label_propensity IS NOT NULL",
    )
    key = "key_0" if dimensions else "NULL"
    rows = cursor.execute(
        f"""
        SELECT {key} AS value, count(*), count(*) FILTER (propensity > 0),
               count(*) FILTER (outcome IS NULL)
        FROM ({source.sql}) AS claim GROUP BY value
        """,
        source.parameters,
    ).fetchall()
    return {value: (int(n), int(covered), int(open_)) for value, n, covered, open_ in rows}


def drawn_claims(cursor: duckdb.DuckDBPyConnection, design: Design) -> tuple[tuple[str, int], ...]:
    """The claims that a design draws: (event_id, chance in whole millionths), ascending.

    The same for the same design whenever it is asked, since claims are never changed or taken out.
    """
    chance, parameters = _chance(cursor, design, "drawn")
    source = selected_claims(
        cursor,
        replace(design.selection, as_known=None),
        {"event": "event_id", "chance": chance, "number": NUMBER_SQL},
        by=("split",),
        also=IN_FRAME,
    )
    rows = cursor.execute(
        f"""
        SELECT event, chance FROM ({source.sql}) AS claim
        WHERE number < chance / {PPM}.0 ORDER BY event
        """,
        {**source.parameters, **parameters, "seed": design.seed},
    ).fetchall()
    return tuple(sorted((event, int(chance)) for event, chance in rows))


def chanced(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, drawn: Sequence[Design]
) -> tuple[int, int]:
    """Stated claims that had a chance in some sample, or log one of their own; and all of them."""
    so_far, parameters = chance_so_far(cursor, drawn)
    columns = {"chance": so_far, "own": "label_propensity"}
    source = selected_claims(
        cursor,
        replace(selection, as_known=None),
        columns,
        by=("split",),
        also="confidence_ppm IS NOT NULL",
    )
    # The random numbers are not asked for here.
    parameters.pop("seed", None)
    ((had, of),) = cursor.execute(
        f"""
        SELECT count(*) FILTER (chance > 0 OR own > 0), count(*) FROM ({source.sql}) AS claim
        """,
        {**source.parameters, **parameters},
    ).fetchall()
    return int(had), int(of)


def chance_so_far(
    cursor: duckdb.DuckDBPyConnection, drawn: Sequence[Design]
) -> tuple[str, dict[str, Parameter]]:
    """The largest chance that a claim had in the samples so far, as SQL over claims."""
    parts, parameters = ["0"], dict[str, Parameter]()
    for i, design in enumerate(drawn):
        sql, more = _chance(cursor, design, f"drawn_{i}")
        parts.append(sql)
        parameters |= more
    if drawn:
        parameters["seed"] = drawn[-1].seed
    return f"greatest({', '.join(parts)})", parameters


def _chance(
    cursor: duckdb.DuckDBPyConnection, design: Design, prefix: str
) -> tuple[str, dict[str, Parameter]]:
    """A claim's chance in one sample, in millionths, as SQL over claims; 0: it had none."""
    asked = design.selection
    conditions = [f"import_id <= ${prefix}_imports"]
    parameters: dict[str, Parameter] = {f"{prefix}_imports": design.imports}
    if asked.since is not None:
        conditions.append(f"ts >= ${prefix}_since")
        parameters[f"{prefix}_since"] = asked.since
    if asked.until is not None:
        conditions.append(f"ts < ${prefix}_until")
        parameters[f"{prefix}_until"] = asked.until
    named = dimensions_named(cursor, (name for name, _ in asked.where))
    for i, (name, values) in enumerate(asked.where):
        condition, more = named[name].condition(values, f"{prefix}_where_{i}")
        conditions.append(condition)
        parameters |= more
    chance = f"{design.chances[0][1]:d}" if design.chances else "0"
    if design.by is not None:
        (dimension,) = _grouping(cursor, design.by)
        cases = []
        for i, (value, ppm) in enumerate(design.chances):
            condition, more = dimension.condition((value,), f"{prefix}_value_{i}")
            cases.append(f"WHEN {condition} THEN {ppm:d}")
            parameters |= more
        chance = f"CASE {' '.join(cases)} ELSE 0 END" if cases else "0"
    return f"CASE WHEN {' AND '.join(conditions)} THEN {chance} ELSE 0 END", parameters


def _grouping(cursor: duckdb.DuckDBPyConnection, by: str | None) -> list[Dimension]:
    if by is None:
        return []
    dimension = dimensions_named(cursor, (by,))[by]
    if dimension.kind not in ("text", "segment"):
        raise BadValue(
            f"Labels are planned and drawn by segments, versions or actions, not by {by}: within "
            "a group every claim has the same chance."
        )
    return [dimension]
