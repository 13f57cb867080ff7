"""Claims that acted without asking the gate: how many, of which version and day, and one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import duckdb
import pandas as pd

from core.gate.bypass import Bypass, bypasses, ruled
from core.governance.rules_in_force import timelines
from core.queries.base.kept.at_hand import signals_elsewhere
from core.queries.base.together.asked_once import one_question
from core.queries.claims.gate_use import HeldAgainst, acted_apart, unasked_claims
from core.sentences.numbers import count, counted, percent
from core.trail import log as trail
from core.trail.acts import Act
from core.trail.fingerprint import Fingerprint
from core.views.govern.escalation import DONE_WORDS

#: Rows of the list on the page, and the most that a download holds.
LISTED, DOWNLOAD_SIZE = 100, 100_000
#: What counts as acting by itself, and what else was done without asking.
ACTED, WITH_PEOPLE = ("automate",), ("review", "escalate")


@dataclass(frozen=True)
class BypassLine:
    """One version's claims of one day that acted without asking.

    Attributes:
        version: as people read it.
        day: of the claims, UTC.
        n: how many; n_acted: of so many that acted.
        n_known, n_wrong: those of them with an outcome, and the wrong ones among these.
    """

    version: str
    day: date
    n: int
    n_acted: int
    n_known: int
    n_wrong: int


@dataclass(frozen=True)
class BypassView:
    """What one signal did without asking the gate.

    Attributes:
        signal: its name.
        first, last: days looked at, both included.
        of: what was counted; None: no claim had to ask in these days, or none can be read.
        headline: how many did not ask, in a sentence.
        said: what else there is to say of them, in sentences.
        lines: by day and version, newest first.
    """

    signal: str
    first: date
    last: date
    of: Bypass | None
    headline: str
    said: tuple[str, ...]
    lines: tuple[BypassLine, ...]

    @property
    def n(self) -> int:
        """Claims that acted without asking."""
        return 0 if self.of is None else self.of.n

    @property
    def n_listed(self) -> int:
        """These, and the ones that asked only afterwards, or without all of their version."""
        return 0 if self.of is None else self.of.n + self.of.n_late + self.of.n_unnamed

    def as_json(self) -> dict[str, Any]:
        """The contract's JSON."""
        of = self.of or Bypass(self.signal, _begin(self.first), _end(self.last), ())
        return {
            "signal": self.signal,
            "since": self.first.isoformat(),
            "until": self.last.isoformat(),
            "automated": of.n_automated,
            "not_asked": of.n,
            "outcome_known": of.n_known,
            "wrong": of.n_wrong,
            "asked_another_confidence_or_version": of.n_other,
            "asked_afterwards": of.n_late,
            "asked_without_all_of_the_version": of.n_unnamed,
            "reviewed_or_escalated_not_asked": of.n_with_people,
            "no_action_logged_not_asked": of.n_not_logged,
            "answers": of.n_answers,
            "answers_that_name_no_claim": of.n_stray,
            "versions": [
                {
                    "fingerprint": one.fingerprint.id,
                    **one.fingerprint.as_json(),
                    "not_asked": one.n,
                    "outcome_known": one.n_known,
                    "wrong": one.n_wrong,
                }
                for one in of.versions
            ],
            "days": [
                {
                    "day": one.day.isoformat(),
                    "fingerprint": Fingerprint.of(dict(one.fields)).id,
                    "automated": one.n,
                    "not_asked": one.n_unasked,
                    "outcome_known": one.n_known,
                    "wrong": one.n_wrong,
                }
                for one in sorted(of.automated, key=lambda each: each.day)
            ],
            "text": " ".join((self.headline, *self.said)),
        }


@one_question
def bypass_views(
    cursor: duckdb.DuckDBPyConnection,
    acts: Iterable[Act],
    first: date,
    last: date,
    *,
    signals: Collection[str] | None = None,
) -> tuple[BypassView, ...]:
    """What registered signals did without asking, by name.

    Args:
        acts: of the trail, from the first one on.
        first: the first day.
        last: the last day, included.
        signals: only these; None: every registered one.

    Raises:
        Refused: an act does not follow from those before it.
    """
    acts = list(acts)
    spans = timelines(acts)
    names = sorted(spans if signals is None else signals)
    found = bypasses(cursor, acts, _begin(first), _end(last), signals=names)
    elsewhere = signals_elsewhere(cursor)
    apart = acted_apart(cursor, names, _begin(first), _end(last))
    return tuple(
        _view(
            name,
            first,
            last,
            found.get(name),
            had_to_ask=bool(ruled(spans.get(name, ()))),
            elsewhere=name in elsewhere,
            n_apart=apart.get(name, 0),
        )
        for name in names
    )


def bypass_view(
    cursor: duckdb.DuckDBPyConnection, signal: str, first: date, last: date
) -> BypassView:
    """What one signal did without asking; arguments as of `bypass_views`."""
    (view,) = bypass_views(cursor, trail.acts(cursor), first, last, signals=[signal])
    return view


