"""What a change of the rules would have done with the last claims of its signal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from core.events import PPM
from core.govern.differences import differences
from core.govern.escalation import ACTIONS, Action, Rules, compile_rules
from core.govern.spec import SignalSpec
from core.measure.intervals import clopper_pearson
from core.store.cells import signal_repeats
from core.store.dimensions import dimensions_named, segment_dimensions
from core.store.selection import Selection
from core.store.source import selected_claims

#: So many days of claims are looked at unless asked otherwise.
DAYS = 30
#: Confidence level of the interval of expected errors.
LEVEL = 0.95


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

    Attributes:
        since, until: claim times looked at, [since, until), UTC without zone.
        n_claims: claims, unstated ones included, tuning ones left out.
        n_labelled: labelled ones among them.
        before: what the rules in force do; None for a new entry.
        after: what the new rules do.
        moves: claims whose action changes, the most human involvement given up first.
        headline: what changes in the rules, in words.
    """

    since: datetime
    until: datetime
    n_claims: int
    n_labelled: int
    before: Load | None
    after: Load
    moves: tuple[Move, ...]
    headline: str

    def lines(self) -> tuple[str, ...]:
        """To print, the weightiest first."""
        days = (self.until - self.since).days
        window = f"from {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"
        if self.n_claims == 0:
            return (
                f"{self.headline}: no claim of the last {days} days ({window}) shows what it does",
            )
        found = [f"{self.headline}: {self._automated()}, {self._errors()}"]
        found += [
            f"{move.before} → {move.after}: {_claims(move.n_claims)}, "
            f"{move.n_labelled:,} labelled, {move.n_wrong:,} of them wrong"
            for move in self.moves
        ]
        loads = ", ".join(f"{action} {self._change(action)}" for action in ACTIONS)
        found.append(
            f"{loads}: {_claims(self.n_claims)} of the last {days} days ({window}), "
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
            f"{said} ({LEVEL:.0%} interval {interval}; "
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
) -> Effects:
    """Run both versions' rules over the signal's last claims.

    Args:
        cursor: of the ledger.
        old: the entry in force; None: the signal is unregistered.
        new: the entry proposed, with rules that `check_rules` accepts.
        now: UTC without zone; claims before it are looked at.
        days: how many days back.

    Raises:
        ValueError: rules that cannot be run.
    """
    since = now - timedelta(days=days)
    selection = Selection(new.name, since=since, until=now)
    parts = _Parts.of(cursor, [spec.rules for spec in (old, new) if spec is not None])
    rows = _counted(cursor, selection, parts)
    rules = compile_rules(new.rules)
    rules_before = None if old is None else compile_rules(old.rules)
    before, after = _Tally(), _Tally()
    moved: defaultdict[tuple[Action, Action], _Tally] = defaultdict(_Tally)
    for row in rows:
        confidence, segments = parts.claim(row.part)
        then = rules(confidence, segments, may_act=True).action
        after.add(row, then)
        if rules_before is not None:
            first = rules_before(confidence, segments, may_act=True).action
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
    )


#: What rules can tell claims apart by: first the level of the confidence, 0 below the lowest cut
#: and −1 where none is stated, then per dimension the position of the segment's value among those
#: that have an override, −1 for any other.
_Part = tuple[int, ...]


@dataclass(frozen=True)
class _Parts:
    """The parts of all claims that a few rule sets treat alike.

    Attributes:
        cuts: every cut of theirs, ascending, in whole millionths.
        values: per dimension of the ledger that has an override, the values that have one.
    """

    cuts: tuple[int, ...]
    values: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def of(cls, cursor: duckdb.DuckDBPyConnection, several: Sequence[Rules]) -> _Parts:
        ladders = [
            bands
            for rules in several
            for bands in (rules.bands, *(one.bands for one in rules.overrides))
        ]
        cuts = {band.below_ppm for bands in ladders for band in bands}
        named: defaultdict[str, set[str]] = defaultdict(set)
        for rules in several:
            for one in rules.overrides:
                # As in an import, names that differ in case only are one dimension.
                named[one.dimension.lower()].add(one.value)
        return cls(
            cuts=tuple(sorted(cut for cut in cuts if cut is not None)),
            values=tuple(
                (name, tuple(sorted(named[name.lower()])))
                for name in segment_dimensions(cursor)
                if name.lower() in named
            ),
        )

    def sql(self, cursor: duckdb.DuckDBPyConnection) -> tuple[str, dict[str, list[str]]]:
        """The part of a claim as an expression over the table claims, and its parameters."""
        above = "".join(f" + CAST(confidence_ppm >= {cut} AS INTEGER)" for cut in self.cuts)
        known = dimensions_named(cursor, [name for name, _ in self.values])
        places = "".join(
            f", coalesce(list_position($values_{i}, {known[name].sql}), 0) - 1"
            for i, (name, _) in enumerate(self.values)
        )
        parameters = {f"values_{i}": list(values) for i, (_, values) in enumerate(self.values)}
        return f"[coalesce(0{above}, -1){places}]", parameters

    def claim(self, part: _Part) -> tuple[float | None, dict[str, str]]:
        """Confidence and segments of a claim of the part: the lowest confidence there is in it."""
        level, *places = part
        segments = {
            name: values[place]
            for (name, values), place in zip(self.values, places, strict=True)
            if place >= 0
        }
        if level < 0:
            return None, segments
        return (self.cuts[level - 1] / PPM if level else 0.0), segments


@dataclass(frozen=True)
class _Row:
    """Claims of one part: how many, how many labelled, and the sum of their outcomes."""

    part: _Part
    n_claims: int
    n: int
    s: int


def _counted(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, parts: _Parts
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
    return tuple(_Row(tuple(part), n_claims, n, s) for part, n_claims, n, s in rows)


def _worth(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    parts: _Parts,
    chosen: Sequence[_Part],
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
        {**source.parameters, **parameters, "chosen": [list(one) for one in chosen]},
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
        self.automated: list[_Part] = []

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
    if old is None:
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


def _claims(number: int) -> str:
    return f"{number:,} {'claim' if number == 1 else 'claims'}"
