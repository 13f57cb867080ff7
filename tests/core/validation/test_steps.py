"""Each step of a validation as people take it, on real evidence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from core.gate.gate import Gate
from core.gate.questions import Question
from core.governance.bodies.refusal import Refused
from core.governance.people.names import Directory
from core.governance.recorded_import import import_recorded
from core.ledger.errors import LedgerError
from core.sentences.acts import Names, facts
from core.trail.acts import Proposal
from core.trail.fingerprint import Fingerprint
from core.validation import evidence
from core.validation import steps as signing
from core.validation.tuning_leakage import TuningLeaked
from tests.worlds.governed.governed import V1, Governed, registered
from tests.worlds.running.begun import Begun

HEADER = (
    "event_id,ts,signal,confidence,outcome,outcome_ts,model_version,prompt_version,split,input_id\n"
)
STATED = (0.55, 0.75, 0.95)
ANN, BOB, VERA = "user:desk/ann", "user:desk/bob", "user:risk/vera"
RITA, RUTH = "user:risk/rita", "user:risk/ruth"
MEANING = "I read the evidence and accept it."


def lines(now: datetime, n: int, *, off: float = 0.0, split: str = "production", **of: str) -> str:
    """``n`` claims of the last eight weeks, right exactly as often as stated, less ``off``."""
    pre, first = of.get("pre", "e"), now - timedelta(days=56)
    found = []
    for i in range(n):
        v, turn = STATED[i % 3], i // 3
        right = int((turn + 1) * (v - off) + 1e-9) - int(turn * (v - off) + 1e-9)
        at = first + timedelta(days=55 * i / n)
        stamp = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        found.append(
            f"{pre}{i},{stamp},triage,{v},{right},{stamp},m1,p1,{split},{of.get('input', pre)}{i}\n"
        )
    return "".join(found)


def bring(governed: Governed, text: str) -> None:
    """Import claims into the governed ledger."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "claims.csv"
        file.write_text(HEADER + text)
        summary = import_recorded(governed.office, file, now=governed.clock())
    assert summary.n_quarantined == 0


def honest(governed: Governed) -> None:
    bring(governed, lines(governed.clock(), 900))


@pytest.fixture
def desk(begun: Begun) -> Governed:
    """The governed ledger with 900 honest claims."""
    return begun.after(registered, honest)


@pytest.fixture
def waiting(begun: Begun) -> Governed:
    """The same, whose evidence waits for a signature."""
    return begun.after(registered, honest, submitted)


@pytest.fixture
def valid(begun: Begun) -> Governed:
    """The same, signed."""
    return begun.after(registered, honest, submitted, signed)


def submitted(desk, v1: Fingerprint = V1, who: str = ANN, **how: bool) -> str:
    actor = desk.actor(who, "validation.submitted")
    how = {"untuned": True, **how}
    act, bundle = signing.submit(desk.office, actor, "triage", v1, **how)
    assert act.body["evidence"] == bundle.sha256
    return bundle.sha256


def signed(desk, v1: Fingerprint = V1, who: str = VERA, **words: Any):
    actor = desk.actor(who, "validation.signed")
    return signing.sign(desk.office, actor, "triage", v1, **{"meaning": MEANING, **words})


def standing(desk, v1: Fingerprint) -> tuple[str, bool]:
    found = desk.office.state().standing_of("triage", v1, desk.office.now())
    return found.state, found.open


def alter(desk, sql: str) -> None:
    with desk.ledger.transaction() as cursor:
        cursor.execute(sql)


def test_measuring_stores_nothing_and_does_nothing(desk, v1: Fingerprint):
    size = desk.office.state().size
    bundle = signing.prepare(desk.office, "triage", v1, untuned=True)
    assert bundle.met
    assert desk.office.state().size == size
    with desk.ledger.cursor() as cursor:
        assert evidence.load(cursor, bundle.sha256) is None


