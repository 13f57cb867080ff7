"""Metrics that are gamed or collapse: versions and weeks held against those before them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import pairwise

import duckdb

from core.defaults import ALPHA, IN_USE
from core.findings.facts.confidence.gaming import Gamed, GamedSide, PairKind
from core.findings.kinds import Condition
from core.governance.signal_terms import terms_of
from core.governance.state import State
from core.measure.failures.gaming import Collapse, collapse
from core.measure.metrics.scores import NoValue
from core.queries.base.seen.fingerprints_seen import Seen, fingerprints_seen
from core.queries.base.selection import Selection
from core.queries.base.together.asking import ask, together, unless_elsewhere
from core.queries.sums.labelling.settled_cells import SettledAsked
from core.trail.fingerprint import Fingerprint
from core.validation.recent_sample import week_began

_COLUMNS: dict[PairKind, str] = {"prompt": "prompt_version", "model": "model_version"}

#: Weeks on each side where weeks are compared.
WEEKS = 8
#: Least resamples, and how many per comparison, so that a p can be as small as asked for.
_DRAWS, _DRAWS_EACH = 999, 80
#: Resamples that tell whether a comparison is worth all of them, and up to which p it is: what all
#: of them would flag is among these but for a few chances in a million.
_FEW_DRAWS, _SUSPICIOUS = 39, 0.2


@dataclass(frozen=True)
class ConsecutiveGroups:
    """Two groups of claims of one signal, one after the other.

    Attributes:
        signal: which signal.
        kind: what tells them apart.
        before, after: the versions; for weeks the days, in words.
        claims_before, claims_after: the claims.
        settled: labels count of claims made before it, UTC without zone.
        prints: the fingerprints of the later group; empty for weeks.
    """

    signal: str
    kind: PairKind
    before: str
    after: str
    claims_before: Selection
    claims_after: Selection
    settled: datetime
    prints: tuple[Fingerprint, ...] = ()

    @property
    def words(self) -> tuple[str, str]:
        """What the two are called: ``prompt rubric-2``."""
        if self.kind == "weeks":
            return self.before, self.after
        return f"{self.kind} {self.before}", f"{self.kind} {self.after}"


@dataclass(frozen=True)
class Gaming:
    """A pair compared.

    Attributes:
        pair: which.
        found: the comparison.
        family: comparisons made in the whole ledger, over which p is corrected.
    """

    pair: ConsecutiveGroups
    found: Collapse
    family: int

    @property
    def traded(self) -> bool:
        """Whether ECE fell and AUROC with it, beyond what chance does in so many comparisons."""
        return min(1.0, 2 * self.found.p_traded * self.family) <= ALPHA

    @property
    def narrowed(self) -> bool:
        """Whether the stated confidences shrank into a band, likewise."""
        return min(1.0, 2 * self.found.p_narrowed * self.family) <= ALPHA

    @property
    def flagged(self) -> bool:
        """Whether either is so."""
        return self.traded or self.narrowed


def pairs(
    cursor: duckdb.DuckDBPyConnection, state: State | None, now: datetime
) -> tuple[ConsecutiveGroups, ...]:
    """What is compared: every version in use with the one before it, and the latest weeks.

    Within each method and order of asking: others are other numbers. A version is in use while its
    last claim is at most 14 days older than its signal's. The weeks are the last `WEEKS` whose
    outcomes are final, against as many before.

    Args:
        state: what the trail says, for each signal's maturity; None: the usual one.
    """
    by_signal: defaultdict[str, list[Seen]] = defaultdict(list)
    for one in fingerprints_seen(cursor, now):
        if one.n_claims:
            by_signal[one.signal].append(one)
    found: list[ConsecutiveGroups] = []
    for signal, seen in sorted(by_signal.items()):
        settled = now - terms_of(state, signal).maturity.age
        newest = max(one.last_ts for one in seen)
        ways: defaultdict[tuple[str | None, str | None], list[Seen]] = defaultdict(list)
        for one in seen:
            fields = dict(one.fields)
            ways[fields.get("elicitation"), fields.get("elicitation_order")].append(one)
        for way, mine in sorted(ways.items(), key=str):
            where = tuple(
                (name, (value,))
                for name, value in zip(("elicitation", "elicitation_order"), way, strict=True)
            )
            claims = Selection(signal, until=now, where=where)
            found += _versions(mine, claims, newest, settled)
            if max(one.last_ts for one in mine) >= newest - IN_USE:
                found.append(_weeks(claims, settled))
    return tuple(found)


def measure_gaming(
    cursor: duckdb.DuckDBPyConnection, asked: Sequence[ConsecutiveGroups], *, family: int
) -> tuple[Gaming, ...]:
    """Compare pairs; one with too few claims on a side is left out.

    Only what looks suspicious is resampled as often as a finding asks for.

    Args:
        family: how many are compared in the whole ledger.
    """
    draws = max(_DRAWS, _DRAWS_EACH * family)
    compared = []
    # A version is one side of what it replaced and another of what replaced it.
    sides = dict.fromkeys(
        SettledAsked(claims, pair.settled)
        for pair in asked
        for claims in (pair.claims_before, pair.claims_after)
    )
    answers = together(cursor, map(unless_elsewhere, [ask(one) for one in sides]))
    found_of = dict(zip(sides, answers, strict=True))
    for pair in asked:
        before, after = (
            found_of[SettledAsked(claims, pair.settled)]
            for claims in (pair.claims_before, pair.claims_after)
        )
        if before is None or after is None:
            continue
        found = collapse(before.cells[0], after.cells[0], draws=_FEW_DRAWS)
        if not isinstance(found, NoValue) and found.p_narrowed <= _SUSPICIOUS:
            found = collapse(before.cells[0], after.cells[0], draws=draws)
        if not isinstance(found, NoValue):
            compared.append(Gaming(pair, found, family))
    return tuple(compared)


def worst_gaming(found: Sequence[Gaming]) -> Gaming | None:
    """The flagged comparison to show: one of versions before one of weeks, then the clearest."""
    flagged = [one for one in found if one.flagged]
    return min(
        flagged,
        key=lambda one: (one.pair.kind == "weeks", one.found.p, one.pair.after),
        default=None,
    )


def gaming_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The signals whose metric got better while the number got worse, up to this week's Monday."""
    asked = pairs(cursor, state, week_began(now))
    by_signal: defaultdict[str, list[Gaming]] = defaultdict(list)
    for one in measure_gaming(cursor, asked, family=len(asked)):
        by_signal[one.pair.signal].append(one)
    worst = (worst_gaming(found) for found in by_signal.values())
    return tuple(_condition(one, state, now) for one in worst if one is not None)


