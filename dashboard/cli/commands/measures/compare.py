"""`calledger compare`: a model or prompt change, before and after."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from core.governance.signal_terms import read_state, terms_of
from core.measure.verdicts.before_after import GapChange
from core.measure.verdicts.shape_change import ShapeChange
from core.queries.base.selection import Selection
from core.sentences.numbers import ABSENT, NONE_WORD, absent, count, percent, points
from core.sentences.version_change import verdict_words
from core.views.review.changes import ChangeReview, SideNumbers, compare
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ledger_option, pair
from dashboard.cli.surroundings import opened


@click.command(name="compare")
@ledger_option
@click.option("--signal", required=True)
@click.option(
    "--baseline",
    required=True,
    metavar="K=V[,K=V]",
    help="The claims before: model_version, prompt_version, elicitation, split or a segment. "
    f'signal=NAME takes another signal; "K={NONE_WORD}" claims that do not name it.',
)
@click.option("--candidate", required=True, metavar="K=V[,K=V]", help="The claims after; likewise.")
@click.option(
    "--paired/--unpaired",
    default=None,
    help="Only inputs that both have a label on, or all, weighted to the baseline's mix of "
    "segments; by itself paired where half of the smaller side's inputs are shared.",
)
@click.option(
    "--by", multiple=True, metavar="DIM", help="Segments to compare; all unless given. Repeatable."
)
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def compare_command(
    ledger_path: Path,
    signal: str,
    baseline: str,
    candidate: str,
    paired: bool | None,
    by: Sequence[str],
    format_: str,
) -> None:
    """Compare a new model, prompt or elicitation with the one before; exit 1 on regression.

    Worse is a larger gap, a larger error over the range of confidence (the shape), or telling right
    from wrong less well, of all claims, their high-confidence band or a segment. Else says: better,
    mixed (which segments), same within tolerance, or too few labels and how many more labels it
    takes.
    """
    sides = _side(signal, baseline, "--baseline"), _side(signal, candidate, "--candidate")
    with opened(ledger_path) as ledger:
        cursor = ledger.cursor()
        state = read_state(cursor)
        review = compare(
            cursor,
            *sides,
            by=tuple(by) or None,
            paired=paired,
            state=state,
            terms=(terms_of(state, sides[0].signal), terms_of(state, sides[1].signal)),
        )
    if format_ == "json":
        terminal.data(review.to_json())
    else:
        _print(review)
    if review.regressed:
        sys.exit(EXIT_FOUND)


def _side(signal: str, text: str, option: str) -> Selection:
    """Read ``k=v,k=v``: several values of one name mean any of them."""
    chosen: dict[str, tuple[str | None, ...]] = {}
    side = Selection(signal)
    for part in text.split(","):
        name, value = (one.strip() for one in pair(part, option, "k=v[,k=v]"))
        if name == "signal":
            side = replace(side, signal=value)
        else:
            chosen[name] = (*chosen.get(name, ()), None if value == NONE_WORD else value)
    return replace(side, where=tuple(chosen.items()))


def _print(review: ChangeReview) -> None:
    terminal.say(f"{review.before_name} → {review.after_name}")
    terminal.say(review.headline)
    for sentence in review.sentences:
        terminal.say(sentence)
    heads = ("group", "verdict", "gap before", "gap after", "size", "interval", "shape", "inputs")
    more = ("accuracy", "ECE (floor)", "AUROC", "n before", "n after")
    rows = [
        (
            one.name,
            verdict_words(one),
            points(one.gap.before.value, decimals=1),
            points(one.gap.after.value, decimals=1),
            points(one.gap.change.value, decimals=1),
            _ends(one.gap),
            _shape(one.shape),
            count(one.gap.inputs),
            points(one.accuracy.value, decimals=1),
            f"{_ece(one.before)} → {_ece(one.after)}",
            f"{_auroc(one.before)} → {_auroc(one.after)}",
            count(one.before.n if one.before else None),
            count(one.after.n if one.after else None),
        )
        for one in review.groups
    ]
    terminal.table((*heads, *more), rows, left=("group", "verdict"))
    terminal.say(
        "Gap = mean confidence − accuracy, in points; size: the change of its size, + is worse. "
        "Shape: the change of the error over bands of confidence, likewise. Accuracy: its change. "
        "PSI, over ten bins of equal width of the stated confidence: "
        "Σ (after − before) · ln(after / before)."
    )
    if review.high is not None:
        sides = [one for one in (review.whole.before, review.whole.after) if one is not None]
        said = [f"{percent(one.high_claimed)} → {percent(one.high_observed)}" for one in sides]
        terminal.say(f"High band, said → right: {said[0]} before, {said[-1]} after.")
    terminal.say(review.method)


def _ends(one: GapChange) -> str:
    if absent(one.change.value):
        return ABSENT
    return f"{points(one.change.low, decimals=1)} … {points(one.change.high, decimals=1)}"


def _shape(one: ShapeChange | None) -> str:
    if one is None or absent(one.change.value):
        return ABSENT
    low, high = (points(end, decimals=1) for end in (one.change.low, one.change.high))
    return f"{points(one.change.value, decimals=1)} ({low} … {high})"


def _ece(one: SideNumbers | None) -> str:
    if one is None or one.ece is None:
        return ABSENT
    floor = ABSENT if one.ece_noise_floor is None else f"{one.ece_noise_floor:.3f}"
    return f"{one.ece:.3f} ({floor})"


def _auroc(one: SideNumbers | None) -> str:
    return ABSENT if one is None or one.auroc is None else f"{one.auroc:.3f}"
