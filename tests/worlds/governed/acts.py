"""A trail of acts without a ledger: people, a registry entry, and its validation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.governance.advance import advance, check
from core.governance.state import EMPTY, State
from core.registry.signal_spec import Responsible, SignalSpec
from core.registry.spec_json import material_sha256, spec_sha256, to_json
from core.trail.acts import SYSTEM, Act, Actor, Assurance, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.entries import spec_with

T0 = datetime(2026, 3, 2, 9)
DAY = timedelta(days=1)
ADA, ANN, BOB, VAL, VIC, RIA, OUT, STRANGER = (f"p-{i:016x}" for i in range(8))
EVIDENCE = "e" * 64
OLD, NEW = Fingerprint(model_version="m-1"), Fingerprint(model_version="m-2")
PROGRAM = Actor(SYSTEM, SYSTEM, via="system")


def spec_of(name: str = "triage", **changed: Any) -> SignalSpec:
    least = spec_with(
        name=name,
        owner=ANN,
        deputies=(BOB,),
        validators=("group:validation",),
        risk_approvers=("group:risk",),
        responsible=Responsible(ANN, ANN, BOB),
    )
    return replace(least, **changed)


def body_of(spec: SignalSpec) -> dict[str, Any]:
    return {
        "spec": to_json(spec),
        "spec_sha256": spec_sha256(spec),
        "material_sha256": material_sha256(spec),
    }


class World:
    """A trail in memory: acts are checked and replayed one after the other."""

    def __init__(self, state: State = EMPTY) -> None:
        self.state = state
        self.acts: list[Act] = []

    def do(
        self,
        kind: str,
        sub: str,
        role: str,
        day: float = 0,
        *,
        signal: str | None = None,
        fingerprint: Fingerprint | None = None,
        signature: Signature | None = None,
        assurance: Assurance = "signed-on",
        body: Mapping[str, Any] | None = None,
    ) -> Act:
        actor = Actor(sub, role, assurance)
        proposal = Proposal(kind, actor, signal, fingerprint, body or {}, signature)
        at = max(T0 + day * DAY, self.state.last_at)
        before, after = check(self.state, proposal, at)
        act = Act(
            seq=self.state.size,
            at=at,
            kind=kind,
            actor=actor,
            signal=signal,
            fingerprint=fingerprint,
            before=before,
            after=after,
            body=body or {},
            signature=signature,
        )
        self.state = advance(self.state, act)
        self.acts.append(act)
        return act

    def program(self, kind: str, day: float = 0, **options: Any) -> Act:
        return self.do(kind, SYSTEM, SYSTEM, day, **options)

    def admin(self, kind: str, day: float = 0, **body: Any) -> Act:
        return self.do(kind, ADA, "admin", day, body=body)

    def enter(self, spec: SignalSpec, sub: str = ADA, role: str = "admin", day: float = 0) -> Act:
        return self.do("registry.set", sub, role, day, signal=spec.name, body=body_of(spec))

    def submit(self, day: float, print_: Fingerprint = OLD, signal: str = "triage") -> Act:
        entry = self.state.entries[signal]
        return self.do(
            "validation.submitted",
            ANN,
            "owner",
            day,
            signal=signal,
            fingerprint=print_,
            body={
                "evidence": EVIDENCE,
                "material_sha256": entry.material_sha256,
                "criteria_met": True,
                "author": ANN,
            },
        )

    def sign(
        self,
        day: float,
        print_: Fingerprint = OLD,
        *,
        until: float = 60,
        signal: str = "triage",
        assurance: Assurance = "signed-on",
    ) -> Act:
        return self.do(
            "validation.signed",
            VAL,
            "validator",
            day,
            signal=signal,
            fingerprint=print_,
            signature=Signature("I read it and it holds.", EVIDENCE),
            assurance=assurance,
            body={"until": stamp(T0 + until * DAY)},
        )

    def stop(self, day: float, print_: Fingerprint = OLD, sub: str = OUT) -> Act:
        body = {"trigger": "stop", "reason": "Odd."}
        return self.do(
            "validation.suspended", sub, "viewer", day, signal="triage", fingerprint=print_,
            body=body,
        )  # fmt: skip

    def open(self, day: float, print_: Fingerprint = OLD, signal: str = "triage") -> bool:
        return self.state.standing_of(signal, print_, T0 + day * DAY).open


def founded() -> World:
    world = World()
    world.program("trail.started", body={"origin": "o", "key": "k", "program": "1"})
    for sub in (ADA, ANN, BOB, VAL, VIC, RIA, OUT):
        world.program("person.added", body={"sub": sub})
    world.do("role.granted", ADA, "viewer", body={"sub": ADA, "role": "admin"})
    world.admin("group.set", name="validation", members=[VAL, VIC])
    world.admin("group.set", name="group:risk", members=[RIA])
    world.enter(spec_of())
    return world


FOUNDED = founded()


@pytest.fixture
def world() -> World:
    copy = World(FOUNDED.state)
    copy.acts = list(FOUNDED.acts)
    return copy


@pytest.fixture
def validated(world: World) -> World:
    world.submit(1)
    world.sign(2)
    return world


def people_only() -> World:
    world = World()
    world.program("trail.started")
    for sub in (ADA, ANN):
        world.program("person.added", body={"sub": sub})
    return world
