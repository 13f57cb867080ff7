"""Whether what it is judged by can be trusted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.findings.facts.labels.leak import Leaked
from core.validation.evidence_bundle import HeldoutUse
from core.views.risks.facts import EvidenceTried
from core.views.risks.rules import evaluation
from tests.worlds.governed.risk_facts import DAY, FACTS, gaming, version


# -------------------------------------------------------------------------------------- leakage
@pytest.mark.parametrize(
    ("leak", "named", "status", "said"),
    [
        (Leaked(0, 0, 0, ()), 0, "not_measured", "No claim is marked as tuning"),
        (Leaked(7_940, 300, 900, ()), 900, "open", "300 claims of 7,940 to judge on"),
        (Leaked(7_940, 0, 900, ()), 0, "not_measured", "names its input"),
        (Leaked(0, 0, 900, ()), 900, "not_measured", "none to judge on yet"),
        (Leaked(7_940, 0, 900, ()), 800, "not_measured", "100 tuning claims name no input"),
        (Leaked(7_940, 0, 900, ()), 900, "covered", "None of 7,940 claims to judge on"),
    ],
)
def test_what_was_tuned_on_is_told_from_what_is_judged(
    leak: Leaked, named: int, status: str, said: str
) -> None:
    found = evaluation.leakage(replace(FACTS, leak=leak, n_named=named))
    assert found.status == status
    assert said in found.line


def test_evidence_that_leaves_the_leaked_out_covers_it() -> None:
    tried = EvidenceTried(DAY, 5_000, n_left_out=300)
    facts = replace(FACTS, leak=Leaked(7_940, 300, 900, ()), versions=(version(tried=tried),))
    found = evaluation.leakage(facts)
    assert found.status == "covered"
    assert "leaves out 300" in found.line


def test_where_nothing_is_marked_a_declaration_covers_it() -> None:
    tried = EvidenceTried(DAY, 5_000, declared=True)
    facts = replace(FACTS, leak=Leaked(0, 0, 0, ()), versions=(version(tried=tried),))
    found = evaluation.leakage(facts)
    assert found.status == "covered"
    assert "the owner declares that no threshold, prompt or calibrator was chosen" in found.line


@pytest.mark.parametrize(
    ("before", "status", "said"),
    [
        (3.0, "covered", "Its 400 heldout inputs were judged on 3 of 5 times (3 × evidence)."),
        (5.0, "open", "judged on 5 of 5 times (5 × evidence): no further evidence can rest on"),
    ],
)
def test_a_held_out_set_that_was_used_up_is_open(before: float, status: str, said: str) -> None:
    worn = HeldoutUse(400, before, {"evidence": int(before)}, 5)
    facts = replace(FACTS, leak=Leaked(7_940, 0, 900, ()), n_named=900, worn=worn)
    found = evaluation.leakage(facts)
    assert found.status == status
    assert said in found.line


def test_a_leak_and_a_used_up_set_are_both_told() -> None:
    worn = HeldoutUse(400, 5.0, {"evidence": 5}, 5)
    facts = replace(FACTS, leak=Leaked(7_940, 300, 900, ()), n_named=900, worn=worn)
    found = evaluation.leakage(facts)
    assert found.status == "open"
    assert "300 claims of 7,940 to judge on" in found.line
    assert "no further evidence can rest on them" in found.line


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
