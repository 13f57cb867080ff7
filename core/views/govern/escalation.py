"""Escalation in practice: what the rules ask for, what was done, and where the two part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

import duckdb
import pandas as pd

from core.defaults import LEVEL
from core.events import PPM
from core.gate.backtest import expected_errors
from core.gate.breaches import KINDS, JudgedClaims, Kind, Reckoning, Tally, answered, reckon, under
from core.governance.rules_in_force import RulesSpan, timeline
from core.governance.state import State
from core.measure.metrics.intervals import clopper_pearson
from core.queries.base.dimensions import week_label, week_start
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import one_question
from core.queries.sums import rule_outcomes as escalations
from core.registry.escalation_rules import ACTIONS, Action, RuleRow, table
from core.registry.signal_spec import Costs, SignalSpec
from core.sentences.numbers import count, counted, percent
from core.text.figures import cut
from core.trail import log as trail

#: Days looked at unless others are chosen.
DAYS = 30

#: A choice among sorts of claims.
Which = Callable[[JudgedClaims], object]

KIND_WORDS: Mapping[Kind, str] = {
    "cut": "Against the threshold",
    "override": "Against a segment's own bands",
    "missing": "No confidence stated",
    "unvalidated": "Acted while not validated",
}
#: What was done, as the logged action.
DONE_WORDS: Mapping[str | None, str] = {
    "automate": "automated",
    "review": "reviewed",
    "escalate": "escalated",
    None: "not logged",
}


@dataclass(frozen=True)
class LabelledShare:
    """Some of the labelled claims, and their share with its interval.

    Attributes:
        n_claims: claims.
        n: labelled ones among them.
        hits: those that count.
        share, low, high: of them, with the 95 % Clopper–Pearson interval, at as few labels as the
            claims' inputs are worth where inputs repeat; None without a label.
    """

    n_claims: int
    n: int
    hits: int
    share: float | None
    low: float | None
    high: float | None

    @property
    def words(self) -> str:
        """``12.0% (9.1% to 15.3%), 80 of 670 labelled``."""
        if self.share is None:
            return "no label yet" if self.n_claims else "no claim"
        interval = f"{percent(self.low, decimals=1)} to {percent(self.high, decimals=1)}"
        return (
            f"{percent(self.share, decimals=1)} ({interval}), {count(self.hits)} of "
            f"{count(self.n)} labelled"
        )


@dataclass(frozen=True)
class RuleLine:
    """One row of the rules, and the cases it took.

    Attributes:
        row: the row, as the gate runs on it.
        queue: where its cases wait and how long at most; "" where nothing is written down.
        n_cases: its claims.
        share: of all claims.
        right: right ones among its labelled claims.
        automated: its claims that were automated, whatever it asked for.
        wrong: wrong ones among these that are labelled.
        a_week: its claims that people have to look at in a week, as written.
        n_breaches: its claims that got less care than it asked for.
    """

    row: RuleRow
    queue: str
    n_cases: int
    share: float
    right: LabelledShare
    automated: int
    wrong: LabelledShare
    a_week: float
    n_breaches: int


@dataclass(frozen=True)
class Cost:
    """What the cases cost in a week.

    Attributes:
        expected, low, high: in the unit, the interval that of the errors; None where nothing
            automated is labelled.
        words: this, or why there is no number.
    """

    expected: float | None
    low: float | None
    high: float | None
    words: str


@dataclass(frozen=True)
class RuleSide:
    """What the rules ask for, or what was done.

    Attributes:
        n: claims by action.
        wrong: wrong ones among the labelled of the automated.
        reviews, escalations: a week.
        cost: a week.
    """

    n: Mapping[Action, int]
    wrong: LabelledShare
    reviews: float
    escalations: float
    cost: Cost


@dataclass(frozen=True)
class Bound:
    """The registered bound on the error rate of what is automated.

    Attributes:
        outcome: None: no bound is registered.
        words: in a sentence.
    """

    outcome: Literal["met", "missed", "undecided"] | None
    words: str


@dataclass(frozen=True)
class BreachLine:
    """Breaches of one rule.

    Attributes:
        kind: which sort of breach.
        rule: the rule that was not kept.
        n: how many.
        n_automated: automated ones among them.
        wrong: wrong ones among the labelled.
    """

    kind: Kind
    rule: str
    n: int
    n_automated: int
    wrong: LabelledShare


@dataclass(frozen=True)
class EscalationView:
    """One signal's rules in practice.

    Attributes:
        signal: its name.
        first, last: days looked at, both included.
        registered: whether there are rules.
        entry: the act that set the entry in force now; None without.
        n_claims: claims, tuning ones left out; n_before: those of before the first entry.
        headline: what of the rules was not kept, in a sentence.
        said: what else there is to say of the claims, in sentences.
        rules: every row of the rules in force now, as they are read.
        none_acted: whether no version might act in all that time.
        written, done: what the rules in force at each time ask for, and what was done, None where
            nothing was logged; claims of before the first entry are in neither.
        bound: the error rate of the automated against its bound.
        n_breaches: how many; kinds: of each kind there is.
        lines: by kind and rule, most first.
        gate: whether the gate was asked about them, and followed, in a sentence; "" without.
        weeks: week (``2026-W47``), done (as in `DONE_WORDS`), n, n_breaches; one row for each of a
            week's that there is, every week from the first to the last.
    """

    signal: str
    first: date
    last: date
    registered: bool
    entry: int | None
    n_claims: int
    headline: str
    said: tuple[str, ...]
    rules: tuple[RuleLine, ...]
    none_acted: bool
    written: RuleSide
    done: RuleSide | None
    bound: Bound
    n_breaches: int
    kinds: tuple[tuple[Kind, int], ...]
    lines: tuple[BreachLine, ...]
    gate: str
    weeks: pd.DataFrame


def default_days(last: datetime | None, now: datetime) -> tuple[date, date]:
    """The days looked at unless others are chosen: the last ones up to the newest claim.

    Args:
        last: the newest claim's time; None without one.
    """
    until = now.date() if last is None else min(last, now).date()
    return until - timedelta(days=DAYS - 1), until


@one_question
def escalation_view(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    signal: str,
    first: date,
    last: date,
    *,
    as_if: bool = False,
) -> EscalationView:
    """Assemble one signal's rules in practice.

    Args:
        first: the first day.
        last: the last day, included.
        as_if: whether the rules' rows shall hold the claims as if every version might have acted.
    """
    spans = timeline(trail.acts(cursor), signal) if signal in state.entries else ()
    selection = days_of(signal, first, last)
    reckoning = reckon(cursor, spans, selection)
    entry = state.entries.get(signal)
    repeats = signal_repeats(cursor, signal)
    of = _Shares(cursor, reckoning, repeats)
    weeks = ((last - first).days + 1) / 7
    spec = None if entry is None else entry.spec
    n_breaches = reckoning.tally(lambda one: one.kind).n_claims
    lines = _breach_lines(reckoning, of)
    ruled = reckoning.tally(lambda one: one.required is not None)
    return EscalationView(
        signal=signal,
        first=first,
        last=last,
        registered=entry is not None,
        entry=None if entry is None else entry.seq,
        n_claims=reckoning.tally().n_claims,
        headline=_headline(reckoning, n_breaches, ruled.n_claims),
        said=tuple(_said(reckoning)) if spec else (),
        rules=_rule_lines(cursor, reckoning, spans, spec, repeats, weeks, as_if=as_if),
        none_acted=not any(span.acting for span in reckoning.spans),
        written=_side(of, spec, weeks, lambda one: one.required.action if one.required else None),
        done=_side(of, spec, weeks, lambda one: one.done if one.required else None)
        if reckoning.tally(lambda one: one.required and one.done).n_claims
        else None,
        bound=_bound(of, spec),
        n_breaches=n_breaches,
        kinds=tuple((kind, one.n_claims) for kind, one in reckoning.by_kind().items()),
        lines=lines,
        gate=_gate(cursor, reckoning, n_breaches),
        weeks=_weeks(reckoning),
    )


def days_of(signal: str, first: date, last: date) -> Selection:
    """The claims of a signal from one day to another, both included."""
    return Selection(
        signal,
        since=datetime.combine(first, time()),
        until=datetime.combine(last, time()) + timedelta(days=1),
    )


class _Shares:
    """Shares of a reckoning's labelled claims, worth as few labels as their inputs are."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, reckoning: Reckoning, repeats: bool
    ) -> None:
        self._cursor, self._repeats = cursor, repeats
        self.reckoning = reckoning
        self._worths: dict[frozenset[int], float] = {}

    def prepare(self, several: Iterable[Which]) -> None:
        """Ask at once, where inputs repeat, what each of several choices of sorts is worth."""
        asked = {codes for which in several if (codes := self.reckoning.codes(which))}
        groups = {str(i): codes for i, codes in enumerate(asked - self._worths.keys())}
        if not self._repeats or not groups:
            return
        of = self.reckoning
        found = escalations.worths(self._cursor, of.selection, of.sorting, groups)
        self._worths |= {codes: found.get(name, 0.0) for name, codes in groups.items()}

    def worth(self, which: Which) -> float:
        """How many independent labels the labelled claims of some sorts are worth."""
        n = self.reckoning.tally(which).n
        if not self._repeats or not n:
            return n
        self.prepare([which])
        return min(self._worths[self.reckoning.codes(which)], n)

    def wrong(self, which: Which) -> LabelledShare:
        """The wrong ones among some sorts."""
        of = self.reckoning.tally(which)
        return _share(of, of.n_wrong, self.worth(which))

    def right(self, which: Which) -> LabelledShare:
        """The right ones among some sorts."""
        of = self.reckoning.tally(which)
        return _share(of, of.n - of.n_wrong, self.worth(which))


