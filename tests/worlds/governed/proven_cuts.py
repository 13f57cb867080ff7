"""A threshold run that proves every cut, for tests that are not about how it was chosen."""

from __future__ import annotations

from typing import Any

from core.events import PPM
from core.governance.bodies.recorded_runs import METHOD, name_of
from core.governance.people.people import actor_for, enter
from core.governance.perform import Office
from core.trail.acts import Proposal

_FOUND: dict[str, Any] = {
    "method": METHOD,
    "risk_ppm": 50_000,
    "level_ppm": 900_000,
    "cuts": [{"value": None, "lowest_ppm": 0, "highest_ppm": PPM, "n": 400, "errors": 1}],
}
#: Its SHA-256, of the signal ``s``.
RUN = name_of("s", _FOUND)


def prove_cuts(office: Office, signal: str, who: str, **changed: Any) -> str:
    """Record it, and say its SHA-256; an entry names it by ``cutsFrom``.

    Args:
        changed: of the body; ``run`` follows unless it is among them.
    """
    body = {"look": 1, **_FOUND, **changed}
    body = {"run": name_of(signal, body), **body}
    with office.acting() as desk:
        sub = enter(desk, who)
        actor = actor_for(desk.state, sub, "threshold.run", signal)
        desk.perform(Proposal("threshold.run", actor, signal, body=body))
    return str(body["run"])
