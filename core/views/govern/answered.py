"""Does anybody act on what is found: what became of each kind, and what is kept quiet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import duckdb
import pandas as pd

from core.defaults import ALWAYS_WAIVED
from core.findings.acts import finding_acts
from core.findings.answered import AnsweredKind, by_kind, by_signal, occasions
from core.findings.kinds import KINDS, kind_of
from core.findings.lifecycle import findings
from core.governance.permissions import roles_of, who_may
from core.governance.state import State
from core.sentences.numbers import counted


@dataclass(frozen=True)
class QuietKind:
    """A kind that is kept quiet for a signal, or that its owner may turn down.

    Attributes:
        signal, kind: which.
        words: of the kind.
        until: the last day of it; None: it is heard.
        said: what became of it so far, in a sentence.
    """

    signal: str
    kind: str
    words: str
    until: date | None
    said: str


@dataclass(frozen=True)
class AnsweredView:
    """What became of what was found.

    Attributes:
        headline: how much of it was acted on, in a sentence.
        frame: columns Finding, Page (its key), Found, Acted on, Waived, Went by, Waits, Days, What
            that says; a row for each kind that was ever found.
        never: the kinds that were never found, by their words.
        quiet: what is kept quiet now.
        may: what its owner may turn down.
    """

    headline: str
    frame: pd.DataFrame
    never: tuple[str, ...]
    quiet: tuple[QuietKind, ...]
    may: tuple[QuietKind, ...]


def answered_view(cursor: duckdb.DuckDBPyConnection, state: State, now: datetime) -> AnsweredView:
    """Assemble what the trail says of it."""
    now = max(now, state.last_at)
    times = occasions(findings(finding_acts(cursor), now))
    kinds, mine = by_kind(times), by_signal(times)
    acted, n = sum(one.acted_on for one in kinds), sum(one.n for one in kinds)
    found = {one.kind for one in kinds}
    by = {(one.signal, one.kind): one for one in mine}
    down = {of: day for of, day in state.turned_down.items() if now.date() <= day}
    return AnsweredView(
        headline=f"Somebody acted on {acted} of {counted(n, 'finding')}."
        if n
        else "Nothing was found yet.",
        frame=_frame(kinds),
        never=tuple(one.words for key, one in KINDS.items() if key not in found),
        quiet=tuple(
            QuietKind(signal, kind, kind_of(kind).words, day, _said(by.get((signal, kind))))
            for (signal, kind), day in sorted(down.items())
        ),
        may=tuple(
            QuietKind(one.signal or "", one.kind, kind_of(one.kind).words, None, _said(one))
            for one in mine
            if not one.why_not_turned_down
            and one.signal in state.entries
            and (one.signal, one.kind) not in down
        ),
    )


def may_say(state: State, sub: str, signal: str) -> bool:
    """Whether a person turns kinds of finding of a signal down, and up again."""
    return bool(roles_of(state, sub, signal) & who_may(state, "finding_kind.turned_down", signal))


def _frame(kinds: tuple[AnsweredKind, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Finding": [kind_of(one.kind).words for one in kinds],
            "Page": [kind_of(one.kind).page for one in kinds],
            "Found": [one.n for one in kinds],
            "Acted on": [one.acted_on for one in kinds],
            "Waived": [one.waived for one in kinds],
            "Went by": [one.went_by for one in kinds],
            "Waits": [one.waits for one in kinds],
            "Days": ["–" if one.days is None else f"{one.days:.1f}" for one in kinds],
            "What that says": [_judged(one) for one in kinds],
        }
    )


def _judged(one: AnsweredKind) -> str:
    """Whether anybody does anything because of it; of few nothing is said."""
    over = one.n - one.waits
    if one.acted_on:
        return "changes something"
    if one.always_waived:
        return "always waived"
    return "changes nothing so far" if over >= ALWAYS_WAIVED else "too few to tell"


def _said(one: AnsweredKind | None) -> str:
    if one is None:
        return "Never found."
    others = f", {one.went_by} went by unanswered" if one.went_by else ""
    acted = f"acted on {_times(one.acted_on)}" if one.acted_on else "never acted on"
    return f"Found {_times(one.n)}, waived {_times(one.waivers)}{others}, {acted}."


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"
