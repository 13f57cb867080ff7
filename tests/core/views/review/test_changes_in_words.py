"""What confidence changes, whether a metric is gamed and how it was asked, in words."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.governance.replay import Replay
from core.governance.state import State
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.registry.escalation_rules import RuleBand, Rules
from core.views.review.elicitation import elicitation_view
from core.views.review.gaming import gaming_view
from core.views.review.theatre import theatre_view

NOW = datetime(2026, 11, 23, 12)


@pytest.fixture(scope="module")
def told(told_path: Path):
    with Ledger.open(told_path, read_only=True) as ledger:
        cursor = ledger.cursor()
        yield cursor, Replay().caught_up(cursor)


Told = tuple[duckdb.DuckDBPyConnection, State]


def test_a_signal_that_decides_nothing_is_asked_why_it_exists(told: Told) -> None:
    view = theatre_view(*told, Selection("duplicate-merge.self-report"), NOW)
    assert view.changes_nothing
    assert "all 2,840 decisions were reviewed. Why does this signal exist?" in view.headline
    assert view.interval is None


def test_what_a_signal_saves_stands_with_its_interval_and_its_costs(told: Told) -> None:
    view = theatre_view(*told, Selection("refund-check.logprob"), NOW)
    assert "always reviewing" in view.headline
    assert view.headline.endswith("it saves.")
    assert view.interval is not None
    assert re.fullmatch(
        r"It saves [\d.,]+ EUR a week \([\d.,]+ to [\d.,]+; 95% interval\)\.", view.interval
    )
    assert view.costs.startswith("As declared: an error ")
    assert view.unit == "EUR"
    assert view.policies["cost"].is_monotonic_increasing
    assert view.actions["n_claims"].sum() == 3882


def test_what_costs_more_than_it_saves_says_so(told: Told) -> None:
    view = theatre_view(*told, Selection("reply-draft.self-report"), NOW)
    assert "it costs more than it saves" in view.headline
    assert view.interval is not None
    assert "a week more" in view.interval
    assert "578 claims without one left out" in view.basis


def test_rules_that_no_claim_meets_are_named(told: Told) -> None:
    cursor, state = told
    entry = state.entries["refund-check.logprob"]
    rules = Rules(
        (RuleBand(600_000, "escalate"), RuleBand(900_000, "review"), RuleBand(None, "automate"))
    )
    entries = {entry.spec.name: replace(entry, spec=replace(entry.spec, rules=rules))}
    sure = (("confidence_band", ("0.9–1.0",)),)
    asked = Selection("refund-check.logprob", where=sure)
    view = theatre_view(cursor, replace(state, entries=entries), asked, NOW)
    assert view.dead == ("band:0-0.60", "band:0.60-0.90")
    assert view.dead_words is not None
    assert view.dead_words.startswith("2 of 3 rules were met by none of ")
    assert "escalate at 0 up to below 0.60" in view.dead_words


def test_where_no_action_is_logged_the_rules_stand_in_and_it_says_so(told: Told) -> None:
    view = theatre_view(*told, Selection("answer-quality.judge"), NOW)
    assert "as if each claim could act" in view.basis


def test_costs_that_nobody_declared_are_stated_as_assumed(told: Told) -> None:
    view = theatre_view(*told, Selection("callback-urgency.self-report"), NOW)
    assert "No costs are declared, so an error is taken to be as bad as 10 reviews" in view.costs
    assert view.unit == "reviews"


def test_where_nothing_automated_is_labelled_nothing_is_claimed(told: Told) -> None:
    view = theatre_view(*told, Selection("callback-urgency.self-report"), NOW)
    assert "is not known" in view.headline
    assert any("None of the automated is labelled" in note for note in view.notes)
    assert view.policies["cost"].isna().sum() == 2


@pytest.mark.parametrize("signal", ["answer-quality.judge", "ticket-triage.agreement"])
def test_of_a_time_without_claims_there_is_nothing_to_say(told: Told, signal: str) -> None:
    asked = Selection(signal, since=datetime(2020, 1, 1), until=datetime(2020, 2, 1))
    view = theatre_view(*told, asked, NOW)
    assert view.headline == "No decision was made in this time."
    assert view.policies.empty
    assert view.dead == ()


def test_a_gamed_metric_shows_its_curves_before_and_after(told: Told) -> None:
    view = gaming_view(*told, "answer-quality.judge", NOW)
    assert view.flagged
    assert view.names == ("prompt rubric-2", "prompt rubric-3")
    assert "ECE fell from" in view.headline
    assert view.curves is not None
    assert [group.name for group in view.curves.groups] == list(view.names)
    # The curves rest on the very labels that the numbers rest on.
    shown = view.numbers.set_index("measure").loc["Labelled claims"]
    assert [f"{group.measures.n:,}" for group in view.curves.groups] == [
        shown["before"],
        shown["after"],
    ]


def test_a_metric_that_is_not_gamed_gets_one_line(told: Told) -> None:
    view = gaming_view(*told, "ticket-triage.self-report", NOW)
    assert not view.flagged
    assert view.headline.startswith("No: in none of 3 comparisons")
    assert view.curves is None
    assert len(view.compared) == 3


def test_an_anchored_confidence_says_so_with_its_interval(told: Told) -> None:
    view = elicitation_view(told[0], Selection("reply-draft.self-report"))
    assert view.anchored
    assert view.headline == (
        "Asked after the answer, it states 15.0 points more than asked before the answer, and is "
        "right as often. The answer anchors it."
    )
    assert view.advice.startswith("Switch to asking before the answer (verbal, prompt draft-v2)")
    assert view.differences["verdict"].tolist() == ["off", "fine"]
    assert view.differences["label"].is_unique


def test_another_signal_on_the_same_events_is_compared(told: Told) -> None:
    view = elicitation_view(told[0], Selection("ticket-triage.self-report"))
    assert view.shown
    assert not view.anchored
    assert "ticket-triage.agreement" in view.sentences[0]
    assert "events" in view.sentences[0]


def test_a_signal_asked_in_one_way_shows_nothing(told: Told) -> None:
    view = elicitation_view(told[0], Selection("refund-check.logprob"))
    assert not view.shown
    assert view.table.empty


def test_ways_without_a_shared_input_are_marked_as_other_cases(fill: Any) -> None:
    rows = [
        {
            "ts": "2026-11-02T12:00:00Z",
            "signal": "s",
            "confidence": 0.9 if order == "after" else 0.6,
            "outcome": i % 2,
            "elicitation": "verbal",
            "elicitation_order": order,
        }
        for order in ("before", "after")
        for i in range(40)
    ]
    view = elicitation_view(fill(rows), Selection("s"))
    assert view.shown
    assert not view.anchored
    assert "different cases" in view.sentences[0]
    assert view.differences["label"].str.contains("other cases").all()


def test_two_ways_of_a_few_claims_cannot_be_told_yet(fill: Any) -> None:
    rows = [
        {"ts": "2026-11-02T12:00:00Z", "signal": "s", "confidence": 0.9, "outcome": 1,
         "elicitation_order": order}
        for order in ("before", "after")
        for _ in range(5)
    ]  # fmt: skip
    view = elicitation_view(fill(rows), Selection("s"))
    assert view.shown
    assert view.table.empty
    assert "nothing can be said about them yet" in view.headline
