"""Ways of asking compared over the same inputs, and confidence that the answer pulls up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations

import duckdb

from core.defaults import ALPHA, MINIMUM_INPUTS
from core.findings.facts.confidence.anchoring import Anchored
from core.findings.kinds import Condition
from core.governance.signal_terms import terms_of
from core.governance.state import State
from core.ledger.errors import NeedsClaims
from core.measure.failures.elicitation import (
    MeanDifference,
    anchored,
    paired_difference,
    unpaired_difference,
)
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.queries.base.selection import Selection
from core.queries.base.together.asking import Asking, answered, ask, together, unless_elsewhere
from core.queries.sums.pairs.elicitation_pairs import (
    AskedAlone,
    SharedInputs,
    SharedWithinAsked,
    Way,
    WaysAsked,
    shared_across,
    ways_asked,
)

#: So far back findings look.
PERIOD = timedelta(weeks=26)


@dataclass(frozen=True)
class WaysCompared:
    """Two ways of asking, other − reference; every interval is corrected over the pairs shown.

    Attributes:
        reference, other: the ways.
        by: what pairs share, "input_id" or "event_id"; None: they share nothing, and the cases of
            the two may differ.
        confidence: of the mean confidence; paired: over the shared inputs.
        accuracy, gap: likewise over inputs with an outcome on both sides; None with too few.
        brier: likewise; None where nothing is shared.
        anchored: whether the confidence moves beyond the tolerance at equal accuracy.
        one_in: one of so many shared inputs was looked at; 1: every one.
    """

    reference: Way
    other: Way
    by: str | None
    confidence: MeanDifference
    accuracy: MeanDifference | None
    brier: MeanDifference | None
    gap: MeanDifference | None
    anchored: bool
    one_in: int = 1

    @property
    def by_the_answer(self) -> bool:
        """Whether it is the answer that anchors: one method, asked after it and before it."""
        orders = (self.reference.order, self.other.order)
        return (
            self.anchored
            and orders == ("before", "after")
            and self.reference.method == self.other.method
        )


def compare_ways(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, *, tolerance: float
) -> tuple[WaysCompared, ...]:
    """Every two ways of asking of a signal, and of it beside others, that can be compared.

    Pairs on shared inputs come first; methods and orders of the signal that share no input are
    compared unpaired. Pairs of fewer than `MINIMUM_INPUTS` inputs are left out.
    """
    return answered(cursor, comparing_ways(cursor, selection, tolerance=tolerance))


def comparing_ways(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, *, tolerance: float
) -> Asking[tuple[WaysCompared, ...]]:
    """`compare_ways`, asked together with other signals."""
    several = len((yield from ask(WaysAsked(selection)))) > 1
    try:
        within = yield from ask(SharedWithinAsked(selection))
        pairs = (*within, *shared_across(cursor, selection))
    except NeedsClaims:
        if several:
            raise
        # Without its claims nothing can be told of other signals on the same inputs.
        pairs = ()
    shared = [one for one in pairs if one.differences.confidence.n >= MINIMUM_INPUTS]
    paired = {_plain(one.reference, one.other) for one in shared}
    apart = [
        (one, other)
        for one, other in combinations(ways_asked(cursor, selection) if several else (), 2)
        if _plain(one.way, other.way) not in paired
        and min(one.confidence.n, other.confidence.n) >= MINIMUM_INPUTS
    ]
    level = 1 - ALPHA / max(1, len(shared) + len(apart))
    return (
        *_compared(shared, level, tolerance),
        *(_unpaired(one, other, level) for one, other in apart),
    )


def anchoring_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """Where asking after the answer moves the confidence beyond the tolerance at equal accuracy."""
    asked = [(one, terms_of(state, one).tolerance) for one in _asked_both_ways(cursor, now)]
    compared = together(
        cursor,
        (
            unless_elsewhere(
                comparing_ways(cursor, Selection(signal, now - PERIOD, now), tolerance=tolerance)
            )
            for signal, tolerance in asked
        ),
    )
    return tuple(
        _condition(signal, each, tolerance)
        for (signal, tolerance), found in zip(asked, compared, strict=True)
        for each in found or ()
        if each.by_the_answer
    )


def _asked_both_ways(cursor: duckdb.DuckDBPyConnection, now: datetime) -> tuple[str, ...]:
    """The signals with a method asked before the answer and, here or elsewhere, after it."""
    asked: defaultdict[str, set[tuple[str | None, str | None]]] = defaultdict(set)
    for one in fingerprints_seen(cursor, now):
        fields = dict(one.fields)
        asked[one.signal].add((fields.get("elicitation"), fields.get("elicitation_order")))
    every = set().union(*asked.values())
    other = {"before": "after", "after": "before"}
    return tuple(
        signal
        for signal, ways in sorted(asked.items())
        if any(order in other and (method, other[order]) in every for method, order in ways)
    )


def _compared(shared: Sequence[SharedInputs], level: float, tolerance: float) -> list[WaysCompared]:
    found = []
    for one in shared:
        d = one.differences
        confidence = paired_difference(d.confidence, level=level)
        accuracy = paired_difference(d.accuracy, level=level)
        assert confidence is not None
        found.append(
            WaysCompared(
                one.reference,
                one.other,
                one.by,
                confidence,
                accuracy,
                paired_difference(d.brier, level=level),
                paired_difference(d.gap, level=level),
                anchored(confidence, accuracy, tolerance=tolerance),
                one.one_in,
            )
        )
    return found


def _unpaired(one: AskedAlone, other: AskedAlone, level: float) -> WaysCompared:
    confidence = unpaired_difference(one.confidence, other.confidence, level=level)
    assert confidence is not None
    return WaysCompared(
        one.way,
        other.way,
        None,
        confidence,
        unpaired_difference(one.accuracy, other.accuracy, level=level),
        None,
        unpaired_difference(one.gap, other.gap, level=level),
        anchored=False,
    )


def _plain(one: Way, other: Way) -> frozenset[Way]:
    """The two ways whatever their prompts."""
    return frozenset((replace(one, prompt=None), replace(other, prompt=None)))


def _condition(signal: str, one: WaysCompared, tolerance: float) -> Condition:
    shift, accuracy = one.confidence, one.accuracy
    assert accuracy is not None
    return Condition.of(
        "confidence_anchored",
        signal,
        "/".join(filter(None, (one.reference.signal, one.other.method, one.other.prompt))),
        Anchored(
            of=None if one.reference.signal == signal else one.reference.signal,
            prompt=one.other.prompt,
            by_input=one.by == "input_id",
            n=shift.n,
            shift=shift.value,
            low=shift.low,
            high=shift.high,
            tolerance=tolerance,
            accuracy=accuracy.value,
            n_accuracy=accuracy.n,
        ),
    )
