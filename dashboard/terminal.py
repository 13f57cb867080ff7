"""What the command line prints: tables, notes, errors and the progress bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from core.queries.base.selection import BAND_DIMENSION
from core.sentences.numbers import (
    ABSENT,
    count,
    counted,
    group_name,
    percent,
    points,
    verdict_words,
)
from core.text.figures import number
from core.text.shown import one_line, shell_word, visible

if TYPE_CHECKING:  # What is printed is made, and loaded, by the command that prints it.
    import pandas as pd
    from rich.console import Console

    from core.gate.registry_changes import ChangePlan
    from core.ingest.import_file import ImportSummary
    from core.ingest.quarantine import RefusedRow
    from core.validation.evidence_bundle import Bundle
    from core.views.shared.measures import MeasureReport

#: Where a command that a server runs writes; None: to this process's own output.
_streams: ContextVar[tuple[TextIO, TextIO] | None] = ContextVar("streams", default=None)

#: Characters of a bar of 100 %.
_BAR = 20
#: Where a server that keeps a log hands what went wrong; None: it is printed.
_log: Callable[[str], object] | None = None


@contextmanager
def written_to(out: TextIO, err: TextIO) -> Iterator[None]:
    """Write what is printed to these instead of standard output and standard error."""
    token = _streams.set((out, err))
    try:
        yield
    finally:
        _streams.reset(token)


def standard_error() -> TextIO:
    """Where remarks and errors go."""
    streams = _streams.get()
    return sys.stderr if streams is None else streams[1]


def data(text: str, *, line: bool = True) -> None:
    """Print what other programs read: as it is, on standard output."""
    streams = _streams.get()
    click.echo(text, file=None if streams is None else streams[0], nl=line)


def _console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console that prints text as it is: a segment called "[b]" or ":on:" is no instruction."""
    from rich.console import Console  # Here, as below: what prints plain lines need not load it.

    streams = _streams.get()
    return Console(
        file=None if streams is None else streams[int(stderr)],
        stderr=stderr,
        width=width,
        soft_wrap=width is None,
        highlight=False,
        markup=False,
        emoji=False,
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[str]) -> None:
    """Print rows under their heads; those named are written from the left."""
    from rich.measure import Measurement
    from rich.table import Table

    drawn = Table(box=None, pad_edge=False)
    for head in heads:
        drawn.add_column(head, justify="left" if head in left else "right")
    for row in rows:
        drawn.add_row(*map(one_line, row))
    # At its natural width: a narrow terminal wraps it, nothing is cut.
    console = _console()
    natural = Measurement.get(console, console.options.update(max_width=10_000), drawn).maximum
    _console(width=max(natural, console.width)).print(drawn)


def say(text: str) -> None:
    """Print a line."""
    data(visible(text))


def note(text: str) -> None:
    """Print a remark on standard error, so that standard output stays data."""
    _console(stderr=True).print(visible(text), style="dim")


def errors_to(log: Callable[[str], object] | None) -> None:
    """Have `error` of this process handed to a log; None: print it again."""
    global _log
    _log = log


def error(text: str) -> None:
    """Print what went wrong and how to fix it, on standard error."""
    if _log is not None and _streams.get() is None:
        _log(visible(text))
        return
    _console(stderr=True).print(visible(f"calledger: {text}"), style="red")


@contextmanager
def progress(name: str) -> Iterator[Callable[[float, str], None]]:
    """A progress bar on standard error; yields the function that moves it (0 … 1, stage).

    Nothing is drawn where standard error is no terminal: a log would fill with empty lines.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = _console(stderr=True)
    columns = (
        TextColumn("{task.fields[name]}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("", total=1.0, name=visible(name))
        yield lambda fraction, stage: bar.update(task, completed=fraction, description=stage)


def import_table(summaries: Sequence[ImportSummary]) -> None:
    """One line per file: what was read and what became of it."""
    names = ("read", "new", "duplicate", "unstated", "quarantined")
    outcomes = ("outcomes attached", "held", "corrected")
    rows = [
        (
            one.source,
            *(
                count(value)
                for value in (
                    one.n_read,
                    one.n_new,
                    one.n_duplicate,
                    one.n_unstated,
                    one.n_quarantined,
                    one.n_attached,
                    one.n_held,
                    one.n_corrected,
                )
            ),
        )
        for one in summaries
    ]
    table(("file", *names, *outcomes), rows, left=("file",))


def refusal_table(summary: ImportSummary) -> None:
    """What a file's records were refused for: how many, an example, and the fix."""
    heads = ("refused", "field", "reason", "first", "fix")
    rows = [
        (
            count(one.n),
            one.field,
            one.reason,
            f"row {one.row}" + ("" if one.value is None else f": {one.value[:40]}"),
            one.mend,
        )
        for one in summary.refusals
    ]
    table(heads, rows, left=heads[1:])


