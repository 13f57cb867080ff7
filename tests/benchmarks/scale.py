"""What a ledger costs from a hundred thousand claims to ten million, in seconds of processor.

    .venv/bin/python tests/benchmarks/scale.py                          # 10⁵, 10⁶, 10⁷
    .venv/bin/python tests/benchmarks/scale.py --rows 100000 1000000 --only import check

Every line is what a user gets: the command as it is typed, a page as it is visited, a question as
it is asked over HTTP, each in a process of its own on a ledger whose signals are written down and
whose imports are sealed. Beside it stands the least that DuckDB needs for the same data, or what
pandas with a peer library takes, in the same run: on a busy machine only these ratios mean
something. The last column is how cost grows: exponent 1 is in proportion.
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
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import duckdb
from common import DIMENSIONS, bare_scan, best_of, generate, peak_mb, timed

HERE = Path(__file__)
MAIN = HERE.parents[2] / "dashboard" / "main.py"
PORT = 8794
NOW = datetime(2026, 11, 23, 12)
#: Signals of the two ledgers that are of many signals; claims of each.
MANY, CLAIMS_EACH = (10, 100, 1000), 720


@dataclass(frozen=True)
class World:
    """Files of one size.

    Attributes:
        folder: where they are.
        weeks: over how many the claims lie.
    """

    folder: Path
    weeks: int

    @property
    def claims(self) -> Path:
        """All claims, in Parquet."""
        return self.folder / "claims.parquet"

    @property
    def one_more(self) -> Path:
        """A claim that comes later."""
        return self.folder / "one.csv"

    @property
    def ledger(self) -> Path:
        """Where they were imported."""
        return self.folder / "ledger.duckdb"

    @property
    def bare(self) -> Path:
        """Where DuckDB alone put them."""
        return self.folder / "bare.duckdb"


Figures = dict[str, dict[str, float]]


# ------------------------------------------------------------------ steps, one process each
def bare_load(world: World) -> Figures:
    """INSERT … SELECT of the file into a table of the same columns."""
    world.bare.unlink(missing_ok=True)
    connection = duckdb.connect(str(world.bare), config={"memory_limit": "1.5GB"})
    connection.execute(f"CREATE TABLE bare AS FROM read_parquet('{world.claims}') LIMIT 0")
    sql = f"INSERT INTO bare FROM read_parquet('{world.claims}')"
    return {"bare load": timed(lambda: connection.execute(sql))}


def imports(world: World) -> Figures:
    """The command on the file, on the same file again, and on one more claim."""
    world.ledger.unlink(missing_ok=True)
    found = {
        "import": once("import", world.claims, "--ledger", world.ledger),
        "import, the same again": command("import", world.claims, "--ledger", world.ledger),
    }
    world.one_more.write_text(
        "event_id,ts,signal,confidence,outcome,model_version,seg_topic\n"
        "one-more,2026-11-22T23:59:00Z,signal-0,0.9,1,model-2,topic-3\n"
    )
    found["import, one claim more"] = once("import", world.one_more, "--ledger", world.ledger)
    write_down(world)
    megabytes = world.ledger.stat().st_size / world.claims.stat().st_size
    return {**found, "ledger / its Parquet": {"ratio": megabytes}}


def write_down(world: World) -> None:
    """An entry of each signal, so that pages, check and gate have what to judge by."""
    from core.gate.registry_changes import apply
    from core.governance.perform import Office
    from core.ledger.connection import Ledger
    from core.registry.yaml_reader import read
    from tests.worlds.governed.entries import entry

    entries = "---\n".join(
        entry(
            f"signal-{i}",
            stakes="low",
            owner="user:desk/ann",
            deputies=["user:desk/bob"],
            validators=["user:risk/vera"],
            decision="answer by itself",
            most={"ece": "0.08"},
            least={"auroc": "0.55"},
            cuts={"review": "0.80"},
        )
        for i in range(4)
    )
    with Ledger.open(world.ledger) as ledger:
        apply(Office.of(ledger), read(entries), "user:desk/admin")


def scan(world: World) -> Figures:
    """One query that sums n, v and y of each signal, week and segment."""
    return {"grouped scan": bare_scan(world.ledger, DIMENSIONS)}


def review(world: World) -> Figures:
    """Each value of five dimensions × all weeks × four signals with its verdict; each timeline."""
    from core.ledger.connection import Ledger
    from core.measure.verdicts.verdict import judge
    from core.queries.base.catalogue import signals
    from core.queries.base.selection import Selection
    from core.queries.sums.grouped_sums import grouped_sums
    from core.views.review.drift import drift_view

    by = [(name, "week") for name in DIMENSIONS]
    with Ledger.open(world.ledger) as ledger, ledger.cursor() as cursor:
        of = [Selection(one.name) for one in signals(cursor)]

        def judged() -> None:
            for one in of:
                judge(grouped_sums(cursor, one, by, high_from=0.9).sums)

        def timelines() -> None:
            for one in of:
                drift_view(cursor, one, as_of=NOW)

        return {
            "every segment and week judged": best_of(judged),
            "timelines of all signals": best_of(timelines),
        }


def commands(world: World) -> Figures:
    """Commands that read; *check* also writes what it finds."""
    at = ("--ledger", world.ledger)
    one = ("--signal", "signal-0")
    return {
        "check, the first": once("check", *at),
        "check, again": command("check", *at),
        "measure": command("measure", *at, *one),
        "measure by topic": command("measure", *at, *one, "--by", "topic"),
        "measure the continuous one": command("measure", *at, "--signal", "signal-3"),
        "trail verify": command("trail", "verify", *at),
        "report": command("report", *at, "--out", world.folder / "report.html"),
        "doctor": command("doctor", world.ledger),
    }


def pages(world: World) -> Figures:
    """Each page's script: the first visit after something changed, and unchanged."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from dashboard.pages import PAGES
    from dashboard.server.settings import LEDGER_VARIABLE
    from dashboard.widgets import chart

    os.environ[LEDGER_VARIABLE] = str(world.ledger)
    app = AppTest.from_file(str(MAIN), default_timeout=600)
    app.query_params["signal"] = "signal-0"
    app.run()

    def run(path: str) -> None:
        app.switch_page(path).run()
        assert not app.exception, app.exception

    found: Figures = {}
    for key, page in PAGES.items():
        run(page.path)
        st.cache_data.clear()
        chart._drawn.cache_clear()
        found[f"page {key}, first visit"] = timed(lambda path=page.path: run(path))
        found[f"page {key}, unchanged"] = timed(lambda path=page.path: run(path))
    return found


