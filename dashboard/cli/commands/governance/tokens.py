"""`calledger token`: who may ask over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from core.governance.people import api_tokens as tokens
from dashboard import terminal
from dashboard.cli.options import ledger_option
from dashboard.cli.shared import acting, as_option, office_of


@click.group()
def token() -> None:
    """Bearer tokens for the HTTP routes."""


@token.command()
@ledger_option
@as_option
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(tokens.SCOPES))
@click.option("--label", required=True, help="What it is for.")
def create(ledger_path: Path, handle: str | None, scopes: Sequence[str], label: str) -> None:
    """Issue a token; it is printed once and cannot be read again."""
    with office_of(ledger_path) as office:
        made, secret = tokens.create(office, acting(office, handle, "token.created"), label, scopes)
    terminal.note(f"{made.token_id} for {', '.join(made.scopes)}; it is shown this once:")
    terminal.data(secret)


@token.command()
@ledger_option
@as_option
@click.argument("token_id")
def revoke(ledger_path: Path, handle: str | None, token_id: str) -> None:
    """Revoke a token; the next request with it is refused."""
    with office_of(ledger_path) as office:
        tokens.revoke(office, acting(office, handle, "token.revoked"), token_id)
    terminal.say(f"{token_id} no longer opens anything.")


@token.command(name="list")
@ledger_option
def list_command(ledger_path: Path) -> None:
    """Print the tokens issued."""
    with office_of(ledger_path) as office:
        found = tokens.tokens(office.ledger.cursor())
    for one in found:
        state = "revoked" if one.revoked else ", ".join(one.scopes)
        terminal.say(f"{one.token_id}  {one.label}: {state}")
    if not found:
        terminal.say("No token was issued.")
