"""How honest the labels are: told on ledgers whose story is known, worked by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.measure.verdicts.label_reach import p_of_difference
from core.queries.base.selection import Selection
from core.sentences.labels import by_band, by_cohort
from core.terms import USUAL
from core.views.review.labelling.labels import LabelsView, escalated_cases_only, labels_view
from core.views.review.reliability import reliability_view

NOW = datetime(2024, 12, 2)
DAY = datetime(2024, 9, 2)
HEADER = "event_id,ts,signal,confidence,outcome,outcome_ts,action,label_propensity\n"


class Story:
    """Claims of signal s, made on one Monday unless said otherwise."""

    def __init__(self) -> None:
        self.rows: list[str] = []

    def add(
        self,
        number: int,
        confidence: float,
        outcome: str = "",
        *,
        known_after: float | None = 1,
        action: str = "",
        propensity: str = "",
        made: datetime = DAY,
    ) -> None:
        known = ""
        if outcome and known_after is not None:
            known = (made + timedelta(days=known_after)).isoformat()
        for _ in range(number):
            at = len(self.rows)
            self.rows.append(
                f"e{at},{made.isoformat()},s,{confidence},{outcome},{known},{action},{propensity}\n"
            )

    def into(self, ledger: Ledger, folder: Path, now: datetime = NOW) -> duckdb.DuckDBPyConnection:
        file = folder / "claims.csv"
        file.write_text(HEADER + "".join(self.rows))
        import_file(ledger, file, now=now)
        return ledger.cursor()

    def view(self, ledger: Ledger, folder: Path) -> LabelsView:
        return labels_view(self.into(ledger, folder), Selection("s"), as_of=NOW)


def delay() -> Story:
    """400 calibrated claims at 80%: all 80 failures, but only 80 of 320 successes, come early."""
    story = Story()
    story.add(80, 0.8, "0", known_after=3)
    story.add(80, 0.8, "1", known_after=3)
    story.add(240, 0.8, "1", known_after=25)
    return story


def escalation() -> Story:
    """Nothing of 600 automated claims is labelled, all of 200 escalated ones are, 120 right."""
    story = Story()
    story.add(600, 0.95, action="automate")
    story.add(120, 0.6, "1", action="escalate")
    story.add(80, 0.6, "0", action="escalate")
    return story


def audit(propensities: bool = True) -> Story:
    """As in `escalation`, and 24 of the automated were audited at random: 18 were right."""
    few, all_of_them = ("0.04", "1") if propensities else ("", "")
    story = Story()
    story.add(18, 0.95, "1", action="automate", propensity=few)
    story.add(6, 0.95, "0", action="automate", propensity=few)
    story.add(576, 0.95, action="automate", propensity=few)
    story.add(120, 0.6, "1", action="escalate", propensity=all_of_them)
    story.add(80, 0.6, "0", action="escalate", propensity=all_of_them)
    return story


def test_early_outcomes_that_are_unlike_the_rest_are_told_with_both_gaps(
    ledger: Ledger, tmp_path: Path
) -> None:
    view = delay().view(ledger, tmp_path)
    (finding,) = view.findings
    # .8 − 80/160 = +30 points at 7 days; .8 − 320/400 = 0 at 30.
    assert finding.startswith("At 7 days old the gap reads +30.0 points (")
    assert "n 160), at 30 days 0 points (" in finding
    assert "n 400): early outcomes differ from later ones" in finding
    assert view.headline.startswith("Ignore young weeks")


def test_early_outcomes_like_the_rest_are_no_finding(ledger: Ledger, tmp_path: Path) -> None:
    story = Story()
    for days, number in ((3, 40), (25, 60)):
        story.add(number, 0.8, "0", known_after=days)
        story.add(number * 4, 0.8, "1", known_after=days)
    view = story.view(ledger, tmp_path)
    assert view.findings == ()
    assert "early outcomes read like later ones" in view.fine.lower()


def test_a_gap_is_told_of_each_age_a_cohort_has_reached(ledger: Ledger, tmp_path: Path) -> None:
    story = delay()
    young = NOW - timedelta(days=21)
    story.add(50, 0.9, "1", made=young)
    ages = story.view(ledger, tmp_path).ages
    assert list(ages["age_days"]) == [7, 14, 21, 30, 7, 14]
    assert list(ages["gap"].round(3)) == [0.3, 0.3, 0.3, 0.0, -0.1, -0.1]
    assert list(ages["mature"]) == [False, False, False, True, True, True]


def test_a_signal_labelled_only_where_escalated_is_called_so(
    ledger: Ledger, tmp_path: Path
) -> None:
    view = escalation().view(ledger, tmp_path)
    assert view.escalated_only
    assert "escalated cases only" in view.headline
    assert view.findings[0] == (
        "Escalated cases only: 0 of 600 automated claims are labelled (0%), and 200 of 200 "
        "reviewed or escalated ones (100%); no verdict for the rest."
    )
    assert view.findings[1].startswith(
        "Claims stated above 90% are labelled 0% (0 of 600), the others 100% (200 of 200); p "
    )
    assert view.weighted == ""


def test_the_bounds_are_those_of_all_right_and_all_wrong(ledger: Ledger, tmp_path: Path) -> None:
    view = escalation().view(ledger, tmp_path)
    # Confidence (570 + 120)/800 = .8625; right at most 720/800 = .9, at least 120/800 = .15.
    assert view.bounds == (
        "If every unlabelled claim were right the gap would be −3.7 points, if every one were "
        "wrong +71.2 (600 of 800 unlabelled)."
    )
    actions = view.actions.set_index("value")
    assert actions.loc["automate", "gap_if_right"] == pytest.approx(-0.05)
    assert actions.loc["automate", "gap_if_wrong"] == pytest.approx(0.95)
    assert actions.loc["escalate", "gap_if_right"] == pytest.approx(0)


def test_a_logged_audit_gives_the_gap_of_all_claims(ledger: Ledger, tmp_path: Path) -> None:
    view = audit().view(ledger, tmp_path)
    assert not view.escalated_only
    # Weights 25 and 1: accuracy (18·25 + 120)/800 = .7125, confidence .8625;
    # worth 800²/(24·25² + 200) = 42; plain (22.8 + 120 − 138)/224 = +2.1.
    assert view.weighted.startswith(
        "From 224 randomly sampled labels (worth 42) the gap of all claims is +15.0 points (95% "
    )
    assert "all labels counted alike show +2.1" in view.weighted


def test_the_same_audit_with_no_chance_logged_mends_nothing(ledger: Ledger, tmp_path: Path) -> None:
    view = audit(propensities=False).view(ledger, tmp_path)
    assert view.escalated_only
    assert view.weighted == ""
    assert "24 of 600 automated claims are labelled (4%)" in view.findings[0]


def test_chances_logged_of_the_escalated_alone_mend_nothing(ledger: Ledger, tmp_path: Path) -> None:
    story = escalation()
    story.rows = [row[:-1] + "1\n" if "escalate" in row else row for row in story.rows]
    assert story.view(ledger, tmp_path).escalated_only


def test_where_nothing_is_wrong_one_line_says_so(ledger: Ledger, tmp_path: Path) -> None:
    story = Story()
    for v, action in ((0.6, "review"), (0.95, "automate")):
        story.add(90, v, "1", action=action)
        story.add(10, v, "0", action=action)
    view = story.view(ledger, tmp_path)
    assert view.headline == (
        "No sign that the labelled claims are unrepresentative (all 200 claims at least "
        "30 days old labelled)."
    )
    assert (view.findings, view.bounds, view.weighted) == ((), "", "")


@pytest.mark.parametrize("number", [5, 50])
def test_what_is_too_little_to_compare_is_not_called_even(
    number: int, ledger: Ledger, tmp_path: Path
) -> None:
    story = Story()
    for v, action in ((0.6, "review"), (0.95, "automate")):
        story.add(number, v, "1", action=action)
    fine = story.view(ledger, tmp_path).fine
    assert ("Coverage is even by confidence band and action" in fine) == (number == 50)
    assert ("by action it is not known: too few claims" in fine) == (number == 5)


def test_outcomes_that_all_came_early_are_not_said_to_be_like_later_ones(
    ledger: Ledger, tmp_path: Path
) -> None:
    story = Story()
    story.add(100, 0.8, "1", known_after=2)
    fine = story.view(ledger, tmp_path).fine
    assert "every outcome came within 7 days" in fine
    assert "read like later ones" not in fine


def test_a_week_whose_labels_failed_to_come_is_named(ledger: Ledger, tmp_path: Path) -> None:
    story = Story()
    for week in range(6):
        made = DAY + timedelta(weeks=week)
        story.add(100 if week != 4 else 40, 0.8, "1", made=made)
        story.add(0 if week != 4 else 60, 0.8, made=made)
    (finding,) = story.view(ledger, tmp_path).findings
    assert finding.startswith(
        "Claims of 2024-W40 are labelled 40% (40 of 100), the others 100% (500 of 500); p <0.001"
    )


def test_young_claims_are_not_held_against_the_labels(ledger: Ledger, tmp_path: Path) -> None:
    story = Story()
    story.add(100, 0.6, "1")
    story.add(100, 0.95, "1")
    story.add(500, 0.95, made=NOW - timedelta(days=7))
    view = story.view(ledger, tmp_path)
    assert view.findings == ()
    assert list(view.cohorts["n_claims"]) == [200, 500]
    assert list(view.cohorts["mature"]) == [True, False]


def test_without_a_mature_week_nothing_is_told(ledger: Ledger, tmp_path: Path) -> None:
    story = Story()
    story.add(9, 0.8, made=NOW - timedelta(days=7))
    view = story.view(ledger, tmp_path)
    assert view.headline.startswith("None of 9 claims has a final outcome yet")
    assert view.findings == ()


def test_outcomes_without_a_date_cannot_be_compared_by_age(ledger: Ledger, tmp_path: Path) -> None:
    story = Story()
    story.add(100, 0.8, "1", known_after=None)
    view = story.view(ledger, tmp_path)
    assert "no outcome is dated within 30 days of its claim" in view.fine


def test_the_past_is_judged_by_what_was_known_then(ledger: Ledger, tmp_path: Path) -> None:
    cursor = delay().into(ledger, tmp_path)
    then = labels_view(cursor, Selection("s", as_known=DAY + timedelta(days=20)))
    assert list(then.cohorts["n"]) == [160]
    assert list(then.cohorts["mature"]) == [False]


def test_reliability_says_so_of_the_escalated_and_of_no_other(
    ledger: Ledger, tmp_path: Path
) -> None:
    cursor = escalation().into(ledger, tmp_path)
    (group,) = reliability_view(cursor, Selection("s"), as_of=NOW).groups
    assert group.measures.speaks_for == "labelled"
    assert group.headline.startswith("No verdict on all claims: the labelled ones are right ")
    (said,) = (one for one in group.reasons if one.startswith("No verdict on all claims"))
    assert "only escalated or reviewed cases are labelled (0 of 600 automated claims" in said
    # While the claims are young an automated one may yet be labelled.
    assert (
        escalated_cases_only(cursor, Selection("s"), USUAL.maturity, as_of=DAY + timedelta(days=20))
        is None
    )


@pytest.mark.parametrize("story", [audit(), delay()], ids=["audited", "no action"])
def test_reliability_is_silent_where_a_chance_or_no_action_is_logged(
    story: Story, ledger: Ledger, tmp_path: Path
) -> None:
    cursor = story.into(ledger, tmp_path)
    assert escalated_cases_only(cursor, Selection("s"), USUAL.maturity, as_of=NOW) is None


@given(
    st.tuples(st.integers(1, 400), st.integers(1, 400)),
    st.tuples(st.integers(0, 400), st.integers(0, 400)),
)
def test_two_shares_are_compared_as_by_pearsons_chi_squared(
    n: tuple[int, int], s: tuple[int, int]
) -> None:
    right = (min(s[0], n[0]), min(s[1], n[1]))
    wrong = (n[0] - right[0], n[1] - right[1])
    p_value = p_of_difference(right, n)
    if not sum(right) or not sum(wrong):
        assert p_value == 1
    else:
        peer = chi2_contingency([right, wrong], correction=False).pvalue
        assert p_value == pytest.approx(peer, rel=1e-9, abs=1e-300)


def frame(values: list[str], n_claims: list[int], n: list[int]) -> pd.DataFrame:
    table = pd.DataFrame({"value": values, "n_claims": n_claims, "n": n})
    return table.assign(coverage=table["n"] / table["n_claims"])


def test_the_highest_band_is_set_against_the_others() -> None:
    told = by_band(frame(["0.8–0.9", "0.9–1.0"], [1000, 500], [910, 310]), 1.0)
    assert told.wrong
    assert told.words == (
        "Claims stated above 90% are labelled 62% (310 of 500), the others 91% (910 of 1,000); "
        "p <0.001."
    )


def test_repeated_inputs_make_the_same_difference_tell_less() -> None:
    bands = frame(["0.8–0.9", "0.9–1.0"], [100, 100], [90, 72])
    assert by_band(bands, 1.0).wrong
    assert not by_band(bands, 4.0).wrong


def test_a_week_that_is_labelled_better_is_no_finding() -> None:
    weeks = frame(["2024-W36", "2024-W37", "2024-W38"], [500] * 3, [500, 400, 400])
    assert not by_cohort(weeks, 1.0).wrong


def test_even_coverage_is_seldom_called_uneven() -> None:
    rng = np.random.default_rng(7)
    bands = [f"0.{i}–0.{i + 1}" for i in range(9)] + ["0.9–1.0"]
    sizes = [60] * 10
    flagged = sum(
        by_band(frame(bands, sizes, rng.binomial(60, 0.7, 10).tolist()), 1.0).wrong
        for _ in range(400)
    )
    # Two looks at 1% each: 8 of 400 expected at most; 17 would be 1 in 1,000.
    assert flagged <= 17


def test_the_samples_planted_stories_are_found_and_its_nulls_are_not(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    now = datetime(2026, 11, 23, 12)

    def of(signal: str) -> LabelsView:
        return labels_view(sample, Selection(signal), as_of=now)

    assert of("callback-urgency.self-report").escalated_only
    assert "differ from later ones" in of("duplicate-merge.self-report").findings[0]
    assert of("answer-grounding.agreement").headline.startswith("Labels came with unequal chances")
    for calibrated in ("ticket-triage.agreement", "refund-check.logprob"):
        assert of(calibrated).headline.startswith("No sign that")
