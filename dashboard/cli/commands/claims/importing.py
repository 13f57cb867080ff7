"""`calledger import` and `calledger quarantine`: what comes in, and what was refused."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ingest.dry_run import dry_run
from core.ingest.file_mapping import FileMapping
from core.ingest.import_file import ImportSummary, UnusableFile
from core.ingest.mapping.column_mapping import MissingColumns
from core.ingest.mapping.kept_mappings import keep_mapping, kept_mapping
from core.ingest.mapping.proposals import Advice
from core.ingest.quarantine import (
    WayOfOpen,
    export_quarantined,
    list_quarantined,
    ways_of_open,
)
from core.lake.positions import Position
from core.ledger.connection import Ledger
from core.sentences.numbers import counted, percent
from core.text.shown import shell_word
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_MOSTLY_REFUSED, EXIT_QUARANTINED, EXIT_UNUSABLE
from dashboard.cli.known_formats import Asked, in_our_fields, known_format_options
from dashboard.cli.options import ledger_option
from dashboard.cli.reading_options import file_mapping, reading_options
from dashboard.cli.surroundings import InputFile, OutputFile, office_for, opened

#: So many new signals are named with what to do next.
_MOST_NEW = 3
#: Where the command that registers it names people: as no registry reads them.
_PEOPLE = "--owner 'user:<team>/<you>' --validator 'user:<team>/<colleague>'"


@click.command(name="import")
@click.argument("files", nargs=-1, required=True, type=InputFile())
@ledger_option
@reading_options
@click.option("--strict", is_flag=True, help="Exit with 3 when a row was quarantined.")
@click.option(
    "--dry-run",
    "trying",
    is_flag=True,
    help="Write nothing: tell what would come in, what not and why, and what to say.",
)
@known_format_options
@click.option("--using", metavar="NAME", help="Read as it was kept by this name with --save-as.")
@click.option(
    "--save-as",
    metavar="NAME",
    help="Keep what is said of the file by a name, beside the ledger, for --using.",
)
@click.option("--pulled", hidden=True, help="Where the files come from, as calledger pull says it.")
def import_command(
    files: Sequence[Path],
    ledger_path: Path,
    strict: bool,
    trying: bool,
    formats: Sequence[str],
    confidence: str | None,
    outcome: str | None,
    outcome_source: str | None,
    at: str | None,
    run: str | None,
    pulled: str | None,
    using: str | None,
    save_as: str | None,
    **said: Any,
) -> None:
    """Read logged claims, outcomes and hand-offs into a ledger.

    CSV, JSONL and Parquet, also compressed (.gz, .zst). Importing a file twice changes nothing.
    Exits with 4 when more of a file was refused than came in.
    Files of some tools are known: of their scores, say which is the confidence and which the
    outcome.
    """
    asked = Asked(formats, confidence, outcome, outcome_source, at, run)
    how = file_mapping(**said).with_more(asked.scores())
    existed = ledger_path.exists()
    if trying:
        with opened(ledger_path, create=True) as ledger, tempfile.TemporaryDirectory() as folder:
            how = _with_kept(ledger_path, using, how)
            parts, missed = in_our_fields(files, how, ledger.path, Path(folder))
            usable = try_all(parts, ledger, files, ledger_path) and not missed
        if not existed:
            ledger_path.unlink()
        sys.exit(0 if usable else EXIT_UNUSABLE)
    with opened(ledger_path, create=True) as ledger, tempfile.TemporaryDirectory() as folder:
        how = _with_kept(ledger_path, using, how)
        if save_as is not None:
            kept = keep_mapping(ledger_path, save_as, how)
            terminal.note(
                f"Kept as {save_as} in {kept}; read another file so with: --using {save_as}"
            )
        office = office_for(ledger)
        parts, missed = in_our_fields(files, how, ledger.path, Path(folder))

        def take(path: Path, **more: Any) -> ImportSummary:
            return import_recorded(
                office,
                path,
                how=parts[path],
                pulled=None if pulled is None else Position.read(pulled).settings(),
                **more,
            )

        # A command to paste cannot name a file that is gone when it is read.
        named = ledger_path if set(parts) <= set(files) else None
        summaries = import_all([*parts], take, shape=asked.shape, ledger=named)
        new = _unregistered(office, summaries) if asked.shape == "table" else []
    if not summaries and not existed:
        ledger_path.unlink()
    quarantined = sum(summary.n_quarantined for summary in summaries)
    if quarantined:
        terminal.note(
            f"See what was refused and why: calledger quarantine list --ledger "
            f"{shell_word(str(ledger_path))}"
        )
    for signal in new:
        terminal.say(
            f"Next, register {signal}, with the people who answer for it: calledger registry begin "
            f"{shell_word(signal)} --ledger {shell_word(str(ledger_path))} {_PEOPLE} "
            "--decides 'WHAT IT DECIDES'"
        )
    if missed or len(summaries) < len(parts):
        sys.exit(EXIT_UNUSABLE)
    if strict and quarantined:
        sys.exit(EXIT_QUARANTINED)
    if any(summary.mostly_refused for summary in summaries):
        sys.exit(EXIT_MOSTLY_REFUSED)


def import_all(
    files: Sequence[Path],
    take: Callable[..., ImportSummary],
    *,
    shape: str = "table",
    ledger: Path | None = None,
) -> list[ImportSummary]:
    """Import files one by one with a progress bar; an unusable one does not stop the others.

    Args:
        files: in their order.
        take: called with a file and ``progress``.
        shape: ``table`` or ``json``.
        ledger: as it is named in a command to paste; None: none is printed.
    """
    summaries: list[ImportSummary] = []
    taken: list[Path] = []
    for path in files:
        try:
            with terminal.progress(path.name) as report:
                summary = take(path, progress=report)
        except UnusableFile as error:
            terminal.error(str(error))
            if isinstance(error, MissingColumns) and error.complete and ledger is not None:
                terminal.note(f"Try it: {_command(path, ledger, error.advice.mapping)} --dry-run")
            continue
        summaries.append(summary)
        taken.append(path)
        if summary.mostly_refused and shape == "table":
            terminal.error(
                f"MOST OF {path.name} WAS REFUSED: {summary.n_refused:,} of "
                f"{counted(summary.n_read, 'record')}. What for, and what to say, is below."
            )
        for notice in summary.notices:
            terminal.note(f"{path.name}: {notice}")
    if shape == "json":
        terminal.data(json.dumps([asdict(one) for one in summaries], ensure_ascii=False, indent=2))
    elif summaries:
        terminal.import_table(summaries)
        for path, summary in zip(taken, summaries, strict=True):
            if summary.refusals:
                terminal.refusal_table(summary)
            if summary.advice is not None and ledger is not None:
                _advise(summary.advice, path, ledger)
    return summaries


def _unregistered(office: Office, summaries: Sequence[ImportSummary]) -> list[str]:
    """The signals that first came with these imports, and that nobody has registered yet."""
    imports = [one.import_id for one in summaries if one.import_id is not None]
    if not imports:
        return []
    rows = office.ledger.cursor().execute(
        "SELECT signal FROM signals WHERE list_contains($imports, first_import) ORDER BY signal",
        {"imports": imports},
    )
    entries = office.state().entries
    return [signal for (signal,) in rows.fetchall() if signal not in entries][:_MOST_NEW]


def _with_kept(ledger: Path, name: str | None, how: FileMapping) -> FileMapping:
    """What is kept by a name, and what is said besides."""
    return how if name is None else kept_mapping(ledger, name).with_more(how)


def _advise(advice: Advice, path: Path, ledger: Path) -> None:
    for line in (*advice.says, *advice.asks):
        terminal.say(f"- {line}")
    if advice.says:
        terminal.say(f"Find out: {_command(path, ledger, advice.mapping)} --dry-run")


def try_all(
    parts: Mapping[Path, FileMapping], ledger: Ledger, typed: Sequence[Path], named: Path
) -> bool:
    """Say what would come of each file; whether all can be used.

    Args:
        parts: the files with how each is read.
        typed: those that were typed; of others, which are made of them, no command is printed.
        named: the ledger, as it is named in the command to paste.
    """
    usable = True
    for path, how in parts.items():
        try:
            with terminal.progress(path.name) as report:
                found = dry_run(ledger, path, how=how, progress=report)
        except UnusableFile as error:
            terminal.error(str(error))
            usable = False
            continue
        terminal.say(f"{path.name}: a dry run. Nothing is written.")
        if path not in typed:
            _tell(found.first)
            continue
        if found.how != how:
            terminal.say(f"Read with: {found.how.said()}")
        _tell(found.first)
        for line in found.says:
            terminal.say(f"- {line}")
        if found.best != found.how:
            terminal.say("As proposed:")
            _tell(found.then)
        for line in found.asks:
            terminal.say(f"? {line}")
        terminal.say(f"To import it: {_command(path, named, found.best)}")
    return usable


def _tell(summary: ImportSummary) -> None:
    comes = summary.n_read - summary.n_refused
    share = f" ({percent(comes / summary.n_read)})" if summary.n_read else ""
    terminal.say(
        f"{comes:,} of {counted(summary.n_read, 'record')}{share} would come in, "
        f"{summary.n_refused:,} would be refused."
    )
    for notice in summary.notices:
        terminal.say(f"  {notice}")
    if summary.refusals:
        terminal.refusal_table(summary)


def _command(path: Path, ledger: Path, how: FileMapping) -> str:
    words = ("calledger", "import", str(path), "--ledger", str(ledger), *how.arguments())
    return " ".join(map(shell_word, words))


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
@click.option(
    "--way",
    default=1,
    show_default=True,
    type=click.IntRange(min=1),
    help="Which of them, where files were read in several ways: 1 are the most.",
)
def quarantine_export(ledger_path: Path, out: Path, way: int) -> None:
    """Write the refused rows to a file, to be corrected and imported again.

    Rows of files that were read in another way go into a file of their own, so that the command
    that is printed reads them as they were read.
    """
    with opened(ledger_path) as ledger:
        ways = ways_of_open(ledger.cursor())
        if way > max(1, len(ways)):
            raise click.BadParameter(f"there are {len(ways)}", param_hint="--way")
        asked = ways[way - 1] if ways else WayOfOpen(FileMapping(), (), 0)
        count = export_quarantined(ledger.cursor(), out, imports=asked.imports)
    terminal.say(
        f"{counted(count, 'refused row')} written to {out}. Correct them there, then: "
        f"{_command(out, ledger_path, asked.how)}"
    )
    for number, other in enumerate(ways, 1):
        if number != way:
            name = shell_word(str(out.with_name(f"{out.stem}-{number}{out.suffix}")))
            terminal.say(
                f"{counted(other.n, 'row')} more came from files read in another way: "
                f"calledger quarantine export --ledger {shell_word(str(ledger_path))} "
                f"--way {number} --out {name}"
            )
