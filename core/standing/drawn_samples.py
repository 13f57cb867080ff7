"""Audit samples as their acts say them: what was drawn, from which claims, with which chances."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import duckdb

from core.governance.bodies.refusal import Refused
from core.governance.state import State
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_answers import ANSWERED, samples_answered
from core.queries.sums.labelling.audit_frame import Design
from core.trail import act_search as search
from core.trail.acts import Act, moment

KIND = "audit.drawn"
#: More samples of one signal than anybody draws.
_MOST = 10_000


@dataclass(frozen=True)
class Drawn:
    """A sample as its act says it.

    Attributes:
        act: the act.
        audit: its id.
        design: how it was drawn.
        n: claims it holds.
        sha256: of the claims and their chances.
    """

    act: Act
    audit: str
    design: Design
    n: int
    sha256: str

    @property
    def week(self) -> date | None:
        """The Monday of the week for which the program drew it; None: somebody drew it."""
        said = self.act.body.get("week")
        return None if said is None else date.fromisoformat(str(said))


def samples(cursor: duckdb.DuckDBPyConnection, signal: str) -> tuple[Drawn, ...]:
    """Every sample of a signal, the first first."""
    stored = search.found(cursor, search.ActSearch(signal=signal, kinds=(KIND,)), limit=_MOST)
    acts = sorted((one.act for one in stored if one.act is not None), key=lambda act: act.seq)
    return tuple(map(drawn_by, acts))


def drawn_by(act: Act) -> Drawn:
    """What an act says was drawn.

    Raises:
        Refused: it is no such act.
    """
    body = act.body
    try:
        if act.kind != KIND or act.signal is None:
            raise ValueError(act.kind)
        selection = Selection(
            act.signal,
            since=_moment(body["since"]),
            until=_moment(body["until"]),
            where=tuple((name, tuple(values)) for name, values in body["where"]),
        )
        chances = tuple((one["value"], int(one["chance_ppm"])) for one in body["groups"])
        design = Design(selection, body["by"], chances, body["seed"], int(body["imports"]))
        return Drawn(act, body["audit"], design, int(body["n"]), body["sha256"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"Entry {act.seq} of the trail draws no audit sample.") from error


@dataclass(frozen=True)
class Awaited:
    """A weekly sample and the labels it waits for.

    Attributes:
        drawn: the sample.
        n: claims that had no label when it was drawn, and that no sample before it held.
        n_labelled: those of them that have one now.
        due: the day by which they are to be there.
    """

    drawn: Drawn
    n: int
    n_labelled: int
    due: date

    @property
    def waiting(self) -> int:
        """Claims that wait for their label."""
        return self.n - self.n_labelled

    def overdue(self, now: datetime) -> bool:
        """Whether too few are labelled past their day for samples to speak for all claims."""
        return now.date() > self.due and self.n_labelled < ANSWERED * self.n


def awaited(cursor: duckdb.DuckDBPyConnection, state: State, signal: str) -> tuple[Awaited, ...]:
    """The weekly samples of a signal that wait for a label, the first first.

    None where its entry asks for no weekly sample.
    """
    entry = state.entries.get(signal)
    if entry is None or entry.spec.audit is None or signal not in state.audited:
        return ()
    within = timedelta(days=entry.spec.audit.within_days)
    counts = samples_answered(cursor, signal)
    found = []
    for one in samples(cursor, signal):
        known = counts.get(one.audit)
        if one.week is not None and known is not None and known.own_labelled < known.own:
            due = one.act.at.date() + within
            found.append(Awaited(one, known.own, known.own_labelled, due))
    return tuple(found)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment(text)
