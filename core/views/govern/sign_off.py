"""The Sign-off page: the evidence, the criteria met and missed, and the signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import duckdb

from core.gate.consequence import consequence
from core.governance.state import State
from core.governance.validations.lifecycle import STEPS
from core.governance.validations.records import Validation
from core.governance.validations.standing import at_time
from core.ledger.errors import LedgerError
from core.sentences.acts import Names, moved, sentence, state_words
from core.sentences.consequence import consequence_words
from core.sentences.cut_origin import origin_of
from core.sentences.evidence import EvidenceView, evidence_view
from core.trail import act_search as search
from core.trail.acts import Act, moment
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation.evidence_bundle import Bundle
from core.validation.evidence_diff import changes
from core.views.govern.sign_off_next import next_step

#: As many acts about a signal's validations are looked through, the newest.
_ACTS = 2_000

#: What an assurance means, as it stands beside a signature.
ASSURANCE_WORDS: Mapping[str, str] = {
    "none": "assurance: none – nobody signed on; a gate in production mode does not accept it",
    "signed-on": "assurance: signed-on",
    "re-authenticated": "assurance: re-authenticated – signed on, and asked again just before",
}

#: Which bundle is shown: one that waits, the one in force or last signed, one that was submitted
#: and is neither, one measured just now and not submitted, or none.
Shown = Literal["candidate", "signed", "submitted", "measured", "nothing"]


@dataclass(frozen=True)
class Done:
    """One act of the past.

    Attributes:
        seq: its entry in the trail.
        at: when, UTC without zone.
        who: by name.
        what: in a sentence without who.
        moved: from which state to which.
    """

    seq: int
    at: datetime
    who: str
    what: str
    moved: str


@dataclass(frozen=True)
class PastSignature:
    """One signature of the past.

    Attributes:
        seq: its entry in the trail.
        at, until: when it was made, and until when it holds.
        who: by name.
        meaning: what they typed.
        assurance: how it is known that it was they, spelled out.
        evidence: SHA-256 of what was signed.
    """

    seq: int
    at: datetime
    until: datetime
    who: str
    meaning: str
    assurance: str
    evidence: str


@dataclass(frozen=True)
class Waiting:
    """A waiver or a retirement that was asked for: by whom, when, why; a waiver also until when."""

    who: str
    at: datetime
    reason: str
    until: datetime | None = None


@dataclass(frozen=True)
class SignoffView:
    """One fingerprint of one signal.

    Attributes:
        signal: its name.
        fingerprint: which.
        decision: what the signal's confidence decides; None: not registered.
        state: of its validation, in words.
        open: whether its claims may act.
        reason: why, in a sentence.
        until: when what is in force ends.
        next_step: what can be done next and by whom, in sentences.
        shown: which bundle is shown.
        shown_words: what that bundle is, in a sentence.
        evidence: it, in words; None: there is none, or it cannot be read.
        fault: why it cannot be read; None: it can.
        compared: what the evidence is compared with; None: there is nothing to compare with.
        changes: what changed since then, in sentences.
        waits: SHA-256 of the evidence that waits for a signature; None: none does.
        renewal: whether what waits would renew what is in force.
        waiver, retirement: that were asked for.
        waivable: whether a waiver may be asked for in this state.
        final: whether it was retired.
        log_only: whether its entry says that nothing may act on it, so that nothing is judged.
        sign_until: the last day that a signature may name.
        waive_until: the last day that a waiver may name.
        origin: where the cuts of the entry in force come from, in a sentence; "" without one.
        consequence: what a signature would let happen, in sentences; none where nothing waits.
        history: every act about it, the newest first.
        signatures: every signature, the newest first.
    """

    signal: str
    fingerprint: Fingerprint
    decision: str | None
    state: str
    open: bool
    reason: str
    until: datetime | None
    next_step: tuple[str, ...]
    shown: Shown
    shown_words: str
    evidence: EvidenceView | None
    fault: str | None
    compared: str | None
    changes: tuple[str, ...]
    waits: str | None
    renewal: bool
    waiver: Waiting | None
    retirement: Waiting | None
    waivable: bool
    final: bool
    log_only: bool
    sign_until: date | None
    waive_until: date | None
    origin: str
    consequence: tuple[str, ...]
    history: tuple[Done, ...]
    signatures: tuple[PastSignature, ...]


def signoff_view(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    names: Names,
    signal: str,
    fingerprint: Fingerprint,
    now: datetime,
    *,
    measured: Bundle | None = None,
) -> SignoffView:
    """Assemble the page for one fingerprint.

    Args:
        signal: its signal, registered or not.
        measured: a bundle that was measured just now and not submitted; it is shown unless one
            waits for a signature.
    """
    now = max(now, state.last_at)
    entry = state.entries.get(signal)
    standing = state.standing_of(signal, fingerprint, now)
    known = state.validations.get((signal, fingerprint))
    one = at_time(known, now) if known else None
    acts = _acts_about(cursor, signal)
    mine = tuple(act for act in acts if act.fingerprint == fingerprint)
    shown, sha256, said = _which(one, mine, names, measured)
    bundle, fault = (measured, None) if shown == "measured" else _loaded(cursor, sha256)
    compared, changed = _since_last(cursor, acts, fingerprint, bundle, names)
    context = state.context(signal, now) if entry else None
    candidate = one.candidate if one else None
    origin = origin_of(cursor, state, signal)
    logged = entry is not None and entry.spec.log_only and standing.state != "retired"
    return SignoffView(
        signal=signal,
        fingerprint=fingerprint,
        decision=entry.spec.decision if entry else None,
        state="log only" if logged else state_words(standing.state),
        open=standing.open,
        reason=standing.reason,
        until=standing.until,
        next_step=next_step(state, signal, one, standing, context, names, now),
        shown=shown,
        shown_words=said,
        evidence=None if bundle is None else evidence_view(bundle),
        fault=fault,
        compared=compared,
        changes=changed,
        waits=candidate.evidence if candidate else None,
        renewal=bool(candidate and standing.state in ("validated", "waived")),
        waiver=_waiver(one, names),
        retirement=_retirement(one, names),
        waivable=bool(one and one.ever_validated and one.state in ("suspended", "expired")),
        final=standing.state == "retired",
        log_only=logged,
        sign_until=_last_day(now, context.max_age_days) if context else None,
        waive_until=_last_day(now, context.waiver_days) if context else None,
        origin="" if origin is None else origin.words,
        consequence=()
        if entry is None or candidate is None
        else consequence_words(consequence(cursor, entry.spec, fingerprint, now)),
        history=tuple(_done(act, names) for act in mine),
        signatures=tuple(_signature(act, names) for act in mine if act.signature is not None),
    )


def _last_day(now: datetime, days: int) -> date:
    """The last day whose first moment is not too late."""
    return (now + timedelta(days=days)).date()


def _acts_about(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[Act, ...]:
    """The acts about validations of a signal, the newest first."""
    asked = search.ActSearch(signal=signal, kinds=tuple(sorted(STEPS)))
    found = search.found(cursor, asked, limit=_ACTS)
    return tuple(one.act for one in found if one.act is not None)


def _which(
    one: Validation | None, mine: Sequence[Act], names: Names, measured: Bundle | None
) -> tuple[Shown, str | None, str]:
    """Which bundle is shown, its hash, and what it is."""
    if one is not None and one.candidate is not None:
        waits = one.candidate
        who = names.person(waits.submitted_by)
        return (
            "candidate",
            waits.evidence,
            f"This evidence waits for a signature. {who} submitted it on {_minute(waits.at)}.",
        )
    if measured is not None:
        said = f"Measured just now, as known at {_minute(measured.at)}, and not submitted."
        return "measured", measured.sha256, said
    last = next((act for act in mine if act.kind == "validation.submitted"), None)
    rejected = one is not None and one.rejection is not None
    if last is not None and (rejected or one is None or one.signed is None):
        became = "was rejected" if rejected else "was sent back"
        said = f"This evidence of {_minute(last.at)} {became}; nothing waits for a signature."
        return "submitted", str(last.body["evidence"]), said
    if one is not None and one.signed is not None:
        signed = one.signed
        said = f"The last evidence signed, by {names.person(signed.signer)} on {_minute(signed.at)}"
        return "signed", signed.evidence, f"{said}; nothing waits for a signature."
    return "nothing", None, "No evidence was submitted for this fingerprint yet."


def _loaded(
    cursor: duckdb.DuckDBPyConnection, sha256: str | None
) -> tuple[Bundle | None, str | None]:
    """The bundle of a hash, or why there is none."""
    if sha256 is None:
        return None, None
    try:
        found = evidence.load(cursor, sha256)
        if found is None:
            return None, (
                f"The ledger no longer holds the evidence {sha256}. Restore it from a backup, or "
                "submit new evidence; nothing is signed unseen."
            )
        # What cannot be read is found out here, and not in the middle of the page.
        evidence_view(found)
    except LedgerError as error:
        return None, str(error)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None, f"The evidence {sha256} cannot be read; it is no bundle of this program."
    return found, None


def _since_last(
    cursor: duckdb.DuckDBPyConnection,
    acts: Sequence[Act],
    fingerprint: Fingerprint,
    shown: Bundle | None,
    names: Names,
) -> tuple[str | None, tuple[str, ...]]:
    """What changed since the signature before, preferably of the same fingerprint."""
    if shown is None:
        return None, ()
    signed = [
        act
        for act in acts
        if act.signature is not None
        and act.signature.evidence != shown.sha256
        and act.at < _signed_at(acts, shown)
    ]
    signed.sort(key=lambda act: act.fingerprint != fingerprint)
    if not signed:
        return None, ()
    last = signed[0]
    assert last.signature is not None
    before, fault = _loaded(cursor, last.signature.evidence)
    of = "" if last.fingerprint == fingerprint or last.fingerprint is None else (
        f" for {last.fingerprint.words()}"
    )  # fmt: skip
    said = f"the evidence that {names.person(last.actor.sub)} signed on {_minute(last.at)}{of}"
    if before is None:
        return said, (fault or "",)
    return said, changes(before, shown)


def _signed_at(acts: Sequence[Act], shown: Bundle) -> datetime:
    """When the shown evidence was signed; any later time where it was not."""
    return next(
        (
            act.at
            for act in acts
            if act.signature is not None and act.signature.evidence == shown.sha256
        ),
        datetime.max,
    )


def _done(act: Act, names: Names) -> Done:
    # The page is about one fingerprint: it is not named in every line.
    about = f"{act.signal} for {act.fingerprint.words() if act.fingerprint else ''}"
    what = sentence(act, names).replace(f" of {about}", "", 1).replace(about, "it", 1)
    return Done(act.seq, act.at, names.person(act.actor.sub), what, moved(act))


def _signature(act: Act, names: Names) -> PastSignature:
    assert act.signature is not None
    return PastSignature(
        seq=act.seq,
        at=act.at,
        until=moment(act.body["until"]),
        who=names.person(act.actor.sub),
        meaning=act.signature.meaning,
        assurance=ASSURANCE_WORDS[act.actor.assurance],
        evidence=act.signature.evidence,
    )


def _waiver(one: Validation | None, names: Names) -> Waiting | None:
    asked = one.pending_waiver if one else None
    if asked is None:
        return None
    return Waiting(names.person(asked.requester), asked.at, asked.reason, asked.until)


def _retirement(one: Validation | None, names: Names) -> Waiting | None:
    asked = one.pending_retirement if one else None
    if asked is None:
        return None
    return Waiting(names.person(asked.by), asked.at, asked.reason)


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
