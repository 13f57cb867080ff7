"""Which way of asking to switch to."""

from __future__ import annotations

from dataclasses import replace

from core.findings.detectors.confidence.anchoring import WaysCompared
from core.measure.failures.asking_order import order_shown
from core.measure.failures.elicitation import MeanDifference
from core.queries.sums.pairs.elicitation_pairs import Way
from core.queries.sums.pairs.order_times import TimedOrder
from core.views.review.asking_advice import advice, order_sentences
from tests.worlds.governed.risk_facts import ways

INDEPENDENT = Way("s", "verbal", "independent")


def compared(value: float, half: float = 0.004, *, anchored: bool = False) -> WaysCompared:
    """Asked after the answer against before it: by how much its Brier score is higher."""
    brier = MeanDifference(1_064, value, value - half, value + half)
    return replace(ways(0.15, 0.002, anchored=anchored), brier=brier)


def test_the_way_with_the_lower_brier_score_is_named_whichever_it_is() -> None:
    assert advice([compared(0.012)], "s") == (
        "Switch to asking before the answer (verbal): on the same 1,064 cases its Brier score is "
        "lower by 0.012 (0.008 to 0.016)."
    )
    assert advice([compared(-0.012)], "s").startswith("Switch to asking after the answer (verbal)")


def test_a_way_that_is_worse_than_a_third_is_not_recommended() -> None:
    third = replace(compared(-0.03), reference=compared(0).reference, other=INDEPENDENT)
    said = advice([compared(0.012), third], "s")
    assert said.startswith("Switch to asking independently (verbal)")


def test_where_neither_is_better_the_anchored_one_is_left() -> None:
    assert advice([compared(0.001, anchored=True)], "s") == (
        "Switch to asking before the answer (verbal): it is as often right, and only the answer "
        "makes the other surer."
    )
    assert advice([compared(0.001)], "s") == (
        "No way of asking is shown to be better than another on the cases they share."
    )


def test_the_times_are_told_apart_by_whether_they_speak_against_the_order() -> None:
    timed = [
        (TimedOrder("s", "verbal", "before", 240, 84, "e"), order_shown(240, 84)),
        (TimedOrder("s", "verbal", "after", 240, 2, "e"), order_shown(240, 2)),
        (TimedOrder("s", None, "after", 40, 2, "e"), order_shown(40, 2)),
    ]
    assert order_sentences(timed, contradicted=True) == (
        "Logged as asked before the answer (verbal): the times of 240 claims say that 35% are "
        "stated after the answer (29% to 41%).",
    )
    assert order_sentences(timed, contradicted=False) == (
        "Logged as asked after the answer (verbal): the times of 240 claims bear that out.",
        "Logged as asked after the answer: the times of 40 claims do not tell yet (2 against it).",
    )


def test_without_shared_inputs_nothing_is_advised() -> None:
    assert advice([replace(compared(0.012), by=None)], "s") == ""
    assert advice([], "s") == ""
