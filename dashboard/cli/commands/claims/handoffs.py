"""`calledger handoffs`: where cases went to people, and what they decided."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import click

from core.sentences.numbers import count
from core.text.shown import json_text
from core.views.govern.handoffs import NO_QUEUE, handoffs_view, hours_words, take_words
from dashboard import terminal
from dashboard.cli.options import day, ledger_option
from dashboard.cli.shared import office_of

#: Days looked at unless others are chosen.
DAYS = 90


@click.command(name="handoffs")
@ledger_option
@click.option("--signal", required=True)
@click.option("--since", metavar="DATE", help=f"From this day on (UTC); {DAYS} days unless given.")
@click.option("--until", metavar="DATE", help="Up to and including this day (UTC).")
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def handoffs_command(
    ledger_path: Path, signal: str, since: str | None, until: str | None, format_: str
) -> None:
    """Print where a signal's cases went to people, and how queues and reviewers decide.

    Rates are shrunk towards those of the same queue, with 95% intervals; nobody with too few
    decisions is shown.
    """
    with office_of(ledger_path) as office:
        now = office.now()
        last = _day(until, "--until") or now.date()
        first = _day(since, "--since") or last - timedelta(days=DAYS - 1)
        view = handoffs_view(office.ledger.cursor(), office.state(), signal, first, last, now=now)
    if format_ == "json":
        terminal.data(json_text(view.as_json()))
        return
    if not view.any:
        terminal.say(
            f"No hand-off of {signal} is logged. Log them: calledger import handoffs.csv "
            "--ledger …, with event_id, signal, handed_at."
        )
        return
    terminal.say(f"{signal}, {first} to {last}. {view.headline}")
    terminal.table(
        ("queue", "handed over", "taken after", "decided after", "open", "overdue"),
        [
            (
                one.queue or NO_QUEUE,
                count(one.handed),
                take_words(one, view.hours),
                hours_words(one.hours_to_decide),
                count(one.open),
                count(one.overdue),
            )
            for one in view.loads
        ],
        left=("queue", "taken after"),
    )
    heads = ("queue", "reviewer", "decisions", "overridden", "wrong accepted", "right rejected")
    planted = any(one.seeded.n for one in view.queues)
    heads = (*heads, *(("planted errors caught",) if planted else ()))
    terminal.table(
        (*heads, ""),
        [
            (
                one.queue,
                "all" if one in view.queues else one.name,
                count(one.decisions),
                one.overridden.words,
                one.accepted_wrong.words,
                one.rejected_right.words,
                *((one.seeded.words,) if planted else ()),
                "rubber stamp" if one.stamp else "",
            )
            for one in (*view.queues, *view.reviewers)
        ],
        left=(*heads, ""),
    )
    for note in view.notes:
        terminal.say(note)


def _day(text: str | None, option: str) -> date | None:
    moment = day(text, option)
    return None if moment is None else moment.date()
