"""Who an opaque id is: the only place that holds names, and it can forget them."""

from __future__ import annotations

import getpass
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from core.govern.acts import SYSTEM
from core.govern.spec_check import person_key
from core.store.errors import LedgerError

#: How people are written in a registry file.
_SUB = re.compile(r"\bp-[0-9a-f]{16}\b")
_HANDLE = re.compile(r"user:[A-Za-z0-9._/@+-]{1,120}")


@dataclass(frozen=True)
class Name:
    """A person as people know them.

    Attributes:
        sub: the opaque id that stands in acts.
        handle: as a registry file writes them, ``user:finance/ann.lee``; None once forgotten.
        printed_name: as it stands beside a signature; None: the handle serves.
    """

    sub: str
    handle: str | None
    printed_name: str | None

    @property
    def words(self) -> str:
        """What a page shows: the name, or else the handle, or else that it was erased."""
        if self.printed_name:
            return self.printed_name
        if self.handle:
            return self.handle.removeprefix("user:")
        return f"(name erased, {self.sub})"


@dataclass(frozen=True)
class Directory:
    """Everybody known, by opaque id."""

    names: Mapping[str, Name]

    def words(self, sub: str | None) -> str:
        """A person, a group or the program itself as people read them."""
        if sub is None:
            return "nobody"
        if sub == SYSTEM:
            return "Calibration Ledger"
        found = self.names.get(sub)
        return found.words if found else sub.removeprefix("group:")

    def handle(self, sub: str) -> str:
        """As a registry file writes them; groups, and people whose name is erased, as they are."""
        found = self.names.get(sub)
        return found.handle if found and found.handle else sub

    def named(self, text: str) -> str:
        """A sentence in which every opaque id is followed by whom it is."""
        return _SUB.sub(lambda found: f"{self.words(found[0])} ({found[0]})", text)

    def sub(self, handle: str) -> str | None:
        """The opaque id of a handle, however it is spelled; None while nobody has it."""
        key, alike = person_key(handle), None
        for one in self.names.values():
            if one.handle == handle:
                return one.sub
            if alike is None and one.handle is not None and person_key(one.handle) == key:
                alike = one.sub
        return alike


def directory(cursor: duckdb.DuckDBPyConnection) -> Directory:
    """Read the directory."""
    rows = cursor.execute("SELECT sub, handle, printed_name FROM people ORDER BY sub").fetchall()
    return Directory({row[0]: Name(*row) for row in rows})


def enter(
    cursor: duckdb.DuckDBPyConnection, handle: str, printed_name: str | None = None
) -> tuple[str, bool]:
    """The opaque id of a handle, made now if need be; and whether it is new.

    ``user:desk/Ann`` is ``user:desk/ann``, or one person could sit on both sides of a signature.

    Raises:
        LedgerError: the handle is not of the form ``user:team/name``.
    """
    if not _HANDLE.fullmatch(handle):
        raise LedgerError(f"{handle!r} names no person; write one like user:finance/ann.lee.")
    sub = directory(cursor).sub(handle)
    if sub is not None:
        if printed_name:
            cursor.execute(
                "UPDATE people SET printed_name = $name WHERE sub = $sub",
                {"name": printed_name, "sub": sub},
            )
        return sub, False
    sub = f"p-{secrets.token_hex(8)}"
    cursor.execute(
        "INSERT INTO people VALUES ($sub, $handle, $name)",
        {"sub": sub, "handle": handle, "name": printed_name},
    )
    return sub, True


def forget(cursor: duckdb.DuckDBPyConnection, sub: str) -> None:
    """Erase a person's names; the acts they did keep their opaque id."""
    cursor.execute(
        "UPDATE people SET handle = NULL, printed_name = NULL WHERE sub = $sub", {"sub": sub}
    )


def local_handle() -> str:
    """The handle of whoever runs the command on this machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"user:local/{re.sub(r'[^A-Za-z0-9._-]', '-', user) or 'unknown'}"
