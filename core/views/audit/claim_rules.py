"""Under which rules a claim was made: the registry entry, its validation and the gate's answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.events import PPM
from core.gate.decision_log import LoggedDecision, decisions_of_event
from core.gate.gate import FAIL_CLOSED
from core.governance.advance import replay
from core.governance.replay import Replay
from core.governance.state import State
from core.governance.validations.lifecycle import STEPS
from core.ledger.errors import LedgerError
from core.queries.claims.claim_history import ClaimRecord
from core.sentences.acts import state_words
from core.trail import log as trail
from core.trail.acts import Act
from core.trail.fingerprint import Fingerprint

#: As many answers of the gate about one claim are listed.
ANSWERS = 10

_DONE = {
    "automate": "acted on without a person",
    "review": "put before a person",
    "escalate": "escalated",
}


@dataclass(frozen=True)
class GateAnswer:
    """One answer of the gate about the claim.

    Attributes:
        decision_id: what it is known by.
        at: when, UTC without zone.
        action: automate, review or escalate.
        rule: the rule that says so.
        reason: why, in a sentence.
        state: of the validation then, in words; what to say instead where there was none.
        entry: the act that set the registry entry it rests on; None where there was none.
        otherwise: what about it does not fit the claim, in sentences.
    """

    decision_id: str
    at: datetime
    action: str
    rule: str
    reason: str
    state: str
    entry: int | None
    otherwise: tuple[str, ...]


@dataclass(frozen=True)
class Governed:
    """What was in force for a claim.

    Attributes:
        then: which registry entry was in force when it was made, and how its fingerprint stood, in
            a sentence; or that nothing was, or cannot be told.
        entry: the act that set that entry; None where there was none.
        last_act: the last act about the claim's fingerprint before it was made; None likewise.
        asked: that the gate was asked, or not, in a sentence; empty where nothing is registered.
        answers: the newest first.
        followed: whether what was done is what the gate answered, in a sentence; empty where
            either is not known.
        differs: whether it is not.
    """

    then: str
    entry: int | None = None
    last_act: int | None = None
    asked: str = ""
    answers: tuple[GateAnswer, ...] = ()
    followed: str = ""
    differs: bool = False


def governed(cursor: duckdb.DuckDBPyConnection, record: ClaimRecord) -> Governed:
    """What was in force when a claim was made, and what the gate answered about it.

    The trail is replayed up to the claim's own time; where it is broken, that is said instead.
    """
    decisions = decisions_of_event(cursor, record.signal, record.event_id)
    try:
        state = Replay().caught_up(cursor)
        acts = trail.acts(cursor) if record.signal in state.entries else ()
        then, entry, last = _then(record, state, acts)
    except LedgerError as error:
        return _with(decisions, record, None, Governed(f"What was in force is not known. {error}"))
    return _with(decisions, record, state, Governed(then, entry, last))


def _then(
    record: ClaimRecord, state: State, acts: Sequence[Act]
) -> tuple[str, int | None, int | None]:
    """In a sentence; the act that set the entry; the last act about the fingerprint."""
    signal = record.signal
    if signal not in state.entries:
        return "This signal is not registered: no rule was in force for it.", None, None
    entry = state.entry_at(signal, record.ts)
    if entry is None:
        first = state.history[signal][0]
        return (
            "This signal was not registered when the claim was made; its first entry is of "
            f"{first.at:%Y-%m-%d %H:%M} UTC.",
            None,
            None,
        )
    earlier = [act for act in acts if act.at <= record.ts]
    fingerprint = Fingerprint.of(record.fields)
    standing = replay(earlier).standing_of(signal, fingerprint, record.ts)
    about = [
        act.seq
        for act in earlier
        if act.kind in STEPS and act.signal == signal and act.fingerprint == fingerprint
    ]
    gate = "could act by the rules" if standing.open else "was bound to the fallback"
    return (
        f"When it was made, the registry entry of {entry.at:%Y-%m-%d %H:%M} UTC was in force and "
        f"its fingerprint was {_stood(standing.state)}: it {gate}. {standing.reason}",
        entry.seq,
        about[-1] if about else None,
    )


def _stood(state: str) -> str:
    return "a draft" if state == "draft" else state_words(state)


def _with(
    decisions: Sequence[LoggedDecision], record: ClaimRecord, state: State | None, so_far: Governed
) -> Governed:
    """What is known already, and what the gate answered."""
    registered = state is None or record.signal in state.entries
    if not decisions:
        asked = "The gate was not asked about this claim." if registered else ""
        return Governed(so_far.then, so_far.entry, so_far.last_act, asked)
    n = len(decisions)
    times = "once" if n == 1 else f"{n} times, the newest answer first"
    more = f"; the newest {ANSWERS} are listed" if n > ANSWERS else ""
    followed, differs = _followed(decisions, record)
    return Governed(
        then=so_far.then,
        entry=so_far.entry,
        last_act=so_far.last_act,
        asked=f"The gate was asked about this claim {times}{more}.",
        answers=tuple(_answer(one, record, state) for one in decisions[:ANSWERS]),
        followed=followed,
        differs=differs,
    )


def _answer(one: LoggedDecision, record: ClaimRecord, state: State | None) -> GateAnswer:
    entries = () if state is None else state.history.get(record.signal, ())
    # The answer rests on so many entries of the trail, whatever the clocks said.
    seqs = [entry.seq for entry in entries if entry.seq < one.trail_size]
    nothing = "the gate failed closed" if one.rule == FAIL_CLOSED else "nothing registered"
    return GateAnswer(
        decision_id=one.decision_id,
        at=one.decided_at,
        action=one.action,
        rule=one.rule,
        reason=one.reason,
        state=nothing if one.state is None else state_words(one.state),
        entry=seqs[-1] if seqs and one.state is not None else None,
        otherwise=tuple(_otherwise(one, record)),
    )


def _otherwise(one: LoggedDecision, record: ClaimRecord) -> list[str]:
    """What the gate was asked that the claim does not say."""
    found = []
    stated = record.confidence_ppm
    if one.ppm != stated:
        given = "nothing" if one.confidence is None else one.confidence
        claim = "none" if stated is None else f"{stated / PPM:.6g}"
        found.append(f"The gate was asked with the confidence {given}; the claim states {claim}.")
    try:
        fingerprint = Fingerprint.of(json.loads(one.fingerprint))
    except (ValueError, AttributeError):
        return found
    if fingerprint != Fingerprint.of(record.fields):
        found.append(
            f"The gate was asked about the fingerprint {fingerprint.words()}; the claim was made "
            f"by {Fingerprint.of(record.fields).words()}."
        )
    return found


def _followed(decisions: Sequence[LoggedDecision], record: ClaimRecord) -> tuple[str, bool]:
    done = record.fields["action"]
    answers = list(dict.fromkeys(one.action for one in decisions))
    if done is None:
        return (
            "What was done was not logged, so whether the answer was followed is not known.",
            False,
        )
    was = _DONE.get(done, f"logged as {done}")
    if done == decisions[0].action:
        return f"It was {was}, as the gate answered.", False
    if done in answers:
        return (
            f"It was {was}, as an earlier answer had it; the gate's last answer is "
            f"{decisions[0].action}.",
            True,
        )
    return f"It was {was}, though the gate answered {' and '.join(answers)}.", True
