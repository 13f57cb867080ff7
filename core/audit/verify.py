"""Is the trail intact? Asked of the ledger, or of an export with nothing else at hand.

What the trail's own signed checkpoints cannot show (a trail cut short, or rewritten by whoever
holds the key) is shown by checkpoints that somebody else kept. The answer therefore never is a bare
yes: it says since which entry nothing outside the ledger vouches for the trail.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from cryptography import x509

from core.audit import coverage as covered
from core.audit import last_full
from core.audit.chain_check import BAD, Walk
from core.audit.export_reader import ExportReader
from core.audit.held import (
    UNSTAMPED,
    Held,
    Stamped,
    first_line,
    held_beside,
    read_held,
    sizes,
    stamped_sizes,
    stamps_beside,
)
from core.audit.last_full import LastFull
from core.audit.report import Report, report_of
from core.audit.walk_checks import altered, check_due, digest_of, missing
from core.governance.people import names as directory
from core.ledger.connection import is_database
from core.ledger.errors import LedgerError
from core.ledger.progress import Report as Told
from core.queries.base.outcome_log import OUTCOME_LOG
from core.trail.log import at_one_moment
from core.trail.problems import Problem
from core.trail.seals import row_seals as seal


def verify_ledger(
    cursor: duckdb.DuckDBPyConnection,
    *,
    held: Sequence[str | Path | Held] = (),
    stamped: Stamped = UNSTAMPED,
    progress: Told | None = None,
) -> Report:
    """Verify the trail in a ledger and every table against it; never raises.

    What it does not cover is among the remarks (`core.audit.coverage`).

    Args:
        held: checkpoints that were kept: paths of files, or texts, with any number of notes each.
        stamped: the time stamps beside the ledger.
        progress: called with the fraction done and the stage's name.
    """

    def rows(walk: Walk) -> tuple[Problem, ...]:
        if progress is None:
            return seal.check_seals(cursor, walk.acts)
        n_rows, told = max(1, rows_there(cursor)), progress

        def read(n_read: int) -> None:
            told(_TRAIL_READ + _ROWS_READ * min(1, n_read / n_rows), "sealed rows")
            if n_read >= n_rows:
                told(_TRAIL_READ + _ROWS_READ, "outcomes in force")

        read(0)
        return seal.check_seals(cursor, walk.acts, read)

    return _verify(cursor, held, stamped, rows, claims=True)


def verify_all(
    cursor: duckdb.DuckDBPyConnection,
    ledger: Path,
    now: datetime,
    progress: Told | None = None,
) -> Report:
    """Verify a ledger by all that lies beside it, and keep there that it was done.

    That it cannot be kept is no reason not to say what was found: pages then show the one before.
    """
    held, stamped = held_beside(ledger), stamps_beside(ledger)
    report = verify_ledger(cursor, held=held, stamped=stamped, progress=progress)
    if report.root:
        with suppress(OSError):
            last_full.keep(ledger, report, at=now)
    return report


@dataclass(frozen=True)
class Since:
    """A look at what is new since everything was verified.

    Attributes:
        report: what was found now; of the rows that were verified then nothing.
        last: that verification; None where none is known of this trail.
        n_new_rows: claims and logged outcomes that came in since.
        read: whether these were held against their seals.
    """

    report: Report
    last: LastFull | None
    n_new_rows: int
    read: bool


def verify_since(
    cursor: duckdb.DuckDBPyConnection,
    last: LastFull | None,
    *,
    most: int,
    held: Sequence[str | Path | Held] = (),
    stamped: Stamped = UNSTAMPED,
) -> Since:
    """Verify entries, checkpoints, evidence and small tables, and the seals of new rows.

    Args:
        last: when everything was verified; one of another trail counts as none.
        most: with more new rows than these, none of them is read.
        held, stamped: as for `verify_ledger`.
    """
    found: list[tuple[LastFull | None, int, bool]] = []

    def rows(walk: Walk) -> tuple[Problem, ...]:
        root = None if last is None else walk.roots.get(last.n_entries)
        known = last if last is not None and root is not None and root.hex() == last.root else None
        since = 0 if known is None else known.n_entries
        n_new = rows_there(cursor, after=seal.sealed_imports(walk.acts, since))
        found.append((known, n_new, n_new <= most))
        return seal.check_new_seals(cursor, walk.acts, since) if n_new <= most else ()

    wanted = frozenset() if last is None else frozenset({last.n_entries})
    report = _verify(cursor, held, stamped, rows, claims=False, wanted=wanted)
    return Since(report, *(found[0] if found else (None, 0, False)))


def rows_there(cursor: duckdb.DuckDBPyConnection, after: int = 0) -> int:
    """Claims and logged outcomes of the imports after one; 0: of all."""
    where = f"WHERE import_id > {int(after)}" if after else ""
    ((count,),) = cursor.execute(
        f"""
        SELECT (SELECT count(*) FROM claims {where}) + (SELECT count(*) FROM {OUTCOME_LOG} {where})
        """
    ).fetchall()
    return int(count)


#: Shares of the work, as far as they can be told beforehand.
_TRAIL_READ, _ROWS_READ = 0.05, 0.6


def _verify(
    cursor: duckdb.DuckDBPyConnection,
    held: Sequence[str | Path | Held],
    stamped: Stamped,
    rows: Callable[[Walk], Sequence[Problem]],
    *,
    claims: bool,
    wanted: frozenset[int] = frozenset(),
) -> Report:
    """Verify the trail, and of the rest what is asked.

    Args:
        rows: what is wrong with the rows that the trail seals.
        claims: whether to hold the tables that follow from the claims against them.
        wanted: sizes at which the tree's root is to be known.
    """
    kept = read_held(held)
    walk = Walk(sizes(kept))
    walk.wanted |= stamped_sizes(stamped.stamps) | wanted
    people: tuple[directory.NameRow, ...] = ()
    remarks: list[str] = []
    try:
        with at_one_moment(cursor):
            # First, since what is missing may keep the rest from being read.
            walk.problems += covered.check_objects(cursor)
            _walk_ledger(cursor, walk)
            walk.problems += _evidence_in(cursor, walk)
            walk.problems += rows(walk)
            read = covered.TrailRead(
                walk.acts, [key for _, key in walk.keys], frozenset(walk.evidence), walk.count > 0
            )
            people = directory.rows_of(cursor)
            problems, remarks = covered.check_tables(cursor, read, claims=claims)
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
