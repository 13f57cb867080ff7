"""What is asked of many signals together is what each would be answered alone, to the last bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.kept_check import COVERED
from core.ledger.connection import Ledger
from core.queries.base.apart import Apart
from core.queries.base.seen.first_seen import SeenAsked
from core.queries.base.selection import Selection
from core.queries.base.together.asking import AskedOfMany, Asking, ask, together
from core.queries.claims.decision_outcomes import HandledAsked
from core.queries.labels.coverage_sets import CoverageAsked
from core.queries.labels.label_provenance import DaysAsked, LabellingAsked
from core.queries.sums.design_effect import EffectAsked
from core.queries.sums.grouped_sums import SumsAsked
from core.queries.sums.inputs_per_day import ArrivalsAsked
from core.queries.sums.labelling.cohort_ages import AgesAsked
from core.queries.sums.labelling.settled_cells import SettledAsked
from core.queries.sums.rule_outcomes import CountAsked, Sorting
from tests.worlds.claims.any_claims import CLAIM, MOMENTS, MONDAY, logged, made, same
from tests.worlds.claims.events import add_claims
from tests.worlds.governed.rounds import examples

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

SIGNALS = ("pricing", "routing", "triage")
#: Inputs of these repeat.
REPEATS = ("routing", "triage")
GROUPINGS = ((), ("language",), ("action", "language"), ("week",))
WHERE = st.sampled_from(
    [
        (),
        (("model_version", ("m1",)), ("split", ("production",))),
        (("model_version", (None,)),),
        (("split", ("tuning", "heldout")),),
        (("language", ("de", None)),),
    ]
)
SELECTION = st.builds(
    lambda signal, since, until, where: Selection(signal, since, until, where=where),
    st.sampled_from(SIGNALS),
    MOMENTS,
    MOMENTS,
    WHERE,
)
TOPICS = (("language", (("de",), ("en",))),)
#: What rules tell the claims of a signal apart by.
SORTINGS = {
    "pricing": Sorting(),
    "routing": Sorting((MONDAY,), ((("model_version", "m1"),),), Apart((500_000,), TOPICS)),
    "triage": Sorting(
        (MONDAY + timedelta(days=3), MONDAY + timedelta(days=20)),
        (),
        Apart((300_000, 900_000), TOPICS),
    ),
}
#: Some sorts of claims; a sorting may know fewer.
GROUPS = (("few", (0, 1, 2, 5, 9)), ("many", tuple(range(10, 200))))
SETTLED = MONDAY + timedelta(days=30)
KINDS: tuple[Callable[[Selection], AskedOfMany[Any]], ...] = (
    lambda chosen: SumsAsked(chosen, GROUPINGS, 0.9),
    lambda chosen: CoverageAsked(chosen, GROUPINGS),
    lambda chosen: DaysAsked(chosen, ("language", "team")),
    LabellingAsked,
    EffectAsked,
    SeenAsked,
    lambda chosen: CountAsked(chosen, SORTINGS[chosen.signal]),
    lambda chosen: HandledAsked(chosen, SORTINGS[chosen.signal], GROUPS, SETTLED),
    lambda chosen: SettledAsked(chosen, chosen.until or SETTLED),
    lambda chosen: ArrivalsAsked(
        chosen.signal, chosen.since or MONDAY, chosen.until or SETTLED, ("language",)
    ),
    lambda chosen: AgesAsked(chosen, (0, 7, 30), datetime(2027, 1, 1)),
)
ROWS = st.lists(
    st.tuples(CLAIM, st.sampled_from(SIGNALS), st.sampled_from([None, "i1", "i2"])),
    min_size=1,
    max_size=60,
)


@settings(
    max_examples=examples(4, 800), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
@given(ROWS, st.lists(SELECTION, min_size=2, max_size=6))
def test_every_question_is_answered_alike_together_and_alone(
    rows: list[tuple[dict[str, Any], str, str | None]], chosen: list[Selection]
) -> None:
    numbers: Counter[str] = Counter()
    claims = []
    for row, signal, of in rows:
        # Two signals have events of one name.
        numbers[signal] += 1
        claims.append(row | {"signal": signal, "input_id": of, "event_id": f"e{numbers[signal]}"})
    with Ledger.in_memory() as ledger:
        add_claims(
            ledger,
            [made(i, row) for i, row in enumerate(claims)],
            logged(claims),
            repeats=REPEATS,
        )
        cursor = ledger.cursor()
        for _ in ("kept", "counted"):
            for kind in KINDS:
                asked = [kind(one) for one in chosen]
                of = type(asked[0])
                alone = [of.answers(cursor, [one])[0] for one in asked]
                assert all(map(same, of.answers(cursor, asked), alone)), of
            for table in COVERED:
                cursor.execute(f"DELETE FROM {table}")


class _Number(AskedOfMany[int]):
    """A question that is answered by its own number, and by nothing in the ledger."""

    times: ClassVar[list[int]] = []

    def __init__(self, number: int) -> None:
        self.number = number

    @classmethod
    def answers(cls, cursor: Any, asked: Any) -> list[int]:
        cls.times.append(len(asked))
        return [one.number for one in asked]


def test_askings_that_wait_for_the_same_are_answered_in_one_go() -> None:
    def asking(first: int, more: int) -> Asking[int]:
        found = yield from ask(_Number(first))
        for _ in range(more):
            found += yield from ask(_Number(1))
        return found

    _Number.times.clear()
    with Ledger.in_memory() as ledger:
        found = together(ledger.cursor(), [asking(10, 2), asking(20, 0), asking(30, 1)])
    assert found == [12, 20, 31]
    assert _Number.times == [3, 2, 1]
