"""What several benchmarks are made of: claims by the million, the least DuckDB needs, figures."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median

import duckdb

DIMENSIONS = {"region": 6, "topic": 12, "channel": 5, "tier": 4, "customer": 30}
REPEATS = 3

GENERATE = """
COPY (
    WITH drawn AS (
        SELECT i,
               hash(i, 1) / 18446744073709551616.0 AS a, hash(i, 2) / 18446744073709551616.0 AS b,
               hash(i, 3) / 18446744073709551616.0 AS c, hash(i, 4) % 4 AS kind,
               {dimension_draws}
        FROM range({rows}) AS numbers(i)
    ), stated AS (
        SELECT *, CASE kind WHEN 0 THEN round(0.3 + 0.7 * sqrt(a), 2)
                            WHEN 1 THEN floor(20 * sqrt(a)) / 20
                            WHEN 2 THEN floor(10 * sqrt(a)) / 10
                            ELSE round(sqrt(a), 4) END AS confidence
        FROM drawn
    )
    SELECT 'event-' || i AS event_id,
           TIMESTAMP '2026-11-23' - INTERVAL 1 SECOND * {seconds}
               + INTERVAL 1 SECOND * CAST(floor(i * {seconds} / {rows}) AS BIGINT) AS ts,
           'signal-' || kind AS signal, confidence,
           CASE WHEN hash(i, 5) % 100 < 85
                THEN CAST(b < confidence - if(topic = 'topic-3', 0.1, 0) AS TINYINT)
           END AS outcome,
           ts + INTERVAL 3 DAY AS outcome_ts,
           'model-' || (i * 3 // {rows}) AS model_version,
           'prompt-' || (i * 5 // {rows}) AS prompt_version,
           'input-' || {input_of} AS input_id,
           {dimension_columns}
    FROM stated ORDER BY i
) TO '{path}' (FORMAT parquet)
"""


def generate(path: Path, rows: int, *, claims_per_input: int, weeks: int) -> None:
    """Write claims of four signals over some weeks; all is a function of the row's number."""
    sql = GENERATE.format(
        rows=rows,
        path=path,
        seconds=weeks * 7 * 86_400,
        # The claims of one input stay in one signal, four rows apart.
        input_of="i" if claims_per_input == 1 else f"((i // {4 * claims_per_input}) * 4 + kind)",
        dimension_draws=", ".join(
            f"'{name}-' || (hash(i, '{name}') % {size}) AS {name}"
            for name, size in DIMENSIONS.items()
        ),
        dimension_columns=", ".join(f"{name} AS seg_{name}" for name in DIMENSIONS),
    )
    duckdb.connect().execute(sql)


def bare_scan(ledger: Path, dimensions: Iterable[str]) -> dict[str, float]:
    """One query that sums n, v and y over every signal, week and segment."""
    from core.ledger.connection import Ledger

    names = tuple(dimensions)
    sets = ", ".join(f"(signal, week, seg_{name})" for name in names)
    columns = ", ".join(f"seg_{name}" for name in names)
    sql = f"""
        SELECT signal, week, {columns}, count(outcome), sum(confidence_ppm), sum(outcome)
        FROM (SELECT *, date_diff('day', DATE '1970-01-05', CAST(ts AS DATE)) // 7 AS week
              FROM claims)
        GROUP BY GROUPING SETS ({sets})
    """
    with Ledger.open(ledger) as opened:
        return best_of(lambda: opened.cursor().execute(sql).fetchall())


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Wall and processor seconds of one run."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def best_of(work: Callable[[], object]) -> dict[str, float]:
    """Median wall and processor seconds, after a warm-up."""
    work()
    runs = [timed(work) for _ in range(REPEATS)]
    return {name: median(run[name] for run in runs) for name in ("wall", "cpu")}


def peak_mb() -> float:
    """The most memory this process held, in MB.

    Linux keeps it per address space; getrusage would also count the parent's before the exec.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (one for one in status.read_text().splitlines() if one.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def run_step(script: str, name: str, *files: Path) -> dict[str, float]:
    """Run one step of a script in a fresh process and read back its figures."""
    done = subprocess.run(
        [sys.executable, script, "--step", name, *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures
