"""A threshold chosen on tuning claims and judged on others, and the rules it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

import duckdb
import scipy

from core.comparison.sides import why_empty
from core.events import PPM
from core.gate.registry_changes import ChangePlan, plan
from core.governance.bodies.recorded_runs import refuse_loose
from core.governance.people.names import directory
from core.governance.state import State
from core.ledger.errors import BadValue, LedgerError
from core.measure.cells.cells import Cells
from core.measure.labelling.cut_at_every_look import segments_at_every_look
from core.measure.labelling.risk_thresholds import (
    LEVEL,
    AtCut,
    Learned,
    RiskCoverage,
    at_cut,
    expected_cost,
    learn_per_segment,
    risk_coverage,
)
from core.queries.base.dimensions import logged_values, segment_dimensions
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.selection import Selection
from core.queries.sums.tuning_sample import (
    Split,
    SplitCounts,
    shared_inputs,
    split_cells,
    split_counts,
)
from core.registry.cut_runs import needed
from core.registry.escalation_rules import (
    ACTIONS,
    Action,
    Override,
    RuleBand,
    Rules,
    check_rules,
    decide,
)
from core.registry.signal_spec import Costs
from core.registry.yaml_reader import RegistryFile, with_people
from core.registry.yaml_writer import rules_text, write
from core.validation.tuning_leakage import LISTED, NoTuning, Overlap, TunedOn

#: So many days of production claims stand in the third column.
DAYS = 90
#: Costs are told for so many cases.
CASES = 1_000
#: A proposal lists no more values of a segment dimension than this.
MOST_KNOWN = 100


@dataclass(frozen=True)
class ThresholdQuestion:
    """What is asked for.

    Attributes:
        selection: the signal and conditions; names no split.
        risk: the share of wrong ones accepted among the automated, in (0, 1).
        confidence: with which probability that has to hold, in (0, 1).
        by: a dimension whose values get a threshold each; None: one threshold.
        without_overlap: leave out heldout claims on inputs that were tuned on.
        every_look: whether it has to hold however often a threshold is chosen again, on all claims
            so far; otherwise it holds for this look alone, as if there had been none before.
    """

    selection: Selection
    risk: float
    confidence: float
    by: str | None = None
    without_overlap: bool = False
    every_look: bool = False


#: What the heldout claims say of a promise: the risk is proven to be within it, proven to be above
#: it, neither, or there is nothing to say it by.
Word = Literal["kept", "broken", "not_told", "unjudged"]


@dataclass(frozen=True)
class SegmentThreshold:
    """A threshold for one segment, or for all claims.

    Attributes:
        value: the segment's value; None for all claims, and for those that do not name one.
        learned: what the tuning claims say.
        at: what the threshold does, by split; empty without a threshold.
        word: what the heldout claims say of it; None without a threshold.
    """

    value: str | None
    learned: Learned
    at: Mapping[Split, AtCut]
    word: Word | None

    @property
    def offered(self) -> bool:
        """Whether there is a threshold that the heldout claims do not contradict."""
        return self.learned.cut is not None and self.word != "broken"


@dataclass(frozen=True)
class Threshold:
    """The answer.

    Attributes:
        question: what was asked.
        parts: one for all claims, or one per segment, ascending, the unnamed last.
        counts: what each split holds.
        cells: all claims of each split, one per input.
        left_out: heldout claims left out because their input was tuned on.
        since: production claims are those from then on.
    """

    question: ThresholdQuestion
    parts: tuple[SegmentThreshold, ...]
    counts: Mapping[Split, SplitCounts]
    cells: Mapping[Split, Cells]
    left_out: int
    since: datetime

    @property
    def holds(self) -> bool:
        """Whether some threshold is offered."""
        return any(part.offered for part in self.parts)

    def curve(self, split: Split) -> RiskCoverage:
        """The risk–coverage curve of all claims of a split."""
        return risk_coverage(self.cells[split])


@dataclass(frozen=True)
class Outlook:
    """What rules would do with a sample, per `CASES` cases.

    Attributes:
        of: cases by action.
        cost, cost_low, cost_high: expected cost, with the ends of the risk's interval; None where
            no costs are declared or nothing automated is labelled.
        unit: of the costs; "" where none are declared.
    """

    of: Mapping[Action, float]
    cost: float | None
    cost_low: float | None
    cost_high: float | None
    unit: str


@dataclass(frozen=True)
class Proposed:
    """The registry change that a threshold would be; nothing is applied.

    Attributes:
        rules: the new rules.
        bands: them as YAML.
        entry: the whole entry with them as YAML.
        plan: what it changes, and what it would have done with the last claims.
        notes: what to mind before signing it, each a sentence.
    """

    rules: Rules
    bands: str
    entry: str
    plan: ChangePlan
    notes: tuple[str, ...]


def choose(
    cursor: duckdb.DuckDBPyConnection, question: ThresholdQuestion, now: datetime
) -> Threshold:
    """Choose a threshold on the tuning split and judge it on the heldout one.

    Args:
        now: UTC without zone; the recent production claims are those of the `DAYS` before.

    Raises:
        NoTuning: nothing was tuned on.
        TunedOn: heldout claims share inputs with the tuning split, and may not be left out.
        BadValue: a value that its dimension cannot take, or a question that names a split.
        Refused: a promise that is worth nothing.
    """
    refuse_loose(question.risk, question.confidence)
    selection, by = question.selection, question.by
    if selection.splits_chosen or by == "split":
        raise BadValue(
            "A threshold is chosen on the tuning split and judged on the heldout one; leave the "
            "split out of the question."
        )
    since = now - timedelta(days=DAYS)
    recent = replace(selection, since=since, until=now)
    asked: dict[Split, tuple[Selection, bool]] = {
        "tuning": (selection, False),
        "heldout": (selection, question.without_overlap),
        "production": (recent, True),
    }
    counts = {
        split: split_counts(cursor, of, split, untuned=untuned)
        for split, (of, untuned) in asked.items()
    }
    if not any(one.n_claims for one in counts.values()) and selection.where:
        raise NoTuning(why_empty(cursor, selection, "sample"))
    if not counts["tuning"].n_claims:
        raise NoTuning(
            f"No claim of {selection.signal} that fits is of the tuning split, so there is nothing "
            "to choose a threshold on: log claims whose outcome you know with split=tuning, "
            "others on other inputs with split=heldout, and import both."
        )
    shared = Overlap(*shared_inputs(cursor, selection, "heldout", limit=LISTED))
    if shared and not question.without_overlap:
        raise TunedOn(selection, shared)

    def cells_of(split: Split, by: tuple[str, ...]) -> dict[str | None, Cells]:
        of, untuned = asked[split]
        found = split_cells(cursor, of, split, by, untuned=untuned)
        return {
            key[0] if key else None: cells
            for key, cells in zip(found.keys, found.cells, strict=True)
        }

    whole = {split: cells_of(split, ())[None] for split in asked}
    groups: dict[Split, dict[str | None, Cells]] = (
        {split: cells_of(split, (by,)) for split in asked}
        if by
        else {split: {None: cells} for split, cells in whole.items()}
    )
    values = list(groups["tuning"])
    learn = segments_at_every_look if question.every_look else learn_per_segment
    learned = learn(
        [groups["tuning"][value] for value in values], question.risk, 1 - question.confidence
    )
    parts = []
    for value, one in zip(values, learned, strict=True):
        at: dict[Split, AtCut] = {}
        if one.cut is not None:
            at = {split: at_cut(of[value], one.cut) for split, of in groups.items() if value in of}
        word = None
        if one.cut is not None:
            word = _word(at.get("heldout"), question.risk, len(values))
        parts.append(SegmentThreshold(value, one, at, word))
    return Threshold(question, tuple(parts), counts, whole, shared.n, since)


def _word(held: AtCut | None, risk: float, several: int) -> Word:
    """One-sided exact tests either way, at half of 1 − `LEVEL` shared by several segments."""
    if held is None or not held.n:
        return "unjudged"
    alpha = (1 - LEVEL) / 2 / several
    if float(scipy.stats.binom.sf(held.errors - 1, held.n, risk)) <= alpha:
        return "broken"
    return (
        "kept" if float(scipy.stats.binom.cdf(held.errors, held.n, risk)) <= alpha else "not_told"
    )


def outlook(cells: Cells, rules: Rules, at: AtCut, costs: Costs | None) -> Outlook | None:
    """What rules for all claims would do with a sample, as if every claim may act.

    Args:
        cells: the sample, one claim per input.
        rules: the rules; their overrides are not looked at.
        at: what their threshold does with the sample.
        costs: the declared ones; None: none are.

    Returns:
        None for an empty sample.
    """
    if not at.n_claims:
        return None
    plain = replace(rules, overrides=())
    n: dict[Action, int] = dict.fromkeys(ACTIONS, 0)
    for v, claims in zip(cells.v.tolist(), cells.n_claims.tolist(), strict=True):
        n[decide(plain, v, {}, may_act=True).action] += claims
    n[decide(plain, None, {}, may_act=True).action] += cells.n_unstated
    automate, review, escalate = (n[action] / at.n_claims for action in ACTIONS)
    shares = (automate, review, escalate)
    of = {action: CASES * share for action, share in zip(ACTIONS, shares, strict=True)}
    if costs is None or at.risk is None or at.low is None or at.high is None:
        return Outlook(of, None, None, None, "" if costs is None else costs.unit)
    prices = (
        costs.error_millionths / PPM,
        costs.review_millionths / PPM,
        costs.escalate_millionths / PPM,
    )
    cost, low, high = (
        CASES * expected_cost(shares, risk, prices) for risk in (at.risk, at.low, at.high)
    )
    return Outlook(of, cost, low, high, costs.unit)


class NoChange(LedgerError):  # noqa: N818
    """Why a threshold cannot be written into a registry entry."""


def proposed(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    threshold: Threshold,
    now: datetime,
    run: str | None = None,
) -> Proposed:
    """The registry change that a threshold would be, and what that would have done.

    Args:
        run: SHA-256 of the record of this very run, which the entry then names; None: it was not
            recorded.

    Raises:
        NoChange: why there is none.
    """
    signal = threshold.question.selection.signal
    if not threshold.holds:
        raise NoChange("No threshold holds, so there is no change to write.")
    entry = state.entries.get(signal)
    if entry is None:
        raise NoChange(
            f"{signal} is not registered: write its entry first, then its threshold can be changed."
        )
    rules, notes = _changed(entry.spec.rules, threshold, segment_dimensions(cursor))
    if threshold.question.by is None:
        rules, more = _with_known_values(cursor, signal, entry.spec.rules, rules)
        notes += more
    problems = check_rules(rules)
    if problems:
        raise NoChange(f"The rules with this threshold cannot be run: {problems[0]}.")
    cuts_from = tuple(dict.fromkeys((*((run,) if run else ()), *entry.spec.cuts_from)))
    spec = replace(entry.spec, rules=rules, cuts_from=cuts_from)
    spec = replace(spec, cuts_from=needed(spec, state.runs))
    new = with_people(spec, directory(cursor).handle)
    change = plan(cursor, state, RegistryFile((new,), ()), now)
    return Proposed(rules, rules_text(new), write([new]), change, notes)


def _changed(
    rules: Rules, threshold: Threshold, segments: tuple[str, ...]
) -> tuple[Rules, tuple[str, ...]]:
    """The rules with the new cuts, and what to mind."""
    question = threshold.question
    where = _segment_asked(question.selection, segments)
    notes = []
    versions = [name for name, _ in question.selection.where if name in FIELDS]
    if versions:
        notes.append(
            f"The threshold was chosen on one {' and '.join(versions)}; an entry's rules hold for "
            "every version that is validated."
        )
    if question.by is None:
        (part,) = threshold.parts
        cut = writable(part.learned)
        if where is None:
            if rules.overrides:
                notes.append(
                    "Bands of single segments stay as they are written; the guarantee is for all "
                    "claims together, at one threshold."
                )
            return replace(rules, bands=with_cut(rules.bands, cut)), tuple(notes)
        return _overridden(rules, *where, with_cut(_of(rules, *where), cut)), tuple(notes)
    if question.by not in segments or where is not None:
        raise NoChange(
            "Rules tell claims apart by one segment dimension at a time; ask by one of: "
            f"{', '.join(segments) or 'none is logged'}."
        )
    changed = rules
    for part in threshold.parts:
        if part.value is None:
            continue
        before = _of(rules, question.by, part.value)
        bands = with_cut(before, writable(part.learned)) if part.offered else unautomated(before)
        changed = _overridden(changed, question.by, part.value, bands)
    notes.append(
        f"Claims of any other {question.by}, and segments without a threshold, are no longer "
        "automated: nothing is promised for them."
    )
    return replace(changed, bands=unautomated(rules.bands)), tuple(notes)


def with_cut(bands: tuple[RuleBand, ...], cut_ppm: int) -> tuple[RuleBand, ...]:
    """Bands that automate from a threshold on; what is below it goes where it went, or to review.

    Args:
        bands: ascending, as in `Rules`.
        cut_ppm: in whole millionths, above 0 and below 1.
    """
    below: list[RuleBand] = []
    low = 0
    for band in bands:
        if band.action != "automate" and low < cut_ppm:
            top = cut_ppm if band.below_ppm is None else min(band.below_ppm, cut_ppm)
            below.append(RuleBand(top, band.action))
        low = PPM if band.below_ppm is None else band.below_ppm
    if below:
        # Where automation began below the new cut, the band under it reaches up to it.
        below[-1] = replace(below[-1], below_ppm=cut_ppm)
    else:
        below = [RuleBand(cut_ppm, "review")]
    return (*below, RuleBand(None, "automate"))


def unautomated(bands: tuple[RuleBand, ...]) -> tuple[RuleBand, ...]:
    """Bands without the one that automates; the one below it reaches up to 1."""
    kept = [band for band in bands if band.action != "automate"]
    if not kept:
        return (RuleBand(None, "review"),)
    return (*kept[:-1], replace(kept[-1], below_ppm=None))


def _of(rules: Rules, dimension: str, value: str) -> tuple[RuleBand, ...]:
    for one in rules.overrides:
        if (one.dimension.lower(), one.value) == (dimension.lower(), value):
            return one.bands
    return rules.bands


def _overridden(rules: Rules, dimension: str, value: str, bands: tuple[RuleBand, ...]) -> Rules:
    new = Override(dimension, value, bands)
    same = (dimension.lower(), value)
    kept = tuple(
        new if (one.dimension.lower(), one.value) == same else one for one in rules.overrides
    )
    known = tuple(
        (name, values)
        for name, all_ in rules.known_values
        if (values := tuple(one for one in all_ if (name.lower(), one) != same))
    )
    return replace(rules, overrides=kept if new in kept else (*kept, new), known_values=known)


def _with_known_values(
    cursor: duckdb.DuckDBPyConnection, signal: str, old: Rules, new: Rules
) -> tuple[Rules, tuple[str, ...]]:
    """The new rules with the logged values of a dimension that had no override before.

    Without them, all these values would go by the strictest rule from now on.
    """
    before = {one.dimension.lower() for one in old.overrides}
    notes = []
    for dimension in dict.fromkeys(one.dimension for one in new.overrides):
        if dimension.lower() in before:
            continue
        special = {one.value for one in new.overrides if one.dimension == dimension}
        rest = [one for one in logged_values(cursor, signal, dimension) if one not in special]
        if not rest:
            continue
        if len(rest) > MOST_KNOWN:
            notes.append(
                f"{dimension} has {len(rest):,} other values, too many to list: claims of all of "
                "them go by the strictest rule, until you list some under knownValues."
            )
            continue
        new = replace(new, known_values=(*new.known_values, (dimension, tuple(rest))))
        notes.append(
            f"The other values of {dimension} that are logged keep the bands (knownValues); "
            "claims of a value nobody listed, or of none, go by the strictest rule."
        )
    return new, tuple(notes)


def _segment_asked(selection: Selection, segments: tuple[str, ...]) -> tuple[str, str] | None:
    """The one segment that the conditions name; None: all claims of some versions.

    Raises:
        NoChange: conditions that no rule can repeat.
    """
    others = [(name, values) for name, values in selection.where if name not in FIELDS]
    if not others:
        return None
    name, values = others[0]
    if len(others) > 1 or len(values) != 1 or values[0] is None or name not in segments:
        said = ", ".join(sorted({name for name, _ in others}))
        raise NoChange(
            f"Rules hold for all claims or for one value of one segment dimension; no rule can say "
            f"the conditions asked for ({said})."
        )
    return name, values[0]


def writable(learned: Learned) -> int:
    """The threshold in whole millionths as a band may begin with it: above 0, below 1."""
    assert learned.cut is not None
    ppm = round(learned.cut * PPM)
    if ppm == 0:
        raise NoChange(
            "Even the claims stated at 0 keep the bound: everything could be automated, and rules "
            "whose confidence decides nothing are not written."
        )
    if ppm < PPM:
        return ppm
    stopped = learned.stopped
    if stopped is not None and round(stopped.cut * PPM) == PPM - 1:
        raise NoChange("The threshold is 1 itself, and no band can begin there.")
    # Nothing is stated between the two: whoever passes at one passes at the other.
    return PPM - 1