def _share(of: Tally, hits: int, worth: float) -> LabelledShare:
    if not of.n:
        return LabelledShare(of.n_claims, 0, 0, None, None, None)
    rate = hits / of.n
    low, high = clopper_pearson(rate * worth, worth, 1 - LEVEL)
    return LabelledShare(of.n_claims, of.n, hits, rate, float(low), float(high))


# --------------------------------------------------------------------------------------- the rules
def _rule_lines(
    cursor: duckdb.DuckDBPyConnection,
    reckoning: Reckoning,
    spans: Sequence[RulesSpan],
    spec: SignalSpec | None,
    repeats: bool,
    weeks: float,
    *,
    as_if: bool,
) -> tuple[RuleLine, ...]:
    """The rows of the rules in force now, each with the claims it would take."""
    if spec is None:
        return ()
    same = all(span.entry.spec.rules == spec.rules for span in reckoning.spans)
    if not same:
        reckoning = reckon(cursor, under(spans, spec.rules), reckoning.selection)
    of = _Shares(cursor, reckoning, repeats)
    total = reckoning.tally(lambda one: one.required is not None).n_claims
    rows = table(spec.rules)
    takes = [_takes(row.rule, as_if=as_if) for row in rows]
    automated = [_automated(one) for one in takes]
    of.prepare([*takes, *automated])
    found = []
    for row, mine, acted in zip(rows, takes, automated, strict=True):
        n = reckoning.tally(mine).n_claims
        found.append(
            RuleLine(
                row=row,
                queue=_queue(spec, row.action),
                n_cases=n,
                share=n / total if total else 0.0,
                right=of.right(mine),
                automated=reckoning.tally(acted).n_claims,
                wrong=of.wrong(acted),
                a_week=0.0 if row.action == "automate" else n / weeks,
                n_breaches=reckoning.tally(_short(mine, row.action)).n_claims,
            )
        )
    return tuple(found)


