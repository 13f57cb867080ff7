"""Cells of an event log, counted by an engine into a folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core import __version__
from core.events import PPM
from core.lake.cell_files import (
    CellManifest,
    CountedSignal,
    counting_memory,
    digests,
    kernel_digest,
    relations,
)
from core.lake.dialects import Engine
from core.lake.engines import Counting, counting
from core.lake.event_log import (
    EventLog,
    in_force,
    look_at_log,
    read_claims,
    read_outcomes,
    states_in_force,
    whole_weeks,
)
from core.ledger.errors import LedgerError
from core.ledger.sql import literal, quoted
from core.queries.base.kept import kernel, limits
from core.queries.base.kept.week_digests import COLUMNS, week_digests
from core.queries.base.truth import USUAL, Truth
from core.terms import USUAL as USUAL_TERMS

ACTION = "action"
_USUAL_HIGH = round(USUAL_TERMS.high_from * PPM)


@dataclass(frozen=True)
class Declared:
    """What registry entries say that counting rests on; of a signal that is left out the usual.

    Attributes:
        highs: signal → lower edge of its high-confidence band, in whole millionths.
        truths: signal → whose labels count.
    """

    highs: Mapping[str, int]
    truths: Mapping[str, Truth]

    def high(self, signal: str) -> int:
        """Where a signal's high-confidence band begins."""
        return self.highs.get(signal, _USUAL_HIGH)

    def truth_words(self, signal: str) -> tuple[str, ...]:
        """Whose labels count, as a manifest has it."""
        truth = self.truths.get(signal, USUAL)
        return (*truth.sources, *(["unstated"] if truth.unstated else []))


