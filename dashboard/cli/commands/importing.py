"""`calledger import` and `calledger quarantine`: what comes in, and what was refused."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from core.governance.recorded_import import import_recorded
from core.ingest.import_file import ImportSummary, UnusableFile
from core.ingest.quarantine import export_quarantined, list_quarantined
from core.lake.positions import Position
from core.sentences.numbers import counted
from core.text.shown import shell_word
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_QUARANTINED, EXIT_UNUSABLE
from dashboard.cli.options import ledger_option
from dashboard.cli.reading_options import file_mapping, reading_options
from dashboard.cli.surroundings import InputFile, OutputFile, office_for, opened


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=InputFile())
@ledger_option
@reading_options
@click.option("--strict", is_flag=True, help="Exit with 3 when a row was quarantined.")
@click.option(
    "--format",
    "shape",
    default="table",
    show_default=True,
    type=click.Choice(["table", "json"]),
    help="A table for people, or JSON.",
)
@click.option("--pulled", hidden=True, help="Where the files come from, as calledger pull says it.")
def import_command(
    files: Sequence[Path],
    ledger_path: Path,
    strict: bool,
    shape: str,
    pulled: str | None,
    **said: Any,
) -> None:
    """Read logged claims and outcomes into a ledger.

    CSV, JSONL and Parquet, also compressed (.gz, .zst). Importing a file twice changes nothing.
    """
    how = file_mapping(**said)
    existed = ledger_path.exists()
    with opened(ledger_path, create=True) as ledger:
        take = partial(
            import_recorded,
            office_for(ledger),
            how=how,
            pulled=None if pulled is None else Position.read(pulled).settings(),
        )
        summaries = import_all(files, take, shape=shape)
    if not summaries and not existed:
        ledger_path.unlink()
    quarantined = sum(summary.n_quarantined for summary in summaries)
    if quarantined:
        terminal.note(
            f"See what was refused and why: calledger quarantine list --ledger "
            f"{shell_word(str(ledger_path))}"
        )
    if len(summaries) < len(files):
        sys.exit(EXIT_UNUSABLE)
    if strict and quarantined:
        sys.exit(EXIT_QUARANTINED)


def import_all(
    files: Sequence[Path], take: Callable[..., ImportSummary], *, shape: str = "table"
) -> list[ImportSummary]:
    """Import files one by one with a progress bar; an unusable one does not stop the others.

    Args:
        files: in their order.
        take: called with a file and ``progress``.
        shape: ``table`` or ``json``.
    """
    summaries: list[ImportSummary] = []
    for path in files:
        try:
            with terminal.progress(path.name) as report:
                summary = take(path, progress=report)
        except UnusableFile as error:
            terminal.error(str(error))
            continue
        summaries.append(summary)
        for notice in summary.notices:
            terminal.note(f"{path.name}: {notice}")
    if shape == "json":
        terminal.data(json.dumps([asdict(one) for one in summaries], ensure_ascii=False, indent=2))
    elif summaries:
        terminal.import_table(summaries)
    return summaries


@click.group()
def quarantine() -> None:
    """The rows that were refused, with the reason and the fix."""


@quarantine.command(name="list")
@ledger_option
@click.option("--all", "with_closed", is_flag=True, help="Also those that came in corrected.")
@click.option(
    "--limit", default=50, show_default=True, type=click.IntRange(min=1), help="Rows to print."
)
def quarantine_list(ledger_path: Path, with_closed: bool, limit: int) -> None:
    """Print the refused rows."""
    with opened(ledger_path) as ledger:
        rows = list_quarantined(ledger.cursor(), open_only=not with_closed)
    terminal.quarantine_lines(rows, limit=limit, ledger=ledger_path)


@quarantine.command(name="export")
@ledger_option
@click.option(
    "--out",
    default=Path("quarantine.csv"),
    show_default=True,
    type=OutputFile(),
    help="Where to write them: a .csv or .jsonl file.",
)
def quarantine_export(ledger_path: Path, out: Path) -> None:
    """Write the refused rows to a file, to be corrected and imported again."""
    with opened(ledger_path) as ledger:
        count = export_quarantined(ledger.cursor(), out)
    terminal.say(
        f"{counted(count, 'refused row')} written to {out}. Correct them there, then: "
        f"calledger import {shell_word(str(out))} --ledger {shell_word(str(ledger_path))}"
    )
