"""What to label, and what the samples say: everything the page shows, assembled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import duckdb
import numpy as np
import pandas as pd

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
from core.measure.verdicts.verdict import judge
from core.monitoring import audit_draw as audit
from core.queries.base.selection import Selection
from core.queries.labels.label_reach import label_reaches
from core.queries.sums.grouped_sums import grouped_sums
from core.queries.sums.labelling.audit_answers import samples_answered
from core.queries.sums.labelling.audit_frame import Frame, frame, own_design
from core.queries.sums.labelling.audit_samples import drawn_counts, sample_counts, to_label
from core.sentences import label_plan as words
from core.sentences.acts import Names, drawn_of
from core.terms import USUAL, Terms
from core.views.review.label_plan.estimates import SampleEstimate, estimated
from core.views.review.label_plan.groups import (
    GroupPlan,
    GroupsAsked,
    by_need,
    group_plan,
    headline_of,
)
from core.views.review.labelling.labels import escalated_cases_only


@dataclass(frozen=True)
class DrawnSample:
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
    samples: tuple[DrawnSample, ...]
    n_to_label: int
    response: str
    estimate: SampleEstimate | None
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
        return "the claims available cannot decide it"

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
    asked = GroupsAsked(
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
    estimates = estimated(cursor, selection, by, offered, tolerance, own) if sampled else {}
    groups = [group_plan(asked, g, value, estimates) for g, value in enumerate(values)]
    whole = estimates.get(None) if by is None else None
    if sampled and by is not None:
        whole = estimated(cursor, selection, None, offered, tolerance, own).get(None)
    samples = _samples(cursor, selection.signal, drawn)
    n_drawn, n_labelled = drawn_counts(cursor, selection.signal) if drawn else (0, 0)
    asked_of = samples_answered(cursor, selection.signal) if drawn else {}
    answered = any(one.enough for one in asked_of.values())
    return LabelPlan(
        selection=selection,
        by=by,
        headline=headline_of(groups, asked, whole),
        details=words.details(tolerance, made.chance, by, bool(looked_at), edge),
        groups=tuple(sorted(groups, key=by_need)),
        samples=samples,
        n_to_label=n_drawn - n_labelled,
        response=words.response(n_drawn, n_labelled, answered=answered),
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


class NothingDrawn(LedgerError):  # noqa: N818 (reads as what is the matter)
    """No sample of the signal was drawn yet."""


def to_label_rows(cursor: duckdb.DuckDBPyConnection, signal: str) -> pd.DataFrame:
    """The drawn claims of a signal that nobody has labelled, to be filled in.

    Columns as `core.queries.sums.labelling.audit_samples.to_label` has them: without the
    confidence.

    Raises:
        NothingDrawn: no sample of it was drawn.
    """
    drawn = audit.samples(cursor, signal)
    if not drawn:
        raise NothingDrawn(
            f"No audit sample of {signal} was drawn yet; draw one with: calledger labels draw."
        )
    return to_label(cursor, signal, drawn[-1].design.seed)


def _without_labels(sums: GroupSums) -> GroupSums:
    """The same groups as if none of their claims were labelled."""
    names = ("n", "s", "sv", "svv", "high_n", "high_s", "high_sv", "high_svv")
    none = {name: np.zeros_like(getattr(sums, name)) for name in names}
    empty = np.zeros((len(sums), HUNDREDTHS))
    return replace(sums, **none, bands=banded(empty, empty, empty)[0], repeated=None)


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


def _samples(
    cursor: duckdb.DuckDBPyConnection, signal: str, drawn: Sequence[audit.Drawn]
) -> tuple[DrawnSample, ...]:
    if not drawn:
        return ()
    names, counts = Names.read(cursor), sample_counts(cursor, signal)
    found = []
    for one in reversed(drawn):
        n_labelled = counts[one.audit].n_labelled if one.audit in counts else 0
        found.append(
            DrawnSample(
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
