"""`calledger derive`: confidence from what a model does, as claims to import."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.derive.agreement import Columns
from core.derive.answer_keys import KEYS
from core.derive.samples_file import derive_agreement
from core.sentences.numbers import counted
from core.text.shown import shell_word, visible
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_UNUSABLE


@click.group()
def derive() -> None:
    """Confidence from what a model does instead of what it says: claims to import."""


@derive.command()
@click.argument("samples", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="A .csv or .jsonl file."
)
@click.option("--signal", help="The signal's name, for a file that does not carry one.")
@click.option("--answer", default="answer", show_default=True, help="The column of the answers.")
@click.option(
    "--input", "input_", default="input_id", show_default=True, help="The column of what was asked."
)
@click.option(
    "--given",
    help="The column that is true at the answer that was given; without it the commonest answer "
    "is taken for it.",
)
@click.option(
    "--same",
    type=click.Choice(list(KEYS)),
    default="text",
    show_default=True,
    help="When two answers are the same: letter by letter; whatever case, blanks and marks around "
    "them; by the last number in them; by the letter of a choice.",
)
def agreement(
    samples: Path,
    out: Path,
    signal: str | None,
    answer: str,
    input_: str,
    given: str | None,
    same: str,
) -> None:
    """The share of sampled answers that agree with the answer given.

    SAMPLES has one answer a record, several of one input_id, and the time (ts) of the answer. What
    its rows say beside the answer (versions, segments, outcome) goes into the claim.
    """
    columns = Columns(answer, input_, given)
    found = derive_agreement(samples, out, columns=columns, same=same, signal=signal)
    for one in found.underivable:
        terminal.note(f"{visible(one.input) or 'a sample'}: {visible(one.reason)}.")
    if found.n_underivable > len(found.underivable):
        terminal.note(f"And {found.n_underivable - len(found.underivable):,} more like these.")
    if not found.claims or found.sampled is None:
        terminal.error(f"No claim could be made of {samples.name}.")
        sys.exit(EXIT_UNUSABLE)
    fewest, most = found.sampled
    answers = f"{fewest}" if fewest == most else f"{fewest} to {most}"
    terminal.say(
        f"{counted(found.claims, 'claim')} written to {out}, each of {answers} answers; "
        f"{found.tied:,} with another answer as common. Then: "
        f"calledger import {shell_word(str(out))} --ledger LEDGER"
    )