def test_only_what_is_registered_can_be_measured(desk, v1: Fingerprint):
    with pytest.raises(Refused, match="other is not registered"):
        signing.prepare(desk.office, "other", v1)


def test_submitted_evidence_is_kept_and_waits_with_the_gate_closed(desk, v1: Fingerprint):
    sha256 = submitted(desk, v1)
    with desk.ledger.cursor() as cursor:
        bundle = evidence.load(cursor, sha256)
    assert bundle is not None
    assert bundle.counts["n"] == 900
    assert standing(desk, v1) == ("in_validation", False)
    candidate = desk.office.state().validations["triage", v1].candidate
    assert candidate is not None
    assert (candidate.criteria_met, candidate.author) == (True, desk.sub(ANN))


def test_who_may_not_submit_is_told_before_anything_is_measured(desk, v1: Fingerprint):
    with pytest.raises(Refused, match="Only the owner or a deputy may submit"):
        submitted(desk, v1, VERA)
    with desk.ledger.cursor() as cursor:
        assert signing.evidence_named(cursor, ()) == ()


def test_a_signature_opens_the_gate_for_the_very_next_decision(desk, v1: Fingerprint):
    gate = Gate(desk.office)
    question = Question.of({"signal": "triage", "confidence": 0.95, **v1.as_json()})
    sha256 = submitted(desk, v1)
    assert gate.decide(question).rule == "fallback:unvalidated"
    act = signed(desk, v1)
    assert gate.decide(question).action == "automate"
    assert act.signature is not None
    assert (act.signature.meaning, act.signature.evidence) == (MEANING, sha256)


def test_a_production_gate_opens_for_who_signed_on_once_more_and_the_entry_says_when(
    desk, v1: Fingerprint
):
    admin = desk.actor("user:desk/admin", "gate.mode", None)
    desk.office.perform(Proposal("gate.mode", admin, body={"mode": "production"}))
    submitted(desk, v1)
    signed(desk, v1)
    assert standing(desk, v1) == ("validated", False)
    submitted(desk, v1)
    proven = replace(desk.actor(VERA, "validation.signed"), assurance="re-authenticated")
    at = desk.clock.now - timedelta(seconds=20)
    act = signing.sign(desk.office, proven, "triage", v1, meaning=MEANING, confirmed=at)
    assert standing(desk, v1) == ("validated", True)
    said = {one.name: one.value for one in facts(act, Names(Directory({}), {}))}
    assert said["Signed on again"] == f"{at:%Y-%m-%d %H:%M:%S} UTC"


def test_a_signature_lasts_as_long_as_the_entry_allows_unless_it_names_a_day(
    valid, v1: Fingerprint
):
    until = valid.office.state().standing_of("triage", v1, valid.clock()).until
    assert until == valid.clock() + timedelta(days=90)
    submitted(valid, v1)
    day = valid.clock() + timedelta(days=5)
    signed(valid, v1, until=day)
    assert valid.office.state().standing_of("triage", v1, valid.clock()).until == day


def test_a_signature_beyond_what_the_entry_allows_is_refused(waiting, v1: Fingerprint):
    with pytest.raises(Refused, match="at most"):
        signed(waiting, v1, until=waiting.clock() + timedelta(days=91))
    assert standing(waiting, v1) == ("in_validation", False)


@pytest.mark.parametrize("who", [ANN, BOB, RITA])
def test_only_a_validator_signs(waiting, v1: Fingerprint, who: str):
    with pytest.raises(Refused):
        signed(waiting, v1, who)
    assert standing(waiting, v1) == ("in_validation", False)


@pytest.mark.parametrize("meaning", ["", "  \n"])
def test_a_signature_without_a_meaning_is_refused(waiting, v1: Fingerprint, meaning: str):
    with pytest.raises(Refused, match="Say what your signature means"):
        signed(waiting, v1, meaning=meaning)


