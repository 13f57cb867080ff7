"""What the record of a threshold run says of itself, held to its own counts.

Its name is the SHA-256 of what was found; so neither a bound nor a count of it can be another than
what the entries of the registry name.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from core.defaults import CUT_LEVEL_LEAST, CUT_RISK_MOST
from core.events import PPM
from core.governance.bodies.refusal import Refused
from core.registry.cut_runs import CutRun, ProvenCut
from core.trail.acts import Act
from core.trail.canonical_json import sha256_of
from core.trail.fingerprint import FIELDS, Fingerprint

#: What holds however often a threshold is chosen again; nothing else is recorded.
METHOD = "every look"
#: Of the record, and not of what was found.
_BESIDE = frozenset({"run", "since", "until", "look", "imports_to", "versions"})


def name_of(signal: str, body: Mapping[str, Any]) -> str:
    """The SHA-256 by which a run is known: the same for the same counts and question."""
    found = {name: value for name, value in body.items() if name not in _BESIDE}
    return sha256_of({"signal": signal, **found})


def run_of(act: Act, look: int) -> CutRun:
    """The run that an act records.

    Args:
        look: which look at its signal this is, counted from 1.

    Raises:
        Refused: it says of itself what it is not.
    """
    signal, body = act.signal, act.body
    if signal is None:
        raise Refused("A threshold run is about a signal.")
    run = name_of(signal, body)
    if body.get("run") != run:
        raise Refused(f"The threshold run {body.get('run')} is not what its name stands for.")
    if body.get("method") != METHOD:
        raise Refused(f"The threshold run {run} holds for one look only.")
    if body.get("look") != look:
        raise Refused(f"The threshold run {run} must say that it is look {look} at {signal}.")
    risk, level, cuts = _proven(body)
    versions = _versions(body)
    return CutRun(run, signal, act.seq, act.at, act.actor.sub, look, risk, level, cuts, versions)


def refuse_made_up(body: Mapping[str, Any]) -> None:
    """Refuse a run whose counts do not prove what it promises.

    Raises:
        Refused: they do not, or cannot be; or it promises too little.
    """
    # The gate replays the trail and needs no statistics.
    from core.measure.labelling.cut_at_every_look import log_won

    risk, level, cuts = _proven(body)
    refuse_loose(risk / PPM, level / PPM)
    # Half a millionth of room, for both were rounded.
    goal = -math.log((PPM - level + 0.5) / PPM)
    for one in cuts:
        if float(log_won(one.n, one.errors, (risk + 0.5) / PPM)) < goal:
            raise Refused(
                f"{one.errors} wrong of {one.n} do not prove that at most {risk / 10_000:.6g}% are "
                f"wrong from {one.lowest_ppm / PPM:g} on, with {level / 10_000:.6g}% confidence."
            )


def refuse_loose(risk: float, level: float) -> None:
    """Refuse a promise that is worth nothing.

    Args:
        risk: the share of wrong ones accepted.
        level: the probability with which that holds.

    Raises:
        Refused: it is one, with the least that is asked for.
    """
    if level < CUT_LEVEL_LEAST:
        raise Refused(
            f"A threshold that keeps its bound with {level:.6g} probability proves nothing: ask "
            f"for a confidence level of {CUT_LEVEL_LEAST:g} or more, as in 0.9."
        )
    if risk > CUT_RISK_MOST:
        raise Refused(
            f"A threshold that lets {risk:.6g} of what it automates be wrong is no bound: ask for "
            f"a risk of {CUT_RISK_MOST:g} or less, as in 0.05."
        )


def _versions(body: Mapping[str, Any]) -> tuple[Fingerprint, ...] | None:
    """Of which versions its claims were; None: it is from before runs said so."""
    said = body.get("versions")
    if said is None:
        return None
    try:
        return tuple(map(_version, said))
    except (AttributeError, TypeError, ValueError) as error:
        raise Refused(
            f"The threshold run {body.get('run')} does not say of which versions its claims are."
        ) from error


def _version(said: Mapping[str, Any]) -> Fingerprint:
    if not said.keys() <= set(FIELDS) or not all(isinstance(one, str) for one in said.values()):
        raise ValueError("no version")
    return Fingerprint.of(said)


def _proven(body: Mapping[str, Any]) -> tuple[int, int, tuple[ProvenCut, ...]]:
    """Risk and level, in millionths, and the cuts."""
    try:
        risk, level = (_whole(body[name], 1, PPM - 1) for name in ("risk_ppm", "level_ppm"))
        return risk, level, tuple(_cut(one, body) for one in body["cuts"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(
            f"The threshold run {body.get('run')} does not say what it proved."
        ) from error


def _cut(one: Mapping[str, Any], body: Mapping[str, Any]) -> ProvenCut:
    value = one["value"]
    dimension = None if value is None else body["per"]
    if not all(said is None or isinstance(said, str) for said in (value, dimension)):
        raise TypeError("a segment that is no text")
    lowest = _whole(one["lowest_ppm"], 0, PPM)
    n = _whole(one["n"], 1)
    return ProvenCut(
        dimension,
        value,
        lowest,
        _whole(one["highest_ppm"], lowest, PPM),
        n,
        _whole(one["errors"], 0, n),
    )


def _whole(value: object, least: int, most: int | None = None) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("no whole number")
    if value < least or (most is not None and value > most):
        raise ValueError("a number that cannot be")
    return value
