"""The gate: may this confidence act? Its answer is worked out anew each time, and fails closed."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import duckdb

from core.gate.questions import Question, unsure_words
from core.governance.perform import Office
from core.governance.state import State
from core.ledger.damage import FileWatch, change_mark
from core.ledger.errors import LedgerError
from core.registry.escalation_rules import ACTIONS, Action, Compiled, Rules, compile_rules
from core.trail.acts import stamp

#: The rule, and what is done, where there is no rule to follow or none that can be read.
FAIL_CLOSED = "builtin:fail-closed"
FAIL_ACTION: Action = "review"
#: A clock that is further behind what is written down than this is worth a word.
_CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True)
class Decision:
    """The gate's answer, as it is given, logged and later shown beside the claim.

    Attributes:
        decision_id: what it is known by.
        decided_at: UTC without zone.
        action: what may be done.
        rule: the rule that says so.
        reason: why, in a sentence.
        state: of the fingerprint's validation, recomputed for this answer; None: no entry.
        ppm: the confidence in whole millionths; None where it was none.
        registry_version: SHA-256 of the registry entry it rests on; None: no entry.
        trail_size: entries of the trail it rests on.
    """

    decision_id: str
    decided_at: datetime
    question: Question
    action: Action
    rule: str
    reason: str
    state: str | None
    ppm: int | None
    registry_version: str | None
    trail_size: int

    def as_json(self) -> dict[str, Any]:
        """What the command line prints and HTTP answers."""
        asked = self.question
        return {
            "decision_id": self.decision_id,
            "at": stamp(self.decided_at),
            "signal": asked.signal,
            "event_id": asked.event_id,
            "action": self.action,
            "rule": self.rule,
            "reason": self.reason,
            "state": self.state,
            "fingerprint": asked.fingerprint.id,
            "registry_version": self.registry_version,
            "trail_size": self.trail_size,
        }


@dataclass(frozen=True)
class _Snapshot:
    """What the gate knows between two changes of the file."""

    mark: tuple[object, ...]
    state: State
    rules: Mapping[str, Compiled]


class Gate:
    """Answers from the replayed trail; a change of state is honoured by the very next answer.

    Whether the trail has changed is asked of the file itself each time: every commit moves the
    size or the time of the ledger or of its write-ahead log. A file that changed in a way that the
    database does not change it closes the gate until the program is started anew.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._snapshot: _Snapshot | None = None
        self._latest: datetime | None = None
        self._changing = threading.Lock()
        path = office.ledger.path
        self._watch = None if path is None else FileWatch(path)

    def decide(self, question: Question) -> Decision:
        """The answer to one question, for any input; it never raises."""
        return self._decided(question, None)

    def at_hand(self) -> Callable[[Question], Decision] | None:
        """Answers the questions of this moment, with nothing to read; None: something was written.

        To be used at once: it knows of no change that comes after.
        """
        known = self._snapshot
        try:
            mark = change_mark(self._office.ledger.path)
        except OSError:
            return None
        if known is None or mark is None or known.mark != mark:
            return None
        return lambda question: self._decided(question, known)

    def _decided(self, question: Question, known: _Snapshot | None) -> Decision:
        clock = self._office.clock()
        now = max(clock, self._latest or clock)
        try:
            known = known or self._known()
            # A clock set back reopens nothing that has expired under this gate's eyes, or in the
            # trail or the log before it was started.
            now = max(now, known.state.last_at, self._latest or now)
            self._latest = now
            return _answer(question, known, now, clock)
        except Exception as error:
            why = str(error) if isinstance(error, LedgerError) else "the registry cannot be read."
            return closed(question, now, f"Fails closed: {why}")

    def _known(self) -> _Snapshot:
        mark = change_mark(self._office.ledger.path)
        known = self._snapshot
        if known is not None and mark is not None and known.mark == mark:
            return known
        with self._changing, self._office.ledger.cursor() as cursor:
            if self._watch is not None:
                self._watch.check(cursor)
            if self._latest is None:
                self._latest = newest_decision(cursor)
            state = self._office.state()
            rules = known.rules if known is not None and known.state is state else _compiled(state)
            # The mark was taken before the reading, so a commit in between is seen next time.
            self._snapshot = _Snapshot(mark or (), state, rules)
            return self._snapshot


