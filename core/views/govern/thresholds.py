"""A threshold with its guarantee, and what became of it on other claims, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from core.events import PPM
from core.gate.choose_threshold import (
    CASES,
    DAYS,
    NoChange,
    Proposed,
    SegmentThreshold,
    Threshold,
    ThresholdQuestion,
    choose,
    outlook,
    proposed,
    with_cut,
)
from core.gate.threshold_runs import recorded
from core.governance.state import State
from core.measure.labelling.risk_thresholds import AtCut
from core.queries.sums.tuning_sample import Split
from core.registry.cut_runs import CutRun
from core.registry.escalation_rules import fraction
from core.sentences.cut_origin import CutOrigin, origin_of, run_json
from core.sentences.numbers import ABSENT, count, counted, percent, value_name
from core.sentences.numbers import cut as share_words
from core.views.govern.signal_plan import PlanPart, plan_parts
from core.views.shared.measures import filters_of

#: What the samples are called, in the order in which they stand.
SAMPLES: Mapping[Split, str] = {
    "tuning": "Tuned on (same data)",
    "heldout": "Held out",
    "production": f"Production, last {DAYS} days",
}
#: A curve is drawn through at most so many cuts of a sample.
_DRAWN = 400


@dataclass(frozen=True)
class PartView:
    """One threshold in words.

    Attributes:
        name: for which claims; "" for all.
        cut: as it is written, ``0.93``; "" without one.
        guarantee: what holds, or why nothing does.
        held: what the heldout claims say of it; "" without a threshold.
        warning: what recent production says against it; "" where nothing.
        part: the numbers.
        table: measure, then one column per sample; empty without a threshold.
    """

    name: str
    cut: str
    guarantee: str
    held: str
    warning: str
    part: SegmentThreshold
    table: pd.DataFrame

    @property
    def contradicted(self) -> bool:
        """Whether heldout claims or recent production prove its bound wrong."""
        return self.part.word == "broken" or bool(self.warning)


@dataclass(frozen=True)
class ThresholdView:
    """The Thresholds page's and the command's answer.

    Attributes:
        threshold: the numbers.
        headline: the answer in one line.
        parts: one for all claims, or one per segment.
        samples: what each sample is, a sentence each.
        curve: sample, cut, coverage, risk, low, high, n, errors; risk and coverage of all claims.
        marks: sample, cut, coverage, risk of the chosen one; empty without one for all claims.
        path: what was tested: for (by segments), cut, n, errors, p, coverage, passed.
        change: the registry change; None where there is none.
        no_change: why there is none; "" where there is one.
        changes: the change in words.
        run: the record of this very run; None: it was not recorded.
        origin: where the cuts in force come from; None without an entry that automates.
    """

    threshold: Threshold
    headline: str
    parts: tuple[PartView, ...]
    samples: tuple[str, ...]
    curve: pd.DataFrame
    marks: pd.DataFrame
    path: pd.DataFrame
    change: Proposed | None
    no_change: str
    changes: tuple[PlanPart, ...]
    run: CutRun | None = None
    origin: CutOrigin | None = None

    @property
    def contradicted(self) -> bool:
        """Whether any of its cuts is."""
        return any(part.contradicted for part in self.parts)

    @property
    def stands(self) -> bool:
        """Whether some threshold is offered, and production contradicts none that is."""
        return self.threshold.holds and not any(part.warning for part in self.parts)

    def as_json(self) -> dict[str, Any]:
        """Everything, as numbers."""
        question = self.threshold.question
        return {
            "signal": question.selection.signal,
            "filters": filters_of(question.selection),
            "risk": question.risk,
            "confidence_level": question.confidence,
            "by": question.by,
            "holds_for": "every look" if question.every_look else "one look",
            "run": None if self.run is None else run_json(self.run),
            "in_force": None if self.origin is None else self.origin.as_json(),
            "holds": self.threshold.holds,
            "stands": self.stands,
            "headline": self.headline,
            "overlap_left_out": self.threshold.left_out,
            "samples": {
                split: {
                    "n_claims": one.n_claims,
                    "n_inputs": one.n_inputs,
                    "n_labelled": one.n_labelled,
                    "fingerprints": len(one.fingerprints),
                }
                for split, one in self.threshold.counts.items()
            },
            "cuts": [_part_json(one) for one in self.parts],
            "change": None
            if self.change is None
            else {
                "yaml": self.change.bands,
                "entry": self.change.entry,
                "differences": [words for part in self.changes for words in part.changes],
                "effects": [line for part in self.changes for line in part.effects],
                "notes": list(self.change.notes),
            },
            "no_change": self.no_change or None,
        }


def threshold_view(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    question: ThresholdQuestion,
    now: datetime,
) -> ThresholdView:
    """Choose, judge and put into words.

    Args:
        state: what the trail says; None where it is broken, and then there is no change to write.

    Raises:
        NoTuning: nothing was tuned on.
        TunedOn: the claims to judge on were tuned on.
    """
    found = choose(cursor, question, now)
    change, no_change, run = None, "", None
    if state is None:
        no_change = "The trail is broken, so nothing can be changed by it."
    else:
        try:
            run = recorded(cursor, state, found)
            change = proposed(cursor, state, found, now, None if run is None else run.sha256)
        except NoChange as none:
            no_change = str(none)
    return ThresholdView(
        threshold=found,
        headline=_headline(found),
        parts=tuple(_part(found, part, state) for part in found.parts),
        samples=_samples(found),
        curve=pd.concat([_curve(found, split) for split in ("tuning", "heldout")]),
        marks=_marks(found),
        path=_path(found),
        change=change,
        no_change=no_change,
        changes=() if change is None else plan_parts(change.plan),
        run=run,
        origin=origin_of(cursor, state, question.selection.signal),
    )


def _headline(found: Threshold) -> str:
    question = found.question
    bound = f"at most {share_words(question.risk)} wrong"
    if question.by is None:
        (part,) = found.parts
        if part.learned.cut is None:
            return f"No threshold keeps {bound}"
        cut = cut_words(part.learned.cut)
        against = _against(part, question.risk)
        if against is not None:
            name, at = against
            return (
                f"{name} the threshold {cut}: {_wrong(at)} there or above; it keeps {bound} only "
                "on what it was chosen on"
            )
        return f"Automate from {cut}: {bound}"
    n = sum(part.offered for part in found.parts)
    said = (
        f"{n} of {counted(len(found.parts), 'segment')} of {question.by} get a threshold: {bound}"
    )
    contradicted = sum(_against(part, question.risk) is not None for part in found.parts)
    if contradicted:
        are = "is" if contradicted == 1 else "are"
        said = f"{counted(contradicted, 'threshold')} {are} contradicted by other claims; {said}"
    return said


def _against(part: SegmentThreshold, risk: float) -> tuple[str, AtCut] | None:
    """Who proves a threshold's bound wrong, and what they say; None: nobody."""
    heldout, production = part.at.get("heldout"), part.at.get("production")
    if part.word == "broken" and heldout is not None:
        return "Held-out claims contradict", heldout
    if part.word is not None and production is not None and (production.low or 0.0) > risk:
        return "Recent production contradicts", production
    return None