def quarantine_lines(rows: Sequence[RefusedRow], *, limit: int, ledger: Path) -> None:
    """The refused rows, at most ``limit`` of them, and how to get them all."""
    if not rows:
        say("Nothing is in quarantine.")
        return
    for row in rows[:limit]:
        value = "" if row.value is None else f" {row.value!r}"
        state = " (since corrected)" if row.resolved else ""
        say(f"{row.quarantine_id}  {row.file} row {row.import_row}: {row.field}{value}{state}")
        say(f"   {row.reason}; fix: {row.mend}")
    say(f"{min(limit, len(rows)):,} of {counted(len(rows), 'refused row')}.")
    say(
        f"To correct them: calledger quarantine export --ledger {shell_word(str(ledger))} "
        f"--out refused.csv"
    )


def measure_table(report: MeasureReport) -> None:
    """One line per group, worst first, and under it what the verdicts rest on."""
    heads = ("group", "verdict", "gap", "95% interval", "n", "worth", "coverage", "said", "right")
    more = ("high band", "ECE", "noise floor", "Brier", "AUROC")
    rows = [
        (
            group_name(one.group),
            verdict_words(one.state, one.speaks_for),
            points(one.gap, decimals=1),
            f"{points(one.gap_low, decimals=1)} … {points(one.gap_high, decimals=1)}",
            count(one.n),
            count(one.n_effective),
            percent(one.coverage),
            percent(one.mean_confidence, decimals=1),
            percent(one.accuracy, decimals=1),
            ABSENT
            if one.high_band is None
            else f"{percent(one.high_band.claimed)} → {percent(one.high_band.observed)}",
            number(one.ece, 4),
            number(one.ece_noise_floor, 4),
            number(one.brier, 4),
            number(one.auroc, 4),
        )
        for one in report.groups
    ]
    if rows:
        table((*heads, *more), rows, left=("group", "verdict"))
    for line in report.footnotes():
        say(line)


def reliability_bars(report: MeasureReport) -> None:
    """One line per band of confidence, from low to high: what was said, and how often it was right.

    Args:
        report: by the band alone.
    """
    groups = sorted(
        (one for one in report.groups if one.n), key=lambda one: one.mean_confidence or 0.0
    )
    rows = [
        (
            str(one.group[BAND_DIMENSION]),
            percent(one.mean_confidence, decimals=1),
            percent(one.accuracy, decimals=1),
            f"{points(one.gap, decimals=1)} ({points(one.gap_low, decimals=1)} to "
            f"{points(one.gap_high, decimals=1)})",
            count(one.n),
            _bar(one.accuracy or 0.0, one.mean_confidence or 0.0),
        )
        for one in groups
    ]
    drawn = "right (█), said (│)"
    if rows:
        table(("stated", "said", "right", "gap (95%)", "n", drawn), rows, left=("stated", drawn))
    if report.standing is not None:
        from core.sentences.standing import one_line as standing_line

        say(f"Standing verdict: {standing_line(report.standing)}.")


def _bar(right: float, said: float) -> str:
    """A share as a bar of `_BAR` characters, with a stroke where another share stands."""
    cells = ["█" if i < round(right * _BAR) else "·" for i in range(_BAR + 1)]
    cells[round(said * _BAR)] = "│"
    return "".join(cells)


def evidence_lines(bundle: Bundle) -> None:
    """What became of the criteria on each sample, and what cannot be told."""
    parts = (bundle.whole, *((bundle.window,) if bundle.window else ()), *bundle.segments)
    for part in parts:
        say(f"{part.name}: n {count(part.sample.n)}, {counted(part.sample.n_inputs, 'input')}")
        for one in part.sample.results:
            say(f"   {one.words}")
    for words in bundle.untold:
        say(f"Not known: {words}")


def frame_table(frame: pd.DataFrame) -> None:
    """A table of words, its first column naming the rows."""
    heads = tuple(map(str, frame.columns))
    table(heads, [tuple(map(str, row)) for row in frame.itertuples(index=False)], left=heads)


def plan_lines(plan: ChangePlan) -> None:
    """What a registry file would change, and what that would have done."""
    for change in plan.changes:
        say(f"{change.new.name}: {'new entry' if change.old is None else 'changed'}")
        for one in change.differences:
            say(f"   {one.words}")
        for line in change.effects.lines():
            say(f"   {line}")
        for line in (*change.idle, *change.on_others):
            say(f"   {line}")
        for line in change.unproven:
            say(f"   Refused: {line}")
        if change.reopens:
            say("   Validations in force are suspended by this; submit new evidence.")
    for group, before in plan.groups:
        members = ", ".join(group.members)
        was = "new" if before is None else f"was: {', '.join(before)}"
        say(f"group {group.name}: {members} ({was})")
    for name in plan.unchanged:
        say(f"{name}: as it is in force")
    if plan.new_people:
        say(f"New people: {', '.join(plan.new_people)}")
    if plan.empty:
        say("Nothing would change.")
