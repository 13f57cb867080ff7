"""`calledger registry`: the written registry, compared, applied and written back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.gate import registry_changes as registry_of
from core.registry.yaml_reader import read_path
from core.sentences.numbers import counted
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

    Exit 0 when it says what is in force, 1 when it would change something.
    """
    written = read_path(file)
    with office_of(ledger_path) as office:
        plan = registry_of.plan(office.ledger.cursor(), office.state(), written, office.now())
    terminal.plan_lines(plan)
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
        if not plan.empty:
            refuse_unproven("registry.set")
        acts = registry_of.apply(office, written, acting_handle(office, handle), via=through())
    if acts:
        terminal.say(
            f"Applied: {counted(len(acts), 'act')} in the trail, up to entry {acts[-1].seq}."
        )


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
