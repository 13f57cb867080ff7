"""What to switch to, where inputs were asked in several ways; and whether the order is so."""

from __future__ import annotations

from collections.abc import Sequence

from core.findings.detectors.confidence.anchoring import WaysCompared
from core.measure.failures.asking_order import OrderShown
from core.measure.failures.elicitation import MeanDifference
from core.queries.sums.pairs.elicitation_pairs import Way
from core.queries.sums.pairs.order_times import TimedOrder
from core.sentences.numbers import count, counted, percent

ORDER_WORDS = {
    "before": "before the answer",
    "after": "after the answer",
    "independent": "independently",
    "behavioural": "by behaviour",
}


def advice(found: Sequence[WaysCompared], signal: str) -> str:
    """Which way of asking to switch to; "": no input was asked in two ways.

    The better of two ways is the one with the lower Brier score on the inputs they share, for it
    counts calibration and discrimination at once. A way is recommended that is better than another
    beyond chance, and worse than none.

    Args:
        found: comparisons, their intervals corrected together.
        signal: which is asked about.
    """
    paired = [one for one in found if one.by is not None and one.brier is not None]
    if not paired:
        return ""
    wins: dict[Way, list[MeanDifference]] = {}
    losers: set[Way] = set()
    for one in paired:
        brier = one.brier
        assert brier is not None
        if brier.high < 0:
            wins.setdefault(one.other, []).append(brier)
            losers.add(one.reference)
        elif brier.low > 0:
            better = MeanDifference(brier.n, -brier.value, -brier.high, -brier.low)
            wins.setdefault(one.reference, []).append(better)
            losers.add(one.other)
    best = {way: min(won, key=lambda each: each.value) for way, won in wins.items()
            if way not in losers}  # fmt: skip
    if best:
        way, by = min(best.items(), key=lambda each: each[1].value)
        return (
            f"Switch to asking {_asking(way, signal)}: on the same {count(by.n)} cases its Brier "
            f"score is lower by {-by.value:.3f} ({-by.high:.3f} to {-by.low:.3f})."
        )
    caught = next((one for one in paired if one.by_the_answer), None)
    if caught is not None:
        return (
            f"Switch to asking {_asking(caught.reference, signal)}: it is as often right, and only "
            "the answer makes the other surer."
        )
    return "No way of asking is shown to be better than another on the cases they share."


def order_sentences(
    timed: Sequence[tuple[TimedOrder, OrderShown]], *, contradicted: bool
) -> tuple[str, ...]:
    """What the times of answer and confidence show of the order that is logged, way by way.

    Args:
        contradicted: of the ways whose order they speak against, or else of the others.
    """
    return tuple(_order(one, shown) for one, shown in timed if shown.contradicted == contradicted)


def _order(one: TimedOrder, shown: OrderShown) -> str:
    said = ORDER_WORDS[one.order]
    how = "" if one.method is None else f" ({one.method})"
    opposite = ORDER_WORDS["after" if one.order == "before" else "before"]
    head = f"Logged as asked {said}{how}: the times of {counted(one.n, 'claim')}"
    if shown.contradicted:
        return (
            f"{head} say that {percent(one.against / one.n)} are stated {opposite} "
            f"({percent(shown.low)} to {percent(shown.high)})."
        )
    if shown.borne_out:
        return f"{head} bear that out."
    return f"{head} do not tell yet ({one.against:,} against it)."


def _asking(way: Way, signal: str) -> str:
    named = "" if way.signal == signal else f" as {way.signal} does"
    prompt = f", prompt {way.prompt}" if way.prompt else ""
    order = ORDER_WORDS.get(way.order or "", "in an order not stated")
    return f"{order}{named} ({way.method or 'a method not stated'}{prompt})"
