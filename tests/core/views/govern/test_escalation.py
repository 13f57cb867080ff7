"""Rules in practice, on claims few enough to be counted by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.gate.decision_log import DecisionLog
from core.gate.gate import Gate
from core.gate.questions import Question
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.measure.metrics.intervals import clopper_pearson
from core.trail.checkpoints.signer import Signer
from core.trail.fingerprint import Fingerprint
from core.views.govern.breaches import BreachesPage, breaches_view
from core.views.govern.escalation import EscalationView, RuleLine, default_days, escalation_view
from sample_data import SAMPLE_END
from sample_data.planted import SELF_REPORT, WEEKS
from tests.worlds.governed import house as base
from tests.worlds.governed.entries import entry
from tests.worlds.governed.house import NOW

FIRST, LAST = date(2026, 11, 2), date(2026, 11, 15)  # two whole weeks
M1 = Fingerprint(model_version="m1")
ENTRY: dict[str, Any] = {
    "most": {"ece": "0.05", "automated_error": "0.40"},
    "cuts": {"escalate": "0.5", "review": "0.90"},
    "escalation": {
        "overrides": [{"where": {"topic": "law"}, "bands": [{"action": "review"}]}],
        "knownValues": {"topic": ["tax"]},
        "handling": {
            "review": {"queue": "desk", "withinHours": 8},
            "escalate": {"queue": "lead", "withinHours": 1},
        },
    },
    "costs": {"unit": "EUR", "error": "10", "review": "2", "escalate": "5"},
}
HEADER = "event_id,ts,signal,confidence,outcome,model_version,seg_topic,action,input_id\n"


class House(base.House):
    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self.at, self._n = datetime(2026, 11, 1, 9), 0

    def enter(self, **other: Any) -> None:
        said = {name: one for name, one in (ENTRY | other).items() if one is not None}
        self.register(entry(**said), "user:t/ann" if self._n else "user:t/adam")

    def claims(
        self,
        n: int,
        confidence: float | str,
        action: str,
        *,
        right: int = 0,
        wrong: int = 0,
        day: date = date(2026, 11, 4),
        model: str = "m1",
        topic: str = "tax",
        same_input: bool = False,
    ) -> None:
        self._n += 1
        outcomes = ["1"] * right + ["0"] * wrong + [""] * (n - right - wrong)
        one = f"i{self._n}" if same_input else ""
        rows = "".join(
            f"{self._n}-{i},{day}T08:00:00Z,s,{confidence},{y},{model},{topic},{action},{one}\n"
            for i, y in enumerate(outcomes)
        )
        self.bring(HEADER + rows)

    def view(self, **asked: Any) -> EscalationView:
        self.at = max(self.at, NOW)
        return escalation_view(self.ledger.cursor(), self.office.state(), "s", FIRST, LAST, **asked)

    def listed(self, **asked: Any) -> BreachesPage:
        return breaches_view(self.ledger.cursor(), "s", FIRST, LAST, **asked)


def line(view: EscalationView, rule: str) -> RuleLine:
    return next(one for one in view.rules if one.row.rule == rule)


@pytest.fixture
def house() -> Iterator[House]:
    with Ledger.in_memory() as ledger:
        yield House(ledger)


def kept_busy(house: House) -> House:
    house.enter()
    house.validate(M1)
    house.claims(20, 0.95, "automate", right=8, wrong=2)
    house.claims(6, 0.7, "review", right=3, wrong=3)
    house.claims(4, 0.7, "automate", right=1, wrong=1)
    house.claims(2, 0.3, "review", wrong=1)
    house.claims(3, 0.3, "escalate")
    house.claims(5, 0.95, "review", day=date(2026, 11, 12))
    house.claims(2, 0.95, "automate", topic="law")
    house.claims(7, 0.95, "automate", model="m2", wrong=1)
    house.claims(1, 0.95, "", right=1)
    return house


@pytest.fixture(scope="module")
def busy() -> Iterator[House]:
    """For all tests that only read it."""
    with Ledger.in_memory() as ledger:
        yield kept_busy(House(ledger))


def test_every_claim_is_in_one_row_of_the_rules(busy: House) -> None:
    view = busy.view()
    cases = {one.row.rule: one.n_cases for one in view.rules if one.n_cases}
    assert cases == {
        "override:topic=law:band:0-1": 2,
        "band:0-0.50": 5,
        "band:0.50-0.90": 10,
        "band:0.90-1": 26,
        "fallback:unvalidated": 7,
    }
    assert sum(cases.values()) == view.n_claims == 50
    assert sum(one.share for one in view.rules) == pytest.approx(1)


def test_a_row_has_its_queue_its_load_its_accuracy_and_its_errors(busy: House) -> None:
    row = line(busy.view(), "band:0.50-0.90")
    assert row.queue == "desk, 8 hours"
    assert row.a_week == 5
    assert (row.right.hits, row.right.n, row.right.n_claims) == (4, 8, 10)
    low, high = clopper_pearson(4, 8, 0.05)
    assert (row.right.low, row.right.high) == pytest.approx((float(low), float(high)))
    assert (row.automated, row.wrong.hits, row.wrong.n, row.n_breaches) == (4, 1, 2, 4)
    assert line(busy.view(), "band:0-0.50").queue == "lead, 1 hour"
    acts = line(busy.view(), "band:0.90-1")
    assert (acts.queue, acts.a_week) == ("", 0)


def test_as_if_every_version_might_act_fills_the_bands(busy: House) -> None:
    view = busy.view(as_if=True)
    assert line(view, "band:0.90-1").n_cases == 33
    assert line(view, "fallback:unvalidated").n_cases == 0
    assert view.n_breaches == busy.view().n_breaches


def test_as_written_and_as_done_stand_apart(busy: House) -> None:
    view = busy.view()
    assert view.written.n == {"automate": 26, "review": 19, "escalate": 5}
    assert view.done is not None
    assert view.done.n == {"automate": 33, "review": 13, "escalate": 3}
    assert (view.written.reviews, view.written.escalations) == (9.5, 2.5)
    assert (view.done.wrong.hits, view.done.wrong.n) == (4, 13)


def test_expected_cost_is_that_of_errors_and_people_with_the_interval_of_the_errors(
    busy: House,
) -> None:
    view = busy.view()
    assert view.done is not None
    cost = view.done.cost
    # 33 automated, 4 of 13 labelled wrong, over two weeks.
    assert cost.expected == pytest.approx((33 * 4 / 13 * 10 + 13 * 2 + 3 * 5) / 2)
    low, high = clopper_pearson(4, 13, 0.05)
    assert cost.low == pytest.approx(((4 + 20 * float(low)) * 10 + 41) / 2)
    assert cost.high == pytest.approx(((4 + 20 * float(high)) * 10 + 41) / 2)
    assert "EUR" in cost.words


def test_without_declared_costs_none_are_made_up(house: House) -> None:
    house.enter(costs=None)
    house.claims(3, 0.95, "review")
    cost = house.view().written.cost
    assert (cost.expected, cost.words) == (None, "no costs declared")


def test_without_a_label_no_cost_of_errors_is_made_up(house: House) -> None:
    house.enter()
    house.claims(3, 0.95, "automate")
    view = house.view()
    assert view.done is not None
    assert view.done.cost.expected is None
    assert view.done.cost.words == "not known: no automated claim is labelled"
    assert view.bound.words.startswith("Too few labels: none of the automated claims is labelled")


def test_the_headline_counts_breaches_and_says_what_was_automated(busy: House) -> None:
    view = busy.view()
    assert view.headline == (
        "15 of 49 claims whose action was logged were handled less strictly than the rules "
        "require; 13 of them acted without a person."
    )
    assert view.said == (
        "5 claims handled more strictly than required, such as spot checks: no breach.",
        "1 claim without a logged action: not judged.",
    )


def test_breaches_are_counted_by_kind_and_rule(busy: House) -> None:
    view = busy.view()
    assert view.kinds == (("cut", 6), ("override", 2), ("unvalidated", 7))
    assert [(one.kind, one.rule, one.n, one.n_automated) for one in view.lines] == [
        ("cut", "band:0.50-0.90", 4, 4),
        ("cut", "band:0-0.50", 2, 0),
        ("override", "override:topic=law:band:0-1", 2, 2),
        ("unvalidated", "fallback:unvalidated", 7, 7),
    ]
    assert (view.lines[0].wrong.hits, view.lines[0].wrong.n) == (1, 2)


def test_weeks_hold_every_claim_once_and_its_breaches(busy: House) -> None:
    weeks = busy.view().weeks
    assert list(weeks["week"].unique()) == ["2026-W45", "2026-W46"]
    by_week = weeks.groupby("week")[["n", "n_breaches"]].sum()
    assert by_week.to_dict("index") == {
        "2026-W45": {"n": 45, "n_breaches": 15},
        "2026-W46": {"n": 5, "n_breaches": 0},
    }


@pytest.mark.parametrize(
    ("right", "wrong", "outcome", "said"),
    [
        (40, 0, "met", "Met: wrong among the automated claims: 0.0%"),
        (10, 30, "missed", "Missed: wrong among the automated claims: 75.0%"),
        (3, 1, "undecided", "Too few labels: wrong among the automated claims: 25.0%"),
    ],
)
def test_the_error_rate_is_held_against_its_bound(
    right: int, wrong: int, outcome: str, said: str, house: House
) -> None:
    house.enter()
    house.validate(M1)
    house.claims(40, 0.95, "automate", right=right, wrong=wrong)
    bound = house.view().bound
    assert bound.outcome == outcome
    assert bound.words.startswith(said)
    assert bound.words.endswith("at most 40% is registered.")


def test_labels_of_one_input_decide_no_bound(house: House) -> None:
    house.enter()
    house.validate(M1)
    house.claims(40, 0.95, "automate", right=40, same_input=True)
    bound = house.view().bound
    assert bound.outcome == "undecided"
    assert "(2.5% to" in bound.words or "0.0% to 97.5%" in bound.words


def test_without_a_bound_that_is_said(house: House) -> None:
    house.enter(most={"ece": "0.05"})
    house.claims(4, 0.95, "automate", right=4)
    bound = house.view().bound
    assert (bound.outcome, "criterion automated_error" in bound.words) == (None, True)


def test_where_nothing_is_logged_only_what_is_written_can_be_told(house: House) -> None:
    house.enter()
    house.validate(M1)
    house.claims(10, 0.95, "", right=9, wrong=1)
    view = house.view()
    assert view.done is None
    assert view.headline.startswith("No claim says what was done with it")
    assert view.written.wrong.hits == 1
    assert "claims that would be automated" in view.bound.words


def test_kept_rules_are_said_to_be_kept(house: House) -> None:
    house.enter()
    house.claims(10, 0.95, "review")
    view = house.view()
    assert view.headline == (
        "No breach: all 10 claims whose action was logged were handled as strictly as required."
    )
    assert (view.none_acted, view.gate, view.lines) == (True, "", ())


def test_claims_of_before_the_first_entry_are_in_no_row(house: House) -> None:
    house.at = datetime(2026, 11, 10)
    house.enter()
    house.claims(3, 0.95, "automate")
    house.claims(2, 0.95, "automate", day=date(2026, 11, 12))
    view = house.view()
    assert (view.n_claims, view.n_breaches) == (5, 2)
    assert sum(one.n_cases for one in view.rules) == 2
    assert "3 claims made before the first entry: no rule applied yet." in view.said


def test_an_unregistered_signal_has_no_rules_and_no_breach(house: House) -> None:
    house.claims(3, 0.95, "automate")
    view = house.view()
    assert (view.registered, view.rules, view.entry) == (False, (), None)
    assert view.headline == "No rule was in force in these days, so none was breached."


def test_days_without_a_claim_say_so(house: House) -> None:
    house.enter()
    assert house.view().headline == "No claim was made in these days."


def test_rows_are_those_of_the_rules_in_force_now_and_breaches_those_of_the_time(
    house: House,
) -> None:
    house.enter()
    house.validate(M1)
    house.claims(4, 0.7, "automate")
    house.at = datetime(2026, 11, 20)
    house.enter(cuts={"escalate": "0.5", "review": "0.60"})
    view = house.view()
    assert line(view, "band:0.60-1").n_cases == 4
    assert line(view, "band:0.60-1").n_breaches == 0
    assert [(one.rule, one.n) for one in view.lines] == [("band:0.50-0.90", 4)]


def test_the_list_says_what_was_done_what_was_required_and_why(busy: House) -> None:
    found = busy.listed(kinds=["cut"], order="worst")
    assert (found.total, found.n_leaves) == (6, 1)
    first = found.frame.iloc[0]
    assert (first["done"], first["required"], first["outcome"]) == ("automated", "review", "wrong")
    assert first["why"] == "Stated 0.70: band:0.50-0.90 asks for review."
    assert (first["kind"], first["gate"]) == ("Against the threshold", "not asked")
    (why,) = set(busy.listed(kinds=["unvalidated"]).frame["why"])
    assert why == "This fingerprint was never validated."


def test_leaves_of_the_list_hold_every_breach_once(busy: House) -> None:
    events = [
        event
        for leaf in (1, 2, 3)
        for event in busy.listed(leaf=leaf, leaf_size=6).frame["event_id"]
    ]
    assert len(events) == len(set(events)) == busy.view().n_breaches
    assert busy.listed(leaf_size=6).n_leaves == 3


def ask(house: House, event: str, confidence: float) -> None:
    fields = {"signal": "s", "event_id": event, "confidence": confidence, "model_version": "m1"}
    fields["seg_topic"] = "tax"
    DecisionLog(house.office).write([Gate(house.office).decide(Question.of(fields))])


def test_what_the_gate_answered_is_told_beside_what_was_done(house: House) -> None:
    kept_busy(house)
    ask(house, "3-0", 0.7)
    ask(house, "3-1", 0.95)  # asked with another confidence, which may act
    view = house.view()
    assert view.gate == (
        "The gate was asked about 2 of them: 1 were done against its answer, 1 as it had answered."
    )
    words = house.listed().frame.set_index("event_id")["gate"]
    assert words["3-0"] == "answered review, not followed"
    assert words["3-1"] == "answered automate, followed"


@pytest.mark.parametrize(
    ("last", "days"),
    [
        (None, (date(2026, 10, 26), date(2026, 11, 24))),
        (datetime(2026, 11, 22, 19), (date(2026, 10, 24), date(2026, 11, 22))),
        (datetime(2027, 1, 1), (date(2026, 10, 26), date(2026, 11, 24))),
    ],
)
def test_the_days_end_with_the_newest_claim_but_not_after_today(
    last: datetime | None, days: tuple[date, date]
) -> None:
    assert default_days(last, NOW) == days


def test_the_samples_planted_breaches_of_the_cut_are_found_apart(told_path: Path) -> None:
    begin = SAMPLE_END - timedelta(weeks=WEEKS)
    with Ledger.open(told_path, read_only=True) as ledger:
        office = Office(ledger, Signer.generate(), clock=lambda: datetime(2026, 11, 23, 12))
        first = (begin + timedelta(weeks=15)).date()
        last = (begin + timedelta(weeks=18, days=-1)).date()
        state, cursor = office.state(), ledger.cursor()
        inside = escalation_view(cursor, state, SELF_REPORT, first, last)
        whole = escalation_view(cursor, state, SELF_REPORT, begin.date(), date(2026, 11, 22))
        found = breaches_view(cursor, SELF_REPORT, first, last, kinds=["cut"], leaf_size=1000)
    assert dict(inside.kinds)["cut"] == dict(whole.kinds)["cut"] == found.total == 120
    assert set(found.frame["seg_topic"]) == {"contract"}
    assert (found.frame["confidence"] < 0.9).all()
