"""Audit samples: which claims could be drawn, which were, with what chance, and what is labelled.

Poisson sampling with permanent random numbers (Ohlsson 1995). Every input of a signal has one
random number in [0, 1), a hash of the signal's seed and the input (of the claim itself where it
names no input). A sample drawn with chance π holds the claims whose number is under π, whether
labelled or not. So a further sample only adds to those before, what is drawn can be drawn again
from the ledger at any time, and a claim's chance over several samples is the largest of theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa

from core.events import PPM
from core.ledger.errors import BadValue
from core.ledger.sql import literal, quoted
from core.measure.cells.cells import IntArray
from core.measure.cells.group_sums import HUNDREDTHS
from core.measure.labelling.group_posterior import Unlabelled
from core.queries.base.asked_once import once
from core.queries.base.claims_sql import selected_claims
from core.queries.base.dimensions import (
    HUNDREDTH_SQL,
    Dimension,
    Parameter,
    dimensions_named,
    segment_dimensions,
)
from core.queries.base.group_keys import groups_of, integers
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.truth import truth_of

if TYPE_CHECKING:
    import pandas as pd

#: Claims that a sample may hold: production ones that state a confidence and are not under a
#: sampling of their own.
IN_FRAME = "confidence_ppm IS NOT NULL AND split = 'production' AND label_propensity IS NULL"

#: The random number of a claim's input; 52 bits of SHA-256, which a DOUBLE holds exactly.
_NUMBER = """
    (CAST('0x' || substr(sha256($seed || CASE WHEN input_id IS NULL THEN '/event/' || event_id
                                              ELSE '/input/' || input_id END), 1, 13) AS BIGINT)
     / 4503599627370496.0)
