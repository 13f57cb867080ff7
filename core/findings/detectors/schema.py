"""What programs log is no longer what they logged: fields, versions, refused rows, or nothing.

The newest whole `AFTER` days are held against the `BEFORE` days ahead of them. Found is a share
that moved beyond what days differ by (`core.measure.monitoring.population_shift`), over all fields
and signals together (Bonferroni), *and* by a size that matters. That claims stopped is told by
silence more than `LONGER` times as long as any before; claims that name no version are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

import duckdb
import numpy as np

from core.defaults import ALPHA, MINIMUM_INPUTS
from core.findings.facts.base import Facts
from core.findings.facts.watching.schema import (
    FieldChanged,
    ShareJumped,
    StatedShare,
    VersionsUnnamed,
    VolumeStopped,
)
from core.findings.kinds import Condition
from core.governance.state import State
from core.measure.metrics.scores import NoValue
from core.measure.monitoring.population_shift import mix_change
from core.queries.base.kept.at_hand import days_not_at_hand
from core.queries.claims.logged_fields import VERSIONS, LoggedDay, logged_days, refused_days

#: Chance of a false finding over all fields and signals at one look: it is looked every day, and a
#: year has as many weeks that share no day.
LEVEL = ALPHA / 52
#: The newest days, and those they are held against.
AFTER, BEFORE = 7, 28
#: A field came or went where its share moved by as much; so many more unstated or refused matter.
FIELD_MOVED, SHARE_MOVED = 0.2, 0.05
#: Days that are looked at for silences, and on how many of them a signal must have made claims.
DAYS, ACTIVE = 56, 14
#: Silence so many times as long as the longest before, and of so many days, is a stop.
LONGER, SILENT = 2, 3
#: Claims without a version's name that are no slip: so many, and such a share.
UNNAMED, UNNAMED_SHARE = MINIMUM_INPUTS, 0.01


@dataclass(frozen=True)
class _Moved:
    """A share of one signal's rows that was compared.

    Attributes:
        signal, subject, kind: of the condition that it may be.
        before, after: the share.
        p_value: of no change.
        matters: whether its size does.
    """

    signal: str
    kind: str
    subject: str
    before: StatedShare
    after: StatedShare
    p_value: float
    matters: bool

    @property
    def facts(self) -> Facts:
        if self.kind == "field_changed":
            return FieldChanged(self.subject, self.before, self.after)
        if self.subject == "refused":
            return ShareJumped("refused", self.before, self.after)
        return ShareJumped("unstated", self.before, self.after)


def schema_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """What changed in what the registered signals log."""
    until = datetime.combine(now.date(), time())
    since = until - timedelta(days=DAYS)
    logged = logged_days(cursor, since, until)
    refused = refused_days(cursor, until - timedelta(days=AFTER + BEFORE), until)
    # Some of the claims that loaded cells were counted from would look like all.
    mine = {
        signal: logged[signal]
        for signal in sorted(state.entries)
        if signal in logged and not days_not_at_hand(cursor, signal, since, until)
    }
    moved = [
        *(one for signal, days in mine.items() for one in _fields(signal, days, until)),
        *(
            one
            for signal in sorted(state.entries)
            if signal in refused
            for one in _refused(signal, refused[signal], until)
        ),
    ]
    found = [
        Condition.of(one.kind, one.signal, one.subject, one.facts)
        for one in moved
        if one.matters and one.p_value * len(moved) <= LEVEL
    ]
    for signal, days in mine.items():
        stopped = _stopped(days, until.date())
        if stopped is not None:
            found.append(Condition.of("volume_stopped", signal, "", stopped))
        found += [
            Condition.of("versions_unnamed", signal, facts.field, facts)
            for facts in _unnamed(days, until.date())
        ]
    return tuple(found)


def _fields(signal: str, days: Mapping[date, LoggedDay], until: datetime) -> Iterator[_Moved]:
    """Every field that some but not all claims of the time state, and the confidence."""
    names = dict.fromkeys(name for one in days.values() for name in one.stated)
    for name in names:
        if name in VERSIONS:
            continue
        counts = {day: (one.stated[name], one.n) for day, one in days.items()}
        unstated = name == "confidence_ppm"
        if unstated:
            counts = {day: (n - stated, n) for day, (stated, n) in counts.items()}
        compared = _compared(counts, until)
        if compared is None:
            continue
        before, after, p_value = compared
        rise = after.share - before.share
        if unstated:
            yield _Moved(
                *(signal, "share_jumped", "unstated", before, after, p_value, rise >= SHARE_MOVED)
            )
        else:
            matters = abs(rise) >= FIELD_MOVED
            yield _Moved(signal, "field_changed", name, before, after, p_value, matters)


def _refused(
    signal: str, days: Mapping[date, tuple[int, int]], until: datetime
) -> Iterator[_Moved]:
    compared = _compared({day: (bad, n + bad) for day, (n, bad) in days.items()}, until)
    if compared is not None:
        before, after, p_value = compared
        matters = after.share - before.share >= SHARE_MOVED
        yield _Moved(signal, "share_jumped", "refused", before, after, p_value, matters)


def _compared(
    days: Mapping[date, tuple[int, int]], until: datetime
) -> tuple[StatedShare, StatedShare, float] | None:
    """A share before and after, and the chance of no change; None where it cannot be told.

    Args:
        days: day → (rows it is of, all rows).
    """
    cut = (until - timedelta(days=AFTER)).date()
    first = cut - timedelta(days=BEFORE)
    sides = [
        {day: one for day, one in days.items() if first <= day < cut},
        {day: one for day, one in days.items() if cut <= day < until.date()},
    ]
    tables = [
        np.array([(k, n - k) for k, n in side.values()], dtype=np.int64).reshape(-1, 2)
        for side in sides
    ]
    if min(table.sum() for table in tables) < MINIMUM_INPUTS:
        return None
    change = mix_change(*tables)
    if isinstance(change, NoValue):
        return None
    shares = []
    for side, table in zip(sides, tables, strict=True):
        n = int(table.sum())
        shares.append(StatedShare(min(side), max(side), n, float(table[:, 0].sum()) / n))
    return shares[0], shares[1], change.p_value


def _stopped(days: Mapping[date, LoggedDay], today: date) -> VolumeStopped | None:
    """That a signal which made claims on most days makes none any more."""
    made = sorted(days)
    if len(made) < ACTIVE:
        return None
    silent = (today - made[-1]).days - 1
    longest = max((later - earlier).days - 1 for earlier, later in pairwise(made))
    if silent < SILENT or silent <= LONGER * longest:
        return None
    span = (made[-1] - made[0]).days + 1
    return VolumeStopped(made[-1], silent, longest, sum(one.n for one in days.values()) / span)


def _unnamed(days: Mapping[date, LoggedDay], today: date) -> Iterator[VersionsUnnamed]:
    """The version fields that claims of the newest days do not name.

    A prompt only where some claim of the signal names one: not every number comes of a prompt.
    """
    newest = {day: one for day, one in days.items() if day >= today - timedelta(days=BEFORE)}
    of = sum(one.n for one in newest.values())
    for name in VERSIONS:
        n = of - sum(one.stated[name] for one in newest.values())
        named = any(one.stated[name] for one in days.values())
        if n >= UNNAMED and n >= UNNAMED_SHARE * of and (named or name == "model_version"):
            yield VersionsUnnamed(name, n, of, min(newest), max(newest))
