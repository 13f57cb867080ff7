"""What the pages over all signals cost at 10 and at 200 signals.

    .venv/bin/python tests/benchmarks/many_signals.py
    .venv/bin/python tests/benchmarks/many_signals.py --signals 10 200 500

Every signal has twelve weeks of 60 claims a week in two topics, one in five of them is off on one
of the topics, and all are written down, twelve owners between them. Printed per page: seconds to
the title and to the end of the script, cold and warm (median of three new sessions), and the
page's height at 1440 pixels.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from first_content import address, median_of_three, start, told, visit
from playwright.sync_api import Browser, sync_playwright

from core.gate.registry_changes import apply
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from tests.worlds.governed.entries import entry, group

OPENED = ("this_week", "registry", "watch", "risks", "sign_off", "data")
PORT = 8793
WEEKS, A_WEEK, OWNERS = 12, 60, 12
_CLAIMS = """
COPY (
    SELECT 'e-' || s || '-' || i AS event_id,
           $monday::TIMESTAMP + INTERVAL 1 HOUR * CAST(floor(i * 24 * 7 / {a_week}) AS INT) AS ts,
           printf('signal-%03d', s) AS signal,
           0.6 + 0.05 * (i % 8) AS confidence,
           CAST(hash(s, i) % 1000 / 1000.0 < 0.6 + 0.05 * (i % 8)
                - if(s % 5 = 0 AND i % 3 = 0, 0.3, 0) AS TINYINT) AS outcome,
           ts + INTERVAL 1 DAY AS outcome_ts,
           'model-' || s % 7 AS model_version, 'prompt-1' AS prompt_version,
           if(i % 3 = 0, 'medical', 'billing') AS seg_topic
    FROM range({signals}) AS signals(s), range({weeks} * {a_week}) AS numbers(i)
) TO '{path}' (FORMAT parquet)
"""


def _entry(i: int) -> str:
    return entry(
        f"signal-{i:03d}",
        stakes="low",
        owner=f"user:desk/owner-{i % OWNERS}",
        deputies=[f"user:desk/deputy-{i % OWNERS}"],
        validators="group:risk/validation",
        riskApprovers=["user:risk/rita", "user:risk/ruth"],
        decision=f"answer case {i} without a person reading it",
        most={"ece": "0.08"},
        least={"auroc": "0.55"},
        cuts={"review": "0.80"},
        validation={"minSamples": 100},
    )


def build(path: Path, signals: int) -> None:
    """A ledger of so many signals, all written down."""
    today = datetime.now(UTC).date()
    monday = today - timedelta(days=today.weekday(), weeks=WEEKS)
    claims = path.with_suffix(".parquet")
    sql = _CLAIMS.format(signals=signals, weeks=WEEKS, a_week=A_WEEK, path=claims)
    duckdb.connect().execute(sql, {"monday": monday.isoformat()})
    entries = "---\n".join(_entry(i) for i in range(signals))
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, claims)
        apply(
            Office.of(ledger),
            read(entries + group("risk/validation", "user:risk/vera")),
            "user:desk/admin",
        )
    claims.unlink()


def main() -> None:
    """Print a line a page, for each number of signals."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--signals", type=int, nargs="+", default=[10, 200])
    parser.add_argument("--pages", nargs="+", default=OPENED)
    parser.add_argument("--keep", type=Path, help="leave the ledgers in this folder")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        print("seconds to the title / to the end of the script")
        for n in asked.signals:
            ledger = (asked.keep or Path(folder)) / f"{n}.duckdb"
            if not ledger.exists():
                build(ledger, n)
            words = ["-m", "dashboard.cli.main", "serve", "--no-browser", "--ledger", str(ledger)]
            process = start([*words, "--port", str(PORT)], PORT, "/healthz")
            try:
                for key in asked.pages:
                    _line(browser, n, key, process.pid)
            finally:
                process.terminate()
                process.wait(timeout=30)
        browser.close()


def _cpu(server: int) -> float:
    """Processor seconds a process has used so far; what else the machine does is not in it."""
    fields = Path(f"/proc/{server}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _line(browser: Browser, n: int, key: str, server: int) -> None:
    page, before = address(PORT, key), _cpu(server)
    cold = visit(browser, page)
    used = _cpu(server) - before
    times = told(cold, median_of_three(browser, page))
    print(
        f"{n:4} signals {key:10} {times}   first visit: server {used:.1f} s of a processor   "
        f"{cold[2]:,} px",
        flush=True,
    )


if __name__ == "__main__":
    main()
