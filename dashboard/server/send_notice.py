"""One message on one channel, through Apprise; the only place that knows it.

Addresses hold secrets, and Apprise repeats parts of them in what it logs: its log goes nowhere, and
what is kept of a failure is scrubbed of every part of the address.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote_plus

from core.notices.settings import Channel

#: Seconds that a connection, or an answer on it, may take …
PATIENCE = 10.0
#: … and that one message may take in all; what goes on longer is left alone, and tried again.
DEADLINE = 60.0
#: Where the addresses of a hundred services are described.
WIKI = "https://github.com/caronc/apprise/wiki"

#: Attempts that were given up and have not ended.
_HANGING: dict[Channel, threading.Thread] = {}
#: Seconds between two looks whether a message has left, or the program ends.
_GLANCE = 0.2
_LONGEST_ERROR = 300
_DETAIL = re.compile(r"\[Errno -?\d+\] [A-Za-z ,'-]+|timed out|\(\d{3}, b?['\"]|SSL: [A-Z_]+")
_ADDRESS = re.compile(r"\S*(?:://|@)\S*")


def deliver(channel: Channel, subject: str, body: str, stop: threading.Event) -> str | None:
    """Send one message.

    Args:
        channel: on which.
        subject: on one line.
        body: plain text.
        stop: once it is set the answer is no longer waited for.

    Returns:
        None where the channel took it; otherwise what it met, in a sentence without any part of
        the address.
    """
    hanging = _HANGING.get(channel)
    if hanging is not None and hanging.is_alive():
        return "The attempt before this one has not ended: the channel does not answer."
    met: list[str] = ["The channel refused it."]

    def attempt() -> None:
        met[0] = _attempted(channel, subject, body)

    # A server that answers a byte at a time never meets the patience of a connection.
    thread = threading.Thread(target=attempt, name=f"notice-{channel.name}", daemon=True)
    thread.start()
    until = time.monotonic() + DEADLINE
    while thread.is_alive() and time.monotonic() < until and not stop.is_set():
        thread.join(_GLANCE)
    if thread.is_alive():
        _HANGING[channel] = thread
        ended = "The program ended before it answered."
        return ended if stop.is_set() else f"No answer within {DEADLINE:.0f} seconds."
    _HANGING.pop(channel, None)
    return met[0] or None


def known(channel: Channel) -> bool:
    """Whether Apprise knows a channel's address, and nothing of it is missing."""
    return _service(channel) is not None


def scrubbed(text: str, channel: Channel) -> str:
    """A text without any part of a channel's address, and without any other address."""
    for part in sorted(_parts(channel), key=len, reverse=True):
        text = text.replace(part, "…")
    text = _ADDRESS.sub("…", text)
    return " ".join(text.split())[:_LONGEST_ERROR]


def _parts(channel: Channel) -> set[str]:
    """Everything that an address is made of, as it is written and as it is meant."""
    scheme, _, rest = channel.url.partition("://")
    before_query, _, query = rest.partition("?")
    login, at, place = before_query.rpartition("@")
    parts = {channel.url, rest, before_query, place, query, *channel.secrets}
    if at:
        # However short a name or a password is.
        parts |= {login, *login.split(":", 1)}
    pieces = re.split(r"[/:?&=#,;+@]", rest)
    parts |= {one for one in pieces if len(one) > 2 and one != scheme}
    meant = {unquote_plus(one) for one in parts}
    return {one for one in parts | meant if one.strip()}


def _attempted(channel: Channel, subject: str, body: str) -> str:
    """Send one message in this thread; what it met, or "" where the channel took it."""
    try:
        service = _service(channel)
        if service is None:
            return f"Apprise does not know this address, or it lacks a part; see {WIKI}"
        with _listening() as said:
            taken = service.notify(title=subject, body=body, notify_type="info", body_format="text")
        return "" if taken else _words(said, channel)
    except Exception as error:
        # Whatever a service raises, the message waits; its text may hold anything.
        return f"The service failed with {type(error).__name__}."


def _words(said: Sequence[logging.LogRecord], channel: Channel) -> str:
    """Why a message was not taken, of what Apprise logged."""
    warnings = [one.getMessage() for one in said if one.levelno >= logging.WARNING]
    details = [
        found[0].strip("(, b'\"")
        for one in said
        if one.levelno < logging.WARNING
        for found in _DETAIL.finditer(one.getMessage())
    ]
    text = " ".join(dict.fromkeys(warnings)) or "The service did not take it."
    if details:
        text = f"{text.rstrip('.')} ({', '.join(dict.fromkeys(details))})."
    return scrubbed(text, channel)


def _service(channel: Channel) -> Any:
    """Apprise's service for a channel's address; None where it knows none."""
    apprise = _apprise()
    asset = apprise.AppriseAsset(
        app_id="Calibration Ledger", app_desc="Calibration Ledger", async_mode=False
    )
    service = apprise.Apprise.instantiate(channel.url, asset=asset, suppress_exceptions=True)
    if service is None:
        return None
    # What an address says itself holds; otherwise nobody waits for long, and what is too long for
    # a service comes in parts.
    given = {word.partition("=")[0].lower() for word in re.split(r"[?&]", channel.url)[1:]}
    if "cto" not in given:
        service.socket_connect_timeout = PATIENCE
    if "rto" not in given:
        service.socket_read_timeout = PATIENCE
    if "overflow" not in given:
        service.overflow_mode = apprise.OverflowMode.SPLIT
    return service


def _apprise() -> Any:
    """Apprise, loaded where it is needed: it takes its time. Its log goes nowhere."""
    log = logging.getLogger("apprise")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
    # It would name the address of every request to whoever debugs something else.
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    import apprise

    return apprise


class _Ear(logging.Handler):
    """Keeps what is logged by one thread."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[logging.LogRecord] = []
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record."""
        if record.thread == self._thread:
            self.said.append(record)


@contextmanager
def _listening() -> Iterator[list[logging.LogRecord]]:
    """What Apprise says meanwhile in this thread."""
    log, ear = logging.getLogger("apprise"), _Ear()
    log.addHandler(ear)
    # It goes nowhere else, so that it may stay so wordy: another thread may still listen.
    log.setLevel(logging.DEBUG)
    try:
        yield ear.said
    finally:
        log.removeHandler(ear)