def _takes(rule: str, *, as_if: bool) -> Which:
    """Whether a sort is a case of a rule."""

    def takes(one: JudgedClaims) -> bool:
        answer = one.if_open if as_if else one.required
        return answer is not None and answer.rule == rule

    return takes


def _automated(which: Which) -> Which:
    """Those that were automated."""
    return lambda one: which(one) and one.done == "automate"


def _short(which: Which, asked: Action) -> Which:
    """Those that got less care than asked."""
    return lambda one: (
        which(one) and one.done is not None and ACTIONS.index(one.done) < ACTIONS.index(asked)
    )


def _queue(spec: SignalSpec, action: Action) -> str:
    queue = spec.handling.of(action)
    return "" if queue is None else f"{queue.name}, {counted(queue.within_hours, 'hour')}"


# -------------------------------------------------------------------------- as written and as done
def _side(
    of: _Shares,
    spec: SignalSpec | None,
    weeks: float,
    action_of: Callable[[JudgedClaims], Action | None],
) -> RuleSide:
    n: dict[Action, int] = dict.fromkeys(ACTIONS, 0)
    for one in of.reckoning.counts:
        action = action_of(of.reckoning.judged[one.code])
        if action is not None:
            n[action] += one.n_claims

    def automated(one: JudgedClaims) -> bool:
        return action_of(one) == "automate"

    costs = None if spec is None else spec.costs
    return RuleSide(
        n=n,
        wrong=of.wrong(automated),
        reviews=n["review"] / weeks,
        escalations=n["escalate"] / weeks,
        cost=_cost(costs, n, of.reckoning.tally(automated), of.worth(automated), weeks),
    )


