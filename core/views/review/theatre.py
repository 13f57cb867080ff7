"""What a signal's confidence changes: its decisions against treating every case alike, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import pandas as pd

from core.findings.detectors.decisions.theatre import MINIMUM_DECISIONS, Theatre, measure_theatre
from core.governance.state import State
from core.measure.failures.theatre import ACTIONS, USUAL_COSTS, Action, ActionEffect
from core.measure.metrics.intervals import clopper_pearson
from core.queries.base.selection import Selection
from core.sentences.numbers import count, counted, percent

ALWAYS: dict[Action, str] = {
    "automate": "always automating",
    "review": "always reviewing",
    "escalate": "always escalating",
}
_DONE: dict[Action, str] = {
    "automate": "automated",
    "review": "reviewed",
    "escalate": "escalated",
}


@dataclass(frozen=True)
class TheatreView:
    """What a signal's confidence changes.

    Attributes:
        headline: the answer, in a sentence.
        changes_nothing: whether it decides nothing at all.
        interval: what it saves or costs, with its interval, in a sentence; None where nobody can
            tell, and the headline says why.
        basis: which decisions of which time, in a sentence.
        costs: by what costs, in a sentence.
        policies: policy, cost (a week, the cheapest first, null where unknown), words.
        actions: action, n_claims, claims and wrong in words, these with interval and labels.
        dead: the names of the bands that no claim met.
        dead_words: the same in a sentence; None where every band was met.
        unit: what costs are counted in.
        notes: what has to be borne in mind.
    """

    headline: str
    changes_nothing: bool
    interval: str | None
    basis: str
    costs: str
    policies: pd.DataFrame
    actions: pd.DataFrame
    dead: tuple[str, ...]
    dead_words: str | None
    unit: str
    notes: tuple[str, ...]


def theatre_view(
    cursor: duckdb.DuckDBPyConnection,
    state: State | None,
    selection: Selection,
    now: datetime,
) -> TheatreView:
    """Assemble what the confidence of the selected claims changed.

    Args:
        selection: the claims; where it does not say since when, the last 13 weeks.
    """
    entry = None if state is None else state.entries.get(selection.signal)
    measured = measure_theatre(cursor, None if entry is None else entry.spec, selection, now)
    unit = measured.unit or "reviews"
    return TheatreView(
        headline=_headline(measured),
        changes_nothing=measured.changes_nothing,
        interval=_interval(measured, unit),
        basis=_basis(measured),
        costs=_costs(measured),
        policies=_policies(measured),
        actions=_actions(measured),
        dead=tuple(row.rule for row in measured.dead),
        dead_words=_dead(measured),
        unit=unit,
        notes=_notes(measured),
    )


def _headline(one: Theatre) -> str:
    effect = one.effect
    if effect is None:
        return (
            "What its confidence changes is not known: no action is logged, and no rules are "
            "registered."
        )
    if not effect.n_claims:
        return "No decision was made in this time."
    if one.changes_nothing:
        done = _DONE[effect.single] if effect.single else "decided alike"
        return (
            f"Its confidence changes nothing: all {counted(effect.n_claims, 'decision')} "
            f"{'was' if effect.n_claims == 1 else 'were'} {done}. Why does this signal exist?"
        )
    if effect.best is None or effect.changed is None:
        return (
            "What its confidence saves is not known: too little of what was done is labelled to "
            "say how often it is wrong."
        )
    return (
        f"Against {ALWAYS[effect.best]}, the cheapest policy without it, its confidence changed "
        f"{count(effect.changed)} of {counted(effect.n_claims, 'decision')} "
        f"({percent(effect.changed / effect.n_claims)}): {_saves(effect)}."
    )


def _saves(effect: ActionEffect) -> str:
    assert effect.low is not None
    assert effect.high is not None
    if effect.low > 0:
        return "it saves"
    if effect.high < 0:
        return "it costs more than it saves"
    return "whether it saves or costs is not known"


def _interval(one: Theatre, unit: str) -> str | None:
    effect = one.effect
    if effect is None or effect.saved is None or effect.low is None or effect.high is None:
        return None
    if one.changes_nothing:
        return None
    a_week = [each / one.weeks for each in (effect.saved, effect.low, effect.high)]
    value, low, high = a_week
    if effect.high < 0:
        said = f"It costs {_amount(-value)} {unit} a week more ({_amount(-high)} to "
        said += f"{_amount(-low)}"
    else:
        said = f"It saves {_amount(value)} {unit} a week ({_amount(low)} to {_amount(high)}"
    return f"{said}; {percent(effect.level)} interval)."


def _amount(value: float) -> str:
    """Costs: whole from a hundred on, one decimal below."""
    text = f"{abs(value):,.0f}" if abs(value) >= 100 else f"{abs(value):.1f}"
    return f"−{text}" if value < 0 and float(text.replace(",", "")) else text


def _basis(one: Theatre) -> str:
    last = one.until - timedelta(microseconds=1)
    days = f"from {one.since:%Y-%m-%d} to {last:%Y-%m-%d}"
    if one.basis == "logged":
        left = ""
        if one.n_unlogged:
            left = f"; {counted(one.n_unlogged, 'claim')} without one left out"
        return f"Decisions as logged {days}{left}."
    if one.basis == "rules":
        return (
            f"No action is logged: decisions as the rules in force would make them, {days}, as if "
            "each claim could act."
        )
    return f"{counted(one.n_claims, 'claim')} {days}."


def _costs(one: Theatre) -> str:
    costs = one.costs
    if one.unit is None:
        return (
            f"No costs are declared, so an error is taken to be as bad as {USUAL_COSTS.error:g} "
            f"reviews, and an escalation as {USUAL_COSTS.escalate:g}: automating pays while fewer "
            f"than {percent(USUAL_COSTS.review / USUAL_COSTS.error)} are wrong. Declare them in "
            "the registry entry."
        )
    return (
        f"As declared: an error {costs.error:,g}, a review {costs.review:,g}, an escalation "
        f"{costs.escalate:,g} {one.unit}."
    )


def _policies(one: Theatre) -> pd.DataFrame:
    effect = one.effect
    rows: list[tuple[str, float | None]] = []
    if effect is not None and effect.n_claims:
        rows = [("as its confidence decides", _a_week(effect.cost, one))]
        rows += [(ALWAYS[action], _a_week(effect.constant[action], one)) for action in ACTIONS]
    frame = pd.DataFrame(rows, columns=["policy", "cost"]).astype({"cost": "float64"})
    frame["words"] = ["not known" if pd.isna(cost) else _amount(cost) for cost in frame["cost"]]
    return frame.sort_values("cost", kind="stable", na_position="last").reset_index(drop=True)


def _a_week(cost: float | None, one: Theatre) -> float | None:
    return None if cost is None else cost / one.weeks


def _actions(one: Theatre) -> pd.DataFrame:
    total = 0 if one.effect is None else one.effect.n_claims
    rows = []
    for action, sums in one.handled:
        share = percent(sums.n_claims / total)
        wrong = "no final outcome"
        if sums.error_rate is not None and one.effect is not None:
            rate = sums.error_rate
            ends = clopper_pearson(rate * sums.worth, sums.worth, 1 - one.effect.level)
            low, high = (percent(float(end)) for end in ends)
            wrong = f"{percent(rate)} ({low} to {high}), n {count(sums.n)}"
        rows.append((action, sums.n_claims, f"{count(sums.n_claims)}, {share}", wrong))
    return pd.DataFrame(rows, columns=["action", "n_claims", "claims", "wrong"])


def _dead(one: Theatre) -> str | None:
    if not one.dead:
        return None
    names = [
        f"{row.action} at {row.words}" + ("" if row.where is None else f" for {row.whom}")
        for row in one.dead
    ]
    rules = "rule was" if len(names) == 1 else "rules were"
    return (
        f"{len(names)} of {len(one.rules)} {rules} met by none of {counted(one.n_claims, 'claim')}:"
        f" {'; '.join(names)}."
    )


def _notes(one: Theatre) -> tuple[str, ...]:
    effect = one.effect
    if effect is None or not effect.n_claims:
        return ()
    notes = []
    if effect.n_claims < MINIMUM_DECISIONS:
        notes.append(
            f"Fewer than {MINIMUM_DECISIONS} decisions: that they are alike may be chance."
        )
    for action, sums in one.handled:
        if not sums.n:
            notes.append(f"None of the {_DONE[action]} is labelled and old enough to count.")
        elif sums.n / sums.n_claims < 0.5:
            notes.append(
                f"Of the {_DONE[action]}, {percent(sums.n / sums.n_claims)} have a label that "
                "counts; the others are taken to be wrong as often."
            )
    notes.append(
        f"Error rates are of claims made before {one.settled:%Y-%m-%d}, whose outcomes are final, "
        "scaled to all; what people look at is taken to be fixed."
    )
    return tuple(notes)
