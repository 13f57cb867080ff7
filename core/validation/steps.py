"""The steps of a validation as people take them: submit, sign, reject, stop, waive, retire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import duckdb

from core import __version__
from core.governance.advance import check
from core.governance.bodies.refusal import Refused
from core.governance.perform import Office
from core.governance.state import State
from core.governance.validations.lifecycle import NO_REASON
from core.ledger.errors import LedgerError
from core.queries.sums.validation_sample import KnownAt, newest_import
from core.trail.acts import Act, Actor, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation.evidence_bundle import Bundle
from core.validation.evidence_content import NothingToJudge, judgeable
from core.validation.tuning_leakage import TuningLeaked


def prepare(
    office: Office,
    signal: str,
    fingerprint: Fingerprint,
    *,
    leave_out_overlap: bool = False,
    untuned: bool = False,
) -> Bundle:
    """Freeze the evidence for a fingerprint as it is known now, without submitting it.

    Args:
        leave_out_overlap: leave out claims that were tuned on, which the evidence then says,
            instead of refusing.
        untuned: declare that no threshold, prompt or calibrator was chosen on the claims judged,
            which counts where no tuning split shows it.

    Raises:
        Refused: the signal is not registered.
        TuningLeaked: some of the evidence was tuned on.
    """
    state = office.state()
    entry = state.entries.get(signal)
    if entry is None:
        raise Refused(f"{signal} is not registered; write its entry and apply it first.")
    with office.ledger.cursor() as cursor:
        return evidence.freeze(
            cursor,
            entry.spec,
            fingerprint,
            at=office.now(),
            program=__version__,
            leave_out_overlap=leave_out_overlap,
            untuned=untuned,
        )


@dataclass(frozen=True)
class Unmeasurable:
    """Why a fingerprint's claims cannot be measured as they are.

    Attributes:
        leaked: claims that were tuned on; 0: there is no claim to judge.
    """

    leaked: int


def unfit(office: Office, signal: str, fingerprint: Fingerprint) -> Unmeasurable | None:
    """What measuring would be refused for, told before: a look at the claims, nothing measured.

    Returns:
        None where they can be measured, and for a signal that is not registered.
    """
    entry = office.state().entries.get(signal)
    if entry is None:
        return None
    with office.ledger.cursor() as cursor:
        known = KnownAt(office.now(), newest_import(cursor))
        truth = entry.spec.ground_truth
        try:
            judgeable(cursor, entry.spec, fingerprint, known, False, truth)
        except TuningLeaked as refusal:
            return Unmeasurable(refusal.overlap.n)
        except NothingToJudge:
            return Unmeasurable(0)
    return None


def submit(
    office: Office,
    actor: Actor,
    signal: str,
    fingerprint: Fingerprint,
    *,
    leave_out_overlap: bool = False,
    untuned: bool = False,
) -> tuple[Act, Bundle]:
    """Freeze the evidence and submit it for a signature.

    The state that is in force stays so: renewing is no outage.

    Args:
        actor: the owner or a deputy.
        leave_out_overlap, untuned: see `prepare`.

    Raises:
        Refused: not theirs to submit, or not in this state.
        TuningLeaked: some of the evidence was tuned on.
    """
    state = office.state()
    # Freezing takes seconds: who may not submit is told before.
    check(state, _submission(actor, signal, fingerprint, state, "0" * 64, True), office.now())
    bundle = prepare(
        office, signal, fingerprint, leave_out_overlap=leave_out_overlap, untuned=untuned
    )
    proposal = _submission(actor, signal, fingerprint, state, bundle.sha256, bundle.met)
    act = office.perform(proposal, lambda cursor, _act: evidence.store(cursor, bundle))
    return act, bundle


def _submission(
    actor: Actor,
    signal: str,
    fingerprint: Fingerprint,
    state: State,
    sha256: str,
    met: bool,
) -> Proposal:
    entry = state.entries.get(signal)
    return Proposal(
        "validation.submitted",
        actor,
        signal,
        fingerprint,
        {
            "evidence": sha256,
            "material_sha256": entry.material_sha256 if entry else "",
            "criteria_met": met,
            "author": actor.sub,
        },
    )


def proposed_signature(
    office: Office,
    actor: Actor,
    signal: str,
    fingerprint: Fingerprint,
    *,
    meaning: str,
    until: datetime | None = None,
    shown: str | None = None,
) -> Proposal:
    """The signature as it would stand in the trail, where it may be made now; see `sign`.

    Raises:
        Refused: not theirs to sign, no evidence waits, other evidence than was shown waits, or
            criteria are not met.
    """
    state, now = office.state(), office.now()
    entry, known = state.entries.get(signal), state.validations.get((signal, fingerprint))
    if entry is None or known is None or known.candidate is None:
        raise Refused(f"No evidence of {signal} waits for a signature for this fingerprint.")
    _refuse_unseen(shown, known.candidate.evidence)
    end = until or now + timedelta(days=entry.spec.validation.max_age_days)
    proposal = Proposal(
        "validation.signed",
        actor,
        signal,
        fingerprint,
        {"until": stamp(end)},
        Signature(meaning.strip(), known.candidate.evidence),
    )
    check(state, proposal, now)
    return proposal


def sign(
    office: Office,
    actor: Actor,
    signal: str,
    fingerprint: Fingerprint,
    *,
    meaning: str,
    until: datetime | None = None,
    shown: str | None = None,
    confirmed: datetime | None = None,
) -> Act:
    """Sign the evidence that waits, after it was recomputed from the ledger once more.

    Args:
        meaning: what the signature means, typed by the one who signs.
        until: when it ends; None: as late as the registry entry allows.
        shown: SHA-256 of the evidence that the validator was shown; None: whichever waits.
        confirmed: when the validator signed on once more for this; None: they did not.

    Raises:
        Refused: not theirs to sign, no evidence waits, other evidence than was shown waits,
            criteria are not met, or what was submitted no longer recomputes.
    """
    proposal = proposed_signature(
        office, actor, signal, fingerprint, meaning=meaning, until=until, shown=shown
    )
    assert proposal.signature is not None
    signed = proposal.signature.evidence
    if confirmed is not None:
        proposal = replace(proposal, body={**proposal.body, "confirmed": stamp(confirmed)})
    with office.ledger.cursor() as cursor:
        comparison = evidence.verify(cursor, signed)
    if not comparison.same:
        raise Refused(
            f"The evidence no longer recomputes from the ledger: {comparison.words} Submit "
            "new evidence."
        )
    return office.perform(proposal)


def _refuse_unseen(shown: str | None, waits: str) -> None:
    if shown not in (None, waits):
        raise Refused(
            f"The evidence that was shown ({str(shown)[:12]}) no longer waits; other evidence "
            f"({waits[:12]}) does. Read that first."
        )


def reject(
    office: Office,
    actor: Actor,
    signal: str,
    fingerprint: Fingerprint,
    *,
    reason: str,
    shown: str | None = None,
) -> Act:
    """Refuse to sign, with the reason.

    Args:
        shown: SHA-256 of the evidence that the validator was shown; None: whichever waits.

    Raises:
        Refused: not theirs to reject, nothing waits, or other evidence than was shown.
    """
    known = office.state().validations.get((signal, fingerprint))
    if known is not None and known.candidate is not None:
        _refuse_unseen(shown, known.candidate.evidence)
    return _said(office, "validation.rejected", actor, signal, fingerprint, reason=reason)


def stop(
    office: Office, actor: Actor, signal: str, fingerprint: Fingerprint, *, reason: str
) -> Act:
    """Close the gate for a fingerprint at once; anyone known may.

    Raises:
        Refused: it is not open, or the person is not known.
    """
    return _said(
        office, "validation.suspended", actor, signal, fingerprint, trigger="stop", reason=reason
    )


def request_waiver(
    office: Office,
    actor: Actor,
    signal: str,
    fingerprint: Fingerprint,
    *,
    reason: str,
    until: datetime,
) -> Act:
    """Ask that an expired or suspended fingerprint may act until a date.

    Raises:
        Refused: not theirs to ask, it was never validated, or the date is too far.
    """
    return _said(
        office, "waiver.requested", actor, signal, fingerprint, reason=reason, until=stamp(until)
    )


def proposed_waiver(
    office: Office, actor: Actor, signal: str, fingerprint: Fingerprint
) -> Proposal:
    """The approval of a waiver as it would stand in the trail; see `approve_waiver`.

    Raises:
        Refused: nothing was asked.
    """
    known = office.state().validations.get((signal, fingerprint))
    if known is None or known.pending_waiver is None:
        raise Refused("No waiver was asked for.")
    until = stamp(known.pending_waiver.until)
    return Proposal("waiver.approved", actor, signal, fingerprint, {"until": until})


def approve_waiver(office: Office, actor: Actor, signal: str, fingerprint: Fingerprint) -> Act:
    """Approve the waiver that was asked for.

    Raises:
        Refused: not theirs to approve, or nothing was asked.
    """
    return office.perform(proposed_waiver(office, actor, signal, fingerprint))


def request_retirement(
    office: Office, actor: Actor, signal: str, fingerprint: Fingerprint, *, reason: str
) -> Act:
    """Ask that a fingerprint be retired for good.

    Raises:
        Refused: not theirs to ask.
    """
    return _said(office, "retirement.requested", actor, signal, fingerprint, reason=reason)


def proposed_retirement(
    _office: Office, actor: Actor, signal: str, fingerprint: Fingerprint
) -> Proposal:
    """The approval of a retirement as it would stand in the trail."""
    return Proposal("retirement.approved", actor, signal, fingerprint)


def approve_retirement(office: Office, actor: Actor, signal: str, fingerprint: Fingerprint) -> Act:
    """Retire a fingerprint for good.

    Raises:
        Refused: not theirs to approve, or nothing was asked.
    """
    return office.perform(proposed_retirement(office, actor, signal, fingerprint))


def evidence_named(cursor: duckdb.DuckDBPyConnection, beginnings: Sequence[str]) -> tuple[str, ...]:
    """SHA-256 of the bundles that were ever submitted and begin with one of these; all, without.

    Raises:
        LedgerError: a beginning that fits none.
    """
    rows = cursor.execute("SELECT sha256 FROM evidence ORDER BY sha256").fetchall()
    known = tuple(str(sha) for (sha,) in rows)
    for one in beginnings:
        if not any(sha.startswith(one.lower()) for sha in known):
            raise LedgerError(f"No evidence begins with {one!r}; {len(known)} bundles are known.")
    wanted = tuple(one.lower() for one in beginnings)
    return tuple(sha for sha in known if not wanted or sha.startswith(wanted))


def _said(
    office: Office,
    kind: str,
    actor: Actor,
    signal: str,
    fingerprint: Fingerprint,
    **body: str,
) -> Act:
    if "reason" in body and not body["reason"].strip():
        raise Refused(NO_REASON)
    return office.perform(Proposal(kind, actor, signal, fingerprint, body))
