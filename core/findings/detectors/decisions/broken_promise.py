"""Thresholds whose promise the claims that came since do not keep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.events import PPM
from core.findings.facts.decisions.cuts import PromiseBroken
from core.findings.kinds import Condition
from core.governance.state import State
from core.ledger.errors import NeedsClaims
from core.measure.labelling.cut_at_every_look import log_broken
from core.measure.labelling.risk_thresholds import AtCut, at_cut
from core.queries.base.seen.fingerprints_seen import FIELDS, Seen, fingerprints_seen, in_use
from core.queries.base.selection import Selection
from core.queries.sums.tuning_sample import split_cells
from core.registry.cut_runs import Cut, CutRun, promises
from core.registry.proof_rules import cut_words
from core.registry.signal_spec import SignalSpec
from core.trail.fingerprint import Fingerprint
from core.validation.recent_sample import week_began

#: A bet that has won so much ends it: of a promise that is kept, one in twenty does, ever.
ALARM = 20.0
#: Fewer labelled ones among the claims above the cut may be those of some kinds of cases only.
LABELLED = 0.5


@dataclass(frozen=True)
class Promise:
    """A cut held against the claims of one version that were made since its run.

    Attributes:
        cut, run: which, and what proved it.
        fingerprint: of which version.
        at: what the cut does with its claims; the first of each input.
        won: natural logarithm of what the bet against the promise has won; 0 where too few of the
            claims above the cut are labelled.
    """

    cut: Cut
    run: CutRun
    fingerprint: Fingerprint
    at: AtCut
    won: float

    @property
    def broken(self) -> bool:
        """Whether more are wrong than the run proved."""
        return self.won >= math.log(ALARM)

    @property
    def facts(self) -> PromiseBroken:
        """As a finding holds it."""
        return PromiseBroken(
            cut_words(self.cut),
            self.run.sha256,
            self.run.at.date(),
            self.run.risk_ppm,
            self.at.errors,
            self.at.n,
            self.run.level_ppm,
        )


def measure_promises(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    spec: SignalSpec,
    seen: Sequence[Seen],
    now: datetime,
) -> tuple[Promise, ...]:
    """Every cut that a run proved, held against each version in use.

    Production claims made since the run whose outcomes are final by their age. A version that came
    later is held to the promise as well: its claims are judged by the same cut.
    """
    until = week_began(now) - spec.maturity.age
    return tuple(
        held
        for cut, run in promises(spec, state.runs)
        for one in in_use(seen, spec.name)
        if (held := _held(cursor, spec.name, cut, run, one, until)) is not None
    )


def _held(
    cursor: duckdb.DuckDBPyConnection,
    signal: str,
    cut: Cut,
    run: CutRun,
    version: Seen,
    until: datetime,
) -> Promise | None:
    """One cut and one version; None: it made no claim since."""
    since = max(run.at, version.first_ts)
    if since >= until:
        return None
    fields = dict(version.fields)
    where = [(name, (fields.get(name),)) for name in FIELDS]
    if cut.dimension is not None:
        where.append((cut.dimension, (cut.value,)))
    selection = Selection(signal, since=since, until=until, where=tuple(where))
    (cells,) = split_cells(cursor, selection, "production").cells
    at = at_cut(cells, cut.ppm / PPM)
    speaks = at.automated > 0 and at.n >= LABELLED * at.automated
    won = float(log_broken(at.n, at.errors, run.risk_ppm / PPM)) if speaks else 0.0
    return Promise(cut, run, Fingerprint.of(fields), at, won)


def promise_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The cuts of registered signals that do not keep what their run proved."""
    if not state.runs:
        return ()
    seen = fingerprints_seen(cursor)
    found = []
    for signal, entry in sorted(state.entries.items()):
        with suppress(NeedsClaims):
            found += [
                Condition.of(
                    "promise_broken", signal, one.fingerprint.id, one.facts, one.fingerprint
                )
                for one in measure_promises(cursor, state, entry.spec, seen, now)
                if one.broken
            ]
    return tuple(found)
