"""What became of calibration between two sets of claims, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from core.comparison.compare import GroupChange
from core.comparison.words import (
    auroc_moved,
    better_parts,
    brier_moved,
    gap_moved,
    named,
    off_before_and_after,
    off_throughout,
    shape_moved,
    telling,
    worse_parts,
)
from core.defaults import MINIMUM_INPUTS
from core.measure.metrics.intervals import Interval
from core.measure.monitoring.confidence_shift import Stability
from core.measure.verdicts.before_after import OverallVerdict
from core.measure.verdicts.group_change import ChangedPart
from core.queries.base.selection import Selection
from core.sentences.numbers import (
    ABSENT,
    counted,
    dimension_name,
    p_words,
    percent,
    points,
    size_of,
    value_name,
    within,
)
from core.text.sentence import capital

OVERALL_WORDS: dict[OverallVerdict, str] = {
    "better": "Better",
    "worse": "Worse",
    "mixed": "Mixed",
    "same": "Same within tolerance",
    "cannot_tell": "Too few labels",
}
_ON_WHOLE: dict[OverallVerdict, str] = {
    "better": "better on the whole",
    "worse": "worse on the whole",
    "mixed": "mixed on the whole",
    "same": "same within tolerance on the whole",
    "cannot_tell": "too few labels on the whole",
}
_PART_NAMES: dict[ChangedPart, str] = {"gap": "gap", "shape": "shape", "auroc": "AUROC"}
#: As many segments are named in a sentence.
_NAMED = 4


def side_names(before: Selection, after: Selection) -> tuple[str, str]:
    """What tells two sides apart: their signals where they differ, and conditions not shared."""
    shared = set(before.where) & set(after.where)
    found = []
    for side in (before, after):
        parts = [] if before.signal == after.signal else [side.signal]
        parts += [
            " or ".join(map(value_name, values))
            for dimension, values in side.where
            if (dimension, values) not in shared
        ]
        found.append(", ".join(parts) or "all claims")
    return found[0], found[1]


def verdict_words(one: GroupChange) -> str:
    """The verdict of one group: ``Worse: shape, AUROC``, ``Too few labels, 1,529 more labels``."""
    said = OVERALL_WORDS[one.verdict]
    gap = one.gap
    empty = [
        name
        for name, side in (("before", gap.before), ("after", gap.after))
        if not math.isfinite(side.value)
    ]
    if empty:
        # Where it states nothing there, no label will ever come.
        return f"Too few labels, none there {' or '.join(empty)}"
    worse = telling(one, one.worse)
    if any(part != "gap" for part in worse):
        said += f": {', '.join(_PART_NAMES[part] for part in worse)}"
    if one.verdict == "mixed" and not one.worse:
        said += ": worse score"
    if one.verdict != "cannot_tell":
        return said
    if one.shape_unknown:
        said += " for the shape"
    more = _more_labels(one)
    return f"{said}, {counted(more, 'more label')}" if more else said


def _more_labels(one: GroupChange) -> int:
    """What the part that is not told takes, in labels; 0 where no number is named."""
    if one.shape_unknown and one.shape is not None:
        return one.shape.more_labels
    return one.gap.more_labels


def headline(verdict: OverallVerdict, whole: GroupChange, parts: Sequence[GroupChange]) -> str:
    """The verdict in a sentence or two: what got worse first, last what was off and still is."""
    told = [f"{_verdict(verdict, whole, parts)}."]
    if whole.brier_worse and not (verdict == "mixed" and whole.verdict == "mixed"):
        told.append(f"{capital(brier_moved(whole))}.")
    told.append(off_before_and_after(off_throughout([whole, *parts])))
    return " ".join(one for one in told if one)


def _verdict(verdict: OverallVerdict, whole: GroupChange, parts: Sequence[GroupChange]) -> str:
    if verdict == "better":
        return f"Better calibrated: {better_parts(whole)}{_although(whole)}"
    if verdict == "same":
        return f"Same within tolerance: {gap_moved(whole)}"
    if verdict == "cannot_tell":
        if not math.isfinite(whole.gap.change.value):
            return "Too few labels: baseline and candidate have no labelled claims to compare"
        labels = _more_labels(whole)
        of = " for the shape of the errors" if whole.shape_unknown else ""
        more = f", {counted(labels, 'more label')} would tell" if labels else ""
        return f"Too few labels{of}{more}: {gap_moved(whole)}"
    worse = _by_harm([one for one in parts if one.worse])
    better = _by_harm([one for one in parts if one.better])
    every = {part for one in (whole, *parts) for part in one.worse}
    what = "at telling right from wrong" if every == {"auroc"} else "for calibration"
    if verdict == "worse":
        if whole.worse:
            also = f". So it is on {named(worse)}" if worse else ""
            return f"Worse {what}: {worse_parts(whole)}{_although(whole)}{also}"
        on_whole = _ON_WHOLE[whole.verdict]
        return f"Worse {what} on {named(worse)}; {on_whole} ({gap_moved(whole)})"
    said = []
    if whole.worse:
        said.append(f"worse on the whole ({worse_parts(whole)}{_although(whole)})")
    if worse:
        said.append(f"worse on {named(worse)}")
    if whole.better:
        said.append(f"better on the whole ({better_parts(whole)}{_although(whole)})")
    if whole.verdict == "mixed" and whole.brier_worse:
        said.append(f"but {brier_moved(whole)}")
    if not (whole.worse or whole.better):
        said.append(f"{_ON_WHOLE[whole.verdict]} ({gap_moved(whole)})")
    if better:
        said.append(f"better on {named(better)}")
    mixed = "Mixed" if every == {"auroc"} else "Mixed for calibration"
    return f"{mixed}: {'; '.join(said)}"


def _although(whole: GroupChange) -> str:
    """That accuracy moved the other way."""
    rose = "gap" in whole.worse and whole.accuracy.low > 0
    fell = "gap" in whole.better and whole.accuracy.high < 0
    if not (rose or fell):
        return ""
    return f", although accuracy {'rose' if rose else 'fell'} by {size_of(whole.accuracy.value)}"


def _by_harm(groups: Sequence[GroupChange]) -> list[GroupChange]:
    return sorted(groups, key=lambda one: -abs(one.harm))


def _interval(one: Interval, *, decimals: int = 1) -> str:
    if not math.isfinite(one.value):
        return ABSENT
    low, high = (points(end, decimals=decimals) for end in (one.low, one.high))
    return f"{points(one.value, decimals=decimals)} ({low} to {high})"


def sentences(
    whole: GroupChange,
    high: GroupChange | None,
    psi: Stability | None,
    loads: Sequence[Mapping[str, float] | None],
    segments: Sequence[GroupChange],
    tolerance: float,
) -> tuple[str, ...]:
    """What else moved: accuracy, confidences, the high band, who has to look, what is not known."""
    found = []
    if math.isfinite(whole.confidence.value):
        found.append(
            f"On labelled claims the stated confidence moved by {_interval(whole.confidence)} "
            f"points and accuracy by {_interval(whole.accuracy)}."
        )
    told = {"shape": shape_moved, "auroc": auroc_moved}
    known = {"shape": whole.shape, "auroc": whole.auroc}
    for part, moved in told.items():
        change = known[part]
        # What got worse, or better, is in the headline.
        if part in (*whole.worse, *whole.better) or change is None:
            continue
        if math.isfinite(change.change.value):
            found.append(f"{capital(moved(whole))}.")
    if psi is not None:
        p = "" if math.isnan(psi.p_value) else f", {p_words(psi.p_value)}"
        found.append(
            f"Stated confidences are spread with a PSI of {psi.psi:.3f} against before (by noise "
            f"alone {psi.noise:.3f}{p})."
        )
    if high is not None and math.isfinite(high.gap.change.value):
        found.append(
            f"High-confidence band: {verdict_words(high).lower()}; the size of its gap moved "
            f"by {_interval(high.gap.change)} points."
        )
    before, after = loads[0], loads[-1]
    if before is not None and after is not None:
        parts = [
            f"{name} {percent(before[name])} → {percent(after[name])}"
            for name in before
            if before[name] or after[name]
        ]
        found.append(f"By the registered rules, were both validated: {', '.join(parts)}.")
    unknown = [one for one in segments if one.verdict == "cannot_tell"]
    if unknown:
        names = ", ".join(one.name for one in unknown[:_NAMED])
        rest = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
        found.append(
            f"Too few labels on {names}{rest}: a change beyond {within(tolerance)} there may go "
            "unseen."
        )
    return tuple(found)


def method(
    groups: Sequence[GroupChange],
    by: Sequence[str],
    paired: bool,
    shared: int,
    standard: float,
    tolerance: float,
) -> str:
    """How it was compared, for under the table."""
    family = sum(one.gap.inputs >= MINIMUM_INPUTS for one in groups)
    if paired:
        how = f"Paired: only the {counted(shared, 'input')} that both have a label on."
    elif by:
        mix = ", ".join(map(dimension_name, by))
        how = (
            f"Not paired: the candidate's claims are weighted to the baseline's mix of {mix}; "
            f"{percent(standard)} of the baseline's labels are in cells that both have, and only "
            "those are compared."
        )
    else:
        how = "Not paired, and not weighted: claims name no segment."
    return (
        f"{how} The chance of a false word is 5% over {counted(family, 'group')} together "
        "(Bonferroni): three fifths of it for gaps, a fifth for the shape of the errors, a fifth "
        f"for AUROC. Inputs are what counts; under {MINIMUM_INPUTS} a group is not judged. Same "
        f"takes both gap and shape: a gap's change lies within {within(tolerance)} and no "
        "direction of it is shown, or within a fifth of that, or both gaps are themselves within "
        f"{within(tolerance)}; of a shape both are, or its change lies within the fifth."
    )
