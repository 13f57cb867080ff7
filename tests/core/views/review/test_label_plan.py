"""The Labels page: what labels would settle, the way from plan to verdict, and what samples say."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.defaults import MINIMUM_INPUTS
from core.gate import registry_changes as registry
from core.governance.people.people import actor_for, known_person
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.monitoring import audit_draw as audit
from core.monitoring.label_upload import take
from core.queries.base.selection import Selection
from core.registry.yaml_reader import read
from core.sentences import label_plan as words
from core.terms import Terms
from core.trail.checkpoints.signer import Signer
from core.views.review.label_plan.plan import LabelPlan, label_plan, to_label_rows
from tests.worlds.claims.seeded import _seeded  # noqa: F401
from tests.worlds.governed.entries import entry

NOW = datetime(2026, 11, 2, 9)
REGISTRY = entry(
    owner="user:desk/ann",
    validators=["user:risk/vera"],
    riskApprovers=["user:risk/rita"],
    tolerance="0.06",
    most={"ece": "0.08"},
    least={"auroc": "0.60"},
)


class Desk:
    """A registered signal, its claims, and what would turn out of each."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self.ledger, self.folder = ledger, folder
        self.office = Office(ledger, Signer.generate(), clock=lambda: NOW)
        registry.apply(self.office, read(REGISTRY), "user:desk/admin")
        self.truth: dict[str, int] = {}

    def bring(self, n: int, *, gap: float = 0.0, labelled: int = 0, **columns: str) -> None:
        """Claims, the first of them labelled."""
        first = len(self.truth)
        rng = np.random.default_rng(first + 1)
        v = rng.choice([0.6, 0.8, 0.95], n, p=[0.3, 0.4, 0.3])
        right = (rng.random(n) < v - gap).astype(int)
        rows = [
            {
                "event_id": f"e{first + i}",
                "ts": "2026-10-01T09:00:00Z",
                "signal": "s",
                "confidence": v[i],
                "outcome": str(right[i]) if i < labelled else "",
                **columns,
            }
            for i in range(n)
        ]
        self.truth |= {row["event_id"]: int(y) for row, y in zip(rows, right, strict=True)}
        file = self.folder / f"claims-{first}.csv"
        pd.DataFrame(rows).to_csv(file, index=False)
        assert import_recorded(self.office, file).n_quarantined == 0

    def plan(self, by: str | None = None, **selected: Any) -> LabelPlan:
        with self.ledger.cursor() as cursor:
            return label_plan(cursor, Selection("s", **selected), by, terms=Terms(0.06))

    def draw(self, wanted: dict[str | None, int], by: str | None = None) -> None:
        actor = actor_for(
            self.office.state(), known_person(self.office, "user:desk/ann"), audit.KIND, "s"
        )
        audit.draw(self.office, actor, Selection("s"), wanted, by)

    def label(self, share: float = 1.0) -> None:
        """Hand the sample out, fill in so much of it, and take it back in."""
        with self.ledger.cursor() as cursor:
            handed = to_label_rows(cursor, "s").to_csv(index=False)
        rows = list(csv.DictReader(io.StringIO(handed, newline="")))
        assert "confidence" not in rows[0]
        for row in rows[: round(share * len(rows))]:
            row["outcome"] = str(self.truth[row["event_id"]])
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
        taken = take(self.office, "s", text.getvalue().encode())
        assert not taken.refused


@pytest.fixture
def desk(ledger: Ledger, tmp_path: Path) -> Desk:
    return Desk(ledger, tmp_path)


# From the plan to the verdict.


@pytest.mark.parametrize(("gap", "verdict"), [(0.0, "within_tolerance"), (0.16, "miscalibrated")])
def test_what_the_plan_asks_for_gives_the_verdict_and_the_estimate(
    desk: Desk, gap: float, verdict: str
) -> None:
    desk.bring(20_000, gap=gap, labelled=25)
    plan = desk.plan()
    (whole,) = plan.groups
    assert whole.verdict == "cannot_tell"
    assert whole.settles
    assert whole.needed is not None
    assert whole.likely is not None
    assert 0 < whole.likely < whole.needed
    assert 0 < whole.in_high < whole.needed < whole.available == 19_975
    assert f"{whole.needed:,} more labels would decide" in plan.headline

    desk.draw(plan.wanted())
    waiting = desk.plan()
    assert waiting.groups[0].waiting == waiting.n_to_label
    assert abs(waiting.n_to_label - whole.needed) < 5 * np.sqrt(whole.needed)
    assert waiting.wanted() == {}
    assert "label those first" in waiting.groups[0].words
    assert waiting.estimate is None or waiting.estimate.effective_n < 40

    desk.label()
    after = desk.plan()
    assert after.groups[0].verdict == verdict
    assert after.n_to_label == 0
    assert "are labelled" in after.response
    assert after.estimate is not None
    assert after.estimate.covered == 1
    assert after.estimate.low is not None
    assert after.estimate.high is not None
    assert after.estimate.low <= gap <= after.estimate.high
    assert after.samples[0].n == after.samples[0].n_labelled == after.estimate.n
    assert "gap of all claims" in after.estimate.words


