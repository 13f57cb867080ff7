"""The Labels page: which labels would settle what cannot be told, and what the samples say."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from core.defaults import MINIMUM_INPUTS
from core.ledger.errors import LedgerError
from core.measure.cells.cells import FloatArray, GroupSums, IntArray
from core.measure.cells.group_sums import HUNDREDTHS, banded
from core.measure.labelling.group_posterior import Unlabelled
from core.measure.labelling.sample_size import (
    CHANCE,
    Plan,
    critical_value_of_all,
    plan_labels,
    shapes_of_all,
)
from core.measure.metrics.label_bias import inverse_propensity
from core.measure.verdicts.verdict import Judgement, Verdict, judge
from core.monitoring import audit_draw as audit
from core.queries.base.selection import Selection
from core.queries.labels.label_reach import label_reaches
from core.queries.sums.audit_samples import (
    Frame,
    drawn_counts,
    frame,
    own_design,
    sample_counts,
    to_label,
)
from core.queries.sums.grouped_sums import grouped_sums
from core.queries.sums.label_coverage import propensity_sums
from core.sentences import label_plan as words
from core.sentences.acts import Names, drawn_of
from core.sentences.numbers import value_name
from core.terms import USUAL, Terms
from core.text.parts import reach_words
from core.views.review.labels import escalated_cases_only

#: The whole, where it is not split.
ALL = "All claims"


@dataclass(frozen=True)
class Estimate:
    """What the samples say of the claims that had a chance to be drawn.

    Attributes:
        n: labelled claims it rests on.
        effective_n: equally weighted ones they are worth.
        gap, low, high: with its 95% interval; None where too few are labelled.
        covered: share of the group's claims that had a chance to be drawn, in [0, 1].
        words: what it says against the tolerance, in a sentence.
    """

    n: int
    effective_n: float
    gap: float | None
    low: float | None
    high: float | None
    covered: float
    words: str


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
    estimate: Estimate | None
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
class Sample:
    """A sample that was drawn.

    Attributes:
        audit: its id.
        seq: the act's number.
        when, who: in words.
        of: the groups and their chances, in words.
        n: claims it holds.
        n_labelled: those with an outcome.
    """

    audit: str
    seq: int
    when: str
    who: str
    of: str
    n: int
    n_labelled: int


@dataclass(frozen=True)
class LabelPlan:
    """Everything the page shows.

    Attributes:
        selection: the claims asked about, as known now.
        by: the dimension split by; None: the whole.
        headline: what to label, in a sentence.
        details: how it was planned, in a sentence.
        groups: those that cannot be told first, those that need least before the others.
        samples: of the signal, the newest first.
        n_to_label: claims that samples of the signal hold and nobody has labelled.
        response: how far the samples are labelled, in a sentence; "" without one.
        estimate: of all claims of the selection; None where no labelled claim was drawn.
        tolerance, high_from: the signal's.
        looked_at: that only cases people looked at are labelled, in a sentence; "" where not so.
        n_own: claims that log their own chance of a label, and are not drawn here.
        n_own_unlabelled: those of them without a label.
    """

    selection: Selection
    by: str | None
    headline: str
    details: str
    groups: tuple[GroupPlan, ...]
    samples: tuple[Sample, ...]
    n_to_label: int
    response: str
    estimate: Estimate | None
    tolerance: float
    high_from: float
    looked_at: str = ""
    n_own: int = 0
    n_own_unlabelled: int = 0

    @property
    def undecided(self) -> tuple[GroupPlan, ...]:
        """The groups that cannot be told, or only of cases that people looked at."""
        return tuple(one for one in self.groups if one.verdict == "cannot_tell" or one.looked_at)

    @property
    def why_none(self) -> str:
        """Why `wanted` is empty, as what follows "because"."""
        if self.n_own and not any(one.available for one in self.groups):
            return "the signal draws its own labels"
        if not self.undecided:
            return "nothing needs one"
        if any(one.batch for one in self.undecided):
            return "what it needs is drawn already and waits for its labels"
        return "the claims there are cannot settle it"

    def wanted(self) -> dict[str | None, int]:
        """What `core.monitoring.audit_draw.draw` is to be asked for."""
        return {one.value: one.batch for one in self.groups if one.to_draw}

    def as_json(self) -> dict[str, Any]:
        """The JSON object of ``calledger labels plan --format json``."""
        return {
            "signal": self.selection.signal,
            "by": self.by,
            "tolerance": self.tolerance,
            "high_from": self.high_from,
            "chance": CHANCE,
            "headline": self.headline,
            "looked_at_only": self.looked_at or None,
            "own_sampling": {"n": self.n_own, "unlabelled": self.n_own_unlabelled},
            "groups": [asdict(one) for one in self.groups],
            "samples": [asdict(one) for one in self.samples],
            "n_to_label": self.n_to_label,
            "estimate": None if self.estimate is None else asdict(self.estimate),
        }


def label_plan(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: str | None = None,
    *,
    terms: Terms = USUAL,
) -> LabelPlan:
    """Assemble the page.

    Verdicts are those of the whole selection, or of one dimension's values judged together, as
    `calledger measure` gives them. Labels can be drawn of its production claims.

    Args:
        selection: the claims; as known now, whatever ``as_known`` says.
        by: a dimension of text values; None: the whole.

    Raises:
        LedgerError: the ledger lacks the dimension or the value, or it is no text.
    """
    selection = replace(selection, as_known=None)
    tolerance, high_from = terms.tolerance, terms.high_from
    drawn = audit.samples(cursor, selection.signal)
    offered = frame(cursor, selection, by, drawn=[one.design for one in drawn], high_from=high_from)
    found = grouped_sums(cursor, selection, [() if by is None else (by,)], high_from=high_from)
    values = [None if by is None else key[0] for _, key in found.entries]
    grouping = () if by is None else (by,)
    reaches = label_reaches(cursor, selection, grouping, terms=terms)
    reach_of = [reaches.get(key) for _, key in found.entries]
    of_labelled = judge(found.sums, tolerance=tolerance)
    judged = of_labelled.with_reaches(reach_of)
    unlabelled, waiting = _aligned(offered, values)
    looked_at = escalated_cases_only(cursor, selection, terms.maturity) or ""
    # Labels that cannot speak for all claims foretell nothing of a sample of all.
    held = [bool(looked_at) or one == "labelled" for one in judged.speaks_for]
    unspoken = _without_labels(found.sums)
    undecided = [
        g for g, verdict in enumerate(judged.verdict) if held[g] or verdict == "cannot_tell"
    ]
    sums = unspoken if looked_at else found.sums
    of_all = critical_value_of_all(sums, unlabelled, level=judged.level)
    plans: dict[int, tuple[Plan, int]] = {}
    for as_held, of in ((False, found.sums), (True, unspoken)):
        some = [g for g in undecided if held[g] == as_held]
        made = plan_labels(
            of.take(some),
            unlabelled.take(some),
            tolerance=tolerance,
            critical_value=max(judged.critical_value, of_all),
            shapes=shapes_of_all(sums, unlabelled),
            level=judged.level,
        )
        plans |= {g: (made, place) for place, g in enumerate(some)}
    edge = max((float(one.edge.max(initial=0.0)) for one, _ in plans.values()), default=0.0)
    own = own_design(cursor, selection, by)
    asked = _Asked(
        by=by,
        tolerance=tolerance,
        high_from=high_from,
        judged=judged,
        of_labelled=of_labelled,
        plans=plans,
        unlabelled=unlabelled,
        waiting=waiting,
        looked_at=looked_at,
        own=own,
    )
    sampled = bool(drawn or own)
    estimates = _estimates(cursor, selection, by, offered, tolerance, own) if sampled else {}
    groups = [_group(asked, g, value, estimates) for g, value in enumerate(values)]
    whole = estimates.get(None) if by is None else None
    if sampled and by is not None:
        whole = _estimates(cursor, selection, None, offered, tolerance, own).get(None)
    samples = _samples(cursor, selection.signal, drawn)
    n_drawn, n_labelled = drawn_counts(cursor, selection.signal) if drawn else (0, 0)
    return LabelPlan(
        selection=selection,
        by=by,
        headline=_headline(groups, asked, whole),
        details=words.details(tolerance, made.chance, by, bool(looked_at), edge),
        groups=tuple(sorted(groups, key=_order)),
        samples=samples,
        n_to_label=n_drawn - n_labelled,
        response=words.response(n_drawn, n_labelled),
        estimate=whole,
        tolerance=tolerance,
        high_from=high_from,
        looked_at=looked_at,
        n_own=sum(n for n, _, _ in own.values()),
        n_own_unlabelled=sum(left for _, _, left in own.values()),
    )


def drawn_words(cursor: duckdb.DuckDBPyConnection, drawn: audit.Drawn, before: int) -> str:
    """What a draw leaves to be labelled, in a sentence; ``before``: claims that waited for it."""
    n, n_labelled = drawn_counts(cursor, drawn.act.signal or "")
    said = words.drawn(n - n_labelled, drawn.n, before)
    return f"Entry {drawn.act.seq}, {drawn.audit}: {said}"


def to_label_rows(cursor: duckdb.DuckDBPyConnection, signal: str) -> pd.DataFrame:
    """The drawn claims of a signal that nobody has labelled, to be filled in.

    Columns as `core.queries.sums.audit_samples.to_label` has them: without the confidence.

    Raises:
        LedgerError: no sample of it was drawn.
    """
    drawn = audit.samples(cursor, signal)
    if not drawn:
        raise LedgerError(
            f"No audit sample of {signal} was drawn yet; draw one with: calledger labels draw."
        )
    return to_label(cursor, signal, drawn[-1].design.seed)


@dataclass(frozen=True)
class _Asked:
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


def _headline(groups: Sequence[GroupPlan], asked: _Asked, whole: Estimate | None) -> str:
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


def _against(one: GroupPlan, whole: Estimate | None, tolerance: float) -> words.Beside:
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


def _without_labels(sums: GroupSums) -> GroupSums:
    """The same groups as if none of their claims were labelled."""
    names = ("n", "s", "sv", "svv", "high_n", "high_s", "high_sv", "high_svv")
    none = {name: np.zeros_like(getattr(sums, name)) for name in names}
    empty = np.zeros((len(sums), HUNDREDTHS))
    return replace(sums, **none, bands=banded(empty, empty, empty)[0], repeated=None)


def _group(
    asked: _Asked,
    g: int,
    value: str | None,
    estimates: Mapping[str | None, Estimate],
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
    asked: _Asked,
    g: int,
    value: str | None,
    needed: float,
    in_high: int,
    estimates: Mapping[str | None, Estimate],
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
        gap=_number(judged.gap[g]),
        gap_low=_number(judged.gap_low[g]),
        gap_high=_number(judged.gap_high[g]),
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


def _order(one: GroupPlan) -> tuple[int, float, int]:
    """Those that labels settle first, then those that they do not, then the others."""
    given = one.verdict != "cannot_tell" and not one.looked_at
    rank = 2 if given else 0 if one.settles else 1
    return rank, math.inf if one.needed is None else one.needed, -one.n_claims


def _aligned(offered: Frame, values: Sequence[str | None]) -> tuple[Unlabelled, IntArray]:
    """What may be drawn of each judged group, and what waits of it."""
    at = {value: g for g, value in enumerate(offered.values)}
    known = [at.get(value, -1) for value in values]

    def of(column: IntArray) -> IntArray:
        # One more line, of nothing, for groups of which nothing may be drawn.
        padded: IntArray = np.concatenate([column, np.zeros_like(column[:1])])
        return padded[known] if len(column) else np.zeros(len(values), dtype=np.int64)

    def sums(column: FloatArray) -> FloatArray:
        padded = np.concatenate([column, np.zeros((1, *column.shape[1:]))])
        return padded[known]

    rest = offered.unlabelled
    unlabelled = Unlabelled(
        inputs=of(rest.inputs),
        n=np.rint(sums(rest.n.astype(float))).astype(np.int64),
        sv=sums(rest.sv),
        high_n=of(rest.high_n),
        high_sv=sums(rest.high_sv),
    )
    return unlabelled, of(offered.waiting)


def _estimates(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: str | None,
    offered: Frame,
    tolerance: float,
    own: Mapping[str | None, tuple[int, int, int]],
) -> dict[str | None, Estimate]:
    """What the samples say of each group that has a drawn and labelled claim."""
    asked = selection
    if not selection.splits_chosen:
        asked = selection.narrowed("split", "production")
    found = propensity_sums(cursor, asked, () if by is None else (by,))
    weighted = inverse_propensity(found.sums)
    shares = {
        value: (int(offered.covered[g]), int(offered.n_claims[g]))
        for g, value in enumerate(offered.values)
    }
    if by is None:
        shares = {None: (int(offered.covered.sum()), int(offered.n_claims.sum()))}
        n, chanced, left = (sum(one[i] for one in own.values()) for i in range(3))
        own = {None: (n, chanced, left)} if own else {}
    for value, (n, chanced, _) in own.items():
        covered, n_claims = shares.get(value, (0, 0))
        shares[value] = (covered + chanced, n_claims + n)
    told: dict[str | None, Estimate] = {}
    for g, key in enumerate(found.keys):
        value = None if by is None else key[0]
        covered, n_claims = shares.get(value, (0, 0))
        if not weighted.n[g] or not covered:
            continue
        share = covered / n_claims
        told[value] = Estimate(
            n=int(weighted.n[g]),
            effective_n=float(weighted.effective_n[g]),
            gap=_number(weighted.gap[g]),
            low=_number(weighted.gap_low[g]),
            high=_number(weighted.gap_high[g]),
            covered=share,
            words=words.estimate(
                n=int(weighted.n[g]),
                effective_n=float(weighted.effective_n[g]),
                gap=float(weighted.gap[g]),
                low=float(weighted.gap_low[g]),
                high=float(weighted.gap_high[g]),
                capped=int(weighted.n_capped[g]),
                covered=share,
                tolerance=tolerance,
            ),
        )
    return told


def _samples(
    cursor: duckdb.DuckDBPyConnection, signal: str, drawn: Sequence[audit.Drawn]
) -> tuple[Sample, ...]:
    if not drawn:
        return ()
    names, counts = Names.read(cursor), sample_counts(cursor, signal)
    found = []
    for one in reversed(drawn):
        n_labelled = counts[one.audit].n_labelled if one.audit in counts else 0
        found.append(
            Sample(
                audit=one.audit,
                seq=one.act.seq,
                when=f"{one.act.at:%Y-%m-%d %H:%M} UTC",
                who=names.person(one.act.actor.sub),
                of="; ".join(map(drawn_of, one.act.body["groups"])),
                n=one.n,
                n_labelled=n_labelled,
            )
        )
    return tuple(found)


def _enough(needed: float, waiting: int) -> bool:
    """Whether what waits is what was asked for, but for the chance in how many are drawn."""
    return waiting > 0 and waiting >= needed - 2 * math.sqrt(needed)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _whole(needed: float) -> int | None:
    return int(needed) if math.isfinite(needed) else None
