"""That numbers rest on loaded cells, in words."""

from __future__ import annotations

from collections.abc import Sequence

from core.queries.base.kept.loaded import LoadedFrom

#: As many digits of a digest tell two event logs apart.
_DIGITS = 12
#: As many signals are named.
_NAMED = 4


def rests_on(one: LoadedFrom) -> str:
    """Which cells, from where, since when."""
    return (
        f"Counted from loaded cells, not from claims: {one.first} to {one.last}, loaded "
        f"{one.at:%Y-%m-%d} (entry {one.seq}) from the event log {one.events[:_DIGITS]}."
    )


def not_looked_for(signals: Sequence[str], unread: Sequence[str] = ()) -> str:
    """What a look at all signals leaves out of those whose claims are not here; "" without any.

    Args:
        unread: those of them that cannot be judged from their cells.
    """
    if not signals:
        return ""
    left_out = ""
    if unread:
        left_out = (
            "Not judged, because inputs repeat or confidences are too many for loaded cells to "
            f"tell them apart: {_listed(unread)}. "
        )
    return (
        f"{left_out}Counted from loaded cells: {_listed(signals)}. What needs single claims is "
        "not looked for there: claims that acted against the rules or without asking the gate, "
        "thresholds that do not keep what their run proved, held-out sets that are worn, fields "
        "that programs no longer log, labels that contradict each other, judges that disagree, "
        "inputs that shift or leak, ways of asking, confidences that change nothing, stakes that "
        "are too low, validations since they were signed."
    )


def _listed(signals: Sequence[str]) -> str:
    more = f" and {len(signals) - _NAMED:,} more" if len(signals) > _NAMED else ""
    return f"{', '.join(signals[:_NAMED])}{more}"


#: What they leave out, beside that.
LEFT_OUT = "Cells do not say who labelled, and hold no labels of judges."
