"""Is the trail intact? Asked of the ledger, or of an export with nothing else at hand.

What the trail's own signed checkpoints cannot show (a trail cut short, or rewritten by whoever
holds the key) is shown by checkpoints that somebody else kept. The answer therefore never is a bare
yes: it says since which entry nothing outside the ledger vouches for the trail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
from cryptography import x509

from core.audit import coverage as covered
from core.audit.chain_check import BAD, Walk
from core.audit.export_reader import ExportReader
from core.audit.held import UNSTAMPED, Held, Stamped, first_line, read_held, sizes, stamped_sizes
from core.audit.report import Report, report_of
from core.audit.walk_checks import altered, check_due, digest_of, missing
from core.governance import names as directory
from core.ledger.connection import is_database
from core.ledger.errors import LedgerError
from core.trail import row_seals as seal
from core.trail.log import at_one_moment
from core.trail.problems import Problem


def verify_ledger(
    cursor: duckdb.DuckDBPyConnection,
    *,
    held: Sequence[str | Path | Held] = (),
    stamped: Stamped = UNSTAMPED,
) -> Report:
    """Verify the trail in a ledger and every table against it; never raises.

    What it does not cover is among the remarks (`core.audit.coverage`).

    Args:
        held: checkpoints that were kept: paths of files, or texts, with any number of notes each.
        stamped: the time stamps beside the ledger.
    """
    kept = read_held(held)
    walk = Walk(sizes(kept))
    walk.wanted |= stamped_sizes(stamped.stamps)
    people: tuple[directory.NameRow, ...] = ()
    remarks: list[str] = []
    try:
        with at_one_moment(cursor):
            # First, since what is missing may keep the rest from being read.
            walk.problems += covered.check_objects(cursor)
            _walk_ledger(cursor, walk)
            walk.problems += _evidence_in(cursor, walk)
            walk.problems += seal.check_seals(cursor, walk.acts)
            read = covered.TrailRead(
                walk.acts, [key for _, key in walk.keys], frozenset(walk.evidence), walk.count > 0
            )
            people = directory.rows_of(cursor)
            problems, remarks = covered.check_tables(cursor, read)
            walk.problems += problems
        if walk.count:
            remarks += covered.not_covered()
    except (duckdb.Error, *BAD) as error:
        walk.problems.append(
            Problem("file", None, f"The ledger cannot be read: {first_line(error)}.")
        )
    remarks += [stamped.fault] if stamped.fault else []
    return report_of(walk, kept, remarks, people, stamped)


def verify_export(
    path: str | os.PathLike[str],
    *,
    held: Sequence[str | Path | Held] = (),
    roots: Sequence[x509.Certificate] = (),
) -> Report:
    """Verify an export with nothing else at hand.

    Line ends changed on the way, all of them to CRLF, are read as the ones they were.

    Args:
        held: checkpoints that the auditor kept, as for `verify_ledger`.
        roots: certificates of time stamp authorities, got from elsewhere than the export.

    Raises:
        LedgerError: there is no such file, it cannot be read, or it is a ledger.
    """
    path = Path(path)
    kept = read_held(held)
    walk = Walk(sizes(kept))
    reader = ExportReader(walk)
    try:
        if is_database(path):
            raise LedgerError(
                f"{path} is a ledger, not an export; verify it with: "
                f"calledger trail verify --ledger {path}"
            )
        reader.read(path)
    except FileNotFoundError:
        raise LedgerError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise LedgerError(f"{path} is a folder; name the export inside it.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LedgerError(f"{path} cannot be read: {reason}.") from error
    remarks = [
        "An export holds the trail and its evidence; seals are checked in the ledger itself."
    ]
    if reader.crlf:
        remarks.append(
            "The line ends of the file were changed to CRLF on its way; what stands in the lines "
            "was verified all the same."
        )
    people = reader.people
    if people is not None:
        problems, bare = directory.check_rows(people, walk.acts, "The directory of the export")
        walk.problems += problems
        remarks += bare
    return report_of(walk, kept, remarks, people, Stamped(tuple(reader.stamps), tuple(roots)))


def _walk_ledger(cursor: duckdb.DuckDBPyConnection, walk: Walk) -> None:
    cursor.execute(
        """
        SELECT seq::HUGEINT AS place, 0 AS kind, entry AS text, leaf, NULL AS roots FROM acts
        UNION ALL
        SELECT size::HUGEINT - 1, 1, note, NULL, frontier FROM checkpoints
        ORDER BY place, kind, text
        """
    )
    due, last = False, -1
    while rows := cursor.fetchmany(1000):
        for place, kind, text, leaf, roots in rows:
            if kind == 0:
                check_due(walk, due, last)
                walk.entry(text, seq=place, leaf=leaf)
                due, last = True, place
            elif due and place == last:
                walk.checkpoint(text, size=place + 1, roots=roots)
                due = False
            else:
                walk.problems.append(
                    Problem(
                        "checkpoint",
                        max(place, 0),
                        f"There is a checkpoint of size {place + 1} too many.",
                    )
                )
    check_due(walk, due, last)


def _evidence_in(cursor: duckdb.DuckDBPyConnection, walk: Walk) -> Iterator[Problem]:
    found: set[str] = set()
    cursor.execute("SELECT sha256, bundle FROM evidence ORDER BY sha256")
    while rows := cursor.fetchmany(10):
        for sha256, bundle in rows:
            found.add(sha256)
            if digest_of(bundle) != sha256:
                yield altered(sha256, walk)
    yield from missing(found, walk)