def _part(found: Threshold, part: SegmentThreshold, state: State | None) -> PartView:
    question = found.question
    name = f"{question.by}={value_name(part.value)}" if question.by else ""
    cut = part.learned.cut
    return PartView(
        name=name,
        cut="" if cut is None else cut_words(cut),
        guarantee=_guarantee(found, part, name),
        held=_held(part, question.risk),
        warning=_warning(part, question.risk),
        part=part,
        table=_table(found, part, state),
    )


def _guarantee(found: Threshold, part: SegmentThreshold, name: str) -> str:
    question, learned = found.question, part.learned
    of = f"{name}: " if name else ""
    sure = f"with {share_words(question.confidence)} confidence"
    if name:
        sure += f" for all {counted(len(found.parts), 'segment')} together"
    if question.every_look:
        sure += ", however often it is chosen again"
    bound = share_words(question.risk)
    chosen = learned.chosen
    if chosen is None:
        reason = learned.reason
        if learned.stopped is not None:
            reason = (
                f"the highest threshold that can be tested, {cut_words(learned.stopped.cut)}, "
                f"fails, for {count(learned.stopped.errors)} of {count(learned.stopped.n)} are "
                "wrong there or above"
            )
        return f"{of}{'no' if of else 'No'} threshold keeps at most {bound} wrong {sure}: {reason}."
    wrong = f"{count(chosen.errors)} of {count(chosen.n)} tuning claims there were"
    at = cut_words(chosen.cut)
    begin = f"{of}at" if of else "At"
    return (
        f"{begin} {at} and above at most {bound} are wrong, {sure}: {wrong} "
        f"({percent(chosen.errors / chosen.n, decimals=1)}), and {percent(chosen.coverage)} of all "
        f"would be automated."
    )


