"""Claims that acted by themselves, and that the gate was never asked about.

Who never asks cannot be stopped: a validation that was suspended, an owner who left, a rule that
was tightened reach nobody. Every production claim of a registered signal has to ask, from its first
entry on; while the entry is log-only it decides nothing, and has nothing to ask. A signal that
never asked once is one that bypasses the gate with every claim.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import duckdb

from core.governance.rules_in_force import RulesSpan, timelines
from core.queries.base.together.asked_once import one_question
from core.queries.claims.gate_use import GateUse, HeldAgainst, Ruled, answers_given, gate_use
from core.trail.acts import Act
from core.trail.fingerprint import Fingerprint

#: So long after its end a day is whole: what waits beside the ledger, answers and claims, is folded
#: in by then.
WHOLE_AFTER = timedelta(hours=1)
#: Days looked at up to the last whole one.
DAYS = 30


@dataclass(frozen=True)
class VersionBypassed:
    """Automated claims of one version that never asked.

    Attributes:
        fingerprint: which version.
        n: how many.
        n_known: those with an outcome.
        n_wrong: the wrong ones among them.
    """

    fingerprint: Fingerprint
    n: int
    n_known: int
    n_wrong: int


@dataclass(frozen=True)
class Bypass:
    """What one signal did without asking the gate.

    Attributes:
        signal: its name.
        since, until: the time looked at, [since, until), UTC without zone.
        days: by signal, version, day and action, as they were counted.
        n_answers: recorded answers about the signal in that time.
        n_stray: those of them that name no claim of it.
    """

    signal: str
    since: datetime
    until: datetime
    days: tuple[GateUse, ...]
    n_answers: int = 0
    n_stray: int = 0

    @property
    def n_automated(self) -> int:
        """Claims that acted by themselves."""
        return sum(one.n for one in self.days if one.action == "automate")

    @property
    def automated(self) -> tuple[GateUse, ...]:
        """Those that acted by themselves without asking, none left out that there are."""
        return tuple(one for one in self.days if one.action == "automate" and one.n_unasked)

    @property
    def n(self) -> int:
        """How many of them acted without asking."""
        return sum(one.n_unasked for one in self.automated)

    @property
    def n_other(self) -> int:
        """Those of these about which the gate was asked with another confidence or version."""
        return sum(one.n_other for one in self.automated)

    @property
    def late(self) -> tuple[GateUse, ...]:
        """Those that acted by themselves, and asked only after they had come in."""
        return tuple(one for one in self.days if one.action == "automate" and one.n_late)

    @property
    def n_late(self) -> int:
        """How many of them asked afterwards."""
        return sum(one.n_late for one in self.late)

    @property
    def unnamed(self) -> tuple[GateUse, ...]:
        """Those that acted by themselves, and asked without naming all of their version."""
        return tuple(one for one in self.days if one.action == "automate" and one.n_unnamed)

    @property
    def n_unnamed(self) -> int:
        """How many of them asked so."""
        return sum(one.n_unnamed for one in self.unnamed)

    @property
    def n_known(self) -> int:
        """Those that did not ask with an outcome."""
        return sum(one.n_known for one in self.automated)

    @property
    def n_wrong(self) -> int:
        """The wrong ones among them."""
        return sum(one.n_wrong for one in self.automated)

    @property
    def n_with_people(self) -> int:
        """Claims that did not ask either, and that people saw."""
        return sum(one.n_unasked for one in self.days if one.action in ("review", "escalate"))

    @property
    def n_not_logged(self) -> int:
        """Claims that did not ask and of which no action is logged, so that they may have acted."""
        return sum(one.n_unasked for one in self.days if one.action is None)

    @property
    def versions(self) -> tuple[VersionBypassed, ...]:
        """By version, most first."""
        n: Counter[Fingerprint] = Counter()
        known: Counter[Fingerprint] = Counter()
        wrong: Counter[Fingerprint] = Counter()
        for one in self.automated:
            version = Fingerprint.of(dict(one.fields))
            n[version] += one.n_unasked
            known[version] += one.n_known
            wrong[version] += one.n_wrong
        return tuple(
            VersionBypassed(version, each, known[version], wrong[version])
            for version, each in sorted(n.items(), key=lambda item: (-item[1], item[0].words()))
        )


def whole_days(now: datetime) -> datetime:
    """The end of the last day that is whole, UTC without zone."""
    return datetime.combine((now - WHOLE_AFTER).date(), time())


def ruled(spans: Iterable[RulesSpan]) -> Ruled:
    """The times in which a signal's claims had to ask the gate."""
    return tuple((one.since, one.until) for one in spans if not one.entry.spec.log_only)


@one_question
def bypasses(
    cursor: duckdb.DuckDBPyConnection,
    acts: Iterable[Act],
    since: datetime,
    until: datetime,
    *,
    signals: Iterable[str] | None = None,
    came_since: datetime | None = None,
) -> dict[str, Bypass]:
    """What every registered signal did, and what of it without asking; those without claims not.

    Signals whose cells were loaded are left out, unless all these claims of them are here.

    Args:
        acts: of the trail, from the first one on.
        since: earliest claim time, UTC without zone.
        until: the first time after the last.
        signals: only these; None: all.
        came_since: as in `core.queries.claims.gate_use.HeldAgainst`.

    Raises:
        Refused: an act does not follow from those before it.
    """
    spans = timelines(acts)
    chosen = spans if signals is None else {name: spans.get(name, ()) for name in signals}
    looked_at = HeldAgainst(
        {name: ruled(each) for name, each in chosen.items()}, since, until, came_since
    )
    by: defaultdict[str, list[GateUse]] = defaultdict(list)
    for one in gate_use(cursor, looked_at):
        by[one.signal].append(one)
    short = [
        name for name, days in by.items() if any(one.n_unasked or one.n_unnamed for one in days)
    ]
    given = answers_given(cursor, short, since, until) if short else {}
    return {
        name: Bypass(
            name,
            min(since, _midnight(days)),
            until,
            tuple(days),
            given[name].n if name in given else 0,
            given[name].n_stray if name in given else 0,
        )
        for name, days in by.items()
    }


def _midnight(days: Sequence[GateUse]) -> datetime:
    return datetime.combine(min(one.day for one in days), time())
