"""The weekly review as a document: what it says, in the order a lead needs it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import duckdb

from core.defaults import ALPHA, STANDING_WEEKS
from core.governance.replay import Replay, TrailBroken
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.measure.verdicts.parts import PartState
from core.queries.base.dimensions import week_label
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import one_question
from core.sentences.numbers import (
    ABSENT,
    count,
    counted,
    cut,
    percent,
    points,
    value_name,
    verdict_words,
    within,
)
from core.sentences.standing import gap_words, window_words
from core.standing.verdict import StandingVerdict
from core.terms import USUAL
from core.text.shown import shell_word
from core.views.govern.findings import FindingRow, FindingsView, broken_view, findings_view
from core.views.review.drift import DriftView, drift_view
from core.views.review.reliability import GroupView, ReliabilityView, reliability_view
from core.views.review.week.this_week import (
    TREND_WEEKS,
    Pointer,
    SignalWeek,
    WeekView,
    reviewable_weeks,
    week_view,
)
from core.views.shared.maturity import Window
from core.views.shared.overview import overview
from core.views.shared.validation_badge import Written, week_written

NOTHING_CHANGED = "Nothing stands out against last week."
#: As many signals are named that may act.
_NAMED = 4
NO_WORST = "none stands out"
NOT_JUDGED = "not judged"


class NothingToReport(LedgerError):  # noqa: N818 (it reads as what is the matter)
    """The ledger has no claims."""


class UnknownWeek(LedgerError):  # noqa: N818
    """No such week, or none that this ledger can tell of."""


@dataclass(frozen=True)
class ReportSentence:
    """A sentence on a signal, and how to see its numbers.

    Attributes:
        signal: the signal.
        text: the sentence.
        page: the dashboard's page with its rows or curve.
        command: what prints the numbers; None where no command of the terminal does.
    """

    signal: str
    text: str
    page: str
    command: str | None


@dataclass(frozen=True)
class SignalLine:
    """One signal's row of the table.

    Attributes:
        signal: its name.
        verdict: as the code calls it.
        verdict_words: as people read it.
        gap: in points with its sign.
        gap_of: the interval of the gap and its n.
        judged: the days the gap is of; empty while no outcome is final.
        high_band: what the high-confidence band claims and gets.
        high_n: its labelled claims, in words; empty without one.
        worst: the worst segment in words.
        labelled: labelled share of the week's claims.
        n_claims: the week's claims, in words.
        trend: the gap of each mature week, oldest first, as proportions.
        trend_words: the trend in words.
        tolerance: the gap accepted, which may be the signal's own.
        standing: whether it may act, in words.
        owner: who answers for it.
    """

    signal: str
    verdict: PartState
    verdict_words: str
    gap: str
    gap_of: str
    judged: str
    high_band: str
    high_n: str
    worst: str
    labelled: str
    n_claims: str
    trend: tuple[float, ...]
    trend_words: str
    tolerance: float
    standing: str
    owner: str


@dataclass(frozen=True)
class Closer:
    """The worst signal, looked at closely.

    Attributes:
        signal: its name.
        days: the days of the curve: those of the standing verdict.
        curve: its reliability over those days.
        curve_says: the curve's sentences, most important first.
        drift: its gap by week up to the week reported.
        drift_says: since when, and after what.
    """

    signal: str
    days: Window
    curve: ReliabilityView
    curve_says: tuple[str, ...]
    drift: DriftView
    drift_says: str

    @property
    def group(self) -> GroupView:
        """The one group of the curve."""
        return self.curve.groups[0]


@dataclass(frozen=True)
class WeeklyReport:
    """The weekly review, ready to be written down.

    Attributes:
        week: ISO week, "2026-W47".
        dates: its first and last day.
        ledger: the ledger's name.
        as_of: how far the ledger had come.
        headline: the state of things in a sentence.
        open_first: what to open first; None when nothing calls for it.
        changes: what changed against the week before, in the order of the lines.
        lines: a row per signal that had claims in the weeks of the trend, worst first.
        quiet: the other signals.
        elsewhere: the signals that are counted from loaded cells.
        unread: those of them that cannot be judged so.
        findings: what waits for somebody, critical first.
        findings_say: how many, in a sentence.
        standing: what is signed off, and what nobody has.
        high_from: lower edge of the high-confidence band; None where signals differ in it.
        closer: the worst signal; None without a line.
        guide: how to read it, in four lines.
        method: how the verdicts were corrected together.
    """

    week: str
    dates: str
    ledger: str
    as_of: str
    headline: str
    open_first: ReportSentence | None
    changes: tuple[ReportSentence, ...]
    lines: tuple[SignalLine, ...]
    quiet: tuple[str, ...]
    elsewhere: tuple[str, ...]
    unread: tuple[str, ...]
    findings: tuple[FindingRow, ...]
    findings_say: str
    standing: str
    high_from: float | None
    closer: Closer | None
    guide: tuple[str, ...]
    method: str

    @property
    def title(self) -> str:
        """What the document is called."""
        return f"Weekly review {self.week}"


@one_question
def weekly_report(
    cursor: duckdb.DuckDBPyConnection,
    *,
    ledger: str,
    week: str | None = None,
    now: datetime | None = None,
) -> WeeklyReport:
    """Assemble the review of one week.

    Args:
        ledger: what to call it.
        week: ISO week, "2026-W47"; None: the last complete one that has claims.
        now: when ages are taken, UTC without zone; None: now.

    Raises:
        NothingToReport: the ledger has no claims.
        UnknownWeek: the week does not exist, is not over, or lies outside the ledger's.
    """
    moment = now or datetime.now(UTC).replace(tzinfo=None)
    monday = _chosen(reviewable_weeks(cursor, moment), week, ledger)
    state, wrong = _written_side(cursor, moment)
    view = week_view(cursor, state, monday=monday, now=moment)
    assert view is not None, "a ledger with weeks has a review"
    written = week_written(cursor, state, monday, moment)
    cuts = {row.terms.high_from for row in view.rows}
    return WeeklyReport(
        week=view.week,
        dates=f"{view.first} to {view.last}",
        ledger=ledger,
        as_of=overview(cursor).freshness,
        headline=view.headline,
        open_first=_open_first(view, ledger),
        changes=tuple(_said(change) for change in view.changes),
        lines=tuple(_line(row, written[row.signal], len(cuts) > 1) for row in view.rows),
        quiet=view.quiet,
        elsewhere=view.elsewhere,
        unread=view.unread,
        findings=wrong.waiting,
        findings_say=wrong.headline,
        standing=_standing([(row.signal, written[row.signal]) for row in view.rows]),
        high_from=cuts.pop() if len(cuts) == 1 else None,
        closer=_closer(cursor, view, moment) if view.rows else None,
        guide=_guide(view),
        method=f"Verdicts and intervals hold together, at {percent(1 - ALPHA)}, over all versions "
        f"in use (Šidák) and within each over its segments (max-statistic).",
    )


# -------------------------------------------------------------------------------- the written side
def _written_side(
    cursor: duckdb.DuckDBPyConnection, now: datetime
) -> tuple[State | None, FindingsView]:
    """What the trail says, None where it is broken; and what is wrong."""
    try:
        state = Replay().caught_up(cursor)
    except TrailBroken as broken:
        return None, broken_view(broken, now)
    moment = max(now, state.last_at)
    return state, findings_view(cursor, state, moment)


def _standing(rows: Sequence[tuple[str, Written]]) -> str:
    """What is signed off, and what is not."""
    leave = "These are measurements, not permission to act on a confidence."
    signed = [f"{name} ({one.badge.words.lower()})" for name, one in rows if one.badge.open]
    if not signed:
        return f"No signal is validated: nobody has signed one off. {leave}"
    more = len(signed) - _NAMED
    text = f"May act: {', '.join(signed[:_NAMED])}{f' and {more} more' if more > 0 else ''}."
    rest = len(rows) - len(signed)
    if not rest:
        return text
    return f"{text} Not validated as a whole: {counted(rest, 'other')}. {leave}"


# --------------------------------------------------------------------------------------- the week
def _chosen(known: Sequence[date], week: str | None, ledger: str) -> date:
    """Monday of the week asked for, or of the newest there is."""
    if not known:
        raise NothingToReport(
            f"{ledger} has no claims yet, so there is no week to report. Import some with: "
            f"calledger import FILE --ledger {shell_word(ledger)}"
        )
    if week is None:
        return known[0]
    monday = _monday_of(week)
    if monday is None:
        raise UnknownWeek(f"{week!r} is not an ISO week such as 2026-W47; {_there_are(known)}.")
    if monday not in known:
        raise UnknownWeek(f"There is no review of {week_label(monday)}: {_there_are(known)}.")
    return monday


def _monday_of(week: str) -> date | None:
    parts = re.fullmatch(r"([0-9]{4})-[Ww]([0-9]{2})", week)
    try:
        return None if parts is None else date.fromisocalendar(int(parts[1]), int(parts[2]), 1)
    except ValueError:
        return None


def _there_are(known: Sequence[date]) -> str:
    newest, oldest = week_label(known[0]), week_label(known[-1])
    if newest == oldest:
        return f"the only week to report of this ledger is {newest}"
    return f"the weeks to report of this ledger are {oldest} to {newest}"


# ------------------------------------------------------------------------------------ the signals
def _said(one: Pointer, command: str | None = None) -> ReportSentence:
    return ReportSentence(one.signal, one.text, one.page.capitalize(), command)


def _open_first(view: WeekView, ledger: str) -> ReportSentence | None:
    if view.first_step is None:
        return None
    return _said(view.first_step, _command(view.rows[0].standing, ledger))


def _command(one: StandingVerdict, ledger: str) -> str | None:
    """What prints the numbers behind a verdict: of its version, its days and its worst segment."""
    if one.window is None:
        return None
    words = ["calledger", "measure", "--ledger", ledger, "--signal", one.signal]
    where: list[tuple[str, str | None]] = list(one.version.fields)
    if one.worst is not None:
        where.append((one.worst.dimension, one.worst.value))
    for dimension, value in where:
        words += ["--where", f"{dimension}={value_name(value)}"]
    words += ["--since", str(one.window.first), "--until", str(one.window.last)]
    return " ".join(shell_word(word) for word in words)


def _worst(row: SignalWeek) -> str:
    if row.speaks_for == "labelled":
        return "not judged: the labels do not represent all claims"
    worst = row.standing.worst
    if worst is None:
        return NOT_JUDGED if row.standing.whole_alone else NO_WORST
    return f"{worst.dimension} {value_name(worst.value)}: {worst.words}"


def _line(row: SignalWeek, written: Written, cuts_differ: bool) -> SignalLine:
    high_n = high_band = ""
    found = row.standing.recent
    if found is not None and found.high_n:
        high_band = f"{percent(found.high_claimed)} → {percent(found.high_observed)}"
        high_n = counted(found.high_n, "case")
        high_n += f", from {cut(row.terms.high_from)}" if cuts_differ else ""
    gap = row.standing.gap
    return SignalLine(
        signal=row.signal,
        verdict=row.state,
        verdict_words=verdict_words(row.state, row.speaks_for),
        gap=ABSENT if gap is None else points(gap[0], decimals=1),
        gap_of=_gap_of(row),
        judged="" if row.standing.window is None else window_words(row.standing),
        high_band=high_band or ABSENT,
        high_n=high_n,
        worst=_worst(row),
        labelled=percent(row.coverage),
        n_claims=f"of {count(row.n_claims)}",
        trend=row.trend,
        trend_words=_trend_words(row.trend),
        tolerance=row.terms.tolerance,
        standing=written.badge.words,
        owner=written.owner.words,
    )


def _gap_of(row: SignalWeek) -> str:
    if row.standing.gap is None:
        return gap_words(row.standing)
    _, low, high = (points(end, decimals=1) for end in row.standing.gap)
    return f"{low} to {high}, n {count(row.standing.n)}"


def _trend_words(trend: Sequence[float]) -> str:
    if not trend:
        return "no week with final outcomes"
    newest = points(trend[-1], decimals=1)
    if len(trend) == 1:
        return f"one week with final outcomes: {newest}"
    low, high = (points(end, decimals=1) for end in (min(trend), max(trend)))
    return (
        f"{points(trend[0], decimals=1)} → {newest} over {len(trend)} weeks with final outcomes "
        f"(lowest {low}, highest {high})"
    )


# ------------------------------------------------------------------------------------- the closer
def _closer(cursor: duckdb.DuckDBPyConnection, view: WeekView, now: datetime) -> Closer:
    standing = view.rows[0].standing
    signal, terms = standing.signal, standing.terms
    shown = Window(view.first - timedelta(weeks=TREND_WEEKS), view.last)
    drift = drift_view(
        cursor,
        shown.of(Selection(signal)),
        terms=terms,
        as_of=now,
    )
    window = standing.window
    days = shown if window is None else Window(window.first, window.last)
    curve = reliability_view(
        cursor,
        shown.of(Selection(signal)) if window is None else window.claims,
        terms=terms,
        as_of=now,
    )
    group = curve.groups[0]
    says = (group.headline, group.interval, group.high_band, *group.reasons, group.coverage)
    return Closer(signal, days, curve, tuple(one for one in says if one), drift, drift.headline)


def _guide(view: WeekView) -> tuple[str, ...]:
    every = {row.terms for row in view.rows} or {USUAL}
    allowed = _one_of({within(one.tolerance) for one in every}, "its tolerance")
    high = _one_of(
        {f"stated at {cut(one.high_from)} or more" for one in every}, "above its threshold"
    )
    final = _one_of(
        {
            f"{counted(one.maturity.days, 'day')} old or {percent(one.maturity.coverage)} labelled"
            for one in every
        },
        "as old or as labelled as its entry asks",
    )
    return (
        "Gap: mean stated confidence minus the share that was right, in points; + is "
        f"overconfident. It is of the newest {counted(STANDING_WEEKS, 'week')} whose outcomes are "
        f"final ({final}), of the version in use; outcomes of younger weeks still arrive.",
        f"Verdict: off when a corrected bound lies beyond {allowed}, fine when all lie within; "
        "else at the edge where there is an error, or too few labels, which does not mean fine.",
        f"High band: of claims {high}, said → right. Trend: the gap of "
        f"each week with final outcomes; the grey strip is {allowed}.",
        "Diagram: where the curve runs below the diagonal, fewer were right than was stated; "
        "inside the grey band, chance alone explains it.",
    )


def _one_of(words: set[str], otherwise: str) -> str:
    """The words that are the same for every signal, or else others."""
    return words.pop() if len(words) == 1 else otherwise
