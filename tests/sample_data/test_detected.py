"""What a thorough round finds in the sample: what is planted, and nothing in any null."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from core.findings.detectors.all import DETECTORS
from core.findings.detectors.change.canary import canary_conditions
from core.findings.detectors.confidence.anchoring import compare_ways
from core.findings.detectors.confidence.metric_gaming import Gaming, measure_gaming, pairs
from core.findings.detectors.decisions.handoffs import reliance
from core.findings.detectors.decisions.theatre import Theatre, measure_theatre
from core.findings.facts.decisions.bypass import GateBypassed
from core.findings.kinds import KINDS, Condition
from core.governance.perform import Office
from core.governance.replay import Replay
from core.governance.state import State
from core.ledger.connection import Ledger
from core.monitoring.rounds import rounds
from core.queries.base.catalogue import signals
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import asked_once
from core.queries.sums.labelling.audit_answers import samples_answered
from core.standing.drawn_samples import awaited, samples
from core.trail.facts import read
from core.views.govern.findings import findings_view
from core.views.shared.canary import canary_lines
from sample_data import planted, story

NOW = datetime(2026, 11, 23, 12)
#: What is planted, by its kind of finding, its signal and what of it.
DETECTED = {
    ("gate_bypassed", planted.LOGPROB, "gate_bypassed"),
    ("miscalibrated", planted.ANSWER, "miscalibrated"),
    ("miscalibrated", planted.DRAFT, "miscalibrated"),
    ("miscalibrated", planted.ROUTING, "miscalibrated"),
    ("hidden_segment", planted.SELF_REPORT, "topic"),
    ("hidden_segment", planted.SELF_REPORT, "channel"),
    ("hidden_segment", planted.SAFETY, "policy"),
    ("split_leaked", planted.ANSWER, "split_leaked"),
    ("heldout_worn", planted.ANSWER, story.ANSWER_V9.id),
    ("promise_broken", planted.SAFETY, story.GUARD_2.id),
    ("model_changed", planted.SAFETY, "model_version=guard-2"),
    # The slow decalibration of voice falls into the time of these two.
    ("model_changed", planted.SELF_REPORT, "model_version=assist-2"),
    ("prompt_changed", planted.SELF_REPORT, "prompt_version=triage-v4"),
    ("prompt_changed", planted.DRAFT, "prompt_version=draft-v3"),
    ("prompt_changed", planted.JUDGE, "prompt_version=rubric-3"),
    ("inputs_drifted", planted.LOGPROB, "amount"),
    ("metric_gamed", planted.JUDGE, "prompt rubric-3"),
    ("confidence_anchored", planted.DRAFT, "reply-draft.self-report/verbal/draft-v2-after"),
    ("confidence_theatre", planted.MERGE, "confidence_theatre"),
    ("order_contradicted", planted.ROUTING, "verbal/after"),
    ("field_changed", planted.ROUTING, "seg_language"),
    # A field that is gone is a mix that changed, too.
    ("inputs_drifted", planted.ROUTING, "language"),
    ("stakes_too_low", planted.DRAFT, "stakes_too_low"),
    ("rubber_stamp", planted.MERGE, planted.RUBBER_STAMP),
    ("handoffs_overdue", planted.MERGE, ""),
    ("share_jumped", planted.JUDGE, "unstated"),
    ("audit_unanswered", planted.ROUTING, ""),
}
JUDGED = (planted.JUDGE, "prompt rubric-3")
REFUNDS_DRIFTED = ("inputs_drifted", planted.LOGPROB)
ROUTED_BADLY = ("miscalibrated", planted.ROUTING)


@pytest.fixture(scope="module")
def cursor(told_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with Ledger.open(told_path, read_only=True) as ledger:
        yield ledger.cursor()


@pytest.fixture(scope="module")
def state(cursor: duckdb.DuckDBPyConnection) -> State:
    return Replay().caught_up(cursor)


@pytest.fixture(scope="module")
def by_detector(cursor: duckdb.DuckDBPyConnection, state: State) -> list[tuple[Condition, ...]]:
    with asked_once():
        return [one.find(cursor, state, NOW) for one in DETECTORS]


@pytest.fixture(scope="module")
def conditions(by_detector: list[tuple[Condition, ...]]) -> tuple[Condition, ...]:
    """As `detected` puts them together, which the thorough round below asks."""
    return tuple(one for found in by_detector for one in found)


@pytest.fixture(scope="module")
def compared(cursor: duckdb.DuckDBPyConnection, state: State) -> dict[tuple[str, str], Gaming]:
    asked = pairs(cursor, state, NOW)
    found = measure_gaming(cursor, asked, family=len(asked))
    return {(one.pair.signal, one.pair.words[1]): one for one in found}


@pytest.fixture(scope="module")
def theatres(cursor: duckdb.DuckDBPyConnection, state: State) -> dict[str, Theatre]:
    entries = {name: entry.spec for name, entry in state.entries.items()}
    return {
        one.name: measure_theatre(cursor, entries.get(one.name), Selection(one.name), NOW)
        for one in signals(cursor)
    }


def test_the_planted_failures_are_found_and_nothing_else(
    conditions: tuple[Condition, ...],
) -> None:
    assert {(one.kind, one.signal, one.subject) for one in conditions} == DETECTED


@pytest.mark.parametrize("at", range(len(DETECTORS)), ids=lambda at: DETECTORS[at].kinds[0])
def test_a_detector_finds_the_kinds_it_names_and_no_others(
    by_detector: list[tuple[Condition, ...]], at: int
) -> None:
    planted_ = {kind for kind, *_ in DETECTED} & set(DETECTORS[at].kinds)
    assert {one.kind for one in by_detector[at]} == planted_


def test_the_readme_lists_them() -> None:
    text = (Path(planted.__file__).parent / "README.md").read_text(encoding="utf-8")
    listed = text[text.index("| finding |") :].split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in listed]
    stated = {(title, one.strip("` ")) for title, named, _ in cells for one in named.split(",")}
    # Read off the trail, and not off claims.
    asked_again = {("model_swapped", planted.ANSWER), ("canary_missed", planted.SAFETY)}
    kept = {(KINDS[kind].words, signal) for kind, signal in asked_again}
    assert stated == {*kept, *((KINDS[kind].words, signal) for kind, signal, _ in DETECTED)}


def test_none_of_them_is_critical_for_nothing_that_is_off_may_act(
    conditions: tuple[Condition, ...],
) -> None:
    """But for what acted without asking, which is bad whether or not the signal is off."""
    off = [one for one in conditions if one.kind != "gate_bypassed"]
    assert {one.severity for one in off} == {"warning"}


def test_what_production_forgot_asked_otherwise_or_asked_too_late_is_a_bypass_and_nothing_else(
    cursor: duckdb.DuckDBPyConnection, conditions: tuple[Condition, ...]
) -> None:
    days = [
        (planted.FIRST_MONDAY + timedelta(weeks=week - 1, days=day)).date()
        for week, day in (planted.BYPASSED, planted.ASKED_ROUNDED, planted.ASKED_LATE)
    ]
    (one,) = [one for one in conditions if one.kind == "gate_bypassed"]
    forgot, rounded, late = (
        cursor.execute(
            """
            SELECT count(*) FROM claims
            WHERE signal = $signal AND action = 'automate' AND CAST(ts AS DATE) = $day
            """,
            {"signal": planted.LOGPROB, "day": day},
        ).fetchall()[0][0]
        for day in days
    )
    assert one.facts is not None
    facts = read(GateBypassed, one.facts)
    assert (facts.claims, facts.other, facts.late) == (forgot + rounded, rounded, late)
    assert (facts.first, facts.last) == (days[0], days[1])
    assert one.severity == "critical"


def test_the_reviewer_who_looks_at_nothing_is_named_and_who_accepts_much_is_not(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    found = reliance(cursor, planted.MERGE, NOW)
    assert found.stamps == (planted.RUBBER_STAMP,)
    assert (found.own, found.rest_own) == ((), False)
    for name, (_, caught, overruled) in planted.MERGE_REVIEWERS.items():
        one = found.by[name]
        assert one.wrong > 50
        assert one.caught / one.wrong == pytest.approx(caught, abs=0.12)
        assert one.overruled / one.right == pytest.approx(overruled, abs=0.03)


def test_signals_that_are_honest_everywhere_raise_nothing(
    conditions: tuple[Condition, ...],
) -> None:
    # Complaints are labelled first in GROUNDING: unweighted, its labels show a gap of ten points.
    honest = {planted.AGREEMENT, planted.GROUNDING}
    assert not honest & {one.signal for one in conditions}
    # Young weeks look overconfident in MERGE, until their successes are known too.
    merges = {one.kind for one in conditions if one.signal == planted.MERGE}
    assert merges == {"confidence_theatre", "rubber_stamp", "handoffs_overdue"}
    refunds = {one.kind for one in conditions if one.signal == planted.LOGPROB}
    assert refunds == {"inputs_drifted", "gate_bypassed"}


def test_versions_that_change_nothing_are_worse_only_where_something_else_got_worse(
    conditions: tuple[Condition, ...],
) -> None:
    changed = {
        one.subject: one.text
        for one in conditions
        if one.kind in ("model_changed", "prompt_changed") and one.signal == planted.SELF_REPORT
    }
    assert changed.keys() == {"model_version=assist-2", "prompt_version=triage-v4"}
    for text in changed.values():
        assert re.findall(r"Worse on ([^.]+?) \(", text) == ["channel=voice"]


def test_a_gamed_metric_is_reviewed_as_telling_right_from_wrong_less_well(
    conditions: tuple[Condition, ...],
) -> None:
    (one,) = (one for one in conditions if one.subject == "prompt_version=rubric-3")
    assert "mixed" in one.text
    assert "tells right from wrong less well: AUROC 0.67" in one.text


def test_the_drift_of_the_refunds_is_harder_cases_honestly_foretold(
    conditions: tuple[Condition, ...],
) -> None:
    (one,) = (one for one in conditions if (one.kind, one.signal) == REFUNDS_DRIFTED)
    assert "amount=over 500 from 7% to 39% of what comes in" in one.text
    assert "Harder cases, and the confidences said so" in one.text
    assert dict(one.evidence)["reference"] == "signed"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("miscalibrated", " claims of "),
        ("hidden_segment", "topic=medical is off: right 65% of the time (said 82%): gap +16"),
        ("model_changed", "Worse on policy=legal (+2"),
        ("prompt_changed", "worse. The gap went from −0"),
        ("split_leaked", "300 of "),
    ],
)
def test_each_says_what_is_off_in_numbers(
    conditions: tuple[Condition, ...], kind: str, said: str
) -> None:
    assert any(said in one.text for one in conditions if one.kind == kind)


def test_errors_that_cancel_are_told_with_where_they_lie(conditions: tuple[Condition, ...]) -> None:
    (one,) = (one for one in conditions if (one.kind, one.signal) == ROUTED_BADLY)
    assert "errors cancel: the gap is " in one.text
    assert "over the range of confidence it is off by 13." in one.text
    assert re.search(r"overconfident at [67]0% to 85%, underconfident at 30% to 50%;", one.text)


def test_every_text_about_calibration_tells_inputs_and_days(
    conditions: tuple[Condition, ...],
) -> None:
    kinds = ("miscalibrated", "hidden_segment", "model_changed", "prompt_changed", "inputs_drifted")
    # Of the e-mails without a language too few are labelled yet to say anything of calibration.
    told = [
        one
        for one in conditions
        if one.kind in kinds and (one.kind, one.signal) != ("inputs_drifted", planted.ROUTING)
    ]
    assert len(told) == 12
    for one in told:
        assert re.search(r"[\d,]+ claims of [\d,]+ inputs on \d+ days", one.text), one.text


def test_the_judges_new_rubric_alone_is_flagged_by_both_signs(
    compared: dict[tuple[str, str], Gaming],
) -> None:
    assert [name for name, one in compared.items() if one.flagged] == [JUDGED]
    judged = compared[JUDGED]
    assert (judged.traded, judged.narrowed) == (True, True)
    low, high = planted.JUDGE_COLLAPSED_TO
    assert judged.found.after.spread.width <= high - low + 1e-9
    assert judged.found.before.auroc > 0.65
    assert judged.found.after.auroc < 0.6


def test_no_null_comes_near_to_being_flagged(compared: dict[tuple[str, str], Gaming]) -> None:
    others = [one for name, one in compared.items() if name[0] != planted.JUDGE]
    assert len(others) >= 15
    assert min(min(one.found.p_traded, one.found.p_narrowed) for one in others) > 0.2


def test_asking_after_the_draft_adds_the_planted_shift_to_the_same_outcomes(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    (one,) = compare_ways(cursor, Selection(planted.DRAFT), tolerance=0.05)
    assert (one.reference.order, one.other.order) == ("before", "after")
    assert one.confidence.n == planted.ANCHORED_INPUTS
    assert one.confidence.value == pytest.approx(planted.ANCHORING_SHIFT)
    assert one.confidence.low > 0.14
    assert one.accuracy is not None
    assert one.accuracy.value == 0
    assert one.anchored


def test_self_report_and_agreement_differ_little_on_the_same_tickets(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    for signal in (planted.SELF_REPORT, planted.AGREEMENT):
        (one,) = compare_ways(cursor, Selection(signal), tolerance=0.05)
        assert one.by == "event_id"
        assert one.confidence.n > 20_000
        assert not one.anchored
        assert one.accuracy is not None
        assert one.accuracy.value == 0


def test_two_models_on_the_same_inputs_are_no_two_ways_of_asking(
    cursor: duckdb.DuckDBPyConnection,
) -> None:
    assert compare_ways(cursor, Selection(planted.SAFETY), tolerance=0.05) == ()


def test_the_merges_alone_change_nothing(theatres: dict[str, Theatre]) -> None:
    assert [name for name, one in theatres.items() if one.changes_nothing] == [planted.MERGE]
    merges = theatres[planted.MERGE].effect
    assert merges is not None
    assert merges.single == "review"


def test_the_refunds_save_what_their_rules_are_for(theatres: dict[str, Theatre]) -> None:
    effect = theatres[planted.LOGPROB].effect
    assert effect is not None
    assert effect.best == "review"
    assert effect.low is not None
    assert effect.low > 0


def test_what_the_callbacks_save_cannot_be_told_for_no_automated_one_is_labelled(
    theatres: dict[str, Theatre],
) -> None:
    effect = theatres[planted.CALLBACK].effect
    assert effect is not None
    assert (effect.best, effect.saved) == (None, None)


def test_a_thorough_round_records_them_and_each_opens_on_its_page(told_copy: Path) -> None:
    with Ledger.open(told_copy) as ledger:
        office = Office.of(ledger, clock=lambda: NOW)
        rounds(office, thorough=True)
        rounds(office)
        view = findings_view(ledger.cursor(), office.state(), NOW)
    kinds = {kind for kind, *_ in DETECTED}
    pages = {(one.kind, one.signal): one.page for one in view.rows if one.kind in kinds}
    assert pages == {
        ("gate_bypassed", planted.LOGPROB): "escalation",
        ("miscalibrated", planted.ANSWER): "reliability",
        ("miscalibrated", planted.DRAFT): "reliability",
        ("miscalibrated", planted.ROUTING): "reliability",
        ("hidden_segment", planted.SELF_REPORT): "segments",
        ("hidden_segment", planted.SAFETY): "segments",
        ("split_leaked", planted.ANSWER): "thresholds",
        ("heldout_worn", planted.ANSWER): "sign_off",
        ("promise_broken", planted.SAFETY): "thresholds",
        ("model_changed", planted.SAFETY): "changes",
        ("model_changed", planted.SELF_REPORT): "changes",
        ("prompt_changed", planted.SELF_REPORT): "changes",
        ("prompt_changed", planted.DRAFT): "changes",
        ("prompt_changed", planted.JUDGE): "changes",
        ("inputs_drifted", planted.LOGPROB): "drift",
        ("metric_gamed", planted.JUDGE): "drift",
        ("confidence_anchored", planted.DRAFT): "reliability",
        ("confidence_theatre", planted.MERGE): "escalation",
        ("order_contradicted", planted.ROUTING): "reliability",
        ("field_changed", planted.ROUTING): "data",
        ("inputs_drifted", planted.ROUTING): "drift",
        ("stakes_too_low", planted.DRAFT): "registry",
        ("rubber_stamp", planted.MERGE): "escalation",
        ("handoffs_overdue", planted.MERGE): "escalation",
        ("share_jumped", planted.JUDGE): "data",
        ("audit_unanswered", planted.ROUTING): "labels",
    }


def test_the_model_that_changed_behind_its_name_is_found_and_cases_that_change_blame_none(
    cursor: duckdb.DuckDBPyConnection, state: State
) -> None:
    one, missed = canary_conditions(cursor, state, NOW)
    assert (missed.kind, missed.signal) == ("canary_missed", planted.SAFETY)
    # Nobody sits in the owner's seat, and whoever answers for monitoring is told.
    assert state.acting_owner(planted.SAFETY, NOW) is None
    assert state.answers_for(planted.SAFETY, "monitoring", NOW) is not None
    assert (one.kind, one.signal, one.severity) == ("model_swapped", planted.ANSWER, "warning")
    evidence = dict(one.evidence)
    first = planted.FIRST_MONDAY + pd.Timedelta(weeks=planted.CANARY_CHANGED_FROM_WEEK - 1)
    assert evidence["since"] == f"{first:%Y-%m-%d}"
    assert float(evidence["after"]) - float(evidence["before"]) == pytest.approx(
        planted.CANARY_RISE, abs=0.015
    )
    assert float(evidence["other_answers"]) == pytest.approx(planted.CANARY_ANSWERS, abs=0.15)
    quiet, loud = (canary_lines(state, [signal])[0] for signal in (planted.LOGPROB, planted.ANSWER))
    assert (quiet.state, loud.state) == ("unchanged", "changed")
    weeks = planted.WEEKS - planted.CANARY_FROM_WEEK + 1
    assert len(quiet.standing.rounds) == len(loud.standing.rounds) == weeks


def test_an_audit_nobody_labels_is_overdue_and_one_that_is_answered_is_not(
    cursor: duckdb.DuckDBPyConnection, state: State, conditions: tuple[Condition, ...]
) -> None:
    (one,) = [one for one in conditions if one.kind == "audit_unanswered"]
    assert "28 of 28 labels are missing" in one.text
    answered, waits = samples(cursor, planted.JUDGE)
    assert [one.drawn.audit for one in awaited(cursor, state, planted.JUDGE)] == [waits.audit]
    known = samples_answered(cursor, planted.JUDGE)[answered.audit]
    assert (known.own, known.own_labelled) == (36, 36)
