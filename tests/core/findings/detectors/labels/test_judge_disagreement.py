"""Judges that disagree with ground truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.defaults import ALPHA
from core.findings.detectors.labels.judge_disagreement import hold, judge_conditions, measure_judges
from core.findings.facts.labels.judges import Disagrees
from core.findings.kinds import Condition
from core.measure.labelling.judge_labels import LabelSums
from core.queries.base.truth import JUDGE

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]


@pytest.fixture
def labelled(governed: Any, clock: Any, bring: Bring, made: Made) -> Callable[..., None]:
    """``labelled(passes, fails, …)``: people label claims, and a judge that errs so often.

    It calls the share ``passes`` of the wrong ones right, and ``fails`` of the right ones wrong.
    """

    def bring_both(
        passes: float, fails: float, *, per_day: int = 10, source: str | None = JUDGE,
        **columns: Any,
    ) -> None:  # fmt: skip
        claims = made(clock, range(10, 50), per_day, gap=0.1, **columns)
        bring(governed, claims.assign(outcome_source="HUMAN"))
        rng = np.random.default_rng(len(claims))
        right = claims["outcome"].to_numpy() == 1
        erred = rng.random(len(claims)) < np.where(right, fails, passes)
        judge = pd.DataFrame(
            {"event_id": claims["event_id"], "outcome": np.where(erred, ~right, right).astype(int)}
        )
        bring(governed, judge if source is None else judge.assign(outcome_source=source))

    return bring_both


def is_shown(
    whole: LabelSums, parts: list[tuple[str, LabelSums]], tolerance: float, *, judges: int
) -> bool:
    of_all, worst = hold(whole, parts, tolerance, judges=judges)
    return Disagrees(JUDGE, of_all, worst, True, date.min, date.max, tolerance).shown


def found(governed: Any) -> list[Condition]:
    with governed.ledger.cursor() as cursor:
        return list(judge_conditions(cursor, governed.office.state(), governed.clock.now))


def test_a_hostile_judge_is_found_with_rates_and_numbers(
    governed: Any, labelled: Callable[..., None]
) -> None:
    labelled(0.8, 0.8)
    (one,) = found(governed)
    assert (one.kind, one.severity, one.signal) == ("judge_disagrees", "warning", "triage")
    assert one.subject == JUDGE
    known = dict(one.evidence)
    # An independent interval: the whole's half of ALPHA at each end, this being the only judge.
    n, k = int(known["n"]), round(float(known["disagrees"]) * int(known["n"]))
    exact = stats.binomtest(k, n).proportion_ci(1 - ALPHA, method="exact")
    assert float(known["disagrees_low"]) == pytest.approx(exact.low, abs=1e-4)
    assert float(known["disagrees_high"]) == pytest.approx(exact.high, abs=1e-4)
    assert "Labels from LLM disagree with ground truth on 8" in one.text
    assert "of 400 claims of 400 inputs that both labelled" in one.text
    assert "10% is accepted" in one.text
    assert "random sample" in one.mend
    assert "register it as a signal" in one.mend


def test_a_lenient_judge_is_found_by_the_wrong_ones_it_passes(
    governed: Any, labelled: Callable[..., None]
) -> None:
    labelled(0.7, 0.0)
    (one,) = found(governed)
    assert "of the wrong ones are called right and 0% (0% to" in one.text


def test_a_perfect_judge_is_none(governed: Any, labelled: Callable[..., None]) -> None:
    labelled(0.0, 0.0)
    assert found(governed) == []
    with governed.ledger.cursor() as cursor:
        (one,) = measure_judges(cursor, governed.office.state(), governed.clock.now)["triage"]
    assert (one.source, one.whole.n, one.whole.disagrees.value) == (JUDGE, 400, 0.0)


def test_too_few_inputs_with_both_labels_say_nothing(
    governed: Any, labelled: Callable[..., None]
) -> None:
    # 400 claims, worth as many as they have inputs.
    labelled(1.0, 1.0, input_id=[f"i{i % 29}" for i in range(400)])
    assert found(governed) == []


def test_a_segment_in_which_it_fails_is_named_though_the_whole_looks_well(
    governed: Any, labelled: Callable[..., None]
) -> None:
    labelled(0.0, 0.0, seg_language="de", per_day=20)
    labelled(1.0, 1.0, seg_language="hi", per_day=2)
    (one,) = found(governed)
    assert "on 9% (" in one.text
    assert "Worst: language=hi, 100% (" in one.text
    assert "of 80 claims of 80 inputs" in one.text
    assert dict(one.evidence)["worst"] == "language=hi"


def test_claims_nobody_drew_are_said_to_be_so(governed: Any, labelled: Callable[..., None]) -> None:
    labelled(0.8, 0.8)
    assert "not a random sample" in found(governed)[0].text


def test_claims_drawn_by_one_chance_speak_for_all(
    governed: Any, labelled: Callable[..., None]
) -> None:
    labelled(0.8, 0.8, label_propensity=0.2)
    assert "not a random sample" not in found(governed)[0].text


@pytest.mark.parametrize(("tolerance", "n"), [("0.05", 1), ("0.3", 0)])
def test_the_registry_says_how_much_it_may_disagree(
    governed: Any, labelled: Callable[..., None], registry_text: str, tolerance: str, n: int
) -> None:
    truth = f'  truth: {{sources: [HUMAN, CODE], judgeTolerance: "{tolerance}"}}\n  validation:\n'
    governed.apply(registry_text.replace("  validation:\n", truth, 1), "user:desk/ann")
    labelled(0.3, 0.15)
    assert len(found(governed)) == n


def test_each_source_that_is_no_truth_is_a_judge_of_its_own(
    governed: Any, labelled: Callable[..., None], registry_text: str
) -> None:
    truth = "  truth: {sources: [HUMAN], unstated: false}\n  validation:\n"
    governed.apply(registry_text.replace("  validation:\n", truth, 1), "user:desk/ann")
    labelled(0.9, 0.9, source="CODE")
    labelled(0.9, 0.9, source=None, seg_part="b")
    assert sorted(one.subject for one in found(governed)) == ["CODE", "unstated"]
    assert any("Labels that state no source disagree" in one.text for one in found(governed))


def test_claims_older_than_the_window_are_left_out(
    governed: Any, labelled: Callable[..., None], clock: Any
) -> None:
    labelled(0.8, 0.8)
    clock.forward(days=7 * 30)
    assert found(governed) == []


def both_labels(n: int, wrong: int) -> LabelSums:
    """Right claims of as many inputs, of which the judge calls so many wrong."""
    other = {name: np.zeros(1) for name in ("r", "q", "rr", "qq", "rq", "rm", "qm")}
    every, passed = np.array([float(n)]), np.array([float(n - wrong)])
    return LabelSums(
        inputs=np.array([n]), n=np.array([n]), v=every, vv=every, f=passed, s=every, fs=passed,
        mm=every, most=np.ones(1), **other,
    )  # fmt: skip


def test_judges_that_err_exactly_as_much_as_accepted_are_rarely_called_off() -> None:
    # Two judges of four segments each: the chance that either is called off is ALPHA at most.
    rng = np.random.default_rng(9)
    draws, false = 600, 0
    for _ in range(draws):
        shown = []
        for _ in range(2):
            wrong = rng.binomial(100, 0.1, 4)
            parts = [(str(i), both_labels(100, k)) for i, k in enumerate(wrong)]
            shown.append(is_shown(both_labels(400, sum(wrong)), parts, 0.1, judges=2))
        false += any(shown)
    assert 0 < false / draws <= ALPHA


@pytest.mark.parametrize("wrong", [74, 75, 76])
def test_a_judge_is_called_off_where_the_exact_test_says_so(wrong: int) -> None:
    exact = stats.binomtest(wrong, 400, 0.15, "greater").pvalue < ALPHA / 2
    assert exact == (wrong >= 75)
    assert is_shown(both_labels(400, wrong), [], 0.15, judges=1) == exact
