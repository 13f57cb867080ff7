"""`calledger validation`: measured, submitted, signed; stopped at once where need be."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from core.governance.names import directory
from core.ledger.errors import LedgerError
from core.queries.base.fingerprints_seen import fingerprints_seen
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from dashboard import terminal
from dashboard.cli.options import ledger_option
from dashboard.cli.shared import (
    acting,
    as_option,
    fingerprint_options,
    known_fingerprint,
    office_of,
)

_signal = click.option("--signal", required=True)


@click.group()
def validation() -> None:
    """The life of a validation; each step is an act in the trail."""


@validation.command(name="list")
@ledger_option
@click.option("--signal", default=None, help="Only this one.")
def list_command(ledger_path: Path, signal: str | None) -> None:
    """Print every fingerprint, whether it may act, and why."""
    with office_of(ledger_path) as office:
        state, now = office.state(), office.now()
        seen = fingerprints_seen(office.ledger.cursor())
        names = directory(office.ledger.cursor())
    prints = {(one.signal, Fingerprint.of(dict(one.fields))) for one in seen}
    prints |= set(state.validations)
    for name, fingerprint in sorted(prints, key=lambda one: (one[0], one[1].words())):
        if signal not in (None, name):
            continue
        standing = state.standing_of(name, fingerprint, now)
        known = state.validations.get((name, fingerprint))
        signer = f" Signed by {names.words(known.signed.signer)}." if known and known.signed else ""
        terminal.say(
            f"{name}  {fingerprint.id}  {fingerprint.words()}\n   "
            f"{standing.state}{' (open)' if standing.open else ''}: {standing.reason}{signer}"
        )


@validation.command()
@ledger_option
@_signal
@fingerprint_options
@as_option
@click.option(
    "--leave-out-overlap",
    is_flag=True,
    help="Leave out claims that were tuned on, which the evidence then says, instead of refusing.",
)
def submit(
    ledger_path: Path,
    signal: str,
    handle: str | None,
    leave_out_overlap: bool,
    **fingerprint: str | None,
) -> None:
    """Freeze the evidence for a fingerprint and submit it for a signature."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "validation.submitted", signal)
        named = known_fingerprint(office, signal, fingerprint)
        act, bundle = signing.submit(
            office,
            actor,
            signal,
            named,
            leave_out_overlap=leave_out_overlap,
        )
    terminal.evidence_lines(bundle)
    met = "every criterion is met" if bundle.met else "not every criterion is met"
    terminal.say(f"Entry {act.seq}: evidence {bundle.sha256[:12]} submitted; {met}.")


@validation.command()
@ledger_option
@_signal
@fingerprint_options
@as_option
@click.option("--meaning", required=True, help="What your signature means, in your words.")
@click.option("--until", metavar="DATE", default=None, help="As late as allowed unless given.")
def sign(
    ledger_path: Path,
    signal: str,
    handle: str | None,
    meaning: str,
    until: str | None,
    **fingerprint: str | None,
) -> None:
    """Sign the evidence that waits; it is recomputed once more before."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "validation.signed", signal)
        named = known_fingerprint(office, signal, fingerprint)
        act = signing.sign(
            office,
            actor,
            signal,
            named,
            meaning=meaning,
            until=None if until is None else _day(until),
        )
    terminal.say(f"Entry {act.seq}: signed (assurance: {actor.assurance}).")


@validation.command()
@ledger_option
@_signal
@fingerprint_options
@as_option
@click.option("--reason", required=True)
def reject(
    ledger_path: Path, signal: str, handle: str | None, reason: str, **fingerprint: str | None
) -> None:
    """Refuse to sign the evidence that waits."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "validation.rejected", signal)
        named = known_fingerprint(office, signal, fingerprint)
        act = signing.reject(office, actor, signal, named, reason=reason)
    terminal.say(f"Entry {act.seq}: rejected.")


@validation.command()
@ledger_option
@_signal
@fingerprint_options
@as_option
@click.option("--reason", required=True)
def stop(
    ledger_path: Path, signal: str, handle: str | None, reason: str, **fingerprint: str | None
) -> None:
    """Close the gate for a fingerprint at once; anybody known may."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "validation.suspended", signal)
        named = known_fingerprint(office, signal, fingerprint)
        act = signing.stop(office, actor, signal, named, reason=reason)
    terminal.say(f"Entry {act.seq}: stopped; its claims fall back from now on.")


@validation.command(name="ask-waiver")
@ledger_option
@_signal
@fingerprint_options
@as_option
@click.option("--reason", required=True)
@click.option("--until", metavar="DATE", required=True, help="At most 30 days ahead.")
def ask_waiver(
    ledger_path: Path,
    signal: str,
    handle: str | None,
    reason: str,
    until: str,
    **fingerprint: str | None,
) -> None:
    """Ask that an expired or suspended fingerprint may act until a date."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "waiver.requested", signal)
        named = known_fingerprint(office, signal, fingerprint)
        act = signing.request_waiver(
            office,
            actor,
            signal,
            named,
            reason=reason,
            until=_day(until),
        )
    terminal.say(f"Entry {act.seq}: asked; a risk approver other than you approves it.")


@validation.command(name="approve-waiver")
@ledger_option
@_signal
@fingerprint_options
@as_option
def approve_waiver(
    ledger_path: Path, signal: str, handle: str | None, **fingerprint: str | None
) -> None:
    """Approve the waiver that was asked for."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "waiver.approved", signal)
        named = known_fingerprint(office, signal, fingerprint)
        act = signing.approve_waiver(office, actor, signal, named)
    terminal.say(f"Entry {act.seq}: waived.")


@validation.command(name="ask-retirement")
@ledger_option
@_signal
@fingerprint_options
@as_option
@click.option("--reason", required=True)
def ask_retirement(
    ledger_path: Path, signal: str, handle: str | None, reason: str, **fingerprint: str | None
) -> None:
    """Ask that a fingerprint be retired for good."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "retirement.requested", signal)
        named = known_fingerprint(office, signal, fingerprint)
        act = signing.request_retirement(office, actor, signal, named, reason=reason)
    terminal.say(f"Entry {act.seq}: asked; a validator approves it.")


@validation.command(name="approve-retirement")
@ledger_option
@_signal
@fingerprint_options
@as_option
def approve_retirement(
    ledger_path: Path, signal: str, handle: str | None, **fingerprint: str | None
) -> None:
    """Retire a fingerprint for good."""
    with office_of(ledger_path) as office:
        actor = acting(office, handle, "retirement.approved", signal)
        named = known_fingerprint(office, signal, fingerprint)
        act = signing.approve_retirement(office, actor, signal, named)
    terminal.say(f"Entry {act.seq}: retired for good.")


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise LedgerError(f"{text!r} is not a date such as 2026-11-23.") from None
