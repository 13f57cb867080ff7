"""Who an opaque id is: the only place that holds names, and it can forget them.

Names count only as an act carries them: ``person.added`` and ``person.named`` hold an HMAC of them
under a salt that lies beside the names and is erased with them. So a name that was changed in the
table is found, and one that was erased cannot be guessed from the trail.
"""

from __future__ import annotations

import getpass
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import duckdb

from core.ledger.errors import LedgerError
from core.registry.value_checks import person_key
from core.trail.acts import SYSTEM, Act
from core.trail.canonical_json import canonical
from core.trail.problems import Problem

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
        recorded: whether an act carries these names; not so where an earlier version of the
            program entered them.
        altered: whether the table holds others than the act carries; they are left out here.
    """

    sub: str
    handle: str | None
    printed_name: str | None
    recorded: bool = True
    altered: bool = False

    @property
    def words(self) -> str:
        """What a page shows: the name, or else the handle, or else that it was erased."""
        if self.altered:
            return f"(name altered, {self.sub})"
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


@dataclass(frozen=True)
class NameRow:
    """What the table, or the directory of an export, holds about somebody.

    Attributes:
        sub: the opaque id that stands in acts.
        handle, printed_name: the names; None once forgotten.
        salt: what the commitment to them was made under; erased with them.
    """

    sub: str
    handle: str | None
    printed_name: str | None
    salt: str | None

    def fits(self, names: str | None) -> bool:
        """Whether the row is what an act says; None: an act of an earlier version, of no names."""
        if names is None:
            return self.salt is None
        if names == _ERASED:
            return (self.handle, self.printed_name, self.salt) == (None, None, None)
        if self.salt is None:
            return False
        made = _commitment(self.salt, self.sub, self.handle, self.printed_name)
        return hmac.compare_digest(made, names)


def rows_of(cursor: duckdb.DuckDBPyConnection) -> tuple[NameRow, ...]:
    """The table of people as it is, by opaque id; `resolved` says what of it counts."""
    cursor.execute("SELECT sub, handle, printed_name, salt FROM people ORDER BY ALL")
    return tuple(NameRow(*row) for row in cursor.fetchall())


def directory(cursor: duckdb.DuckDBPyConnection) -> Directory:
    """Read the directory; a row that no act entered, or that stands there twice, does not count."""
    return resolved(rows_of(cursor), _acts(cursor))


def resolved(rows: Iterable[NameRow], acts: Iterable[Act]) -> Directory:
    """The names of rows that count: those that an act carries."""
    recorded, found = _recorded(acts), dict[str, Name]()
    for sub, same in _by_sub(rows).items():
        if sub in recorded:
            names, one = recorded[sub].names, same[0]
            found[sub] = Name(sub, None, None, altered=True)
            if len(same) == 1 and one.fits(names):
                found[sub] = Name(sub, one.handle, one.printed_name, recorded=names is not None)
    return Directory(found)


def check_rows(
    rows: Iterable[NameRow], acts: Iterable[Act], place: str
) -> tuple[list[Problem], list[str]]:
    """Rows against the acts: what differs, and what no act carries, in words.

    Args:
        place: where the rows stand, in words.
    """
    recorded, problems, bare = _recorded(acts), list[Problem](), 0

    def wrong(words: str) -> None:
        problems.append(Problem("table", None, words))

    known = _by_sub(rows)
    for sub, found in known.items():
        if sub not in recorded:
            wrong(f"{place} holds {sub}, whom no entry added.")
        elif len(found) > 1:
            wrong(f"{place} holds {sub} {len(found)} times.")
        elif not found[0].fits(recorded[sub].names):
            wrong(
                f"The names of {sub} in {place[:1].lower()}{place[1:]} do not match their "
                f"commitment in entry {recorded[sub].seq}."
            )
        elif recorded[sub].names is None:
            bare += 1
    for sub in recorded.keys() - known.keys():
        wrong(f"{place} lacks {sub}, whom an entry added.")
    remarks = []
    if bare:
        remarks.append(
            f"{bare:,} {'person was' if bare == 1 else 'people were'} entered by an earlier "
            "version, which kept no trace of names in the trail: these names are not committed to, "
            "and not covered. To record them: calledger person add PERSON."
        )
    return problems, remarks


#: What an act says of erased names: none may stand there.
_ERASED = ""


@dataclass(frozen=True)
class _Recorded:
    """The commitment to somebody's names, as `NameRow.fits` takes it, and the act carrying it."""

    names: str | None
    seq: int


