"""Whether the number is anchored by the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.measure.failures.asking_order import order_shown
from core.queries.sums.pairs.order_times import TimedOrder
from core.views.risks.facts import WayOfAsking
from core.views.risks.rules import elicitation
from core.views.risks.status import RiskFound
from tests.worlds.governed.risk_facts import AFTER, FACTS, ways


def test_an_order_that_the_times_contradict_is_open_and_one_they_bear_out_is_said() -> None:
    asked = replace(FACTS, asked=(WayOfAsking("verbal", "before", 1_000),))
    assert elicitation.anchoring(asked).line.endswith("No claim has the times that would show it.")

    def timed(against: int) -> RiskFound:
        one = TimedOrder("s", "verbal", "before", 240, against, "e")
        return elicitation.anchoring(
            replace(asked, timed=((one, order_shown(one.n, one.against)),))
        )

    assert timed(84).status == "open"
    assert timed(84).line == (
        "84 of 240 claims that log both times and say before the answer are stated after it (at "
        "least 29% of such claims)."
    )
    assert timed(2).status == "covered"
    assert timed(2).line.endswith("The times of 240 claims bear that out.")


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
    facts = replace(FACTS, asked=(WayOfAsking("verbal", order, 1_000),))
    assert elicitation.anchoring(facts).status == status
