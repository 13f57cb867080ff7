"""Which rules were in force when, and which fingerprints might act then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import pairwise

from core.governance.advance import advance
from core.governance.state import EMPTY, Entry, State
from core.governance.validations.lifecycle import STEPS
from core.governance.validations.standing import Standing
from core.trail.acts import Act
from core.trail.fingerprint import Fingerprint

#: Acts about no signal that may change who sits in an owner's seat, or what the gate asks for.
_FOR_ALL = ("person.added", "person.status", "group.set", "gate.mode")


@dataclass(frozen=True)
class RulesSpan:
    """A time in which nothing changed for a signal.

    Attributes:
        since, until: [since, until), UTC without zone; None: for good, as far as the trail says.
        entry: the registry entry in force.
        standings: how the fingerprints stood about which something was done.
    """

    since: datetime
    until: datetime | None
    entry: Entry
    standings: Mapping[Fingerprint, Standing]

    @property
    def acting(self) -> frozenset[Fingerprint]:
        """The fingerprints that might act."""
        return frozenset(one for one, stood in self.standings.items() if stood.open)

    def standing(self, fingerprint: Fingerprint) -> Standing:
        """How a fingerprint stood, and why."""
        return self.standings.get(fingerprint) or NEVER


#: How a fingerprint stands about which nothing was ever done.
NEVER = Standing("draft", False, "This fingerprint was never validated.")


def timeline(acts: Iterable[Act], signal: str) -> tuple[RulesSpan, ...]:
    """The spans of one signal, oldest first and without a gap, from its first entry on.

    At any time in a span the state of the acts up to then says of every fingerprint what the span
    says: a validation that expires, and a person who comes back, begin a new one.

    Args:
        acts: of the trail, from the first one on.

    Raises:
        Refused: an act does not follow from those before it.
    """
    return timelines(acts).get(signal, ())


def timelines(acts: Iterable[Act]) -> dict[str, tuple[RulesSpan, ...]]:
    """`timeline` of every registered signal.

    Raises:
        Refused: an act does not follow from those before it.
    """
    state = EMPTY
    begun: dict[str, tuple[datetime, State]] = {}
    found: defaultdict[str, list[RulesSpan]] = defaultdict(list)
    for act in acts:
        state = advance(state, act)
        for signal in _concerned(state, act):
            if signal in begun and begun[signal][0] < act.at:
                found[signal] += _parted(signal, *begun[signal], act.at)
            begun[signal] = (act.at, state)
    for signal, (since, last) in begun.items():
        found[signal] += _parted(signal, since, last, None)
    return {signal: _merged(spans) for signal, spans in found.items()}


def _concerned(state: State, act: Act) -> Iterable[str]:
    """The registered signals for which an act may change something."""
    if act.kind in _FOR_ALL:
        return tuple(state.entries)
    if act.kind == "registry.set" or act.kind in STEPS:
        return () if act.signal is None else (act.signal,)
    return ()


def _parted(signal: str, since: datetime, state: State, until: datetime | None) -> list[RulesSpan]:
    """What time alone parts in [since, until), in which no act changed anything."""
    mine = {print_: one for (name, print_), one in state.validations.items() if name == signal}
    moments = {held.until for one in mine.values() for held in (one.signed, one.waiver) if held}
    moments |= {
        datetime.combine(person.until, time())
        for person in state.people.values()
        if person.until is not None
    }
    begin = [since, *sorted(at for at in moments if since < at and (until is None or at < until))]
    return [
        RulesSpan(
            first,
            after,
            state.entries[signal],
            {print_: state.standing_of(signal, print_, first) for print_ in mine},
        )
        for first, after in pairwise([*begin, until])
        if first is not None
    ]


def _merged(spans: Sequence[RulesSpan]) -> tuple[RulesSpan, ...]:
    """Neighbours that say the same made one."""
    found: list[RulesSpan] = []
    for span in spans:
        last = found[-1] if found else None
        if last and (last.entry, last.standings) == (span.entry, span.standings):
            found[-1] = replace(last, until=span.until)
        else:
            found.append(span)
    return tuple(found)
