"""The standing verdict: one answer per signal and version in use, made here and shown everywhere.

It rests on the newest claims whose outcomes are final (`core.standing.window`), at the level at
which the verdicts of all versions in use hold together (Šidák 1967). Where audit samples were drawn
of them and answered (`core.standing.audited`), the gap of the whole is theirs as soon as they can
tell, and theirs alone where the other labels do not speak for all claims or are contradicted. What
one week adds is news, and what a reader's own filters give is about that selection; neither is a
second verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal

import duckdb
import numpy as np

from core.comparison.compare import in_use_before
from core.defaults import ALPHA, MINIMUM_INPUTS
from core.governance.signal_terms import terms_of
from core.governance.state import State
from core.governance.stops import DRIFT_ALARM
from core.ledger.errors import NeedsClaims
from core.measure.metrics.label_bias import inverse_propensity
from core.measure.verdicts.parts import MATTERS_FROM, STATES, PartName, PartState, gap_states
from core.queries.base.seen.fingerprints_seen import FIELDS, Seen, fingerprints_seen, in_use
from core.queries.base.together.asked_once import one_question
from core.queries.base.together.asking import Asking, together
from core.queries.sums.labelling.label_coverage import propensity_sums
from core.standing.audited import AuditedGap, audited_gap
from core.standing.window import StandingWindow, first_window, standing_window
from core.terms import Terms
from core.trail.fingerprint import Fingerprint
from core.validation.recent_sample import Off, Recent, all_segments, measuring, week_began

#: What gives a verdict: a part of the whole, a segment, or an open alarm of the watch.
Reason = PartName | Literal["segment", "alarm"]


@dataclass(frozen=True)
class Reweighted:
    """The gap of all claims where labels were drawn with logged chances.

    Attributes:
        gap, low, high: with the interval at the level asked for.
        n: labelled claims it rests on.
        effective: equally weighted claims they are worth (Kish 1965).
        by_audit: whether it is of the labels alone that audit samples drew.
        alone: whether the verdict sets all other labels aside; else they judge parts and segments.
    """

    gap: float
    low: float
    high: float
    n: int
    effective: float
    by_audit: bool = False
    alone: bool = True


@dataclass(frozen=True)
class Began:
    """The change of version that an error came with.

    Attributes:
        changed: the fields of the fingerprint that changed, name → new value.
        on: day of the new version's first claim.
        gap_before: the gap of the version before it.
    """

    changed: tuple[tuple[str, str], ...]
    on: date
    gap_before: float


@dataclass(frozen=True)
class StandingVerdict:
    """What is known of one version of a signal now.

    Attributes:
        signal: whose.
        version: the fingerprint, with its first and last claim.
        share: of the claims of the signal's versions in use, as far as counted, in [0, 1].
        terms: by which it is judged: its own, or the usual ones.
        window: the claims it rests on; None while no outcome is final.
        recent: these, measured; None without a label.
        weighted: the gap of all of them where labels were drawn with logged chances.
        state: the verdict.
        reason: what gives it; None where it is fine or has too few labels.
        level: of its intervals, so that those of all versions in use hold together.
        began: the change of version the error came with, where one is shown.
        lacks: whether it cannot be measured from the cells that were loaded of it.
    """

    signal: str
    version: Seen
    share: float
    terms: Terms
    window: StandingWindow | None
    recent: Recent | None
    weighted: Reweighted | None
    state: PartState
    reason: Reason | None
    level: float
    began: Began | None = None
    lacks: bool = False

    @property
    def fingerprint(self) -> Fingerprint:
        """The version as a fingerprint."""
        return Fingerprint.of(dict(self.version.fields))

    @property
    def speaks_for_all(self) -> bool:
        """Whether it is a verdict on all claims; by labels of some kind only there is none."""
        if self.lacks:
            return False
        return self.weighted is not None or self.recent is None or self.recent.speaks_for_all

    @property
    def gap(self) -> tuple[float, float, float] | None:
        """The gap with its interval: weighted where labels were drawn, else as labelled."""
        one = self.weighted or self.recent
        return None if one is None else (one.gap, one.low, one.high)

    @property
    def n(self) -> int:
        """Labelled claims it rests on."""
        if self.weighted is not None and self.weighted.by_audit:
            return self.weighted.n
        return 0 if self.recent is None else self.recent.n

    @property
    def whole_alone(self) -> bool:
        """Whether it judges the gap of the whole and nothing else: weighted labels tell no more."""
        return self.weighted is not None and self.weighted.alone

    def part(self, name: PartName) -> PartState | None:
        """The state of one part of the whole; None where it has none, or it is not judged."""
        if self.weighted is not None and name == "whole":
            return _whole(self.weighted, self.terms)
        if self.whole_alone:
            return None
        one = self.recent
        if one is None or (name == "high_band" and not one.high_n):
            return None
        low, high = {
            "whole": (one.low, one.high),
            "shape": (one.error_low, one.error_high),
            "high_band": (one.high_low, one.high_high),
        }[name]
        if name in one.off_parts:
            return "off"
        if -self.terms.tolerance <= low and high <= self.terms.tolerance:
            return "fine"
        return "at_the_edge" if low > 0 or high < 0 else "too_few"

    @property
    def worst(self) -> Off | None:
        """The segment to name: the worst of those that are off beyond what all claims are.

        Where the whole is off alike everywhere, or is all that is judged, none is.
        """
        if self.recent is None or self.whole_alone or not self.speaks_for_all:
            return None
        return next((one for one in self.recent.off if one.differs), None)


#: Of every signal, the verdict of each version in use, worst first.
Verdicts = Mapping[str, tuple[StandingVerdict, ...]]


def family_level(n: int) -> float:
    """Level of one verdict, so that ``n`` of them hold together (Šidák 1967)."""
    level: float = (1 - ALPHA) ** (1 / max(1, n))
    return level


@one_question
def standing_verdicts(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    now: datetime,
    *,
    only: Collection[str] | None = None,
    causes: bool = False,
) -> dict[str, tuple[StandingVerdict, ...]]:
    """Of every signal, the verdict of each version in use, worst first.

    Args:
        state: what the trail says; None: it is broken, and all are judged by the usual terms.
        only: of these signals; the level is that of all.
        causes: whether to look for the change of version that an error came with.
    """
    # A fingerprint that only asked the gate has no claim to judge.
    seen = [one for one in fingerprints_seen(cursor, now) if one.n_claims]
    used = {signal: in_use(seen, signal) for signal in sorted({one.signal for one in seen})}
    level = family_level(sum(len(versions) for versions in used.values()))
    segments = all_segments(cursor)
    asked = _Asked(cursor, state, now, seen, level, among_all=only is None)
    chosen = [signal for signal in used if only is None or signal in only]
    found = together(
        cursor,
        [
            _of_signal(asked, signal, used[signal], segments.get(signal, ()), causes=causes)
            for signal in chosen
        ],
    )
    return dict(zip(chosen, found, strict=True))


def of_signal(verdicts: Sequence[StandingVerdict]) -> StandingVerdict:
    """The one that stands for a signal: the worst of its versions in use.

    A version too new to tell counts only once it makes `MATTERS_FROM` of the claims.

    Args:
        verdicts: of the versions in use, worst first; at least one.
    """
    told = [one for one in verdicts if one.state != "too_few" or one.share >= MATTERS_FROM]
    return (told or list(verdicts))[0]


@dataclass(frozen=True)
class _Asked:
    """What is alike for all signals of a question."""

    cursor: duckdb.DuckDBPyConnection
    state: State | None
    now: datetime
    seen: Sequence[Seen]
    level: float
    among_all: bool

    def window(self, version: Seen) -> StandingWindow | None:
        maturity = terms_of(self.state, version.signal).maturity
        return standing_window(self.cursor, version, maturity, self.now, among_all=self.among_all)

    def first_window(self, version: Seen) -> StandingWindow | None:
        maturity = terms_of(self.state, version.signal).maturity
        return first_window(self.cursor, version, maturity, self.now, among_all=self.among_all)

    def measured(
        self, window: StandingWindow, terms: Terms, names: Sequence[str]
    ) -> Asking[Recent | None]:
        return measuring(
            self.cursor,
            window.claims,
            week_began(self.now),
            terms=terms,
            level=self.level,
            names=names,
        )


def _of_signal(
    asked: _Asked,
    signal: str,
    versions: Sequence[Seen],
    names: Sequence[str],
    *,
    causes: bool,
) -> Asking[tuple[StandingVerdict, ...]]:
    state = asked.state
    terms, total = terms_of(state, signal), sum(one.n_claims for one in versions)
    found = []
    for version in versions:
        window = asked.window(version)
        measured = weighted = audit = None
        lacks = False
        if window is not None:
            try:
                measured = yield from asked.measured(window, terms, names)
                if measured is not None:
                    weighted = _reweighted(asked, window, measured)
                    if weighted is None:
                        audit = audited_gap(
                            asked.cursor,
                            window.claims,
                            level=asked.level,
                            tolerance=terms.tolerance,
                        )
                        weighted = _by_audit(audit, measured)
            except NeedsClaims:
                measured, lacks = None, True
        alarmed = state is not None and _alarmed(state, version)
        if weighted is None and measured is not None and audit is not None:
            weighted = _better_of_the_whole(audit, measured, terms)
        verdict, reason = _verdict(measured, weighted, terms, alarmed=alarmed)
        one = StandingVerdict(
            signal=signal,
            version=version,
            share=version.n_claims / total,
            terms=terms,
            window=window,
            recent=measured,
            weighted=weighted,
            state=verdict,
            reason=reason,
            level=asked.level,
            lacks=lacks,
        )
        if causes and verdict == "off":
            one = replace(one, began=(yield from _beginning(asked, one)))
        found.append(one)
    found.sort(key=lambda one: (STATES.index(one.state), -one.share))
    return tuple(found)


def _reweighted(asked: _Asked, window: StandingWindow, measured: Recent) -> Reweighted | None:
    """None where some label's chance is not logged, or too few labels are left."""
    if not measured.labels.n_drawn:
        return None
    sums = propensity_sums(asked.cursor, window.claims).sums
    if not len(sums) or sums.n[0] < sums.n_labelled[0] or sums.n_capped[0]:
        return None
    one = inverse_propensity(sums, level=asked.level)
    if sums.inputs[0] < MINIMUM_INPUTS:
        return None
    return Reweighted(
        float(one.gap[0]),
        float(one.gap_low[0]),
        float(one.gap_high[0]),
        int(one.n[0]),
        float(one.effective_n[0]),
    )


