"""The state one act further: what may come next, and a validation moved or an effect applied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from core.governance.bodies.refusal import Refused
from core.governance.effects import EFFECTS
from core.governance.new_act_rules import refuse_unfit
from core.governance.permissions import authorize
from core.governance.state import EMPTY, State
from core.governance.validations.lifecycle import STEPS, step
from core.governance.validations.records import Validation
from core.governance.validations.standing import at_time
from core.trail.act_kinds import KINDS
from core.trail.acts import Act, Proposal


def replay(acts: Iterable[Act]) -> State:
    """The state after acts, from the first one on.

    Raises:
        Refused: an act does not follow from those before it; see `advance`.
    """
    state = EMPTY
    for act in acts:
        state = advance(state, act)
    return state


def advance(state: State, act: Act) -> State:
    """The state after one more act.

    Raises:
        Refused: it is not the next act, is of no known kind or form, could not be done in this
            state, or names another state before or after it than it has.
    """
    after = _led_to(state, act)
    if (act.before, act.after) != after.moved:
        raise Refused(
            f"Act {act.seq} says it led from {act.before} to {act.after}; it leads from "
            f"{after.moved[0]} to {after.moved[1]}."
        )
    return after.state


def check(state: State, proposal: Proposal, at: datetime) -> tuple[str | None, str | None]:
    """Whether an act may be done now; nothing is changed.

    Args:
        at: when; a time before the last act counts as the last act's.

    Returns:
        The state of the validation before and after; None where the act is about none.

    Raises:
        Refused: not theirs to do, or not in this state; the message says which.
    """
    authorize(state, proposal.actor, proposal.kind, proposal.signal)
    refuse_unfit(state, proposal, max(at, state.last_at))
    act = Act(
        seq=state.size,
        at=max(at, state.last_at),
        kind=proposal.kind,
        actor=proposal.actor,
        signal=proposal.signal,
        fingerprint=proposal.fingerprint,
        body=proposal.body,
        signature=proposal.signature,
    )
    return _led_to(state, act).moved


@dataclass(frozen=True)
class _After:
    """A state, and from what to what the act moved a validation."""

    state: State
    moved: tuple[str | None, str | None] = (None, None)


def _led_to(state: State, act: Act) -> _After:
    if act.kind not in KINDS:
        raise Refused(f"There is no act of the kind {act.kind!r}.")
    if act.seq != state.size:
        raise Refused(f"Act {act.seq} is not the next one, {state.size}.")
    if act.at < state.last_at:
        raise Refused(f"Act {act.seq} is dated before the one before it.")
    if (act.kind == "trail.started") != (state.size == 0):
        raise Refused("A trail begins with trail.started, and only there.")
    if act.kind in STEPS:
        after = _stepped(state, act)
    else:
        effect = EFFECTS.get(act.kind)
        after = _After(state if effect is None else effect(state, act))
    return replace(after, state=replace(after.state, size=state.size + 1, last_at=act.at))


def _stepped(state: State, act: Act) -> _After:
    """An act on a validation."""
    signal, fingerprint = act.signal, act.fingerprint
    if signal is None or fingerprint is None:
        raise Refused(f"{act.kind} names no {'signal' if signal is None else 'fingerprint'}.")
    known = state.validations.get((signal, fingerprint))
    one = known or Validation("draft", act.at)
    context = state.context(signal, act.at)
    after = step(one, act, context)
    # An expiry that nobody recorded is still what the act met; recording it is what moves it.
    met = one if act.kind == "validation.expired" else at_time(one, act.at)
    moved = (None if act.kind == "fingerprint.seen" and known is None else met.state, after.state)
    if after is known:
        return _After(state, moved)
    validations = {**state.validations, (signal, fingerprint): after}
    unmeasured = state.unmeasured
    if act.kind == "fingerprint.seen":
        unmeasured = {signal: act.at, **unmeasured}
    return _After(replace(state, validations=validations, unmeasured=unmeasured), moved)
