"""The HTTP routes."""

from __future__ import annotations

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from starlette.applications import Starlette

from core import __version__
from core.store.ledger import Ledger
from dashboard import api, owner


def get(path: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=api.routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
            return await client.get(path)

    # In a thread of its own: the browser tests keep an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()


def test_healthz_says_how_far_the_ledger_has_come(
    sample_path: Path, tmp_path: Path, serving
) -> None:
    copy = tmp_path / "copy.duckdb"
    shutil.copy(sample_path, copy)
    with Ledger.open(copy) as ledger:
        version = ledger.data_version()
    serving(copy)
    answer = get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "program": __version__, "data_version": version}


def test_healthz_is_not_ok_when_the_ledger_is_gone(tmp_path: Path, serving) -> None:
    path = tmp_path / "gone.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    assert get("/healthz").status_code == 200
    owner.close()
    path.rename(tmp_path / "elsewhere.duckdb")
    answer = get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert str(path) in answer.json()["reason"]


def test_closing_twice_is_harmless(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    assert owner.version() == 0
    owner.close()
    path.unlink()
    owner.close()
