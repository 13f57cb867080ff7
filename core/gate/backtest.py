"""What a change of the rules would have done with the last claims of its signal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from core.defaults import LEVEL
from core.measure.metrics.intervals import clopper_pearson
from core.queries.base.apart import Apart
from core.queries.base.claims_sql import selected_claims
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import Selection
from core.registry.escalation_rules import (
    ACTIONS,
    Action,
    compile_rules,
    told_apart,
)
from core.registry.signal_spec import SignalSpec
from core.registry.spec_diff import differences
from core.text.figures import counted, cut

Where = tuple[tuple[str, tuple[str | None, ...]], ...]

#: So many days of claims are looked at unless asked otherwise.
DAYS = 30


@dataclass(frozen=True)
class Load:
    """What one set of rules does with the claims.

    Attributes:
        automate, review, escalate: claims that get the action.
        n_labelled: labelled claims among the automated.
        n_wrong: wrong ones among these.
        errors: errors expected among all automated claims, ``automate · n_wrong / n_labelled``;
            0 where nothing is automated, None where nothing automated is labelled.
        errors_low, errors_high: the wrong ones that are known, and among the unlabelled the ends
            of the Clopper–Pearson interval of the labelled's error rate; None likewise. Where
            inputs repeat, the labels count as few as they are when an input's claims are right or
            wrong together (Kish 1965). It supposes that the unlabelled err as the labelled do.
    """

    automate: int
    review: int
    escalate: int
    n_labelled: int
    n_wrong: int
    errors: float | None
    errors_low: float | None
    errors_high: float | None

    def of(self, action: Action) -> int:
        """Claims that get an action."""
        return {"automate": self.automate, "review": self.review, "escalate": self.escalate}[action]


@dataclass(frozen=True)
class Move:
    """Claims that would get another action.

    Attributes:
        before, after: the two actions.
        n_claims: how many claims.
        n_labelled: labelled ones among them.
        n_wrong: wrong ones among these.
    """

    before: Action
    after: Action
    n_claims: int
    n_labelled: int
    n_wrong: int


@dataclass(frozen=True)
class Effects:
    """What old and new rules do with the same claims, as if every fingerprint could act.

    An entry that is log-only has no rules: whatever asks is reviewed.

    Attributes:
        since, until: claim times looked at, [since, until), UTC without zone.
        n_claims: claims, unstated ones included, tuning ones left out.
        n_labelled: labelled ones among them.
        before: what the rules in force do; None for a new entry.
        after: what the new rules do.
        moves: claims whose action changes, the most human involvement given up first.
        headline: what changes in the rules, in words.
        idle: whether nothing is decided before or after: the entry is log-only.
    """

    since: datetime
    until: datetime
    n_claims: int
    n_labelled: int
    before: Load | None
    after: Load
    moves: tuple[Move, ...]
    headline: str
    idle: bool = False

    def lines(self) -> tuple[str, ...]:
        """To print, the weightiest first."""
        days = (self.until - self.since).days
        window = f"from {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"
        if self.idle:
            return (
                f"{self.headline}; {counted(self.n_claims, 'claim')} of the last {days} days "
                f"({window}), {self.n_labelled:,} labelled",
            )
        if self.n_claims == 0:
            return (
                f"{self.headline}: no claim of the last {days} days ({window}) shows what it does",
            )
        found = [f"{self.headline}: {self._automated()}, {self._errors()}"]
        found += [
            f"{move.before} → {move.after}: {counted(move.n_claims, 'claim')}, "
            f"{move.n_labelled:,} labelled, {move.n_wrong:,} of them wrong"
            for move in self.moves
        ]
        loads = ", ".join(f"{action} {self._change(action)}" for action in ACTIONS)
        found.append(
            f"{loads}: {counted(self.n_claims, 'claim')} of the last {days} days ({window}), "
            f"{self.n_labelled:,} labelled, as if each could act"
        )
        if max(map(self.after.of, ACTIONS)) == self.n_claims:
            found.append("every one of these claims gets the same action: nothing is decided")
        return tuple(found)

    def _automated(self) -> str:
        if self.before is None:
            return f"{self.after.automate:,} automated"
        more = self.after.automate - self.before.automate
        if more == 0:
            return f"as many automated, {self.after.automate:,}"
        return f"{abs(more):,} {'more' if more > 0 else 'fewer'} automated"

    def _errors(self) -> str:
        after = self.after
        now = _expected(after)
        was = now if self.before is None else _expected(self.before)
        if was == now == _UNKNOWN:
            return f"expected errors unknown: {_UNKNOWN} among the automated"
        said = "expected errors " + (now if self.before is None else f"{was} → {now}")
        if after.errors_low is None or after.errors_high is None or not after.automate:
            return said
        interval = f"{_errors_words(after.errors_low)} to {_errors_words(after.errors_high)}"
        return (
            f"{said} ({cut(LEVEL)} interval {interval}; "
            f"n labelled {after.n_labelled:,} of {after.automate:,} automated)"
        )

    def _change(self, action: Action) -> str:
        now = f"{self.after.of(action):,}"
        return now if self.before is None else f"{self.before.of(action):,} → {now}"


_UNKNOWN = "no labels"


def effects(
    cursor: duckdb.DuckDBPyConnection,
    old: SignalSpec | None,
    new: SignalSpec,
    *,
    now: datetime,
    days: int = DAYS,
    where: Where = (),
) -> Effects:
    """Run both versions' rules over the signal's last claims.

    Args:
        old: the entry in force; None: the signal is unregistered.
        new: the entry proposed, with rules that `check_rules` accepts.
        now: UTC without zone; claims before it are looked at.
        days: how many days back.
        where: only of these claims, as `Selection.where`.

    Raises:
        ValueError: rules that cannot be run.
    """
    since = now - timedelta(days=days)
    selection = Selection(new.name, since=since, until=now, where=where)
    parts = told_apart(spec.rules for spec in (old, new) if spec is not None)
    rows = _counted(cursor, selection, parts)
    act, act_before = _ruled(new), None if old is None else _ruled(old)
    before, after = _Tally(), _Tally()
    moved: defaultdict[tuple[Action, Action], _Tally] = defaultdict(_Tally)
    for row in rows:
        confidence, segments = parts.claim(row.part)
        then = act(confidence, segments)
        after.add(row, then)
        if act_before is not None:
            first = act_before(confidence, segments)
            before.add(row, first)
            if first != then:
                moved[first, then].add(row, then)
    repeats = signal_repeats(cursor, new.name)

    def load(tally: _Tally) -> Load:
        n = tally.n["automate"]
        worth = _worth(cursor, selection, parts, tally.automated, n) if repeats else n
        return tally.load(worth)

    return Effects(
        since=since,
        until=now,
        n_claims=sum(row.n_claims for row in rows),
        n_labelled=sum(row.n for row in rows),
        before=None if old is None else load(before),
        after=load(after),
        moves=tuple(
            Move(first, then, *tally.all())
            for (first, then), tally in sorted(
                moved.items(),
                key=lambda pair: ACTIONS.index(pair[0][1]) - ACTIONS.index(pair[0][0]),
            )
        ),
        headline=_headline(old, new),
        idle=new.log_only and (old is None or old.log_only),
    )


def _ruled(spec: SignalSpec) -> Callable[[float | None, Mapping[str, str]], Action]:
    """What the rules of an entry do; of one that is log-only, what the gate does."""
    if spec.log_only:
        return lambda _confidence, _segments: "review"
    rules = compile_rules(spec.rules)
    return lambda confidence, segments: rules(confidence, segments, may_act=True).action


@dataclass(frozen=True)
class _Row:
    """Claims of one part: how many, how many labelled, and the sum of their outcomes."""

    part: int
    n_claims: int
    n: int
    s: int


def _counted(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, parts: Apart
) -> tuple[_Row, ...]:
    """The selection's claims counted by part; tuning claims are left out."""
    part, parameters = parts.sql(cursor)
    source = selected_claims(cursor, selection, {"part": part})
    rows = cursor.execute(
        f"""
        SELECT part, count(*) AS n_claims, count(outcome) AS n,
               CAST(coalesce(sum(outcome), 0) AS BIGINT) AS s
        FROM ({source.sql}) AS claim
        GROUP BY part
        ORDER BY part
        """,
        {**source.parameters, **parameters},
    ).fetchall()
    return tuple(_Row(*row) for row in rows)


