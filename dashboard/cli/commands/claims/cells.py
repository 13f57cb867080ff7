"""`calledger cells`: cells counted where the claims lie, by an engine that is there."""

from __future__ import annotations

import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import click

from core.lake.build import Declared, build_cells
from core.lake.cell_files import read_manifest
from core.lake.claims_of_log import files_of_claims
from core.lake.dialects import ENGINES, Engine
from core.lake.event_log import last_whole_week
from core.lake.load import load_cells
from core.ledger.errors import LedgerError
from core.queries.base.kept.loaded import loaded_totals
from core.registry.yaml_reader import read_path
from core.sentences.numbers import counted, percent, points
from core.text.shown import shell_word
from dashboard import terminal
from dashboard.cli.ask_server import ask
from dashboard.cli.commands.claims.pulling import door
from dashboard.cli.options import day, ledger_option
from dashboard.cli.surroundings import InputFile, OutputFile, office_for, opened
from dashboard.cli.typed import Elsewhere, Typed


@click.group()
def cells() -> None:
    """Sums of claims that lie in a lake, counted there by Spark, DataFusion or DuckDB."""


@cells.command()
@click.option(
    "--events",
    required=True,
    type=InputFile(),
    help="The folder of the event log, with claims/ and outcomes/ in it.",
)
@click.option("--out", required=True, type=OutputFile(), help="The folder to write the cells to.")
@click.option(
    "--engine",
    default="duckdb",
    show_default=True,
    type=click.Choice(ENGINES),
    help="What counts them: the result is the same to the last bit.",
)
@click.option("--since", required=True, metavar="DATE", help="The first day, a Monday.")
@click.option(
    "--until",
    metavar="DATE",
    help="The last day, a Sunday; the last one that is over unless given.",
)
@click.option(
    "--registry",
    type=InputFile(),
    help="The registry file, where an entry says whose labels count or sets the high-confidence "
    "band.",
)
def build(
    events: Path, out: Path, engine: Engine, since: str, until: str | None, registry: Path | None
) -> None:
    """Count the claims of whole weeks in an event log, and write the cells to a folder.

    The same cells as an import keeps: by signal, fingerprint, split, week and confidence, and by
    each value of each segment.
    """
    first, last = _day(since, "--since"), None if until is None else _day(until, "--until")
    end = last_whole_week(date.today()) if last is None else last + timedelta(days=1)
    manifest = build_cells(
        events, out, engine=engine, since=first, until=end, declared=_declared(registry)
    )
    terminal.say(
        f"{counted(manifest.n_claims, 'claim')} of {counted(len(manifest.signals), 'signal')} "
        f"counted by {manifest.engine}, {manifest.since} to {manifest.until}."
    )
    if manifest.n_repeated:
        terminal.note(f"{counted(manifest.n_repeated, 'claim')} came again and count once.")
    for place, n in sorted(manifest.n_refused.items()):
        table, field = place.split(".")
        terminal.note(
            f"{counted(n, 'row')} of {table} left out, with a wrong or missing {field}. Correct "
            "them in the log and build again."
        )
    terminal.say(f"Written to {shell_word(str(out))}.")


@cells.command()
@click.argument("folder", type=InputFile())
@ledger_option
def load(folder: Path, ledger_path: Path) -> None:
    """Put the cells of a build into a ledger, in the place of those of its weeks.

    One transaction, recorded in the trail with the digest of the event log. The same again changes
    nothing.
    """
    existed = ledger_path.exists()
    try:
        with opened(ledger_path, create=True) as ledger, _unpacked(folder) as cells_folder:
            done = load_cells(office_for(ledger), cells_folder)
    except Elsewhere as elsewhere:
        with tempfile.TemporaryDirectory(prefix="calledger-cells-") as made:
            packed = _packed(folder, Path(made))
            words = ("cells", "load", str(packed))
            sys.exit(ask(elsewhere, Typed(words, inputs=[str(packed)])))
    except LedgerError:
        if not existed:
            ledger_path.unlink(missing_ok=True)
        raise
    manifest = done.manifest
    if not done.n_weeks:
        terminal.say("Loaded already: nothing changed.")
        return
    terminal.say(
        f"{counted(manifest.n_claims, 'claim')} of {counted(len(manifest.signals), 'signal')}, "
        f"{manifest.since} to {manifest.until}: {counted(done.n_weeks, 'week')} changed."
    )
    for name, one in sorted(manifest.signals.items()):
        if not one.kept:
            terminal.note(f"{name} has too many fingerprints: nothing of it is kept.")


@cells.command(name="pull")
@click.argument("log", type=InputFile())
@ledger_option
@click.option("--signal", required=True, help="The signal whose claims are needed.")
@click.option("--since", required=True, metavar="DATE", help="The first day.")
@click.option("--until", required=True, metavar="DATE", help="The last day.")
def pull_claims(log: Path, ledger_path: Path, signal: str, since: str, until: str) -> None:
    """Bring single claims of a loaded signal in from the event log, with their outcomes.

    What needs them, such as evidence or the list of claims, says of which days. They pass through
    the ordinary import and change nothing of the cells.
    """
    first, last = _day(since, "--since"), _day(until, "--until")
    summaries = []
    with (
        door(ledger_path, (), None) as inside,
        tempfile.TemporaryDirectory(prefix="calledger-claims-") as made,
    ):
        end = last + timedelta(days=1)
        for path in files_of_claims(log, Path(made), signal, first, end):
            summaries.append(inside.take(path, None))
            path.unlink()
    terminal.import_table(summaries)


@cells.command(name="list")
@ledger_option
def list_loaded(ledger_path: Path) -> None:
    """List the signals whose cells were loaded: days, claims, labels, and the gap over all."""
    with opened(ledger_path) as ledger, ledger.cursor() as cursor:
        rows = loaded_totals(cursor)
    if not rows:
        terminal.say("No cells were loaded; calledger cells load --help says how.")
        return
    terminal.table(
        ("signal", "from", "to", "claims", "labelled", "said", "right", "gap"),
        [
            (
                one.signal,
                f"{one.first:%Y-%m-%d}",
                f"{one.last:%Y-%m-%d}",
                f"{one.n_claims:,}",
                f"{one.n:,}",
                percent(one.said),
                percent(one.right),
                points(one.gap),
            )
            for one in rows
        ],
        left=("signal", "from", "to"),
    )


def _packed(folder: Path, made: Path) -> Path:
    """A folder of cells as one file, which travels to a server."""
    read_manifest(folder)
    packed = made / "cells.tar"
    with tarfile.open(packed, "w") as archive:
        archive.add(folder, arcname=".")
    return packed


@contextmanager
def _unpacked(typed: Path) -> Iterator[Path]:
    """The folder that was typed, or what came along in its place."""
    if not typed.is_file():
        yield typed
        return
    with tempfile.TemporaryDirectory(prefix="calledger-cells-") as made:
        try:
            with tarfile.open(typed) as archive:
                archive.extractall(made, filter="data")
        except (tarfile.TarError, OSError) as error:
            raise LedgerError(f"{typed} is no folder of cells: {error}.") from None
        yield Path(made)


def _day(text: str, option: str) -> date:
    moment = day(text, option)
    assert moment is not None
    return moment.date()


def _declared(registry: Path | None) -> Declared:
    if registry is None:
        return Declared({}, {})
    specs = read_path(registry).specs
    return Declared(
        {one.name: one.high_from_ppm for one in specs},
        {one.name: one.ground_truth for one in specs},
    )