def test_nothing_is_signed_where_nothing_waits(desk, v1: Fingerprint):
    with pytest.raises(Refused, match="No evidence of triage waits"):
        signed(desk, v1)


def test_evidence_that_misses_a_criterion_can_be_submitted_but_not_signed(
    governed, v1: Fingerprint
):
    bring(governed, lines(governed.clock(), 900, off=0.3))
    submitted(governed, v1)
    with pytest.raises(Refused, match="does not meet every criterion"):
        signed(governed, v1)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE claims SET outcome = 1 - outcome WHERE event_id = 'e7'",
        "UPDATE claims SET confidence_ppm = 950000 WHERE event_id = 'e0'",
        "DELETE FROM claims WHERE event_id = 'e7'",
    ],
)
def test_claims_altered_between_submission_and_signature_are_found(
    waiting, v1: Fingerprint, sql: str
):
    alter(waiting, sql)
    with pytest.raises(Refused, match=r"no longer recomputes.*Submit new evidence"):
        signed(waiting, v1)
    assert standing(waiting, v1) == ("in_validation", False)


def test_evidence_whose_stored_text_was_altered_is_not_signed(waiting, v1: Fingerprint):
    alter(waiting, """UPDATE evidence SET bundle = replace(bundle, '"met":true', '"met": true')""")
    with pytest.raises(Refused, match="was altered"):
        signed(waiting, v1)


def test_claims_that_came_in_since_do_not_keep_it_from_being_signed(waiting, v1: Fingerprint):
    bring(waiting, lines(waiting.clock(), 300, off=0.4, pre="later"))
    signed(waiting, v1)
    assert standing(waiting, v1) == ("validated", True)


def test_only_the_evidence_that_was_shown_is_signed_or_rejected(desk, v1: Fingerprint):
    seen = submitted(desk, v1)
    reject(desk, v1, reason="please measure again")
    desk.clock.forward(minutes=1)
    waits = submitted(desk, v1)
    assert waits != seen
    with pytest.raises(Refused, match=f"{waits[:12]}.*Read that first"):
        signed(desk, v1, shown=seen)
    with pytest.raises(Refused, match="no longer waits"):
        reject(desk, v1, reason="not good", shown=seen)
    signed(desk, v1, shown=waits)
    assert standing(desk, v1) == ("validated", True)


def reject(desk, v1: Fingerprint, **words: str):
    actor = desk.actor(VERA, "validation.rejected")
    return signing.reject(desk.office, actor, "triage", v1, **words)


def test_rejected_evidence_waits_no_longer_and_can_be_followed_by_other(waiting, v1: Fingerprint):
    reject(waiting, v1, reason="the window is too short")
    assert standing(waiting, v1) == ("rejected", False)
    with pytest.raises(Refused, match="No evidence"):
        signed(waiting, v1)
    submitted(waiting, v1)
    assert standing(waiting, v1) == ("in_validation", False)


def test_every_act_that_needs_a_reason_is_refused_without(waiting, v1: Fingerprint):
    office, until = waiting.office, waiting.clock() + timedelta(days=2)
    asked: tuple[Callable[[], object], ...] = (
        lambda: reject(waiting, v1, reason=" "),
        lambda: signing.stop(
            office, waiting.actor(ANN, "validation.suspended"), "triage", v1, reason=""
        ),
        lambda: signing.request_waiver(
            office, waiting.actor(BOB, "waiver.requested"), "triage", v1, reason="\t", until=until
        ),
        lambda: signing.request_retirement(
            office, waiting.actor(ANN, "retirement.requested"), "triage", v1, reason=""
        ),
    )
    for act in asked:
        with pytest.raises(Refused, match="Say why"):
            act()


def test_anybody_known_stops_it_and_the_gate_is_closed(valid, v1: Fingerprint):
    actor = valid.actor("user:desk/admin", "validation.suspended")
    signing.stop(valid.office, actor, "triage", v1, reason="it answered nonsense")
    found = valid.office.state().standing_of("triage", v1, valid.clock())
    assert (found.state, found.open) == ("suspended", False)
    assert "it answered nonsense" in found.reason


