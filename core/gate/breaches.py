"""Where what was done is not what the rules in force at that time required.

A breach is a claim whose logged action is less careful than the rule that applied when it was made:
automated where a review or an escalation was required, or reviewed where an escalation was. More
care than required, such as a spot check, is none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal, get_args

import duckdb

from core.governance.rules_in_force import RulesSpan, timelines
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.selection import Selection
from core.queries.base.together import asking
from core.queries.base.together.asked_once import one_question
from core.queries.base.together.asking import Asking, ask, together, unless_elsewhere
from core.queries.sums import rule_outcomes as escalations
from core.queries.sums.rule_outcomes import Count, CountAsked, Order, Sorting, claims_of
from core.registry.escalation_rules import ACTIONS, Action, Answer, Rules, decide, told_apart
from core.trail.acts import Act
from core.trail.fingerprint import Fingerprint

if TYPE_CHECKING:  # Frames are for pages; most commands load none of it.
    import pandas as pd

#: Why a claim is a breach: the bands for all claims required more; those of its segment did; it
#: states no confidence; or only that its fingerprint might not act.
Kind = Literal["cut", "override", "missing", "unvalidated"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True)
class JudgedClaims:
    """A sort of claims that rules treat alike, held against them.

    Attributes:
        code: as `core.queries.sums.rule_outcomes` knows it.
        span: the time it was made in; None: no rule was in force, before the first entry or
            while it was log-only.
        done: the logged action; None: none was logged.
        required: what the rules required; None without a span.
        if_open: what they would have, had its fingerprint been allowed to act; None likewise.
    """

    code: int
    span: RulesSpan | None
    done: Action | None
    required: Answer | None
    if_open: Answer | None

    @property
    def kind(self) -> Kind | None:
        """Which breach it is; None: none."""
        if self.required is None or self.if_open is None or not less(self.done, self.required):
            return None
        if not less(self.done, self.if_open):
            return "unvalidated"
        if self.if_open.rule.startswith("fallback:"):
            return "missing"
        return "override" if self.if_open.rule.startswith("override:") else "cut"

    @property
    def broken(self) -> str | None:
        """The rule that was not kept; None: none."""
        if self.required is None or self.if_open is None or self.kind is None:
            return None
        return self.required.rule if self.kind == "unvalidated" else self.if_open.rule

    @property
    def more_careful(self) -> bool:
        """Whether more care was taken than required."""
        return self.done is not None and self.required is not None and self.done != (
            self.required.action
        ) and not less(self.done, self.required)  # fmt: skip


def less(done: Action | None, required: Answer) -> bool:
    """Whether an action is less careful than the required one; not where none was logged."""
    return done is not None and ACTIONS.index(done) < ACTIONS.index(required.action)


@dataclass(frozen=True)
class Tally:
    """Claims, labelled ones among them, and wrong ones among these."""

    n_claims: int = 0
    n: int = 0
    n_wrong: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.n_claims + other.n_claims, self.n + other.n, self.n_wrong + other.n_wrong)


@dataclass(frozen=True)
class Reckoning:
    """A selection's claims held against the rules.

    Attributes:
        selection: which claims; tuning ones are left out unless it names a split.
        spans: what was in force, oldest first.
        sorting: what the claims are told apart by.
        judged: every sort there is, by its code.
        counts: claims by sort and week.
    """

    selection: Selection
    spans: tuple[RulesSpan, ...]
    sorting: Sorting
    judged: Mapping[int, JudgedClaims]
    counts: tuple[Count, ...]

    def tally(self, which: Callable[[JudgedClaims], object] = lambda _: True) -> Tally:
        """The claims of some sorts."""
        chosen = self.codes(which)
        return sum((_tally(one) for one in self.counts if one.code in chosen), Tally())

    def by_kind(self) -> dict[Kind, Tally]:
        """The breaches of each kind there is."""
        found = {kind: self.tally(_of_kind(kind)) for kind in KINDS}
        return {kind: tally for kind, tally in found.items() if tally.n_claims}

    def codes(self, which: Callable[[JudgedClaims], object]) -> frozenset[int]:
        """The codes of some sorts."""
        return frozenset(code for code, one in self.judged.items() if which(one))


def reckon(
    cursor: duckdb.DuckDBPyConnection, spans: Sequence[RulesSpan], selection: Selection
) -> Reckoning:
    """Hold a selection's claims against the rules in force when each was made.

    Args:
        spans: `core.governance.rules_in_force.timeline` of the selection's signal.

    Raises:
        UnknownDimension, BadValue: as `core.queries.base.claims_sql.selected_claims`.
    """
    return asking.answered(cursor, reckoning(spans, selection))


def reckoning(spans: Sequence[RulesSpan], selection: Selection) -> Asking[Reckoning]:
    """`reckon`, asked together with other selections."""
    spans = _within(spans, selection)
    sorting = _sorting(spans)
    counts = yield from ask(CountAsked(selection, sorting))
    judged = {code: _judged(code, spans, sorting) for code in {one.code for one in counts}}
    return Reckoning(selection, spans, sorting, judged, counts)


def under(spans: Sequence[RulesSpan], rules: Rules) -> tuple[RulesSpan, ...]:
    """The spans as if these rules had been in force all along, standings as they were."""
    return tuple(
        replace(span, entry=replace(span.entry, spec=replace(span.entry.spec, rules=rules)))
        for span in spans
    )


def _within(spans: Sequence[RulesSpan], selection: Selection) -> tuple[RulesSpan, ...]:
    """The spans that the selection's times reach into."""
    return tuple(
        span
        for span in spans
        if (selection.until is None or span.since < selection.until)
        and (selection.since is None or span.until is None or span.until > selection.since)
    )


