"""Take the pictures of the README and the guide anew, from the sample.

    .venv/bin/python tests/browser/take_pictures.py

Starts `calledger demo`, opens each page in headless Chromium and writes dashboard/pictures/.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).parents[2] / "dashboard" / "pictures"
WIDTH = 1440
#: Picture, page, and how much of it from the top, in pixels.
PICTURES = {
    "this_week": ("/", 900),
    "signal": ("/signal?signal=reply-draft.self-report", 1000),
    "reliability": ("/reliability?signal=ticket-triage.self-report&seg_topic=medical", 760),
    "registry": ("/registry?signal=refund-check.logprob", 900),
    "sign_off": ("/sign_off?signal=duplicate-merge.self-report&fingerprint=f-a80aee8e0f2d", 1000),
    "escalation": ("/escalation?signal=ticket-triage.self-report", 1000),
    "watch": ("/watch", 900),
    "risks": ("/risks", 960),
    "decision_trail": ("/decision_trail", 820),
}


def main() -> None:
    """Take them all."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [
        sys.executable,
        "-m",
        "dashboard.cli.main",
        "demo",
        "--no-browser",
        "--port",
        str(port),
    ]
    server = subprocess.Popen(words)
    try:
        address = f"http://127.0.0.1:{port}"
        _wait(address)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
            )
            for name, (path, height) in PICTURES.items():
                page = browser.new_page(viewport={"width": WIDTH, "height": height})
                page.set_default_timeout(120_000)
                _settled(page, address + path)
                page.screenshot(path=str(FOLDER / f"{name}.png"))
                page.close()
                print(name)
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=60)


def _wait(address: str) -> None:
    for _ in range(1200):
        try:
            urllib.request.urlopen(f"{address}/healthz", timeout=1)
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the demo did not start")


def _settled(page: Page, url: str) -> None:
    page.goto(url)
    for _ in range(2):
        page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")
        page.wait_for_timeout(2500)


if __name__ == "__main__":
    main()
