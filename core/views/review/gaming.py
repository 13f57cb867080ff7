"""Whether a metric is being gamed: versions and weeks held against those before them, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
import pandas as pd

from core.defaults import ALPHA
from core.findings.detectors.confidence.metric_gaming import (
    ConsecutiveGroups,
    Gaming,
    gaming_facts,
    measure_gaming,
    pairs,
    worst_gaming,
)
from core.governance.signal_terms import terms_of
from core.governance.state import State
from core.measure.failures.gaming import HELD, GroupSide
from core.measure.metrics.intervals import Interval
from core.queries.base.selection import Selection
from core.sentences.numbers import ABSENT, count, counted, percent, points
from core.text.figures import number, signed
from core.views.review.reliability import ReliabilityView, side_by_side


@dataclass(frozen=True)
class GamingView:
    """Whether a signal's metric got better while its number got worse.

    Attributes:
        flagged: whether that is so.
        headline: the answer, in a sentence.
        method: what was compared, and how that was corrected.
        compared: one line per comparison: before, after, and ece, auroc, width with the values of
            both and the change's interval in words.
        numbers: of the flagged comparison: measure, before, after, change, in words; empty else.
        curves: its two reliability diagrams; None where nothing is flagged.
        sides: their claims, first the earlier ones.
        names: what the two are called.
    """

    flagged: bool
    headline: str
    method: str
    compared: pd.DataFrame
    numbers: pd.DataFrame
    curves: ReliabilityView | None = None
    sides: tuple[Selection, ...] = ()
    names: tuple[str, ...] = ()


def gaming_view(
    cursor: duckdb.DuckDBPyConnection, state: State | None, signal: str, now: datetime
) -> GamingView:
    """Assemble what a signal's versions and weeks show, over all its claims."""
    asked = pairs(cursor, state, now)
    mine = [one for one in asked if one.signal == signal]
    found = measure_gaming(cursor, mine, family=len(asked))
    worst = worst_gaming(found)
    view = GamingView(
        flagged=worst is not None,
        headline=_headline(found, worst),
        method=_method(found, len(asked)),
        compared=pd.DataFrame(
            [_line(one) for one in found], columns=["before", "after", "ece", "auroc", "width"]
        ),
        numbers=_numbers(worst),
    )
    if worst is None:
        return view
    sides = _settled(worst.pair, worst.found.after.n > 0)
    names = worst.pair.words
    curves = side_by_side(
        cursor,
        list(zip(names, sides, strict=True)),
        terms=terms_of(state, signal),
        as_of=now,
    )
    return replace(view, curves=curves, sides=sides, names=names)


def _settled(pair: ConsecutiveGroups, labelled: bool) -> tuple[Selection, Selection]:
    """The claims whose labels the numbers rest on; all of them where none is settled."""
    sides = pair.claims_before, pair.claims_after
    if not labelled:
        return sides
    first, second = (
        replace(one, until=min(one.until or pair.settled, pair.settled)) for one in sides
    )
    return first, second


def _headline(found: tuple[Gaming, ...], worst: Gaming | None) -> str:
    if worst is not None:
        return gaming_facts(worst).moved
    if not found:
        return "Nothing to compare yet: one version, and too few weeks with claims."
    return (
        f"No: in none of {counted(len(found), 'comparison')} did ECE and AUROC fall together, or "
        "the stated confidences shrink into a band."
    )


def _method(found: tuple[Gaming, ...], family: int) -> str:
    if not found:
        return ""
    return (
        "Compared: each prompt and model version in use with the one before it, and the last "
        "eight weeks whose outcomes are final with the eight before. Intervals are each at "
        f"{percent(found[0].found.level)}; what is flagged holds over all "
        f"{counted(family, 'comparison')} of the ledger together (Bonferroni, {percent(ALPHA)})."
    )


def _line(one: Gaming) -> tuple[str, str, str, str, str]:
    old, new = one.found.before, one.found.after
    return (
        *one.pair.words,
        f"{number(old.ece, 3)} → {number(new.ece, 3)}",
        f"{number(old.auroc, 2)} → {number(new.auroc, 2)}",
        f"{_width(old)} → {_width(new)}",
    )


def _numbers(one: Gaming | None) -> pd.DataFrame:
    columns = ["measure", "before", "after", "change"]
    if one is None:
        return pd.DataFrame(columns=columns)
    old, new, found = one.found.before, one.found.after, one.found
    rows = [
        ("Labelled claims", count(old.n), count(new.n), ""),
        ("ECE", number(old.ece, 3), number(new.ece, 3), ""),
        ("ECE by noise alone", number(old.noise, 3), number(new.noise, 3), ""),
        ("ECE above noise", _above(old), _above(new), _change(found.ece, 3)),
        ("AUROC", number(old.auroc, 2), number(new.auroc, 2), _change(found.auroc, 2)),
        (
            f"Window with {percent(HELD)} of the confidences",
            _width(old),
            _width(new),
            f"{points(found.width.value)} points ({points(found.width.low)} to "
            f"{points(found.width.high)})",
        ),
        ("Distinct confidences", count(old.spread.n_values), count(new.spread.n_values), ""),
        ("Entropy, bits", f"{old.spread.entropy:.2f}", f"{new.spread.entropy:.2f}", ""),
    ]
    return pd.DataFrame(rows, columns=columns)


def _above(side: GroupSide) -> str:
    if side.ece is None or side.noise is None:
        return ABSENT
    return signed(side.ece - side.noise, 3)


def _change(change: Interval | None, decimals: int) -> str:
    if change is None:
        return "too few labels"
    ends = (signed(end, decimals) for end in (change.low, change.high))
    return f"{signed(change.value, decimals)} ({' to '.join(ends)})"


def _width(side: GroupSide) -> str:
    wide = side.spread
    return f"{wide.width * 100:.0f} points ({percent(wide.low)}–{percent(wide.high)})"
