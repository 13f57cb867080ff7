"""`calledger person` and `calledger role`: who is there, and what they may."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click

from core.governance.people import accounts, people
from core.governance.people.names import directory
from core.governance.perform import Office
from core.governance.permissions import GRANTABLE, authorize, roles_of
from core.governance.weight import of_weight
from core.ledger.errors import LedgerError
from core.trail.acts import Actor, Proposal
from dashboard import terminal
from dashboard.cli.options import ledger_option
from dashboard.cli.shared import acting, as_option, office_of, refuse_unproven


@click.group()
def person() -> None:
    """The people who answer for signals; acts hold opaque ids, names can be erased."""


@person.command()
@ledger_option
@as_option
@click.argument("handle_added", metavar="PERSON")
@click.option("--name", default=None, help="As shown beside a signature.")
def add(ledger_path: Path, handle: str | None, handle_added: str, name: str | None) -> None:
    """Enter a PERSON, such as user:finance/ann.lee, or give them a printed name."""
    with office_of(ledger_path) as office:
        if office.state().had_admin:
            acting_for = acting(office, handle, "person.added")
            if "admin" not in roles_of(office.state(), acting_for.sub, None):
                raise LedgerError("Only an admin adds people.")
        with office.acting() as desk:
            sub = people.enter(desk, handle_added, name)
    terminal.say(f"{handle_added} is {sub} in the trail.")


@person.command(name="list")
@ledger_option
def list_command(ledger_path: Path) -> None:
    """Print everybody known, whether they are there, and their roles for the whole ledger."""
    with office_of(ledger_path) as office:
        state, names = office.state(), directory(office.ledger.cursor())
    for sub, one in sorted(state.people.items(), key=lambda item: names.words(item[0])):
        granted = ", ".join(sorted(state.grants.get(sub, ())))
        until = f" until {one.until}" if one.until else ""
        terminal.say(
            f"{sub}  {names.handle(sub)}  {names.words(sub)}  {one.status}{until}"
            f"{f'  ({granted})' if granted else ''}"
        )


@person.command()
@ledger_option
@as_option
@click.argument("who", metavar="PERSON")
@click.argument("status_", metavar="STATUS", type=click.Choice(["active", "away", "left"]))
@click.option("--until", metavar="DATE", default=None, help="The day they are back.")
def status(
    ledger_path: Path, handle: str | None, who: str, status_: str, until: str | None
) -> None:
    """Say that a PERSON is active, away (until a day) or has left."""
    try:
        day = None if until is None else datetime.strptime(until, "%Y-%m-%d").date()
    except ValueError:
        raise click.BadParameter(f"{until!r} is not a date", param_hint="--until") from None
    with office_of(ledger_path) as office:
        by = _allowed(office, handle, "person.status")
        asked = people.status_proposal(by, people.known_person(office, who), status_, day)
        if of_weight(office.state(), asked):
            refuse_unproven("person.status")
        office.perform(asked)
    terminal.say(f"{who} is {status_}{f' until {until}' if until else ''}.")


@person.command()
@ledger_option
@as_option
@click.argument("who", metavar="PERSON")
def forget(ledger_path: Path, handle: str | None, who: str) -> None:
    """Erase a PERSON's names; their acts keep the opaque id. This cannot be undone."""
    with office_of(ledger_path) as office:
        by = _allowed(office, handle, "person.forgotten")
        sub = people.known_person(office, who)
        people.forget(office, by, sub)
    terminal.say(f"The names of {sub} are erased from this ledger; backups still hold them.")


def _account_options(command: Callable[..., None]) -> Callable[..., None]:
    """Which sign-on account: its issuer and its subject there."""
    subject = click.option(
        "--subject", required=True, help="Who they are there, as the page shows that greets them."
    )
    issuer = click.option("--issuer", required=True, help="The provider, as its tokens name it.")
    return issuer(subject(command))


@person.command()
@ledger_option
@as_option
@click.argument("who", metavar="PERSON")
@_account_options
def bind(ledger_path: Path, handle: str | None, who: str, issuer: str, subject: str) -> None:
    """Let whoever signs on as SUBJECT of ISSUER act as a PERSON.

    Where nobody was ever an admin, the PERSON becomes the first one.
    """
    account = accounts.account(issuer, subject)
    with office_of(ledger_path) as office:
        first = False
        if not office.state().had_admin:
            with office.acting() as desk:
                sub = people.enter(desk, who)
                first = people.become_first_admin(desk, sub)
        by = _allowed(office, who if first else handle, "person.bound")
        accounts.bind(office, by, people.known_person(office, who), account)
    terminal.say(
        f"Whoever signs on with this account acts as {who}{', the first admin' if first else ''}."
    )


@person.command()
@ledger_option
@as_option
@_account_options
def unbind(ledger_path: Path, handle: str | None, issuer: str, subject: str) -> None:
    """Let SUBJECT of ISSUER act as nobody."""
    account = accounts.account(issuer, subject)
    with office_of(ledger_path) as office:
        accounts.unbind(office, acting(office, handle, "person.unbound"), account)
    terminal.say("The account is no longer bound to anybody.")


@click.group()
def role() -> None:
    """Roles for the whole ledger; owners, deputies and validators stand in registry entries."""


@role.command()
@ledger_option
@as_option
@click.argument("who", metavar="PERSON")
@click.argument("role_", metavar="ROLE", type=click.Choice(GRANTABLE))
def grant(ledger_path: Path, handle: str | None, who: str, role_: str) -> None:
    """Grant a ROLE to a PERSON."""
    _set_role(ledger_path, handle, who, role_, "role.granted")
    terminal.say(f"{who} is now {role_}.")


@role.command()
@ledger_option
@as_option
@click.argument("who", metavar="PERSON")
@click.argument("role_", metavar="ROLE", type=click.Choice(GRANTABLE))
def revoke(ledger_path: Path, handle: str | None, who: str, role_: str) -> None:
    """Take a ROLE away from a PERSON."""
    _set_role(ledger_path, handle, who, role_, "role.revoked")
    terminal.say(f"{who} is no longer {role_}.")


def _set_role(ledger_path: Path, handle: str | None, who: str, role_: str, kind: str) -> None:
    with office_of(ledger_path) as office:
        by = _allowed(office, handle, kind)
        body = {"sub": people.known_person(office, who), "role": role_}
        office.perform(Proposal(kind, by, body=body))


def _allowed(office: Office, handle: str | None, kind: str) -> Actor:
    """Who acts, before anybody else is looked up: who may not is not told who is known.

    Raises:
        LedgerError: nobody is known by that handle.
        Refused: they may not.
    """
    by = acting(office, handle, kind)
    authorize(office.state(), by, kind, None)
    return by
