"""Whether a signal's numbers may be acted on, in the few words of a badge."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal

import duckdb

from core.governance.people.names import Directory, directory
from core.governance.state import State
from core.governance.validations.standing import LOGGED_ONLY, Standing
from core.queries.base.seen.fingerprints_seen import (
    Seen,
    fingerprints_in,
    fingerprints_seen,
    in_use,
)
from core.queries.base.selection import Selection
from core.trail.fingerprint import Fingerprint

Level = Literal[
    "validated",
    "waived",
    "partly",
    "not_validated",
    "suspended",
    "expired",
    "no_owner",
    "log_only",
    "unregistered",
    "broken",
]
#: The levels at which every claim shown may act.
OPEN: tuple[Level, ...] = ("validated", "waived")

_NONE_SIGNED = "These numbers are measurements, not permission to act on the signal's confidence."


@dataclass(frozen=True)
class Badge:
    """A signal's standing.

    Attributes:
        level: which of the standings there are.
        words: the badge itself: ``Validated until 2027-02-20``, ``Not validated``.
        help: what that means and why, in a few sentences.
        until: the day until which all of it may act; None where not all of it may.
    """

    level: Level
    words: str
    help: str
    until: date | None = None

    @property
    def open(self) -> bool:
        """Whether every claim it is about may act."""
        return self.level in OPEN


#: Where the trail is broken nobody can tell.
BROKEN = Badge(
    "broken",
    "Standing not known",
    "The decision trail is broken, so nothing is known of what was signed, and the gate sends "
    f"every case to review. {_NONE_SIGNED}",
)


@dataclass(frozen=True)
class Answerable:
    """Who answers for a signal.

    Attributes:
        owner: the owner's name; ``nobody`` where nothing is written down.
        acting: who stands in for them; "" where they are there themselves.
        empty: whether nobody is there at all.
        words: the whole of it: ``Ann Lee (away); Bob Ng stands in``.
    """

    owner: str
    acting: str
    empty: bool
    words: str


@dataclass(frozen=True)
class Written:
    """What the written side says of a signal, for pages and reports that measure it."""

    badge: Badge
    owner: Answerable


def answerable(state: State | None, signal: str, names: Directory, now: datetime) -> Answerable:
    """Who answers for a signal at a time."""
    entry = None if state is None else state.entries.get(signal)
    if state is None or entry is None:
        return Answerable("nobody", "", True, "nobody")
    owner, acting = entry.spec.owner, state.acting_owner(signal, now)
    name = names.words(owner)
    if acting == owner:
        return Answerable(name, "", False, name)
    person = state.people.get(owner)
    gone = "left" if person is not None and person.status == "left" else "away"
    if acting is None:
        is_gone = "has left" if gone == "left" else "is away"
        return Answerable(name, "", True, f"nobody ({name} {is_gone}, and no deputy is there)")
    other = names.words(acting)
    return Answerable(name, other, False, f"{name} ({gone}); {other} stands in")


def selected_standing(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    selection: Selection,
    now: datetime,
) -> Badge:
    """The standing of the fingerprints that made the selected claims.

    Args:
        selection: the claims shown; where it has none, the fingerprints in use count.
    """
    if state is None or selection.signal not in state.entries:
        return standing_badge(state, selection.signal, (), now)
    prints = tuple(Fingerprint.of(dict(one)) for one in fingerprints_in(cursor, selection))
    used = prints or prints_in_use(fingerprints_seen(cursor), selection.signal)
    return standing_badge(state, selection.signal, used, now)


def week_written(
    cursor: duckdb.DuckDBPyConnection, state: State | None, monday: date, now: datetime
) -> dict[str, Written]:
    """What the written side says of every signal that made claims, for the review of a week.

    Args:
        monday: of the week: the badge is of the fingerprints that made its claims.
    """
    names, first = directory(cursor), datetime.combine(monday, time())
    found = {}
    for signal in sorted({one.signal for one in fingerprints_seen(cursor)}):
        selection = Selection(signal, since=first, until=first + timedelta(weeks=1))
        badge = selected_standing(cursor, state, selection, now)
        found[signal] = Written(badge, answerable(state, signal, names, now))
    return found


def signal_written(
    cursor: duckdb.DuckDBPyConnection, state: State | None, signal: str, now: datetime
) -> Written:
    """What the written side says of a signal and its versions in use."""
    used = prints_in_use(fingerprints_seen(cursor), signal)
    owner = answerable(state, signal, directory(cursor), now)
    return Written(standing_badge(state, signal, used, now), owner)


def prints_in_use(seen: Sequence[Seen], signal: str) -> tuple[Fingerprint, ...]:
    """The fingerprints of a signal's versions in use, newest first."""
    return tuple(Fingerprint.of(dict(one.fields)) for one in in_use(seen, signal))


