"""Acting without asking the gate is found the next day, and only where something had to ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd

from core.findings.detectors.decisions.gate_bypass import bypass_conditions
from core.findings.kinds import Condition
from core.gate.bypass import DAYS
from core.gate.decision_log import DecisionLog
from core.gate.gate import Gate
from core.gate.questions import Question
from core.monitoring.rounds import rounds
from core.views.govern.bypass import bypass_view, unasked_list
from tests.worlds.governed import entries
from tests.worlds.governed.governed import Governed

LOG_ONLY = entries.LOG_ONLY.replace("name: s,", "name: triage,").replace("user:t", "user:desk")


def found(governed: Governed) -> list[Condition]:
    with governed.ledger.cursor() as cursor:
        return list(bypass_conditions(cursor, governed.office.state(), governed.clock.now))


def acted(governed: Governed, bring: Any, made: Any, action: str = "automate") -> pd.DataFrame:
    """Twenty claims that acted an hour from now."""
    governed.clock.forward(hours=1)
    frame: pd.DataFrame = made(governed.clock, range(1), action=action)
    bring(governed, frame)
    return frame


def ask(governed: Governed, frame: pd.DataFrame) -> None:
    """The gate is asked about them now."""
    gate = Gate(governed.office)
    rows = frame[["signal", "event_id", "confidence", "model_version", "prompt_version"]]
    asked = [
        Question.of({name: value for name, value in one.items() if value is not None})
        for one in rows.to_dict("records")
    ]
    DecisionLog(governed.office).write([gate.decide(one) for one in asked])


def test_what_acted_today_is_found_when_its_day_is_whole(
    governed: Governed, bring: Any, made: Any
) -> None:
    acted(governed, bring, made)
    assert found(governed) == []
    governed.clock.forward(days=1)
    (one,) = found(governed)
    assert (one.kind, one.signal, one.severity) == ("gate_bypassed", "triage", "critical")
    assert one.text.startswith("20 of 20 claims automated since 2026-10-04 never asked the gate")
    assert one.mend.startswith("Make production call the gate before it acts")


def test_a_round_gives_it_to_the_owner_with_a_day(
    governed: Governed, bring: Any, made: Any
) -> None:
    acted(governed, bring, made)
    governed.clock.forward(days=1)
    acts = rounds(governed.office, thorough=True)
    (opened,) = [
        one
        for one in acts
        if one.kind == "finding.opened" and one.body["finding_kind"] == "gate_bypassed"
    ]
    assert opened.body["owner"] == governed.sub("user:desk/ann")
    assert opened.body["due"] == f"{governed.clock.now.date() + timedelta(days=2)}"


def test_it_is_over_when_the_days_that_are_looked_at_have_passed(
    governed: Governed, bring: Any, made: Any
) -> None:
    acted(governed, bring, made)
    with governed.ledger.transaction() as cursor:
        # What came in lately is looked at however old it is.
        cursor.execute("UPDATE imports SET imported_at = $now", {"now": governed.clock.now})
    governed.clock.forward(days=DAYS)
    assert len(found(governed)) == 1
    governed.clock.forward(days=1)
    assert found(governed) == []


def test_nothing_is_wrong_where_everything_asked_or_went_to_people(
    governed: Governed, bring: Any, made: Any
) -> None:
    ask(governed, acted(governed, bring, made))
    acted(governed, bring, made, action="review")
    governed.clock.forward(days=1)
    assert found(governed) == []


def test_what_asked_only_after_it_had_come_in_as_automated_is_a_warning(
    governed: Governed, bring: Any, made: Any
) -> None:
    frame = acted(governed, bring, made)
    with governed.ledger.transaction() as cursor:
        cursor.execute("UPDATE imports SET imported_at = $now", {"now": governed.clock.now})
    governed.clock.forward(minutes=1)
    ask(governed, frame)
    governed.clock.forward(days=1)
    (one,) = found(governed)
    assert one.severity == "warning"
    assert one.text.startswith(
        "20 of 20 claims automated since 2026-10-04 asked the gate only after they had come in"
    )


def test_an_answer_about_another_confidence_or_version_is_said_to_be_none(
    governed: Governed, bring: Any, made: Any
) -> None:
    frame = acted(governed, bring, made)
    ask(governed, frame[:5])
    ask(governed, frame[5:12].assign(confidence=0.99))
    ask(governed, frame[12:].assign(model_version="m0"))
    governed.clock.forward(days=1)
    (one,) = found(governed)
    assert one.severity == "critical"
    assert one.text.startswith("15 of 20 claims")
    assert "Of 15 the gate was asked another confidence or version." in one.text


def test_who_names_less_of_the_version_than_it_logs_asked_and_is_warned(
    governed: Governed, bring: Any, made: Any
) -> None:
    frame = acted(governed, bring, made)
    ask(governed, frame[:8].assign(model_version=None, prompt_version=None))
    ask(governed, frame[8:].assign(prompt_version=None))
    governed.clock.forward(days=1)
    (one,) = found(governed)
    assert one.severity == "warning"
    assert one.text.startswith(
        "20 of 20 claims automated since 2026-10-04 asked the gate without naming all of the "
        "version that they log (on 2026-11-02): its answer is not of the version that acted."
    )
    assert one.mend.startswith("Make production ask the gate with the version fields that it logs")
    with governed.ledger.cursor() as cursor:
        day = governed.clock.now.date() - timedelta(days=1)
        view = bypass_view(cursor, "triage", day, day)
        listed = unasked_list(cursor, ["triage"], day, day)
    assert "20 asked the gate without naming all of the version" in view.headline
    assert set(listed["asked"]) == {"without all of the version"}
    assert view.as_json()["asked_without_all_of_the_version"] == 20


def test_beside_claims_that_never_asked_those_that_named_less_are_counted_apart(
    governed: Governed, bring: Any, made: Any
) -> None:
    frame = acted(governed, bring, made)
    ask(governed, frame[:5].assign(model_version=None, prompt_version=None))
    # Another number, or another model, was asked about all the same.
    ask(governed, frame[5:7].assign(prompt_version=None, confidence=0.99))
    ask(governed, frame[7:9].assign(prompt_version=None, model_version="m0"))
    governed.clock.forward(days=1)
    (one,) = found(governed)
    assert one.severity == "critical"
    assert one.text.startswith("15 of 20 claims")
    assert "Of 4 the gate was asked another confidence or version." in one.text
    assert "5 more asked without naming all of the version that they log." in one.text


def test_a_signal_that_is_only_logged_has_nothing_to_ask(
    ungoverned: Governed, bring: Any, made: Any
) -> None:
    ungoverned.apply(LOG_ONLY)
    acted(ungoverned, bring, made)
    ungoverned.clock.forward(days=1)
    assert found(ungoverned) == []


def test_answers_that_name_no_claim_say_what_to_change(
    governed: Governed, bring: Any, made: Any
) -> None:
    acted(governed, bring, made)
    gate = Gate(governed.office)
    asked = Question.of({"signal": "triage", "confidence": 0.95})
    DecisionLog(governed.office).write([gate.decide(asked)])
    governed.clock.forward(days=1)
    (one,) = found(governed)
    assert "1 answer of the gate names no claim of it." in one.text
    assert "same event_id" in one.mend
