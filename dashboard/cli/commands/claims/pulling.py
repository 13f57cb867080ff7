"""`calledger pull` and `calledger pulled`: claims out of a database or a folder."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Protocol

import click

from core.governance.perform import utc_now
from core.governance.recorded_import import import_recorded
from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary
from core.lake.parquet_folder import ParquetFolder
from core.lake.positions import Position, position_of, pulled_sources, written
from core.lake.postgres import PostgresRows
from core.lake.postgres_address import SCHEMES, PostgresAddress
from core.lake.pull import Pull
from core.lake.sources import RowSource
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.text.shown import shell_word
from dashboard import terminal
from dashboard.cli.ask_server import answer_of
from dashboard.cli.exit_codes import EXIT_QUARANTINED
from dashboard.cli.options import ledger_option, pair
from dashboard.cli.surroundings import office_for, opened
from dashboard.cli.typed import Elsewhere, Typed


class Door(Protocol):
    """Where rows go in: a ledger of this machine, or the server that has it open."""

    def position(self, source: str, column: str) -> Position | None:
        """Where the last pull stopped."""

    def take(self, path: Path, position: Position | None) -> ImportSummary:
        """Import a file of rows."""


@click.command()
@click.argument("source")
@ledger_option
@click.option("--cursor", "column", required=True, metavar="COLUMN", help="A column that grows.")
@click.option("--table", help="Of a database: the table, also SCHEMA.TABLE.")
@click.option("--query", help="Of a database: a SELECT instead of a table.")
@click.option(
    "--map",
    "renames",
    multiple=True,
    metavar="THEIRS=OURS",
    help="Read the column THEIRS as the field OURS. May be given again.",
)
@click.option("--signal", help="The signal's name, for rows that do not carry one.")
@click.option(
    "--again",
    type=click.FloatRange(min=0),
    help="How far behind the last value to read again: seconds of a time, steps of a number. "
    "600 and 1000 unless given.",
)
@click.option("--strict", is_flag=True, help="Exit with 3 when a row was quarantined.")
def pull(
    source: str,
    ledger_path: Path,
    column: str,
    table: str | None,
    query: str | None,
    renames: Sequence[str],
    signal: str | None,
    again: float | None,
    strict: bool,
) -> None:
    """Read new claims and outcomes out of a PostgreSQL database or a folder of Parquet files.

    SOURCE is postgresql://USER@HOST/DATABASE, or a folder. Rows come in the order of the cursor
    column, through the ordinary import; the next pull goes on where this one stopped.
    """
    rows = _source(source, table, query)
    mapping = dict(pair(rename, "--map", "theirs=ours") for rename in renames)
    one = Pull(rows, column, mapping, again, utc_now())
    # Before a ledger is made for it.
    one.prepared()
    summaries: list[ImportSummary] = []
    with door(ledger_path, renames, signal) as inside:
        at = inside.position(rows.name, column)
        try:
            for summary in one.run(at.upto if at else None, inside.take):
                summaries.append(summary)
        except LedgerError:
            if summaries:
                _told(summaries, rows, ledger_path)
            raise
    _told(summaries, rows, ledger_path)
    if rows.has_rows_without(column):
        terminal.note(
            f"Rows without a value in {column!r} are never pulled, and there are some. Fill it, or "
            "give --cursor a column that is never empty."
        )
    if strict and any(summary.n_quarantined for summary in summaries):
        sys.exit(EXIT_QUARANTINED)


def _source(source: str, table: str | None, query: str | None) -> RowSource:
    if not source.lower().startswith(tuple(f"{scheme}:" for scheme in SCHEMES)):
        if "://" in source:
            raise LedgerError(
                f"A pull reads postgresql:// addresses and folders, not {source.split('://')[0]}://"
                "; give the folder where it is mounted."
            )
        if table or query:
            raise click.UsageError("--table and --query are for databases; a folder is read whole.")
        return ParquetFolder(Path(source))
    if (table is None) == (query is None):
        raise click.UsageError("Say what to read: --table NAME or --query SELECT, one of them.")
    return PostgresRows(PostgresAddress.read(source), table=table, query=query)


def _told(summaries: Sequence[ImportSummary], rows: RowSource, ledger_path: Path) -> None:
    for notice in dict.fromkeys(notice for one in summaries for notice in one.notices):
        terminal.note(f"{rows.short}: {notice}")
    if not summaries:
        terminal.say("Nothing new to read.")
        return
    summed = {
        name: sum(getattr(one, name) for one in summaries)
        for name in asdict(summaries[0])
        if name.startswith("n_")
    }
    terminal.import_table([replace(summaries[0], source=rows.short, **summed)])
    if summed["n_quarantined"]:
        terminal.note(
            "See what was refused and why: calledger quarantine list --ledger "
            f"{shell_word(str(ledger_path))}"
        )


@contextmanager
def door(path: Path, renames: Sequence[str], signal: str | None) -> Iterator[Door]:
    """Where rows go in: a ledger that is opened here, or by the server that has it open.

    Args:
        renames: as `--map` has them.
        signal: of rows that do not carry one.
    """
    existed = path.exists()
    try:
        inside = opened(path, create=True)
        ledger = inside.__enter__()
    except Elsewhere as elsewhere:
        words = [word for rename in renames for word in ("--map", rename)]
        words += ["--signal", signal] if signal else []
        yield _There(elsewhere, tuple(words))
        return
    try:
        yield _Here(ledger, dict(pair(one, "--map", "theirs=ours") for one in renames), signal)
    finally:
        empty = not existed and not ledger.data_version()
        inside.__exit__(None, None, None)
        if empty:
            path.unlink()


class _Here:
    """A ledger that this process has open."""

    def __init__(self, ledger: Ledger, mapping: dict[str, str], signal: str | None) -> None:
        self._ledger = ledger
        self._import = partial(
            import_recorded, office_for(ledger), how=FileMapping(mapping, signal)
        )

    def position(self, source: str, column: str) -> Position | None:
        with self._ledger.cursor() as cursor:
            return position_of(cursor, source, column)

    def take(self, path: Path, position: Position | None) -> ImportSummary:
        with terminal.progress(path.name) as report:
            pulled = position.settings() if position else None
            return self._import(path, progress=report, pulled=pulled)


class _There:
    """A ledger that a server has open: it reads no database, but takes the rows in as files."""

    def __init__(self, server: Elsewhere, words: tuple[str, ...]) -> None:
        self._server, self._words = server, words

    def position(self, source: str, column: str) -> Position | None:
        for one in json.loads(self._asked(Typed(("pulled", "--format", "json")))):
            if (one["source"], one["cursor"]) == (source, column):
                return Position(source, column, one["upto"])
        return None

    def take(self, path: Path, position: Position | None) -> ImportSummary:
        words = ["import", str(path), "--format", "json", *self._words]
        if position is not None:
            words += ["--pulled", json.dumps(position.settings())]
        (row,) = json.loads(self._asked(Typed(tuple(words), inputs=[str(path)])))
        return ImportSummary(**row | {"notices": tuple(row["notices"])})

    def _asked(self, typed: Typed) -> str:
        answered = answer_of(self._server, typed)
        if answered.code:
            raise LedgerError(answered.err.strip().removeprefix("calledger: "))
        return answered.out


@click.command()
@ledger_option
@click.option(
    "--format",
    "shape",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json"]),
    help="A table for people, or JSON.",
)
def pulled(ledger_path: Path, shape: str) -> None:
    """List what was pulled into a ledger, and up to where."""
    with opened(ledger_path) as ledger, ledger.cursor() as cursor:
        sources = pulled_sources(cursor)
    if shape == "json":
        terminal.data(written(sources))
        return
    if not sources:
        terminal.say("Nothing was pulled into this ledger; calledger pull --help says how.")
        return
    heads = ("source", "cursor", "up to", "imports", "last")
    terminal.table(
        heads,
        [
            (
                one.position.source,
                one.position.column,
                one.position.upto,
                str(one.imports),
                f"{one.last_at:%Y-%m-%d %H:%M}",
            )
            for one in sources
        ],
        left=heads[:3],
    )
