"""Any rules that may be written down, for properties that hold of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hypothesis import strategies as st

from core.registry.escalation_rules import ACTIONS, Action, Override, RuleBand, Rules, check_rules

PEOPLE: st.SearchStrategy[Action] = st.sampled_from(["review", "escalate"])


@st.composite
def _ladders(draw: st.DrawFn, cuts: st.SearchStrategy[int]) -> tuple[RuleBand, ...]:
    chosen = sorted(draw(st.sets(cuts, max_size=3)))
    count = len(chosen) + 1
    actions = draw(st.lists(st.sampled_from(ACTIONS), min_size=count, max_size=count))
    actions.sort(key=ACTIONS.index, reverse=True)
    return tuple(map(RuleBand, [*chosen, None], actions))


def rule_sets(
    cuts: st.SearchStrategy[int],
    dimensions: st.SearchStrategy[str],
    values: st.SearchStrategy[str],
    known_values: Sequence[tuple[tuple[str, tuple[str, ...]], ...]] = ((),),
    most: int = 2,
) -> st.SearchStrategy[Rules]:
    """Rules that are accepted.

    Args:
        cuts: of their bands, in millionths.
        dimensions: of their overrides.
        values: of these.
        known_values: what they may list.
        most: overrides.
    """
    ladders = _ladders(cuts)
    overrides = st.lists(
        st.builds(Override, dimensions, values, ladders),
        max_size=most,
        unique_by=lambda one: (one.dimension, one.value),
    ).map(tuple)
    built: Callable[..., st.SearchStrategy[Rules]] = st.builds
    return built(
        Rules, ladders, overrides, PEOPLE, PEOPLE, PEOPLE, st.sampled_from(known_values)
    ).filter(lambda rules: not check_rules(rules))
