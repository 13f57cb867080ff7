"""`calledger`: the command line.

Commands only parse words, call `core`, and print; what they print is computed elsewhere.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from core import __version__
from core.governance.recorded_import import import_recorded
from core.ingest.import_file import ImportSummary, UnusableFile, import_file
from core.ingest.quarantine import export_quarantined, list_quarantined
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.sentences.numbers import NONE_WORD, counted
from core.text.shown import shell_word
from core.views.audit.weekly_report import weekly_report
from core.views.shared.measures import MeasureReport, measure
from dashboard import terminal
from dashboard.cli.commands import (
    evidence,
    notices,
    people,
    registry,
    tokens,
    trail,
    upkeep,
    validation,
)
from dashboard.cli.commands.check import check
from dashboard.cli.commands.client import client
from dashboard.cli.commands.compare import compare_command
from dashboard.cli.commands.decide import decide
from dashboard.cli.commands.labels import labels
from dashboard.cli.commands.threshold import threshold
from dashboard.cli.options import (
    EXIT_QUARANTINED,
    EXIT_UNUSABLE,
    OneSentence,
    Share,
    day,
    hosts_option,
    ledger_here_option,
    ledger_option,
    pair,
    port_option,
    where_conditions,
)
from dashboard.cli.surroundings import InputFile, OutputFile, office_for, opened
from dashboard.server import serve
from dashboard.server.settings import LOG_VARIABLE
from dashboard.server.structured_log import LEVELS
from sample_data import SAMPLE_END, shifted_copies, tell, whole_weeks_to


@click.group(cls=OneSentence, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="calledger")
def main() -> None:
    """Makes an LLM's stated confidence earn trust."""


for command in (
    check,
    client,
    compare_command,
    decide,
    evidence.evidence,
    labels,
    notices.notices,
    people.gate,
    people.person,
    people.role,
    registry.registry,
    threshold,
    tokens.token,
    trail.trail,
    upkeep.backup,
    upkeep.doctor,
    upkeep.restore,
    validation.validation,
):
    main.add_command(command)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@port_option
@hosts_option
@click.option("--browser/--no-browser", default=None, help="Open a browser window or not.")
def demo(host: str, port: int, allowed_hosts: Sequence[str], browser: bool | None) -> None:
    """Build a ledger from the sample data and open the dashboard on it."""
    with serve.ended_in_order(), tempfile.TemporaryDirectory(prefix="calledger-demo-") as folder:
        path = Path(folder) / "demo.duckdb"
        with Ledger.open(path, create=True) as ledger:
            now = datetime.now(UTC).replace(tzinfo=None)
            # The sample's files are recorded when its story has been told: it begins before today.
            import_all(shifted_copies(Path(folder), now), partial(import_file, ledger))
            terminal.note("Replaying half a year of governance in the sample…")
            tell(ledger, SAMPLE_END + whole_weeks_to(now))
        serve.run(path, host=host, port=port, open_browser=browser, allowed_hosts=allowed_hosts)


@main.command(name="serve")
@ledger_here_option
@click.option("--host", default="127.0.0.1", show_default=True)
@port_option
@hosts_option
@click.option("--browser/--no-browser", default=False, help="Open a browser window or not.")
@notices.notices_option
@click.option(
    "--sign-on",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Let people sign on, at the OpenID providers of this TOML file.",
)
@click.option(
    "--behind-proxy",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Trust the proxy of this TOML file to say who people are.",
)
@click.option(
    "--log-json",
    type=click.Choice(LEVELS),
    envvar=LOG_VARIABLE,
    metavar="LEVEL",
    help="Log as JSON lines on standard error: debug, info (each request), warning or error.",
)
def serve_command(
    ledger_path: Path,
    host: str,
    port: int,
    allowed_hosts: Sequence[str],
    browser: bool,
    notices_path: Path | None,
    sign_on: Path | None,
    behind_proxy: Path | None,
    log_json: str | None,
) -> None:
    """Open the dashboard on a ledger."""
    if notices_path is not None:
        notices.read_checked(notices_path)
    serve.run(
        ledger_path,
        host=host,
        port=port,
        open_browser=browser,
        notices=notices_path,
        allowed_hosts=allowed_hosts,
        sign_on=sign_on,
        behind_proxy=behind_proxy,
        log_json=log_json,
    )


@main.command(name="import")
@click.argument("files", nargs=-1, required=True, type=InputFile())
@ledger_option
@click.option(
    "--map",
    "renames",
    multiple=True,
    metavar="THEIRS=OURS",
    help="Read the column THEIRS as the field OURS. May be given again.",
)
@click.option("--signal", help="The signal's name, for files that do not carry one.")
@click.option("--strict", is_flag=True, help="Exit with 3 when a row was quarantined.")
def import_command(
    files: Sequence[Path],
    ledger_path: Path,
    renames: Sequence[str],
    signal: str | None,
    strict: bool,
) -> None:
    """Read logged claims and outcomes into a ledger.

    CSV, JSONL and Parquet, also compressed (.gz, .zst). Importing a file twice changes nothing.
    """
    mapping = dict(pair(rename, "--map", "theirs=ours") for rename in renames)
    existed = ledger_path.exists()
    with opened(ledger_path, create=True) as ledger:
        take = partial(import_recorded, office_for(ledger), mapping=mapping, signal=signal)
        summaries = import_all(files, take)
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


def import_all(files: Sequence[Path], take: Callable[..., ImportSummary]) -> list[ImportSummary]:
    """Import files one by one with a progress bar; an unusable one does not stop the others.

    Args:
        files: in their order.
        take: called with a file and ``progress``.
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
    if summaries:
        terminal.import_table(summaries)
    return summaries


@main.group()
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


@main.command(name="measure")
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
    "--tolerance", default=None, type=Share(), help="The gap accepted; the registry's unless given."
)
@click.option(
    "--high-from", default=None, type=Share(), help="Where the high band begins; likewise."
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


@main.command(name="report")
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
    from dashboard.reports import formats as rendering

    rendering.html_suffix(out)
    with opened(ledger_path) as ledger:
        report = weekly_report(ledger.cursor(), ledger=ledger_path.name, week=week)
        size = rendering.write(report, out)
    terminal.say(f"{report.title} written to {out} ({max(1, round(size / 1000)):,} kB).")


if __name__ == "__main__":
    main()
