"""Files of other tools that are known by name, on the command line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from core.ingest.file_mapping import FileMapping
from core.intake.formats.all import FORMATS
from core.intake.formats.reading import SaidOfScores, format_of, write_rows
from core.intake.otlp.mapping import SOURCES, mapping_beside
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

    def named(self) -> str | None:
        """The name of the format.

        Raises:
            click.UsageError: there are several.
        """
        found = sorted({one for one in self.formats if one in FORMATS})
        if len(found) > 1:
            raise click.UsageError(f"A file is of one format, and these are {' and '.join(found)}.")
        return found[0] if found else None

    def speaks_of_scores(self) -> bool:
        """Whether something was said that only files of a known format have."""
        said = (self.confidence, self.outcome, self.outcome_source, self.at, self.run)
        return any(one is not None for one in said)


def in_our_fields(
    files: Sequence[Path], asked: Asked, how: FileMapping, ledger: Path | None, folder: Path
) -> tuple[dict[Path, FileMapping], bool]:
    """The files to import with how each is read: those of known formats as files of our fields.

    Args:
        how: what else was said; a file whose columns were named is read by these names.
        ledger: beside it names may be mapped.
        folder: where files of our fields are written.

    Returns:
        The files; and whether one cannot be used, which was said.
    """
    name = asked.named()
    own = bool(how.renames or how.where or how.rows or how.key)
    if own and name is not None:
        raise click.UsageError(
            f"--format {name} says what its columns are: leave out --map, --where, --rows and "
            "--key, or leave out --format."
        )
    found: dict[Path, FileMapping] = {}
    missed = False
    for number, path in enumerate(files):
        try:
            known = None if own else FORMATS[name] if name is not None else format_of(path)
            if known is None:
                if asked.speaks_of_scores():
                    raise UnusableFile(
                        f"{path.name} is of no format that is found out: say which it is with "
                        "--format, or say which column is what with --map THEIRS=OURS."
                    )
                found[path] = how
                continue
            place = folder / str(number)
            place.mkdir()
            said = SaidOfScores(
                asked.confidence,
                how.signal,
                asked.outcome,
                asked.outcome_source,
                asked.at,
                asked.run,
                how.values.get("outcome", {}),
            )
            if ledger is not None:
                said = replace(said, mapping=mapping_beside(ledger))
            written = write_rows(path, known, said, place)
        except UnusableFile as error:
            terminal.error(str(error))
            missed = True
            continue
        for notice in written.notices:
            terminal.note(f"{path.name}: {notice}")
        for part in written.files:
            found[part] = replace(how, signal=None, values={})
    return found, missed