def _worth(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    parts: Apart,
    chosen: Sequence[int],
    n: int,
) -> float:
    """How many independent labels the labelled claims of some parts are worth.

    ``(Σm)²/Σm²`` over inputs with m labelled claims each (Kish 1965, §8.2); a claim without an
    input is one of its own. At most ``n``, their number.
    """
    part, parameters = parts.sql(cursor)
    source = selected_claims(cursor, selection, {"part": part, "input": "input_id"})
    row = cursor.execute(
        f"""
        SELECT coalesce(sum(m), 0), coalesce(sum(CASE WHEN input IS NULL THEN m ELSE m * m END), 0)
        FROM (SELECT input, count(*) AS m
              FROM ({source.sql}) AS claim
              WHERE outcome IS NOT NULL AND part IN (SELECT unnest($chosen))
              GROUP BY input)
        """,
        {**source.parameters, **parameters, "chosen": list(chosen)},
    ).fetchone()
    assert row is not None
    total, squares = map(int, row)
    return min(total * total / squares, n) if squares else n


def expected_errors(
    automated: int, n: int, wrong: int, worth: float
) -> tuple[float | None, float | None, float | None]:
    """Errors expected among automated claims, and the ends of their interval; see `Load`.

    Args:
        automated: how many there are.
        n: labelled ones among them.
        wrong: wrong ones among these.
        worth: how many independent labels the labelled ones are worth.

    Returns:
        0 where nothing is automated, None where nothing automated is labelled.
    """
    if automated == 0:
        return 0.0, 0.0, 0.0
    if n == 0:
        return None, None, None
    rate = wrong / n
    least, most = clopper_pearson(rate * worth, worth, 1 - LEVEL)
    unlabelled = automated - n
    low, high = wrong + unlabelled * float(least), wrong + unlabelled * float(most)
    return automated * rate, low, high


