"""Whether the confidence decides anything, and by rules."""

from __future__ import annotations

from dataclasses import replace

from core.measure.failures.theatre import ActionEffect
from core.views.risks.rules import decisions
from tests.worlds.governed.risk_facts import FACTS, THEATRE


# ----------------------------------------------------------------------------------- escalation
def test_people_who_let_wrong_answers_pass_leave_it_open_however_well_the_rules_are_kept() -> None:
    said = "r-2 let 50 of 50 wrong answers pass."
    found = decisions.escalation(replace(FACTS, handed=(said,)))
    assert (found.status, found.line, found.link.page) == ("open", said, "escalation")


def test_rules_that_were_followed_are_covered_and_breaches_are_open() -> None:
    assert "no breach in 1,000 claims" in decisions.escalation(FACTS).line
    assert FACTS.followed is not None
    bad = replace(FACTS.followed, by_kind=(("against the cut", 120),), n_wrong=9)
    found = decisions.escalation(replace(FACTS, followed=bad))
    assert found.status == "open"
    assert "120 of 1,000 claims" in found.line
    assert "9 known to be wrong" in found.line
    assert (found.link.since, found.link.until) == (bad.since, bad.until)


def test_what_acts_by_itself_without_proof_is_open() -> None:
    found = decisions.escalation(replace(FACTS, unproven=("the threshold 0.90: chosen by hand.",)))
    assert (found.status, found.link.page) == ("open", "registry")
    assert "not proven above its threshold. the threshold 0.90: chosen by hand." in found.line


def test_where_nothing_is_logged_breaches_cannot_be_seen() -> None:
    assert FACTS.followed is not None
    unlogged = replace(FACTS.followed, n_logged=0)
    assert decisions.escalation(replace(FACTS, followed=unlogged)).status == "not_measured"
    assert decisions.escalation(replace(FACTS, followed=None)).status == "open"


# -------------------------------------------------------------------------------------- theatre
def test_decisions_that_differ_are_covered_with_what_they_saved() -> None:
    found = decisions.theatre(FACTS)
    assert found.status == "covered"
    assert "300 differ from always review, which saved 120 EUR (+80 to +160)" in found.line


def test_one_action_for_all_is_open() -> None:
    effect = ActionEffect(1_000, "review", "review", 1_000.0, {}, 0, 0.0, 0.0, 0.0, 0.95)
    found = decisions.theatre(replace(FACTS, theatre=replace(THEATRE, effect=effect)))
    assert found.status == "open"
    assert "All 1,000 decisions since 2026-08-24 are review (as logged)" in found.line


def test_too_few_or_unlogged_decisions_are_not_measured() -> None:
    few = ActionEffect(99, "review", None, None, {}, None, None, None, None, 0.95)
    assert decisions.theatre(replace(FACTS, theatre=replace(THEATRE, effect=few))).status == (
        "not_measured"
    )
    by_rules = replace(THEATRE, basis="rules")
    assert decisions.theatre(replace(FACTS, theatre=by_rules)).status == "not_measured"


def test_findings_that_are_always_waived_are_theatre_too() -> None:
    words = "“Acts more than its stakes allow” was waived 3 times and nobody did anything else"
    found = decisions.theatre(replace(FACTS, always_waived=(words,)))
    assert found.status == "open"
    assert found.line.startswith(f"Findings that change nothing: {words}.")
    assert found.link.page == "watch"


def test_they_are_also_of_a_signal_that_only_logs() -> None:
    logging = replace(FACTS, log_only=True)
    assert decisions.theatre(logging).status == "not_applicable"
    found = decisions.theatre(replace(logging, always_waived=("“X” was waived 3 times",)))
    assert (found.status, found.link.page) == ("open", "watch")


def test_they_are_also_where_nothing_is_logged_of_what_was_done() -> None:
    by_rules = replace(THEATRE, basis="rules")
    few = replace(THEATRE, effect=None)
    for unlogged in (by_rules, few):
        facts = replace(FACTS, theatre=unlogged, always_waived=("“X” was waived 3 times",))
        assert decisions.theatre(facts).status == "open"
