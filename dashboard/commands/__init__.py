"""Commands of the written side: each parses words, calls `core.govern`, and prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from core.govern.access import Refused
from core.govern.acts import Actor
from core.govern.directory import directory, local_handle
from core.govern.fingerprint import Fingerprint
from core.govern.keys import warning
from core.govern.nearest import fingerprints_there
from core.govern.office import Office
from core.govern.people import actor_for, known_person
from core.store.errors import LedgerError
from core.store.fingerprints import fingerprints_seen
from core.store.ledger import Ledger
from dashboard import terminal

as_option = click.option(
    "--as",
    "handle",
    metavar="PERSON",
    default=None,
    help="Who you act for, such as user:finance/ann.lee; you yourself unless given. Nobody signs "
    "on here, so every signature made this way says assurance: none.",
)


def fingerprint_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The six fields of a fingerprint as options."""
    for name in (
        *("calibrator-version", "elicitation-order", "elicitation", "params-version"),
        *("prompt-version", "model-version"),
    ):
        command = click.option(f"--{name}", default=None)(command)
    return command


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
    with Ledger.open(ledger_path) as ledger:
        office = Office.of(ledger)
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
    """
    sub = known_person(office, handle or local_handle())
    return actor_for(office.state(), sub, kind, signal)
