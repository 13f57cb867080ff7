"""What counting the cells of an event log costs, by engine and by size.

    .venv/bin/python tests/benchmarks/lake.py                       # 10⁶ and 10⁷ claims
    .venv/bin/python tests/benchmarks/lake.py --rows 100000000 --engines duckdb --weekly

With ``--weekly`` each week is built by itself, as it is when it is over: what one build holds on
disk meanwhile is then that of a week.

Each build is a process of its own; processor seconds are its own and those of all it starts, Java
among them. "bare" is DuckDB that reads the confidence column of the log and sums it. The log is
made once, in ``--folder``: 12 weeks, four signals, five segment dimensions, 85% labelled three days
later, one label in ten corrected, one claim in twenty labelled by a judge as well.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

SINCE, DAYS = date(2026, 8, 31), 84
DIMENSIONS = {"region": 6, "topic": 12, "channel": 5, "tier": 4, "customer": 30}
_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")

CLAIMS = """
    SELECT i AS seq, md5(CAST(i AS VARCHAR)) AS event_id,
           TIMESTAMP '{day}' + to_microseconds(CAST((i - {first}) * 86400000000 // {n} AS BIGINT))
               AS ts,
           'signal-' || kind AS signal,
           CASE kind WHEN 0 THEN round(0.3 + 0.7 * sqrt(a), 2) WHEN 1 THEN floor(20 * sqrt(a)) / 20
                     WHEN 2 THEN floor(10 * sqrt(a)) / 10 ELSE round(sqrt(a), 4) END AS confidence,
           'model-' || ({number} // 28) AS model_version,
           'prompt-' || ({number} // 17) AS prompt_version, md5('input' || i) AS input_id,
           {segments}
    FROM (SELECT i, hash(i, 4) % 4 AS kind, hash(i, 1) / 18446744073709551616.0 AS a
          FROM range({first}, {first} + {n}) AS numbers(i))
"""
OUTCOMES = """
    WITH labels AS (
        SELECT i, 0 AS version, 'HUMAN' AS outcome_source, hash(i, 2) % 100 < 75 AS y
        FROM range({first}, {first} + {n}) AS numbers(i) WHERE hash(i, 5) % 100 < 85
        UNION ALL
        SELECT i, 1, 'HUMAN', hash(i, 6) % 2 = 0
        FROM range({first}, {first} + {n}) AS numbers(i) WHERE hash(i, 5) % 100 < 9
        UNION ALL
        SELECT i, 2, 'LLM', hash(i, 7) % 2 = 0
        FROM range({first}, {first} + {n}) AS numbers(i) WHERE hash(i, 8) % 20 = 0
    )
    SELECT i * 3 + version AS seq, md5(CAST(i AS VARCHAR)) AS event_id,
           'signal-' || hash(i, 4) % 4 AS signal,
           CAST(y AS INTEGER) AS outcome,
           TIMESTAMP '{day}' + INTERVAL 3 DAY + to_hours(version) AS outcome_ts, outcome_source,
           TIMESTAMP '{day}' + INTERVAL 3 DAY + to_hours(version) AS logged_at
    FROM labels
"""


def make_log(folder: Path, rows: int) -> None:
    """Write the log, a file a day and table."""
    segments = ", ".join(
        f"'{name}-' || (hash(i, '{name}') % {size}) AS seg_{name}"
        for name, size in DIMENSIONS.items()
    )
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '2GB'; SET preserve_insertion_order = false")
        for number in range(DAYS):
            day = SINCE + timedelta(days=number)
            first = rows * number // DAYS
            parts = {
                "day": day, "first": first, "n": rows * (number + 1) // DAYS - first,
                "number": number, "segments": segments,
            }  # fmt: skip
            for table, query in (("claims", CLAIMS), ("outcomes", OUTCOMES)):
                at = folder / table / f"day={day}"
                at.mkdir(parents=True)
                connection.execute(
                    f"COPY ({query.format(**parts)}) TO '{at / 'part.parquet'}' "
                    "(FORMAT parquet, COMPRESSION zstd)"
                )


@dataclass(frozen=True)
class Cost:
    """What a process and all that it started took."""

    wall: float
    cpu: float
    peak_mb: float


def cost_of(words: list[str]) -> Cost:
    """Run a process to its end; whatever it starts is looked at until it is gone."""
    started = time.monotonic()
    process = subprocess.Popen(words, start_new_session=True, stdout=subprocess.DEVNULL)
    spent: dict[int, float] = {}
    peak = 0.0
    while process.poll() is None:
        found = _in_session(process.pid)
        spent |= {pid: cpu for pid, (cpu, _) in found.items()}
        peak = max(peak, sum(memory for _, memory in found.values()))
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {process.returncode}")
    return Cost(time.monotonic() - started, sum(spent.values()), peak / 1e6)


def _in_session(session: int) -> dict[int, tuple[float, float]]:
    """Process → processor seconds and bytes in memory, of those of a session."""
    found = {}
    for one in Path("/proc").iterdir():
        if not one.name.isdigit():
            continue
        try:
            fields = (one / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session:
            cpu = (int(fields[11]) + int(fields[12])) / _TICK
            found[int(one.name)] = (cpu, int(fields[21]) * _PAGE)
    return found


def _size(folder: Path, pattern: str = "**/*.parquet") -> float:
    return sum(one.stat().st_size for one in folder.glob(pattern)) / 1e6


def main() -> None:
    """Print a row for each size and engine."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    asked.add_argument("--engines", nargs="+", default=["duckdb", "datafusion", "spark"])
    asked.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "lake-bench")
    asked.add_argument("--weekly", action="store_true")
    given = asked.parse_args()
    command = Path(sys.executable).parent / "calledger"
    seconds: dict[str, dict[int, float]] = {}
    print(
        "| claims | engine | processor, s | a million | wall, s | peak, MB | × bare | cells, MB |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for rows in given.rows:
        log = given.folder / f"{rows:.0e}"
        if not log.exists():
            make_log(log, rows)
        files = f"{log}/claims/*/*.parquet"
        bare = cost_of(
            [sys.executable, "-c", f"import duckdb; duckdb.sql(\"SELECT sum(confidence) FROM '{files}'\").fetchall()"]  # noqa: E501
        ).cpu  # fmt: skip
        weeks = {}
        for engine in given.engines:
            out = given.folder / "cells"
            shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True)
            days = 7 if given.weekly else DAYS
            costs = [
                cost_of(
                    [
                        *(str(command), "cells", "build", "--events", str(log)),
                        *("--out", str(out / str(first)), "--engine", engine),
                        *("--since", str(SINCE + timedelta(days=first))),
                        *("--until", str(SINCE + timedelta(days=first + days - 1))),
                    ]
                )
                for first in range(0, DAYS, days)
            ]
            cost = Cost(
                sum(one.wall for one in costs),
                sum(one.cpu for one in costs),
                max(one.peak_mb for one in costs),
            )
            seconds.setdefault(engine, {})[rows] = cost.cpu
            weeks[engine] = {
                monday: digest
                for one in out.glob("*/manifest.json")
                for monday, digest in json.loads(one.read_text())["weeks"].items()
            }
            print(
                f"| {rows:,} ({_size(log):,.0f} MB) | {engine} | {cost.cpu:,.1f} "
                f"| {cost.cpu / rows * 1e6:.2f} | {cost.wall:,.0f} | {cost.peak_mb:,.0f} "
                f"| {cost.cpu / bare:,.0f} | {_size(out):.2f} |",
                flush=True,
            )
        assert len({json.dumps(one, sort_keys=True) for one in weeks.values()}) == 1, "they differ"
    for engine, by_rows in seconds.items():
        sizes = sorted(by_rows)
        for less, more in pairwise(sizes):
            growth = math.log(by_rows[more] / by_rows[less]) / math.log(more / less)
            print(f"{engine}: from {less:,} to {more:,} claims it grows with exponent {growth:.2f}")


if __name__ == "__main__":
    main()
