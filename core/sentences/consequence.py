"""What a signature lets happen, in sentences."""

from __future__ import annotations

from core.gate.consequence import WEEKS, Consequence
from core.sentences.numbers import count, counted


def consequence_words(one: Consequence) -> tuple[str, ...]:
    """How many cases a week then act, how many of these will be wrong, and what is not known."""
    if not one.n_claims:
        return (
            f"This version made no claim in the last {WEEKS} weeks: what it will do is not known.",
        )
    if not one.automated:
        return (
            f"By the rules in force none of its {counted(one.n_claims, 'claim')} of the last "
            f"{WEEKS} weeks would act without a person.",
        )
    acts = (
        f"About {_a_week(one.automated)} a week will then act without a person: "
        f"{count(one.automated)} of {counted(one.n_claims, 'claim')} of the last {WEEKS} weeks, by "
        "the rules in force."
    )
    if one.errors is None or one.low is None or one.high is None:
        return acts, "How many of these will be wrong is not known: none of them is labelled."
    wrong = (
        f"About {_number(one.errors)} of these a week will be wrong ({_number(one.low)} to "
        f"{_number(one.high)}, 95% interval), from {counted(one.n_labelled, 'label')}."
    )
    missing = one.automated - one.n_labelled
    if not missing:
        return acts, wrong
    return (
        acts,
        wrong,
        (
            f"{count(missing)} of them have no label yet; it is supposed that they err as the "
            "labelled do."
        ),
    )


def _a_week(n: int) -> str:
    return counted(max(1, round(n / WEEKS)), "case")


def _number(n: float) -> str:
    each = n / WEEKS
    return f"{each:,.0f}" if each >= 10 or each == 0 else f"{each:.1f}"