def test_of_picked_labels_the_sample_tells_what_they_hide(desk: Desk) -> None:
    # What came by itself is of the honest part only; the rest claims twenty points too much.
    desk.bring(1800, labelled=1800, seg_kind="easy")
    desk.bring(3000, gap=0.2, seg_kind="hard")
    before = desk.plan()
    assert before.groups[0].verdict == "within_tolerance"
    desk.draw({None: 500})
    desk.label()
    plan = desk.plan()
    assert plan.estimate is not None
    assert plan.estimate.low is not None
    assert plan.estimate.low > 0.06
    assert "outside ±6 points" in plan.estimate.words
    if plan.groups[0].verdict == "within_tolerance":
        assert "those count" in plan.headline
    assert "No label is needed" not in plan.headline or plan.groups[0].verdict == "miscalibrated"


def test_where_only_looked_at_cases_are_labelled_there_is_no_clean_bill(desk: Desk) -> None:
    desk.bring(1500, labelled=1500, action="review", seg_language="en")
    desk.bring(1500, action="automate", seg_language="en")
    plan = desk.plan()
    (whole,) = plan.groups
    assert whole.verdict == "cannot_tell"
    assert "0 of 1,500 automated claims are labelled" in plan.looked_at
    assert plan.undecided == plan.groups
    assert whole.batch == whole.likely
    assert plan.wanted() == {None: whole.batch}
    for said in (plan.headline, whole.words, *(one.words for one in desk.plan("language").groups)):
        assert "label is needed" not in said
        assert "the cases people looked at" in said
        assert f"about {whole.batch:,} labels to begin with" in said
    assert "n 1,500)" in plan.headline
    assert "as if nothing were labelled" in plan.details
    assert plan.as_json()["looked_at_only"] == plan.looked_at

    # A few labels of the sample are no clean bill either.
    desk.draw({None: whole.batch})
    assert "wait for a label" in desk.plan().headline
    desk.label(0.2)
    begun = desk.plan()
    assert begun.looked_at == ""
    assert "No label is needed" not in begun.headline
    assert "drawn already wait for a label: label those first." in begun.headline


def test_of_looked_at_cases_too_few_to_settle_it_begins_with_what_there_is(desk: Desk) -> None:
    desk.bring(300, labelled=300, action="review")
    desk.bring(60, action="automate")
    (whole,) = desk.plan().groups
    assert not whole.settles
    assert whole.to_begin == MINIMUM_INPUTS
    assert f"about {MINIMUM_INPUTS} labels to begin with" in whole.words


def test_labels_that_cannot_speak_for_all_claims_are_planned_anew_and_why_is_said(
    desk: Desk,
) -> None:
    desk.bring(1000, labelled=1000, confidence=0.95, seg_kind="chosen")
    desk.bring(1000, labelled=100, confidence=0.7, seg_kind="chosen")
    desk.bring(1000, labelled=600, confidence=0.95, seg_kind="even")
    desk.bring(1000, labelled=600, confidence=0.7, seg_kind="even")
    plan = desk.plan("kind")
    of = {one.value: one for one in plan.groups}
    assert of["chosen"].verdict == "cannot_tell"
    assert of["chosen"].words.startswith(
        "No verdict on all claims, because the labels do not represent them: claims of "
        "confidence band"
    )
    assert "to begin with, drawn at random from all claims." in of["chosen"].words
    assert of["even"].verdict == "miscalibrated"
    assert plan.undecided == (of["chosen"],)
    assert plan.headline.endswith("1 value has no verdict: its labels do not represent all claims.")
    # As much as a group with the same unlabelled claims and no label at all.
    desk.bring(900, confidence=0.7, seg_kind="bare")
    of = {one.value: one for one in desk.plan("kind").groups}
    assert of["chosen"].needed == of["bare"].needed


def test_under_a_sampling_of_its_own_the_weighted_estimate_counts(desk: Desk) -> None:
    # Half is labelled for certain and claims too much; of the honest rest a tenth is.
    desk.bring(500, gap=0.3, labelled=500, label_propensity="1", seg_kind="hard")
    desk.bring(5000, labelled=500, label_propensity="0.1", seg_kind="easy")
    plan = desk.plan()
    (whole,) = plan.groups
    assert whole.verdict == "cannot_tell"
    assert (plan.n_own, plan.n_own_unlabelled) == (5500, 4500)
    assert plan.estimate is not None
    assert plan.estimate.gap is not None
    assert plan.estimate.gap < (whole.gap or 0) - 0.05
    assert plan.estimate.covered == 1
    assert plan.headline == whole.words
    assert "5,500 claims are under the signal's own sampling" in plan.headline
    assert "4,500 of them are unlabelled" in plan.headline
    assert plan.headline.endswith(plan.estimate.words)
    assert plan.why_none == "the signal draws its own labels"
    kinds = {one.name: one for one in desk.plan("kind").groups}
    assert "500 claims are under" in kinds["hard"].words
    assert kinds["easy"].estimate is not None
    assert kinds["easy"].words.endswith(kinds["easy"].estimate.words)