def gaming_facts(one: Gaming) -> Gamed:
    """What was found, as a finding holds it."""
    pair, auroc = one.pair, one.found.auroc
    sides = [
        GamedSide(name, side.n, side.ece, side.auroc, side.spread.low, side.spread.high)
        for name, side in ((pair.before, one.found.before), (pair.after, one.found.after))
    ]
    return Gamed(
        kind=pair.kind,
        before=sides[0],
        after=sides[1],
        traded=(auroc.low, auroc.high) if one.traded and auroc is not None else None,
        narrowed=one.narrowed,
        p_traded=one.found.p_traded,
        p_narrowed=one.found.p_narrowed,
        comparisons=one.family,
    )


def _condition(one: Gaming, state: State, now: datetime) -> Condition:
    pair = one.pair
    acting = [print_ for print_ in pair.prints if state.standing_of(pair.signal, print_, now).open]
    if pair.kind == "weeks":
        acting = _acting(state, pair.signal, now)
    return Condition.of(
        "metric_gamed",
        pair.signal,
        pair.kind if pair.kind == "weeks" else " ".join((pair.kind, pair.after)),
        gaming_facts(one),
        pair.prints[0] if len(pair.prints) == 1 else None,
        "critical" if acting else None,
    )


def _acting(state: State, signal: str, now: datetime) -> list[Fingerprint]:
    return [
        print_
        for (name, print_) in state.validations
        if name == signal and state.standing_of(name, print_, now).open
    ]


def _versions(
    seen: Sequence[Seen], claims: Selection, newest: datetime, settled: datetime
) -> Iterator[ConsecutiveGroups]:
    """Each version in use and the one that was there before it."""
    told: set[tuple[frozenset[Seen], frozenset[Seen]]] = set()
    for kind, column in _COLUMNS.items():
        versions: defaultdict[str, list[Seen]] = defaultdict(list)
        for one in seen:
            version = dict(one.fields).get(column)
            if version is not None:
                versions[version].append(one)
        order = sorted(versions, key=lambda name: (min(s.first_ts for s in versions[name]), name))
        for before, after in pairwise(order):
            mine = versions[after]
            members = frozenset(versions[before]), frozenset(mine)
            # A prompt and a model that changed at once are one change.
            if members in told or max(one.last_ts for one in mine) < newest - IN_USE:
                continue
            told.add(members)
            yield ConsecutiveGroups(
                claims.signal,
                kind,
                before,
                after,
                claims.narrowed(column, before),
                claims.narrowed(column, after),
                settled,
                tuple(Fingerprint.of(dict(one.fields)) for one in mine),
            )


def _weeks(claims: Selection, settled: datetime) -> ConsecutiveGroups:
    monday = settled.date() - timedelta(days=settled.weekday())
    until = datetime.combine(monday, time())
    middle, since = until - timedelta(weeks=WEEKS), until - timedelta(weeks=2 * WEEKS)
    day = timedelta(days=1)
    return ConsecutiveGroups(
        claims.signal,
        "weeks",
        f"{since:%Y-%m-%d} – {middle - day:%Y-%m-%d}",
        f"{middle:%Y-%m-%d} – {until - day:%Y-%m-%d}",
        Selection(claims.signal, since, middle, where=claims.where),
        Selection(claims.signal, middle, until, where=claims.where),
        settled,
    )
