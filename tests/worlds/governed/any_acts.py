"""Any acts in any order: what was accepted of them, told without any state machine.

A machine of Hypothesis lets people submit, sign, reject, stop, waive, retire, come and go, change
rules and seats, and set the clock forwards and back. Beside the state it keeps its own, much
simpler account of what was accepted (`Account`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import event
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from core.governance.advance import advance, check
from core.governance.bodies.refusal import Refused
from core.governance.permissions import roles_of, who_may
from core.governance.state import EMPTY, State
from core.governance.validations.records import Validation
from core.registry.signal_spec import Responsible, SignalSpec
from core.registry.spec_json import material_sha256, spec_sha256, to_json
from core.trail.act_kinds import KINDS
from core.trail.acts import ASSURANCES, SYSTEM, Act, Actor, Assurance, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.entries import spec_with

T0 = datetime(2026, 3, 2, 9)
DAY = timedelta(days=1)
ADA, ANN, BOB, CAT, VAL, VIC, RIA, ROY, OUT = PEOPLE = tuple(f"p-{i:016x}" for i in range(9))
HIGH, LOW = "high-stakes", "low-stakes"
PRINTS = (Fingerprint(model_version="m-1"), Fingerprint(model_version="m-2"))
Key = tuple[str, Fingerprint]
KEYS: tuple[Key, ...] = tuple((signal, print_) for signal in (HIGH, LOW) for print_ in PRINTS)
EVIDENCE = tuple(digit * 64 for digit in "abc")


def spec_of(signal: str) -> SignalSpec:
    return spec_with(
        name=signal,
        stakes="high" if signal == HIGH else "low",
        owner=ANN,
        deputies=(BOB,),
        validators=("group:validation", CAT),
        risk_approvers=(RIA,),
        responsible=Responsible(ANN, ANN, BOB),
        validation=replace(spec_with().validation, max_age_days=60, self_sign=signal == LOW),
    )


def entered(spec: SignalSpec) -> dict[str, Any]:
    return {
        "spec": to_json(spec),
        "spec_sha256": spec_sha256(spec),
        "material_sha256": material_sha256(spec),
    }


@dataclass
class Account:
    """What was accepted about one fingerprint, told without any state machine."""

    waiting: Mapping[str, Any] | None = None
    signed: Act | None = None
    by: tuple[str, ...] = ()
    self_sign: bool = False
    rules: str = ""
    waiver: Act | None = None
    asked: Act | None = None
    carried: tuple[str, str] = ("", "")
    owner_then: str = ""
    weakest: Assurance = "none"
    closed_at: int = -1
    trigger_at: int = -1
    retired: bool = False
    ever_signed: bool = False

    def in_force(self, now: datetime) -> Act | None:
        """The signature or waiver that opens the gate, as far as it alone decides."""
        if self.retired:
            return None
        for act in (self.signed, self.waiver):
            if act is not None and act.seq > self.closed_at and now < ends(act):
                return act
        return None


def ends(act: Act) -> datetime:
    return datetime.strptime(act.body["until"], "%Y-%m-%dT%H:%M:%S.%fZ")


#: What the runs reached, over all of them: (kind, before, after), and names of what was seen.
REACHED: Counter[tuple[str, str | None, str | None]] = Counter()
SEEN: Counter[str] = Counter()


class AnyActs(RuleBasedStateMachine):
    """People do what they like, and the clock goes on and back."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.acts = FOUNDED
        self.acts = list(self.acts)
        self.clock = T0
        self.accounts = {key: Account() for key in KEYS}

    # Doing an act, and the account of it.

    @property
    def now(self) -> datetime:
        return max(self.clock, self.state.last_at)

    def in_force(self, key: Key) -> list[Act]:
        """The signature or waiver in force; none or one."""
        found = self.accounts[key].in_force(self.now)
        return [] if found is None else [found]

    def is_open(self, key: Key, state: State | None = None) -> bool:
        return (state or self.state).standing_of(*key, self.now).open

    def proposed(
        self,
        kind: str,
        sub: str,
        key: Key | None = None,
        body: Mapping[str, Any] | None = None,
        *,
        signal: str | None = None,
        signature: Signature | None = None,
        assurance: Assurance = "signed-on",
    ) -> Proposal:
        signal = key[0] if key else signal
        role = SYSTEM
        if sub != SYSTEM:
            held = roles_of(self.state, sub, signal)
            role = min(held & who_may(self.state, kind, signal), default="viewer")
        actor = Actor(sub, role, assurance)
        return Proposal(kind, actor, signal, key[1] if key else None, body or {}, signature)

    def attempt(self, proposal: Proposal) -> Act | None:
        before = self.state
        try:
            moved = check(before, proposal, self.clock)
        except Refused:
            SEEN[f"refused {proposal.kind}"] += 1
            # That it changed nothing shows when the acts are replayed.
            return None
        act = Act(
            seq=before.size,
            at=self.now,
            kind=proposal.kind,
            actor=proposal.actor,
            signal=proposal.signal,
            fingerprint=proposal.fingerprint,
            before=moved[0],
            after=moved[1],
            body=proposal.body,
            signature=proposal.signature,
        )
        self.state = advance(before, act)
        self.acts.append(act)
        self.note(act, before)
        REACHED[act.kind, act.before, act.after] += 1
        if act.before != act.after:
            event(f"{act.before} → {act.after}")
        return act

    def note(self, act: Act, before: State) -> None:
        """Keep the account, and hold what was accepted against it."""
        if act.kind == "registry.set" and act.signal in before.entries:
            known = before.entries[act.signal].material_sha256
            if known != act.body["material_sha256"]:
                for key, account in self.accounts.items():
                    if key[0] == act.signal:
                        account.closed_at = act.seq
                        account.waiting = None
                        account.asked = None
        if act.signal is None or act.fingerprint is None:
            return
        account = self.accounts[act.signal, act.fingerprint]
        entry = before.entries[act.signal]
        key = (act.signal, act.fingerprint)
        was_open = before.standing_of(*key, act.at).open
        if act.kind == "validation.submitted":
            account.waiting = {**act.body, "submitted_by": act.actor.sub}
            if account.in_force(act.at) is not None:
                SEEN["renewal submitted"] += 1
                # The gate of the one in force is as it was: renewing is no outage.
                assert self.state.standing_of(*key, act.at).open == was_open
            else:
                account.asked = None
        elif act.kind == "validation.signed":
            assert account.waiting is not None
            assert act.signature is not None
            assert act.signature.evidence == account.waiting["evidence"]
            assert account.waiting["material_sha256"] == entry.material_sha256
            assert account.waiting["criteria_met"]
            SEEN["renewal signed"] += was_open
            account.by = (account.waiting["author"], account.waiting["submitted_by"])
            account.self_sign, account.rules = entry.self_sign, entry.material_sha256
            account.signed, account.waiver, account.waiting = act, None, None
            account.weakest, account.ever_signed, account.asked = act.actor.assurance, True, None
        elif act.kind == "validation.rejected":
            SEEN["renewal rejected"] += was_open
            assert self.state.standing_of(*key, act.at).open == was_open
            account.waiting = None
        elif act.kind == "validation.suspended":
            again = act.before == "suspended" and act.before == act.after
            account.closed_at = account.trigger_at = act.seq
            account.waiting = None
            if not again or self.state.validations[key].pending_waiver is None:
                account.asked = None
        elif act.kind == "waiver.requested":
            assert account.ever_signed
            account.asked = act
        elif act.kind == "waiver.approved":
            assert account.asked is not None
            assert account.ever_signed
            account.carried = (account.asked.actor.sub, act.actor.sub)
            account.owner_then = entry.spec.owner
            account.waiver, account.rules = act, entry.material_sha256
            carriers = (account.asked.actor.assurance, act.actor.assurance)
            account.weakest = min(carriers, key=ASSURANCES.index)
        elif act.kind == "retirement.approved":
            account.retired = True

    def picked(self, n: int, fits: Callable[[Validation], bool]) -> Key:
        """A fingerprint: for most n one that fits, where there is one."""
        fitting = [key for key, one in self.state.validations.items() if fits(one)]
        keys = KEYS if n >= 4 or not fitting else fitting
        return keys[n % len(keys)]

    # What people do.

    @initialize(keys=st.sets(st.sampled_from(KEYS)), renewed=st.sets(st.sampled_from(KEYS)))
    def some_are_validated(self, keys: set[Key], renewed: set[Key]) -> None:
        for key in KEYS:
            if key in keys:
                self.is_validated(key, VAL, "signed-on")
            if key in renewed:
                self.submits(key, ANN, ANN, EVIDENCE[1], True, False)

    @rule(
        key=st.sampled_from(KEYS),
        sub=st.sampled_from((VAL, VIC)),
        assurance=st.sampled_from(("signed-on", "none")),
    )
    def is_validated(self, key: Key, sub: str, assurance: Assurance) -> None:
        """The whole way at once, so that what is in force is met often."""
        self.submits(key, ANN, ANN, EVIDENCE[0], True, False)
        self.attempt(self.signing(key, sub, assurance=assurance))

    @rule(days=st.sampled_from((0.5, 1, 3, 10, 25)))
    def the_clock_goes_on(self, days: float) -> None:
        self.clock += days * DAY

    @rule(days=st.sampled_from((0.5, 2, 30, 400)))
    def the_clock_is_set_back(self, days: float) -> None:
        SEEN["clock went back"] += 1
        # Not without end, so that dates stay near those of the acts.
        self.clock = max(self.clock - days * DAY, T0 - 500 * DAY)

    @rule()
    def the_clock_is_put_right(self) -> None:
        self.clock = self.now

    @rule(
        key=st.sampled_from(KEYS),
        sub=st.sampled_from((ANN, ANN, BOB, BOB, CAT, VAL, SYSTEM)),
        author=st.sampled_from((ANN, ANN, BOB, VAL)),
        evidence=st.sampled_from(EVIDENCE),
        met=st.sampled_from((True, True, True, False)),
        stale=st.sampled_from((False, False, False, True)),
    )
    def submits(
        self, key: Key, sub: str, author: str, evidence: str, met: bool, stale: bool
    ) -> None:
        material = self.state.entries[key[0]].material_sha256
        body = {
            "evidence": evidence,
            "material_sha256": "0" * 64 if stale else material,
            "criteria_met": met,
            "author": author,
        }
        self.attempt(self.proposed("validation.submitted", sub, key, body))

    def signing(
        self,
        key: Key,
        sub: str,
        days: float = 30,
        *,
        meaning: str = "It holds.",
        assurance: Assurance = "signed-on",
        evidence: str | None = None,
    ) -> Proposal:
        known = self.state.validations.get(key)
        waiting = known.candidate.evidence if known and known.candidate else EVIDENCE[0]
        return self.proposed(
            "validation.signed",
            sub,
            key,
            {"until": stamp(self.now + days * DAY)},
            signature=Signature(meaning, evidence or waiting),
            assurance=assurance,
        )

    @rule(
        n=st.integers(0, 5),
        sub=st.sampled_from((VAL, VAL, VIC, VIC, CAT, ANN, BOB, ADA, RIA, SYSTEM)),
        days=st.sampled_from((1.0, 20, 40, 60, 60.5, 0, -1)),
        meaning=st.sampled_from(("It holds.", "It holds.", "It holds.", " ")),
        assurance=st.sampled_from(ASSURANCES),
        evidence=st.sampled_from((None, None, None, EVIDENCE[2])),
    )
    def signs(
        self,
        n: int,
        sub: str,
        days: float,
        meaning: str,
        assurance: Assurance,
        evidence: str | None,
    ) -> None:
        key = self.picked(n, lambda one: one.candidate is not None)
        self.attempt(
            self.signing(key, sub, days, meaning=meaning, assurance=assurance, evidence=evidence)
        )

    @rule(n=st.integers(0, 5), sub=st.sampled_from((VAL, VIC, CAT, ANN, OUT)))
    def rejects(self, n: int, sub: str) -> None:
        key = self.picked(n, lambda one: one.candidate is not None)
        self.attempt(self.proposed("validation.rejected", sub, key, {"reason": "Too few."}))

    @rule(key=st.sampled_from(KEYS), by=st.sampled_from((VAL, CAT)))
    def is_rejected_and_submitted_again(self, key: Key, by: str) -> None:
        for evidence in EVIDENCE[:2]:
            self.submits(key, ANN, BOB, evidence, True, False)
            if evidence == EVIDENCE[0]:
                body = {"reason": "Too few."}
                self.attempt(self.proposed("validation.rejected", by, key, body))

    @rule(
        key=st.sampled_from(KEYS),
        sub=st.sampled_from((SYSTEM, OUT, ANN, ADA)),
        trigger=st.sampled_from(("stop", "drift", "leakage")),
    )
    def stops(self, key: Key, sub: str, trigger: str) -> None:
        body = {"trigger": trigger, "reason": "Odd."}
        act = self.attempt(self.proposed("validation.suspended", sub, key, body))
        there = sub == SYSTEM or self.state.people[sub].status != "left"
        # Nothing but retirement stands in the way of a stop.
        assert (act is not None) == (there and (sub == SYSTEM or not self.accounts[key].retired))
        assert not self.is_open(key) or not there

    @rule(n=st.integers(0, 5), sub=st.sampled_from((SYSTEM, SYSTEM, OUT)))
    def is_expired(self, n: int, sub: str) -> None:
        key = self.picked(n, lambda one: one.state in ("validated", "waived"))
        body = {"until": stamp(self.now)}
        self.attempt(self.proposed("validation.expired", sub, key, body))

    def asking(self, key: Key, sub: str, days: float = 10) -> Proposal:
        body = {"reason": "Until Monday.", "until": stamp(self.now + days * DAY)}
        return self.proposed("waiver.requested", sub, key, body)

    def waiving(self, key: Key, sub: str) -> Proposal:
        known = self.state.validations.get(key)
        asked = known.pending_waiver if known else None
        until = asked.until if asked else self.now + DAY
        return self.proposed("waiver.approved", sub, key, {"until": stamp(until)})

    @rule(
        n=st.integers(0, 5),
        sub=st.sampled_from((BOB, BOB, RIA, RIA, ANN, VAL, OUT)),
        days=st.sampled_from((2.0, 10, 30, 30, 31, 0)),
    )
    def asks_for_a_waiver(self, n: int, sub: str, days: float) -> None:
        key = self.picked(n, lambda one: one.state in ("suspended", "expired"))
        self.attempt(self.asking(key, sub, days))

    @rule(
        n=st.integers(0, 5),
        sub=st.sampled_from((RIA, RIA, ROY, ROY, ANN, BOB, ADA, SYSTEM)),
    )
    def approves_a_waiver(self, n: int, sub: str) -> None:
        key = self.picked(n, lambda one: one.pending_waiver is not None)
        self.attempt(self.waiving(key, sub))

    @rule(n=st.integers(0, 3), sub=st.sampled_from((RIA, ROY)), stopped=st.booleans())
    def is_waived(self, n: int, sub: str, stopped: bool) -> None:
        """The whole way at once, so that waivers in force are met often."""
        key = self.picked(n, lambda one: one.state in ("validated", "suspended", "expired"))
        if stopped:
            self.stops(key, SYSTEM, "drift")
        else:
            self.clock = max((ends(act) for act in self.in_force(key)), default=self.clock)
        self.attempt(self.asking(key, BOB))
        self.attempt(self.waiving(key, sub))

    @rule(n=st.integers(0, 3), recorded=st.booleans())
    def time_runs_out(self, n: int, recorded: bool) -> None:
        """What is in force comes to its end, and the program records it or not."""
        key = self.picked(n, lambda one: one.state in ("validated", "waived"))
        for in_force in self.in_force(key):
            self.clock = ends(in_force)
            SEEN["time ran out"] += 1
            assert not self.is_open(key)
            if recorded:
                body = {"until": in_force.body["until"]}
                act = self.attempt(self.proposed("validation.expired", SYSTEM, key, body))
                assert act is not None

    @rule(n=st.integers(0, 5), by=st.sampled_from((VAL, VIC)))
    def is_retired(self, n: int, by: str) -> None:
        key = self.picked(n, lambda one: one.state != "retired")
        self.attempt(self.proposed("retirement.requested", ANN, key, {"reason": "Replaced."}))
        self.attempt(self.proposed("retirement.approved", by, key))

    @rule(key=st.sampled_from(KEYS), sub=st.sampled_from((ANN, BOB, CAT)))
    def asks_to_retire(self, key: Key, sub: str) -> None:
        self.attempt(self.proposed("retirement.requested", sub, key, {"reason": "Replaced."}))

    @rule(n=st.integers(0, 5), sub=st.sampled_from((VAL, VIC, CAT, ANN, BOB)))
    def approves_retiring(self, n: int, sub: str) -> None:
        key = self.picked(n, lambda one: one.pending_retirement is not None)
        self.attempt(self.proposed("retirement.approved", sub, key))

    @rule(key=st.sampled_from(KEYS))
    def is_seen(self, key: Key) -> None:
        body = {"first_ts": stamp(T0), "n_claims": 7}
        self.attempt(self.proposed("fingerprint.seen", SYSTEM, key, body))

    @rule(
        sub=st.sampled_from((ANN, BOB, CAT, VAL, VIC, RIA, OUT, ADA)),
        status=st.sampled_from(("active", "active", "active", "away", "left")),
        days=st.sampled_from((None, 3, 20)),
    )
    def comes_or_goes(self, sub: str, status: str, days: int | None) -> None:
        until = None
        if status == "away" and days is not None:
            until = (self.now.date() + timedelta(days)).isoformat()
        body = {"sub": sub, "status": status, "until": until}
        before = self.state
        act = self.attempt(self.proposed("person.status", ADA, body=body))
        if act is not None and status == "left":
            assert not roles_of(self.state, sub, HIGH)
            self.hold_only_fewer(before, self.state)

    @rule(status=st.sampled_from(("left", "away", "active")))
    def the_seat_empties_or_fills(self, status: str) -> None:
        for sub in (ANN, BOB, VAL):
            body = {"sub": sub, "status": status, "until": None}
            self.attempt(self.proposed("person.status", ADA, body=body))

    @rule(
        signal=st.sampled_from((HIGH, LOW)),
        sub=st.sampled_from((ANN, ANN, BOB, ADA, VAL)),
        tolerance=st.sampled_from((50_000, 60_000)),
    )
    def changes_the_rules(self, signal: str, sub: str, tolerance: int) -> None:
        spec = replace(self.state.entries[signal].spec, tolerance_ppm=tolerance)
        self.attempt(self.proposed("registry.set", sub, body=entered(spec), signal=signal))

    @rule(
        signal=st.sampled_from((HIGH, LOW)),
        sub=st.sampled_from((ANN, BOB, ADA)),
        seats=st.sampled_from(((ANN, (BOB,)), (ANN, (BOB,)), (BOB, (ANN,)), (ANN, (VAL, BOB)),
                               (BOB, ()), (ANN, ()))),
    )  # fmt: skip
    def changes_seats(self, signal: str, sub: str, seats: tuple[str, tuple[str, ...]]) -> None:
        owner, deputies = seats
        spec = replace(self.state.entries[signal].spec, owner=owner, deputies=deputies)
        was = {key: self.state.validations.get(key) for key in KEYS}
        self.attempt(self.proposed("registry.set", sub, body=entered(spec), signal=signal))
        assert was == {key: self.state.validations.get(key) for key in KEYS}

    @rule(members=st.sets(st.sampled_from((VAL, VIC, ANN, BOB, ADA)), min_size=1))
    def sets_who_validates(self, members: set[str]) -> None:
        before = self.state
        body = {"name": "validation", "members": sorted(members)}
        act = self.attempt(self.proposed("group.set", ADA, body=body))
        if act is not None and members <= before.groups["validation"]:
            self.hold_only_fewer(before, self.state)

    @rule(
        sub=st.sampled_from((ROY, ROY, OUT, VAL, BOB, ADA)),
        role=st.sampled_from(("risk_approver", "risk_approver", "admin", "auditor")),
        by=st.sampled_from((ADA, ADA, OUT)),
    )
    def is_granted(self, sub: str, role: str, by: str) -> None:
        self.attempt(self.proposed("role.granted", by, body={"sub": sub, "role": role}))

    @rule(
        sub=st.sampled_from((ROY, OUT, VAL, BOB, ADA)),
        role=st.sampled_from(("risk_approver", "admin", "auditor")),
    )
    def is_revoked(self, sub: str, role: str) -> None:
        before = self.state
        self.attempt(self.proposed("role.revoked", ADA, body={"sub": sub, "role": role}))
        self.hold_only_fewer(before, self.state)

    @rule(mode=st.sampled_from(("production", "local")))
    def sets_the_mode(self, mode: str) -> None:
        self.attempt(self.proposed("gate.mode", ADA, body={"mode": mode}))

    @rule(
        kind=st.sampled_from(sorted(KINDS)),
        sub=st.sampled_from((*PEOPLE, SYSTEM, "p-stranger")),
        key=st.sampled_from(KEYS),
    )
    def does_anything_badly(self, kind: str, sub: str, key: Key) -> None:
        """An act without what its kind needs: refused, or one that needs nothing."""
        act = self.attempt(self.proposed(kind, sub, key))
        assert act is None or sub != "p-stranger"
        assert act is None or act.kind in (
            *("key.changed", "fingerprint.seen", "retirement.approved", "validation.expired"),
            *("token.created", "token.revoked", "validation.suspended", "notices.resumed"),
            *(known for known in KINDS if known.startswith("finding.")),
        )

    @rule(
        n=st.integers(0, 3),
        two=st.sampled_from(
            (
                ("sign", "sign too"),
                ("sign", "reject"),
                ("reject", "sign"),
                ("sign", "stop"),
                ("stop", "sign"),
                ("waive", "waive too"),
                ("stop", "waive"),
            )
        ),
    )
    def two_act_at_once(self, n: int, two: tuple[str, str]) -> None:
        key = self.picked(n, lambda one: one.state != "retired")
        if "waive" in two:
            self.stops(key, SYSTEM, "drift")
            self.attempt(self.asking(key, BOB))
        else:
            self.submits(key, ANN, ANN, EVIDENCE[0], True, False)
        acts = {
            "sign": self.signing(key, VAL),
            "sign too": self.signing(key, VIC),
            "reject": self.proposed("validation.rejected", CAT, key, {"reason": "Too few."}),
            "stop": self.proposed(
                "validation.suspended", OUT, key, {"trigger": "leakage", "reason": "Odd."}
            ),
            "waive": self.waiving(key, RIA),
            "waive too": self.waiving(key, ROY),
        }
        # Both were made from the same state; the second meets the one that the first left.
        first, second = self.attempt(acts[two[0]]), self.attempt(acts[two[1]])
        if first is not None and two[1] != "stop":
            # What waited can be taken once.
            assert second is None
            SEEN["the second of two was refused"] += 1

    @precondition(lambda self: len(self.acts) > len(FOUNDED[1]))
    @rule()
    def is_read_back_from_its_text(self) -> None:
        last = self.acts[-1]
        assert Act.of_text(last.to_text(log="o", prev="")) == last

    def hold_only_fewer(self, before: State, after: State) -> None:
        fewer = permitted(after)
        for sub, kinds in permitted(before).items():
            assert fewer[sub] <= kinds