def _cost(
    costs: Costs | None, n: Mapping[Action, int], automated: Tally, worth: float, weeks: float
) -> Cost:
    """Expected cost a week: errors expected among the automated, reviews and escalations."""
    if costs is None:
        return Cost(None, None, None, "no costs declared")
    errors, low, high = expected_errors(automated.n_claims, automated.n, automated.n_wrong, worth)
    if errors is None or low is None or high is None:
        return Cost(None, None, None, "not known: no automated claim is labelled")
    people = n["review"] * costs.review_millionths + n["escalate"] * costs.escalate_millionths

    def a_week(count_: float) -> float:
        return (count_ * costs.error_millionths + people) / PPM / weeks

    found = a_week(errors), a_week(low), a_week(high)
    words = f"{_amount(found[0])} {costs.unit}"
    if low != high:
        words += f" ({_amount(found[1])} to {_amount(found[2])})"
    return Cost(*found, words)


def _amount(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:,.2f}"


def _bound(of: _Shares, spec: SignalSpec | None) -> Bound:
    """The error rate of what was automated (of what would be, where nothing is logged)."""
    criteria = () if spec is None else spec.validation.criteria
    bounds = [one.maximum_ppm for one in criteria if one.metric == "automated_error"]
    if not bounds or bounds[0] is None:
        return Bound(
            None,
            "No limit on errors among the automated is registered (criterion automated_error).",
        )
    logged = of.reckoning.tally(lambda one: one.done is not None).n_claims
    what = "automated claims" if logged else "claims that would be automated"

    def automated(one: JudgedClaims) -> bool:
        if one.required is None:
            return False
        return (one.done if logged else one.required.action) == "automate"

    wrong, limit = of.wrong(automated), bounds[0] / PPM
    asked = f"at most {cut(bounds[0] / PPM)} is registered"
    if wrong.share is None or wrong.low is None or wrong.high is None:
        none = of.reckoning.tally(automated).n_claims == 0
        why = f"there are no {what}" if none else f"none of the {what} is labelled"
        return Bound("undecided", f"Too few labels: {why}; {asked}.")
    said = f"wrong among the {what}: {wrong.words}; {asked}."
    if wrong.high <= limit:
        return Bound("met", f"Met: {said}")
    if wrong.low > limit:
        return Bound("missed", f"Missed: {said}")
    return Bound("undecided", f"Too few labels: {said}")


