"""`calledger backup`, `restore` and `doctor`: a ledger with all that belongs to it."""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click

from core.governance.perform import utc_now
from core.sentences.numbers import counted
from core.upkeep import restore as put_back
from core.upkeep import take
from core.upkeep.doctor import look_over
from core.upkeep.manifest import Manifest
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ledger_option
from dashboard.cli.surroundings import OutputFile, opened
from dashboard.server.server_file import running_on

#: Seconds that a server may take to answer.
_PATIENCE = 5


@click.command()
@ledger_option
@click.option(
    "--to",
    required=True,
    type=OutputFile(),
    metavar="DIR",
    help="The folder to make; it must not exist.",
)
def backup(ledger_path: Path, to: Path) -> None:
    """Copy a ledger, its spool, key, checkpoints and settings into a folder."""
    with opened(ledger_path) as ledger:
        made = take.backup(ledger, to, now=utc_now())
    terminal.say(f"{to} holds {_words(made)}.")
    if made.trail_size and not made.key:
        terminal.note(
            f"There was no signing key beside {ledger_path}: nobody can act in a ledger restored "
            "from this backup until the key is put back."
        )
    elif made.key:
        terminal.note(
            "It holds the signing key: whoever can read the folder can sign as this ledger."
        )


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="LEDGER",
    help="The ledger file to make; nothing is overwritten.",
)
def restore(folder: Path, to: Path) -> None:
    """Verify the backup in DIR, and its trail, and put it in place as a ledger."""
    made = put_back.restore(folder, to)
    terminal.say(f"{to} is restored as of {made.made_at}, and verified: {_words(made)}.")
    terminal.note(
        "It tells nobody of findings while the original may; once it is the live one: calledger "
        f"notices resume --ledger {to}"
    )
    if made.trail_size and not made.key:
        terminal.note(f"The backup has no signing key: put it back as {to}.key to act again.")


def _words(made: Manifest) -> str:
    waiting = f", {counted(made.segments, 'segment')} of the spool" if made.segments else ""
    return (
        f"{counted(made.rows['claims'], 'claim')}, {counted(made.rows['outcomes'], 'outcome')}, "
        f"{counted(made.trail_size, 'act')} of the trail{waiting}, "
        f"{'the signing key' if made.key else 'no signing key'}"
    )


@click.command()
@click.argument("ledger_path", metavar="LEDGER", type=click.Path(path_type=Path))
def doctor(ledger_path: Path) -> None:
    """Tell what is wrong with a ledger and what lies beside it, and what to do; changes nothing.

    Exit 0 when nothing is wrong, 1 when anything is. The trail itself: calledger trail verify.
    """
    found = look_over(ledger_path, now=utc_now())
    wrong = [f"{one.of}: {one.words}" for one in found.ailments]
    server = running_on(ledger_path)
    if found.held:
        by = "another process" if found.held_by is None else f"process {found.held_by}"
        ours = server is not None and server.pid == found.held_by
        at = f", the server at {server.address}" if server is not None and ours else ""
        terminal.say(f"{ledger_path} is open in {by}{at}; only what lies beside it is looked at.")
        if server is not None and ours:
            wrong += _of_server(server.address)
        elif found.held_by is not None:
            wrong.append(
                f"file: process {found.held_by}, which is no server, has it open: nobody else can "
                "open it until that process ends."
            )
    elif server is not None:
        terminal.note(
            f"A server that used {ledger_path} was ended by force. The next one takes over."
        )
    for line in wrong:
        terminal.say(line)
    if wrong:
        sys.exit(EXIT_FOUND)
    terminal.say(f"No problem found with {ledger_path}.")


def _of_server(address: str) -> Iterator[str]:
    """What a server says stands against its work."""
    straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with straight.open(f"{address}/readyz", timeout=_PATIENCE):
            return
    except urllib.error.HTTPError as error:
        try:
            reasons = ", ".join(json.load(error)["reasons"])
        except (ValueError, KeyError, TypeError):
            reasons = f"status {error.code}"
        yield f"server: {address} is not ready ({reasons}): its log says more."
    except OSError as error:
        yield f"server: {address} does not answer ({error}): stop it, and start it again."