def permitted(state: State) -> dict[str, set[tuple[str, str | None]]]:
    """Everything that everybody may do."""
    allowed = {
        (kind, signal): who_may(state, kind, signal) for kind in KINDS for signal in (HIGH, None)
    }
    found = {}
    for sub in PEOPLE:
        held = {signal: roles_of(state, sub, signal) for signal in (HIGH, None)}
        found[sub] = {act for act, roles in allowed.items() if roles & held[act[1]]}
    return found


def founded() -> tuple[State, list[Act]]:
    """Two registered signals and everybody in their seat."""
    program, ada = Actor(SYSTEM, SYSTEM), Actor(ADA, "admin")
    proposals = [
        Proposal("trail.started", program, body={"origin": "o", "key": "k", "program": "1"}),
        *(Proposal("person.added", program, body={"sub": sub}) for sub in PEOPLE),
        Proposal("role.granted", Actor(ADA, "viewer"), body={"sub": ADA, "role": "admin"}),
        Proposal("role.granted", ada, body={"sub": ROY, "role": "risk_approver"}),
        Proposal("group.set", ada, body={"name": "validation", "members": [VAL, VIC]}),
        *(
            Proposal("registry.set", ada, signal, body=entered(spec_of(signal)))
            for signal in (HIGH, LOW)
        ),
    ]
    state, acts = EMPTY, []
    for one in proposals:
        check(state, one, T0)
        act = Act(state.size, T0, one.kind, one.actor, one.signal, body=one.body)
        state = advance(state, act)
        acts.append(act)
    return state, acts


FOUNDED = founded()
