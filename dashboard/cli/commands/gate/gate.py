"""`calledger gate`: in which mode the gate is, and what acted without asking it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from core.governance.state import LEAST
from core.ledger.errors import LedgerError
from core.sentences.numbers import count
from core.text.shown import json_text
from core.trail.acts import Proposal, stamp
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import day, ledger_option
from dashboard.cli.shared import acting, as_option, office_of
from dashboard.cli.surroundings import take_in

if TYPE_CHECKING:  # The mode is set without reading a claim.
    import pandas as pd

    from core.views.govern.bypass import BypassView


@click.group()
def gate() -> None:
    """The gate as a whole: its mode, and what acted without asking it."""


@gate.command()
@ledger_option
@as_option
@click.argument("mode_", metavar="MODE", type=click.Choice(["local", "production"]))
def mode(ledger_path: Path, handle: str | None, mode_: str) -> None:
    """Set the gate's MODE: in production a signature made without sign-on does not open it."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "gate.mode")
        office.perform(Proposal("gate.mode", actor, body={"mode": mode_}))
    terminal.say(f"The gate is in {mode_} mode.")
    if mode_ == "production":
        terminal.note(
            f"It opens only on signatures with assurance {LEAST['production']} or better: sign "
            "on a page of a server that was started with --sign-on or --behind-proxy."
        )


@gate.command()
@ledger_option
@click.option("--signal", default=None, help="Only this one; every registered one unless given.")
@click.option(
    "--since", metavar="DATE", help="Claims from this day on (UTC); 30 days unless given."
)
@click.option(
    "--until",
    metavar="DATE",
    help="Claims up to and including this day (UTC); the last whole one unless given.",
)
@click.option(
    "--all", "everything", is_flag=True, help="List those that people saw without asking, too."
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json", "csv"]),
    default="table",
    show_default=True,
    help="json and csv list the claims one by one.",
)
def unasked(
    ledger_path: Path,
    signal: str | None,
    since: str | None,
    until: str | None,
    everything: bool,
    format_: str,
) -> None:
    """List what acted by itself and never asked the gate, by signal, version and day.

    Exit 0 when everything that acted asked, 1 when something did not.
    """
    from core.gate import bypass
    from core.trail import log as trail
    from core.views.govern import bypass as view

    with office_of(ledger_path) as office:
        take_in(office)
        entries = office.state().entries
        if signal is not None and signal not in entries:
            raise LedgerError(f"{signal} is not registered: nothing says that it has to ask.")
        names = sorted(entries) if signal is None else [signal]
        end = day(until, "--until", end=True) or bypass.whole_days(office.now())
        begin = day(since, "--since") or end - timedelta(days=bypass.DAYS)
        if begin >= end:
            raise LedgerError(f"No day lies between {begin:%Y-%m-%d} and {end:%Y-%m-%d}.")
        first, last = begin.date(), (end - timedelta(microseconds=1)).date()
        with office.ledger.cursor() as cursor:
            acts = trail.acts(cursor)
            found = view.bypass_views(cursor, acts, first, last, signals=names)
            actions = (*view.ACTED, *(view.WITH_PEOPLE if everything else ()))
            # One more than are printed tells whether any is left out.
            most = view.DOWNLOAD_SIZE
            frame = view.unasked_list(cursor, names, first, last, actions=actions, most=most + 1)
            left_out, frame = len(frame) > most, frame.head(most)
    if format_ == "csv":
        from core.text.spreadsheet import csv_of

        terminal.data(csv_of(frame).decode(), line=False)
    elif format_ == "json":
        listed = {"signals": [one.as_json() for one in found], "claims": _rows(frame)}
        terminal.data(json_text(listed))
    else:
        _say(found)
        if len(frame):
            terminal.note("To list these claims one by one: the same with --format csv.")
    if left_out and format_ != "table":
        terminal.note(
            f"Only the newest {count(most)} claims are listed: choose fewer days with --since and "
            "--until."
        )
    if any(one.n_listed for one in found):
        sys.exit(EXIT_FOUND)


def _say(found: Sequence[BypassView]) -> None:
    for one in found:
        terminal.say(f"{one.signal}: {' '.join((one.headline, *one.said))}")
        if one.lines:
            terminal.table(
                ("day", "version", "not asked", "acted", "outcome known", "wrong"),
                [
                    (
                        f"{line.day}",
                        line.version,
                        *map(count, (line.n, line.n_acted, line.n_known, line.n_wrong)),
                    )
                    for line in one.lines
                ],
                left=("day", "version"),
            )


def _rows(frame: pd.DataFrame) -> list[dict[str, object]]:
    """The claims as JSON has them; what is not stated is left out."""
    times = frame.select_dtypes("datetime").columns
    told = frame.astype(object).where(frame.notna(), None)
    return [
        {
            str(name): stamp(value.to_pydatetime()) if name in times else value
            for name, value in row.items()
            if value is not None
        }
        for row in told.to_dict("records")
    ]