def test_two_people_waive_what_was_stopped_until_a_day(valid, v1: Fingerprint):
    office = valid.office
    signing.stop(office, valid.actor(ANN, "validation.suspended"), "triage", v1, reason="a doubt")
    until = valid.clock() + timedelta(days=7)
    signing.request_waiver(
        office, valid.actor(RITA, "waiver.requested"), "triage", v1, reason="peak week", until=until
    )
    with pytest.raises(Refused, match="another risk approver"):
        signing.approve_waiver(office, valid.actor(RITA, "waiver.approved"), "triage", v1)
    signing.approve_waiver(office, valid.actor(RUTH, "waiver.approved"), "triage", v1)
    assert standing(valid, v1) == ("waived", True)
    valid.clock.forward(days=7)
    assert standing(valid, v1) == ("expired", False)


def test_what_was_never_validated_is_not_waived(waiting, v1: Fingerprint):
    until = waiting.clock() + timedelta(days=7)
    actor = waiting.actor(BOB, "waiver.requested")
    with pytest.raises(Refused, match="never validated"):
        signing.request_waiver(
            waiting.office, actor, "triage", v1, reason="we need it", until=until
        )
    with pytest.raises(Refused, match="No waiver was asked for"):
        signing.approve_waiver(waiting.office, waiting.actor(RUTH, "waiver.approved"), "triage", v1)


def test_owner_and_validator_retire_it_for_good(valid, v1: Fingerprint):
    office = valid.office
    signing.request_retirement(
        office, valid.actor(ANN, "retirement.requested"), "triage", v1, reason="m2 is here"
    )
    assert standing(valid, v1) == ("validated", True)
    signing.approve_retirement(office, valid.actor(VERA, "retirement.approved"), "triage", v1)
    assert standing(valid, v1) == ("retired", False)
    with pytest.raises(Refused, match="final"):
        submitted(valid, v1)


def test_evidence_that_was_tuned_on_is_refused_with_its_rows(desk, v1: Fingerprint):
    start = desk.clock() - timedelta(days=100)
    bring(desk, lines(start, 6, pre="t", split="tuning", input="e"))
    with pytest.raises(TuningLeaked) as caught:
        submitted(desk, v1)
    rows = caught.value.overlap.rows
    assert [(one.event_id, one.input_id, one.tuning_event_id) for one in rows] == [
        (f"e{i}", f"e{i}", f"t{i}") for i in range(6)
    ]
    with desk.ledger.cursor() as cursor:
        assert signing.evidence_named(cursor, ()) == ()


def test_leaving_out_what_was_tuned_on_is_asked_for_and_stands_in_the_evidence(
    desk, v1: Fingerprint
):
    start = desk.clock() - timedelta(days=100)
    bring(desk, lines(start, 6, pre="t", split="tuning", input="e"))
    assert signing.prepare(desk.office, "triage", v1, leave_out_overlap=True).counts["n"] == 894
    sha256 = submitted(desk, v1, leave_out_overlap=True)
    with desk.ledger.cursor() as cursor:
        bundle = evidence.load(cursor, sha256)
    assert bundle is not None
    assert bundle.counts["overlap_left_out"] == 6
    signed(desk, v1)
    assert standing(desk, v1) == ("validated", True)


def test_evidence_is_named_by_how_its_hash_begins(desk, v1: Fingerprint):
    sha256 = submitted(desk, v1)
    with desk.ledger.cursor() as cursor:
        assert signing.evidence_named(cursor, (sha256[:8].upper(),)) == (sha256,)
        assert signing.evidence_named(cursor, ()) == (sha256,)
        with pytest.raises(LedgerError, match="No evidence begins with 'xyz'"):
            signing.evidence_named(cursor, ("xyz",))