def standing_badge(
    state: State | None, signal: str, prints: Collection[Fingerprint], now: datetime
) -> Badge:
    """The standing of some fingerprints of a signal taken together, as it is at a time."""
    if state is None:
        return BROKEN
    entry = state.entries.get(signal)
    if entry is None:
        return Badge(
            "unregistered",
            "Not registered",
            "This signal is not registered: nobody has said what it decides, who owns it or when "
            f"it may act. {_NONE_SIGNED}",
        )
    if entry.spec.log_only:
        return Badge(
            "log_only",
            "Log only",
            f"{LOGGED_ONLY} It needs no evidence and no signature, and the gate sends what asks to "
            "review. To let it act, write its stakes and rules in the registry and validate it.",
        )
    found = [(one, state.standing_of(signal, one, now)) for one in prints]
    if state.acting_owner(signal, now) is None:
        return Badge(
            "no_owner",
            "No owner",
            "The owner and all deputies have left or are away, so the gate is closed whatever was "
            f"signed. {_NONE_SIGNED}",
        )
    if not found:
        return Badge(
            "not_validated",
            "Not validated",
            f"No claim was made yet, and nothing is signed. {_NONE_SIGNED}",
        )
    said = _each(found)
    opened = [standing for _, standing in found if standing.open]
    if len(opened) < len(found):
        return _closed(found, len(opened), f"{said} {_NONE_SIGNED}")
    until = min(one.until for one in opened if one.until is not None).date()
    unproven = _unproven(state, signal, prints)
    if any(one.state == "waived" for one in opened):
        return Badge("waived", f"Waived until {until}", f"{said}{unproven}", until)
    return Badge("validated", f"Validated until {until}", f"{said}{unproven}", until)


def _closed(found: Sequence[tuple[Fingerprint, Standing]], n_open: int, said: str) -> Badge:
    """At least one may not act."""
    if n_open:
        return Badge("partly", "Some versions not validated", said)
    states = {standing.state for _, standing in found}
    if states == {"suspended"}:
        return Badge("suspended", "Suspended", said)
    if states == {"expired"}:
        return Badge("expired", "Expired", said)
    return Badge("not_validated", "Not validated", said)


def _each(found: Sequence[tuple[Fingerprint, Standing]]) -> str:
    """Each fingerprint's reason, the first few; the same reason is said once."""
    if len({standing.reason for _, standing in found}) == 1:
        return found[0][1].reason
    closed_first = sorted(found, key=lambda one: one[1].open)
    said = [f"{one.words()}: {standing.reason}" for one, standing in closed_first[:_NAMED]]
    more = len(found) - _NAMED
    return " ".join(said) + (f" And {more} more." if more > 0 else "")


_NAMED = 3


def _unproven(state: State, signal: str, prints: Collection[Fingerprint]) -> str:
    """That a signature was made without sign-on, where one was."""
    for one in prints:
        known = state.validations[signal, one]
        held = known.waiver if known.state == "waived" else known.signed
        if held is not None and held.assurance == "none":
            return (
                " Signed without sign-on (assurance: none): nothing proves who signed, and a gate "
                "in production mode does not accept it."
            )
    return ""
