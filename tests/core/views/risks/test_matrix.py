"""The twelve failures against every signal: one rule each, and what they see in the sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.findings.detectors.anchoring import Compared
from core.findings.detectors.drift_alarm import Alarm, Watched, watched
from core.findings.detectors.metric_gaming import Gaming, Pair
from core.findings.detectors.theatre import Theatre
from core.governance.perform import Office
from core.governance.validations.records import ValidationState
from core.governance.validations.standing import Standing
from core.ledger.connection import Ledger
from core.measure.failures.elicitation import Difference
from core.measure.failures.gaming import Change, Collapse, Side, Spread
from core.measure.failures.theatre import USUAL_COSTS, Effect
from core.measure.verdicts.label_reach import LabelReach
from core.queries.base.selection import Selection
from core.queries.claims.claims_per_signal import Moved
from core.queries.labels.label_provenance import HowLabelled
from core.queries.sums.elicitation_pairs import Way
from core.text.parts import OffAt, PartShown
from core.trail.fingerprint import Fingerprint
from core.views.audit.trail_integrity import wholeness
from core.views.risks.catalogue import FAILURES, NOTES, failure
from core.views.risks.facts import (
    Asked,
    Followed,
    Labels,
    Leak,
    Off,
    Recent,
    Seat,
    SignalFacts,
    Trail,
    Tried,
    Version,
    Watch,
    missed_words,
)
from core.views.risks.matrix import RisksView, risks_view, tally_words
from core.views.risks.rules import (
    accountability,
    calibration,
    decisions,
    elicitation,
    evaluation,
    validation,
)
from core.views.risks.rules.all import RULES
from core.views.risks.status import Rule

NOW = datetime(2026, 11, 23, 12)
DAY = date(2026, 9, 1)
M1 = Fingerprint("m1", "p1", None, "verbal", "before")
M2 = Fingerprint("m2", "p1", None, "verbal", "before")
P2 = Fingerprint("m1", "p2", None, "verbal", "before")


MET = Tried(
    DAY,
    900,
)


def version(
    fingerprint: Fingerprint = M1,
    state: ValidationState = "validated",
    *,
    opened: bool | None = None,
    first: date = DAY,
    in_use: bool = True,
    tried: Tried | None = MET,
    automated: int = 0,
) -> Version:
    is_open = state == "validated" if opened is None else opened
    until = datetime(2027, 1, 1) if is_open else None
    return Version(
        fingerprint=fingerprint,
        n_claims=1_000,
        n_automated=automated,
        first=first,
        in_use=in_use,
        standing=Standing(state, is_open, f"It is {state}.", until),
        signed=DAY,
        tried=tried,
        n=800,
        stated=640.0,
        right=600,
    )


RECENT = Recent(
    since=date(2026, 8, 29),
    until=date(2026, 10, 23),
    n=2_000,
    n_inputs=1_900,
    n_days=56,
    gap=0.01,
    low=-0.01,
    high=0.03,
    state="fine",
    off_parts=(),
    error=0.02,
    error_low=0.0,
    error_high=0.04,
    error_at=OffAt(),
    tolerance=0.05,
    high_from=0.9,
    high_n=500,
    high_inputs=480,
    high_days=56,
    high_claimed=0.95,
    high_observed=0.94,
    high_low=-0.02,
    high_high=0.04,
    n_segments=4,
    n_small=0,
    n_mute=0,
    n_within=2,
    off=(),
    bounded=0.95,
    labels=HowLabelled(2_200, 2_000, 0, 300, 280),
    reach=LabelReach("all", 2_200, 2_000, -0.08, 0.1),
)
THEATRE = Theatre(
    signal="s",
    since=datetime(2026, 8, 24),
    until=NOW,
    settled=datetime(2026, 10, 24),
    basis="logged",
    n_claims=1_000,
    n_unlogged=0,
    costs=USUAL_COSTS,
    unit="EUR",
    effect=Effect(1_000, None, "review", 900.0, {}, 300, 120.0, 80.0, 160.0, 0.95),
    handled=(),
    rules=(),
)
FACTS = SignalFacts(
    signal="s",
    written=True,
    registered=True,
    unvalidated="review",
    n_claims=1_000,
    first=DAY,
    versions=(version(),),
    seat=Seat("Ann Lee", False, ("Bob Ng",), (), ("Ann Lee",)),
    dimensions=("topic",),
    recent=RECENT,
    moved=Moved("topic", "legal", 0.1, 0.1, 500, 600),
    labels=Labels(800, 0, 300, 280),
    leak=Leak(200, 200, 900, 0),
    gaming=(),
    asked=(Asked("verbal", "before", 1_000),),
    ways=(),
    theatre=THEATRE,
    followed=Followed(date(2026, 8, 24), date(2026, 11, 23), 3, 0, 1_000, 1_000),
    trail=Trail(True, "The trail is whole.", 40, date(2026, 11, 23), False, 1_000, 0, 12, 0),
)
BROKEN = replace(FACTS, written=False, seat=None, followed=None)


def test_every_failure_has_a_rule_and_a_mapping() -> None:
    assert [one.key for one in FAILURES] == list(RULES)
    assert len(FAILURES) == 12
    assert all(one.supports.named() for one in FAILURES)
    assert failure("theatre").supports.eu_ai_act == ""


def test_the_mapping_supports_and_says_where_it_was_read() -> None:
    notes = " ".join(NOTES)
    assert "2026-04-17" in notes
    assert "out of scope" in notes
    assert "2027-12-02" in notes
    assert "certifies nothing" in notes
    written = notes + "".join(one.control for one in FAILURES)
    assert "complies" not in written
    assert "compliant" not in written


@pytest.mark.parametrize("key", list(RULES))
def test_a_rule_says_one_line_and_where_it_can_be_seen(key: str) -> None:
    for facts in (FACTS, BROKEN, replace(FACTS, versions=(), recent=None, asked=())):
        found = RULES[key](facts)
        assert found.line.endswith(".")
        assert "\n" not in found.line
        assert found.link.page


# ------------------------------------------------------------------------------- not validated
def test_validated_versions_in_use_are_covered_until_a_day_on_so_many_claims() -> None:
    found = validation.unvalidated(FACTS)
    assert found.status == "covered"
    assert "until 2027-01-01 on 900 labelled claims, signed 2026-09-01" in found.line
    assert found.link.fingerprint == M1.id


@pytest.mark.parametrize("state", ["draft", "rejected", "expired", "suspended", "in_validation"])
def test_a_version_in_use_that_is_not_validated_is_open(state: ValidationState) -> None:
    facts = replace(FACTS, versions=(version(), version(M2, state, automated=7)))
    found = validation.unvalidated(facts)
    assert found.status == "open"
    assert "m2 · p1" in found.line
    assert "7 claims of it were automated" in found.line
    assert found.link.fingerprint == M2.id


def test_a_version_out_of_use_does_not_matter() -> None:
    facts = replace(FACTS, versions=(version(M2, "expired", in_use=False), version()))
    assert validation.unvalidated(facts).status == "covered"


def test_a_waiver_lets_a_number_act_and_is_no_validation() -> None:
    found = validation.unvalidated(replace(FACTS, versions=(version(M1, "waived", opened=True),)))
    assert found.status == "open"


def test_a_validation_that_is_closed_all_the_same_is_open_as_a_risk() -> None:
    facts = replace(FACTS, versions=(version(M1, "validated", opened=False),))
    assert validation.unvalidated(facts).status == "open"


def test_what_is_unregistered_is_open_and_a_broken_trail_tells_nothing() -> None:
    assert validation.unvalidated(replace(FACTS, registered=False)).status == "open"
    found = validation.unvalidated(BROKEN)
    assert (found.status, found.link.page) == ("not_measured", "decision_trail")


# ------------------------------------------------------------------------------ hidden segment
def test_segments_that_were_looked_at_and_are_not_off_are_covered() -> None:
    found = calibration.aggregate(FACTS)
    assert found.status == "covered"
    assert "none of 4 segments is shown to be off" in found.line
    assert "95% of the labels are off by less than 10 points" in found.line


def test_a_segment_that_is_off_is_open_and_opened_by_its_link() -> None:
    words = "right 67% of the time (said 83%): gap +15.8 points (+13.5 to +18.1), 1,370 claims of "
    words += "1,360 inputs on 56 days"
    off = Off(
        "topic",
        "medical",
        PartShown("whole", 0.158, 0.135, 0.181, 1_370, said=0.83, right=0.672),
        1_360,
        56,
    )
    found = calibration.aggregate(replace(FACTS, recent=replace(RECENT, off=(off,))))
    assert found.status == "open"
    assert f"topic=medical is off: {words}" in found.line
    assert found.link.query == (("topic", "medical"),)


def test_the_high_confidence_band_alone_is_enough() -> None:
    recent = replace(RECENT, state="off", off_parts=("high_band",), high_low=0.06, high_high=0.14)
    found = calibration.aggregate(replace(FACTS, recent=recent))
    assert found.status == "open"
    assert "it is right 94% of the time (said 95%, n 500)" in found.line


def test_a_required_segment_that_misses_its_criterion_is_open_with_its_evidence() -> None:
    words = "ECE 0.158 (0.135 to 0.181), at most 0.08: missed."
    tried = Tried(DAY, 3_000, (), (missed_words("topic=medical", words, 1_370),))
    found = calibration.aggregate(replace(FACTS, versions=(version(tried=tried),)))
    assert found.status == "open"
    assert "topic=medical missed ECE 0.158 (0.135 to 0.181), at most 0.08 (n 1,370)" in found.line
    assert found.link.page == "sign_off"


@pytest.mark.parametrize(
    "facts",
    [
        replace(FACTS, recent=None),
        replace(FACTS, dimensions=()),
        replace(FACTS, recent=replace(RECENT, state="too_few")),
        replace(FACTS, recent=replace(RECENT, state="at_the_edge")),
        replace(FACTS, recent=replace(RECENT, bounded=0.79)),
        replace(FACTS, recent=replace(RECENT, n_segments=0, bounded=0.0)),
        replace(FACTS, labels=Labels(800, 800, 0, 0)),
        replace(FACTS, labels=Labels(800, 0, 300, 0)),
    ],
    ids=[
        *("unlabelled", "no segment", "too few", "at the edge", "little", "small", "drawn"),
        "one-sided",
    ],
)
def test_labels_that_cannot_tell_are_not_measured(facts: SignalFacts) -> None:
    assert calibration.aggregate(facts).status == "not_measured"


# --------------------------------------------------------------------- model update, prompt edit
@pytest.mark.parametrize(
    ("rule", "newer"), [(validation.model_update, M2), (validation.prompt_edit, P2)]
)
def test_a_new_version_is_open_until_it_is_validated_by_itself(
    rule: Rule, newer: Fingerprint
) -> None:
    later = date(2026, 10, 1)
    unseen = version(newer, "draft", first=later, tried=None)
    found = rule(replace(FACTS, versions=(version(), unseen)))
    assert found.status == "open"
    assert "since 2026-10-01 (1,000)" in found.line
    assert "never measured for a signature nor validated" in found.line
    validated = version(newer, first=later)
    found = rule(replace(FACTS, versions=(version(), validated)))
    assert found.status == "covered"
    assert "was validated by itself 2026-09-01 on 900 labelled claims" in found.line
    assert "gap +5.0 to +5.0 (n 800 and 800)" in found.line


@pytest.mark.parametrize("rule", [validation.model_update, validation.prompt_edit])
def test_where_nothing_was_updated_it_does_not_apply(rule: Rule) -> None:
    assert rule(FACTS).status == "not_applicable"


def test_a_prompt_that_asks_in_another_order_is_no_edit_of_this_one() -> None:
    after = Fingerprint("m1", "p1-after", None, "verbal", "after")
    facts = replace(FACTS, versions=(version(after, "draft", first=date(2026, 8, 1)), version()))
    assert validation.prompt_edit(facts).status == "not_applicable"


def test_versions_that_are_not_named_cannot_be_seen_to_change() -> None:
    nameless = version(Fingerprint(None, None, None, "verbal", "before"))
    facts = replace(FACTS, versions=(nameless,))
    assert validation.model_update(facts).status == "not_measured"
    assert validation.prompt_edit(facts).status == "not_measured"


def test_a_remeasured_version_says_what_it_missed() -> None:
    tried = Tried(date(2026, 10, 19), 1_474, ("all judged claims missed ECE 0.119",))
    facts = replace(
        FACTS, versions=(version(), version(P2, "rejected", first=date(2026, 10, 1), tried=tried))
    )
    assert "re-measured 2026-10-19: all judged claims missed ECE 0.119" in (
        validation.prompt_edit(facts).line
    )


# ---------------------------------------------------------------------------------------- drift
def test_recent_claims_within_tolerance_are_covered_and_the_mix_is_said() -> None:
    found = calibration.drift(replace(FACTS, moved=OTHERS))
    assert found.status == "covered"
    assert "amount=over 500 from 8% to 40% of 1,100 claims" in found.line
    assert "hardly changed" in calibration.drift(FACTS).line


OFF = replace(
    FACTS,
    recent=replace(RECENT, gap=0.1, low=0.08, high=0.12, state="off", off_parts=("whole",)),
)
CANCELLING = replace(
    RECENT,
    state="off",
    off_parts=("shape",),
    error=0.14,
    error_low=0.12,
    error_high=0.16,
    error_at=OffAt(((70.0, 85.0),), ((30.0, 30.0),)),
)
CHOSEN = replace(
    RECENT,
    reach=LabelReach("labelled", 2_200, 600, -0.3, 0.4, by_chance=True),
)
OTHERS = Moved("amount", "over 500", 0.08, 0.4, 900, 1_100)


@pytest.mark.parametrize("moved", [FACTS.moved, None])
def test_lost_calibration_is_no_drift_of_inputs_that_hardly_changed(moved: Moved | None) -> None:
    found = calibration.drift(replace(OFF, moved=moved))
    assert found.status == "not_measured"
    assert "outside ±5 points, and nothing shows that its inputs drifted." in found.line
    assert ("What comes in hardly changed" in found.line) == (moved is not None)


def test_a_finding_that_inputs_drifted_is_open_though_calibration_held() -> None:
    found = calibration.drift(replace(FACTS, drifted=("amount=low went from 62% to 25%.",)))
    assert (found.status, found.link.page) == ("open", "drift")
    assert found.line == "amount=low went from 62% to 25%."
    two = calibration.drift(replace(FACTS, drifted=("One.", "Other.")))
    assert two.line == "One. 1 more finding of it stands."


def test_recent_claims_outside_tolerance_are_open_and_too_few_are_not_measured() -> None:
    assert calibration.drift(replace(OFF, moved=OTHERS)).status == "open"
    unsure = replace(RECENT, state="too_few")
    found = calibration.drift(replace(FACTS, recent=unsure))
    assert found.status == "not_measured"
    assert "but its high-confidence band has too few labels (500)" in found.line


def test_errors_that_cancel_leave_an_aggregate_open_and_where_is_said() -> None:
    found = calibration.aggregate(replace(FACTS, recent=CANCELLING))
    assert (found.status, found.link.page) == ("open", "reliability")
    assert "errors cancel: overconfident at 70% to 85%, underconfident at 30%" in found.line


def test_errors_that_cancel_are_named_where_inputs_drifted() -> None:
    found = calibration.drift(replace(FACTS, recent=CANCELLING, moved=OTHERS))
    assert found.status == "open"
    assert "errors cancel: overconfident at 70% to 85%" in found.line


def test_labels_that_cannot_speak_for_all_are_not_measured_and_why_is_said() -> None:
    for rule in (calibration.aggregate, calibration.drift):
        found = rule(replace(FACTS, recent=CHOSEN))
        assert found.status == "not_measured"
        assert found.line.startswith("No verdict on all claims, for the labels cannot speak")


def test_an_error_at_the_edge_of_the_tolerance_is_called_so() -> None:
    found = calibration.drift(replace(FACTS, recent=replace(RECENT, state="at_the_edge")))
    assert found.status == "not_measured"
    assert "at the edge of ±5 points" in found.line


WATCH = Watch(M1, "watched since 2026-09-01: 5 cohorts, 900 inputs, evidence 0.8", 900, "")
ALARM = replace(WATCH, alarm="m1: The gap is +9.1 points. It changed about 2026-W40")


def test_an_alarm_of_the_watch_is_open_whatever_the_newest_weeks_say() -> None:
    found = calibration.drift(replace(FACTS, watches=(WATCH, ALARM)))
    assert (found.status, found.link.page) == ("open", "drift")
    assert found.line == (
        "m1: The gap is +9.1 points. It changed about 2026-W40. Watched since 2026-09-01: 5 "
        "cohorts, 900 inputs, evidence 0.8."
    )
    two = calibration.drift(replace(FACTS, watches=(ALARM, replace(ALARM, fingerprint=M2))))
    assert two.line.endswith(" An alarm stands on 1 more version.")
    # Labels of what people looked at only do not take an alarm back.
    one_sided = replace(FACTS, recent=None, watches=(ALARM,))
    assert calibration.drift(one_sided).status == "open"


UNSURE = replace(FACTS, recent=replace(RECENT, state="too_few"))


def test_a_watch_without_an_alarm_covers_a_band_that_the_newest_weeks_cannot_tell() -> None:
    found = calibration.drift(replace(UNSURE, watches=(WATCH,)))
    assert found.status == "covered"
    assert "Watched since 2026-09-01: 5 cohorts, 900 inputs, evidence 0.8." in found.line


@pytest.mark.parametrize(
    "facts",
    [
        replace(UNSURE, watches=(replace(WATCH, inputs=0),)),
        replace(UNSURE, watches=(replace(WATCH, inputs=29),)),
        replace(UNSURE, watches=(WATCH,), versions=(version(M1), version(M2))),
        replace(UNSURE, watches=(WATCH,), versions=()),
        replace(
            FACTS,
            watches=(WATCH,),
            recent=replace(RECENT, gap=0.05, low=0.03, high=0.07, state="at_the_edge"),
        ),
        replace(FACTS, watches=(WATCH,), recent=replace(RECENT, state="at_the_edge")),
        replace(FACTS, watches=(WATCH,), recent=replace(RECENT, state="too_few", error_high=0.06)),
    ],
    ids=[
        "no cohort yet",
        "hardly a label",
        "another version unwatched",
        "none in use",
        "the whole not known to be within tolerance",
        "a band that is shown an error",
        "a shape not known to be within tolerance",
    ],
)
def test_a_watch_that_saw_too_little_covers_nothing(facts: SignalFacts) -> None:
    assert calibration.drift(facts).status == "not_measured"


def test_where_another_version_is_in_use_the_one_that_is_watched_is_named() -> None:
    two = replace(FACTS, watches=(WATCH,), versions=(version(M1), version(M2)))
    assert f" {M1.words()}: watched since 2026-09-01" in calibration.drift(two).line


def test_a_watch_without_an_alarm_does_not_close_what_the_newest_weeks_show() -> None:
    assert calibration.drift(replace(OFF, moved=OTHERS, watches=(WATCH,))).status == "open"


# -------------------------------------------------------------------------------------- leakage
@pytest.mark.parametrize(
    ("leak", "status", "said"),
    [
        (Leak(0, 0, 0, 0), "not_measured", "No claim is marked as tuning"),
        (Leak(900, 900, 7_940, 300), "open", "300 claims of 7,940 to judge on"),
        (Leak(900, 0, 7_940, 0), "not_measured", "names its input"),
        (Leak(900, 900, 0, 0), "not_measured", "none to judge on yet"),
        (Leak(900, 900, 7_940, 0), "covered", "None of 7,940 claims to judge on"),
    ],
)
def test_what_was_tuned_on_is_told_from_what_is_judged(leak: Leak, status: str, said: str) -> None:
    found = evaluation.leakage(replace(FACTS, leak=leak))
    assert found.status == status
    assert said in found.line


def test_evidence_that_leaves_the_leaked_out_covers_it() -> None:
    tried = Tried(DAY, 5_000, n_left_out=300)
    facts = replace(FACTS, leak=Leak(900, 900, 7_940, 300), versions=(version(tried=tried),))
    found = evaluation.leakage(facts)
    assert found.status == "covered"
    assert "leaves out 300" in found.line


# ------------------------------------------------------------------------------------ ownership
def test_an_owner_a_deputy_and_responsible_people_are_covered() -> None:
    found = accountability.ownership(FACTS)
    assert found.status == "covered"
    assert "Owner: Ann Lee; deputies: Bob Ng" in found.line


@pytest.mark.parametrize(
    ("seat", "said"),
    [
        (None, "nobody answers for it"),
        (Seat("nobody (Maya Cole has left)", True, (), (), ()), "Maya Cole has left"),
        (Seat("Ann Lee", False, (), (), ("Ann Lee",)), "nobody stands in"),
        (Seat("Ann Lee", False, ("Bob Ng",), ("schema (Cy)",), ("Cy",)), "has left: schema (Cy)"),
    ],
)
def test_a_seat_that_nobody_fills_is_open(seat: Seat | None, said: str) -> None:
    found = accountability.ownership(replace(FACTS, seat=seat))
    assert found.status == "open"
    assert said in found.line


# ---------------------------------------------------------------------------------- audit trail
def test_a_whole_trail_with_recorded_claims_is_covered_and_says_what_it_does_not_prove() -> None:
    found = accountability.audit_trail(FACTS)
    assert found.status == "covered"
    assert "80% with an outcome, 12 of 12 answers of the gate sealed" in found.line
    assert "nothing outside the ledger vouches for it yet" in found.line


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"n_entries": 0}, "open", "has not begun"),
        ({"whole": False, "headline": "The trail is not whole."}, "open", "not whole"),
        ({"n_unrecorded": 40}, "open", "40 of 1,000 claims came in"),
    ],
)
def test_a_trail_with_holes_is_open(change: dict[str, object], status: str, said: str) -> None:
    found = accountability.audit_trail(replace(FACTS, trail=replace(FACTS.trail, **change)))
    assert found.status == status
    assert said in found.line


def test_claims_without_any_outcome_are_half_a_trail() -> None:
    found = accountability.audit_trail(replace(FACTS, labels=Labels(0, 0, 0, 0)))
    assert found.status == "not_measured"


# ----------------------------------------------------------------------------------- escalation
def test_rules_that_were_followed_are_covered_and_breaches_are_open() -> None:
    assert "no breach in 1,000 claims" in decisions.escalation(FACTS).line
    assert FACTS.followed is not None
    bad = replace(FACTS.followed, by_kind=(("against the cut", 120),), n_wrong=9)
    found = decisions.escalation(replace(FACTS, followed=bad))
    assert found.status == "open"
    assert "120 of 1,000 claims" in found.line
    assert "9 known to be wrong" in found.line
    assert (found.link.since, found.link.until) == (bad.since, bad.until)


def test_where_nothing_is_logged_breaches_cannot_be_seen() -> None:
    assert FACTS.followed is not None
    unlogged = replace(FACTS.followed, n_logged=0)
    assert decisions.escalation(replace(FACTS, followed=unlogged)).status == "not_measured"
    assert decisions.escalation(replace(FACTS, followed=None)).status == "open"


# ------------------------------------------------------------------------------------ anchoring
def ways(value: float, half: float, *, anchored: bool = False, other: str = "s") -> Compared:
    before = Way(other, "verbal", "before" if other == "s" else "behavioural")
    shift = Difference(1_200, value, value - half, value + half)
    same = Difference(1_064, 0.0, -0.003, 0.003)
    return Compared(before, Way("s", "verbal", "after"), "input_id", shift, same, None, None,
                    anchored)  # fmt: skip


AFTER = replace(FACTS, asked=(Asked("verbal", "after", 1_000),))


def test_a_shift_at_equal_accuracy_is_open() -> None:
    found = elicitation.anchoring(replace(AFTER, ways=(ways(0.15, 0.002, anchored=True),)))
    assert found.status == "open"
    assert "15.0 points more (+14.8 to +15.2)" in found.line
    assert "same 1,200 inputs" in found.line


def test_asked_after_the_answer_with_nothing_to_compare_is_not_measured() -> None:
    found = elicitation.anchoring(AFTER)
    assert found.status == "not_measured"
    assert "nothing to compare" in found.line


def test_asked_after_it_and_within_tolerance_of_another_way_is_covered() -> None:
    assert (
        elicitation.anchoring(replace(AFTER, ways=(ways(0.02, 0.01, other="t"),))).status
        == "covered"
    )
    unsure = replace(AFTER, ways=(ways(0.04, 0.03, other="t"),))
    assert elicitation.anchoring(unsure).status == "not_measured"


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ("before", "covered"),
        ("behavioural", "not_applicable"),
        ("independent", "not_applicable"),
        (None, "not_measured"),
    ],
)
def test_when_it_was_asked_decides(order: str | None, status: str) -> None:
    facts = replace(FACTS, asked=(Asked("verbal", order, 1_000),))
    assert elicitation.anchoring(facts).status == status


# -------------------------------------------------------------------------------------- theatre
def test_decisions_that_differ_are_covered_with_what_they_saved() -> None:
    found = decisions.theatre(FACTS)
    assert found.status == "covered"
    assert "300 differ from always review, which saved 120 EUR (+80 to +160)" in found.line


def test_one_action_for_all_is_open() -> None:
    effect = Effect(1_000, "review", "review", 1_000.0, {}, 0, 0.0, 0.0, 0.0, 0.95)
    found = decisions.theatre(replace(FACTS, theatre=replace(THEATRE, effect=effect)))
    assert found.status == "open"
    assert "All 1,000 decisions since 2026-08-24 are review (as logged)" in found.line


def test_too_few_or_unlogged_decisions_are_not_measured() -> None:
    few = Effect(99, "review", None, None, {}, None, None, None, None, 0.95)
    assert decisions.theatre(replace(FACTS, theatre=replace(THEATRE, effect=few))).status == (
        "not_measured"
    )
    by_rules = replace(THEATRE, basis="rules")
    assert decisions.theatre(replace(FACTS, theatre=by_rules)).status == "not_measured"


# --------------------------------------------------------------------------------------- gaming
def gaming(p: float) -> Gaming:
    claims = Selection("s")
    pair = Pair("s", "prompt", "p1", "p2", claims, claims, NOW, (P2,))
    wide, narrow = Spread(0.3, 0.7, 1.0, 9, 3.0), Spread(0.02, 0.72, 0.74, 2, 1.0)
    found = Collapse(
        before=Side(5_200, 5_097, 0.081, 0.01, 0.67, wide),
        after=Side(1_200, 1_093, 0.010, 0.01, 0.58, narrow),
        ece=Change(-0.07, -0.08, -0.06),
        auroc=Change(-0.09, -0.13, -0.06),
        width=Change(-0.28, -0.3, -0.26),
        p_traded=p,
        p_narrowed=1.0,
        level=0.95,
    )
    return Gaming(pair, found, family=18)


def test_a_flagged_comparison_is_open_with_both_numbers() -> None:
    found = evaluation.gaming(replace(FACTS, gaming=(gaming(0.0001),)))
    assert found.status == "open"
    assert "Prompt p2 against prompt p1: ECE 0.081 to 0.010, AUROC 0.67 to 0.58" in found.line
    assert "30 points to 2 points" in found.line
    assert "(n 5,097 and 1,093)" in found.line


def test_a_comparison_that_is_not_flagged_covers_it() -> None:
    found = evaluation.gaming(replace(FACTS, gaming=(gaming(0.2),)))
    assert found.status == "covered"
    assert "no sign of gaming" in found.line


def test_without_a_comparison_gaming_is_not_measured() -> None:
    assert evaluation.gaming(FACTS).status == "not_measured"


# ----------------------------------------------------------------------------------- the sample
@pytest.fixture(scope="module")
def told(told_path: Path) -> Iterator[tuple[duckdb.DuckDBPyConnection, Office]]:
    with Ledger.open(told_path) as ledger:
        yield ledger.cursor(), Office.of(ledger, clock=lambda: NOW)


@pytest.fixture(scope="module")
def view(told: tuple[duckdb.DuckDBPyConnection, Office], told_path: Path) -> RisksView:
    cursor, office = told
    whole = wholeness(cursor, told_path, NOW)
    return risks_view(cursor, office.state(), NOW, whole, data_version=6)


@pytest.mark.parametrize(
    ("key", "signal", "said"),
    [
        ("unvalidated", "callback-urgency.self-report", "Nothing is written down"),
        ("unvalidated", "reply-safety.self-report", "guard-2"),
        ("unvalidated", "answer-grounding.agreement", "Waived until 2026-12-02"),
        ("aggregate", "ticket-triage.self-report", "topic=medical missed ECE"),
        ("aggregate", "reply-safety.self-report", "policy=legal"),
        ("aggregate", "knowledge-answer.self-report", "at 90% or more"),
        ("model_update", "reply-safety.self-report", "never measured for a signature"),
        ("drift", "refund-check.logprob", "amount=under 50 went from 62% to 25%"),
        ("leakage", "knowledge-answer.self-report", "300 claims of 7,940"),
        ("gaming", "answer-quality.judge", "Prompt rubric-3 against prompt rubric-2"),
        ("ownership", "reply-safety.self-report", "Maya Cole has left"),
        ("escalation", "ticket-triage.self-report", "120 against the cut"),
        ("anchoring", "reply-draft.self-report", "15.0 points more"),
        ("prompt_edit", "reply-draft.self-report", "confidence +20."),
        ("theatre", "duplicate-merge.self-report", "changed none of them"),
    ],
)
def test_the_sample_shows_what_was_planted(
    view: RisksView, key: str, signal: str, said: str
) -> None:
    cell = view.cell(key, signal)
    assert cell.status == "open"
    assert said in cell.line


@pytest.mark.parametrize(
    ("key", "signal", "status"),
    [
        ("unvalidated", "ticket-triage.agreement", "covered"),
        ("drift", "ticket-triage.agreement", "covered"),
        ("drift", "reply-draft.self-report", "not_measured"),
        ("drift", "knowledge-answer.self-report", "not_measured"),
        ("model_update", "refund-check.logprob", "covered"),
        ("aggregate", "ticket-triage.agreement", "covered"),
        ("aggregate", "answer-grounding.agreement", "not_measured"),
        ("aggregate", "callback-urgency.self-report", "not_measured"),
        ("ownership", "refund-check.logprob", "covered"),
        ("theatre", "refund-check.logprob", "covered"),
        ("anchoring", "ticket-triage.agreement", "not_applicable"),
    ],
)
def test_the_sample_s_nulls_are_not_open(
    view: RisksView, key: str, signal: str, status: str
) -> None:
    assert view.cell(key, signal).status == status


def test_what_the_watch_saw_stands_beside_the_newest_weeks(view: RisksView) -> None:
    line = view.cell("drift", "refund-check.logprob").line
    assert "Watched since " in line
    assert "needed: no alarm." in line


def test_an_alarm_in_the_ledger_opens_the_line(
    told: tuple[duckdb.DuckDBPyConnection, Office],
    told_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cursor, office = told

    def alarmed(*of: Any) -> tuple[Watched, ...]:
        return tuple(replace(one, alarm=Alarm(NOW, "2026-W43", (one.gap,))) for one in watched(*of))

    monkeypatch.setattr("core.views.risks.gather.watched", alarmed)
    whole = wholeness(cursor, told_path, NOW)
    view = risks_view(cursor, office.state(), NOW, whole, data_version=6)
    cell = view.cell("drift", "refund-check.logprob")
    assert cell.status == "open"
    assert "shown with the cohort 2026-W43." in cell.line
    assert cell.line.endswith("needed: alarm with the cohort 2026-W43.")


def test_there_is_a_cell_for_every_failure_of_every_signal_worst_first(view: RisksView) -> None:
    assert len(view.cells) == 12 * len(view.signals) == 132
    assert view.headline.startswith(f"{sum(one.status == 'open' for one in view.cells)} of 132")
    opened = [
        sum(one.status == "open" for one in view.of_failure(each.key)) for each in view.failures
    ]
    assert opened == sorted(opened, reverse=True)
    assert tally_words(view.of_failure("audit_trail")) == "11 covered"


def test_a_broken_trail_leaves_what_claims_alone_can_tell(
    told: tuple[duckdb.DuckDBPyConnection, Office], told_path: Path
) -> None:
    cursor, _ = told
    whole = replace(wholeness(cursor, told_path, NOW), whole=False, headline="Not whole.")
    found = risks_view(cursor, None, NOW, whole, data_version=6)
    assert found.broken
    assert {one.status for one in found.of_failure("unvalidated")} == {"not_measured"}
    assert {one.status for one in found.of_failure("audit_trail")} == {"open"}
    assert found.cell("aggregate", "reply-safety.self-report").status == "open"


def test_an_empty_ledger_has_nothing_to_show(tmp_path: Path) -> None:
    path = tmp_path / "empty.duckdb"
    with Ledger.open(path, create=True) as ledger:
        cursor, office = ledger.cursor(), Office.of(ledger, clock=lambda: NOW)
        whole = wholeness(cursor, path, NOW)
        found = risks_view(cursor, office.state(), NOW, whole, data_version=0)
    assert (found.cells, found.signals) == ((), ())
