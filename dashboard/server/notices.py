"""Tells people: writes what is due into the ledger, and sends what is due from it."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.governance.people.names import directory
from core.governance.perform import Office
from core.ledger.errors import LedgerError
from core.notices import outbox
from core.notices.due import write_due
from core.notices.held import held
from core.notices.outbox import Notice
from core.notices.settings import Channel, NoticeSettings, notices_path, read_path, warning
from core.notices.text import with_names
from dashboard import terminal
from dashboard.server.send_notice import WIKI, deliver, known
from dashboard.server.settings import LEDGER_VARIABLE, NOTICES_VARIABLE

#: As many messages leave on one channel at a time; the rest follows in the next round.
MOST_AT_ONCE = 20

#: One thread at a time sends: two would send the same message.
_SENDING = threading.Lock()


@dataclass(frozen=True)
class ToldNow:
    """What one call of `tell` did.

    Attributes:
        written: messages that were written.
        sent: messages that left, those written before among them.
        failed: channel and what it met, of each that could not be reached.
    """

    written: tuple[Notice, ...] = ()
    sent: tuple[Notice, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


def tell(
    office: Office,
    settings: NoticeSettings,
    *,
    now: datetime,
    stop: threading.Event | None = None,
) -> ToldNow:
    """Write what is due into the ledger, and send what is due from it.

    Nothing of the ledger is held while a message is on its way. A process that ends between
    sending a message and marking it sends it again: at most twice, never not at all. A channel
    that fails keeps no other waiting for longer than its deadline. A ledger that was restored tells
    nobody anything, see `core.notices.held`.

    Args:
        stop: once it is set no channel is waited for any more; what was on its way is sent again.

    Raises:
        duckdb.Error, OSError: the ledger cannot be read or written.
    """
    if held(office.ledger.path):
        return ToldNow()
    written = write_due(office, settings, now)
    if not _SENDING.acquire(blocking=False):
        return ToldNow(written)
    try:
        sent: list[Notice] = []
        failed: list[tuple[str, str]] = []
        for channel in settings.channels:
            done, error = _send_due(office, channel, now, stop or threading.Event())
            sent += done
            if error is not None:
                failed.append((channel.name, error))
    finally:
        _SENDING.release()
    return ToldNow(written, tuple(sent), tuple(failed))


def try_out(settings: NoticeSettings, channel: Channel, now: datetime) -> str | None:
    """Send a channel a test message; what it met, or None where it took it."""
    where = f" The pages are at {settings.link}." if settings.link else ""
    told = "all signals" if channel.signals is None else "the signals " + ", ".join(channel.signals)
    body = (
        f"This is a test: the channel {channel.name} works. It will be sent {told}.{where}\n\nSent "
        f"{now:%Y-%m-%d %H:%M} UTC by Calibration Ledger."
    )
    return deliver(channel, "Test of a channel", body, threading.Event())


def problems(settings: NoticeSettings) -> tuple[str, ...]:
    """What is wrong with the addresses, one sentence for each that Apprise does not know."""
    return tuple(
        f"{settings.source} line {one.line}: Apprise does not know the address of the channel "
        f"{one.name}, or it lacks a part; see {WIKI}"
        for one in settings.channels
        if not known(one)
    )


@dataclass(frozen=True)
class Configured:
    """What the notices file of the running server says now.

    Attributes:
        settings: the channels; None where there is no file, or none that could be read so far. A
            file that was spoilt while the server runs leaves those it said before.
        troubles: what is wrong with the file, a sentence each.
    """

    settings: NoticeSettings | None = None
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Read:
    """A file as it was read last, and what it was known by then."""

    known_by: tuple[str, int, int, int] | None
    found: Configured


_read = _Read(None, Configured())
_reading = threading.Lock()
_said: tuple[str, ...] = ()


def of_environment() -> Configured:
    """The settings of the running server, read anew when their file changes.

    They are in the file that `NOTICES_VARIABLE` names, or else in the one beside the ledger.
    """
    global _read
    path, wanted = notices_file()
    with _reading:
        try:
            stat = path.stat()
            known_by = (str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino)
        except OSError:
            known_by = None
        if known_by is not None and known_by == _read.known_by:
            return _read.found
        before = _read.found.settings if _read.known_by and _read.known_by[0] == str(path) else None
        if known_by is None and not wanted:
            _read = _Read(None, Configured())
        else:
            _read = _Read(known_by or (str(path), 0, 0, 0), _configured(path, before))
        return _read.found


def notices_file() -> tuple[Path, bool]:
    """Where the running server's channels are named, and whether somebody said so."""
    named = os.environ.get(NOTICES_VARIABLE)
    return (Path(named), True) if named else (notices_path(os.environ[LEDGER_VARIABLE]), False)


def _configured(path: Path, before: NoticeSettings | None) -> Configured:
    unsafe = warning(path)
    remarks = () if unsafe is None else (unsafe,)
    try:
        settings = read_path(path)
    except LedgerError as error:
        kept = "; the channels named before stay in use." if before else ""
        return Configured(before, (f"{error}{kept}", *remarks))
    return Configured(settings, (*problems(settings), *remarks))


def in_round(office: Office, stop: threading.Event | None = None) -> ToldNow | None:
    """`tell` with the settings of the running server; None where it has none.

    What is wrong with the file is said once on standard error, and so is every channel that
    fails; pages show both.

    Args:
        stop: set when the server ends, see `tell`.

    Raises:
        duckdb.Error, OSError: the ledger cannot be read or written.
    """
    global _said
    configured = of_environment()
    if configured.troubles != _said:
        for trouble in configured.troubles:
            terminal.error(trouble)
        _said = configured.troubles
    if configured.settings is None:
        return None
    told = tell(office, configured.settings, now=office.clock(), stop=stop)
    for channel, error in told.failed:
        terminal.error(f"The channel {channel} was not reached: {error}")
    return told


def _send_due(
    office: Office, channel: Channel, now: datetime, stop: threading.Event
) -> tuple[list[Notice], str | None]:
    """Send a channel's messages until one fails; those sent, and what the failed one met."""
    sent: list[Notice] = []
    while len(sent) < MOST_AT_ONCE and not stop.is_set():
        with office.ledger.cursor() as cursor:
            one = outbox.due(cursor, channel.name, now)
            names = directory(cursor)
        if one is None:
            break
        error = deliver(channel, with_names(one.subject, names), with_names(one.body, names), stop)
        with office.ledger.transaction() as cursor:
            if error is not None:
                outbox.mark_failed(cursor, one.number, now, error)
                return sent, error
            outbox.mark_sent(cursor, one.number, now)
        sent.append(one)
    return sent, None
