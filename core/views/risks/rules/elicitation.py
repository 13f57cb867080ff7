"""Whether the number is anchored by the answer it is asked for after.

anchoring
    open: asked after the answer it states more on the same inputs, as often right; or the times of
    answer and confidence speak against the order that is logged. Covered: asked before it; or
    after it, and within tolerance of another way on the same inputs. Not measured: after it, with
    nothing to compare; order not logged. Not applicable: never asked after an answer, but
    independently of it or by behaviour.
"""

from __future__ import annotations

from core.queries.sums.pairs.elicitation_pairs import Way
from core.sentences.numbers import count, counted, percent, points, size_of, within
from core.views.risks.facts import RiskFacts
from core.views.risks.status import Link, RiskFound


def anchoring(facts: RiskFacts) -> RiskFound:
    """Confidence anchored by the answer."""
    where = Link("reliability", facts.signal)
    caught = [one for one in facts.ways if one.by_the_answer]
    if caught:
        one = max(caught, key=lambda each: each.confidence.value)
        shift, accuracy = one.confidence, one.accuracy
        assert accuracy is not None
        return RiskFound(
            "open",
            f"Asked after the answer ({_way(one.other)}), it states {size_of(shift.value)} more "
            f"({points(shift.low, decimals=1)} to {points(shift.high, decimals=1)}) than before it "
            f"on the same {count(shift.n)} inputs, and is right as often: the accuracy differs by "
            f"{size_of(accuracy.value)} (n {count(accuracy.n)}).",
            where,
        )
    against = [each for each in facts.timed if each[1].contradicted]
    if against:
        one_timed, shown = max(against, key=lambda each: each[1].low)
        opposite = "after" if one_timed.order == "before" else "before"
        return RiskFound(
            "open",
            f"{count(shown.against)} of {counted(shown.n, 'claim')} that log both times and say "
            f"{one_timed.order} the answer are stated {opposite} it (at least "
            f"{percent(shown.low)} of such claims).",
            where,
        )
    orders = {one.order for one in facts.asked}
    n = sum(one.n_claims for one in facts.asked)
    if not facts.asked:
        return RiskFound("not_measured", "No claim was made yet.", where)
    said = ", ".join(f"{one.method or 'method not logged'}, {one.order}" for one in facts.asked)
    if None in orders:
        unknown = sum(one.n_claims for one in facts.asked if one.order is None)
        return RiskFound(
            "not_measured",
            f"{count(unknown)} of {counted(n, 'claim')} do not log whether they were asked for "
            "before or after the answer.",
            where,
        )
    if "after" not in orders and "before" not in orders:
        return RiskFound(
            "not_applicable",
            f"All {counted(n, 'claim')}: {said}. No confidence is asked for after an answer.",
            where,
        )
    if "after" not in orders:
        return RiskFound(
            "covered",
            f"All {counted(n, 'claim')} are asked for before the answer or apart from it: {said}. "
            f"{_borne_out(facts)}",
            where,
        )
    return _after_the_answer(facts, said, n)


def _borne_out(facts: RiskFacts) -> str:
    """Whether anything but what is logged says that the order is so."""
    shown = [each for _, each in facts.timed if each.borne_out]
    if not shown:
        return "No claim has the times that would show it."
    return f"The times of {counted(sum(one.n for one in shown), 'claim')} bear that out."


def _after_the_answer(facts: RiskFacts, said: str, n: int) -> RiskFound:
    """Asked for after the answer, and nothing caught."""
    where = Link("reliability", facts.signal)
    against = [
        one
        for one in facts.ways
        if one.by is not None
        and one.other.signal == facts.signal
        and one.other.order == "after"
        and one.reference.order != "after"
    ]
    tolerance = facts.recent.tolerance if facts.recent else 0.05
    if not against:
        return RiskFound(
            "not_measured",
            f"Method and order are logged on all {counted(n, 'claim')} ({said}); nothing else was "
            "asked on the same inputs: nothing to compare.",
            where,
        )
    one = max(against, key=lambda each: each.confidence.n)
    shift = one.confidence
    line = (
        f"Asked after the answer, it states {points(shift.value, decimals=1)} points "
        f"({points(shift.low, decimals=1)} to {points(shift.high, decimals=1)}) against "
        f"{_way(one.reference, facts.signal)} on the same {count(shift.n)} cases; "
        f"{within(tolerance)} accepted."
    )
    return RiskFound("covered" if shift.inside(tolerance) else "not_measured", line, where)


def _way(one: Way, signal: str = "") -> str:
    of = "" if one.signal == signal or not signal else f" of {one.signal}"
    return (
        f"{one.prompt or one.method or 'method not logged'}, {one.order or 'order not logged'}{of}"
    )
