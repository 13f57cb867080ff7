"""`calledger measure`: a signal's calibration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from core.queries.base.selection import Selection
from core.sentences.numbers import NONE_WORD
from core.views.shared.measures import MeasureReport, measure
from dashboard import terminal
from dashboard.cli.options import ShareOption, day, ledger_option, where_conditions
from dashboard.cli.surroundings import opened


@click.command(name="measure")
@ledger_option
@click.option("--signal", required=True)
@click.option("--since", metavar="DATE", help="Claims from this day on (UTC).")
@click.option("--until", metavar="DATE", help="Claims up to and including this day (UTC).")
@click.option("--as-known", metavar="DATE", help="As it was known at the end of this day (UTC).")
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="DIM=VALUE",
    help=f'Only these claims; "DIM={NONE_WORD}" for those that do not name it.',
)
@click.option("--by", multiple=True, metavar="DIM", help="One group per value. May be given again.")
@click.option(
    "--tolerance",
    default=None,
    type=ShareOption(),
    help="The gap accepted; the registry's unless given.",
)
@click.option(
    "--high-from", default=None, type=ShareOption(), help="Where the high band begins; likewise."
)
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def measure_command(
    ledger_path: Path,
    signal: str,
    since: str | None,
    until: str | None,
    as_known: str | None,
    conditions: Sequence[str],
    by: Sequence[str],
    tolerance: float | None,
    high_from: float | None,
    format_: str,
) -> None:
    """Print a signal's calibration measures."""
    selection = Selection(
        signal,
        since=day(since, "--since"),
        until=day(until, "--until", end=True),
        as_known=day(as_known, "--as-known", end=True),
        where=where_conditions(conditions),
    )
    with opened(ledger_path) as ledger:
        report: MeasureReport = measure(
            ledger.cursor(), selection, by=tuple(by), tolerance=tolerance, high_from=high_from
        )
    if format_ == "json":
        terminal.data(report.to_json())
    else:
        terminal.measure_table(report)
