"""`calledger labels`: which labels would decide what cannot be told; the audit sample and back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.governance import label_acts
from core.governance.label_acts import UNSTATED
from core.governance.perform import Office
from core.governance.recorded_import import adopt_unrecorded
from core.governance.signal_terms import terms_of
from core.ledger.errors import LedgerError
from core.monitoring import audit_draw as audit
from core.monitoring.label_upload import take as take_in
from core.queries.base.selection import Selection
from core.queries.base.truth import SOURCES
from core.sentences.numbers import VERDICT_WORDS, count, counted, points
from core.text.shown import json_text, shell_word
from core.views.review.label_plan.plan import LabelPlan, drawn_words, label_plan, to_label_rows
from core.views.review.labelling.label_disputes import disputes_view
from core.views.review.labelling.weekly_audit import weekly_audit
from core.views.shared.measures import check_signal
from dashboard import terminal
from dashboard.cli.exit_codes import EXIT_FOUND, EXIT_QUARANTINED
from dashboard.cli.options import day, ledger_option
from dashboard.cli.shared import acting, as_option, office_of
from dashboard.cli.surroundings import InputFile, OutputFile

_signal = click.option("--signal", required=True)
_by = click.option("--by", metavar="DIM", help="Of each value of a segment, version or action.")
_since = click.option("--since", metavar="DATE", help="Claims from this day on (UTC).")
_until = click.option("--until", metavar="DATE", help="Claims up to and including this day (UTC).")


@click.group()
def labels() -> None:
    """Plan labels, draw an audit sample, take it back in; answer labels that contradict."""


@labels.command()
@ledger_option
@_signal
@_by
@_since
@_until
@click.option(
    "--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True
)
def plan(
    ledger_path: Path,
    signal: str,
    by: str | None,
    since: str | None,
    until: str | None,
    format_: str,
) -> None:
    """Print how many labels would decide what is not decided, and what samples say."""
    with office_of(ledger_path) as office:
        view = _planned(office, _selection(signal, since, until), by)
        with office.ledger.cursor() as cursor:
            weekly = weekly_audit(cursor, office.state(), signal, office.now())
    if format_ == "json":
        said = None if weekly is None else {"text": weekly.words, "waits": list(weekly.waits)}
        terminal.data(json_text({**view.as_json(), "weekly": said}))
        return
    terminal.say(view.headline)
    verdict = "plain verdict" if view.n_own or view.looked_at else "verdict"
    terminal.table(
        (
            *("group", verdict, "gap", "95% interval", "n", "needed"),
            *("for the whole", "for the high band", "unlabelled"),
        ),
        [
            (
                one.name,
                VERDICT_WORDS[one.verdict],
                points(one.gap, decimals=1),
                f"{points(one.gap_low, decimals=1)} … {points(one.gap_high, decimals=1)}",
                count(one.n),
                *map(count, (one.needed, one.whole, one.high)),
                count(one.available),
            )
            for one in view.groups
        ],
        left=("group", verdict),
    )
    for one in view.groups:
        if one in view.undecided or (view.n_own and view.by is not None):
            terminal.say(f"{one.name}: {one.words}")
    terminal.note(view.details)
    if weekly is not None:
        for line in (weekly.words, *weekly.waits):
            terminal.say(line)
    if view.response:
        terminal.say(view.response)
    # Under the signal's own sampling the headline and the groups have it already.
    if view.estimate and not view.n_own:
        terminal.say(view.estimate.words)
    for one in view.groups:
        if one.estimate is not None and not view.n_own and view.by is not None:
            terminal.say(f"   {one.name}: {one.estimate.words}")


@labels.command()
@ledger_option
@_signal
@_by
@_since
@_until
@as_option
@click.option(
    "--labels",
    "each",
    type=click.IntRange(min=1),
    default=None,
    help="How many unlabelled inputs, of each value with --by; the plan's number unless given.",
)
def draw(
    ledger_path: Path,
    signal: str,
    by: str | None,
    since: str | None,
    until: str | None,
    handle: str | None,
    each: int | None,
) -> None:
    """Draw a random audit sample, with the chance of every claim kept."""
    with office_of(ledger_path) as office:
        adopt_unrecorded(office)
        selection = _selection(signal, since, until)
        view = _planned(office, selection, by)
        wanted = view.wanted() if each is None else {one.value: each for one in view.groups}
        if not wanted:
            raise LedgerError(
                f"{view.headline} The plan asks for no label here, because {view.why_none}; to "
                "draw a sample all the same, say how many: --labels 200."
            )
        actor = acting(office, handle, audit.KIND, signal)
        drawn = audit.drawn_by(audit.draw(office, actor, selection, wanted, by))
        with office.ledger.cursor() as cursor:
            said = drawn_words(cursor, drawn, view.n_to_label)
    terminal.say(said)
    terminal.note(
        f"To hand it out: calledger labels export --ledger {shell_word(str(ledger_path))} "
        f"--signal {shell_word(signal)} --out labels.csv"
    )


@labels.command()
@ledger_option
@_signal
@click.option(
    "--out",
    default=Path("labels.csv"),
    show_default=True,
    type=OutputFile(),
    help="The file to write.",
)
def export(ledger_path: Path, signal: str, out: Path) -> None:
    """Write what is drawn and not labelled to a CSV file, to be filled in.

    It does not hold the confidence: whoever sees it while labelling leans on it. Fill in outcome,
    1 for right and 0 for wrong; the rest may stay empty.
    """
    from core.text.spreadsheet import csv_of

    with office_of(ledger_path) as office, office.ledger.cursor() as cursor:
        check_signal(cursor, signal)
        rows = to_label_rows(cursor, signal)
    out.write_bytes(csv_of(rows))
    terminal.say(
        f"{counted(len(rows), 'claim')} written to {out}, in random order and without the "
        f"confidence. Fill in outcome (1 right, 0 wrong), then: calledger labels take {out} "
        f"--ledger {shell_word(str(ledger_path))} --signal {shell_word(signal)}"
    )


@labels.command()
@click.argument("file", type=InputFile())
@ledger_option
@_signal
def take(file: Path, ledger_path: Path, signal: str) -> None:
    """Take a filled sample back in; running it twice changes nothing.

    Exit 0; 2 on an unusable file; 3 when a row was refused.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise LedgerError(f"{file} cannot be read: {error.strerror}.") from None
    with office_of(ledger_path) as office:
        with office.ledger.cursor() as cursor:
            check_signal(cursor, signal)
        adopt_unrecorded(office)
        taken = take_in(office, signal, content, file.name)
        view = _planned(office, Selection(signal), None)
    for one in taken.refused:
        terminal.error(one.words)
    terminal.say(taken.words)
    for line in (view.response, view.estimate.words if view.estimate else ""):
        if line:
            terminal.say(line)
    if taken.refused:
        sys.exit(EXIT_QUARANTINED)