def _held(part: SegmentThreshold, risk: float) -> str:
    if part.word is None:
        return ""
    at = part.at.get("heldout")
    if part.word == "unjudged" or at is None:
        return (
            "Not checked: no labelled heldout claim is at the threshold or above. Log some on "
            "other inputs with split=heldout."
        )
    said = f"{_wrong(at)} at the threshold or above"
    if part.word == "kept":
        return f"Held-out claims confirm it: {said}."
    if part.word == "broken":
        return (
            f"Held-out claims contradict it: {said}, more than {share_words(risk)}. The tuning "
            "split does not represent them, so this threshold is not offered: tune on claims like "
            "those that come."
        )
    return f"Held-out claims neither prove nor disprove it: {said}."


def _warning(part: SegmentThreshold, risk: float) -> str:
    at = part.at.get("production")
    if part.word == "broken" or at is None or at.low is None or at.low <= risk:
        return ""
    return (
        f"Recent production says otherwise: {_wrong(at)} at the threshold or above, more than "
        f"{share_words(risk)}. The guarantee is for claims like those tuned on."
    )


def _wrong(at: AtCut) -> str:
    interval = f"{percent(at.low, decimals=1)} to {percent(at.high, decimals=1)}"
    return f"{count(at.errors)} of {count(at.n)} wrong, {percent(at.risk, decimals=1)} ({interval})"


def _table(found: Threshold, part: SegmentThreshold, state: State | None) -> pd.DataFrame:
    columns: dict[str, dict[str, str]] = {}
    for split, name in SAMPLES.items():
        at = part.at.get(split)
        if part.learned.cut is None:
            continue
        columns[name] = (
            {} if at is None or not at.n_claims else _column(found, part, split, at, state)
        )
    rows = list(dict.fromkeys(row for column in columns.values() for row in column))
    return pd.DataFrame(
        {
            "At this threshold": rows,
            **{name: [column.get(row, ABSENT) for row in rows] for name, column in columns.items()},
        }
    )


def _column(
    found: Threshold, part: SegmentThreshold, split: Split, at: AtCut, state: State | None
) -> dict[str, str]:
    assert part.learned.cut is not None
    said = {
        "Labelled at it or above": count(at.n),
        "Wrong among them": _wrong(at) if at.n else ABSENT,
        "Automated": f"{percent(at.coverage, decimals=1)} of {counted(at.n_claims, 'input')}",
        f"For people, of {CASES:,}": f"{CASES * at.human / at.n_claims:,.0f}",
    }
    entry = None if state is None else state.entries.get(found.question.selection.signal)
    if entry is None or found.question.by is not None:
        return said
    ppm = min(max(round(part.learned.cut * PPM), 1), PPM - 1)
    rules = replace(entry.spec.rules, bands=with_cut(entry.spec.rules.bands, ppm))
    load = outlook(found.cells[split], rules, at, entry.spec.costs)
    if load is None:
        return said
    said[f"For people, of {CASES:,}"] += (
        f" ({load.of['review']:,.0f} reviews, {load.of['escalate']:,.0f} escalations)"
    )
    if load.cost is not None:
        said[f"Expected cost of {CASES:,}"] = (
            f"{load.cost:,.0f} {load.unit} ({load.cost_low:,.0f} to {load.cost_high:,.0f})"
        )
    return said


