"""One group's labels: what they would take, in numbers and words, and what to label first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.defaults import MINIMUM_INPUTS
from core.measure.cells.cells import IntArray
from core.measure.labelling.group_posterior import Unlabelled
from core.measure.labelling.sample_size import Plan
from core.measure.verdicts.verdict import Judgement, Verdict
from core.sentences import label_plan as words
from core.sentences.numbers import value_name
from core.text.figures import finite
from core.text.parts import reach_words
from core.views.review.label_plan.estimates import SampleEstimate

#: The whole, where it is not split.
ALL = "All claims"


@dataclass(frozen=True)
class GroupPlan:
    """One group: what is known of it, and what its labels would take.

    Attributes:
        value: of the dimension; None: claims that name none, or all.
        name: in words.
        verdict: as other pages have it.
        n, n_inputs, n_claims: labelled claims, their inputs, stated claims.
        gap, gap_low, gap_high: with its own 95% interval; None without a label.
        needed: further labelled inputs for a verdict with the plan's chance; None where none is
            needed, or no reasonable number would do.
        whole, high: the same for the group's gap, and for that of its high-confidence band.
        in_high: how many claims of ``needed`` would be in that band.
        settles: whether ``needed`` is there to be labelled.
        available: unlabelled inputs that may be drawn.
        waiting: those of them that a sample holds already.
        words: all of it in a sentence or two.
        estimate: what the samples say; None where no labelled claim was drawn.
        looked_at: only cases that people looked at are labelled, so an audit sample is planned as
            if none were, whatever the verdict.
        likely: further labelled inputs with which a verdict is as likely as not; None likewise.
        chance_if_all: of a verdict when all that is available is labelled; None where it is given.
    """

    value: str | None
    name: str
    verdict: Verdict
    n: int
    n_inputs: int
    n_claims: int
    gap: float | None
    gap_low: float | None
    gap_high: float | None
    needed: int | None
    whole: int | None
    high: int | None
    in_high: int
    settles: bool
    available: int
    waiting: int
    words: str
    estimate: SampleEstimate | None
    looked_at: bool = False
    likely: int | None = None
    chance_if_all: float | None = None

    @property
    def batch(self) -> int:
        """Inputs to label before it is planned again; 0: none.

        What settles it, or where that is not there, what makes a verdict as likely as not.
        """
        if self.settles:
            return self.needed or 0
        return self.likely if self.likely and self.likely <= self.available else 0

    @property
    def to_begin(self) -> int:
        """Inputs that a first audit sample is to have: as planned, or else a minimum."""
        return self.batch or min(MINIMUM_INPUTS, self.available)

    @property
    def to_draw(self) -> int:
        """Inputs that are to be drawn beyond those that wait already; 0: none."""
        return 0 if _enough(self.batch, self.waiting) else self.batch - self.waiting


@dataclass(frozen=True)
class GroupsAsked:
    """What the groups are told by; arrays of shape (G,). Undecided ones have a place in a plan."""

    by: str | None
    tolerance: float
    high_from: float
    judged: Judgement
    of_labelled: Judgement
    plans: Mapping[int, tuple[Plan, int]]
    unlabelled: Unlabelled
    waiting: IntArray
    looked_at: str
    own: Mapping[str | None, tuple[int, int, int]]


def headline_of(
    groups: Sequence[GroupPlan], asked: GroupsAsked, whole: SampleEstimate | None
) -> str:
    """What to label, first what keeps plain labels from telling."""
    stands = ""
    sample: words.Beside = ""
    if asked.by is None and groups and groups[0].gap is not None:
        stands = _stands(asked.of_labelled, 0)
        sample = _against(groups[0], whole, asked.tolerance)
    if asked.own:
        n, left = (sum(one[i] for one in asked.own.values()) for i in (0, 2))
        return words.own_sampling(n, left, "" if whole is None else whole.words)
    if asked.looked_at:
        return words.looked_at_headline(
            asked.looked_at,
            sum(one.to_begin for one in groups),
            asked.by,
            stands,
            sum(one.waiting for one in groups),
        )
    held = [one == "labelled" for one in asked.judged.speaks_for]
    if asked.by is None and any(held):
        return groups[0].words
    given = [
        (one.verdict, one.needed if one.settles else one.batch or None, one.settles)
        for one in groups
    ]
    told = words.headline(given, asked.by, asked.tolerance, stands, sample)
    return f"{told} {words.held(sum(held))}" if any(held) else told


def _against(one: GroupPlan, whole: SampleEstimate | None, tolerance: float) -> words.Beside:
    """What the drawn claims alone say beside a verdict of all labels."""
    if whole is None:
        return "waiting" if one.waiting else ""
    if whole.low is None or whole.high is None or whole.effective_n < MINIMUM_INPUTS:
        return "open"
    if whole.low > tolerance or whole.high < -tolerance:
        return "contrary" if one.verdict == "within_tolerance" else "same"
    if one.waiting:
        # What was labelled before the draw is in the sample with its label: it comes first.
        return "waiting"
    if -tolerance <= whole.low and whole.high <= tolerance:
        # The verdict asks more than the whole gap: a band may be off by itself.
        return "same"
    return "open"


def _stands(judged: Judgement, g: int) -> str:
    return words.shown(
        judged.verdict[g],
        int(judged.n[g]),
        float(judged.gap[g]),
        float(judged.gap_low[g]),
        float(judged.gap_high[g]),
    )


def group_plan(
    asked: GroupsAsked,
    g: int,
    value: str | None,
    estimates: Mapping[str | None, SampleEstimate],
) -> GroupPlan:
    """One group."""
    judged = asked.judged
    needed = 0.0
    if g in asked.plans:
        plan, place = asked.plans[g]
        needed = float(plan.needed[place])
    available = int(asked.unlabelled.inputs[g])
    in_high = 0
    if g in asked.plans and available and math.isfinite(needed):
        in_high = round(needed * float(asked.unlabelled.high_n[g]) / available)
    verdict = judged.verdict[g]
    one = _plain_group(asked, g, value, needed, in_high, estimates)
    reach = judged.reaches[g]
    if reach is not None and reach.speaks_for == "labelled":
        one = replace(one, words=_unspoken(one, reach_words(reach)))
    if asked.looked_at:
        stands = _stands(asked.of_labelled, g) if one.n else ""
        said = words.looked_at(one.n, one.to_begin, one.waiting, stands)
        one = replace(one, words=said, looked_at=True)
    if value in asked.own:
        n, _, left = asked.own[value]
        said = words.own_sampling(n, left, "" if one.estimate is None else one.estimate.words)
        more = one.available and (asked.looked_at or verdict == "cannot_tell")
        one = replace(one, words=f"{said} {one.words}" if more else said)
    return one


def _unspoken(one: GroupPlan, why: str) -> str:
    """What a group needs whose labels cannot speak for all: a sample, or nothing beside one."""
    told = one.estimate
    if told is not None and not one.waiting and told.effective_n >= MINIMUM_INPUTS:
        return words.weighed(why, told.words)
    return words.unspoken(why, one.to_begin, one.waiting)


def _plain_group(
    asked: GroupsAsked,
    g: int,
    value: str | None,
    needed: float,
    in_high: int,
    estimates: Mapping[str | None, SampleEstimate],
) -> GroupPlan:
    """One group as if its labels could be any of its claims."""
    judged = asked.judged
    plan: Plan | None
    plan, place = asked.plans.get(g, (None, 0))
    available, waiting = int(asked.unlabelled.inputs[g]), int(asked.waiting[g])
    verdict = judged.verdict[g]
    return GroupPlan(
        value=value,
        name=ALL if asked.by is None else value_name(value),
        verdict=verdict,
        n=int(judged.n[g]),
        n_inputs=int(judged.n_inputs[g]),
        n_claims=int(judged.n_claims[g]),
        gap=finite(judged.gap[g]),
        gap_low=finite(judged.gap_low[g]),
        gap_high=finite(judged.gap_high[g]),
        needed=_whole(needed) if plan is not None else None,
        whole=None if plan is None else _whole(plan.whole[place]),
        high=None if plan is None else _whole(plan.high[place]),
        in_high=in_high,
        settles=plan is not None and bool(plan.possible[place]),
        available=available,
        waiting=waiting,
        words=words.group(
            verdict=verdict,
            n=int(judged.n[g]),
            needed=needed,
            band_needed=0.0 if plan is None else float(plan.high[place]),
            in_high=in_high,
            available=available,
            waiting=waiting,
            enough=math.isfinite(needed) and _enough(needed, waiting),
            outlook="inside" if plan is None else plan.outlook[place],
            gap=0.0 if plan is None else float(plan.gap[place]),
            high_gap=0.0 if plan is None else float(plan.high_gap[place]),
            high_from=asked.high_from,
            tolerance=asked.tolerance,
            likely=0.0 if plan is None else float(plan.likely[place]),
            chance_if_all=0.0 if plan is None else float(plan.chance_if_all[place]),
            plateau=0.0 if plan is None else float(plan.plateau[place]),
            plateau_at=0.0 if plan is None else float(plan.plateau_at[place]),
        ),
        estimate=estimates.get(value),
        likely=None if plan is None else _whole(plan.likely[place]),
        chance_if_all=None if plan is None else float(plan.chance_if_all[place]),
    )


def by_need(one: GroupPlan) -> tuple[int, float, int]:
    """Those that labels settle first, then those that they do not, then the others."""
    given = one.verdict != "cannot_tell" and not one.looked_at
    rank = 2 if given else 0 if one.settles else 1
    return rank, math.inf if one.needed is None else one.needed, -one.n_claims


def _enough(needed: float, waiting: int) -> bool:
    """Whether what waits is what was asked for, but for the chance in how many are drawn."""
    return waiting > 0 and waiting >= needed - 2 * math.sqrt(needed)


def _whole(needed: float) -> int | None:
    return int(needed) if math.isfinite(needed) else None
