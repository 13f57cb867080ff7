"""`calledger evidence`: recompute what was signed."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.validation import evidence as evidence_of
from core.validation.steps import evidence_named
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ledger_option
from dashboard.cli.surroundings import opened


@click.group()
def evidence() -> None:
    """The numbers that people signed."""


@evidence.command()
@ledger_option
@click.argument("sha256", nargs=-1)
def verify(ledger_path: Path, sha256: tuple[str, ...]) -> None:
    """Recompute evidence from the ledger and say same or different.

    All that was ever submitted, or only the bundles named by (the beginning of) their SHA-256.
    Exit 0 when all are the same, 1 when one differs.
    """
    with opened(ledger_path) as ledger:
        cursor = ledger.cursor()
        chosen = evidence_named(cursor, sha256)
        different = False
        for one in chosen:
            comparison = evidence_of.verify(cursor, one)
            terminal.say(f"{one[:12]}  {'same' if comparison.same else 'DIFFERENT'}")
            for words in (one.words for one in comparison.differences):
                terminal.say(f"   {words}")
            different |= not comparison.same
    if not chosen:
        terminal.say("No evidence was submitted yet.")
    if different:
        sys.exit(EXIT_FOUND)
