"""The gate: may this confidence act? Its answer is worked out anew each time, and fails closed."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.events import SEGMENT_PREFIX, SEGMENTS_OBJECT
from core.govern.acts import stamp
from core.govern.escalation import Action, Compiled, compile_rules
from core.govern.fingerprint import FIELDS, Fingerprint
from core.govern.office import Office
from core.govern.state import State
from core.store.errors import LedgerError

#: The rule, and what is done, where there is no rule to follow or none that can be read.
FAIL_CLOSED = "builtin:fail-closed"
FAIL_ACTION: Action = "review"

#: As many characters of what was given for a confidence are kept.
_KEPT = 80


@dataclass(frozen=True)
class Question:
    """What the production system asks: the fields of a claim, as they are at hand.

    Attributes:
        signal: the signal's name; None where none, or no text, was given.
        event_id: what the claim will be known by; the answer joins it when it arrives.
        confidence: whatever was given; None: nothing.
        fingerprint: the versions and the elicitation that made it.
        segments: dimension → value.
    """

    signal: str | None
    event_id: str | None
    confidence: object
    fingerprint: Fingerprint
    segments: Mapping[str, str]

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Question:
        """Read a claim's fields as `core.events` names them; what is not known is left alone."""
        signal, event_id = fields.get("signal"), fields.get("event_id")
        found = {name: _text(fields.get(name)) for name in FIELDS}
        order = found["elicitation_order"]
        found["elicitation_order"] = order.lower() if order else None
        inner = fields.get(SEGMENTS_OBJECT)
        segments = {
            name: text
            for name, value in (inner.items() if isinstance(inner, Mapping) else ())
            if (text := _text(value)) is not None
        }
        for name, value in fields.items():
            if name.startswith(SEGMENT_PREFIX) and (text := _text(value)) is not None:
                segments[name[len(SEGMENT_PREFIX) :]] = text
        return cls(
            signal=signal if isinstance(signal, str) and signal else None,
            event_id=_text(event_id),
            confidence=fields.get("confidence"),
            fingerprint=Fingerprint.of(found),
            segments=segments,
        )


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

    @property
    def given(self) -> str | None:
        """The confidence as it was given, shortened; None: nothing was."""
        value = self.question.confidence
        return None if value is None else str(value)[:_KEPT]


@dataclass(frozen=True)
class _Snapshot:
    """What the gate knows between two changes of the file."""

    mark: tuple[object, ...]
    state: State
    rules: Mapping[str, Compiled]


class Gate:
    """Answers from the replayed trail; a change of state is honoured by the very next answer.

    Whether the trail has changed is asked of the file itself each time: every commit moves the
    size or the time of the ledger or of its write-ahead log.
    """

    def __init__(self, office: Office) -> None:
        self._office = office
        self._snapshot: _Snapshot | None = None
        self._latest = datetime.min
        self._changing = threading.Lock()

    def decide(self, question: Question) -> Decision:
        """The answer to one question, for any input; it never raises."""
        now = self._now()
        try:
            known = self._known()
            now = max(now, known.state.last_at)
            return _answer(question, known, now)
        except Exception as error:
            why = str(error) if isinstance(error, LedgerError) else "the registry cannot be read."
            return closed(question, now, f"Fails closed: {why}")

    def _now(self) -> datetime:
        # A clock set back reopens nothing that has expired under this gate's eyes.
        self._latest = max(self._latest, self._office.clock())
        return self._latest

    def _known(self) -> _Snapshot:
        mark = _mark(self._office)
        known = self._snapshot
        if known is not None and mark is not None and known.mark == mark:
            return known
        with self._changing:
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


def _answer(question: Question, known: _Snapshot, now: datetime) -> Decision:
    state = known.state
    entry = None if question.signal is None else state.entries.get(question.signal)
    if entry is None:
        which = "No signal was named" if question.signal is None else "This signal is unregistered"
        return closed(question, now, f"{which}: nothing says what its confidence may decide.",
                      trail_size=state.size)  # fmt: skip
    standing = state.standing_of(entry.spec.name, question.fingerprint, now)
    rules = known.rules.get(entry.spec.name)
    if rules is None:
        why = "Fails closed: this signal's rules cannot be run."
        return closed(question, now, why, trail_size=state.size)
    answer = rules(question.confidence, question.segments, may_act=standing.open)
    return Decision(
        decision_id=_new_id(),
        decided_at=now,
        question=question,
        action=answer.action,
        rule=answer.rule,
        reason=_reason(answer.rule, answer.ppm, standing.reason),
        state=standing.state,
        ppm=answer.ppm,
        registry_version=entry.spec_sha256,
        trail_size=state.size,
    )


def closed(question: Question, now: datetime, why: str, *, trail_size: int = 0) -> Decision:
    """The answer where there is no rule to follow, or none that can be read."""
    return Decision(
        decision_id=_new_id(),
        decided_at=now,
        question=question,
        action=FAIL_ACTION,
        rule=FAIL_CLOSED,
        reason=why,
        state=None,
        ppm=None,
        registry_version=None,
        trail_size=trail_size,
    )


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


def _mark(office: Office) -> tuple[object, ...] | None:
    """What changes with every commit to the ledger's file; None: it has no file to ask."""
    path = office.ledger.path
    if path is None:
        return None
    file = os.stat(path)  # noqa: PTH116 (asked for every answer, and a Path costs as much again)
    try:
        log = os.stat(f"{path}.wal")  # noqa: PTH116
    except FileNotFoundError:
        return file.st_mtime_ns, file.st_size
    return file.st_mtime_ns, file.st_size, log.st_mtime_ns, log.st_size


def _text(value: object) -> str | None:
    """A field as text, as an import would read it; None: not given."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else str(value)
