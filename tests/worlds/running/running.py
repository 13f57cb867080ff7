"""The server in a thread of the tests, on a port of its own."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from dashboard.cli.main import main
from dashboard.server.routes import api
from dashboard.server.routes.commands import Commands
from dashboard.server.serve import _listener


@contextmanager
def running() -> Iterator[str]:
    """Our own HTTP routes, served; the address."""
    listener = _listener("127.0.0.1", 20_000)
    app = Starlette(routes=[*api.routes, *Commands(main).routes])
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield "http://{}:{}".format(*listener.getsockname())
    server.should_exit = True
    thread.join()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
