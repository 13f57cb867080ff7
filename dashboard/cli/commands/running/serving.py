"""`calledger demo` and `calledger serve`: the dashboard, with the gate and its routes."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from dashboard import terminal
from dashboard.cli.commands.claims.importing import import_all
from dashboard.cli.commands.running import notices
from dashboard.cli.options import hosts_option, ledger_here_option, port_option
from dashboard.server import serve
from dashboard.server.settings import LOG_VARIABLE
from dashboard.server.structured_log import LEVELS
from sample_data import SAMPLE_END, shifted_copies, tell, whole_weeks_to


@click.command()
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


@click.command(name="serve")
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
