"""`calledger validation`: measured, submitted, signed; stopped at once where need be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from core.governance.people.names import directory
from core.ledger.errors import LedgerError
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from core.validation.held_out import DECLARATION
from dashboard import terminal
from dashboard.cli.options import fingerprint_options, ledger_option
from dashboard.cli.shared import (
    acting,
    as_option,
    known_fingerprint,
    office_of,
)

T = TypeVar("T")

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


def _of_a_fingerprint(command: Callable[..., None]) -> Callable[..., None]:
    """Which ledger, signal and fingerprint, and for whom; a command hands it on to `_done`."""
    for option in (as_option, fingerprint_options, _signal, ledger_option):
        command = option(command)
    return command


def _done(perform: Callable[..., T], kind: str, of: dict[str, Any], **more: object) -> T:
    """Do a step for the person that a command acts for.

    Args:
        of: what `_of_a_fingerprint` asks.
        more: what the step takes besides.
    """
    ledger_path, signal, handle = (of.pop(name) for name in ("ledger_path", "signal", "handle"))
    with office_of(ledger_path) as office:
        actor = acting(office, handle, kind, signal)
        return perform(office, actor, signal, known_fingerprint(office, signal, of), **more)


@validation.command()
@_of_a_fingerprint
@click.option(
    "--leave-out-overlap",
    is_flag=True,
    help="Leave out claims that were tuned on (the evidence says so) instead of refusing.",
)
@click.option(
    "--untuned",
    is_flag=True,
    help=f"Declare that {DECLARATION}: part of what is signed, and asked for where no tuning split "
    "shows it.",
)
def submit(leave_out_overlap: bool, untuned: bool, **of: Any) -> None:
    """Freeze the evidence for a fingerprint and submit it for a signature."""
    act, bundle = _done(
        signing.submit,
        "validation.submitted",
        of,
        leave_out_overlap=leave_out_overlap,
        untuned=untuned,
    )
    terminal.evidence_lines(bundle)
    met = "every criterion is met" if bundle.met else "not every criterion is met"
    terminal.say(f"Entry {act.seq}: evidence {bundle.sha256[:12]} submitted; {met}.")


@validation.command()
@_of_a_fingerprint
@click.option("--meaning", required=True, help="What your signature means, in your words.")
@click.option("--until", metavar="DATE", default=None, help="The latest day allowed, unless given.")
def sign(meaning: str, until: str | None, **of: Any) -> None:
    """Sign the evidence that waits; it is recomputed once more before."""
    latest = None if until is None else _day(until)
    act = _done(signing.sign, "validation.signed", of, meaning=meaning, until=latest)
    terminal.say(f"Entry {act.seq}: signed (assurance: {act.actor.assurance}).")


@validation.command()
@_of_a_fingerprint
@click.option("--reason", required=True)
def reject(reason: str, **of: Any) -> None:
    """Refuse to sign the evidence that waits."""
    act = _done(signing.reject, "validation.rejected", of, reason=reason)
    terminal.say(f"Entry {act.seq}: rejected.")


@validation.command()
@_of_a_fingerprint
@click.option("--reason", required=True)
def stop(reason: str, **of: Any) -> None:
    """Close the gate for a fingerprint at once; anybody known may."""
    act = _done(signing.stop, "validation.suspended", of, reason=reason)
    terminal.say(f"Entry {act.seq}: stopped; its claims fall back from now on.")


@validation.command(name="ask-waiver")
@_of_a_fingerprint
@click.option("--reason", required=True)
@click.option("--until", metavar="DATE", required=True, help="At most 30 days ahead.")
def ask_waiver(reason: str, until: str, **of: Any) -> None:
    """Ask that an expired or suspended fingerprint may act until a date."""
    act = _done(signing.request_waiver, "waiver.requested", of, reason=reason, until=_day(until))
    terminal.say(f"Entry {act.seq}: asked; a risk approver other than you approves it.")


@validation.command(name="approve-waiver")
@_of_a_fingerprint
def approve_waiver(**of: Any) -> None:
    """Approve the waiver that was asked for."""
    act = _done(signing.approve_waiver, "waiver.approved", of)
    terminal.say(f"Entry {act.seq}: waived.")


@validation.command(name="ask-retirement")
@_of_a_fingerprint
@click.option("--reason", required=True)
def ask_retirement(reason: str, **of: Any) -> None:
    """Ask that a fingerprint be retired for good."""
    act = _done(signing.request_retirement, "retirement.requested", of, reason=reason)
    terminal.say(f"Entry {act.seq}: asked; a validator approves it.")


@validation.command(name="approve-retirement")
@_of_a_fingerprint
def approve_retirement(**of: Any) -> None:
    """Retire a fingerprint for good."""
    act = _done(signing.approve_retirement, "retirement.approved", of)
    terminal.say(f"Entry {act.seq}: retired for good.")


def _day(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise LedgerError(f"{text!r} is not a date such as 2026-11-23.") from None
