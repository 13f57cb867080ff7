"""The ASGI entry: Streamlit's pages and our HTTP routes in the one process that owns the ledger."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from dashboard.cli.main import main as command_line
from dashboard.server import background_rounds as standing
from dashboard.server import first_document as start
from dashboard.server import open_ledger as owner
from dashboard.server.perimeter import Perimeter
from dashboard.server.routes import api
from dashboard.server.routes.commands import Commands
from dashboard.server.settings import LOG_VARIABLE, allowed_hosts, proxy, sign_on
from dashboard.server.sign_on.edge import Edge
from dashboard.server.sign_on.named import Named
from dashboard.server.structured_log import Requests


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[dict[str, Any]]:
    """Open the ledger before the first request and close it after the last."""
    owner.ledger()
    try:
        async with standing.rounds():
            yield {}
    finally:
        owner.close()


PEOPLE = sign_on()


def _signing_routes() -> list[BaseRoute]:
    """The proof at a signature, where people sign on; else its library is not even loaded."""
    if PEOPLE is None:
        return []
    from dashboard.server.sign_on.routes import routes

    return list(routes)


app = st.App(
    Path(__file__).with_name("main.py"),
    lifespan=lifespan,
    routes=[*api.routes, *Commands(command_line).routes, *_signing_routes(), *start.routes],
    middleware=[
        *([Middleware(Requests)] if os.environ.get(LOG_VARIABLE) else []),
        Middleware(Perimeter, named=allowed_hosts()),
        Middleware(Named, proxy=proxy()),
        *([Middleware(Edge, settings=PEOPLE)] if PEOPLE else []),
    ],
    secrets={"auth": PEOPLE.auth_secrets()} if PEOPLE else None,
)
