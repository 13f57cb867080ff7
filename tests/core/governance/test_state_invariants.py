"""What no sequence of acts can break, whoever acts, whatever the clock does.

The machine of `tests.worlds.governed.any_acts` acts; its own account says what the state must say.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from core.governance.advance import advance, replay
from core.governance.state import Person, State
from core.trail.acts import ASSURANCES, SYSTEM
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.any_acts import (
    BOB,
    DAY,
    FOUNDED,
    KEYS,
    REACHED,
    SEEN,
    T0,
    AnyActs,
    ends,
    permitted,
)
from tests.worlds.governed.rounds import examples


class Trail(AnyActs):
    """The ten invariants, and some more."""

    @invariant()
    def validated_was_signed_by_another_and_has_not_ended(self) -> None:
        for key, account in self.accounts.items():
            if self.state.standing_of(*key, self.now).state == "validated":
                signed = account.signed
                assert signed is not None
                assert account.self_sign or signed.actor.sub not in account.by
                assert self.now < ends(signed)
                assert ends(signed) <= signed.at + 60 * DAY
                assert account.rules == self.state.entries[key[0]].material_sha256
                SEEN["validated"] += 1

    @invariant()
    def the_program_validated_and_waived_nothing(self) -> None:
        for act in self.acts:
            if act.actor.sub == SYSTEM and act.before != act.after:
                assert act.after not in ("validated", "waived", "in_validation", "retired")

    @invariant()
    def only_evidence_that_waited_was_validated(self) -> None:
        waiting: set[tuple[str | None, Fingerprint | None]] = set()
        for act in self.acts:
            key = (act.signal, act.fingerprint)
            if act.kind == "validation.submitted":
                waiting.add(key)
            elif act.after == "validated" and act.before != "validated":
                assert key in waiting
                # An expired one only where its renewal was submitted before it expired.
                assert act.before in ("in_validation", "expired", "waived")
            if act.kind in ("validation.signed", "validation.rejected", "validation.suspended"):
                waiting.discard(key)

    @invariant()
    def every_trigger_closed_the_gate(self) -> None:
        for key, account in self.accounts.items():
            later = [act for act in (account.signed, account.waiver)
                     if act is not None and act.seq > account.trigger_at]  # fmt: skip
            if account.trigger_at >= 0 and not later:
                assert not self.is_open(key)
                SEEN["stopped"] += 1

    @invariant()
    def an_open_gate_is_of_a_validated_fingerprint_and_no_waiver_outlives_its_date(self) -> None:
        for key, account in self.accounts.items():
            found = self.state.standing_of(*key, self.now)
            assert account.ever_signed or not found.open
            if found.open and found.state == "waived":
                assert account.waiver is not None
                assert self.now < ends(account.waiver) <= account.waiver.at + 30 * DAY
                requester, approver = account.carried
                assert requester != approver
                assert account.owner_then not in (requester, approver)
                SEEN["waived"] += 1

    @invariant()
    def replaying_reproduces_the_state(self) -> None:
        # From the founded state on, and only now and then, for it takes the time of all the acts;
        # from the very first act once, when all is done.
        if len(self.acts) % 4:
            return
        state = FOUNDED[0]
        for act in self.acts[len(FOUNDED[1]) :]:
            state = advance(state, act)
        assert state == self.state

    def teardown(self) -> None:
        assert replay(self.acts) == self.state

    @invariant()
    def retired_absorbs(self) -> None:
        for key, account in self.accounts.items():
            if account.retired:
                found = self.state.standing_of(*key, self.now)
                assert (found.state, found.open) == ("retired", False)
                SEEN["retired"] += 1

    @invariant()
    def an_open_gate_has_an_active_owner(self) -> None:
        for key in KEYS:
            spec = self.state.entries[key[0]].spec
            there = somebody_there(self.state, (spec.owner, *spec.deputies), self.now.date())
            if not there:
                SEEN["empty seat over a validation"] += (
                    self.accounts[key].in_force(self.now) is not None
                )
                assert not self.is_open(key)

    @invariant()
    def losing_a_role_only_removes_what_one_may_do(self) -> None:
        kept = permitted(self.state)
        losses: list[State] = []
        for sub, roles in self.state.grants.items():
            losses += [
                replace(self.state, grants={**self.state.grants, sub: roles - {role}})
                for role in sorted(roles)
            ]
        for sub in self.state.groups["validation"]:
            members = self.state.groups["validation"] - {sub}
            losses.append(replace(self.state, groups={"validation": members}))
        losses.append(replace(self.state, people={**self.state.people, BOB: Person("left")}))
        lost = permitted(losses[self.state.size % len(losses)])
        for sub, kinds in lost.items():
            assert kinds <= kept[sub]

    @invariant()
    def setting_the_clock_back_reopens_nothing(self) -> None:
        last = self.state.last_at
        for key in KEYS:
            now = self.state.standing_of(*key, last)
            for back in (DAY, 100 * DAY, last - T0 + DAY):
                assert self.state.standing_of(*key, last - back) == now

    @invariant()
    def the_gate_is_open_exactly_when_the_account_says_so(self) -> None:
        for key, account in self.accounts.items():
            spec = self.state.entries[key[0]].spec
            least = "signed-on" if self.state.mode == "production" else "none"
            there = somebody_there(self.state, (spec.owner, *spec.deputies), self.now.date())
            enough = ASSURANCES.index(account.weakest) >= ASSURANCES.index(least)
            in_force = account.in_force(self.now)
            assert self.is_open(key) == (in_force is not None and there and enough)
            SEEN["too little assurance"] += in_force is not None and not enough

    @invariant()
    def a_reason_is_a_sentence(self) -> None:
        for key in KEYS:
            found = self.state.standing_of(*key, self.now)
            assert found.reason.endswith(".")
            assert not found.open or found.until is not None


def somebody_there(state: State, seat: tuple[str, ...], day: date) -> bool:
    def there(person: Person) -> bool:
        if person.status == "away":
            return person.until is not None and person.until <= day
        return person.status == "active"

    return any(there(state.people[sub]) for sub in seat)


RUNS = settings(
    max_examples=examples(120, 400),
    stateful_step_count=50,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def reached() -> Counter[tuple[str, str | None, str | None]]:
    """What all the runs reached; they fail here if they break an invariant."""
    run_state_machine_as_test(Trail, settings=RUNS)  # type: ignore[no-untyped-call]
    return REACHED


def test_no_sequence_of_acts_breaks_an_invariant(
    reached: Counter[tuple[str, str | None, str | None]],
) -> None:
    assert reached


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("draft", "in_validation"),
        ("rejected", "in_validation"),
        ("suspended", "in_validation"),
        ("expired", "in_validation"),
        ("in_validation", "validated"),
        ("in_validation", "rejected"),
        ("validated", "suspended"),
        ("waived", "suspended"),
        ("in_validation", "suspended"),
        ("validated", "expired"),
        ("suspended", "waived"),
        ("expired", "waived"),
        ("draft", "retired"),
        ("suspended", "retired"),
    ],
)
def test_the_runs_took_every_transition(
    reached: Counter[tuple[str, str | None, str | None]], before: str, after: str
) -> None:
    taken = sum(n for (_, *moved), n in reached.items() if moved == [before, after])
    assert taken


@pytest.mark.parametrize(
    "what",
    [
        "validated",
        "waived",
        "retired",
        "stopped",
        "renewal submitted",
        "renewal signed",
        "renewal rejected",
        "clock went back",
        "empty seat over a validation",
        "too little assurance",
        "time ran out",
        "the second of two was refused",
        "refused validation.signed",
        "refused waiver.approved",
        "refused retirement.approved",
        "refused registry.set",
    ],
)
@pytest.mark.usefixtures("reached")
def test_the_invariants_were_put_to_the_test(what: str) -> None:
    assert SEEN[what]
