"""What import, weekly review and page scripts cost, beside the least DuckDB can do.

    .venv/bin/python tests/benchmarks/spine.py                 # 1 and 10 million claims
    .venv/bin/python tests/benchmarks/spine.py --rows 200000

Every step runs in a process of its own, so that its peak memory is its own. Ratios are against
a bare query on the same data in the same run; only they mean something on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from statistics import median

import duckdb

from dashboard.pages import PAGES

DIMENSIONS = {"region": 6, "topic": 12, "channel": 5, "tier": 4, "customer": 30}
WEEKS = 12
REPEATS = 3
NOW = datetime(2026, 11, 23, 12)
MAIN = Path(__file__).parents[2] / "dashboard" / "main.py"
OPENED = ("this_week", "reliability", "segments", "drift", "claims", "data")

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


def generate(path: Path, rows: int, *, claims_per_input: int, weeks: int = WEEKS) -> None:
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


# ------------------------------------------------------------------ the steps, one process each
def step_bare_import(parquet: Path, ledger: Path) -> dict[str, float]:
    """INSERT … SELECT of the whole file into a table of the same columns."""
    connection = duckdb.connect(str(ledger.with_suffix(".bare")), config={"memory_limit": "1.5GB"})
    connection.execute(f"CREATE TABLE bare AS FROM read_parquet('{parquet}') LIMIT 0")
    return timed(lambda: connection.execute(f"INSERT INTO bare FROM read_parquet('{parquet}')"))


def step_import(parquet: Path, ledger: Path) -> dict[str, float]:
    """The real import."""
    from core.ingest.import_file import import_file
    from core.ledger.connection import Ledger

    with Ledger.open(ledger, create=True) as opened:
        return timed(lambda: import_file(opened, parquet))


def step_bare_scan(_parquet: Path, ledger: Path) -> dict[str, float]:
    """One query that sums n, v and y over the groups of the weekly review."""
    return bare_scan(ledger, DIMENSIONS)


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


def step_review(_parquet: Path, ledger: Path) -> dict[str, float]:
    """Each value of five dimensions × twelve weeks × four signals, with verdicts."""
    from core.ledger.connection import Ledger
    from core.measure.verdicts.verdict import judge
    from core.queries.base.catalogue import signals
    from core.queries.base.selection import Selection
    from core.queries.sums.grouped_sums import grouped_sums

    def review(opened: Ledger) -> int:
        groups = 0
        for signal in signals(opened.cursor()):
            found = grouped_sums(
                opened.cursor(),
                Selection(signal.name),
                [(name, "week") for name in DIMENSIONS],
                high_from=0.9,
            )
            groups += len(judge(found.sums))
        return groups

    with Ledger.open(ledger) as opened:
        groups = review(opened)
        return {**best_of(lambda: review(opened)), "groups": groups}


def step_week(_parquet: Path, ledger: Path) -> dict[str, float]:
    """The first screen: every signal's week, trend, worst segment and changes."""
    from core.governance.state import EMPTY
    from core.ledger.connection import Ledger
    from core.views.review.this_week import week_view

    with Ledger.open(ledger) as opened:
        return best_of(lambda: week_view(opened.cursor(), EMPTY, now=NOW))


def step_drift(_parquet: Path, ledger: Path) -> dict[str, float]:
    """The Drift page's timeline of every signal, over all its weeks."""
    from core.ledger.connection import Ledger
    from core.queries.base.catalogue import signals
    from core.queries.base.selection import Selection
    from core.views.review.drift import drift_view

    with Ledger.open(ledger) as opened:
        names = [one.name for one in signals(opened.cursor())]
        return best_of(
            lambda: [drift_view(opened.cursor(), Selection(name), as_of=NOW) for name in names]
        )


def step_report(_parquet: Path, ledger: Path) -> dict[str, float]:
    """`calledger report`, the command as a whole."""
    command = [sys.executable, "-m", "dashboard.cli.main", "report", "--ledger", str(ledger)]
    return timed(
        lambda: subprocess.run(
            [*command, "--out", str(ledger.with_suffix(".html"))], check=True, capture_output=True
        )
    )


