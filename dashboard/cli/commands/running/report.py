"""`calledger report`: the weekly review as one file."""

from __future__ import annotations

from pathlib import Path

import click

from core.views.review.week.weekly_report import weekly_report
from dashboard import terminal
from dashboard.cli.options import ledger_option
from dashboard.cli.surroundings import OutputFile, opened
from dashboard.reports import formats as rendering


@click.command(name="report")
@ledger_option
@click.option(
    "--week",
    metavar="WEEK",
    help="ISO week such as 2026-W47; the last complete one with claims unless given.",
)
@click.option(
    "--out",
    required=True,
    type=OutputFile(),
    help="The file to write: .html, or .md for Markdown.",
)
def report_command(ledger_path: Path, week: str | None, out: Path) -> None:
    """Write the weekly review as one file: readable in a minute, two printed pages."""
    rendering.html_suffix(out)
    with opened(ledger_path) as ledger:
        report = weekly_report(ledger.cursor(), ledger=ledger_path.name, week=week)
        size = rendering.write(report, out)
    terminal.say(f"{report.title} written to {out} ({max(1, round(size / 1000)):,} kB).")