def _samples(found: Threshold) -> tuple[str, ...]:
    said = []
    for split, name in SAMPLES.items():
        one = found.counts[split]
        repeated = (
            f", the first claim of each of {counted(one.n_inputs, 'input')}"
            if one.n_inputs < one.n_claims
            else ""
        )
        left = ""
        if split == "heldout" and found.left_out:
            left = f"; {count(found.left_out)} on inputs that were tuned on are left out"
        elif split == "production":
            left = "; those on inputs that were tuned on are left out"
        if not one.n_claims:
            said.append(f"{name}: no claim{left}.")
            continue
        said.append(
            f"{name}: {counted(one.n_claims, 'claim')}{repeated}, {count(one.n_labelled)} "
            f"labelled{left}."
        )
    said.append(
        "One claim counts per input, the first by time: the guarantee needs independent claims."
    )
    tuned = set(found.counts["tuning"].fingerprints)
    if len(tuned) > 1:
        said.append(
            f"The tuning claims mix {len(tuned)} versions of model, prompt or elicitation; the "
            "guarantee is for that mix. Narrow it to one."
        )
    held = set(found.counts["heldout"].fingerprints)
    if held - tuned:
        said.append("Some heldout claims come from versions without tuning claims.")
    return tuple(said)


def _curve(found: Threshold, split: Split) -> pd.DataFrame:
    curve = found.curve(split)
    frame = pd.DataFrame(
        {
            "sample": SAMPLES[split],
            "cut": curve.cut,
            "coverage": curve.coverage,
            "risk": curve.risk,
            "low": curve.low,
            "high": curve.high,
            "n": curve.n,
            "errors": curve.errors,
        }
    ).dropna()
    if len(frame) > _DRAWN:
        frame = frame.iloc[np.linspace(0, len(frame) - 1, _DRAWN).round().astype(int)]
    return frame


def _marks(found: Threshold) -> pd.DataFrame:
    rows = []
    if found.question.by is None:
        (part,) = found.parts
        rows = [
            (SAMPLES[split], cut_words(at.cut), at.coverage, at.risk)
            for split, at in part.at.items()
            if split != "production" and at.risk is not None
        ]
    return pd.DataFrame(rows, columns=["sample", "cut", "coverage", "risk"])


def _path(found: Threshold) -> pd.DataFrame:
    by = found.question.by
    rows = [
        {
            **({by: value_name(part.value)} if by else {}),
            "cut": cut_words(step.cut),
            "n": step.n,
            "errors": step.errors,
            "p": step.p,
            "coverage": step.coverage,
            "passed": step.p <= part.learned.delta,
        }
        for part in found.parts
        for step in part.learned.path
    ]
    return pd.DataFrame(rows)


def _part_json(view: PartView) -> dict[str, Any]:
    part = view.part
    return {
        "segment": view.name or None,
        "cut": part.learned.cut,
        "guarantee": view.guarantee,
        "heldout_says": part.word,
        "heldout_words": view.held or None,
        "warning": view.warning or None,
        "reason": part.learned.reason or None,
        "delta": part.learned.delta,
        "path": [
            {
                "cut": step.cut,
                "n": step.n,
                "errors": step.errors,
                "p": step.p,
                "coverage": step.coverage,
            }
            for step in part.learned.path
        ],
        **{
            split: {
                "n": at.n,
                "errors": at.errors,
                "risk": at.risk,
                "low": at.low,
                "high": at.high,
                "coverage": at.coverage,
                "automated": at.automated,
                "for_people": at.human,
            }
            for split, at in part.at.items()
        },
    }


def cut_words(cut: float) -> str:
    """A threshold as rules write it: ``0.93``."""
    return fraction(round(cut * PPM))