def _by_audit(audit: AuditedGap | None, measured: Recent) -> Reweighted | None:
    """The audit alone, where the labels do not speak for all claims or it contradicts them."""
    if audit is None or (measured.speaks_for_all and not audit.contradicts):
        return None
    return Reweighted(audit.gap, audit.low, audit.high, audit.n, audit.effective, by_audit=True)


def _better_of_the_whole(audit: AuditedGap, measured: Recent, terms: Terms) -> Reweighted | None:
    """The audit beside all labels, where it says of the whole what they do not; else None."""
    drawn = _whole(audit, terms)
    by_labels = "whole" in measured.off_parts
    if drawn == "too_few" or (drawn == "off") == by_labels:
        return None
    return Reweighted(
        audit.gap, audit.low, audit.high, audit.n, audit.effective, by_audit=True, alone=False
    )


def _verdict(
    measured: Recent | None,
    weighted: Reweighted | None,
    terms: Terms,
    *,
    alarmed: bool,
) -> tuple[PartState, Reason | None]:
    state: PartState = "too_few"
    reason: Reason | None = None
    if weighted is not None and weighted.alone:
        state, reason = _whole(weighted, terms), "whole"
    elif measured is not None and measured.speaks_for_all:
        state, reason = measured.state, measured.reason
        if weighted is not None:
            # Of the whole the audit knows better, once it knows; of a segment that differs, labels.
            state, reason = _whole(weighted, terms), "whole"
        told = measured.off if weighted is None else [one for one in measured.off if one.differs]
        if state != "off" and told:
            state, reason = "off", "segment"
    if state != "off" and alarmed:
        state, reason = "off", "alarm"
    return state, None if state in ("fine", "too_few") else reason


