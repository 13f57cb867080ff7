"""What an edited registry entry would change, as the page shows it before it is applied."""

from __future__ import annotations

from dataclasses import dataclass

from core.gate.registry_changes import ChangePlan


@dataclass(frozen=True)
class PlanPart:
    """What a text would change of one signal, of a group, or of who is known.

    Attributes:
        heading: of what.
        changes: each in words.
        effects: what it would have done with the last claims; empty where it concerns none.
        warning: what it takes the ground from; "" where nothing.
        idle: the rules in it that never applied so far, and thresholds that were chosen on claims
            of other versions than are in use, each a sentence.
        refused: what it lacks to let something act by itself, each with its fix.
    """

    heading: str
    changes: tuple[str, ...]
    effects: tuple[str, ...] = ()
    warning: str = ""
    idle: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def plan_parts(plan: ChangePlan) -> tuple[PlanPart, ...]:
    """What a text would change and what that would have done, as `calledger registry diff` says."""
    found = []
    for change in plan.changes:
        found.append(
            PlanPart(
                f"{change.new.name}: {'new entry' if change.old is None else 'changed'}",
                tuple(one.words for one in change.differences),
                change.effects.lines(),
                "Validations in force are suspended by this; submit new evidence."
                if change.reopens
                else "",
                (*change.idle, *change.on_others),
                change.unproven,
            )
        )
    for group, before in plan.groups:
        was = "new" if before is None else f"was: {', '.join(before) or 'nobody'}"
        found.append(PlanPart(f"Group {group.name}", (f"{', '.join(group.members)} ({was})",)))
    if plan.new_people:
        found.append(PlanPart("People who are new here", plan.new_people))
    return tuple(found)


def same_plan(one: ChangePlan, other: ChangePlan) -> bool:
    """Whether two plans say the same changes; what these would have done goes on with the clock."""

    def core(plan: ChangePlan) -> object:
        return [(a.new, a.old) for a in plan.changes], plan.groups, plan.new_people

    return core(one) == core(other)