class _Tally:
    """Adds claims up by action."""

    def __init__(self) -> None:
        self.claims: Counter[Action] = Counter()
        self.n: Counter[Action] = Counter()
        self.s: Counter[Action] = Counter()
        self.automated: list[int] = []

    def add(self, row: _Row, action: Action) -> None:
        self.claims[action] += row.n_claims
        self.n[action] += row.n
        self.s[action] += row.s
        if action == "automate":
            self.automated.append(row.part)

    def all(self) -> tuple[int, int, int]:
        """Claims, labelled ones and wrong ones, whatever the action."""
        n = self.n.total()
        return self.claims.total(), n, n - self.s.total()

    def load(self, worth: float) -> Load:
        """The sums; ``worth``: how many independent labels the automated ones count as."""
        automated, n = self.claims["automate"], self.n["automate"]
        wrong = n - self.s["automate"]
        errors, low, high = expected_errors(automated, n, wrong, worth)
        return Load(
            automated, self.claims["review"], self.claims["escalate"], n, wrong, errors, low, high
        )


def _headline(old: SignalSpec | None, new: SignalSpec) -> str:
    if new.log_only:
        return "log-only: nothing acts on it, and what asks the gate is reviewed"
    if old is None or old.log_only:
        return "these rules"
    said = [
        one.words
        for one in differences(old, new)
        if one.material and one.field.startswith("spec.escalation")
    ]
    return "; ".join(said) or "the rules stay as they are"


def _expected(load: Load) -> str:
    return _UNKNOWN if load.errors is None else _errors_words(load.errors)


def _errors_words(number: float) -> str:
    """Expected errors: whole from ten on, one decimal below, and never 0 for a little."""
    if number >= 10 or number == round(number):
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 0.05 else "<0.1"
