"""`calledger notices`: who is told of findings outside the pages, and whether it arrives."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.governance.perform import Office, utc_now
from core.governance.permissions import authorize
from core.ledger.errors import LedgerError
from core.notices import settings as notice_settings
from core.notices.held import WORDS as HELD
from core.notices.held import held
from core.notices.held import resume as let_go
from core.notices.settings import NoticeSettings
from core.queries.base.catalogue import signals
from core.sentences.numbers import counted
from core.trail.acts import SYSTEM, Actor, Proposal
from core.views.govern.notices import SHOWN, notices_view
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ledger_option
from dashboard.cli.shared import acting, as_option, office_of
from dashboard.cli.surroundings import InputFile, LedgerFile
from dashboard.server import notices as notify

#: Acts where nobody was ever an admin.
_PROGRAM = Actor(SYSTEM, SYSTEM, via="system")

notices_option = click.option(
    "--notices",
    "notices_path",
    default=None,
    type=InputFile(),
    help="The notices file.",
)


@click.group()
def notices() -> None:
    """Findings by mail, webhook and chat."""


@notices.command()
@click.option(
    "--ledger",
    "ledger_path",
    default=None,
    type=LedgerFile(),
    help="The ledger whose notices file is meant; it is not opened.",
)
@notices_option
@click.option("--channel", "name", default=None, help="Only this channel.")
def test(ledger_path: Path | None, notices_path: Path | None, name: str | None) -> None:
    """Send every channel a test message, also while a server runs; exit 1 when one fails."""
    settings = _settings(ledger_path, notices_path)
    names = [one.name for one in settings.channels]
    if name is not None and name not in names:
        raise LedgerError(f"There is no channel {name!r}; the file has: {', '.join(names)}.")
    failed = False
    for channel in settings.channels:
        if name in (None, channel.name):
            error = notify.try_out(settings, channel, utc_now())
            terminal.say(f"{channel.name}: {'sent' if error is None else error}")
            failed |= error is not None
    if failed:
        sys.exit(EXIT_FOUND)


@notices.command(name="list")
@ledger_option
@notices_option
@click.option(
    "--limit", default=SHOWN, show_default=True, type=click.IntRange(min=1), help="Messages."
)
def list_command(ledger_path: Path, notices_path: Path | None, limit: int) -> None:
    """Print the channels, what was sent, what waits, and what failed."""
    settings: NoticeSettings | None = None
    if notices_path is not None or notice_settings.notices_path(ledger_path).exists():
        settings = _settings(ledger_path, notices_path)
    with office_of(ledger_path) as office, office.ledger.cursor() as cursor:
        known = {one.name for one in signals(cursor)} | set(office.state().entries)
        kept_back = held(office.ledger.path)
        view = notices_view(cursor, settings, signals=known, limit=limit, held=kept_back)
    terminal.say(view.headline)
    if view.schedule:
        terminal.say(view.schedule)
    for channel in view.channels:
        terminal.say(f"{channel.name}: {channel.takes}\n   {channel.state}")
    for remark in (*view.troubles, *view.remarks):
        terminal.note(remark)
    rows = [
        (str(one.number), one.channel, one.kind, one.state, one.subject) for one in view.messages
    ]
    if rows:
        heads = ("no", "channel", "kind", "state", "subject")
        terminal.table(heads, rows, left=heads[1:])
    elif settings is None:
        terminal.say(
            f"Name channels in {notice_settings.notices_path(ledger_path)}; the README shows how."
        )


@notices.command()
@ledger_option
@notices_option
def send(ledger_path: Path, notices_path: Path | None) -> None:
    """Write and send what is due now; exit 1 when a channel fails."""
    settings = _settings(ledger_path, notices_path)
    with office_of(ledger_path) as office:
        if not tell(office, settings):
            sys.exit(EXIT_FOUND)


@notices.command()
@ledger_option
@as_option
def resume(ledger_path: Path, handle: str | None) -> None:
    """Say that a restored ledger is the live one: it tells people again.

    The trail says who did. A message that waited when the backup was taken is sent, also where the
    original has sent it.
    """
    with office_of(ledger_path) as office:
        assert office.ledger.path is not None
        kind = "notices.resumed"
        admins = office.state().had_admin
        act = Proposal(kind, acting(office, handle, kind) if admins else _PROGRAM)
        authorize(office.state(), act.actor, kind, None)
        held_back = held(office.ledger.path)
        if held_back:
            # First, so that messages leave for nobody of whom nothing is known.
            office.perform(act)
            let_go(office.ledger.path)
    terminal.say(
        f"{ledger_path} tells people again."
        if held_back
        else f"Nothing was held back: {ledger_path} tells people already."
    )


def tell(office: Office, settings: NoticeSettings) -> bool:
    """Write and send what is due now, and say on standard error what became of it."""
    if held(office.ledger.path):
        terminal.note(HELD)
        return True
    told = notify.tell(office, settings, now=office.clock())
    for channel, error in told.failed:
        terminal.error(f"The channel {channel} was not reached, and keeps its messages: {error}")
    terminal.note(
        f"{counted(len(told.written), 'message')} written, {len(told.sent):,} sent; "
        f"{counted(len(told.failed), 'channel')} failed."
    )
    return not told.failed


def read_checked(path: Path) -> NoticeSettings:
    """The settings of a notices file; what is unsafe about it is said.

    Raises:
        LedgerError: it is refused, or names an address that Apprise does not know.
    """
    settings = notice_settings.read_path(path)
    wrong = notify.problems(settings)
    if wrong:
        raise LedgerError("\n".join(wrong))
    unsafe = notice_settings.warning(path)
    if unsafe:
        terminal.note(unsafe)
    return settings


def _settings(ledger_path: Path | None, notices_path: Path | None) -> NoticeSettings:
    if notices_path is not None:
        return read_checked(notices_path)
    if ledger_path is None:
        raise LedgerError("Name the notices file with --notices, or its ledger with --ledger.")
    return read_checked(notice_settings.notices_path(ledger_path))