""".strip()

#: Share of the drawn claims that must be labelled before they speak for the others.
ANSWERED = 0.8
#: What a spreadsheet shows of a claim that is to be labelled, beside its segments: not the
#: confidence, which whoever labels would lean on.
_SHOWN = ("signal", "event_id", "ts", "input_id", "trace_id", "span_id")
_EMPTY = ("outcome", "outcome_ts", "outcome_source")


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
    so_far, parameters = _chance_so_far(cursor, drawn)
    columns = {f"key_{i}": one.sql for i, one in enumerate(dimensions)} | {
        "ppm": "confidence_ppm",
        "centi": HUNDREDTH_SQL,
        "unit": "coalesce(input_id, event_id)",
        "named": "input_id IS NOT NULL",
        "chance": so_far,
        "number": _NUMBER if drawn else "0",
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
    place = groups.of(keys, claims.num_rows)
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
        {"event": "event_id", "chance": chance, "number": _NUMBER},
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
    so_far, parameters = _chance_so_far(cursor, drawn)
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


def _chance_so_far(
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


def keep_sample(
    cursor: duckdb.DuckDBPyConnection,
    audit: str,
    signal: str,
    claims: Sequence[tuple[str, int]],
) -> None:
    """Write down which claims a sample holds."""
    table = pa.table(
        {
            "event_id": pa.array([event for event, _ in claims], pa.string()),
            "propensity": pa.array([chance / PPM for _, chance in claims], pa.float64()),
        }
    )
    cursor.register("drawn_sample", table)
    cursor.execute(
        """
        INSERT INTO audit_claims
        SELECT $audit, $signal, event_id, propensity FROM drawn_sample
        """,
        {"audit": audit, "signal": signal},
    )
    cursor.unregister("drawn_sample")


@dataclass(frozen=True)
class SampleCounts:
    """How far a sample is labelled.

    Attributes:
        audit: its id.
        n: claims it holds.
        n_labelled: those with an outcome.
    """

    audit: str
    n: int
    n_labelled: int


def sample_counts(cursor: duckdb.DuckDBPyConnection, signal: str) -> dict[str, SampleCounts]:
    """Every sample of a signal that holds a claim, by its id."""
    rows = cursor.execute(
        """
        SELECT audit_id, count(*), count(outcome)
        FROM audit_claims LEFT JOIN claims USING (signal, event_id)
        WHERE signal = $signal GROUP BY audit_id
        """,
        {"signal": signal},
    ).fetchall()
    return {audit: SampleCounts(audit, n, labelled) for audit, n, labelled in rows}


def newly_to_label(
    cursor: duckdb.DuckDBPyConnection, signal: str, claims: Sequence[tuple[str, int]]
) -> int:
    """How many of these drawn claims nobody has labelled and no sample holds yet."""
    cursor.register("asked_events", pa.table({"event_id": pa.array([e for e, _ in claims])}))
    ((n,),) = cursor.execute(
        """
        SELECT count(*) FROM claims SEMI JOIN asked_events USING (event_id)
        WHERE signal = $signal AND outcome IS NULL AND event_id NOT IN (
            SELECT event_id FROM audit_claims WHERE signal = $signal)
        """,
        {"signal": signal},
    ).fetchall()
    cursor.unregister("asked_events")
    return int(n)


def drawn_counts(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[int, int]:
    """Claims that the samples of a signal hold, each counted once, and the labelled among them."""
    ((n, labelled),) = cursor.execute(
        """
        SELECT count(*), count(outcome)
        FROM (SELECT DISTINCT signal, event_id FROM audit_claims WHERE signal = $signal)
        JOIN claims USING (signal, event_id)
        """,
        {"signal": signal},
    ).fetchall()
    return int(n), int(labelled)


def kept_sample(cursor: duckdb.DuckDBPyConnection, audit: str) -> tuple[tuple[str, int], ...]:
    """The claims of a sample as they are written down: (event_id, chance in millionths)."""
    rows = cursor.execute(
        "SELECT event_id, propensity FROM audit_claims WHERE audit_id = $audit", {"audit": audit}
    ).fetchall()
    return tuple(sorted((event, round(propensity * PPM)) for event, propensity in rows))


def to_label(cursor: duckdb.DuckDBPyConnection, signal: str, seed: str) -> pd.DataFrame:
    """The claims that samples of a signal hold and nobody has labelled, to be filled in.

    In the order of their random numbers over their chances, so that whoever stops half way has
    labelled a random half.

    Returns:
        signal, event_id, ts, input_id, trace_id, span_id, the segments that the signal names as
        ``seg_…``, and outcome, outcome_ts and outcome_source, which are empty. Not the confidence:
        whoever sees it leans on it.
    """
    names = [f"seg_{name}" for name in segment_dimensions(cursor)]
    segments = "".join(f", {quoted(name)}" for name in names)
    found: pd.DataFrame = cursor.sql(
        f"""
        SELECT {", ".join(_SHOWN)}{segments},
               {", ".join(f"CAST(NULL AS VARCHAR) AS {name}" for name in _EMPTY)}
        FROM (SELECT event_id AS drawn_event, max(propensity) AS propensity FROM audit_claims
              WHERE signal = $signal GROUP BY event_id)
        JOIN claims ON event_id = drawn_event AND signal = $signal
        WHERE outcome IS NULL
        ORDER BY {_NUMBER} / propensity, event_id
        """,
        params={"signal": signal, "seed": seed},
    ).df()
    return found.drop(columns=[name for name in names if found[name].isna().all()])


@dataclass(frozen=True)
class KnownClaim:
    """What the ledger knows of a claim that a file labels.

    Attributes:
        sampled: whether a sample of the signal holds it.
        said: every outcome that is truth and was ever received for it: (value, time stated or
            None).
    """

    sampled: bool
    said: frozenset[tuple[int, datetime | None]]


def known_of(
    cursor: duckdb.DuckDBPyConnection, signal: str, events: Sequence[str]
) -> dict[str, KnownClaim]:
    """What is known of each of these events of a signal; one without a claim is left out."""
    cursor.register("asked_events", pa.table({"event_id": pa.array(events, pa.string())}))
    sampled = cursor.execute(
        """
        SELECT DISTINCT event_id FROM audit_claims
        SEMI JOIN asked_events USING (event_id) WHERE signal = $signal
        """,
        {"signal": signal},
    ).fetchall()
    said = cursor.execute(
        f"""
        SELECT event_id, outcome, outcome_ts FROM outcomes SEMI JOIN asked_events USING (event_id)
        WHERE (signal IS NULL OR signal = $signal) AND outcome IS NOT NULL
          AND {truth_of(cursor, signal).sql()}
        """,
        {"signal": signal},
    ).fetchall()
    claims = cursor.execute(
        """
        SELECT event_id FROM claims SEMI JOIN asked_events USING (event_id)
        WHERE signal = $signal
        """,
        {"signal": signal},
    ).fetchall()
    cursor.unregister("asked_events")
    held = {event for (event,) in sampled}
    outcomes: dict[str, set[tuple[int, datetime | None]]] = {}
    for event, outcome, at in said:
        outcomes.setdefault(event, set()).add((int(outcome), at))
    return {
        event: KnownClaim(event in held, frozenset(outcomes.get(event, ()))) for (event,) in claims
    }


@dataclass(frozen=True)
class SampleAnswered:
    """How far people labelled what a sample asked of them.

    Attributes:
        audit: the sample's id.
        n: claims of it that had no label when it was drawn.
        n_labelled: those of them that have one now.
        own, own_labelled: likewise, of those that no sample before it held.
    """

    audit: str
    n: int
    n_labelled: int
    own: int
    own_labelled: int

    @property
    def enough(self) -> bool:
        """Whether `ANSWERED` of them are labelled, so that the sample speaks for all claims."""
        return self.n_labelled >= ANSWERED * self.n


def samples_answered(cursor: duckdb.DuckDBPyConnection, signal: str) -> dict[str, SampleAnswered]:
    """Every sample of a signal by its id, with what was to be labelled when it was drawn.

    A claim that had its label before it was drawn is in the sample from the start, and is not like
    those that wait: failures are reported sooner. So only the others tell how far it is answered.
    """
    rows = cursor.execute(
        f"""
        WITH drawn AS (
            SELECT json_extract_string(entry, '$.body.audit') AS audit_id, seq,
                   CAST(json_extract(entry, '$.body.imports') AS BIGINT) AS newest
            FROM acts WHERE contains(entry, '"kind":"audit.drawn"') AND json_valid(entry)
        ), said AS (
            SELECT event_id, min(import_id) AS first_said FROM outcomes
            SEMI JOIN (SELECT event_id FROM audit_claims WHERE signal = $signal) USING (event_id)
            WHERE (signal IS NULL OR signal = $signal) AND outcome IS NOT NULL
              AND {truth_of(cursor, signal).sql()}
            GROUP BY event_id
        )
        SELECT audit_id, count(*), count(*) FILTER (labelled), count(*) FILTER (own),
               count(*) FILTER (own AND labelled)
        FROM (
            SELECT audit_id, outcome IS NOT NULL AS labelled,
                   coalesce(first_said > newest, TRUE) AS waited,
                   row_number() OVER (PARTITION BY event_id ORDER BY seq, audit_id) = 1 AS own
            FROM audit_claims JOIN claims USING (signal, event_id)
            LEFT JOIN drawn USING (audit_id) LEFT JOIN said USING (event_id)
            WHERE signal = $signal)
        WHERE waited GROUP BY audit_id
        """,
        {"signal": signal},
    ).fetchall()
    return {row[0]: SampleAnswered(*row) for row in rows}


def answered_propensity_sql(cursor: duckdb.DuckDBPyConnection, signal: str) -> str:
    """`propensity_sql` for estimates: of the samples that are answered, see `SampleAnswered`.

    Each sample stands for all claims it was drawn from by itself, so that those still open leave
    the estimate of the others as it is.
    """
    if not _sampled(cursor, signal):
        return "label_propensity"
    open_ = {one.audit for one in samples_answered(cursor, signal).values() if not one.enough}
    answered = sorted(sample_counts(cursor, signal).keys() - open_)
    if not answered:
        return "label_propensity"
    return _propensity(f"AND audit_id IN ({', '.join(map(literal, answered))})")


def propensity_sql(cursor: duckdb.DuckDBPyConnection, signal: str) -> str:
    """The chance with which a claim was picked for labelling, as SQL over claims; NULL: none known.

    What the claim logs itself, or else the largest chance of the samples that hold it. Where the
    signal has no sample it is the bare column, and costs what that costs. Needs ``$signal``.
    """
    return _propensity("") if _sampled(cursor, signal) else "label_propensity"


def _sampled(cursor: duckdb.DuckDBPyConnection, signal: str) -> bool:
    asked = "SELECT 1 FROM audit_claims WHERE signal = $signal LIMIT 1"
    return bool(cursor.execute(asked, {"signal": signal}).fetchall())


@once
def sampled_signals(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The signals of which some sample was drawn."""
    asked = "SELECT DISTINCT signal FROM audit_claims"
    return frozenset(signal for (signal,) in cursor.execute(asked).fetchall())


def _propensity(which: str) -> str:
    # The names inside are none of those of claims, so event_id is the claim's, whatever the table
    # it is read from is called.
    return f"""
        coalesce(label_propensity, (
            SELECT max(drawn_with) FROM (
                SELECT event_id AS drawn_event, propensity AS drawn_with FROM audit_claims
                WHERE signal = $signal {which})
            WHERE drawn_event = event_id))
    """.strip()