def gate(world: World) -> Figures:
    """The server: processor until it is ready, and of a decision asked one after the other."""
    import httpx2

    words = ["serve", "--no-browser", "--ledger", str(world.ledger), "--port", str(PORT)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [*CALLEDGER, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(f"http://127.0.0.1:{PORT}/readyz")
        ready = {"wall": time.perf_counter() - began, "cpu": used(process.pid)}
        asked, before = 500, used(process.pid)
        question = {"signal": "signal-0", "confidence": 0.9, "model_version": "model-2"}
        with httpx2.Client(base_url=f"http://127.0.0.1:{PORT}") as client:
            began = time.perf_counter()
            for _ in range(asked):
                answer = client.post("/api/v1/decide", json=question)
                assert answer.json()["action"], answer.text
        wall = (time.perf_counter() - began) / asked
        decided = {"wall": wall, "cpu": (used(process.pid) - before) / asked}
    finally:
        process.terminate()
        process.wait(timeout=60)
    return {"server, until ready": ready, "a decision over HTTP": decided}


def wait_for(address: str) -> None:
    """Until a server answers."""
    for _ in range(3000):
        try:
            urllib.request.urlopen(address, timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def used(process: int) -> float:
    """Processor seconds of a running process."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peers(world: World) -> Figures:
    """What others take for one signal: read with pandas, then their own measures of it."""
    import numpy as np
    import pandas as pd
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import brier_score_loss, roc_auc_score

    found: Figures = {}
    columns = ["signal", "confidence", "outcome", "seg_topic"]

    def read() -> pd.DataFrame:
        frame = pd.read_parquet(
            world.claims, columns=columns, filters=[("signal", "=", "signal-0")]
        )
        return frame.dropna(subset=["outcome"])

    def scikit_learn() -> None:
        frame = read()
        calibration_curve(frame["outcome"], frame["confidence"], n_bins=10)
        brier_score_loss(frame["outcome"], frame["confidence"])
        roc_auc_score(frame["outcome"], frame["confidence"])

    def by_topic() -> None:
        frame = read()
        for _, group in frame.groupby("seg_topic"):
            calibration_curve(group["outcome"], group["confidence"], n_bins=10)
            brier_score_loss(group["outcome"], group["confidence"])
            roc_auc_score(group["outcome"], group["confidence"])

    found["pandas + scikit-learn, one signal"] = timed(scikit_learn)
    found["the same of each topic"] = timed(by_topic)
    frame = read()
    v = frame["confidence"].to_numpy(dtype=np.float64)
    y = frame["outcome"].to_numpy(dtype=np.int64)
    for name, work in other_measures(v, y):
        found[name] = timed(work)
    return found


def other_measures(v: object, y: object) -> Iterator[tuple[str, Callable[[], object]]]:
    """Calibration measures of the peers that are installed, on arrays that are read."""
    if find_spec("relplot"):
        import relplot

        yield "relplot, smECE", lambda: relplot.smECE(v, y)
    if find_spec("netcal"):
        from netcal.metrics import ECE

        yield "netcal, ECE", lambda: ECE(10).measure(v, y)
    if find_spec("nannyml"):
        from nannyml.calibration import _calculate_expected_calibration_error

        yield "NannyML, ECE", lambda: _calculate_expected_calibration_error(y, v)
    if find_spec("evidently"):
        yield "Evidently, classification", lambda: evidently(v, y)


def evidently(v: object, y: object) -> None:
    """Its report on a classification, of the same claims."""
    import pandas as pd
    from evidently import BinaryClassification, DataDefinition, Dataset, Report
    from evidently.presets import ClassificationPreset

    roles = BinaryClassification(target="outcome", prediction_probas="confidence")
    data = Dataset.from_pandas(
        pd.DataFrame({"outcome": y, "confidence": v}),
        data_definition=DataDefinition(classification=[roles]),
    )
    Report([ClassificationPreset()]).run(data, None)


STEPS: dict[str, Callable[[World], Figures]] = {
    "load": bare_load,
    "import": imports,
    "scan": scan,
    "review": review,
    "peers": peers,
    "commands": commands,
    "pages": pages,
    "gate": gate,
}

#: Which line stands beside which, and the most that the ratio may be.
BESIDE: dict[str, tuple[str, float | None]] = {
    "import": ("bare load", 2.5),
    "every segment and week judged": ("grouped scan", 6),
    "check, again": ("grouped scan", 8),
    "trail verify": ("grouped scan", 10),
    "report": ("grouped scan", 2),
    "measure": ("pandas + scikit-learn, one signal", None),
    "measure by topic": ("the same of each topic", None),
}


# ------------------------------------------------------------------------------ many signals
def week(signals: int, folder: Path) -> dict[str, float]:
    """The first screen of so many signals, after something changed."""
    from many_signals import build

    from core.governance.perform import Office
    from core.ledger.connection import Ledger
    from core.queries.base.together.asked_once import asked_once
    from core.views.review.week.this_week import week_view

    path = folder / f"{signals}.duckdb"
    build(path, signals)
    with Ledger.open(path) as ledger:
        state, now = Office.of(ledger).state(), datetime.now(UTC).replace(tzinfo=None)

        def look() -> None:
            with asked_once(), ledger.cursor() as cursor:
                week_view(cursor, state, now=now)

        look()
        return timed(look)


# ------------------------------------------------------------------------------- measuring
CALLEDGER = [sys.executable, "-m", "dashboard.cli.main"]


def command(*words: object) -> dict[str, float]:
    """Wall and processor seconds and peak memory of a command; median of three for short ones."""
    runs = [once(*words)]
    while len(runs) < 3 and sum(run["wall"] for run in runs) < 5:
        runs.append(once(*words))
    return {name: median(run[name] for run in runs) for name in runs[0]}


def once(*words: object) -> dict[str, float]:
    """The same, of a command that finds less to do the second time."""
    began = time.perf_counter()
    with tempfile.TemporaryFile() as said, subprocess.Popen(
        [*CALLEDGER, *map(str, words)], stdout=subprocess.DEVNULL, stderr=said
    ) as process:  # fmt: skip
        _, status, rusage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):  # 1 says that something was found.
            said.seek(0)
            raise SystemExit(f"{words} failed: {said.read().decode()}")
    return {
        "wall": time.perf_counter() - began,
        "cpu": rusage.ru_utime + rusage.ru_stime,
        "peak_mb": rusage.ru_maxrss / 1024,
    }


def run_step(name: str, world: World) -> Figures:
    """A step in a fresh process."""
    done = subprocess.run(
        [sys.executable, str(HERE), "--step", name, str(world.folder), str(world.weeks)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{name} failed")
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return figures


# ---------------------------------------------------------------------------------- telling
def table(found: dict[int, Figures]) -> Iterator[str]:
    """A line for everything that was measured: seconds of processor at each size."""
    sizes = sorted(found)
    heads = [f"10^{round(math.log10(n))}" if n in POWERS else f"{n:,}" for n in sizes]
    yield f"| processor, s | {' | '.join(heads)} | grows | beside, at the most | × | most |"
    yield "|---|" + "---|" * (len(sizes) + 4)
    for name in found[sizes[-1]]:
        cost = [found[n].get(name, {}) for n in sizes]
        key = "ratio" if "ratio" in cost[-1] else "cpu"
        values = [one.get(key) for one in cost]
        told = ["" if value is None else seconds(value) for value in values]
        other, most = BESIDE.get(name, ("", None))
        ratio = ""
        if other and other in found[sizes[-1]] and values[-1]:
            ratio = f"{values[-1] / found[sizes[-1]][other]['cpu']:.2f}"
        peak = cost[-1].get("peak_mb")
        about = name + ("" if peak is None else f" ({peak:,.0f} MB)")
        reach = "" if most is None else f"{most:g}"
        cells = [about, *told, growth(sizes, values), other, ratio, reach]
        yield f"| {' | '.join(cells)} |"


POWERS = {10**power for power in range(3, 10)}


def seconds(value: float) -> str:
    """With three digits that count."""
    return f"{value:.2g}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:.1f}"


def growth(sizes: list[int], values: list[float | None]) -> str:
    """The exponent between the two largest sizes."""
    if len(sizes) < 2 or not values[-1] or not values[-2]:
        return ""
    return f"{math.log(values[-1] / values[-2]) / math.log(sizes[-1] / sizes[-2]):.2f}"


def main() -> None:
    """Run one step, or all and print the table."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    words.add_argument("--weeks", type=int, default=52)
    words.add_argument("--claims-per-input", type=int, default=1, help="as often inputs repeat")
    words.add_argument("--signals", type=int, nargs="*", default=list(MANY))
    words.add_argument("--only", nargs="+", choices=list(STEPS), default=list(STEPS))
    words.add_argument("--keep", type=Path, help="make the ledgers here, and leave them")
    words.add_argument("--step", nargs=3, metavar=("NAME", "FOLDER", "WEEKS"))
    asked = words.parse_args()
    if asked.step:
        name, where, weeks = asked.step
        figures = STEPS[name](World(Path(where), int(weeks)))
        for one in figures.values():
            if name not in ("import", "commands", "gate"):
                one["peak_mb"] = peak_mb()
        print(json.dumps(figures))
        return
    with tempfile.TemporaryDirectory() as scratch:
        found: dict[int, Figures] = {}
        for rows in asked.rows:
            world = World((asked.keep or Path(scratch)) / str(rows), asked.weeks)
            world.folder.mkdir(parents=True, exist_ok=True)
            if not world.claims.exists():
                generate(
                    world.claims,
                    rows,
                    claims_per_input=asked.claims_per_input,
                    weeks=world.weeks,
                )
            found[rows] = {}
            for name in STEPS:
                if name in asked.only:
                    found[rows] |= run_step(name, world)
                    print(f"{rows:,}: {name}", file=sys.stderr, flush=True)
            if asked.keep is None:
                shutil.rmtree(world.folder)
        print(f"{os.cpu_count()} processors, {datetime.now(UTC):%d %B %Y}, {asked.weeks} weeks\n")
        print("\n".join(table(found)))
        if asked.signals:
            print("\n| This week of | processor, s | a further signal, s |\n|---|---|---|")
            before: tuple[int, float] | None = None
            for signals in asked.signals:
                cpu = week(signals, Path(scratch))["cpu"]
                more = "" if before is None else f"{(cpu - before[1]) / (signals - before[0]):.4f}"
                print(f"| {signals:,} signals | {seconds(cpu)} | {more} |", flush=True)
                before = signals, cpu


if __name__ == "__main__":
    main()