def _sorting(spans: Sequence[RulesSpan]) -> Sorting:
    acting = frozenset[Fingerprint]().union(*(span.acting for span in spans))
    return Sorting(
        moments=tuple(span.since for span in spans),
        prints=tuple(sorted(tuple(sorted(one.as_json().items())) for one in acting)),
        apart=told_apart(span.entry.spec.rules for span in spans),
    )


def _judged(code: int, spans: Sequence[RulesSpan], sorting: Sorting) -> JudgedClaims:
    sort = sorting.sort(code)
    done = next((one for one in ACTIONS if one == sort.action), None)
    if sort.era == 0 or spans[sort.era - 1].entry.spec.log_only:
        return JudgedClaims(code, None, done, None, None)
    span = spans[sort.era - 1]
    may_act = sort.print is not None and (
        Fingerprint.of(dict(sorting.prints[sort.print])) in span.acting
    )
    rules = span.entry.spec.rules
    return JudgedClaims(
        code,
        span,
        done,
        decide(rules, sort.confidence, sort.segments, may_act=may_act),
        decide(rules, sort.confidence, sort.segments, may_act=True),
    )


def _of_kind(kind: Kind) -> Callable[[JudgedClaims], bool]:
    return lambda one: one.kind == kind


def _tally(one: Count) -> Tally:
    return Tally(one.n_claims, one.n, one.n - one.s)


def breached(
    reckoning: Reckoning, *, kinds: Collection[str] = (), rules: Collection[str] = ()
) -> frozenset[int]:
    """The codes of breaches.

    Args:
        kinds: of these kinds only; none named: of all.
        rules: of these broken rules only; likewise.
    """
    return reckoning.codes(
        lambda one: (
            one.kind is not None
            and (not kinds or one.kind in kinds)
            and (not rules or one.broken in rules)
        )
    )


