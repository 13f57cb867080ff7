from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.browser.driving import stillness
from tests.browser.driving.patience import PATIENCE

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
#: Chromium asks nobody outside for anything.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        reason = "no Chromium on this machine: install Debian's `chromium` to run the journeys"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield launched
        launched.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
    return found


@contextmanager
def served(*words: str, port: int | None = None) -> Iterator[str]:
    """Run a calledger command that serves, and yield its address once it answers.

    What it says stands among what the test printed.
    """
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "dashboard.cli.main", *words, "--port", str(port), "--no-browser"]
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            if process.poll() is not None:
                pytest.fail(f"the server ended with {process.returncode}")
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("the server did not answer within a minute")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


@pytest.fixture(scope="session")
def serve() -> Callable[..., AbstractContextManager[str]]:
    """``serve("serve", "--ledger", path)``: run it, and hand out its address."""
    return served


@pytest.fixture(scope="session")
def told_site(told_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The dashboard on the sample whose governance is told."""
    folder = tmp_path_factory.mktemp("told_site")
    for file in told_path.parent.glob("told.duckdb*"):
        shutil.copy(file, folder / file.name)
    with served("serve", "--ledger", str(folder / told_path.name)) as address:
        yield address


def new_context(
    browser: Browser, width: int = 1440, height: int = 1000, before: str | None = None
) -> BrowserContext:
    """A browser of somebody's own, who is nobody yet; ``before`` runs first in its documents."""
    context = browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",  # what moves is drawn without a graphics card
    )
    context.set_default_timeout(PATIENCE)
    if before:
        context.add_init_script(before)
    stillness.watch(context)
    return context


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = new_context(browser)
    yield context.new_page()
    context.close()
