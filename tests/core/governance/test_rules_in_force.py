"""The spans of a trail say at every time what the acts up to that time say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.governance.advance import advance, check, replay
from core.governance.bodies.refusal import Refused
from core.governance.rules_in_force import timeline, timelines
from core.governance.state import EMPTY, State
from core.registry.escalation_rules import RuleBand, Rules
from core.registry.signal_spec import Responsible, SignalSpec
from core.registry.spec_json import material_sha256, spec_sha256, to_json
from core.trail.acts import SYSTEM, Act, Actor, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from tests.worlds.governed.entries import spec_with
from tests.worlds.governed.rounds import examples

T0 = datetime(2026, 3, 2, 9)
DAY = timedelta(days=1)
ADA, ANN, BOB, VAL, RIA, ROY = (f"p-{i:016x}" for i in range(6))
EVIDENCE = "e" * 64
PRINTS = (Fingerprint(model_version="m-1"), Fingerprint(model_version="m-2"))
SIGNALS = ("triage", "other")
NEVER_SEEN = Fingerprint(model_version="m-9")


def spec_of(name: str, cut: int = 900_000, owner: str = ANN) -> SignalSpec:
    return spec_with(
        name=name,
        owner=owner,
        deputies=(BOB,),
        validators=(VAL,),
        risk_approvers=(RIA, ROY),
        responsible=Responsible(ANN, ANN, BOB),
        validation=replace(spec_with().validation, max_age_days=40),
        rules=Rules((RuleBand(cut, "review"), RuleBand(None, "automate"))),
    )


class Book:
    """Acts one after the other; what is refused is left out."""

    def __init__(self) -> None:
        self.state: State = EMPTY
        self.acts: list[Act] = []
        self.now = T0

    def do(
        self,
        kind: str,
        sub: str,
        role: str,
        signal: str | None = None,
        fingerprint: Fingerprint | None = None,
        body: Mapping[str, Any] | None = None,
        signature: Signature | None = None,
    ) -> None:
        actor = Actor(sub, role, "signed-on")
        asked = Proposal(kind, actor, signal, fingerprint, body or {}, signature)
        at = max(self.now, self.state.last_at)
        try:
            before, after = check(self.state, asked, at)
        except Refused:
            return
        act = Act(self.state.size, at, kind, actor, signal, fingerprint, before, after,
                  body or {}, signature)  # fmt: skip
        self.state = advance(self.state, act)
        self.acts.append(act)

    def enter(self, spec: SignalSpec, sub: str = ADA, role: str = "admin") -> None:
        body = {
            "spec": to_json(spec),
            "spec_sha256": spec_sha256(spec),
            "material_sha256": material_sha256(spec),
        }
        self.do("registry.set", sub, role, spec.name, body=body)

    def submit(self, signal: str, print_: Fingerprint) -> None:
        body = {
            "evidence": EVIDENCE,
            "material_sha256": self.state.entries[signal].material_sha256,
            "criteria_met": True,
            "author": ANN,
        }
        self.do("validation.submitted", ANN, "owner", signal, print_, body)

    def sign(self, signal: str, print_: Fingerprint, days: float) -> None:
        self.do(
            "validation.signed", VAL, "validator", signal, print_,
            {"until": stamp(max(self.now, self.state.last_at) + days * DAY)},
            Signature("It holds.", EVIDENCE),
        )  # fmt: skip

    def waive(self, signal: str, print_: Fingerprint, days: float) -> None:
        until = {"until": stamp(max(self.now, self.state.last_at) + days * DAY)}
        self.do("waiver.requested", RIA, "risk_approver", signal, print_, {**until, "reason": "x"})
        self.do("waiver.approved", ROY, "risk_approver", signal, print_, until)

    def person(self, sub: str, status: str, days: int | None) -> None:
        until = None if days is None else (self.now + days * DAY).date().isoformat()
        body = {"sub": sub, "status": status, "until": until}
        self.do("person.status", ADA, "admin", body=body)


def founded() -> Book:
    book = Book()
    book.do("trail.started", SYSTEM, SYSTEM, body={"origin": "o", "key": "k", "program": "1"})
    for sub in (ADA, ANN, BOB, VAL, RIA, ROY):
        book.do("person.added", SYSTEM, SYSTEM, body={"sub": sub})
    book.do("role.granted", ADA, "viewer", body={"sub": ADA, "role": "admin"})
    return book


@dataclass(frozen=True)
class Step:
    """What somebody tries after so many hours."""

    hours: float
    what: str
    signal: str
    print_: Fingerprint
    days: float
    sub: str


steps = st.builds(
    Step,
    st.sampled_from([0, 0, 5, 30, 200]),
    st.sampled_from(
        ["submit", "sign", "sign", "stop", "waive", "away", "back", "left", "enter", "enter",
         "mode", "seen", "retire", "expired", "open", "open"]
    ),
    st.sampled_from(SIGNALS),
    st.sampled_from(PRINTS),
    st.sampled_from([1, 3.5, 10, 30]),
    st.sampled_from([ANN, BOB]),
)  # fmt: skip


def told(story: list[Step]) -> Book:
    book = founded()
    for step in story:
        book.now += timedelta(hours=step.hours)
        signal, print_, days = step.signal, step.print_, step.days
        if step.what == "enter" or signal not in book.state.entries:
            cut = 900_000 if days < 10 else 800_000
            known = signal in book.state.entries
            book.enter(spec_of(signal, cut), *((ANN, "owner") if known else (ADA, "admin")))
        elif step.what == "submit":
            book.submit(signal, print_)
        elif step.what == "sign":
            book.sign(signal, print_, days)
        elif step.what == "open":
            book.submit(signal, print_)
            book.sign(signal, print_, days)
        elif step.what == "stop":
            body = {"trigger": "stop", "reason": "Odd."}
            book.do("validation.suspended", RIA, "viewer", signal, print_, body)
        elif step.what == "waive":
            book.waive(signal, print_, days)
        elif step.what == "away":
            book.person(step.sub, "away", int(days))
        elif step.what == "left":
            book.person(step.sub, "left", None)
        elif step.what == "back":
            book.person(step.sub, "active", None)
        elif step.what == "mode":
            mode = "local" if days < 10 else "production"
            book.do("gate.mode", ADA, "admin", body={"mode": mode})
        elif step.what == "seen":
            body = {"first_ts": stamp(T0), "n_claims": 1}
            book.do("fingerprint.seen", SYSTEM, SYSTEM, signal, print_, body)
        elif step.what == "retire":
            book.do("retirement.requested", ANN, "owner", signal, print_, {"reason": "Old."})
        elif step.what == "expired":
            body = {"until": stamp(book.now)}
            book.do("validation.expired", SYSTEM, SYSTEM, signal, print_, body)
    return book


@settings(max_examples=examples(20, 500))
@given(st.lists(steps, max_size=25), st.lists(st.floats(-1, 120), min_size=8, max_size=8))
def test_a_span_says_what_the_acts_up_to_any_time_in_it_say(
    story: list[Step], days: list[float]
) -> None:
    book = told(story)
    spans = timelines(book.acts)
    # Also the very moments at which something changes, and just before them.
    edges = [span.since for several in spans.values() for span in several]
    moments = [T0 + day * DAY for day in days]
    moments += [at - timedelta(microseconds=i) for at in edges for i in (0, 1)]
    for at in moments:
        state = replay(act for act in book.acts if act.at <= at)
        for signal in SIGNALS:
            span = next((one for one in reversed(spans.get(signal, ())) if one.since <= at), None)
            assert (span is None) == (signal not in state.entries)
            if span is None:
                continue
            assert span.entry == state.entries[signal] == book.state.entry_at(signal, at)
            for print_ in (*PRINTS, NEVER_SEEN):
                stood = state.standing_of(signal, print_, at)
                assert span.standing(print_) == stood
                assert (print_ in span.acting) == stood.open


@settings(max_examples=examples(15, 500))
@given(st.lists(steps, max_size=20))
def test_spans_follow_each_other_without_a_gap_and_say_something_new(story: list[Step]) -> None:
    for spans in timelines(told(story).acts).values():
        assert spans[-1].until is None
        for one, after in pairwise(spans):
            assert one.since < after.since == one.until
            assert (one.entry, one.standings) != (after.entry, after.standings)


def test_a_validation_opens_a_span_and_its_expiry_the_next() -> None:
    book = founded()
    book.enter(spec_of("triage"))
    book.now += DAY
    book.submit("triage", PRINTS[0])
    book.now += DAY
    book.sign("triage", PRINTS[0], 10)
    found = [(span.since, bool(span.acting)) for span in timeline(book.acts, "triage")]
    assert found == [(T0, False), (T0 + DAY, False), (T0 + 2 * DAY, True), (T0 + 12 * DAY, False)]


@pytest.mark.parametrize("until", [3, None])
def test_an_empty_owners_seat_closes_until_somebody_is_back(until: int | None) -> None:
    book = founded()
    book.enter(replace(spec_of("triage"), deputies=()))
    book.submit("triage", PRINTS[0])
    book.sign("triage", PRINTS[0], 30)
    book.now += DAY
    book.person(ANN, "away", until)
    spans = timeline(book.acts, "triage")
    # The last one is that of the expiry.
    assert [bool(span.acting) for span in spans] == [True, False, *([True] if until else []), False]
    back = datetime(2026, 3, 6)
    last = next(one for one in reversed(spans) if one.since <= back)
    assert bool(last.acting) == (until is not None)


def test_a_signal_nobody_registered_has_no_span() -> None:
    assert timeline(founded().acts, "triage") == ()
