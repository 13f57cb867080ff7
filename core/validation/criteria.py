"""Whether a sample of claims satisfies the bounds its signal's owner wrote down.

**When a bound is met.** A validation asks that *all* its criteria hold, in the whole sample and in
every required segment. To say so wrongly, at least one bound must be broken in truth and yet be
called met; the chance of that is at most the chance that *this* one is, whatever the others do
(intersection–union test, Berger 1982). So ``met`` needs no correction for the number of
statements: each is judged on its own 95 % interval, of which only one end decides, and a sample
beyond a bound passes in at most about 2.5 % of cases.

**When a bound is missed.** That accuses one segment among many, and of many honest ones some look
bad by chance. So for segments ``missed`` asks for the wider interval that holds for all of them
together (Šidák 1967): the chance that any segment within its bound is called missed by it stays
at 5 %. For the whole sample, and for the recent window, it is the 95 % interval itself.

Everything in between is ``undecided``, which is not met.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from core.defaults import MINIMUM_INPUTS
from core.measure.metrics.bounded import DISCRIMINATION_METRICS, METRICS
from core.measure.metrics.label_bias import Weighted
from core.measure.metrics.metric_bounds import (
    LEVEL,
    MINIMUM_OF_CLASS,
    Estimate,
    JudgedSample,
    collapsed,
    estimate,
)
from core.measure.metrics.scores import NoValue
from core.measure.verdicts.label_reach import LabelReach
from core.measure.verdicts.parts import PART_NAMES
from core.measure.verdicts.verdict import Judgement
from core.registry.escalation_rules import fraction
from core.registry.signal_spec import Criterion
from core.text.figures import ends, points
from core.text.parts import part_shown, reach_words

Outcome = Literal["met", "missed", "undecided"]

#: What is judged: the verdict by parts, or one metric.
METRIC_WORDS = {
    "verdict": "Verdict by parts",
    "tuning_apart": "Apart from what was tuned on",
    "heldout_use": "Held-out set judged on",
    **{one.key: one.words for one in METRICS.values()},
}
#: Where it would take more than so many times the labels there are, no number is given.
_MOST = 100.0
#: Halvings of the search for how many: to a few millionths of itself.
_STEPS = 20


@dataclass(frozen=True)
class CriterionResult:
    """What became of one bound.

    Attributes:
        metric: one of `core.measure.metrics.bounded.METRICS`.
        side: whether the bound is the most or the least that is accepted.
        bound: in the metric's own unit.
        value: the estimate; of gaps the size. None where there is none.
        low, high: its own interval at 95 %; the one ``met`` is decided on.
        outcome: see the module.
        n: labelled claims it rests on (stated ones for the coverage).
        labels_needed: roughly how many more of those would decide that it is met, if the estimate
            stands; None where it is decided, or where more labels cannot be expected to.
        words: all of this in a sentence.
    """

    metric: str
    side: Literal["max", "min"]
    bound: float
    value: float | None
    low: float | None
    high: float | None
    outcome: Outcome
    n: int
    labels_needed: int | None
    words: str


@dataclass(frozen=True)
class SampleResult:
    """What became of all bounds on one sample.

    Attributes:
        n: labelled claims.
        n_inputs: distinct inputs among them.
        minimum: inputs asked for.
        results: one per criterion, in the order given.
    """

    n: int
    n_inputs: int
    minimum: int
    results: tuple[CriterionResult, ...]

    def with_verdict(self, result: CriterionResult) -> SampleResult:
        """The same with one more result, that of `verdict_result`."""
        return replace(self, results=(*self.results, result))

    @property
    def missing(self) -> int:
        """Inputs still to be labelled until the sample is as large as asked for."""
        return max(0, self.minimum - self.n_inputs)

    @property
    def met(self) -> bool:
        """Whether the sample is large enough and every bound is met."""
        return not self.missing and all(one.outcome == "met" for one in self.results)

    @property
    def missed(self) -> bool:
        """Whether some bound is missed."""
        return any(one.outcome == "missed" for one in self.results)


_MET: Outcome = "met"


def verdict_result(
    judged: Judgement,
    group: int,
    weighted: Weighted | None = None,
    reach: LabelReach | None = None,
) -> CriterionResult:
    """The product's own verdict as a criterion that every evidence has to meet.

    Whatever bounds an owner wrote down, no number may act whose gap, shape or high band is shown to
    be off: errors that cancel satisfy a bound on the gap. What is not decided does not miss it; how
    small a sample may be is the other criteria's matter.

    Args:
        weighted: its gap weighted by the chances with which its labels were drawn, where those
            differ: the labelled claims by themselves are then no sample of all. None: they are.
        reach: for which claims the labels speak. Where not for all, nothing is decided of the
            claims that a signature would let act. None: nothing is known against them.
    """
    off = [
        part_shown(judged, group, name).words()
        for name in PART_NAMES
        if judged.part(name).is_off(group)
    ]
    good = "no part is off"
    if weighted is not None:
        low, high = float(weighted.gap_low[0]), float(weighted.gap_high[0])
        told = (
            f"the gap of all claims, each weighted by the logged chance of its label, is "
            f"{points(float(weighted.gap[0]))} points ({ends(low, high)})"
        )
        off = [told] if low > judged.tolerance or high < -judged.tolerance else []
        good = f"{told}; shape and high band are not judged by such labels"
    said, outcome = f"met: {good}", _MET
    if off:
        said, outcome = f"missed: {'; '.join(off)}", "missed"
    if weighted is None and reach is not None and reach.speaks_for == "labelled":
        said, outcome = f"not decided. {reach_words(reach).removesuffix('.')}", "undecided"
    return CriterionResult(
        metric="verdict",
        side="max",
        bound=judged.tolerance,
        value=None,
        low=None,
        high=None,
        outcome=outcome,
        n=int(judged.n[group]),
        labels_needed=None,
        words=f"{METRIC_WORDS['verdict']}, within {judged.tolerance * 100:.6g} points: {said}.",
    )


def segment_minimum(min_samples: int) -> int:
    """Inputs that a required segment needs: a tenth of the whole's, and at least 30."""
    return max(MINIMUM_INPUTS, min_samples // 10)


def judge_sample(
    criteria: Sequence[Criterion],
    sample: JudgedSample,
    *,
    minimum: int,
    family: int = 1,
    segment: bool = False,
) -> SampleResult:
    """Judge every criterion on one sample.

    Args:
        minimum: inputs the sample needs.
        family: samples judged side by side, for ``missed``.
        segment: whether the sample is one segment of the judged claims.
    """
    return SampleResult(
        n=sample.cells.total,
        n_inputs=sample.cells.labelled().n_inputs,
        minimum=minimum,
        results=tuple(
            judge_criterion(one, sample, minimum=minimum, family=family, segment=segment)
            for one in criteria
        ),
    )


def judge_criterion(
    criterion: Criterion,
    sample: JudgedSample,
    *,
    minimum: int = MINIMUM_INPUTS,
    family: int = 1,
    segment: bool = False,
) -> CriterionResult:
    """Judge one bound.

    - ``met``: the unfavourable end of the metric's own 95 % interval satisfies the bound, and the
      sample has ``minimum`` labelled inputs.
    - ``missed``: the interval at level .95^(1/family) lies wholly on the wrong side; or the
      metric is about ranking and all labelled claims state one confidence.
    - ``undecided`` otherwise. ``labels_needed`` is found by letting the interval narrow about the
      estimate as 1/√n (of a share over independent claims: as Clopper–Pearson's does). There is
      no such number where the estimate, less what noise adds to it, is itself on the wrong side.

    A coverage is a plain count: it is met or missed.

    Args:
        sample: the claims; metrics as in `core.measure.metrics.metric_bounds.estimate`.
        minimum: labelled inputs the sample needs.
        family: samples judged side by side by this bound, for ``missed``.
        segment: whether the sample is one segment of the judged claims: where none of its claims
            falls into the band a metric is about, nothing there can be wrong, and it is met. In
            the whole it would mean that the confidence decides nothing, and stays undecided.
    """
    found = estimate(criterion.metric, sample)
    judged = _Judged(criterion, sample, segment, minimum, family)
    if isinstance(found, NoValue):
        return judged.without_value(found)
    return judged.with_value(found)


@dataclass(frozen=True)
class _Judged:
    """One bound on one sample, on its way to a result."""

    criterion: Criterion
    sample: JudgedSample
    segment: bool
    minimum: int
    family: int

    @property
    def is_max(self) -> bool:
        return self.criterion.maximum_ppm is not None

    @property
    def bound(self) -> float:
        ppm = self.criterion.maximum_ppm if self.is_max else self.criterion.minimum_ppm
        assert ppm is not None
        return ppm / 1_000_000

    @property
    def missing(self) -> int:
        return max(0, self.minimum - self.sample.cells.labelled().n_inputs)

    def holds(self, low: float, high: float) -> bool:
        """Whether the whole interval satisfies the bound."""
        return high <= self.bound if self.is_max else low >= self.bound

    def fails(self, low: float, high: float) -> bool:
        """Whether the whole interval breaks it."""
        return low > self.bound if self.is_max else high < self.bound

    def without_value(self, why: NoValue) -> CriterionResult:
        metric = self.criterion.metric
        part = METRICS[metric].part
        if part is not None and not self.sample.stated_in(metric):
            if self.segment:
                said = f"{part[1]} here, so nothing there can be wrong"
                if self.missing:
                    return self._result(None, None, "undecided", self.missing, said)
                return self._result(None, None, "met", None, said)
            said = f"not decided: {part[1]}"
            return self._result(None, None, "undecided", None, said)
        said = f"not decided: {why.reason}, and so not how many labels it would take"
        return self._result(None, None, "undecided", self.missing or None, said)

    def with_value(self, found: Estimate) -> CriterionResult:
        ends = found.at(1 - LEVEL)
        if self.criterion.metric in DISCRIMINATION_METRICS and collapsed(self.sample):
            said = "missed: every confidence is the same, so it cannot tell right from wrong"
            return self._result(found, ends, "missed", None, said)
        if self.criterion.metric == "coverage":
            return self._counted(found, ends)
        if self.holds(*ends):
            if not self.missing:
                return self._result(found, ends, "met", None, "met")
            said = (
                f"holds so far, but the sample needs {self.minimum:,} labelled inputs: "
                f"{self.missing:,} more"
            )
            return self._result(found, ends, "undecided", self.missing, said)
        if self.fails(*found.at(1 - LEVEL ** (1 / self.family))):
            return self._result(found, ends, "missed", None, "missed")
        return self._undecided(found, ends)

    def _counted(self, found: Estimate, ends: tuple[float, float]) -> CriterionResult:
        if self.holds(*ends):
            if not self.missing:
                return self._result(found, ends, "met", None, "met")
            said = f"holds so far, but {self.missing:,} labelled inputs are missing"
            return self._result(found, ends, "undecided", self.missing, said)
        short = math.ceil(self.bound * found.n - 1e-9) - self.sample.cells.total
        said = "missed" if self.is_max else f"missed by {short:,} labels"
        return self._result(found, ends, "missed", None, said)

    def _undecided(self, found: Estimate, ends: tuple[float, float]) -> CriterionResult:
        if not self.holds(found.aim, found.aim) or found.aim == self.bound:
            if self.fails(*ends):
                said = (
                    f"not decided: beyond the bound by itself, but among {self.family:,} segments "
                    "one such may be chance"
                )
            else:
                said = (
                    "not decided, and the estimate itself does not satisfy the bound: more labels "
                    "are likelier to show a miss"
                )
            return self._result(found, ends, "undecided", None, said)
        factor = self._factor(found)
        if factor is None:
            said = (
                "not decided: the estimate is so near the bound that it would take more than "
                f"{_MOST:g} times the labels"
            )
            return self._result(found, ends, "undecided", None, said)
        more = max(math.ceil(found.n * (factor - 1)), 1, self.missing)
        part = METRICS[self.criterion.metric].part
        where = "" if part is None else f" {part[0]}"
        said = f"not decided yet: about {more:,} more labels{where} would decide it"
        if self.criterion.metric == "auroc" and ends == (0.0, 1.0):
            said += f" (an AUROC needs {MINIMUM_OF_CLASS} right and {MINIMUM_OF_CLASS} wrong)"
        if found.aim < found.value and self.is_max and found.value > self.bound:
            said += "; with so few, chance alone shows as much"
        return self._result(found, ends, "undecided", more, said)

    def _factor(self, found: Estimate) -> float | None:
        """How many times the labels would do, by bisection of its logarithm."""
        if not self.holds(*found.grown(_MOST)):
            return None
        low, high = 0.0, math.log(_MOST)
        for _ in range(_STEPS):
            middle = (low + high) / 2
            if self.holds(*found.grown(math.exp(middle))):
                high = middle
            else:
                low = middle
        return math.exp(high)

    def _result(
        self,
        found: Estimate | None,
        ends: tuple[float, float] | None,
        outcome: Outcome,
        labels_needed: int | None,
        said: str,
    ) -> CriterionResult:
        metric = self.criterion.metric
        name = METRIC_WORDS[metric]
        limit = f"{'at most' if self.is_max else 'at least'} {_bound_words(self.criterion)}"
        if found is None or ends is None:
            words = f"{name}, {limit}: {said}."
        else:
            shown = _shown(metric, found.value)
            if metric != "coverage":
                shown += f" ({_shown(metric, ends[0])} to {_shown(metric, ends[1])})"
            words = f"{name} {shown}, {limit}: {said}."
        return CriterionResult(
            metric=metric,
            side="max" if self.is_max else "min",
            bound=self.bound,
            value=None if found is None else found.value,
            low=None if ends is None else ends[0],
            high=None if ends is None else ends[1],
            outcome=outcome,
            n=0 if found is None else found.n,
            labels_needed=labels_needed,
            words=words,
        )


def _shown(metric: str, value: float) -> str:
    if METRICS[metric].unit == "points":
        return f"{value * 100:.1f} points"
    if METRICS[metric].unit == "percent":
        return f"{value * 100:.1f}%"
    return f"{value:.3f}"


def _bound_words(criterion: Criterion) -> str:
    """The bound, which somebody declared and is never rounded."""
    ppm = criterion.minimum_ppm if criterion.maximum_ppm is None else criterion.maximum_ppm
    assert ppm is not None
    if METRICS[criterion.metric].unit == "points":
        return f"{ppm / 10_000:.6g} points"
    if METRICS[criterion.metric].unit == "percent":
        return f"{ppm / 10_000:.6g}%"
    return fraction(ppm)
