"""The twelve failures against every signal: covered, open, not measured, not applicable.

What each of the four means, and when a rule says which, stands in `core.views.risks.rules`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.governance.state import State
from core.sentences.numbers import counted
from core.standing.verdict import Verdicts
from core.views.audit.trail_integrity import Wholeness
from core.views.risks.catalogue import FAILURES, QuietFailure
from core.views.risks.facts import RiskFacts
from core.views.risks.gather import gathered
from core.views.risks.rules.all import RULES
from core.views.risks.status import STATUS_WORDS, STATUSES, Link, Status


@dataclass(frozen=True)
class Cell:
    """One failure of one signal.

    Attributes:
        failure: which.
        signal: of which signal.
        status: one of four.
        line: what that rests on, in one line.
        link: where that can be seen.
    """

    failure: QuietFailure
    signal: str
    status: Status
    line: str
    link: Link


@dataclass(frozen=True)
class RisksView:
    """All of them.

    Attributes:
        headline: how many are open, and where most.
        cells: every failure of every signal, in the order of both.
        failures: those with most open ones first.
        signals: likewise.
        at: when, UTC without zone.
        data_version: of the ledger's events.
        n_entries: acts of the trail.
        root: of the tree over them, base64; None without one.
        whole: the last verification of the trail, in a sentence.
        broken: whether nothing can rest on the trail.
    """

    headline: str
    cells: tuple[Cell, ...]
    failures: tuple[QuietFailure, ...]
    signals: tuple[str, ...]
    at: datetime
    data_version: int
    n_entries: int
    root: str | None
    whole: str
    broken: bool

    def of_failure(self, key: str) -> tuple[Cell, ...]:
        """The cells of a failure, open ones first."""
        return _by_status(one for one in self.cells if one.failure.key == key)

    def of_signal(self, signal: str) -> tuple[Cell, ...]:
        """The cells of a signal, open ones first."""
        return _by_status(one for one in self.cells if one.signal == signal)

    def cell(self, key: str, signal: str) -> Cell:
        """One of them."""
        return next(one for one in self.cells if (one.failure.key, one.signal) == (key, signal))


def risks_view(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    now: datetime,
    whole: Wholeness,
    *,
    data_version: int,
    verdicts: Verdicts | None = None,
) -> RisksView:
    """Assemble every failure of every signal.

    Args:
        whole: the last verification of the trail.
        data_version: of the ledger's events.
        verdicts: the standing verdicts as of now; None: they are worked out.
    """
    facts = gathered(cursor, state, now, whole, verdicts)
    return assembled(facts, now, whole, data_version, broken=state is None)


def assembled(
    facts: Sequence[RiskFacts],
    now: datetime,
    whole: Wholeness,
    data_version: int,
    *,
    broken: bool,
) -> RisksView:
    """`risks_view` from facts.

    Args:
        whole: the last verification of the trail.
        data_version: of the ledger's events.
        broken: whether nothing can rest on the trail.
    """
    cells = tuple(_cell(one, each) for one in FAILURES for each in facts)
    open_ = Counter(one.failure.key for one in cells if one.status == "open")
    off = Counter(one.signal for one in cells if one.status == "open")
    names = [one.signal for one in facts]
    return RisksView(
        headline=_headline(cells, len(facts)),
        cells=cells,
        failures=tuple(sorted(FAILURES, key=lambda one: -open_[one.key])),
        signals=tuple(sorted(names, key=lambda one: (-off[one], one))),
        at=now,
        data_version=data_version,
        n_entries=whole.n_entries,
        root=None if whole.newest is None else whole.newest.root,
        whole=whole.headline,
        broken=broken,
    )


def tallied(cells: Iterable[Cell]) -> tuple[tuple[Status, int], ...]:
    """How many of each status, in their order; those there are none of are left out."""
    n = Counter(one.status for one in cells)
    return tuple((status, n[status]) for status in STATUSES if n[status])


def tally_words(cells: Iterable[Cell]) -> str:
    """The same in words: ``7 open, 1 covered``."""
    return ", ".join(f"{n} {STATUS_WORDS[status].lower()}" for status, n in tallied(cells))


def _cell(failure: QuietFailure, facts: RiskFacts) -> Cell:
    found = RULES[failure.key](facts)
    return Cell(failure, facts.signal, found.status, found.line, found.link)


def _by_status(cells: Iterable[Cell]) -> tuple[Cell, ...]:
    return tuple(sorted(cells, key=lambda one: STATUSES.index(one.status)))


def _headline(cells: Sequence[Cell], n_signals: int) -> str:
    if not cells:
        return "No claim has come in, and no signal is registered."
    open_ = [one for one in cells if one.status == "open"]
    asked = f"{len(FAILURES)} failures of {counted(n_signals, 'signal')}"
    if not open_:
        return f"Nothing is open: {tally_words(cells)} over {asked}."
    by = Counter(one.signal for one in open_)
    worst, most = min(by.items(), key=lambda one: (-one[1], one[0]))
    failures = Counter(one.failure.title for one in open_)
    title, often = failures.most_common(1)[0]
    return (
        f"{len(open_)} of {len(cells)} are open over {asked}. Most open: {worst} ({most} of "
        f"{len(FAILURES)}); most often: {title[0].lower()}{title[1:]} ({often} of {n_signals})."
    )
