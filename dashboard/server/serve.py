"""Start the one process that owns a ledger: dashboard and HTTP routes on one port."""

from __future__ import annotations

import errno
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from core.governance.people.api_tokens import new_secret
from dashboard import terminal
from dashboard.server.open_ledger import opened_patiently
from dashboard.server.server_file import Running, announced
from dashboard.server.settings import (
    HOSTS_VARIABLE,
    LEDGER_VARIABLE,
    LOG_VARIABLE,
    NOTICES_VARIABLE,
    PROXY_VARIABLE,
    SIGN_ON_VARIABLE,
    TOKEN_VARIABLE,
    streamlit_options,
)
from dashboard.server.sign_on.proxy import proxy_of
from dashboard.server.sign_on.settings import sign_on_of
from dashboard.server.structured_log import write_json

PORTS_TO_TRY = 50

#: After so many seconds an open page no longer holds up the end.
GRACE_SECONDS = 2

#: The code of a process that SIGTERM ends.
_TOLD_TO_END = 128 + signal.SIGTERM

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def run(
    ledger_path: Path,
    *,
    host: str,
    port: int,
    open_browser: bool | None,
    notices: Path | None = None,
    allowed_hosts: Sequence[str] = (),
    sign_on: Path | None = None,
    behind_proxy: Path | None = None,
    log_json: str | None = None,
) -> None:
    """Serve the dashboard on ``ledger_path`` until interrupted.

    Args:
        ledger_path: an existing ledger; opened, and so checked, before anything is served.
        host: the address to bind; one that others can reach only where people sign on.
        port: the first port to try; the next free one is taken when it is in use.
        open_browser: None opens one where there is a display.
        notices: the notices file; None: the one beside the ledger, where there is one.
        allowed_hosts: further hosts that browsers may ask for, see `perimeter.host_name`.
        sign_on: the sign-on file; None: nobody signs on here.
        behind_proxy: the file of a proxy in front that signs people on.
        log_json: the level from which on the log is written as JSON lines; None: in words.

    Raises:
        LedgerError: the ledger or a file cannot be used.
    """
    people = sign_on_of(sign_on.resolve()) if sign_on else None
    if behind_proxy is not None:
        proxy_of(behind_proxy.resolve())
    refused = why_not(host, signs_on=people is not None, behind_proxy=behind_proxy is not None)
    if refused:
        terminal.error(refused)
        sys.exit(2)
    opened_patiently(ledger_path).close()
    listener = _listener(host, port)
    taken = listener.getsockname()[1]
    if people is not None and not people.secure and people.port != taken:
        listener.close()
        terminal.error(
            f"base says port {people.port}, where people come back from signing on, and this "
            f"server would be on port {taken}: give --port {people.port} and free it, or change "
            "base, also at the provider."
        )
        sys.exit(2)

    import uvicorn
    from streamlit.web.bootstrap import load_config_options
    from uvicorn.config import LOGGING_CONFIG

    os.environ[LEDGER_VARIABLE] = str(ledger_path.resolve())
    os.environ[TOKEN_VARIABLE] = new_secret()
    if allowed_hosts:
        os.environ[HOSTS_VARIABLE] = ",".join(allowed_hosts)
    if notices is not None:
        os.environ[NOTICES_VARIABLE] = str(notices.resolve())
    for name, file in ((SIGN_ON_VARIABLE, sign_on), (PROXY_VARIABLE, behind_proxy)):
        os.environ.pop(name, None)
        if file is not None:
            os.environ[name] = str(file.resolve())
    # Streamlit reads its configuration from the current folder; ours must hold from any folder.
    load_config_options(streamlit_options(host))

    if log_json is not None:
        os.environ[LOG_VARIABLE] = log_json
        write_json(log_json)
    from dashboard.app import app

    if log_json is not None:
        write_json(log_json)
    address = _address(host, taken)
    shown = people.base if people else address
    terminal.say(f"Calibration Ledger is at {shown}   (stop it with Ctrl-C)")
    if open_browser if open_browser is not None else _has_display():
        threading.Timer(1.5, webbrowser.open, [shown]).start()
    # Streamlit's own server passes these to uvicorn; without them a large table ends the page.
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            log_config=LOGGING_CONFIG if log_json is None else None,
            access_log=False,
            ws_max_size=200 * 1024 * 1024,
            ws_ping_interval=None,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )
    word = Running(address, os.getpid(), os.environ[TOKEN_VARIABLE])
    try:
        with suppress(KeyboardInterrupt), ended_in_order(), announced(ledger_path.resolve(), word):
            server.run(sockets=[listener])
    except SystemExit as ended:
        # Told to end, it has ended as told: whoever told it sees no failure.
        if ended.code != _TOLD_TO_END or not server.started:
            raise
    if not server.started:
        sys.exit(1)


def why_not(host: str, *, signs_on: bool, behind_proxy: bool) -> str | None:
    """Why a server is not started so; None: it may be."""
    if signs_on and behind_proxy:
        return (
            "--sign-on and --behind-proxy both say who people are: give one of them, or a header "
            "could stand for a person who never signed on."
        )
    if host not in LOOPBACK and not (signs_on or behind_proxy):
        return (
            f"{host} can be reached from other machines, where anybody could act as anybody: let "
            "people sign on with --sign-on FILE, name the proxy that signs them on with "
            "--behind-proxy FILE, or serve on 127.0.0.1."
        )
    return None


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Let SIGTERM and a closed terminal leave by the way of an exception.

    Left to themselves they end the process at once, and what it made for a while stays behind.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    def hang_up(_number: int, _frame: FrameType | None) -> None:
        # Whoever then listens for SIGTERM, the server or we, knows how to end.
        signal.raise_signal(signal.SIGTERM)

    handlers: dict[int, Callable[[int, FrameType | None], None]] = {signal.SIGTERM: leave}
    if hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = hang_up
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listener(host: str, first: int) -> socket.socket:
    """A socket that listens on the first free port from ``first`` on."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + PORTS_TO_TRY, 65536)):
        # Told no protocol, asyncio leaves TCP_NODELAY unset: 40 ms on each keep-alive answer.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        if os.name == "posix":
            # Else a port that was just given free is refused for a minute.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            # From here on nobody else can take it.
            listener.listen(2048)
        except OSError as error:
            listener.close()
            if error.errno == errno.EADDRINUSE:
                continue
            terminal.error(f"Cannot listen on {host} port {port}: {error.strerror}.")
            sys.exit(2)
        return listener
    terminal.error(f"No free port on {host} from {first} on: give --port another.")
    sys.exit(2)


def _address(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _has_display() -> bool:
    """Whether a browser window could be seen here."""
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
