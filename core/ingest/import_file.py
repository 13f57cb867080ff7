"""A file into the ledger: read, checked, freed of duplicates and committed, whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from core import __version__
from core.events import SEGMENT_PREFIX
from core.ingest.checks.many_values import many_values_notice
from core.ingest.checks.repeats import FEW, note_signals
from core.ingest.checks.row_checks import incoming, kind_column
from core.ingest.checks.screening import Screening, screen
from core.ingest.checks.twins import twins_notice
from core.ingest.claim_dedupe import find_entangled, insert_new_claims, settle_claims
from core.ingest.file_mapping import PLAIN, FileMapping
from core.ingest.handoffs import are_handoffs, take_handoffs
from core.ingest.kept_sums import keep_import
from core.ingest.mapping.column_mapping import Layout, lay_out
from core.ingest.mapping.proposals import Advice, advice_on
from core.ingest.mapping.row_filter import only
from core.ingest.outcome_attachment import Attached, attach_entangled, log_outcomes_of_new_claims
from core.ingest.quarantine import (
    RefusedFor,
    keep_refused,
    refused_for,
    resolve_answered,
    resolve_read_anew,
)
from core.ingest.reading.file_format import LogFile, look_at
from core.ingest.reading.malformed_lines import lost
from core.ingest.reading.parsing import check_times
from core.ingest.reading.raw_records import Records
from core.ingest.reading.readers import LinesAtFault, damaged, read_records
from core.ledger.connection import Ledger
from core.ledger.errors import UnusableFile
from core.ledger.progress import Progress, never_falling
from core.ledger.sql import quoted
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.segment_names import MOST_DIMENSIONS

__all__ = ["ImportSummary", "UnusableFile", "import_file"]


@dataclass(frozen=True)
class ImportSummary:
    """What one file brought; ``n_read = n_new + n_duplicate + n_quarantined``.

    Attributes:
        source: the file's name, without its folder.
        import_id: the import's number; None when the file changed nothing.
        n_read: records in the file.
        n_new: records that added a claim, an outcome, or something of a hand-off, not known before.
        n_duplicate: records that the ledger had already, refused ones among them.
        n_unstated: new claims without a confidence.
        n_quarantined: records newly refused.
        n_attached: claims that had no outcome before and have one now.
        n_held: new outcome records, or hand-offs, whose claim has not come yet.
        n_corrected: claims whose outcome in force changed its value, or is none any more.
        notices: what was assumed, one sentence each.
        seconds: wall time.
        refusals: records of the file that are refused, known ones among them, most first.
        advice: what to say so that more comes in.
    """

    source: str
    import_id: int | None
    n_read: int
    n_new: int
    n_duplicate: int
    n_unstated: int
    n_quarantined: int
    n_attached: int
    n_held: int
    n_corrected: int
    notices: tuple[str, ...]
    seconds: float
    refusals: tuple[RefusedFor, ...] = ()
    advice: Advice | None = None

    @property
    def n_refused(self) -> int:
        """Records of the file that are refused, whether or not they were before."""
        return sum(one.n for one in self.refusals)

    @property
    def mostly_refused(self) -> bool:
        """Whether more of the file is refused than comes in."""
        return self.n_refused * 2 > self.n_read


class _Undone(Exception):  # noqa: N818 (a signal to roll back, not an error)
    """The import is rolled back: it brought nothing new, or was only tried."""

    def __init__(self, summary: ImportSummary) -> None:
        self.summary = summary


def import_file(
    ledger: Ledger,
    path: str | os.PathLike[str],
    *,
    how: FileMapping = PLAIN,
    now: datetime | None = None,
    progress: Callable[[float, str], None] | None = None,
    recorded: Callable[[duckdb.DuckDBPyConnection, int], None] | None = None,
    pulled: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> ImportSummary:
    """Import one CSV, JSONL or Parquet file, of claims and outcomes or of hand-offs.

    One transaction: if the process dies, the ledger is as it was. A row that cannot be used is
    quarantined and costs itself alone. The same file again changes nothing.

    Args:
        ledger: open for writing.
        path: the file; its suffix says what it is.
        how: what was said of the file's columns, records and values.
        now: when outcomes without a time became known; None: now. Taken as UTC without a zone.
        progress: called with the fraction done, which never falls, and the stage's name,
            sometimes from a helper thread.
        recorded: called with the cursor and the import's number when all of it is in place but
            not committed; what it writes is committed with the import, and if it raises, nothing
            is. Not called for a file that changes nothing.
        pulled: where the file's rows were pulled from, and up to where; kept with the settings.
        dry_run: find out what would come of it, and change nothing.

    Raises:
        UnusableFile: the file as a whole cannot be used; nothing was changed.
    """
    started = time.monotonic()
    moment = _utc(now or datetime.now(UTC))
    path = Path(path)
    report = never_falling(progress)
    file = look_at(path)

    def run(*, careful: bool) -> ImportSummary:
        with ledger.transaction() as cursor:
            one = _Import(
                cursor, file, how, moment, Progress(cursor, report), careful, recorded, pulled,
                dry_run,
            )  # fmt: skip
            return one.run()

    try:
        try:
            summary = run(careful=file.survey is not None and file.survey.needs_care)
        except LinesAtFault:
            summary = run(careful=True)
    except _Undone as undone:
        summary = undone.summary
    return replace(summary, seconds=time.monotonic() - started)


#: A file of at most so many records and bytes is small.
SMALL_RECORDS, SMALL_BYTES = 10_000, 4_000_000


@dataclass(frozen=True)
class _Import:
    """One file on its way in; the steps share a transaction and its temporary tables."""

    cursor: duckdb.DuckDBPyConnection
    file: LogFile
    how: FileMapping
    now: datetime
    progress: Progress
    careful: bool
    recorded: Callable[[duckdb.DuckDBPyConnection, int], None] | None = None
    pulled: Mapping[str, str] | None = None
    dry_run: bool = False

    def run(self) -> ImportSummary:
        cursor, progress, name = self.cursor, self.progress, self.file.path.name
        settings = self.how.settings(__version__, pulled=self.pulled)
        if not self.dry_run:
            self._refuse_same_again(settings)
        with progress.stage("reading", 0.05 if self.file.format == "parquet" else 0.35):
            check_times(cursor, self.how)
            records = read_records(cursor, self.file, careful=self.careful, how=self.how)
            records = only(cursor, records, self.how.where, name)
            handed = are_handoffs(records, self.how)
            if not handed:
                layout = lay_out(cursor, records, name=name, how=self.how)
        try:
            if handed:
                return self._handed_in(records, settings)
            return self._taken_in(records, layout, settings)
        except duckdb.Error as error:
            # A Parquet file is read to its end only here, and of a footer that lies DuckDB does not
            # always name the file.
            said = any(word in str(error) for word in (name, "Parquet"))
            if self.file.format == "parquet" and (said or type(error) is duckdb.Error):
                raise damaged(name, error) from error
            raise

    def _refuse_same_again(self, settings: str) -> None:
        """Stop early where the very same bytes came in the very same way.

        Nothing is ever taken out of the ledger, so whatever they hold is in it.
        """
        row = self.cursor.execute(
            """
            SELECT n_read, notices, n_quarantined FROM imports
            WHERE sha256 = $sha256 AND settings = $settings LIMIT 1
            """,
            {"sha256": self.file.sha256, "settings": settings},
        ).fetchone()
        if row is None:
            return
        n_read, notices, n_quarantined = row
        before = "The same file came in before, read in the same way"
        if n_quarantined:
            notices = [f"{before}: {n_quarantined:,} of its records were refused then.", *notices]
        raise _Undone(self._unchanged(n_read, tuple(notices)))

    def _unchanged(self, n_read: int, notices: tuple[str, ...]) -> ImportSummary:
        name = self.file.path.name
        return ImportSummary(name, None, n_read, 0, n_read, 0, 0, 0, 0, 0, notices, 0.0)

    def _taken_in(self, records: Records, layout: Layout, settings: str) -> ImportSummary:
        cursor, progress = self.cursor, self.progress
        import_id = self._next_import()
        self._add_dimensions(layout, import_id)
        view = incoming(records, layout, segment_dimensions(cursor))
        columns = view.claim_columns
        kind = "TABLE" if self._is_small(records) else "VIEW"
        cursor.execute(f"CREATE OR REPLACE TEMP {kind} incoming AS {view.sql}")
        with progress.stage("checking", 0.45):
            screening = screen(cursor, answers=layout.quarantine_id is not None, how=self.how)
            if screening.n_read != records.count:
                raise lost(self.file, screening.n_read, records.count, "records")
        with progress.stage("looking for duplicates", 0.6):
            entangled = find_entangled(
                cursor,
                columns,
                outcome_rows=screening.n_outcome_rows > 0,
                n_records=screening.n_read,
                few=kind == "TABLE" and screening.n_read <= FEW,
            )
            if entangled:
                settle_claims(cursor, columns)
        with progress.stage("storing claims", 0.85):
            insert_new_claims(
                cursor, columns, import_id=import_id, now=self.now, entangled=entangled
            )
        with progress.stage("storing outcomes", 0.95):
            n_inline = log_outcomes_of_new_claims(
                cursor,
                import_id=import_id,
                now=self.now,
                entangled=entangled,
                all_truth=not screening.n_no_truth,
            )
            attached = Attached(0, 0, 0, 0)
            if entangled:
                attached = attach_entangled(cursor, import_id=import_id, now=self.now)
        with progress.stage("finishing", 1.0):
            note_signals(cursor, import_id=import_id)
            keep_import(cursor, import_id=import_id, attached=entangled)
            return self._recorded(screening, layout, import_id, n_inline, attached, settings)

    def _handed_in(self, records: Records, settings: str) -> ImportSummary:
        cursor, name = self.cursor, self.file.path.name
        import_id = self._next_import()
        with self.progress.stage("storing hand-offs", 1.0):
            found = take_handoffs(cursor, records, how=self.how, name=name, import_id=import_id)
            if found.n_read != records.count:
                raise lost(self.file, found.n_read, records.count, "records")
            n_quarantined, n_resolved = self._set_apart(import_id, answers=found.answers)
        refusals = refused_for(cursor)
        if not (found.n_new or n_quarantined or n_resolved):
            raise _Undone(replace(self._unchanged(found.n_read, found.notices), refusals=refusals))
        n_duplicate = found.n_read - found.n_new - n_quarantined
        counts = (found.n_read, found.n_new, n_duplicate, 0, n_quarantined, 0, found.n_held, 0)
        summary = ImportSummary(name, import_id, *counts, found.notices, 0.0, refusals=refusals)
        return self._committed(summary, (None, None), settings)

    def _is_small(self, records: Records) -> bool:
        """Whether to read its fields once, for all steps.

        Each step reads of a large file only the fields that it needs, and what it then reads it
        does not hold; of a small one planning how to read costs more than reading.
        """
        plain = self.file.compression == "none" and records.count <= SMALL_RECORDS
        return plain and self.file.path.stat().st_size <= SMALL_BYTES

    def _add_dimensions(self, layout: Layout, import_id: int) -> None:
        rows = self.cursor.execute("SELECT dimension FROM segment_dimensions").fetchall()
        known = {dimension for (dimension,) in rows}
        new = sorted(set(layout.segments) - known)
        if new and len(known) + len(new) > MOST_DIMENSIONS:
            raise UnusableFile(
                f"{self.file.path.name} brings {len(new):,} new segment dimensions, {new[0]!r} "
                f"among them; with the {len(known):,} that are there it would be more than "
                f"{MOST_DIMENSIONS}, the most a ledger has. Write them without {SEGMENT_PREFIX}: "
                "other columns are kept as attributes."
            )
        for dimension in new:
            column = quoted(f"seg_{dimension}")
            # It is there already where cells were loaded that are counted by it.
            self.cursor.execute(f"ALTER TABLE claims ADD COLUMN IF NOT EXISTS {column} VARCHAR")
            self.cursor.execute(
                "INSERT INTO segment_dimensions VALUES ($dimension, $import_id)",
                {"dimension": dimension, "import_id": import_id},
            )

    def _recorded(
        self,
        screening: Screening,
        layout: Layout,
        import_id: int,
        n_inline: int,
        attached: Attached,
        settings: str,
    ) -> ImportSummary:
        cursor, name = self.cursor, self.file.path.name
        n_quarantined, n_resolved = self._set_apart(import_id, answers=screening.answers)
        row = cursor.execute(
            """
            SELECT count(*), count(*) FILTER (confidence_ppm IS NULL), min(ts), max(ts)
            FROM claims WHERE import_id = $import_id
            """,
            {"import_id": import_id},
        ).fetchone()
        assert row is not None
        n_claims, n_unstated, first_ts, last_ts = row
        n_new = n_claims + attached.n_fresh
        notices = (
            *layout.notices,
            *screening.notices,
            *twins_notice(cursor, import_id=import_id),
            *many_values_notice(cursor, layout.segments, import_id=import_id),
            *attached.notices,
        )
        refusals = refused_for(cursor)
        advice = None
        if refusals:
            kind = kind_column(layout)
            advice = advice_on(cursor, self.how, scales=screening.scales, kind=kind)
        if "confidence" not in layout.fields and (attached.n_held or self.how.signal is not None):
            notices = (_all_outcomes(screening.n_read, attached.n_held), *notices)
        if not (n_new or n_quarantined or n_resolved):
            unchanged = self._unchanged(screening.n_read, notices)
            raise _Undone(replace(unchanged, refusals=refusals, advice=advice))
        n_duplicate = screening.n_read - n_new - n_quarantined
        n_attached = n_inline + attached.n_attached
        counts = (
            screening.n_read, n_new, n_duplicate, n_unstated, n_quarantined, n_attached,
            attached.n_held, attached.n_corrected,
        )  # fmt: skip
        summary = ImportSummary(
            name, import_id, *counts, notices, 0.0, refusals=refusals, advice=advice
        )
        return self._committed(summary, (first_ts, last_ts), settings)

    def _set_apart(self, import_id: int, *, answers: bool) -> tuple[int, int]:
        """Quarantine what is refused, and close what the file brings; how many of each."""
        cursor = self.cursor
        n_quarantined = keep_refused(cursor, import_id=import_id, file=self.file.path.name)
        n_resolved = resolve_answered(cursor, import_id=import_id) if answers else 0
        n_resolved += resolve_read_anew(cursor, import_id=import_id, sha256=self.file.sha256)
        return n_quarantined, n_resolved

    def _committed(
        self,
        summary: ImportSummary,
        times: tuple[datetime | None, datetime | None],
        settings: str,
    ) -> ImportSummary:
        """The import as a row of its own, with whatever is recorded beside it.

        Args:
            summary: of what it brought.
            times: of the first and the last claim.
        """
        if self.dry_run:
            raise _Undone(replace(summary, import_id=None))
        assert summary.import_id is not None
        self.cursor.execute(
            f"INSERT INTO imports VALUES ({', '.join('?' * 17)})",
            [
                *(summary.import_id, summary.source, self.file.format, self.file.sha256, self.now),
                *(summary.n_read, summary.n_new, summary.n_duplicate, summary.n_unstated),
                *(summary.n_quarantined, summary.n_attached, summary.n_held, summary.n_corrected),
                *(*times, list(summary.notices), settings),
            ],
        )
        if self.recorded is not None:
            self.recorded(self.cursor, summary.import_id)
        return summary

    def _next_import(self) -> int:
        query = "SELECT coalesce(max(import_id), 0) + 1 FROM imports"
        return int(self.cursor.execute(query).fetchall()[0][0])


def _all_outcomes(n_read: int, n_held: int) -> str:
    waits = "1 waits" if n_held == 1 else f"{n_held:,} wait"
    return (
        f"No column states a confidence: every one of the {n_read:,} records was taken for an "
        f"outcome, and {waits} for a claim. If they are claims, say which column it is: "
        "--map THEIRS=confidence"
    )


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
