"""Where a command runs: by itself on a ledger file, or inside the server that owns the ledger.

Commands take their ledger, their office and their files from here, so that the very same function
serves both.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from core.ledger.connection import Ledger, is_database
from core.ledger.errors import LedgerError, LedgerHeld
from core.trail.acts import Via
from dashboard.cli.typed import Elsewhere, Typed
from dashboard.server.server_file import Running, running_on

if TYPE_CHECKING:
    from core.governance.perform import Office

#: Name a server that owns a ledger elsewhere, and the token to ask it with.
URL_VARIABLE, TOKEN_VARIABLE = "CALLEDGER_URL", "CALLEDGER_TOKEN"
#: What stands for the ledger where only a server is named.
_THERE = Path("the-ledger-of-the-server")


@dataclass(frozen=True)
class Lent:
    """What the server that owns a ledger lends to a command.

    Attributes:
        office: of the open ledger.
        ledger: its path.
        ledgers: the paths that were typed for it.
        files: the place here of every other path that was typed; no other file of this machine
            can be named.
        nowhere: a path in a folder of this command that has no file.
        person: who acts, where the token says so; None: a user of this machine, as without server.
        signs_on: whether people sign on at this server.
    """

    office: Office
    ledger: Path
    ledgers: frozenset[str]
    files: Mapping[str, Path]
    nowhere: Path
    person: str | None
    signs_on: bool = False


_lent: ContextVar[Lent | None] = ContextVar("lent", default=None)


@contextmanager
def lending(lent: Lent) -> Iterator[None]:
    """Run a command on what the server lends."""
    token = _lent.set(lent)
    try:
        yield
    finally:
        _lent.reset(token)


def person() -> str | None:
    """Who acts whatever is typed; None: whoever is named."""
    lent = _lent.get()
    return None if lent is None else lent.person


def unproven() -> bool:
    """Whether a token acts where people sign on: a token cannot sign on once more."""
    lent = _lent.get()
    return lent is not None and lent.person is not None and lent.signs_on


def refuse_for_another(why: str) -> None:
    """Refuse what a server must not do for whoever asks it.

    Raises:
        LedgerError: a server runs this command.
    """
    if _lent.get() is not None:
        raise LedgerError(why)


def through() -> Via:
    """What an act of a command is done through, as it is kept in the trail."""
    return "cli" if person() is None else "http"


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[Ledger]:
    """The ledger for as long as a command runs.

    Raises:
        LedgerError: it cannot be opened, or the command would write over it.
        Elsewhere: a server has it open; nothing was done yet.
    """
    lent = _lent.get()
    if lent is not None:
        yield lent.office.ledger
        return
    _refuse_writing_on(path)
    if path == _THERE:
        raise Elsewhere(server_there(), None)
    try:
        ledger = Ledger.open(path, create=create)
    except LedgerHeld:
        server = running_on(path.resolve())
        if server is None:
            raise
        raise Elsewhere(server, path) from None
    with ledger:
        yield ledger


def office_for(ledger: Ledger) -> Office:
    """Where acts on an opened ledger are done."""
    lent = _lent.get()
    if lent is not None:
        return lent.office
    from core.governance.perform import Office  # What a server is asked to do is not done here.

    return Office.of(ledger)


def take_in(office_: Office) -> None:
    """Fold what waits beside a ledger; a server that lends it has done so."""
    if _lent.get() is None:
        from core.intake.fold import (
            fold_left_over,  # Loads all of the import: few commands need it.
        )

        fold_left_over(office_)


def is_ledger(path: Path) -> bool:
    """Whether a path that was typed is a ledger's."""
    lent = _lent.get()
    if lent is not None:
        # Only known by name: looking into it would give up the server's lock.
        return path == lent.ledger
    try:
        return is_database(path)
    except OSError:
        return False


def server_there() -> Running:
    """The server that the environment names.

    Raises:
        LedgerError: it cannot be asked so.
    """
    address, token = (os.environ.get(one, "") for one in (URL_VARIABLE, TOKEN_VARIABLE))
    address = address.rstrip("/")
    try:
        # The host as it is asked: "http://localhost:1@elsewhere" is elsewhere.
        scheme, host = urlsplit(address).scheme, urlsplit(address).hostname
    except ValueError:
        scheme, host = "", None
    here = scheme == "http" and host in {"127.0.0.1", "localhost", "::1"}
    if not here and not (scheme == "https" and host):
        raise LedgerError(
            f"{URL_VARIABLE} is {address!r}, but a token is sent to another machine only over "
            "https: give its https:// address."
        )
    if not token:
        raise LedgerError(
            f"{URL_VARIABLE} names a server, but {TOKEN_VARIABLE} is empty: put a token in it, "
            "made with: calledger token create --scope command."
        )
    return Running(address, None, token)


class _Named(click.Path):
    """A path on the command line: one of here, or what the server has in its place."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path here, noted as typed; inside the server the one that it stands for there."""
        lent = _lent.get()
        if lent is not None:
            return self.there(lent, str(value))
        self.noted(_typed(ctx)).append(str(value))
        return super().convert(value, param, ctx)

    def there(self, lent: Lent, typed: str) -> Path:
        """Where it lies inside the server.

        One that was not sent is not there, whatever the server has under that name.
        """
        return lent.files.get(typed, lent.nowhere)

    def noted(self, typed: Typed) -> list[str]:
        """Among which of the typed paths it is."""
        return typed.inputs


class LedgerFile(_Named):
    """The path of a ledger; inside the server always its own."""

    def there(self, lent: Lent, typed: str) -> Path:  # noqa: D102
        return lent.ledger

    def noted(self, typed: Typed) -> list[str]:  # noqa: D102
        return typed.ledgers


class InputFile(_Named):
    """The path of a file that is read."""


class LedgerOrInputFile(InputFile):
    """The path of a file that is read, or of the ledger."""

    def there(self, lent: Lent, typed: str) -> Path:  # noqa: D102
        return lent.ledger if typed in lent.ledgers else super().there(lent, typed)


class OutputFile(_Named):
    """The path of a file, or of a folder, that is written."""

    def noted(self, typed: Typed) -> list[str]:  # noqa: D102
        return typed.outputs


def ledger_there() -> Path | None:
    """The default of ``--ledger``."""
    lent = _lent.get()
    if lent is not None:
        return lent.ledger
    return _THERE if os.environ.get(URL_VARIABLE) else None


def _refuse_writing_on(ledger: Path) -> None:
    for typed in _typed(click.get_current_context(silent=True)).outputs:
        if same_file(Path(typed), ledger):
            raise LedgerError(f"{typed} is the ledger itself; name another file to write.")


def same_file(one: Path, other: Path) -> bool:
    """Whether two paths name one file that is there."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def _typed(ctx: click.Context | None) -> Typed:
    found = ctx.find_root().obj if ctx is not None else None
    return found if isinstance(found, Typed) else Typed(())
