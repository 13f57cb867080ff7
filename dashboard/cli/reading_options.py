"""The options that say how a file is read, as one mapping."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from core.ingest.file_mapping import MIXED, FileMapping, UnusableMapping
from dashboard.cli.options import pair

_OPTIONS = (
    click.option(
        "--map",
        "renames",
        multiple=True,
        metavar="THEIRS=OURS",
        help="Read the column THEIRS as the field OURS; a.b.c leads into objects. May be given "
        "again.",
    ),
    click.option("--signal", help="The signal's name, for files that do not carry one."),
    click.option(
        "--where",
        "conditions",
        multiple=True,
        metavar="COLUMN=VALUE",
        help="Read only records with this value. Of one column any of its values will do, of "
        "several columns all must hold.",
    ),
    click.option(
        "--values",
        "meanings",
        multiple=True,
        metavar="FIELD:THEIRS=OURS,…",
        help="What the file's words mean: outcome:solved=1,open=0 or confidence:high=0.9,low=0.3.",
    ),
    click.option(
        "--scale",
        metavar="NUMBER|mixed",
        help="What confidences are divided by: 10 for 0 to 10, 100 for 0 to 100. Percent signs "
        "speak for themselves. mixed: numbers up to 1 are shares, those above percentages.",
    ),
    click.option(
        "--time-format",
        "time_formats",
        multiple=True,
        metavar="FORMAT",
        help="How times are written that are not ISO 8601, as in %d/%m/%Y %H:%M. May be given "
        "again.",
    ),
    click.option(
        "--timezone",
        metavar="ZONE",
        help="The zone of times that name none, such as Europe/Berlin; UTC unless given.",
    ),
    click.option(
        "--rows", metavar="PATH", help="Where in one JSON document the list of records is: samples."
    ),
    click.option(
        "--key", metavar="A,B", help="The columns that together are the event_id of a record."
    ),
)


def reading_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options as parameters of a command; `file_mapping` takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def file_mapping(
    *,
    renames: Sequence[str],
    signal: str | None,
    conditions: Sequence[str],
    meanings: Sequence[str],
    scale: str | None,
    time_formats: Sequence[str],
    timezone: str | None,
    rows: str | None,
    key: str | None,
) -> FileMapping:
    """What was typed, as one mapping.

    Raises:
        click.UsageError: it cannot be said so.
    """
    where: dict[str, tuple[str, ...]] = {}
    for text in conditions:
        column, value = pair(text, "--where", "column=value")
        where[column] = (*where.get(column, ()), value)
    try:
        return FileMapping(
            renames=dict(pair(rename, "--map", "theirs=ours") for rename in renames),
            signal=signal,
            where=where,
            values=_meanings(meanings),
            scale=None if scale is None else _scale(scale),
            time_formats=tuple(time_formats),
            timezone=timezone,
            rows=rows,
            key=tuple(part.strip() for part in (key or "").split(",") if part.strip()),
        )
    except UnusableMapping as error:
        raise click.UsageError(str(error)) from None


def _scale(text: str) -> float | str:
    if text == MIXED:
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def _meanings(texts: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
    shape = "field:theirs=ours,theirs=ours"
    found: dict[str, dict[str, str]] = {}
    for text in texts:
        field, colon, said = text.partition(":")
        for word in said.split(","):
            theirs, equals, ours = word.partition("=")
            if not (field and colon and theirs.strip() and equals):
                raise click.BadParameter(
                    f"{text!r} is not of the form {shape}", param_hint="--values"
                )
            found.setdefault(field, {})[theirs.strip().lower()] = ours.strip()
    return found
