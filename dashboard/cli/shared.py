"""What the commands of the written side share: who acts, how words are read and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from core.governance.bodies.refusal import Refused
from core.governance.people.names import directory, local_handle
from core.governance.people.people import actor_for, known_person
from core.governance.perform import Office
from core.ledger.errors import LedgerError
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.trail.act_kinds import KINDS
from core.trail.acts import Actor
from core.trail.fingerprint import Fingerprint
from core.trail.signing_key import warning
from core.validation.nearest import fingerprints_there
from dashboard import terminal
from dashboard.cli.surroundings import office_for, opened, person, through, unproven

as_option = click.option(
    "--as",
    "handle",
    metavar="PERSON",
    default=None,
    help="Who you act for, such as user:finance/ann.lee; your account on this machine unless "
    "given. There is no sign-on on the command line, so a signature made this way says "
    "assurance: none.",
)


def known_fingerprint(office: Office, signal: str, fields: Mapping[str, str | None]) -> Fingerprint:
    """The fingerprint that a command names.

    Raises:
        LedgerError: no claim, no question to the gate and no act is of it; names those there are.
    """
    named = Fingerprint.of(fields)
    with office.ledger.cursor() as cursor:
        seen = {(one.signal, Fingerprint.of(dict(one.fields))) for one in fingerprints_seen(cursor)}
        if (signal, named) in seen or (signal, named) in office.state().validations:
            return named
        there = fingerprints_there(cursor, signal, fields)
    raise LedgerError(f"{signal} has no fingerprint {named.words()}. {there}")


@contextmanager
def office_of(ledger_path: Path) -> Iterator[Office]:
    """The office of a ledger, for as long as a command runs."""
    with opened(ledger_path) as ledger:
        office = office_for(ledger)
        try:
            yield office
        except Refused as refusal:
            # Acts know people by opaque ids; whoever typed the command knows them by name.
            with ledger.cursor() as cursor:
                raise Refused(directory(cursor).named(str(refusal))) from None
        unsafe = warning(ledger_path)
        if unsafe:
            terminal.note(unsafe)
        for failure in office.failures:
            terminal.note(failure.words)


def acting(office: Office, handle: str | None, kind: str, signal: str | None = None) -> Actor:
    """The person a command acts for, in the role that allows it.

    Raises:
        LedgerError: nobody is known by that handle.
        Refused: a token would do what people sign on once more for.
    """
    if KINDS[kind].weighty:
        refuse_unproven(kind)
    sub = known_person(office, acting_handle(office, handle))
    return actor_for(office.state(), sub, kind, signal, via=through())


def refuse_unproven(kind: str) -> None:
    """Refuse to do by a token what people sign on once more for.

    Raises:
        Refused: a token acts where people sign on.
    """
    if unproven():
        raise Refused(
            f"By a token nobody may {KINDS[kind].may} here: whoever does it signs on once more for "
            "it, on the page, or is at the server's own machine."
        )


def acting_handle(office: Office, handle: str | None) -> str:
    """The handle of whoever a command acts for; of a token always the person who made it.

    Raises:
        LedgerError: a token tries to act for another, or its person is known by no handle.
    """
    sub = person()
    if sub is None:
        return handle or local_handle()
    if handle is not None:
        raise LedgerError(
            "--as is for whoever has the ledger's file; a token acts for the person who made it."
        )
    with office.ledger.cursor() as cursor:
        found = directory(cursor).names.get(sub)
    if found is None or not found.handle:
        raise LedgerError("The person who made this token was erased, so nobody can act with it.")
    return found.handle