_source = click.option(
    "--source",
    type=click.Choice([*SOURCES, UNSTATED], case_sensitive=False),
    required=True,
    help="Whose label; unstated: one that states no source.",
)
_reason = click.option("--reason", required=True, help="Why, in a sentence; kept in the trail.")


@labels.command()
@click.argument("event")
@ledger_option
@_signal
@_source
@_reason
@as_option
def withdraw(
    event: str, ledger_path: Path, signal: str, source: str, reason: str, handle: str | None
) -> None:
    """Withdraw the last label that a source gave a claim; the one before it is in force again.

    Both stay on record.
    """
    with office_of(ledger_path) as office:
        adopt_unrecorded(office)
        actor = acting(office, handle, label_acts.WITHDRAW, signal)
        whose = None if source == UNSTATED else source
        act = label_acts.withdraw(office, actor, signal, event, whose, reason)
    terminal.say(f"Withdrawn: entry {act.seq} of the trail.")


@labels.command()
@click.argument("event")
@ledger_option
@_signal
@click.option("--outcome", type=click.Choice(["right", "wrong"]), required=True)
@_reason
@as_option
def confirm(
    event: str, ledger_path: Path, signal: str, outcome: str, reason: str, handle: str | None
) -> None:
    """Say which of a claim's labels holds, where they contradict each other."""
    with office_of(ledger_path) as office:
        adopt_unrecorded(office)
        actor = acting(office, handle, label_acts.CONFIRM, signal)
        right = int(outcome == "right")
        act = label_acts.confirm(office, actor, signal, event, right, reason)
    terminal.say(f"Confirmed as {outcome}: entry {act.seq} of the trail.")


@labels.command()
@ledger_option
@_signal
def contradictions(ledger_path: Path, signal: str) -> None:
    """List the claims whose labels contradict each other and that nobody has answered.

    Exit 0 when there is none, 1 when there is.
    """
    with office_of(ledger_path) as office, office.ledger.cursor() as cursor:
        check_signal(cursor, signal)
        view = disputes_view(cursor, signal)
    if not view.headline:
        terminal.say(f"No labels of {signal} contradict each other.")
        return
    terminal.say(view.headline)
    for event, line in view.lines:
        terminal.say(f"  {event}: {line}")
    if view.more:
        terminal.say(view.more)
    terminal.note(
        f"To answer one: calledger labels confirm EVENT --ledger {shell_word(str(ledger_path))} "
        f"--signal {shell_word(signal)} --outcome right --reason WHY, or labels withdraw"
    )
    sys.exit(EXIT_FOUND)


@labels.command()
@ledger_option
@_signal
def verify(ledger_path: Path, signal: str) -> None:
    """Draw every sample of a signal again, and say whether it is the same.

    Exit 0 when all are, 1 when one is not.
    """
    with office_of(ledger_path) as office, office.ledger.cursor() as cursor:
        office.state()
        found = [audit.redraw(cursor, one) for one in audit.samples(cursor, signal)]
    for one in found:
        terminal.say(one.words)
    if not found:
        terminal.say(f"No audit sample of {signal} was drawn.")
    if not all(one.same for one in found):
        sys.exit(EXIT_FOUND)


def _selection(signal: str, since: str | None, until: str | None) -> Selection:
    return Selection(signal, since=day(since, "--since"), until=day(until, "--until", end=True))


def _planned(office: Office, selection: Selection, by: str | None) -> LabelPlan:
    terms = terms_of(office.state(), selection.signal)
    with office.ledger.cursor() as cursor:
        check_signal(cursor, selection.signal)
        return label_plan(cursor, selection, by, terms=terms)
