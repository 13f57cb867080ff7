"""`calledger threshold`: a threshold with a guarantee, and the registry change it would be."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from core.gate import threshold_runs as runs
from core.gate.choose_threshold import ThresholdQuestion, choose
from core.queries.base.selection import Selection
from core.text.shown import json_text
from core.validation.tuning_leakage import TunedOn
from core.views.govern.thresholds import ThresholdView, threshold_view
from core.views.shared.measures import check_signal
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ShareOption, ledger_option, where_conditions
from dashboard.cli.shared import acting_handle, as_option, office_of
from dashboard.cli.surroundings import through


class _Inside(ShareOption):
    """A number strictly between 0 and 1."""

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the word."""
        number = super().convert(value, param, ctx)
        if not 0 < number < 1:
            self.fail(f"{value!r} is not in the range 0<x<1.", param, ctx)
        return number


@click.command()
@ledger_option
@click.option("--signal", required=True)
@click.option(
    "--risk", required=True, type=_Inside(), help="The share of wrong ones accepted, as in 0.05."
)
@click.option(
    "--confidence-level",
    "confidence",
    default=0.9,
    show_default=True,
    type=_Inside(),
    help="With which probability that has to hold.",
)
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="DIM=VALUE",
    help="Only these claims. May be given again.",
)
@click.option("--by", metavar="DIM", help="A threshold for each value of a segment dimension.")
@click.option(
    "--without-overlap",
    is_flag=True,
    help="Leave out heldout claims on inputs that were tuned on, instead of refusing.",
)
@click.option(
    "--every-look",
    is_flag=True,
    help="Make it hold however often a threshold is chosen again; takes more labels.",
)
@click.option(
    "--record",
    is_flag=True,
    help="Record the run in the trail, for a registry entry to name; implies --every-look.",
)
@as_option
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def threshold(
    ledger_path: Path,
    signal: str,
    risk: float,
    confidence: float,
    conditions: Sequence[str],
    by: str | None,
    without_overlap: bool,
    every_look: bool,
    record: bool,
    handle: str | None,
    format_: str,
) -> None:
    """Find the lowest threshold above which at most RISK are wrong, with a guarantee.

    Chosen on the tuning split, judged on the heldout one. Prints the registry change it would be
    and applies nothing. Without --every-look the guarantee is for one look at the tuning claims:
    choosing again when more came in, and taking what suits, breaks it. Exit 0 with a threshold; 1
    when none holds, or other claims contradict the one that is offered; 2 when there is nothing to
    choose it on or heldout claims share inputs with the tuning split.
    """
    question = ThresholdQuestion(
        Selection(signal, where=where_conditions(conditions)),
        risk,
        confidence,
        by,
        without_overlap,
        every_look or record,
    )
    with office_of(ledger_path) as office:
        cursor = office.ledger.cursor()
        check_signal(cursor, signal)
        try:
            if record:
                found = choose(cursor, question, office.now())
                runs.record(office, found, acting_handle(office, handle), via=through())
            view = threshold_view(cursor, office.state(), question, office.now())
        except TunedOn:
            terminal.note("To leave them out (the answer will say so): --without-overlap.")
            raise
    if format_ == "json":
        terminal.data(json_text(view.as_json()))
    else:
        _print(view)
    if not view.stands:
        sys.exit(EXIT_FOUND)


def _print(view: ThresholdView) -> None:
    if view.contradicted:
        terminal.say(f"{view.headline}.")
    for part in view.parts:
        terminal.say(part.guarantee)
        for line in (part.held, part.warning):
            if line:
                terminal.say(f"   {line}")
        if not part.table.empty:
            terminal.frame_table(part.table)
    for line in view.samples:
        terminal.note(line)
    if view.run is not None:
        terminal.say(
            f"Recorded as entry {view.run.seq} of the trail, look {view.run.look}. The registry "
            f'entry names it by cutsFrom: "{view.run.sha256}"'
        )
    if view.origin is not None:
        terminal.say(f"In force: {view.origin.words}")
    if view.change is None:
        terminal.say(view.no_change)
        return
    terminal.say("The registry change it would be; nothing is applied:")
    terminal.say(view.change.bands.rstrip("\n"))
    terminal.plan_lines(view.change.plan)
    for note in view.change.notes:
        terminal.say(note)
