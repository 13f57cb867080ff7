"""Judges that disagree with ground truth: labels beside the truth that say something else.

Looked at are claims that both have labelled. What counts is the share on which the two disagree:
the gap by a judge's labels is off by at most that, so it may be held against a tolerance as the gap
is. The question is put to all such claims of a signal and once more to each of their segments and
the high-confidence band, each with half of `ALPHA`, over all judges of the ledger together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np

from core.defaults import ALPHA
from core.events import PPM
from core.findings.facts.labels.judges import Disagrees, JudgedPart, Share
from core.findings.kinds import Condition
from core.governance.state import State
from core.ledger.errors import NeedsClaims
from core.measure.labelling.judge_labels import MINIMUM_BOTH, JudgeError, LabelSums, judge_error
from core.queries.base.selection import Selection
from core.queries.base.truth import logged_sources
from core.queries.labels.judge_labels import judge_sums
from core.queries.labels.label_provenance import UNSTATED
from core.registry.signal_spec import SignalSpec
from core.text.figures import cut, segment
from core.validation.recent_sample import segments_of, week_began

#: Weeks of claims that are looked at; few have both labels, and the newest are not unlike them.
WEEKS = 26


@dataclass(frozen=True)
class _Both:
    """The sums of one judge: of all claims, and of each part that has enough."""

    spec: SignalSpec
    source: str | None
    whole: LabelSums
    parts: tuple[tuple[str, LabelSums], ...]
    drawn: bool


def measure_judges(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> dict[str, tuple[Disagrees, ...]]:
    """Every judge of the registered signals that has labelled enough of what truth has.

    Args:
        now: UTC without zone; claims of the `WEEKS` before are looked at.
    """
    since = now - timedelta(weeks=WEEKS)
    both: list[_Both] = []
    for _, entry in sorted(state.entries.items()):
        with suppress(NeedsClaims):
            both += _both(cursor, entry.spec, since, now)
    found: dict[str, tuple[Disagrees, ...]] = {}
    for one in both:
        tolerance = one.spec.judge_tolerance
        whole, worst = hold(one.whole, one.parts, tolerance, judges=len(both))
        last = (now - timedelta(days=1)).date()
        told = Disagrees(one.source, whole, worst, one.drawn, since.date(), last, tolerance)
        found[one.spec.name] = (*found.get(one.spec.name, ()), told)
    return found


def hold(
    whole: LabelSums, parts: Sequence[tuple[str, LabelSums]], tolerance: float, *, judges: int
) -> tuple[JudgedPart, JudgedPart | None]:
    """Hold a judge against its tolerance, as a whole and in each part.

    Args:
        whole: one unit, the claims of a signal that both labelled.
        parts: of one unit each, by name.
        tolerance: share on which it may disagree.
        judges: of the ledger, over which the chance of a false alarm is `ALPHA` at most.

    Returns:
        All of them, and the part in which it is shown beyond the tolerance, by most; None where
        none is, or where the whole is and no part is worse.
    """
    alpha = ALPHA / 2 / judges
    of_all = _part("", whole, alpha)
    of_parts = [_part(name, sums, alpha / len(parts)) for name, sums in parts]
    off = of_all.disagrees.low > tolerance
    # Where all is off already, a part is worth naming only if it is worse than all.
    least = max(tolerance, of_all.disagrees.value) if off else tolerance
    worst = max(
        (one for one in of_parts if one.disagrees.low > least),
        key=lambda one: one.disagrees.low,
        default=None,
    )
    return of_all, worst


def judge_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The registered signals with a judge that is shown to disagree by more than its tolerance.

    Args:
        now: UTC without zone; claims count up to the Monday of its week.
    """
    return tuple(
        Condition.of("judge_disagrees", signal, one.source or UNSTATED, one)
        for signal, judges in measure_judges(cursor, state, week_began(now)).items()
        for one in judges
        if one.shown
    )


def _both(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    since: datetime,
    until: datetime,
) -> Iterator[_Both]:
    """The judges of one signal, by whose their labels are."""
    claims = Selection(spec.name, since, until)
    high_from = spec.high_from_ppm / PPM
    logged = logged_sources(cursor)
    there = logged.get(spec.name, frozenset()) | logged.get(None, frozenset())
    for source in spec.ground_truth.others:
        if source not in there:
            continue
        found = judge_sums(cursor, claims, high_from=high_from, sources=[source])
        if found is None or not _enough(found.whole.both, 0):
            continue
        parts = []
        if _enough(found.high.both, 0):
            parts.append((f"claims stated at {cut(high_from)} or more", found.high.both))
        for dimension in segments_of(cursor, spec.name):
            split = judge_sums(cursor, claims, [dimension], high_from=high_from, sources=[source])
            assert split is not None
            parts += [
                (segment(dimension, value), split.whole.both.take(np.array([g])))
                for g, (value,) in enumerate(split.keys)
                if _enough(split.whole.both, g)
            ]
        drawn = bool(found.whole.drawn[0] and not found.whole.unequal[0])
        yield _Both(spec, source, found.whole.both, tuple(parts), drawn)


def _enough(both: LabelSums, at: int) -> bool:
    return at < len(both) and bool(both.effective[at] >= MINIMUM_BOTH)


def _part(name: str, both: LabelSums, alpha: float) -> JudgedPart:
    """The rates of one unit, each end of an interval missed with chance ``alpha``."""
    errors = judge_error(both, level=1 - 2 * alpha)
    agrees = _share(errors, "agreement")
    assert agrees is not None
    return JudgedPart(
        name,
        int(both.n[0]),
        int(both.inputs[0]),
        Share(1 - agrees.value, 1 - agrees.high, 1 - agrees.low),
        _share(errors, "false_pass"),
        _share(errors, "false_fail"),
    )


def _share(errors: JudgeError, name: str) -> Share | None:
    value, low, high = (float(getattr(errors, f"{name}{end}")[0]) for end in ("", "_low", "_high"))
    return None if np.isnan(value) else Share(value, low, high)
