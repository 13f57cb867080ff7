"""`calledger canary`: kept inputs, asked again to see a model that changed behind its name."""

from __future__ import annotations

import json
import tempfile
from datetime import datetime
from pathlib import Path

import click
from click.core import ParameterSource

from core.ledger.errors import LedgerError
from core.monitoring.canary import KEPT, RoundAsked, RoundTaken, asked_version, keep, record
from core.monitoring.canary_rows import inputs_of, results_of, rows_of
from core.monitoring.rounds import rounds
from core.sentences.numbers import count, counted
from core.text.shown import json_text
from core.trail.fingerprint import Fingerprint
from core.views.shared.canary import STATE_WORDS, canary_lines
from dashboard import terminal
from dashboard.cli.options import day, fingerprint_options, ledger_option
from dashboard.cli.shared import acting, as_option, office_of
from dashboard.cli.surroundings import InputFile, refuse_for_another

_signal = click.option("--signal", required=True)
_round = click.option(
    "--round",
    "name",
    default="",
    metavar="NAME",
    help="Its name; the day it was asked on unless given.",
)


@click.group()
def canary() -> None:
    """Keep inputs and ask them again: has the model changed behind its name?"""


@canary.command(name="keep")
@click.argument("file", type=InputFile())
@ledger_option
@_signal
@click.option("--anew", is_flag=True, help="Begin a new reference also with the same inputs.")
@as_option
def keep_command(
    file: Path, ledger_path: Path, signal: str, anew: bool, handle: str | None
) -> None:
    """Keep the inputs of FILE: their ids, and a hash of whatever else stands in a row.

    FILE has a row for each, with input_id: JSON lines, CSV, or an id a line. What they hold stays
    in the file, which is yours to keep.
    """
    inputs = inputs_of(rows_of(_read(file)))
    with office_of(ledger_path) as office:
        act = keep(office, acting(office, handle, KEPT, signal), signal, inputs, anew=anew)
    if act is None:
        terminal.say("These inputs are kept already; nothing was changed.")
        return
    terminal.say(f"{counted(len(inputs), 'input')} of {signal} will be asked again.")
    terminal.note("Next: calledger canary ask, and again as often as you want it watched.")


@canary.command(name="ask")
@click.argument("file", type=InputFile())
@ledger_option
@_signal
@click.option(
    "--command",
    "asking",
    required=True,
    metavar="COMMAND",
    help="Run for each input: the row as JSON on its standard input, and an object with "
    "confidence and answer on its standard output.",
)
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds."
)
@click.option(
    "--at-once", type=click.IntRange(1, 64), default=4, show_default=True, help="Runs at a time."
)
@_round
@fingerprint_options
def ask_command(
    file: Path,
    ledger_path: Path,
    signal: str,
    asking: str,
    timeout: float,
    at_once: int,
    name: str,
    **fields: str | None,
) -> None:
    """Ask the kept inputs of FILE once more with your own command, and record the round.

    The command runs on this machine, also where a server has the ledger. What it prints on its
    standard error is not read, and of an answer only a hash is kept.
    """
    refuse_for_another("canary ask runs a command of yours: run it where that is to run.")
    from dashboard.cli.ask_inputs import ask_inputs

    ctx = click.get_current_context()
    with terminal.progress("Asking") as progress:
        results = ask_inputs(rows_of(_read(file)), asking, timeout, at_once, progress)
    with tempfile.TemporaryDirectory(prefix="calledger-canary-") as folder:
        answered = Path(folder) / "results.jsonl"
        answered.write_text("".join(f"{json.dumps(one)}\n" for one in results), encoding="utf-8")
        words = ["canary", "record", str(answered), "--signal", signal]
        if ctx.get_parameter_source("ledger_path") != ParameterSource.DEFAULT:
            words += ["--ledger", str(ledger_path)]
        words += ["--round", name] if name else []
        for field, value in fields.items():
            words += [f"--{field.replace('_', '-')}", value] if value else []
        # A server may have the ledger: the round goes there as any command does.
        main = ctx.find_root().command
        with main.make_context("calledger", words) as inner:
            main.invoke(inner)


@canary.command(name="record")
@click.argument("file", type=InputFile())
@ledger_option
@_signal
@_round
@click.option("--asked", metavar="TIME", help="When it was asked (UTC); now unless given.")
@fingerprint_options
def record_command(
    file: Path,
    ledger_path: Path,
    signal: str,
    name: str,
    asked: str | None,
    **fields: str | None,
) -> None:
    """Record a round that you asked yourself.

    FILE has a row for each kept input: input_id, and confidence, answer or failure.
    """
    results = results_of(rows_of(_read(file)))
    at = day(asked, "--asked")
    with office_of(ledger_path) as office:
        version = asked_version(office, signal, Fingerprint.of(fields))
        now = at or office.now()
        taken = record(office, RoundAsked(signal, version, now, results, name))
        rounds(office)
        lines = canary_lines(office.state(), [signal])
    _say(taken)
    for line in lines:
        if line.fingerprint == version:
            terminal.say(line.words)


@canary.command(name="list")
@ledger_option
@click.option("--signal", default=None, help="Only this one.")
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def list_command(ledger_path: Path, signal: str | None, format_: str) -> None:
    """Print which inputs are asked again, when next, and what that says."""
    with office_of(ledger_path) as office:
        lines = canary_lines(office.state(), None if signal is None else [signal])
    if format_ == "json":
        terminal.data(json_text({"canaries": [one.as_json() for one in lines]}))
        return
    if not lines:
        terminal.say("No inputs are kept. Keep some: calledger canary keep inputs.jsonl --signal …")
        return
    terminal.table(
        ("signal", "version", "inputs", "rounds", "last asked", "next", "alarm score", "says"),
        [
            (
                one.signal,
                "–" if one.fingerprint is None else one.fingerprint.words(),
                count(len(one.kept.inputs)),
                count(len(one.standing.rounds)),
                _day(None if one.last is None else one.last.asked_at),
                _day(one.due),
                f"{one.standing.process.e_value:.3g}",
                STATE_WORDS[one.state],
            )
            for one in lines
        ],
        left=("signal", "version", "says"),
    )


def _say(taken: RoundTaken) -> None:
    one = taken.round
    if taken.known:
        terminal.say(f"The round {one.name} is recorded already; nothing was changed.")
        return
    terminal.say(f"The round {one.name} is recorded: {counted(one.n_asked, 'input')} answered.")
    for why, n in sorted(taken.failures.items()):
        terminal.note(f"{n:,} without an answer: {why}")


def _day(at: datetime | None) -> str:
    return "–" if at is None else f"{at:%Y-%m-%d %H:%M}"


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise LedgerError(f"{file} cannot be read: {error.strerror}.") from None
