"""A run of the standing checks: everything that is watched, once, and what came of it as acts.

The server runs them as `core.monitoring.schedule` asks, the command ``calledger check`` when
somebody does. That a run was made, why, and how many before it were missed is itself an act, and so
is each re-measurement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import duckdb

from core.defaults import IN_USE
from core.governance.perform import Office
from core.governance.state import State
from core.monitoring.remeasure import remeasure
from core.monitoring.remeasured import Remeasured
from core.monitoring.rounds import PROGRAM, outlook_of, rounds
from core.monitoring.schedule import Due, Remeasurement, Why, due
from core.monitoring.weekly_audits import draw_weekly
from core.queries.base.seen.fingerprints_seen import Seen, fingerprints_seen
from core.trail.acts import Act, Proposal, stamp


@dataclass(frozen=True)
class Run:
    """A run that was made.

    Attributes:
        why: what for.
        acts: everything it recorded, the run itself last.
    """

    why: tuple[Why, ...]
    acts: tuple[Act, ...]


def run_if_due(office: Office, before: Callable[[], object] | None = None) -> Run | None:
    """Make the run that the schedule asks for now; None: it asks for none.

    Args:
        before: called before a run that is made, to bring in what it has to see.
    """
    asked = due_now(office)
    if not asked:
        return None
    if before is not None:
        before()
    return _run(office, asked)


def run(office: Office) -> Run:
    """Make a run because somebody asked, with every re-measurement that is due.

    On a ledger in which nothing is written down it records findings only: there is nobody a
    schedule could answer to.
    """
    asked = due_now(office)
    return _run(office, Due(("asked", *asked.why), asked.due, asked.n_missed, asked.remeasure))


def due_now(office: Office) -> Due:
    """What the schedule asks for now."""
    state, now = office.state(), office.now()
    with office.ledger.cursor() as cursor:
        return due(
            state,
            now,
            data_version=office.ledger.data_version(),
            with_claims={one.signal for one in fingerprints_seen(cursor, now)},
        )


def _run(office: Office, asked: Due) -> Run:
    version = office.ledger.data_version()
    done = [*draw_weekly(office), *rounds(office, thorough=True)]
    state, now = office.state(), office.now()
    if not state.entries:
        return Run(asked.why, tuple(done))
    with office.ledger.cursor() as cursor:
        # The round may have met versions for the first time.
        seen = fingerprints_seen(cursor, now)
        fresh = due(state, now, data_version=version, with_claims={one.signal for one in seen})
        measured = _measured(cursor, state, now, fresh.remeasure, seen)
        waiting = outlook_of(cursor, state, now).open()
    critical = sum(one.severity == "critical" for one in waiting)
    with office.acting() as desk:
        done += [
            desk.perform(_remeasurement(one, of))
            for one, of in zip(fresh.remeasure, measured, strict=True)
        ]
        body = {
            "why": list(asked.why),
            "due": None if asked.due is None else stamp(asked.due),
            "n_missed": asked.n_missed,
            "data_version": version,
            "n_open": len(waiting),
            "n_critical": critical,
            "n_remeasured": len(measured),
        }
        done.append(desk.perform(Proposal("check.run", PROGRAM, body=body)))
    return Run(asked.why, tuple(done))


def _measured(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    now: datetime,
    asked: tuple[Remeasurement, ...],
    seen: tuple[Seen, ...],
) -> list[tuple[Remeasured, ...]]:
    """For each signal its fingerprints in use, the newest first."""
    by_signal: defaultdict[str, list[Seen]] = defaultdict(list)
    for known in seen:
        by_signal[known.signal].append(known)
    found = []
    for one in asked:
        mine = by_signal[one.signal]
        from_ = max(known.last_ts for known in mine) - IN_USE
        wanted = [known for known in mine if known.last_ts >= from_]
        wanted.sort(key=lambda known: known.first_ts, reverse=True)
        spec = state.entries[one.signal].spec
        found.append(tuple(remeasure(cursor, spec, known, now) for known in wanted))
    return found


def _remeasurement(one: Remeasurement, of: tuple[Remeasured, ...]) -> Proposal:
    body = {
        "why": one.why,
        "due": stamp(one.due),
        "n_missed": one.n_missed,
        "fingerprints": [each.as_json() for each in of],
    }
    return Proposal("signal.remeasured", PROGRAM, one.signal, body=body)
