"""Our own HTTP routes, asked without a server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from core.gate import registry_changes as registry
from core.governance.people import api_tokens as tokens
from core.governance.people import people
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from dashboard.server import open_ledger as owner
from dashboard.server.routes import api
from dashboard.server.settings import LEDGER_VARIABLE
from tests.worlds.governed.governed import REGISTRY


@contextmanager
def owned_ledger(folder: Path) -> Iterator[Path]:
    """A ledger that this process serves, with a registry and nothing else in it."""
    path = folder / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LEDGER_VARIABLE, str(path))
        registry.apply(owner.office(), read(REGISTRY), "user:desk/kim")
        yield path
        owner.close()


def asked(
    method: str,
    path: str,
    body: object = b"",
    token: str | None = None,
    *,
    content_type: str = "application/json",
    **headers: str,
) -> httpx.Response:
    """What a route answers; a body that is no bytes is sent as JSON."""
    sent = {"content-type": content_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
    if token is not None:
        sent["authorization"] = f"Bearer {token}"
    content = body if isinstance(body, bytes) else json.dumps(body).encode()

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=api.routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
            return await client.request(method, path, content=content, headers=sent)

    # In a thread of its own: the browser tests keep an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()


def token_for(*scopes: str) -> tuple[str, str]:
    """Id and secret of a new token of the ledger that is served."""
    office = owner.office()
    kim = people.known_person(office, "user:desk/kim")
    actor = people.actor_for(office.state(), kim, "token.created", None)
    made, secret = tokens.create(office, actor, "tests", scopes)
    return made.token_id, secret