def step_pages(_parquet: Path, ledger: Path) -> dict[str, float]:
    """Each page's script: after an import, after a filter was changed, and unchanged."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from dashboard.cache import views as data
    from dashboard.cache.kept import KeptFunction
    from dashboard.server.settings import LEDGER_VARIABLE

    os.environ[LEDGER_VARIABLE] = str(ledger)
    app = AppTest.from_file(str(MAIN), default_timeout=600).run()
    # The frame of the page, signals and dimensions, survives a changed filter; its numbers do not.
    frame = ("overview", "dimensions", "mondays")
    views = [
        view
        for name, view in vars(data).items()
        if name not in frame and isinstance(view, KeptFunction)
    ]

    def run(page: str, forget: Callable[[], object]) -> float:
        seconds = []
        for _ in range(REPEATS):
            forget()
            began = time.perf_counter()
            app.switch_page(PAGES[page].path).run()
            seconds.append(time.perf_counter() - began)
        assert not app.exception, app.exception
        return median(seconds)

    found: dict[str, float] = {}
    for page in OPENED:
        run(page, lambda: None)
        found[f"{page}, first visit after an import"] = run(page, st.cache_data.clear)
        found[f"{page}, after a filter changed"] = run(
            page, lambda: [view.clear() for view in views]
        )
        found[f"{page}, unchanged"] = run(page, lambda: None)
    return found


STEPS: dict[str, Callable[[Path, Path], dict[str, float]]] = {
    "bare import": step_bare_import,
    "import": step_import,
    "bare scan": step_bare_scan,
    "review": step_review,
    "week": step_week,
    "drift": step_drift,
    "report": step_report,
    "pages": step_pages,
}


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


# ------------------------------------------------------------------------------- the report
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


def report(rows: int, *, claims_per_input: int, weeks: int, folder: Path) -> None:
    """Print every figure and ratio for one size."""
    parquet, ledger = folder / "claims.parquet", folder / "ledger.duckdb"
    generate(parquet, rows, claims_per_input=claims_per_input, weeks=weeks)
    repeated = "" if claims_per_input == 1 else f", every input answered {claims_per_input} times"
    size = parquet.stat().st_size / 1e6
    print(f"\n{rows:,} claims in {weeks} weeks{repeated} (Parquet {size:.0f} MB)")
    found = {name: run_step(__file__, name, parquet, ledger) for name in STEPS}

    def line(name: str, base: str, limit: str) -> None:
        ours, least = found[name], found[base]
        print(
            f"  {name:<8} {ours['wall']:8.2f} s wall {ours['cpu']:8.2f} s cpu   "
            f"{ours['wall'] / least['wall']:5.2f} × wall "
            f"{ours['cpu'] / least['cpu']:5.2f} × cpu of the {base} "
            f"({least['wall']:.2f} s), reach {limit}; peak {ours['peak_mb']:,.0f} MB"
        )

    line("import", "bare import", "≤ 4×")
    line("review", "bare scan", "≤ 6×")
    print(f"           {found['review']['groups']:,.0f} groups judged")
    for name in ("week", "drift", "report"):
        line(name, "bare scan", "–")
    for name, seconds in found["pages"].items():
        if name != "peak_mb":
            print(f"  page {name:<44} {seconds:5.2f} s" + (", reach ≤ 0.5 s"))
    print(f"  pages' peak {found['pages']['peak_mb']:,.0f} MB, reach < 2,000 MB")
    print(f"  ledger {ledger.stat().st_size / 1e6:,.0f} MB")


def main() -> None:
    """Run one step, or the whole report."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    words.add_argument("--year-rows", type=int, default=10_000_000)
    words.add_argument("--repeated-rows", type=int, default=1_000_000)
    words.add_argument("--step", nargs=3, metavar=("NAME", "PARQUET", "LEDGER"))
    chosen = words.parse_args()
    if chosen.step:
        name, parquet, ledger = chosen.step
        figures = STEPS[name](Path(parquet), Path(ledger))
        print(json.dumps({**figures, "peak_mb": peak_mb()}))
        return
    for rows in chosen.rows:
        with tempfile.TemporaryDirectory() as folder:
            report(rows, claims_per_input=1, weeks=WEEKS, folder=Path(folder))
    if chosen.year_rows:
        with tempfile.TemporaryDirectory() as folder:
            report(chosen.year_rows, claims_per_input=1, weeks=52, folder=Path(folder))
    if chosen.repeated_rows:
        with tempfile.TemporaryDirectory() as folder:
            report(chosen.repeated_rows, claims_per_input=5, weeks=WEEKS, folder=Path(folder))


if __name__ == "__main__":
    main()