# The view.


def test_each_value_gets_its_own_plan_those_that_are_settled_first(desk: Desk) -> None:
    desk.bring(40_000, labelled=50, seg_language="en")
    desk.bring(150, labelled=50, seg_language="is")
    desk.bring(900, labelled=900, gap=0.2, seg_language="hi")
    plan = desk.plan("language")
    assert [one.name for one in plan.groups] == ["en", "is", "hi"]
    en, rare, hi = plan.groups
    assert en.settles
    assert not rare.settles
    assert "Cannot be decided with 80% chance with the claims there are" in rare.words
    assert "100 unlabelled ones are there" in rare.words
    assert hi.verdict == "miscalibrated"
    assert hi.needed is None
    assert hi.words == "Off: no more labels are needed for that."
    assert plan.wanted() == {"en": en.needed}
    assert plan.headline == (
        f"2 of 3 values of language not decided: {en.needed:,} more labels would decide 1 of them; "
        "1 cannot be decided with the claims available."
    )
    assert max(en.whole or 0, en.high or 0) <= (en.needed or 0) * 1.02


def test_a_sample_of_one_value_says_nothing_of_the_others(desk: Desk) -> None:
    desk.bring(500, seg_language="en")
    desk.bring(500, seg_language="hi")
    desk.draw({"en": 200}, "language")
    desk.label()
    plan = desk.plan("language")
    told = {one.name: one.estimate for one in plan.groups}
    assert told["hi"] is None
    assert told["en"] is not None
    assert told["en"].covered == 1
    assert plan.estimate is not None
    assert plan.estimate.covered == 0.5
    assert "the 50% that could be drawn" in plan.estimate.words
    assert plan.samples[0].of == "en: 200 of 500 unlabelled, chance 40%"


def test_a_half_labelled_sample_is_drawn_on_and_the_rest_waits(desk: Desk) -> None:
    desk.bring(1000)
    desk.draw({None: 300})
    desk.label(0.5)
    plan = desk.plan()
    assert 100 < plan.n_to_label < 200
    assert "They speak for the others once 80% of those without a label" in plan.response
    assert plan.groups[0].waiting == plan.n_to_label
    assert plan.estimate is None
    desk.label(0.7)
    done = desk.plan()
    assert "Which ones are left must not depend on what they are" in done.response
    assert done.estimate is not None
    assert done.estimate.n > 200


def test_heldout_claims_count_for_the_verdict_and_are_not_drawn(desk: Desk) -> None:
    desk.bring(100, labelled=50, split="heldout")
    plan = desk.plan()
    assert (plan.groups[0].n, plan.groups[0].available) == (50, 0)
    assert not plan.groups[0].settles


def test_as_known_is_set_aside_for_labels_are_drawn_now(desk: Desk) -> None:
    desk.bring(100, labelled=10)
    assert desk.plan(as_known=datetime(2026, 1, 1)).groups[0].n_claims == 100


def test_json_holds_every_group_and_sample(desk: Desk) -> None:
    desk.bring(300, labelled=20, seg_language="en")
    desk.draw({None: 100})
    found = desk.plan("language").as_json()
    assert found["signal"] == "s"
    assert found["by"] == "language"
    assert [one["value"] for one in found["groups"]] == ["en"]
    assert found["samples"][0]["audit"].startswith("a-")
    assert found["n_to_label"] > 50


def test_without_claims_or_samples_it_says_so(desk: Desk) -> None:
    plan = desk.plan()
    assert plan.groups[0].n_claims == 0
    assert plan.response == ""
    with desk.ledger.cursor() as cursor, pytest.raises(LedgerError, match="labels draw"):
        to_label_rows(cursor, "s")
    desk.bring(10, seg_language="en")
    with pytest.raises(LedgerError, match="not by week"):
        desk.plan("week")


# Words.


def group(**more: Any) -> str:
    given = {
        "verdict": "cannot_tell",
        "n": 100,
        "needed": 240.0,
        "band_needed": 0.0,
        "in_high": 60,
        "available": 500,
        "waiting": 0,
        "enough": False,
        "outlook": "inside",
        "gap": 0.012,
        "high_gap": 0.0,
        "high_from": 0.9,
        "tolerance": 0.05,
        "likely": 90.0,
        "chance_if_all": 0.7,
        "plateau": 0.62,
        "plateau_at": 4000.0,
    }
    return words.group(**(given | more))


