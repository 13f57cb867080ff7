"""`calledger registry`: the written registry, compared, applied and written back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.gate import registry_changes as registry_of
from core.governance.bodies.refusal import Refused
from core.governance.people.names import directory
from core.ledger.errors import LedgerError
from core.queries.base.selection import BAND_DIMENSION, Selection
from core.queries.claims.claim_list import count_claims
from core.registry.signal_spec import Stakes
from core.registry.yaml_reader import read, read_path
from core.registry.yaml_writer import first_entry
from core.sentences.numbers import counted
from core.text.shown import shell_word
from core.views.shared.measures import measure
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ledger_option
from dashboard.cli.shared import acting_handle, as_option, office_of, refuse_unproven
from dashboard.cli.surroundings import InputFile, OutputFile, through

_file = click.argument("file", type=InputFile())


@click.group()
def registry() -> None:
    """Who answers for each signal, what it decides and under which rules."""


@registry.command()
@_file
@ledger_option
def diff(file: Path, ledger_path: Path) -> None:
    """Say what FILE.yaml would change, and what that would have done in the last 30 days.

    Exit 0 when it says what is in force, 1 when it would change something, 2 when applying it
    would be refused.
    """
    written = read_path(file)
    with office_of(ledger_path) as office:
        plan = registry_of.plan(office.ledger.cursor(), office.state(), written, office.now())
    terminal.plan_lines(plan)
    registry_of.refuse_unproven(plan)
    if not plan.empty:
        sys.exit(EXIT_FOUND)


@registry.command()
@_file
@ledger_option
@as_option
def apply(file: Path, ledger_path: Path, handle: str | None) -> None:
    """Apply FILE.yaml; prints the same as diff first. Applying it twice changes nothing.

    Whoever applies the first file of a ledger becomes its admin.
    """
    written = read_path(file)
    with office_of(ledger_path) as office:
        plan = registry_of.plan(office.ledger.cursor(), office.state(), written, office.now())
        terminal.plan_lines(plan)
        registry_of.refuse_unproven(plan)
        if not plan.empty:
            refuse_unproven("registry.set")
        acts = registry_of.apply(office, written, acting_handle(office, handle), via=through())
    if acts:
        terminal.say(
            f"Applied: {counted(len(acts), 'act')} in the trail, up to entry {acts[-1].seq}."
        )


@registry.command()
@click.argument("signal")
@ledger_option
@click.option("--owner", required=True, metavar="PERSON", help="Who answers for it.")
@click.option(
    "--validator",
    "validators",
    required=True,
    multiple=True,
    metavar="PERSON",
    help="Who may sign, and is not the owner. May be given again.",
)
@click.option("--decides", required=True, metavar="WORDS", help="What its confidence decides.")
@click.option(
    "--stakes",
    type=click.Choice(["low", "medium", "high"]),
    default="low",
    show_default=True,
    help="How much harm a wrong decision does.",
)
@as_option
def begin(
    signal: str,
    ledger_path: Path,
    owner: str,
    validators: tuple[str, ...],
    decides: str,
    stakes: Stakes,
    handle: str | None,
) -> None:
    """Register SIGNAL with a first, whole entry, and print what its claims show.

    People are written as user:finance/ann.lee. Nothing acts by it yet: the gate sends every case to
    review until a validator has signed. Change the rest with export, apply, or on the page.
    """
    text = first_entry(signal, owner=owner, validators=validators, decision=decides, stakes=stakes)
    with office_of(ledger_path) as office:
        cursor, state = office.ledger.cursor(), office.state()
        written = read(text, source="The entry")
        plan = registry_of.plan(cursor, state, written, office.now())
        who = acting_handle(office, handle)
        refused = registry_of.refusal(state, directory(cursor), plan, who, office.now())
        if refused:
            raise Refused(refused)
        if signal in state.entries:
            raise LedgerError(f"{signal} is registered already; see calledger registry export.")
        terminal.plan_lines(plan)
        refuse_unproven("registry.set")
        acts = registry_of.apply(office, written, who, via=through())
        terminal.say(
            f"{signal} is registered: {counted(len(acts), 'act')} in the trail, up to entry "
            f"{acts[-1].seq}."
        )
        if count_claims(cursor, Selection(signal)):
            terminal.say("What it says, and how often it was right:")
            terminal.reliability_bars(measure(cursor, Selection(signal), by=(BAND_DIMENSION,)))
    terminal.say(f"To see it: calledger serve --ledger {shell_word(str(ledger_path))}")


@registry.command()
@ledger_option
@click.argument("file", required=False, type=OutputFile())
@click.option("--signal", "signals", multiple=True, help="Only this one. May be given again.")
def export(ledger_path: Path, file: Path | None, signals: tuple[str, ...]) -> None:
    """Write the registry in force as YAML, to FILE or to standard output."""
    with office_of(ledger_path) as office:
        text = registry_of.export(office.ledger.cursor(), office.state(), signals)
    if file is None:
        terminal.data(text, line=False)
    else:
        file.write_text(text, encoding="utf-8")
        terminal.say(f"Registry written to {file}.")
