"""What a signature lets happen: cases a week that act by themselves, and errors among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from scipy import stats

from core.gate.consequence import Consequence, consequence
from core.sentences.consequence import consequence_words
from tests.worlds.governed.governed import V1

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]


def asked(governed: Any, fingerprint: Any = V1) -> Consequence:
    spec = governed.office.state().entries["triage"].spec
    with governed.ledger.cursor() as cursor:
        return consequence(cursor, spec, fingerprint, governed.clock.now)


def test_the_rules_in_force_are_run_over_the_last_four_weeks_of_the_version(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    mine = made(clock, range(1, 29), seg_language="de")
    bring(governed, mine)
    bring(governed, made(clock, range(40, 60), seg_language="de"))
    bring(governed, made(clock, range(1, 29), model_version="m2", seg_language="de"))
    one = asked(governed)
    sure = mine[mine["confidence"] == 0.95]
    wrong = int((sure["outcome"] == 0).sum())
    assert (one.n_claims, one.automated, one.n_labelled) == (560, len(sure), len(sure))
    assert one.errors == pytest.approx(wrong)
    # Every one is labelled: nothing is left to be estimated.
    assert (one.low, one.high) == (wrong, wrong)


def test_unlabelled_ones_are_supposed_to_err_within_the_exact_interval(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = made(clock, range(1, 29), seg_language="de").astype({"outcome": "Int8"})
    frame.loc[frame.index % 2 == 0, "outcome"] = pd.NA
    bring(governed, frame)
    one = asked(governed)
    known = frame[(frame["confidence"] == 0.95) & frame["outcome"].notna()]
    wrong, n = int((known["outcome"] == 0).sum()), len(known)
    exact = stats.binomtest(wrong, n).proportion_ci(0.95)
    assert one.low == pytest.approx(wrong + (one.automated - n) * exact.low)
    assert one.high == pytest.approx(wrong + (one.automated - n) * exact.high)


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Consequence(0, 0, 0, 0.0, 0.0, 0.0), "what it will do is not known"),
        (Consequence(90, 0, 0, 0.0, 0.0, 0.0), "none of its 90 claims"),
        (Consequence(900, 400, 0, None, None, None), "is not known: none of them is labelled"),
        (
            Consequence(900, 400, 400, 48, 48, 48),
            "About 12 of these a week will be wrong (12 to 12",
        ),
        (
            Consequence(900, 400, 100, 8, 4, 20),
            "About 2.0 of these a week will be wrong (1.0 to 5.0",
        ),
        (Consequence(900, 400, 100, 8, 4, 20), "300 of them have no label yet"),
        (Consequence(900, 400, 100, 8, 4, 20), "About 100 cases a week will then act without"),
        (Consequence(900, 1, 1, 0.0, 0.0, 0.0), "About 1 case a week"),
    ],
)
def test_it_is_said_a_week_with_what_is_not_known(one: Consequence, said: str) -> None:
    assert said in " ".join(consequence_words(one))