def test_a_group_that_labels_settle() -> None:
    assert group() == (
        "240 more labelled inputs settle it with 80% chance, 90 with 50% (its gap is likeliest "
        "+1.2 points: fine). About 60 of them would be stated 90% or more."
    )
    assert "without a label it may be well calibrated or far off" in group(n=0)
    assert "+1.2 points: off)" in group(outlook="outside")
    assert "+1.2 points: off in shape, its errors cancel)" in group(outlook="cancel")
    assert group(waiting=1).endswith("1 drawn already waits for a label.")
    said = group(waiting=230, enough=True)
    assert said.endswith("230 drawn already wait for a label: label those first.")


def test_a_group_that_they_do_not() -> None:
    assert group(available=120).endswith(
        "Label 90 first, which decide it with 50% chance (all 120 with 70%), and plan again."
    )
    never = group(needed=float("inf"), likely=float("inf"), outlook="near")
    assert "about 4,000 give 62%, and 50,000 little more" in never
    near = group(available=50, gap=0.045)
    assert near.endswith("The true gap seems too near the edge of ±5 points.")
    few = group(available=1)
    assert "1 unlabelled one is there. There are too few claims for ±5 points." in few
    band = group(available=50, band_needed=240.0, high_gap=0.06)
    assert band.endswith("The true gap at 90% or more seems too near the edge of ±5 points.")
    assert "all that could be drawn are labelled" in group(available=0)
    assert "at the edge of ±5 points" in group(needed=float("inf"), outlook="near")
    assert "It takes claims to come." in group(needed=float("inf"), outlook="exhausted")


def test_a_headline_holds_the_drawn_against_all_labels() -> None:
    given: Any = [("within_tolerance", None, False)]
    stands = words.shown("within_tolerance", 4000, 0.012, -0.003, 0.026)
    assert stands == "fine (gap +1.2 points, 95% interval −0.3 to +2.6, n 4,000)"
    same = words.headline(given, None, 0.05, stands, "same")
    assert same == f"No more labels are needed: {stands}."
    opened = words.headline(given, None, 0.05, stands, "open")
    assert "still leave it open" in opened
    contrary = words.headline(given, None, 0.05, stands, "contrary")
    assert contrary.startswith("The labels contradict each other")
    for said in (opened, contrary):
        assert stands in said
        assert "No label is needed" not in said


def test_a_draw_says_what_is_to_be_labelled_first() -> None:
    assert words.drawn(203, 6706, 0).startswith("203 claims are to be labelled now. The new")
    topped = words.drawn(203, 6706, 190)
    assert "190 waited already, and this draw tops up by 13" in topped
    assert "holds 6,706 claims in all, labelled ones among them" in topped


def test_headlines() -> None:
    given, settled, stuck = (
        ("miscalibrated", None, False),
        ("cannot_tell", 40, True),
        ("cannot_tell", None, False),
    )
    as_likely = ("cannot_tell", 90, False)

    def said(*groups: Any, by: str | None = "language") -> str:
        return words.headline(groups, by, 0.05)

    assert said(given, by=None) == "No more labels are needed: off."
    assert said(settled, by=None) == "40 more labels would decide whether it is within ±5 points."
    assert "cannot be decided" in said(stuck, by=None)
    assert said(as_likely, by=None) == (
        "90 more labels would decide with 50% chance whether it is within ±5 points; for more, "
        "plan again then."
    )
    assert said(given, given) == "No more labels are needed: each of 2 of language has a verdict."
    assert said(given, settled).endswith("not decided: 40 more labels would decide it.")
    assert said(settled, settled).endswith("not decided: 80 more labels would decide them.")
    assert said(stuck, given).endswith("and cannot be decided with the claims available.")
    assert "decide 1 of them; 1 cannot" in said(settled, stuck)
    assert said() == "No claim matches these filters."


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.06, 0.1, "outside ±5 points."),
        (-0.1, -0.06, "outside ±5 points."),
        (-0.02, 0.03, "within ±5 points."),
        (0.03, 0.08, "by itself (effective n 150) leaves open whether it is within ±5 points."),
    ],
)
def test_an_estimate_against_the_tolerance(low: float, high: float, said: str) -> None:
    given = {"n": 200, "effective_n": 150.0, "gap": (low + high) / 2, "capped": 0, "covered": 1.0}
    assert words.estimate(low=low, high=high, tolerance=0.05, **given).endswith(said)
    few = words.estimate(low=low, high=high, tolerance=0.05, **(given | {"effective_n": 12.0}))
    assert few == (
        "200 drawn and labelled claims, as much as 12 drawn evenly: too few to say what the gap is."
    )