def _whole(gap: Reweighted | AuditedGap, terms: Terms) -> PartState:
    """What a gap of all claims with its interval says of the whole."""
    yes = np.ones(1, dtype=bool)
    (state,) = gap_states(np.array([gap.low]), np.array([gap.high]), yes, yes, terms.tolerance)
    return state


def _alarmed(state: State, version: Seen) -> bool:
    """Whether it is an alarm of the watch that holds the version's validation suspended."""
    known = state.validations.get((version.signal, Fingerprint.of(dict(version.fields))))
    if known is None or known.state != "suspended" or known.trigger is None:
        return False
    return known.trigger.id == DRIFT_ALARM


def came_with(
    before: tuple[float, float, float], after: tuple[float, float, float], error: float
) -> bool:
    """Whether a gap moved towards an error by more than chance explains.

    The interval of the difference is made of the two intervals (Zou & Donner 2008, the method of
    variance estimates recovery), and lies beyond zero on the side of the error.

    Args:
        before: gap with its lower and upper end.
        error: the gap that is to be explained; its sign is the side.
    """
    (old, old_low, old_high), (new, new_low, new_high) = before, after
    if error > 0:
        return new - old > float(np.hypot(new - new_low, old_high - old))
    return old - new > float(np.hypot(new_high - new, old - old_low))


def _beginning(asked: _Asked, one: StandingVerdict) -> Asking[Began | None]:
    """The change of version that an error came with; None where none is shown.

    The gap in the version's first weeks is held against that of the version in use before it, in
    its newest weeks: an error that grew later did not come with the version.
    """
    first = one.version.first_ts
    earlier = [past for past in asked.seen if past.signal == one.signal and past.first_ts < first]
    before = in_use_before(earlier, first)
    if before is None or one.recent is None:
        return None
    windows = asked.window(before), asked.first_window(one.version)
    old, new = None, None
    try:
        if windows[0] is not None:
            old = yield from asked.measured(windows[0], one.terms, ())
        if windows[1] is not None:
            new = yield from asked.measured(windows[1], one.terms, ())
    except NeedsClaims:
        return None
    if old is None or new is None or not (old.speaks_for_all and new.speaks_for_all):
        return None
    if not came_with((old.gap, old.low, old.high), (new.gap, new.low, new.high), one.recent.gap):
        return None
    fields, past = dict(one.version.fields), dict(before.fields)
    changed = tuple(
        (name, fields.get(name, "")) for name in FIELDS if fields.get(name) != past.get(name)
    )
    return Began(changed, first.date(), old.gap)
