"""A threshold run that proves every cut, for tests that are not about how it was chosen."""

from __future__ import annotations

from core.events import PPM
from core.governance.people import actor_for, enter
from core.governance.perform import Office
from core.trail.acts import Proposal

#: Stands for its SHA-256.
RUN = "ab" * 32


def prove_cuts(office: Office, signal: str, who: str) -> None:
    """Record it; an entry names it by ``cutsFrom: RUN``."""
    cut = {"value": None, "lowest_ppm": 0, "highest_ppm": PPM, "n": 400, "errors": 1}
    body = {"run": RUN, "look": 1, "risk_ppm": 50_000, "level_ppm": 900_000, "cuts": [cut]}
    with office.acting() as desk:
        sub = enter(desk, who)
        actor = actor_for(desk.state, sub, "threshold.run", signal)
        desk.perform(Proposal("threshold.run", actor, signal, body=body))