def unasked_list(
    cursor: duckdb.DuckDBPyConnection,
    signals: Sequence[str],
    first: date,
    last: date,
    *,
    actions: Collection[str] = ACTED,
    most: int = DOWNLOAD_SIZE,
) -> pd.DataFrame:
    """Claims that did not ask, one by one, the newest first.

    Args:
        actions: what was done with them.
        most: so many of them.

    Returns:
        As `core.queries.claims.gate_use.unasked_claims`, action and outcome in words, as
        ``done`` and ``outcome``.
    """
    spans = timelines(trail.acts(cursor))
    looked_at = HeldAgainst(
        {name: ruled(spans.get(name, ())) for name in signals}, _begin(first), _end(last)
    )
    frame = unasked_claims(cursor, looked_at, actions, limit=most)
    return frame.rename(columns={"action": "done"}).assign(
        done=frame["action"].map(DONE_WORDS),
        outcome=frame["outcome"].map({1: "right", 0: "wrong"}).fillna("not known yet"),
    )


def _begin(first: date) -> datetime:
    return datetime.combine(first, time())


def _end(last: date) -> datetime:
    return datetime.combine(last, time()) + timedelta(days=1)


def _view(
    signal: str,
    first: date,
    last: date,
    of: Bypass | None,
    *,
    had_to_ask: bool,
    elsewhere: bool,
    n_apart: int,
) -> BypassView:
    lines = () if of is None else _lines(of)
    headline = _headline(of, had_to_ask=had_to_ask, elsewhere=elsewhere)
    said = () if of is None else tuple(_said(of))
    if n_apart and had_to_ask:
        one = n_apart == 1
        said += (
            f"{counted(n_apart, 'heldout or tuning claim')} {'says' if one else 'say'} that "
            f"{'it' if one else 'they'} acted by {'itself' if one else 'themselves'}, and "
            f"{'is' if one else 'are'} not counted: only production asks.",
        )
    return BypassView(signal, first, last, of, headline, said, lines)


def _lines(of: Bypass) -> tuple[BypassLine, ...]:
    found = [
        BypassLine(
            Fingerprint.of(dict(one.fields)).words(),
            one.day,
            one.n_unasked,
            one.n,
            one.n_known,
            one.n_wrong,
        )
        for one in of.automated
    ]
    return tuple(sorted(found, key=lambda one: (-one.day.toordinal(), -one.n, one.version)))


def _headline(of: Bypass | None, *, had_to_ask: bool, elsewhere: bool) -> str:
    if elsewhere and of is None:
        return (
            "Not looked for: its numbers come from loaded cells, and which claims asked the gate "
            "takes single claims."
        )
    if not had_to_ask:
        return "Nothing had to ask the gate: the signal is not registered, or only logged."
    if of is None or not of.n_automated:
        return "No claim acted by itself in these days."
    acted = counted(of.n_automated, "claim")
    if not of.n and of.n_late:
        return (
            f"Of {acted} that acted by themselves, {count(of.n_late)} asked the gate only after "
            "they had come in, automated."
        )
    if not of.n and of.n_unnamed:
        return (
            f"Of {acted} that acted by themselves, {count(of.n_unnamed)} asked the gate without "
            "naming all of the version that they log."
        )
    if not of.n:
        # When each acted is not logged, so that nobody can say it asked before.
        return f"Of {acted} that acted by themselves, every one asked the gate."
    if of.n == of.n_automated:
        return f"None of {acted} that acted by themselves asked the gate."
    share = percent(of.n / of.n_automated, decimals=1)
    return f"{count(of.n)} of {acted} that acted by themselves never asked the gate ({share})."


def _said(of: Bypass) -> Iterable[str]:
    if of.n and not of.n_known:
        yield "Whether they were right is not known yet: none has an outcome."
    elif of.n:
        has, is_ = ("has", "have")[of.n_known != 1], ("is", "are")[of.n_wrong != 1]
        yield f"{count(of.n_known)} of them {has} an outcome; {count(of.n_wrong)} {is_} wrong."
        if not of.n_answers:
            yield "The gate gave no answer about this signal in that time."
    if of.n_other:
        yield (
            f"Of {count(of.n_other)} the gate was asked another confidence or version than the "
            "claim states, which allows nothing."
        )
    if of.n and of.n_late:
        yield f"{count(of.n_late)} more asked only after they had come in, automated."
    if of.n_unnamed and (of.n or of.n_late):
        yield f"{count(of.n_unnamed)} more asked without naming all of the version that they log."
    if of.n_unnamed:
        yield (
            "Where a question names less of the version than the claim, its answer is not of the "
            "version that acted: send the same version fields."
        )
    if of.n_stray and (of.n or of.n_with_people or of.n_not_logged):
        yield (
            f"{counted(of.n_stray, 'answer')} of the gate in that time "
            f"{'names' if of.n_stray == 1 else 'name'} no claim of this signal: ask with the "
            "claim's event_id."
        )
    if of.n_with_people:
        were = "was" if of.n_with_people == 1 else "were"
        yield f"{count(of.n_with_people)} more did not ask and {were} reviewed or escalated."
    if of.n_not_logged:
        yield f"{count(of.n_not_logged)} more did not ask, and what was done is not logged."
