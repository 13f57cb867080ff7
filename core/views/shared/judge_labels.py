"""A judge's labels beside the truth, in words: how it errs, and what its labels are worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from core.defaults import HIGH_FROM
from core.measure.labelling.judge_labels import JudgeError, Powered, judge_error, powered
from core.measure.metrics.intervals import Interval
from core.queries.base.selection import Selection
from core.queries.labels.judge_labels import judge_sums
from core.sentences.numbers import count, counted, percent, points, value_name
from core.text.figures import finite

#: Where to go on.
AS_A_SIGNAL = "To hold the judge itself to a tolerance, register it as a signal (guide for owners)."


@dataclass(frozen=True)
class JudgedGroup:
    """One group, or its high-confidence band.

    Attributes:
        group: dimension → value; empty for all.
        n_truth: labels of ground truth.
        n_both: claims with a label of ground truth and the judge's.
        n_only: claims with the judge's alone.
        agreement: how often the judge says what is true; None without a claim with both.
        false_pass: share of the wrong ones that it calls right; None without any.
        false_fail: share of the right ones that it calls wrong; None without any.
        gap, low, high: the gap, with the judge's labels where they are used; None without truth.
        used: whether they are.
        worth: labels of ground truth that would tell as much, where they are.
        words: all of it in a sentence or two.
    """

    group: dict[str, str | None]
    n_truth: int
    n_both: int
    n_only: int
    agreement: Interval | None
    false_pass: Interval | None
    false_fail: Interval | None
    gap: float | None
    low: float | None
    high: float | None
    used: bool
    worth: float
    words: str


@dataclass(frozen=True)
class JudgeBesideTruth:
    """A judge beside the truth, of every group and of its high-confidence band; aligned."""

    groups: tuple[JudgedGroup, ...]
    high: tuple[JudgedGroup, ...]


def judged(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    by: Sequence[str] = (),
    *,
    high_from: float = HIGH_FROM,
    alpha: float | None = None,
) -> JudgeBesideTruth | None:
    """A judge's labels beside the truth; None where the signal has none.

    Args:
        alpha: 1 − level of one interval of the family that is judged together; None: each by
            itself, 95%.

    Raises:
        LedgerError: as `core.queries.labels.judge_labels.judge_sums`.
    """
    found = judge_sums(cursor, selection, by, high_from=high_from)
    if found is None:
        return None
    parts = []
    for sums in (found.whole, found.high):
        gaps = powered(sums, alpha=0.05 if alpha is None else alpha, family=alpha is not None)
        errors = judge_error(sums.both)
        parts.append(
            tuple(
                _group(
                    dict(zip(found.by, key, strict=True)),
                    (int(sums.truth.n[g]), int(sums.both.n[g]), int(sums.only.n[g])),
                    gaps,
                    errors,
                    g,
                )
                for g, key in enumerate(found.keys)
            )
        )
    whole, high = parts
    return JudgeBesideTruth(whole, high)


def _group(
    group: dict[str, str | None],
    counts: tuple[int, int, int],
    gaps: Powered,
    errors: JudgeError,
    g: int,
) -> JudgedGroup:
    n_truth, n_both, n_only = counts

    def rate(name: str) -> Interval | None:
        value, low, high = (
            float(getattr(errors, f"{name}{end}")[g]) for end in ("", "_low", "_high")
        )
        return None if math.isnan(value) else Interval(value, low, high)

    agreement, false_pass, false_fail = map(rate, ("agreement", "false_pass", "false_fail"))
    used, worth = bool(gaps.used[g]), float(gaps.worth[g])
    gap, low, high = (finite(float(one[g])) for one in (gaps.gap, gaps.low, gaps.high))
    return JudgedGroup(
        group=group,
        n_truth=n_truth,
        n_both=n_both,
        n_only=n_only,
        agreement=agreement,
        false_pass=false_pass,
        false_fail=false_fail,
        gap=gap,
        low=low,
        high=high,
        used=used,
        worth=worth,
        words=_words(group, counts, (agreement, false_pass, false_fail), gaps, g),
    )


def _words(
    group: dict[str, str | None],
    counts: tuple[int, int, int],
    rates: tuple[Interval | None, Interval | None, Interval | None],
    gaps: Powered,
    g: int,
) -> str:
    n_truth, n_both, n_only = counts
    of = ", ".join(map(value_name, group.values()))
    said = f"{of}: " if of else ""
    if not n_truth:
        return f"{said}judge only, {counted(n_only, 'label')}: no verdict without ground truth."
    agreement, false_pass, false_fail = rates
    # Once for all, and not again for each of its groups.
    checked = "" if group or agreement is None else f" {AS_A_SIGNAL}"
    if agreement is not None:
        said += f"The judge agrees with ground truth on {_rate(agreement)} of {count(n_both)}"
        if false_pass is not None:
            said += f", passes {_rate(false_pass)} of the wrong ones"
        if false_fail is not None:
            said += f", fails {_rate(false_fail)} of the right ones"
        said += ". "
    if gaps.used[g]:
        return (
            f"{said}{count(n_truth)} labels of ground truth and {count(n_both + n_only)} of the "
            f"judge are worth {count(float(gaps.worth[g]))}: gap "
            f"{points(float(gaps.gap[g]), decimals=1)} points "
            f"({points(float(gaps.low[g]), decimals=1)} to "
            f"{points(float(gaps.high[g]), decimals=1)})"
            f"{', each label weighted by its chance to be given' * bool(gaps.weighted[g])}."
            f"{checked}"
        )
    return f"{said}Its labels are left aside: {gaps.reasons[g]}.{checked}"


def _rate(rate: Interval) -> str:
    return f"{percent(rate.value)} ({percent(rate.low)} to {percent(rate.high)})"
