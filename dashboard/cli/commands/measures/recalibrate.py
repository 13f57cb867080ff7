"""`calledger recalibrate`: a map that repairs a signal, and its certificate."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from core.governance.signal_terms import terms_of
from core.measure.recalibration.certificate import Confidences
from core.queries.base.selection import Selection
from core.recalibration.exported import as_python, write_heldout, write_text
from core.recalibration.recalibrate import RecalibrationQuestion, Repair, recalibrate
from core.recalibration.recorded import record
from core.sentences.numbers import STATE_WORDS, counted, points
from core.text.shown import json_text, shell_word
from core.validation.tuning_leakage import TunedOn
from core.views.shared.measures import check_signal
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ledger_option, where_conditions
from dashboard.cli.shared import office_of
from dashboard.cli.surroundings import OutputFile


@click.command(name="recalibrate")
@ledger_option
@click.option("--signal", required=True)
@click.option(
    "--where",
    "conditions",
    multiple=True,
    metavar="DIM=VALUE",
    help="Only these claims, such as those of one version. May be given again.",
)
@click.option(
    "--by", metavar="DIM", help="A map for each value of a segment dimension with labels enough."
)
@click.option(
    "--without-overlap",
    is_flag=True,
    help="Leave out heldout claims on inputs that were tuned on, instead of refusing.",
)
@click.option("--out", type=OutputFile(), help="Write the map and its certificate (.json).")
@click.option(
    "--python", "python_", type=OutputFile(), help="Write the map as a Python file without needs."
)
@click.option(
    "--claims",
    type=OutputFile(),
    help="Write the heldout claims with mapped confidences, to import and validate (.csv).",
)
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def recalibrate_command(
    ledger_path: Path,
    signal: str,
    conditions: Sequence[str],
    by: str | None,
    without_overlap: bool,
    out: Path | None,
    python_: Path | None,
    claims: Path | None,
    format_: str,
) -> None:
    """Fit a map from stated to calibrated confidence, and certify it on other claims.

    Fitted on the tuning split: Platt, beta or isotonic, the simplest that cross-validation does not
    tell from the best. Judged once on the heldout split, by the verdict that all else goes by, on
    the whole and on every required segment. Of a registered signal that is an act in the trail, and
    counts as a look at its held-out set. Files are written only with a certificate. Exit 0 with
    one; 1 without; 2 when there is nothing to fit or to judge on.
    """
    selection = Selection(signal, where=where_conditions(conditions))
    with office_of(ledger_path) as office:
        cursor, state = office.ledger.cursor(), office.state()
        check_signal(cursor, signal)
        entry = state.entries.get(signal)
        judged = () if entry is None else entry.spec.validation.segments
        question = RecalibrationQuestion(selection, by, judged, without_overlap)
        try:
            found = recalibrate(cursor, question, terms_of(state, signal), office.now())
        except TunedOn:
            terminal.note("To leave them out (the answer will say so): --without-overlap.")
            raise
        judged_now = record(office, found)
        if format_ == "json":
            terminal.data(json_text(found.as_json()))
        else:
            _print(found)
        if judged_now is not None:
            terminal.note(f"Entry {judged_now.seq}: counts as a look at the held-out set.")
        if not found.certificate.given:
            sys.exit(EXIT_FOUND)
        if out is not None:
            write_text(out, json_text(found.as_json()) + "\n")
            terminal.note(f"The map and its certificate are in {out}.")
        if python_ is not None:
            write_text(python_, as_python(found))
            terminal.note(f"recalibrated(confidence) is in {python_}.")
        if claims is not None:
            count = write_heldout(cursor, found, claims)
            terminal.note(
                f"{counted(count, 'heldout claim')} of {found.version} in {claims}. Then: "
                f"calledger import {shell_word(str(claims))} --ledger "
                f"{shell_word(str(ledger_path))}, and submit that version for validation."
            )


def _print(found: Repair) -> None:
    certificate = found.certificate
    kind = found.choice.fitted["kind"]
    own = f", and {counted(len(found.maps), 'segment')} with a map of its own" if found.maps else ""
    terminal.say(
        f"Map: {kind}, fitted on {counted(found.choice.n, 'labelled tuning input')}{own}; judged "
        f"on {counted(certificate.n, 'labelled heldout input')}."
    )
    terminal.table(
        ["heldout claims", "verdict", "gap", "ECE", "Brier", "AUROC", "confidences"],
        [_row("as stated", certificate.before), _row("mapped", certificate.after)],
        left=["heldout claims", "verdict"],
    )
    for line in certificate.told:
        terminal.say(f"Note: {line}.")
    if certificate.given:
        change = certificate.brier_change
        terminal.say(
            f"Certified: the Brier score changes by {change.value:+.4f} ({change.low:+.4f} to "
            f"{change.high:+.4f}). Log mapped confidences with calibrator_version={found.version}: "
            "a new version, validated like any other before it may act."
        )
        return
    terminal.say("No certificate, so nothing is written:")
    for line in certificate.refused:
        terminal.say(f"   {line}")


def _row(name: str, side: Confidences) -> list[str]:
    area = "–" if side.auroc is None else f"{side.auroc:.3f}"
    return [
        name,
        STATE_WORDS[side.state],
        f"{points(side.gap, decimals=1)} ({points(side.gap_low, decimals=1)} to "
        f"{points(side.gap_high, decimals=1)})",
        f"{side.ece:.3f}",
        f"{side.brier:.4f}",
        area,
        f"{side.values:,}",
    ]
