"""What acted by itself and never asked the gate, held against the answers that were deleted."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.findings.detectors.decisions.gate_bypass import facts_of
from core.gate.bypass import Bypass, bypasses, whole_days
from core.gate.decision_log import DecisionLog
from core.gate.gate import Gate
from core.gate.questions import Question
from core.trail import log as trail
from core.views.govern.bypass import ACTED, WITH_PEOPLE, bypass_view, unasked_list
from tests.worlds.governed import entries
from tests.worlds.governed.governed import Governed

ASKED = ("event_id", "signal", "confidence", "model_version", "prompt_version")
LOG_ONLY = entries.LOG_ONLY.replace("name: s,", "name: triage,").replace("user:t", "user:desk")
#: The day after `Clock` begins, when the first claims of these tests are made.
DAY = datetime(2026, 11, 3)


def claims(n: int = 20, **columns: Any) -> pd.DataFrame:
    """So many claims over four days that acted by themselves, every fourth wrong."""
    hours = 96 / n
    return pd.DataFrame(
        {
            "event_id": [f"e{i}" for i in range(n)],
            "ts": [f"{DAY + timedelta(hours=i * hours):%Y-%m-%dT%H:%M:%SZ}" for i in range(n)],
            "signal": "triage",
            "confidence": 0.95,
            "outcome": [int(i % 4 > 0) for i in range(n)],
            "model_version": "m1",
            "prompt_version": "p1",
            "action": "automate",
            **columns,
        }
    )


def ask(governed: Governed, frame: pd.DataFrame) -> None:
    gate = Gate(governed.office)
    rows = frame[[one for one in ASKED if one in frame]].to_dict("records")
    DecisionLog(governed.office).write([gate.decide(Question.of(row)) for row in rows])


def found(governed: Governed, **given: Any) -> Bypass | None:
    with governed.ledger.cursor() as cursor:
        acts = trail.acts(cursor)
        since, until = DAY - timedelta(days=30), DAY + timedelta(days=4)
        return bypasses(cursor, acts, since, until, **given).get("triage")


def listed(governed: Governed, *actions: str) -> list[str]:
    first, last = DAY.date(), (DAY + timedelta(days=4)).date()
    with governed.ledger.cursor() as cursor:
        frame = unasked_list(cursor, ["triage"], first, last, actions=actions or ACTED)
    return list(frame["event_id"])


def test_one_percent_of_the_answers_deleted_is_found_to_the_last_one(
    governed: Governed, bring: Any
) -> None:
    rng = np.random.default_rng(18)
    frame = claims(2_000, action=rng.choice(["automate", "review", "escalate"], 2_000))
    frame = frame.assign(model_version=rng.choice(["m1", "m2"], 2_000))
    bring(governed, frame)
    ask(governed, frame)
    assert listed(governed, *ACTED, *WITH_PEOPLE) == []
    gone = set(rng.choice(frame["event_id"], 20, replace=False))
    with governed.ledger.transaction() as cursor:
        cursor.execute(
            "DELETE FROM decisions WHERE list_contains($gone, event_id)", {"gone": list(gone)}
        )
    everything = listed(governed, *ACTED, *WITH_PEOPLE)
    assert len(everything) == 20
    assert set(everything) == gone
    acted = frame[frame["event_id"].isin(gone) & (frame["action"] == "automate")]
    assert sorted(listed(governed)) == sorted(acted["event_id"])
    of = found(governed)
    assert of is not None
    assert (of.n, of.n_with_people) == (len(acted), 20 - len(acted))
    assert of.n_automated == (frame["action"] == "automate").sum()
    assert (of.n_known, of.n_wrong) == (len(acted), (acted["outcome"] == 0).sum())
    versions = {one.fingerprint.model_version: one.n for one in of.versions}
    assert versions == dict(Counter(acted["model_version"]))
    by_day = Counter(day.date() for day in pd.to_datetime(acted["ts"]))
    told = Counter[Any]()
    for one in of.automated:
        told[one.day] += one.n_unasked
    assert told == by_day


def test_a_signal_that_never_once_asks_bypasses_with_every_claim(
    governed: Governed, bring: Any
) -> None:
    bring(governed, claims())
    of = found(governed)
    assert of is not None
    assert (of.n, of.n_automated, of.n_wrong, of.n_answers) == (20, 20, 5, 0)


@pytest.mark.parametrize("action", ["review", "escalate"])
def test_what_people_saw_is_no_bypass_and_is_counted_apart(
    governed: Governed, bring: Any, action: str
) -> None:
    bring(governed, claims(action=action))
    of = found(governed)
    assert of is not None
    assert (of.n, of.n_with_people) == (0, 20)


def test_of_claims_whose_action_is_not_logged_it_is_only_said_that_they_may_have_acted(
    governed: Governed, bring: Any
) -> None:
    bring(governed, claims(action=None))
    of = found(governed)
    assert of is not None
    assert (of.n, of.n_not_logged) == (0, 20)


@pytest.mark.parametrize("split", ["tuning", "heldout"])
def test_claims_that_are_not_of_production_need_not_ask(
    governed: Governed, bring: Any, split: str
) -> None:
    bring(governed, claims(split=split))
    assert found(governed) is None
    with governed.ledger.cursor() as cursor:
        view = bypass_view(cursor, "triage", DAY.date(), (DAY + timedelta(days=3)).date())
    assert view.said == (
        "20 heldout or tuning claims say that they acted by themselves, and are not counted: only "
        "production asks.",
    )


def test_a_signal_that_is_not_registered_or_only_logged_has_nothing_to_ask(
    ungoverned: Governed, bring: Any
) -> None:
    bring(ungoverned, claims())
    assert found(ungoverned) is None
    ungoverned.apply(LOG_ONLY)
    assert found(ungoverned) is None


def test_claims_of_before_the_first_entry_had_nothing_to_ask(
    ungoverned: Governed, bring: Any
) -> None:
    bring(ungoverned, claims())
    ungoverned.clock.now = DAY + timedelta(days=2)
    ungoverned.apply()
    of = found(ungoverned)
    assert of is not None
    assert (of.n, min(one.day for one in of.days)) == (10, (DAY + timedelta(days=2)).date())


def test_an_answer_counts_whenever_it_was_given_and_before_its_claim_came_in(
    governed: Governed, bring: Any
) -> None:
    frame = claims()
    governed.clock.now = DAY + timedelta(days=9)
    ask(governed, frame[:10])
    bring(governed, frame)
    ask(governed, frame[10:])
    assert listed(governed) == []
    with governed.ledger.cursor() as cursor:
        view = bypass_view(cursor, "triage", DAY.date(), (DAY + timedelta(days=3)).date())
    # Some were asked about after they had come in: that it was before they acted is not known.
    assert view.headline == "Of 20 claims that acted by themselves, every one asked the gate."


def test_an_answer_about_another_signal_or_event_is_none_about_this_claim(
    governed: Governed, bring: Any
) -> None:
    frame = claims(3)
    bring(governed, frame)
    ask(governed, frame[:1].assign(signal="other"))
    ask(governed, frame[1:2].assign(event_id="e1 "))
    ask(governed, frame[2:].drop(columns="event_id"))
    governed.clock.now = DAY + timedelta(days=3)
    assert sorted(listed(governed)) == ["e0", "e1", "e2"]


def test_answers_that_name_no_claim_are_counted_beside_what_did_not_ask(
    governed: Governed, bring: Any
) -> None:
    frame = claims()
    governed.clock.now = DAY + timedelta(hours=1)
    bring(governed, frame)
    ask(governed, frame[:5])
    ask(governed, frame[5:].drop(columns="event_id"))
    with governed.ledger.cursor() as cursor:
        view = bypass_view(cursor, "triage", DAY.date(), (DAY + timedelta(days=3)).date())
    assert view.of is not None
    assert (view.of.n, view.of.n_answers, view.of.n_stray) == (15, 20, 15)
    assert view.headline == (
        "15 of 20 claims that acted by themselves never asked the gate (75.0%)."
    )
    assert view.said == (
        "15 of them have an outcome; 3 are wrong.",
        "15 answers of the gate in that time name no claim of this signal: ask with the claim's "
        "event_id.",
    )


def test_claims_that_come_in_long_after_their_day_are_looked_at_when_they_do(
    governed: Governed, bring: Any
) -> None:
    bring(governed, claims())
    late = {"since": DAY + timedelta(days=60), "until": DAY + timedelta(days=90)}
    with governed.ledger.cursor() as cursor:
        acts = trail.acts(cursor)
        imported = cursor.execute("SELECT max(imported_at) FROM imports").fetchone()
        assert imported is not None
        assert bypasses(cursor, acts, **late) == {}
        after = bypasses(cursor, acts, **late, came_since=imported[0] + timedelta(seconds=1))
        of = bypasses(cursor, acts, **late, came_since=imported[0])["triage"]
    assert after == {}
    assert (of.n, of.since) == (20, DAY)


def test_a_day_is_whole_an_hour_after_it_ended(governed: Governed) -> None:
    assert whole_days(DAY + timedelta(minutes=59)) == DAY - timedelta(days=1)
    assert whole_days(DAY + timedelta(minutes=60)) == DAY


def test_of_claims_without_an_outcome_it_is_said_that_nobody_knows_whether_they_were_right(
    governed: Governed, bring: Any
) -> None:
    bring(governed, claims().drop(columns="outcome"))
    with governed.ledger.cursor() as cursor:
        view = bypass_view(cursor, "triage", DAY.date(), (DAY + timedelta(days=4)).date())
    assert "Whether they were right is not known yet: none has an outcome." in view.said
    of = found(governed)
    assert of is not None
    assert "none has an outcome" in facts_of(of).text("")
