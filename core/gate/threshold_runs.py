"""Threshold runs as acts: on which claims, for which promise, what was proven, and when.

What a run found is known by its SHA-256, so a registry entry can name it. Only what holds at every
look is recorded: whoever looks again until it suits them gains nothing by it.
"""

from __future__ import annotations

from typing import Any

import duckdb

from core.events import PPM
from core.gate.choose_threshold import NoChange, Threshold, writable
from core.governance.bodies.recorded_runs import METHOD, name_of
from core.governance.bodies.refusal import Refused
from core.governance.people.people import actor_for, enter
from core.governance.perform import Desk, Office
from core.governance.state import State
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.sums.tuning_sample import split_span
from core.queries.sums.validation_sample import newest_import
from core.registry.cut_runs import CutRun, looks_at
from core.trail.acts import Actor, Proposal, Via, stamp
from core.trail.fingerprint import Fingerprint
from core.validation.evidence_content import cells_sha256

KIND = "threshold.run"


def run_body(cursor: duckdb.DuckDBPyConnection, threshold: Threshold) -> dict[str, Any]:
    """What a run found, as its act holds it; the same for the same claims and question."""
    question = threshold.question
    selection = question.selection
    first, last = split_span(cursor, selection, "tuning")
    body: dict[str, Any] = {
        "risk_ppm": round(question.risk * PPM),
        "level_ppm": round(question.confidence * PPM),
        "where": [[name, list(values)] for name, values in selection.where],
        "method": METHOD if question.every_look else "one look",
        "split": "tuning",
        "cells_sha256": cells_sha256(threshold.cells["tuning"]),
        "cuts": [
            {
                "value": value,
                "lowest_ppm": lowest,
                "highest_ppm": highest,
                "n": n,
                "errors": errors,
            }
            for value, lowest, highest, n, errors in _proven(threshold)
        ],
    }
    if _per(threshold) is not None:
        body["per"] = _per(threshold)
    # Not of when the claims were made, and by what: what was found on these counts is the same run.
    run = name_of(selection.signal, body)
    times = {"since": first, "until": last}
    return {
        "run": run,
        **body,
        **{name: stamp(at) for name, at in times.items() if at},
        "versions": [one.as_json() for one in _versions(threshold)],
    }


def recorded(
    cursor: duckdb.DuckDBPyConnection, state: State, threshold: Threshold
) -> CutRun | None:
    """The record of this very run; None: it was not recorded, or may not be."""
    if not (threshold.question.every_look and state.runs):
        return None
    return state.runs.get(run_body(cursor, threshold)["run"])


def run_proposal(
    cursor: duckdb.DuckDBPyConnection, state: State, actor: Actor, threshold: Threshold
) -> Proposal:
    """The act that records a run.

    Raises:
        Refused: the run holds for one look only.
    """
    if not threshold.question.every_look:
        raise Refused(
            "A run that holds for one look only is not recorded: nobody can tell how often it was "
            "looked at before. Choose it for every look."
        )
    signal = threshold.question.selection.signal
    body = run_body(cursor, threshold)
    body |= {"look": looks_at(state.runs, signal) + 1, "imports_to": newest_import(cursor)}
    return Proposal(KIND, actor, signal, body=body)


def record(
    office: Office,
    threshold: Threshold,
    who: str,
    *,
    via: Via = "cli",
) -> CutRun:
    """Record a run; the same one again is the one that stands.

    Anybody known may, and whoever is not is entered: before an entry automates, nobody has a seat.

    Args:
        who: the handle of the person.

    Raises:
        Refused: it holds for one look only, or the person left.
    """
    with office.acting() as desk:
        known = recorded(desk.cursor, desk.state, threshold)
        if known is not None:
            return known
        sub = enter(desk, who)
        signal = threshold.question.selection.signal
        return _recorded(desk, actor_for(desk.state, sub, KIND, signal, via=via), threshold)


def record_as(office: Office, threshold: Threshold, actor: Actor) -> CutRun:
    """The same by somebody known, in the role in which they act."""
    with office.acting() as desk:
        return recorded(desk.cursor, desk.state, threshold) or _recorded(desk, actor, threshold)


def _recorded(desk: Desk, actor: Actor, threshold: Threshold) -> CutRun:
    act = desk.perform(run_proposal(desk.cursor, desk.state, actor, threshold))
    return desk.state.runs[act.body["run"]]


def _versions(threshold: Threshold) -> list[Fingerprint]:
    """The versions that stated the confidences it was chosen on."""
    found = threshold.counts["tuning"].fingerprints
    return [Fingerprint.of(dict(zip(FIELDS, one, strict=True))) for one in found]


def _per(threshold: Threshold) -> str | None:
    """The dimension whose segments the cuts are of; None: all claims."""
    question = threshold.question
    if question.by is not None:
        return question.by
    one = _only(threshold)
    return None if one is None else one[0]


def _only(threshold: Threshold) -> tuple[str, str] | None:
    """The one segment that was asked for."""
    where = threshold.question.selection.where
    if len(where) == 1 and len(where[0][1]) == 1 and where[0][1][0] is not None:
        name, (value,) = where[0]
        return name, str(value)
    return None


def _proven(threshold: Threshold) -> list[tuple[str | None, int, int, int, int]]:
    """Value, lowest and highest cut, labelled claims and wrong ones of every cut offered."""
    question, only = threshold.question, _only(threshold)
    if question.selection.where and (only is None or question.by is not None):
        # Rules cannot say such conditions, so no cut of an entry comes from it.
        return []
    found = []
    for part in threshold.parts:
        step = part.learned.chosen
        if not part.offered or step is None or (question.by is not None and part.value is None):
            continue
        try:
            lowest = writable(part.learned)
        except NoChange:
            continue
        highest = max(lowest, round(part.learned.path[0].cut * PPM))
        value = part.value if only is None else only[1]
        found.append((value, lowest, highest, step.n, step.errors))
    return found
