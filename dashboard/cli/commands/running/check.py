"""`calledger check`: every standing check once, for CI and cron."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from core.findings.kinds import kind_of
from core.findings.lifecycle import Finding
from core.governance.people.names import Directory, directory
from core.governance.perform import Office
from core.governance.recorded_import import adopt_unrecorded
from core.ingest.kept_sums import keep_up
from core.ledger.errors import LedgerError
from core.monitoring.rounds import outlook
from core.monitoring.runs import run
from core.queries.base.catalogue import signals
from core.queries.base.kept.at_hand import signals_elsewhere
from core.sentences.loaded_cells import not_looked_for
from core.sentences.numbers import counted
from core.sentences.standing import one_line
from core.standing.verdict import of_signal, standing_verdicts
from core.text.shown import json_text
from core.views.govern.findings import SEVERITY_WORDS, owner_words
from dashboard import terminal
from dashboard.cli.commands.running.notices import notices_option, read_checked, tell
from dashboard.cli.exit_codes import EXIT_FOUND
from dashboard.cli.options import ledger_option
from dashboard.cli.shared import office_of
from dashboard.cli.surroundings import take_in


@click.command()
@ledger_option
@click.option("--signal", help="Only findings of this signal.")
@click.option(
    "--fail-on",
    type=click.Choice(["critical", "warning"]),
    default="critical",
    show_default=True,
    help="Exit with 1 when a finding of this severity or worse is open.",
)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
@notices_option
def check(
    ledger_path: Path, signal: str | None, fail_on: str, format_: str, notices_path: Path | None
) -> None:
    """Make every standing check, record what changed, and print what is open.

    Exit 0 when nothing as bad as --fail-on is open, 1 when something is, 2 when the ledger cannot
    be used. A finding that was waived does not count until its waiver ends. With --notices,
    messages that are due are sent at the end; a channel that fails does not change the exit code.
    """
    settings = None if notices_path is None else read_checked(notices_path)
    with office_of(ledger_path) as office:
        if signal is not None:
            _refuse_unknown(office, signal)
        take_in(office)
        adopt_unrecorded(office)
        keep_up(office.ledger)
        recorded = run(office).acts
        found = [one for one in outlook(office).open() if signal in (None, one.signal)]
        with office.ledger.cursor() as cursor:
            names = directory(cursor)
            only = None if signal is None else (signal,)
            standing = standing_verdicts(cursor, office.state(), office.now(), only=only)
            elsewhere = [one for one in signals_elsewhere(cursor) if signal in (None, one)]
        if settings is not None:
            tell(office, settings)
    if format_ == "json":
        terminal.data(json_text([_as_json(one, names) for one in found]))
    else:
        for versions in standing.values():
            terminal.say(f"{one_line(of_signal(versions))}.")
        for one in found:
            terminal.say(_line(one, names))
        terminal.say(_summary(found))
    if elsewhere:
        terminal.note(not_looked_for(elsewhere))
    entries = "1 entry" if len(recorded) == 1 else f"{len(recorded):,} entries"
    terminal.note(f"{entries} added to the trail.")
    levels = ("critical",) if fail_on == "critical" else ("critical", "warning")
    if any(one.severity in levels for one in found):
        sys.exit(EXIT_FOUND)


def _refuse_unknown(office: Office, signal: str) -> None:
    with office.ledger.cursor() as cursor:
        known = {one.name for one in signals(cursor)} | set(office.state().entries)
    if signal not in known:
        several = ", ".join(sorted(known)) or "none"
        raise LedgerError(f"There is no signal {signal!r} in this ledger; it has: {several}.")


def _line(one: Finding, names: Directory) -> str:
    about = "" if one.signal is None else f"{one.signal}: "
    state = ", acknowledged" if one.state == "acknowledged" else ""
    return (
        f"{SEVERITY_WORDS[one.severity]}  {kind_of(one.kind).words}\n"
        f"   {about}{one.text}\n"
        f"   {owner_words(names, one)}, due {one.due}{state}. {one.mend}"
    )


def _summary(found: list[Finding]) -> str:
    if not found:
        return "Nothing is open."
    critical = sum(one.severity == "critical" for one in found)
    return f"{counted(len(found), 'finding')} open, {critical:,} of them critical."


def _as_json(one: Finding, names: Directory) -> dict[str, object]:
    return {
        "id": one.id,
        "kind": one.kind,
        "severity": one.severity,
        "signal": one.signal,
        "fingerprint": None if one.fingerprint is None else one.fingerprint.as_json(),
        "owner": None if one.owner is None else names.words(one.owner),
        "for": kind_of(one.kind).part,
        "due": one.due.isoformat(),
        "state": one.state,
        "text": one.text,
        "mend": one.mend,
        "evidence": dict(one.evidence),
    }