def _compiled(state: State) -> dict[str, Compiled]:
    """The rules of every entry, ready to run; those that cannot be are left out."""
    found = {}
    for name, entry in state.entries.items():
        with suppress(ValueError):
            found[name] = compile_rules(entry.spec.rules)
    return found


def _answer(question: Question, known: _Snapshot, now: datetime, clock: datetime) -> Decision:
    state = known.state
    entry = None if question.signal is None else state.entries.get(question.signal)
    if question.faults:
        why = f"Fails closed: {' '.join(question.faults)}"
        action = FAIL_ACTION if entry is None else _strictest_fallback(entry.spec.rules)
        return closed(question, now, why, trail_size=state.size, action=action)
    if entry is None:
        which = (
            "No signal was named" if question.signal is None else "This signal is not registered"
        )
        return closed(question, now, f"{which}: nothing says what its confidence may decide.",
                      trail_size=state.size)  # fmt: skip
    standing = state.standing_of(entry.spec.name, question.fingerprint, now)
    rules = known.rules.get(entry.spec.name)
    if rules is None:
        why = "Fails closed: this signal's rules cannot be run."
        return closed(question, now, why, trail_size=state.size)
    answer = rules(question.confidence, question.segments, may_act=standing.open)
    reason = _reason(answer.rule, answer.ppm, standing.reason)
    if answer.unsure:
        reason += f" {unsure_words(question, answer.unsure)}"
    if not standing.open and now - clock > _CLOCKS_DIFFER:
        reason += (
            f" This machine's clock says {clock:%Y-%m-%d %H:%M} UTC, but the trail or the log of "
            f"decisions has already reached {now:%Y-%m-%d %H:%M} UTC, and the later time counts."
        )
    return Decision(
        decision_id=_new_id(),
        decided_at=now,
        question=question,
        action=answer.action,
        rule=answer.rule,
        reason=reason,
        state=standing.state,
        ppm=answer.ppm,
        registry_version=entry.spec_sha256,
        trail_size=state.size,
    )


def _strictest_fallback(rules: Rules) -> Action:
    """What is done where nothing of a question is certain: the most careful of the fallbacks."""
    several = (FAIL_ACTION, rules.unvalidated, rules.missing, rules.invalid)
    return max(several, key=ACTIONS.index)


def closed(
    question: Question,
    now: datetime,
    why: str,
    *,
    trail_size: int = 0,
    action: Action = FAIL_ACTION,
) -> Decision:
    """The answer where there is no rule to follow, or none that can be read."""
    return Decision(
        decision_id=_new_id(),
        decided_at=now,
        question=question,
        action=action,
        rule=FAIL_CLOSED,
        reason=why,
        state=None,
        ppm=None,
        registry_version=None,
        trail_size=trail_size,
    )


def refusal(why: str) -> dict[str, str]:
    """What a caller does who could not be answered: no decision, so nothing of it is logged."""
    return {"action": FAIL_ACTION, "rule": FAIL_CLOSED, "reason": why}


def _reason(rule: str, ppm: int | None, standing: str) -> str:
    if not rule.startswith("fallback:"):
        assert ppm is not None
        return f"Stated {ppm / 1e6:.6g}; rule {rule}."
    reasons = []
    if "invalid" in rule:
        reasons.append("What was stated is no confidence in [0, 1].")
    if "missing" in rule:
        reasons.append("No confidence was stated.")
    if "unvalidated" in rule:
        reasons.append(standing)
    return " ".join(reasons)


_ids = threading.local()


def _new_id() -> str:
    # One read of the system's randomness serves many answers.
    pool: str = getattr(_ids, "pool", "")
    if not pool:
        pool = secrets.token_hex(8 * 256)
    _ids.pool = pool[16:]
    return f"d-{pool[:16]}"


def newest_decision(cursor: duckdb.DuckDBPyConnection) -> datetime | None:
    """The latest time of a logged answer, UTC without zone; None without any."""
    row = cursor.execute("SELECT max(decided_at) FROM decisions").fetchone()
    return None if row is None else row[0]
