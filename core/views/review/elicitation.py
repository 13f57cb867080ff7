"""How the confidence was asked for, and what difference that makes, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd

from core.defaults import ALPHA, MINIMUM_INPUTS, TOLERANCE
from core.findings.detectors.confidence.anchoring import WaysCompared, compare_ways
from core.findings.detectors.confidence.asking_order import order_times
from core.measure.failures.elicitation import MeanDifference
from core.measure.verdicts.parts import PartState
from core.queries.base.selection import Selection
from core.queries.sums.pairs.elicitation_pairs import Way, ways
from core.sentences.numbers import ABSENT, count, counted, percent, points, size_of, within
from core.views.review.asking_advice import ORDER_WORDS, advice, order_sentences

#: What the verdicts of interval charts are called where they are about a difference.
SHIFT_WORDS: dict[str, str] = {
    "off": "beyond what is accepted",
    "fine": "within what is accepted",
    "at_the_edge": "at the edge of what is accepted",
    "too_few": "too few labels",
}


@dataclass(frozen=True)
class ElicitationView:
    """Ways of asking compared.

    Attributes:
        shown: whether there is anything to compare: two methods or orders, or shared inputs; or
            times that show whether the order is so.
        headline: the answer, in a sentence.
        anchored: whether some way moves the confidence beyond tolerance at equal accuracy.
        sentences: one per comparison, the same order as the table.
        differences: for the chart: label, gap (the difference), low, high, n, verdict.
        table: reference, other, on (what is shared), n, and confidence, accuracy, brier, gap in
            words with their intervals.
        method: how intervals were corrected.
        tolerance: the gap accepted.
        advice: what to switch to; "" where no input was asked in two ways.
        order: what the times of answer and confidence show of the order that is logged, where they
            do not speak against it.
        contradicted: likewise, where they do.
    """

    shown: bool
    headline: str
    anchored: bool
    sentences: tuple[str, ...]
    differences: pd.DataFrame
    table: pd.DataFrame
    method: str
    tolerance: float
    advice: str
    order: tuple[str, ...]
    contradicted: tuple[str, ...]


def elicitation_view(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, *, tolerance: float = TOLERANCE
) -> ElicitationView:
    """Assemble how the selected claims were asked for."""
    found = compare_ways(cursor, selection, tolerance=tolerance)
    several = bool(found) or len(ways(cursor, selection)) > 1
    signal = selection.signal
    timed = order_times(cursor, selection)
    return ElicitationView(
        shown=several or bool(timed),
        headline=_headline(found, signal, tolerance) if several else "",
        anchored=any(one.anchored for one in found),
        sentences=tuple(_sentence(one, signal, tolerance) for one in found),
        differences=_differences(found, signal, tolerance),
        table=pd.DataFrame(
            [_line(one, signal) for one in found],
            columns=["other", "reference", "on", "n", "confidence", "accuracy", "brier", "gap"],
        ),
        method=_method(len(found)),
        tolerance=tolerance,
        advice=advice(found, signal),
        order=order_sentences(timed, contradicted=False),
        contradicted=order_sentences(timed, contradicted=True),
    )


def _headline(found: Sequence[WaysCompared], signal: str, tolerance: float) -> str:
    if not found:
        return (
            f"Several ways of asking, and no two with {MINIMUM_INPUTS} inputs each: nothing can be "
            "said about them yet."
        )
    anchored = [one for one in found if one.anchored]
    if anchored:
        one = max(anchored, key=lambda each: each.confidence.value)
        other, reference = _names(one, signal)
        why = " The answer anchors it." if one.by_the_answer else ""
        return (
            f"Asked {other}, it states {size_of(one.confidence.value)} more than "
            f"{reference}, and is right as often.{why}"
        )
    beyond = [one for one in found if _verdict(one.confidence, tolerance) == "off"]
    if beyond:
        one = max(beyond, key=lambda each: abs(each.confidence.value))
        other, reference = _names(one, signal)
        more = "more" if one.confidence.value > 0 else "less"
        return f"Asked {other}, it states {size_of(one.confidence.value)} {more} than {reference}."
    said = "In the one comparison" if len(found) == 1 else f"In none of {len(found)} comparisons"
    no = " not" if len(found) == 1 else ""
    return f"{said} the confidence is{no} shown to move beyond {within(tolerance)}."


def _sentence(one: WaysCompared, signal: str, tolerance: float) -> str:
    other, reference = _names(one, signal)
    shift = one.confidence
    stated = (
        f"Asked {other}, against {reference}: confidence differs by "
        f"{points(shift.value, decimals=1)} points ({_ends(shift)}), accuracy by "
        f"{_with_interval(one.accuracy)}"
    )
    if one.by is None:
        return (
            f"{stated}, of different cases (at least {counted(shift.n, 'input')} each): no "
            "input was asked both ways, so the difference may be that of the cases."
        )
    shared = "input" if one.by == "input_id" else "event"
    sample = f" (one in {one.one_in} of them, chosen by hash)" if one.one_in > 1 else ""
    text = f"{stated}, on the same {counted(shift.n, shared)}{sample}."
    if one.accuracy is None:
        return f"{text} Fewer than {MINIMUM_INPUTS} of them have outcomes on both sides."
    if one.anchored:
        return f"{text} A shift at equal accuracy: more confidence, and no more right."
    return text


def _with_interval(one: MeanDifference | None) -> str:
    if one is None:
        return ABSENT
    return f"{points(one.value, decimals=1)} ({_ends(one)})"


def _ends(one: MeanDifference) -> str:
    return f"{points(one.low, decimals=1)} to {points(one.high, decimals=1)}"


def _differences(found: Sequence[WaysCompared], signal: str, tolerance: float) -> pd.DataFrame:
    rows = []
    labels = _labels(found, signal)
    for label, one in zip(labels, found, strict=True):
        for name, each in (("confidence", one.confidence), ("accuracy", one.accuracy)):
            if each is not None:
                verdict = _verdict(each, tolerance)
                rows.append((f"{name}: {label}", each.value, each.low, each.high, each.n, verdict))
    return pd.DataFrame(rows, columns=["label", "gap", "low", "high", "n", "verdict"])


def _labels(found: Sequence[WaysCompared], signal: str) -> list[str]:
    """A short name per comparison, with the prompts or a number where that would not be unique."""
    plain = []
    for one in found:
        other, reference = _short(one, signal)
        cases = " (other cases)" if one.by is None else ""
        plain.append(f"{other} − {reference}{cases}")
    often = Counter(plain)
    number: Counter[str] = Counter()
    labels = []
    for text in plain:
        number[text] += 1
        labels.append(text if often[text] == 1 else f"{text} [{number[text]}]")
    return labels


def _short(one: WaysCompared, signal: str) -> tuple[str, str]:
    """What tells the two apart, in a word each."""
    other, reference = one.other, one.reference
    if reference.signal != signal:
        # Names of signals are long, and a chart has little room for them.
        if other.method and reference.method and other.method != reference.method:
            return other.method, reference.method
        return "this signal", reference.signal
    if other.order != reference.order:
        return other.order or "order not stated", reference.order or "order not stated"
    if other.method != reference.method:
        return other.method or "method not stated", reference.method or "method not stated"
    return other.prompt or "prompt not stated", reference.prompt or "prompt not stated"


def _names(one: WaysCompared, signal: str) -> tuple[str, str]:
    """What the two are called within a sentence that begins with "Asked"."""
    if one.reference.signal != signal:
        return _way(one.other), f"{one.reference.signal} ({_way(one.reference)})"
    if one.other.order != one.reference.order and one.other.method == one.reference.method:
        return _order(one.other), f"asked {_order(one.reference)}"
    if (one.other.order, one.other.method) != (one.reference.order, one.reference.method):
        return _way(one.other), f"asked {_way(one.reference)}"
    other, reference = _short(one, signal)
    return f"by prompt {other}", f"asked by prompt {reference}"


def _order(way: Way) -> str:
    return ORDER_WORDS.get(way.order or "", "in an order not stated")


def _way(way: Way) -> str:
    return f"by {way.method or 'a method not stated'}, {_order(way)}"


def _line(one: WaysCompared, signal: str) -> tuple[str, ...]:
    def full(way: Way) -> str:
        named = "" if way.signal == signal else f"{way.signal}: "
        prompt = f", prompt {way.prompt}" if way.prompt else ""
        return f"{named}{way.method or '(none)'}, {way.order or '(none)'}{prompt}"

    on = {"input_id": "the same inputs", "event_id": "the same events", None: "other cases"}
    return (
        full(one.other),
        full(one.reference),
        on[one.by],
        count(one.confidence.n),
        _with_interval(one.confidence),
        _with_interval(one.accuracy),
        _brier(one.brier),
        _with_interval(one.gap),
    )


def _brier(one: MeanDifference | None) -> str:
    if one is None:
        return ABSENT
    value, low, high = (f"{each:+.3f}".replace("-", "−") for each in (one.value, one.low, one.high))
    return f"{value} ({low} to {high})"


def _verdict(one: MeanDifference, tolerance: float) -> PartState:
    if one.low > tolerance or one.high < -tolerance:
        return "off"
    return "fine" if one.inside(tolerance) else "too_few"


def _method(compared: int) -> str:
    if not compared:
        return ""
    over = "" if compared == 1 else f", corrected over {compared} comparisons (Bonferroni)"
    return (
        "Differences are points, the first named minus the second, one per input; intervals at "
        f"{percent(1 - ALPHA)}{over}."
    )
