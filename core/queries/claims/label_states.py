"""Which of one claim's labels is in force, and why the others are not.

The same as `core.queries.base.in_force` in SQL, told label by label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from core.queries.claims.claim_history import OutcomeVersion

#: What a label is: in force; in conflict with one of its own instant; contradicting the one in
#: force, which ranks before it and is no newer; overruled by one that ranks before it; replaced by
#: a later one of its source; withdrawn; a withdrawal; not known yet; or no truth.
State = Literal[
    "in force", "conflict", "contradicts", "overruled", "replaced", "withdrawn", "withdrawal",
    "not known yet", "no truth",
]  # fmt: skip


_GONE: frozenset[State] = frozenset({"withdrawn", "withdrawal", "not known yet"})


@dataclass
class _Layer:
    """Labels of one source that became known at the same instant."""

    known_at: datetime
    places: list[int] = field(default_factory=list)


def label_states(
    versions: Sequence[OutcomeVersion], as_known: datetime | None = None
) -> tuple[State, ...]:
    """The state of each label, as known before a time (UTC without zone; None: now)."""
    found: list[State] = ["not known yet"] * len(versions)
    stacks: dict[str | None, list[_Layer]] = {}
    taken: dict[str | None, datetime] = {}
    places = [
        place for place, one in enumerate(versions) if as_known is None or one.known_at < as_known
    ]
    places.sort(key=lambda place: (versions[place].known_at, versions[place].outcome is None))
    for place in places:
        one = versions[place]
        stack = stacks.setdefault(one.source, [])
        if one.outcome is None:
            found[place] = "withdrawal"
            # Said twice of one instant, it is one withdrawal.
            if stack and taken.get(one.source) != one.known_at:
                for gone in stack.pop().places:
                    found[gone] = "withdrawn"
            taken[one.source] = one.known_at
            continue
        if not stack or stack[-1].known_at != one.known_at:
            stack.append(_Layer(one.known_at))
        stack[-1].places.append(place)
        found[place] = "replaced" if one.truth else "no truth"
    ranked = sorted(
        (
            (versions[stack[-1].places[0]].rank, stack[-1])
            for stack in stacks.values()
            if stack and versions[stack[-1].places[0]].truth
        ),
        key=lambda one: -one[0],
    )
    if not ranked:
        return tuple(found)
    best = ranked[0][1]
    values = {versions[place].outcome for place in best.places}
    for place in best.places:
        found[place] = "conflict" if len(values) > 1 else "replaced"
    if len(values) == 1:
        found[min(best.places)] = "in force"
    for _, layer in ranked[1:]:
        for place in layer.places:
            differs = len(values) == 1 and versions[place].outcome not in values
            newer = layer.known_at >= best.known_at
            found[place] = "contradicts" if differs and newer else "overruled"
    return tuple(found)


def in_force(
    versions: Sequence[OutcomeVersion], as_known: datetime | None = None
) -> OutcomeVersion | None:
    """The label in force; None where there is none. Arguments as of `label_states`."""
    states = label_states(versions, as_known)
    return next(
        (one for one, state in zip(versions, states, strict=True) if state == "in force"), None
    )


def standing_sources(versions: Sequence[OutcomeVersion]) -> tuple[str | None, ...]:
    """The sources that have a label which is not withdrawn, best first; None: states none."""
    states = zip(versions, label_states(versions), strict=True)
    standing = [one for one, state in states if state not in _GONE]
    standing.sort(key=lambda one: -one.rank)
    return tuple(dict.fromkeys(one.source for one in standing))
