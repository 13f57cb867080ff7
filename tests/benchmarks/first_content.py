"""How soon each page shows its first content, cold and warm, in headless Chromium.

    .venv/bin/python tests/benchmarks/first_content.py

Serves the sample with its story. Cold: the first visit after the server started; warm: the median
of three more, each in a new session. A page is there when its title is, and drawn when its script
has ended; shift is how much of what was there moved meanwhile, below 0.1 is good. Times are seconds
on the machine that runs it, and mean little elsewhere; what does is the ratio to a page of
Streamlit that has a title only, which is printed beside them.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from dashboard.pages import PAGES
from sample_data import SAMPLE_END, sample_files, tell
from tests.worlds.running.layout_shift import shifted, watch

BARE = "import streamlit as st\nst.title('Bare')\n"


def main() -> None:
    """Print a line a page."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        ledger = Path(folder) / "told.duckdb"
        with Ledger.open(ledger, create=True) as opened:
            for file in sample_files():
                import_file(opened, file, now=datetime.now(UTC).replace(tzinfo=None))
            tell(opened, SAMPLE_END)
        bare = Path(folder) / "bare.py"
        bare.write_text(BARE)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        serve = ["-m", "dashboard.cli.main", "serve", "--no-browser", "--ledger", str(ledger)]
        print(f"{os.cpu_count()} processors; seconds to the title / to the end of the script")
        site = start([*serve, "--port", "8791"], 8791, "/healthz")
        own = ["-m", "streamlit", "run", str(bare), "--server.headless=true"]
        other = start([*own, "--server.port=8792"], 8792, "/_stcore/health")
        try:
            least = [visit(browser, "http://127.0.0.1:8792/") for _ in range(4)][1:]
            base = statistics.median(title for title, *_ in least)
            print(f"{'bare page':16} warm {base:.2f}")
            for key in PAGES:
                page = address(8791, key) + "?signal=ticket-triage.self-report"
                cold = visit(browser, page)
                warm = median_of_three(browser, page)
                print(f"{key:16} {told(cold, warm)}   {warm[0] / base:.1f} x bare", flush=True)
        finally:
            for process in (site, other):
                process.terminate()
                process.wait(timeout=30)
        browser.close()


def address(port: int, key: str) -> str:
    """Of a page; the first has none of its own."""
    return f"http://127.0.0.1:{port}/{'' if key == next(iter(PAGES)) else key}"


def median_of_three(browser: Browser, page: str) -> tuple[float, float, float]:
    """Seconds to the title and to the end of the script, and shift, of a page visited before."""
    visits = [visit(browser, page) for _ in range(3)]
    title, end, shift = (statistics.median(one[i] for one in visits) for i in (0, 1, 3))
    return title, end, shift


def told(cold: tuple[float, float, int, float], warm: tuple[float, float, float]) -> str:
    """Both as they are printed."""
    return (
        f"cold {cold[0]:.2f} / {cold[1]:.2f}   warm {warm[0]:.2f} / {warm[1]:.2f}   "
        f"shift {cold[3]:.2f}, warm {warm[2]:.2f}"
    )


def start(words: list[str], port: int, path: str) -> subprocess.Popen[bytes]:
    """A server in a process of its own, once it answers."""
    process = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=1)
            return process
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def visit(browser: Browser, address: str) -> tuple[float, float, int, float]:
    """Seconds to the title and to the end of the script, pixels of the page, its layout shift."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    watch(page)
    began = time.perf_counter()
    page.goto(address)
    page.get_by_role("heading", level=1).first.wait_for(timeout=600_000)
    title = time.perf_counter() - began
    page.wait_for_selector(
        "[data-testid='stApp'][data-test-script-state='notRunning']", timeout=600_000
    )
    end = time.perf_counter() - began
    page.wait_for_timeout(1_000)  # What is drawn by a component comes after the script.
    height: int = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    shift, _ = shifted(page)
    context.close()
    return title, end, height, shift


if __name__ == "__main__":
    main()
