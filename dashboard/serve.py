"""Start the one process that owns a ledger: dashboard and HTTP routes on one port."""

from __future__ import annotations

import os
import socket
import sys
import threading
import webbrowser
from pathlib import Path

from dashboard import terminal
from dashboard.settings import LEDGER_VARIABLE, streamlit_options

PORTS_TO_TRY = 50


def run(ledger_path: Path, *, host: str, port: int, open_browser: bool | None) -> None:
    """Serve the dashboard on ``ledger_path`` until interrupted.

    Args:
        ledger_path: an existing ledger; opened, and so checked, before anything is served.
        host: the address to bind; loopback unless the user chose otherwise.
        port: the first port to try; the next free one is taken when it is in use.
        open_browser: None opens one where there is a display.
    """
    import uvicorn
    from streamlit.web.bootstrap import load_config_options

    os.environ[LEDGER_VARIABLE] = str(ledger_path.resolve())
    # Streamlit reads its configuration from the current folder; ours must hold from any folder.
    load_config_options(streamlit_options(host))

    from core.store.ledger import Ledger
    from dashboard.app import app

    Ledger.open(ledger_path).close()
    free = _free_port(host, port)
    address = f"http://{'localhost' if host == '127.0.0.1' else host}:{free}"
    terminal.say(f"Calibration Ledger is at {address}   (stop it with Ctrl-C)")
    if open_browser if open_browser is not None else _has_display():
        threading.Timer(1.5, webbrowser.open, [address]).start()
    # Streamlit's own server passes these to uvicorn; without them a large table ends the page.
    uvicorn.run(
        app,
        host=host,
        port=free,
        log_level="warning",
        access_log=False,
        ws_max_size=200 * 1024 * 1024,
        ws_ping_interval=None,
    )


def _free_port(host: str, first: int) -> int:
    """The first port from ``first`` on that nobody listens on."""
    for port in range(first, first + PORTS_TO_TRY):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    terminal.error(
        f"No free port from {first} to {first + PORTS_TO_TRY - 1} on {host}: give --port another."
    )
    sys.exit(2)


def _has_display() -> bool:
    """Whether a browser window could be seen here."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
