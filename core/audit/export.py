"""The trail as one file that an auditor verifies without the ledger.

JSONL, every line canonical JSON: a header, time stamps where there are any, then each entry's exact
text followed by its signed checkpoint, then the evidence bundles that entries cite, by their
SHA-256. Where the ledger's owner wants it, the directory follows: the names that acts commit to,
with the salts that prove them.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import duckdb

from core.governance.people.names import NameRow, rows_of
from core.ledger.errors import LedgerError
from core.trail import log as trail
from core.trail.acts import Act
from core.trail.canonical_json import canonical
from core.trail.checkpoints.time_stamps import Stamp

FORMAT = "calledger-trail/1"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def export(
    cursor: duckdb.DuckDBPyConnection,
    path: str | os.PathLike[str],
    *,
    names: bool = False,
    stamps: Sequence[Stamp] = (),
) -> int:
    """Write the trail and the evidence it cites; how many entries.

    The file appears under its name only when it is complete and on disk. A trail that is broken
    is exported as it is: that is evidence, too.

    Args:
        path: a file that does not exist yet.
        names: write who is who, too; an erased name is not there to be written.
        stamps: time stamps of its checkpoints, which are written with it.

    Raises:
        TrailError: the trail has no entries, or names no key.
        LedgerError: the file exists, or cannot be written.
    """
    path = Path(path)
    exists = LedgerError(f"{path} exists already; an export never overwrites, name another file.")
    if path.exists():
        raise exists
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with (
            trail.at_one_moment(cursor),
            partial.open("x", encoding="utf-8", newline="\n") as file,
        ):
            entries = trail.size(cursor)
            for line in _lines(cursor, entries, stamps, names=names):
                file.write(f"{line}\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(partial, path)
        except FileExistsError:
            raise exists from None
        except OSError:
            # No hard links here: the check above has to do.
            partial.replace(path)
    except OSError as error:
        raise LedgerError(f"{path} cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return entries


def cited(act: Act) -> tuple[str, ...]:
    """The evidence bundles an act rests on, by SHA-256."""
    found = [act.body.get("evidence"), act.signature.evidence if act.signature else None]
    return tuple(
        dict.fromkeys(one for one in found if isinstance(one, str) and _SHA256.fullmatch(one))
    )


def header(origin: str, keys: tuple[str, ...], size: int, people: int | None = None) -> str:
    """The export's first line.

    Args:
        origin: the trail's.
        keys: public keys that signed it, in the order they came into force.
        size: entries that follow.
        people: lines of the directory at its end; None: it carries none.
    """
    carried = {} if people is None else {"people": people}
    return canonical({"format": FORMAT, "origin": origin, "keys": keys, "size": size, **carried})


def checkpoint_line(note: str) -> str:
    """The line after an entry."""
    return canonical({"checkpoint": note})


def evidence_line(sha256: str, bundle: str) -> str:
    """The line of a bundle; its SHA-256 is that of its text."""
    return canonical({"bundle": bundle, "sha256": sha256})


def person_line(row: NameRow) -> str:
    """The line of somebody in the directory."""
    return canonical({"person": asdict(row)})


def _lines(
    cursor: duckdb.DuckDBPyConnection, entries: int, stamps: Sequence[Stamp], *, names: bool
) -> Iterator[str]:
    if not entries:
        raise trail.TrailError("The decision trail has no entries yet; there is nothing to export.")
    keys = trail.keys(cursor)
    if not keys:
        raise trail.TrailError("The decision trail names no key; see: calledger trail verify.")
    people = rows_of(cursor) if names else ()
    count = len(people) if names else None
    yield header(keys[0].name, tuple(key.text for key in keys), entries, count)
    yield from (stamp.line for stamp in stamps)
    wanted: set[str] = set()
    cursor.execute(
        """
        SELECT entry, note FROM acts LEFT JOIN checkpoints ON size = seq + 1
        WHERE seq < $entries ORDER BY seq
        """,
        {"entries": entries},
    )
    while rows := cursor.fetchmany(1000):
        for entry, note in rows:
            yield entry
            if note is not None:
                yield checkpoint_line(note)
            with suppress(ValueError):
                wanted.update(cited(Act.of_text(entry)))
    for sha256 in sorted(wanted):
        row = cursor.execute(
            "SELECT bundle FROM evidence WHERE sha256 = $sha256", {"sha256": sha256}
        ).fetchone()
        if row is not None:
            yield evidence_line(sha256, row[0])
    yield from map(person_line, people)