def _by_sub(rows: Iterable[NameRow]) -> dict[str, list[NameRow]]:
    found: dict[str, list[NameRow]] = {}
    for row in rows:
        found.setdefault(row.sub, []).append(row)
    return found


def _acts(cursor: duckdb.DuckDBPyConnection) -> Iterator[Act]:
    """The acts about people; one that cannot be read is for the replay to refuse."""
    rows = cursor.execute(
        """SELECT entry FROM acts WHERE contains(entry, '"kind":"person.') ORDER BY seq"""
    ).fetchall()
    for (entry,) in rows:
        with suppress(ValueError):
            yield Act.of_text(entry)


def _recorded(acts: Iterable[Act]) -> dict[str, _Recorded]:
    """What the acts say about the names of everybody whom one entered."""
    found: dict[str, _Recorded] = {}
    for act in acts:
        sub, names = act.body.get("sub"), act.body.get("names")
        if not isinstance(sub, str):
            continue
        if act.kind == "person.added" or (act.kind == "person.named" and sub in found):
            found[sub] = _Recorded(names if isinstance(names, str) and names else None, act.seq)
        elif act.kind == "person.forgotten" and sub in found:
            found[sub] = _Recorded(_ERASED, act.seq)
    return found


def _commitment(salt: str, sub: str, handle: str | None, printed_name: str | None) -> str:
    """HMAC-SHA256 of somebody's names, hexadecimal."""
    names = canonical({"sub": sub, "handle": handle, "printed_name": printed_name})
    return hmac.new(salt.encode(), names.encode(), hashlib.sha256).hexdigest()


def refuse_no_handle(handle: str) -> None:
    """Refuse what is not of the form ``user:team/name``.

    ``user:desk/Ann`` is ``user:desk/ann``, or one person could sit on both sides of a signature.

    Raises:
        LedgerError: with the form.
    """
    if not _HANDLE.fullmatch(handle):
        raise LedgerError(f"{handle!r} names no person; write one like user:finance/ann.lee.")


def add(
    cursor: duckdb.DuckDBPyConnection, handle: str, printed_name: str | None
) -> tuple[str, str]:
    """Enter somebody new; their opaque id, and the commitment that their act has to carry."""
    sub, salt = f"p-{secrets.token_hex(8)}", _salt()
    cursor.execute(
        "INSERT INTO people BY NAME SELECT $sub AS sub, $handle AS handle, "
        "$name AS printed_name, $salt AS salt",
        {"sub": sub, "handle": handle, "name": printed_name, "salt": salt},
    )
    return sub, _commitment(salt, sub, handle, printed_name)


def rename(
    cursor: duckdb.DuckDBPyConnection, sub: str, handle: str, printed_name: str | None
) -> str:
    """Give somebody these names; the commitment that the act has to carry."""
    salt = _salt()
    cursor.execute(
        "UPDATE people SET handle = $handle, printed_name = $name, salt = $salt WHERE sub = $sub",
        {"sub": sub, "handle": handle, "name": printed_name, "salt": salt},
    )
    return _commitment(salt, sub, handle, printed_name)


def _salt() -> str:
    # As long as the hash: what was erased cannot be found by trying names.
    return secrets.token_hex(32)


def forget(cursor: duckdb.DuckDBPyConnection, sub: str) -> None:
    """Erase a person's names and their salt; the acts they did keep their opaque id."""
    cursor.execute(
        "UPDATE people SET handle = NULL, printed_name = NULL, salt = NULL WHERE sub = $sub",
        {"sub": sub},
    )


def local_handle() -> str:
    """The handle of whoever runs the command on this machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"user:local/{re.sub(r'[^A-Za-z0-9._-]', '-', user) or 'unknown'}"