def build_cells(
    events: Path, out: Path, *, engine: Engine, since: date, until: date, declared: Declared
) -> CellManifest:
    """Count the claims of a range of days.

    Args:
        events: the event log (`core.lake.event_log`).
        out: a folder that is not there yet, or is empty.
        since: first day, a Monday.
        until: the day after the last, a Monday.

    Raises:
        LedgerError: no whole weeks, no such log, or an engine that is not there.
    """
    whole_weeks(since, until)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise LedgerError(f"{out} exists already; name another folder.")
    log = look_at_log(events, since, until)
    out.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="calledger-cells-", dir=out.parent))
    made = scratch / "out"
    made.mkdir()
    try:
        with counting(engine, scratch) as at_work:
            manifest = _Build(at_work, log, declared, since, until, made, scratch).run()
        if out.exists():
            out.rmdir()
        made.rename(out)
        return manifest
    except LedgerError:
        raise
    except Exception as error:
        # Each engine has errors of its own, of a full disk and too little memory among them.
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise LedgerError(f"{engine} could not count the cells: {said[0]}.") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True)
class _Build:
    engine: Counting
    log: EventLog
    declared: Declared
    since: date
    until: date
    out: Path
    scratch: Path

    def run(self) -> CellManifest:
        refused, n_read = self._claims_in_force()
        signals = self._signals()
        self._count(signals)
        with counting_memory(self.scratch) as memory:
            weeks = week_digests(memory, relations(self.out))
            row = memory.execute(
                f"SELECT coalesce(sum(n_claims), 0) FROM {relations(self.out).days}"
            ).fetchone()
        assert row is not None
        n_valid = n_read - sum(n for name, n in refused.items() if name.startswith("claims."))
        ((n_first,),) = self.engine.rows("SELECT count(*) FROM claims_in_force")
        manifest = CellManifest(
            since=self.since,
            until=self.until - timedelta(days=1),
            engine=self.engine.version,
            program=__version__,
            kernel=kernel_digest(),
            events=self.log.digest,
            n_read=n_read,
            n_refused=refused,
            n_repeated=n_valid - n_first,
            n_claims=int(row[0]),
            signals=signals,
            weeks=weeks,
            files=digests(self.out),
        )
        manifest.write(self.out)
        return manifest

    def _claims_in_force(self) -> tuple[dict[str, int], int]:
        """Write the claims with their outcomes once, for all that is counted from them."""
        engine, log = self.engine, self.log
        engine.read("logged_claims", log.claims.files)
        engine.view("claims_read", read_claims(log, self.since, self.until))
        tables = {"claims": "claims_read"}
        if log.outcomes.files:
            engine.read("logged_outcomes", log.outcomes.files)
            engine.view("outcomes_read", read_outcomes(log))
            tables["outcomes"] = "outcomes_read"
        refused, n_read = {}, 0
        for name, view in tables.items():
            for problem, n in engine.rows(
                f"SELECT problem, count(*) AS n FROM {view} GROUP BY problem"
            ):
                n_read += n if name == "claims" else 0
                if problem is not None:
                    refused[f"{name}.{problem}"] = n
        query = in_force(log, self.declared.truths, outcomes="outcomes" in tables)
        engine.save(query, self.scratch / "in_force")
        files = sorted((self.scratch / "in_force").glob("*.parquet"))
        engine.read("claims_in_force", files)
        states = states_in_force(self.declared.truths, outcomes="outcomes" in tables)
        engine.view("states_in_force", states)
        return refused, n_read

    def _signals(self) -> dict[str, CountedSignal]:
        engine = self.engine
        lines = sorted(
            engine.rows(kernel.lines("claims_in_force")),
            key=lambda line: [(one is not None, one or "") for one in line],
        )
        names = sorted({line[0] for line in lines})
        few = {
            name for name in names if sum(line[0] == name for line in lines) <= limits.MOST_LINES
        }
        self._write_lines([line for line in lines if line[0] in few])
        columns = {"": "confidence_ppm", ACTION: ACTION, **self.log.segments}
        counts = ", ".join(
            f"count(DISTINCT {quoted(column)}) AS n_{i}"
            for i, column in enumerate(columns.values())
        )
        values = {
            signal: dict(zip(columns, found, strict=True))
            for signal, *found in engine.rows(
                f"SELECT signal, {counts} FROM claims_in_force GROUP BY signal"
            )
        }
        repeating = {
            signal
            for (signal,) in engine.rows(
                """
                SELECT DISTINCT signal FROM (
                    SELECT signal, input_id FROM claims_in_force
                    WHERE input_id IS NOT NULL AND confidence_ppm IS NOT NULL
                    GROUP BY signal, input_id HAVING count(*) > 1) AS repeated
                """
            )
        }
        return {
            name: CountedSignal(
                self.declared.high(name),
                self.declared.truth_words(name),
                name in few,
                name in repeating,
                {
                    dimension: n <= limits.MOST_KEPT_VALUES
                    for dimension, n in values[name].items()
                    if n and dimension
                },
                values[name][""] <= limits.MOST_CONFIDENCES,
            )
            for name in names
        }

    def _write_lines(self, lines: list[tuple[str, ...]]) -> None:
        columns = {
            name: pa.array([line[i] for line in lines], pa.string())
            for i, name in enumerate(kernel.LINE)
        }
        table = pa.table(
            {"line": pa.array(range(1, len(lines) + 1), pa.int32())}
            | columns
            | {"high_ppm": pa.array([self.declared.high(line[0]) for line in lines], pa.int32())}
        )
        path = self.scratch / "lines.parquet"
        pq.write_table(table, path)
        self.engine.read("lines", [path])

    def _count(self, signals: Mapping[str, CountedSignal]) -> None:
        counted = kernel.Counted("claims_in_force", "lines")
        # The names of a line stand for its number, which every ledger gives by itself.
        named = ", ".join(f"line.{one} AS {one}" for one in kernel.LINE)

        def save(table: str, query: str, condition: str = "TRUE") -> None:
            # Parquet knows no whole numbers of 128 bits, and DuckDB would write doubles.
            taken = ", ".join(
                f"CAST(counted.{one} AS DECIMAL(38, 0)) AS {one}"
                if type_ == "HUGEINT"
                else f"counted.{one} AS {one}"
                for one, type_ in COLUMNS[table].items()
            )
            self.engine.save(
                f"""
                SELECT {named}, {taken} FROM ({query}) AS counted
                JOIN lines AS line ON line.line = counted.line WHERE {condition}
                """,
                self.out / table,
            )

        values, left_out = self._dimensions(signals)
        save("cells", kernel.cells(counted, values), left_out)
        save("days", kernel.days(counted))
        save("ages", kernel.ages(counted))
        states = kernel.Counted("states_in_force", "lines")
        save("steps", kernel.steps(states))
        values.pop(ACTION, None)
        many = [literal(name) for name, one in sorted(signals.items()) if not one.each]
        if many:
            left_out = f"{left_out} AND line.signal NOT IN ({', '.join(many)})"
        save("values", kernel.values(counted, values), left_out)

    def _dimensions(self, signals: Mapping[str, CountedSignal]) -> tuple[dict[str, str], str]:
        """What to count by, and the rows to keep of it: not all signals are split by all."""
        columns = {ACTION: ACTION, **self.log.segments}
        values, unwanted = {}, []
        for dimension, column in columns.items():
            of = sorted(
                name for name, one in signals.items() if one.dimensions.get(dimension, False)
            )
            if not of:
                continue
            sql = f"claim.{quoted(column)}"
            if len(of) < len(signals):
                listed = ", ".join(map(literal, of))
                sql = f"CASE WHEN claim.signal IN ({listed}) THEN {sql} END"
                unwanted.append(
                    f"(counted.dimension = {literal(dimension)} AND line.signal NOT IN ({listed}))"
                )
            values[dimension] = sql
        return values, f"NOT ({' OR '.join(unwanted)})" if unwanted else "TRUE"