# -------------------------------------------------------------------------------------- breaches
def _headline(reckoning: Reckoning, n: int, ruled: int) -> str:
    logged = reckoning.tally(lambda one: one.required is not None and one.done).n_claims
    total = reckoning.tally().n_claims
    if not total:
        return "No claim was made in these days."
    if not ruled:
        return "No rule was in force in these days, so none was breached."
    if not logged:
        return (
            "No claim says what was done with it, so whether the rules were kept is not known. "
            "Log the field action."
        )
    whole = f"{counted(logged, 'claim')} whose action was logged"
    if not n:
        return f"No breach: all {whole} were handled as strictly as required."
    automated = reckoning.tally(lambda one: one.kind and one.done == "automate").n_claims
    got = f"{count(n)} of {whole} were handled less strictly than the rules require"
    if automated == n:
        return f"{got}: {'it' if n == 1 else 'all of them'} acted without a person."
    return f"{got}; {count(automated)} of them acted without a person."


def _said(reckoning: Reckoning) -> list[str]:
    found = []
    careful = reckoning.tally(lambda one: one.more_careful).n_claims
    if careful:
        found.append(
            f"{counted(careful, 'claim')} handled more strictly than required, such as spot "
            "checks: no breach."
        )
    before = reckoning.tally(lambda one: one.required is None).n_claims
    if before:
        found.append(
            f"{counted(before, 'claim')} made before the first entry: no rule applied yet."
        )
    silent = reckoning.tally(lambda one: one.required is not None and one.done is None).n_claims
    if silent:
        found.append(f"{counted(silent, 'claim')} without a logged action: not judged.")
    return found


def _breach_lines(reckoning: Reckoning, of: _Shares) -> tuple[BreachLine, ...]:
    pairs = {
        (one.kind, one.broken)
        for one in reckoning.judged.values()
        if one.kind is not None and one.broken is not None
    }
    chosen = {pair: _broke(*pair) for pair in pairs}
    of.prepare(chosen.values())
    found = [
        BreachLine(
            kind,
            rule,
            reckoning.tally(mine).n_claims,
            reckoning.tally(_automated(mine)).n_claims,
            of.wrong(mine),
        )
        for (kind, rule), mine in chosen.items()
    ]
    return tuple(sorted(found, key=lambda one: (KINDS.index(one.kind), -one.n, one.rule)))


def _broke(kind: Kind, rule: str) -> Which:
    return lambda one: (one.kind, one.broken) == (kind, rule)


def _gate(cursor: duckdb.DuckDBPyConnection, reckoning: Reckoning, n: int) -> str:
    if not n:
        return ""
    asked, followed = answered(cursor, reckoning)
    if not asked:
        return "The gate was asked about none of them."
    against = asked - followed
    return (
        f"The gate was asked about {count(asked)} of them: {count(against)} were done against its "
        f"answer, {count(followed)} as it had answered."
    )


def _weeks(reckoning: Reckoning) -> pd.DataFrame:
    """Claims by week and what was done; every week between the first and the last."""
    rows: dict[tuple[int, str], list[int]] = {}
    for one in reckoning.counts:
        judged = reckoning.judged[one.code]
        if judged.required is None:
            continue
        both = rows.setdefault((one.week, DONE_WORDS[judged.done]), [0, 0])
        both[0] += one.n_claims
        both[1] += one.n_claims if judged.kind else 0
    if not rows:
        return pd.DataFrame(columns=["week", "done", "n", "n_breaches"])
    known = [week for week, _ in rows]
    found = [
        (week_label(week_start(week)), done, *rows.get((week, done), (0, 0)))
        for week in range(min(known), max(known) + 1)
        for done in DONE_WORDS.values()
        if any(other == done for _, other in rows)
    ]
    return pd.DataFrame(found, columns=["week", "done", "n", "n_breaches"])