def breaches(
    cursor: duckdb.DuckDBPyConnection,
    reckoning: Reckoning,
    *,
    kinds: Collection[str] = (),
    rules: Collection[str] = (),
    limit: int,
    offset: int = 0,
    order: Order = "-ts",
) -> pd.DataFrame:
    """Some breaches, one row each.

    Args:
        kinds: as in `breached`.
        rules: likewise.
        order: by time, "-" for falling; "worst": the wrong ones first, most confident first.

    Returns:
        Columns event_id, ts (UTC without zone), confidence (NaN: unstated), outcome (1, 0, NA),
        done, required, rule, by_band and band_rule (what would have been required of a
        fingerprint that may act), kind, standing (how its fingerprint stood, in a sentence), entry
        (seq of the act that set the registry entry), registry_version (its SHA-256),
        gate_decision, gate_at, gate_action, gate_rule (null: not asked), followed (whether the
        action is the gate's; NA likewise), the fingerprint's fields, input_id and one
        ``seg_<dimension>`` each.
    """
    import pandas as pd

    frame = claims_of(
        cursor,
        reckoning.selection,
        reckoning.sorting,
        breached(reckoning, kinds=kinds, rules=rules),
        limit=limit,
        offset=offset,
        order=order,
    )
    judged = [reckoning.judged[code] for code in frame["code"]]
    told = pd.DataFrame([_said(one) for one in judged], columns=list(_SAID), index=frame.index)
    prints = frame[list(FIELDS)].astype(object).where(frame[list(FIELDS)].notna(), None)
    standing = [
        _standing(one, dict(zip(FIELDS, values, strict=True)))
        for one, values in zip(judged, prints.itertuples(index=False, name=None), strict=True)
    ]
    followed = [
        None if pd.isna(answer) else answer == done
        for answer, done in zip(frame["gate_action"], frame["action"], strict=True)
    ]
    found = (
        frame.drop(columns="code")
        .rename(columns={"action": "done"})
        .assign(
            **{name: told[name] for name in _SAID},
            standing=pd.Series(standing, index=frame.index, dtype=object),
            followed=pd.array(followed, dtype="boolean"),
        )
    )
    return found.reindex(columns=[*_FIRST, *(name for name in found if name not in _FIRST)])


_SAID = ("required", "rule", "by_band", "band_rule", "kind", "entry", "registry_version")
_FIRST = ("event_id", "ts", "confidence", "outcome", "done", "required", "rule", "kind", "standing")


def _said(one: JudgedClaims) -> tuple[object, ...]:
    assert one.span is not None
    assert one.required is not None
    assert one.if_open is not None
    entry = one.span.entry
    return (
        one.required.action,
        one.required.rule,
        one.if_open.action,
        one.if_open.rule,
        one.kind,
        entry.seq,
        entry.spec_sha256,
    )


def _standing(one: JudgedClaims, fields: Mapping[str, str | None]) -> str:
    assert one.span is not None
    return one.span.standing(Fingerprint.of(fields)).reason


def answered(cursor: duckdb.DuckDBPyConnection, reckoning: Reckoning) -> tuple[int, int]:
    """About how many breaches the gate was asked, and how many did as it answered last."""
    return escalations.answered(cursor, reckoning.selection, reckoning.sorting, breached(reckoning))


# ------------------------------------------------------------------------- for the standing rounds
@dataclass(frozen=True)
class Breached:
    """The breaches of one signal in a time.

    Attributes:
        since, until: [since, until), UTC without zone.
        by_kind: how many of each kind, none left out that there are.
        n_automated: how many of all were automated.
        n_wrong: known wrong ones among all.
    """

    since: datetime
    until: datetime
    by_kind: tuple[tuple[Kind, int], ...]
    n_automated: int
    n_wrong: int

    @property
    def n(self) -> int:
        """How many."""
        return sum(n for _, n in self.by_kind)


@one_question
def breached_signals(
    cursor: duckdb.DuckDBPyConnection, acts: Iterable[Act], since: datetime, until: datetime
) -> dict[str, Breached]:
    """The breaches of every registered signal that has any.

    Args:
        since: earliest claim time, UTC without zone.
        until: the first time after the last.
    """
    spans = timelines(acts)
    reckonings = together(
        cursor,
        (
            unless_elsewhere(reckoning(of_signal, Selection(signal, since=since, until=until)))
            for signal, of_signal in spans.items()
        ),
    )
    found = {}
    for signal, one in zip(spans, reckonings, strict=True):
        kinds = None if one is None else one.by_kind()
        if one is not None and kinds:
            automated = one.tally(lambda sort: sort.kind and sort.done == "automate")
            found[signal] = Breached(
                since,
                until,
                tuple((kind, tally.n_claims) for kind, tally in kinds.items()),
                automated.n_claims,
                sum(tally.n_wrong for tally in kinds.values()),
            )
    return found
