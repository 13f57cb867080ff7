"""What became of a group's parts between two sets of claims, in words."""

from __future__ import annotations

from collections.abc import Sequence

from core.comparison.compare import GroupMoved
from core.measure.metrics.intervals import Interval
from core.measure.verdicts.group_change import ChangedPart
from core.measure.verdicts.score_change import ScoreChange
from core.text.figures import ends, percent, points, signed

#: As many groups are named in a sentence.
NAMED = 4
#: An error over bands smaller than so many times the gap is that gap.
ALIKE = 1.2


def gap_moved(one: GroupMoved) -> str:
    """As in ``the gap went from +1.0 to +12.0 points, a change in size of +11.0 (…)``.

    With what that comes to after, where a direction of it is shown.
    """
    before, after = one.gap.before, one.gap.after
    moved = (
        f"the gap went from {_points(before)} to {_points(after)} points, a change in size of "
        f"{_interval(one.gap.change)}"
    )
    side = "overconfident" if after.low > 0 else "underconfident" if after.high < 0 else ""
    if not side:
        return moved
    said, right = one.said[1], one.right[1]
    return f"{moved}: now right {percent(right)} of the time (said {percent(said)}), {side}"


def shape_moved(one: GroupMoved) -> str:
    """As in ``the shape of the errors: off by 0.5 points on average … before, 14.9 after (…)``."""
    shape = one.shape
    assert shape is not None
    where = "" if one.after is None else one.after.off_at.words
    return (
        f"the shape of the errors: off by {shape.before.value * 100:.1f} points on average over "
        f"the range of confidence before, {shape.after.value * 100:.1f} after, a change of "
        f"{_interval(shape.change)}{f': now {where}' if where else ''}"
    )


def auroc_moved(one: GroupMoved) -> str:
    """As in ``tells right from wrong less well: AUROC 0.740 → 0.560 (−0.200 to −0.160)``."""
    auroc = one.auroc
    assert auroc is not None
    how = {
        "worse": "tells right from wrong less well",
        "better": "tells right from wrong better",
    }.get(auroc.verdict, "telling right from wrong")
    return f"{how}: AUROC {auroc.before:.3f} → {auroc.after:.3f} (a change of {_score(auroc)})"


def brier_moved(one: GroupMoved) -> str:
    """As in ``worse score (Brier): 0.150 → 0.210 (a change of +0.060, +0.040 to +0.080)``."""
    brier = one.brier
    assert brier is not None
    how = {"worse": "worse ", "better": "better "}.get(brier.verdict, "")
    return (
        f"{how}score (Brier): {brier.before:.3f} → {brier.after:.3f} (a change of {_score(brier)})"
    )


def worse_parts(one: GroupMoved) -> str:
    """The parts of a group that are worse beyond chance, with numbers; "" where none is."""
    told = {"gap": gap_moved, "shape": shape_moved, "auroc": auroc_moved}
    return "; ".join(told[part](one) for part in telling(one, one.worse))


def better_parts(one: GroupMoved) -> str:
    """The same of those that are better."""
    told = {"gap": gap_moved, "shape": shape_moved}
    return "; ".join(told[part](one) for part in telling(one, one.better))


def named(groups: Sequence[GroupMoved], *, most: int = NAMED, of: int | None = None) -> str:
    """Groups with what moved in each, in their order, and how many more: ``law (+12.0)``.

    Args:
        groups: which.
        most: as many are named.
        of: how many there are; None: these.
    """
    told = [f"{one.name} ({_short(one)})" for one in groups[:most]]
    rest = (of or len(groups)) - len(told)
    return ", ".join(told) + (f" and {rest} more" if rest else "")


def off_throughout(groups: Sequence[GroupMoved]) -> list[GroupMoved]:
    """The groups that were off and still are, though none of them is worse beyond chance."""
    off = [one for one in groups if one.off_both and not one.worse]
    return sorted(off, key=lambda one: -abs(one.gap.after.value))


def off_before_and_after(
    off: Sequence[GroupMoved], *, most: int = NAMED, of: int | None = None
) -> str:
    """What `off_throughout` found, in a sentence; or "". Arguments as of `named`."""
    if not off:
        return ""
    told = [f"{one.name} ({_off(one)})" for one in off[:most]]
    rest = (of or len(off)) - len(told)
    return f"Off before and after: {', '.join(told)}{f' and {rest} more' if rest else ''}."


def telling(one: GroupMoved, parts: Sequence[ChangedPart]) -> Sequence[ChangedPart]:
    """Parts to name: without a shape that is little more than the gap that stands beside it."""
    shape = one.shape
    if "gap" not in parts or "shape" not in parts or shape is None:
        return parts
    size = max(abs(one.gap.before.value), abs(one.gap.after.value))
    alike = max(shape.before.value, shape.after.value) < ALIKE * size
    return [part for part in parts if part != "shape"] if alike else parts


def _short(one: GroupMoved) -> str:
    """What moved: ``+12.0``, ``shape +9.1, AUROC −0.120``."""
    told = []
    for part in telling(one, one.worse or one.better or ("gap",)):
        if part == "gap":
            told.append(points(one.gap.change.value))
        elif part == "shape" and one.shape is not None:
            told.append(f"shape {points(one.shape.change.value)}")
        elif one.auroc is not None:
            told.append(f"AUROC {signed(one.auroc.change.value, 3)}")
    return ", ".join(told)


def _off(one: GroupMoved) -> str:
    after, before = one.after, one.before
    assert before is not None
    assert after is not None
    if after.reason == "shape" and one.shape is not None:
        sizes = (one.shape.before.value, one.shape.after.value)
        return f"shape {' → '.join(f'{size * 100:.1f}' for size in sizes)}"
    if after.reason == "high_band":
        gaps = [
            "none"
            if side.high_claimed is None or side.high_observed is None
            else points(side.high_claimed - side.high_observed)
            for side in (before, after)
        ]
        return f"gap of the high band {' → '.join(gaps)}"
    return f"gap {_points(one.gap.before)} → {_points(one.gap.after)}"


def _points(one: Interval) -> str:
    return points(one.value) if one.value == one.value else "none"


def _interval(one: Interval) -> str:
    if one.value != one.value:
        return "–"
    return f"{points(one.value)} ({ends(one.low, one.high)})"


def _score(one: ScoreChange) -> str:
    change = one.change
    return f"{signed(change.value, 3)}, {signed(change.low, 3)} to {signed(change.high, 3)}"
