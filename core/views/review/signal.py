"""Signal: everything a lead asks about one signal, on one screen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import duckdb

from core.governance.state import State
from core.measure.verdicts.parts import PartState
from core.measure.verdicts.verdict import judge
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import one_question
from core.queries.sums.grouped_sums import grouped_sums
from core.sentences.acts import Names
from core.standing.verdict import StandingVerdict, Verdicts, of_signal, standing_verdicts
from core.trail import act_search as search
from core.trail.act_search import ActSearch
from core.validation.recent_sample import segments_of
from core.views.audit.decision_trail import TrailRow, row
from core.views.review.drift import DriftView, drift_view
from core.views.review.reliability import ReliabilityView, reliability_view

#: As many segments, and as many acts, are shown.
SEGMENTS, ACTS = 5, 5
#: Weeks of the timeline.
WEEKS = 26


@dataclass(frozen=True)
class SegmentLine:
    """One segment of the claims that the standing verdict rests on.

    Attributes:
        dimension: e.g. ``topic``.
        value: e.g. ``medical``; None: claims that do not name one.
        n: labelled claims.
        said: mean confidence of these.
        right: share of them that were right.
        gap: said minus right.
        low: lower end of the interval of the gap, which holds for all segments together.
        high: upper end.
        state: its verdict.
    """

    dimension: str
    value: str | None
    n: int
    said: float
    right: float
    gap: float
    low: float
    high: float
    state: PartState


@dataclass(frozen=True)
class OneSignal:
    """A signal's page.

    Attributes:
        versions: the standing verdict of each version in use, worst first; at least one.
        standing: the one that stands for the signal.
        decision: what it decides; "" where nothing is written down.
        stakes: log-only, low, medium or high; "" likewise.
        segments: the worst, first those that are off.
        n_segments: how many there are, with a label.
        curve: of the claims that the verdict rests on; None while no outcome is final.
        drift: its last weeks; None without a claim in them.
        acts: the last entries of the trail about it, newest first.
    """

    versions: tuple[StandingVerdict, ...]
    standing: StandingVerdict
    decision: str
    stakes: str
    segments: tuple[SegmentLine, ...]
    n_segments: int
    curve: ReliabilityView | None
    drift: DriftView | None
    acts: tuple[TrailRow, ...]


@one_question
def one_signal(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    signal: str,
    now: datetime,
    *,
    verdicts: Verdicts | None = None,
) -> OneSignal | None:
    """Assemble a signal's page; None where it never stated a confidence.

    Args:
        verdicts: the standing verdicts as of now, with causes; None: they are worked out.
    """
    if verdicts is None:
        verdicts = standing_verdicts(cursor, state, now, only=(signal,), causes=True)
    versions = verdicts.get(signal)
    if not versions:
        return None
    one = of_signal(versions)
    spec = None if state is None or signal not in state.entries else state.entries[signal].spec
    segments = _segments(cursor, one)
    until = datetime.combine(one.version.last_ts.date() + timedelta(days=1), time())
    recent_weeks = Selection(signal, since=until - timedelta(weeks=WEEKS), until=until)
    drift = drift_view(cursor, recent_weeks, terms=one.terms, as_of=now)
    names = Names.read(cursor)
    return OneSignal(
        versions=versions,
        standing=one,
        decision="" if spec is None else spec.decision,
        stakes="" if spec is None else spec.stakes,
        segments=tuple(segments[:SEGMENTS]),
        n_segments=len(segments),
        curve=None
        if one.window is None
        else reliability_view(cursor, one.window.claims, terms=one.terms, as_of=now),
        drift=None if drift.periods.empty else drift,
        acts=tuple(row(act, names) for act in search.found(cursor, ActSearch(signal), limit=ACTS)),
    )


def _segments(cursor: duckdb.DuckDBPyConnection, one: StandingVerdict) -> list[SegmentLine]:
    """Every labelled segment, the worst first."""
    if one.window is None:
        return []
    names = segments_of(cursor, one.signal)
    claims = one.window.claims
    found = grouped_sums(cursor, claims, [(name,) for name in names], high_from=one.terms.high_from)
    if not len(found):
        return []
    judged = judge(found.sums, tolerance=one.terms.tolerance, level=one.level)
    lines = [
        SegmentLine(
            by[0],
            key[0],
            int(judged.n[i]),
            float(judged.mean_confidence[i]),
            float(judged.accuracy[i]),
            float(judged.gap[i]),
            float(judged.corrected_low[i]),
            float(judged.corrected_high[i]),
            judged.state[i],
        )
        for i, (by, key) in enumerate(found.entries)
        if judged.n[i]
    ]
    return sorted(lines, key=_badness)


def _badness(one: SegmentLine) -> tuple[bool, float]:
    """Off first; then by the smallest gap that the data support."""
    sure = max(one.low, -one.high)
    return one.state != "off", -sure if sure == sure else 1.0


def names_in_order(rows: Sequence[str], signal: str) -> tuple[str, str, int]:
    """The signals before and after one, round and round, and its place from 1.

    Args:
        rows: names, in the order of the week.
        signal: one of them, or another one.
    """
    if signal not in rows:
        return (rows[-1], rows[0], 0) if rows else ("", "", 0)
    at = rows.index(signal)
    return rows[at - 1], rows[(at + 1) % len(rows)], at + 1
