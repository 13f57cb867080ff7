"""What is wrong now, worked out from the state, and what the trail says of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.findings.kinds import KINDS, Condition, conditions
from core.findings.lifecycle import Finding, current, due, findings
from core.governance.state import EMPTY
from core.governance.stops import Unlike
from core.queries.base.seen.fingerprints_seen import Seen
from core.trail.acts import SYSTEM, Act, Actor
from core.trail.fingerprint import Fingerprint
from core.validation.evidence import Recomputed

NOW = datetime(2026, 11, 24, 9)
PROGRAM = Actor(SYSTEM, SYSTEM, via="system")
CONDITION = Condition("unregistered_signal", "s", "unregistered_signal", "It is so.", "Mend it.")


def act(seq: int, kind: str, **body: object) -> Act:
    opened = {
        "finding_kind": CONDITION.kind,
        "severity": CONDITION.severity,
        "subject": CONDITION.subject,
        "owner": None,
        "due": "2026-12-01",
        "evidence": {"claims": "3"},
        "text": CONDITION.text,
        "mend": CONDITION.mend,
    }
    if kind in ("finding.opened", "finding.recurred"):
        body = {**opened, **body}
    body = {"finding": CONDITION.id, **body}
    return Act(seq, NOW + timedelta(days=seq), kind, PROGRAM, "s", body=body)


def only(acts: list[Act], now: datetime = NOW) -> Finding:
    (one,) = findings(acts, now).values()
    return one


def test_the_same_thing_wrong_has_the_same_id_whatever_its_words() -> None:
    other = Condition(CONDITION.kind, "s", CONDITION.subject, "Other words.", "Other mend.")
    assert other.id == CONDITION.id


@given(st.sampled_from(sorted(KINDS)), st.sampled_from(sorted(KINDS)), st.booleans())
def test_other_kinds_and_signals_have_other_ids(first: str, second: str, same: bool) -> None:
    one = Condition(first, "s", "x", "", "")
    other = Condition(second, "s" if same else "t", "x", "", "")
    assert (one.id == other.id) == (first == second and same)


def test_a_finding_keeps_the_acts_about_it_in_order() -> None:
    one = only([act(0, "finding.opened"), act(1, "finding.acknowledged", note="seen")], NOW)
    assert (one.state, [entry.note for entry in one.history]) == ("acknowledged", ["", "seen"])


def test_an_act_about_a_finding_that_was_never_opened_is_an_error() -> None:
    with pytest.raises(ValueError, match="never opened"):
        findings([act(0, "finding.resolved", reason="gone")], NOW)


def test_other_acts_are_no_findings() -> None:
    assert findings([Act(0, NOW, "person.added", PROGRAM, body={"sub": "p-1"})], NOW) == {}


@pytest.mark.parametrize(
    ("day", "state"), [(date(2026, 12, 5), "waived"), (date(2026, 12, 6), "open")]
)
def test_a_waiver_ends_with_its_day(day: date, state: str) -> None:
    acts = [
        act(0, "finding.opened"),
        act(1, "finding.waived", until="2026-12-05", reason="a pilot"),
    ]
    assert only(acts, datetime.combine(day, datetime.min.time())).state == state


def test_a_stored_finding_whose_condition_is_gone_is_left_out() -> None:
    stored = findings([act(0, "finding.opened")], NOW)
    assert current(stored, [], EMPTY, NOW) == ()


def test_a_stored_finding_is_shown_with_the_numbers_of_today() -> None:
    stored = findings([act(0, "finding.opened")], NOW)
    today = Condition(CONDITION.kind, "s", CONDITION.subject, "It is worse.", "Mend it.")
    (one,) = current(stored, [today], EMPTY, NOW)
    assert (one.text, one.stored, one.due) == ("It is worse.", True, date(2026, 12, 1))


def test_a_resolved_one_that_is_wrong_again_counts_as_found_again() -> None:
    stored = findings([act(0, "finding.opened"), act(1, "finding.resolved", reason="gone")], NOW)
    (one,) = current(stored, [CONDITION], EMPTY, NOW)
    assert (one.state, one.stored, one.occurrences, len(one.history)) == ("open", False, 2, 2)


def test_without_an_entry_medium_stakes_say_when_it_is_due() -> None:
    assert due(CONDITION, EMPTY, NOW) == date(2026, 12, 1)


def test_critical_ones_come_first_then_by_due_date() -> None:
    late = Condition("empty_owner_seat", "z", "empty_owner_seat", "", "")
    found = current({}, [CONDITION, late], EMPTY, NOW)
    assert [one.kind for one in found] == ["empty_owner_seat", "unregistered_signal"]


def test_every_unregistered_signal_is_one_condition_with_all_its_claims() -> None:
    seen = [
        Seen("s", (("model_version", name),), n, NOW - timedelta(days=n), NOW)
        for name, n in (("m1", 3), ("m2", 5))
    ]
    (one,) = conditions(EMPTY, seen, NOW)
    assert one.evidence == (("claims", "8"), ("first", "2026-11-19"))


def test_changed_evidence_names_its_fingerprint_and_what_differs() -> None:
    print_ = Fingerprint(model_version="m1")
    now = Recomputed(False, (Unlike("figure", "9", "8", "n"),), claims_sha256="ab")
    (one,) = conditions(EMPTY, [], NOW, changed_evidence={("s", print_): now})
    assert (one.kind, one.fingerprint) == ("evidence_changed", print_)
    assert "n was 9, and is 8." in one.text
    assert dict(one.evidence) == {"claims_sha256": "ab", "differences": "1"}
