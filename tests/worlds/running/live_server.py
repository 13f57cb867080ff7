"""A server of our own HTTP routes alone, in a process of its own: ``python live_server.py FILE``.

It says its port on a line of standard output. Without pages it starts in a second.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from core.governance.people.api_tokens import new_secret
from core.registry import proof_rules
from dashboard.cli.main import main as command_line
from dashboard.server import folding
from dashboard.server import open_ledger as owner
from dashboard.server.routes import api
from dashboard.server.routes.commands import Commands
from dashboard.server.server_file import Running, announced
from dashboard.server.settings import LEDGER_VARIABLE, TOKEN_VARIABLE


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    owner.ledger()
    yield
    owner.close()


def main(ledger: str, fold_every: float) -> None:
    os.environ[LEDGER_VARIABLE] = ledger
    folding.EVERY = fold_every
    # As in the process of the test, see `proof_asked` in conftest.
    proof_rules.unproven = lambda *_: ()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    port = listener.getsockname()[1]
    app = Starlette(routes=[*api.routes, *Commands(command_line).routes], lifespan=lifespan)
    os.environ[TOKEN_VARIABLE] = token = new_secret()
    word = Running(f"http://127.0.0.1:{port}", os.getpid(), token)
    with announced(Path(ledger), word):
        print(port, flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listener])


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
