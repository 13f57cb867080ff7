"""`calledger backup` and `restore`: a ledger with all that belongs to it, as one folder."""

from __future__ import annotations

from pathlib import Path

import click

from core.governance.perform import utc_now
from core.ledger.connection import Ledger
from core.sentences.numbers import counted
from core.upkeep import restore as put_back
from core.upkeep import take
from core.upkeep.manifest import Manifest
from dashboard import terminal
from dashboard.cli.options import ledger_option


@click.command()
@ledger_option
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The folder to make; it must not exist.",
)
def backup(ledger_path: Path, to: Path) -> None:
    """Copy a ledger, its spool, key, checkpoints and settings into a folder."""
    with Ledger.open(ledger_path) as ledger:
        made = take.backup(ledger, to, now=utc_now())
    terminal.say(f"{to} holds {_words(made)}.")
    if made.trail_size and not made.key:
        terminal.note(
            f"There was no signing key beside {ledger_path}: nobody can act in what is restored "
            "from this backup until the key is put back."
        )
    elif made.key:
        terminal.note("The signing key is in it: whoever reads the folder can sign in its name.")


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
    if made.trail_size and not made.key:
        terminal.note(f"The backup has no signing key: put it back as {to}.key to act again.")


def _words(made: Manifest) -> str:
    waiting = f", {counted(made.segments, 'segment')} of the spool" if made.segments else ""
    return (
        f"{counted(made.rows['claims'], 'claim')}, {counted(made.rows['outcomes'], 'outcome')}, "
        f"{counted(made.trail_size, 'act')} of the trail{waiting}, "
        f"{'the signing key' if made.key else 'no signing key'}"
    )
