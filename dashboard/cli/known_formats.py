"""Files of other tools that are known by name, on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from core.ingest.file_mapping import SCORE_WORDS, FileMapping
from core.intake.formats.all import FORMATS
from core.intake.formats.chosen import chosen_format, named_format
from core.intake.formats.reading import said_of, write_rows
from core.intake.otlp.mapping import SOURCES, OtlpMapping, mapping_beside
from core.ledger.errors import UnusableFile
from dashboard import terminal

#: How a result is printed.
SHAPES = ("table", "json")

_OPTIONS = (
    click.option(
        "--format",
        "formats",
        multiple=True,
        metavar="NAME",
        type=click.Choice([*FORMATS, *SHAPES]),
        help=f"What wrote the file, if that is not found out: {', '.join(FORMATS)}. Or how the "
        "result is printed: table or json. May be given again.",
    ),
    click.option(
        "--confidence", metavar="NAME", help="The score that is a confidence, of --signal."
    ),
    click.option("--outcome", metavar="NAME", help="The score that is the outcome."),
    click.option(
        "--outcome-source",
        type=click.Choice(SOURCES),
        help="Who judged, where a score does not say it.",
    ),
    click.option("--at", metavar="TIME", help="When, for scores that do not say it."),
    click.option(
        "--run", metavar="NAME", help="Which run, for files that number their records anew."
    ),
)


def known_format_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options as parameters of a command; `Asked` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Asked:
    """What was typed.

    Attributes:
        formats: names of formats and of shapes.
        confidence: see the options.
        outcome: the same.
        outcome_source: the same.
        at: the same.
        run: the same.
    """

    formats: Sequence[str]
    confidence: str | None
    outcome: str | None
    outcome_source: str | None
    at: str | None
    run: str | None

    @property
    def shape(self) -> str:
        """How the result is printed."""
        return next((one for one in self.formats if one in SHAPES), SHAPES[0])

    def scores(self) -> FileMapping:
        """What was said of scores.

        Raises:
            click.UsageError: several formats are named.
        """
        found = sorted({one for one in self.formats if one in FORMATS})
        if len(found) > 1:
            raise click.UsageError(f"A file is of one format, and these are {' and '.join(found)}.")
        named = found[0] if found else None
        said = (named, self.confidence, self.outcome, self.outcome_source, self.at, self.run)
        words = zip(SCORE_WORDS, said, strict=True)
        return FileMapping(scores={word: one for word, one in words if one is not None})


def in_our_fields(
    files: Sequence[Path], how: FileMapping, ledger: Path | None, folder: Path
) -> tuple[dict[Path, FileMapping], bool]:
    """The files to import with how each is read: those of known formats as files of our fields.

    Args:
        how: what was said; a file whose columns were named is read by these names.
        ledger: beside it names may be mapped.
        folder: where files of our fields are written.

    Returns:
        The files; and whether one cannot be used, which was said.
    """
    try:
        named_format(how)
    except UnusableFile as error:
        raise click.UsageError(str(error)) from None
    found: dict[Path, FileMapping] = {}
    missed = False
    for number, path in enumerate(files):
        try:
            known = chosen_format(path, how)
            if known is None:
                found[path] = how
                continue
            place = folder / str(number)
            place.mkdir()
            mapping = OtlpMapping() if ledger is None else mapping_beside(ledger)
            written = write_rows(path, known, said_of(how, mapping), place)
        except UnusableFile as error:
            terminal.error(str(error))
            missed = True
            continue
        for notice in written.notices:
            terminal.note(f"{path.name}: {notice}")
        for part in written.files:
            found[part] = replace(how, signal=None, values={}, scores={})
    return found, missed
