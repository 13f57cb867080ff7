"""People withdraw labels and confirm them: an act and a row of the log, both on record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from core.audit.verify import verify_ledger
from core.findings.detectors.labels.label_disputes import disputes_conditions
from core.findings.facts.labels.disputes import LabelsContradict
from core.governance.bodies.refusal import Refused
from core.governance.label_acts import CONFIRM, WITHDRAW, confirm, withdraw
from core.governance.recorded_import import import_recorded
from core.ingest.kept_sums import keep_up
from core.queries.claims.claim_history import outcome_versions
from core.queries.claims.label_states import label_states
from core.queries.labels.disputes import disputes
from core.sentences.acts import Names, sentence
from core.trail.facts import written
from tests.worlds.claims.kept import kept_in, kept_of

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

ANN = "user:desk/ann"


@pytest.fixture
def labelled(governed: Any, clock: Any, tmp_path: Any) -> Any:
    """Two claims: on one, code contradicts a person; on the other, two people each other."""
    made = clock.now - timedelta(days=20)

    def at(days: int) -> str:
        return f"{(made + timedelta(days=days)).isoformat()}Z"

    claims = pd.DataFrame(
        {"event_id": ["a", "b"], "signal": "triage", "ts": at(0), "confidence": [0.9, 0.8]}
    )
    labels = pd.DataFrame(
        [
            ("a", 0, at(1), "HUMAN"),
            ("a", 1, at(2), "CODE"),
            ("b", 1, at(1), "HUMAN"),
            ("b", 0, at(1), "HUMAN"),
        ],
        columns=["event_id", "outcome", "outcome_ts", "outcome_source"],
    )
    for name, frame in (("claims", claims), ("labels", labels)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        import_recorded(governed.office, tmp_path / f"{name}.csv", now=clock.now)
    return governed


def in_force(governed: Any, event: str) -> tuple[Any, ...]:
    query = "SELECT outcome, outcome_source FROM claims WHERE event_id = $event"
    with governed.ledger.cursor() as cursor:
        found: tuple[Any, ...] = cursor.execute(query, {"event": event}).fetchall()[0]
    return found


def states(governed: Any, event: str) -> tuple[str, ...]:
    with governed.ledger.cursor() as cursor:
        return label_states(outcome_versions(cursor, "triage", event))


def open_ones(governed: Any) -> list[tuple[str, bool]]:
    with governed.ledger.cursor() as cursor:
        return [(one.event_id, one.conflict) for one in disputes(cursor, "triage", limit=9).listed]


def is_whole(governed: Any) -> bool:
    keep_up(governed.ledger)
    with governed.ledger.cursor() as cursor:
        return verify_ledger(cursor).problems == () and kept_in(cursor) == kept_of(cursor)


def test_contradictions_are_a_finding_until_they_are_answered(labelled: Any) -> None:
    with labelled.ledger.cursor() as cursor:
        (one,) = disputes_conditions(cursor, labelled.office.state(), labelled.clock.now)
    assert (one.kind, one.signal, one.severity) == ("labels_contradict", "triage", "warning")
    assert one.facts == written(LabelsContradict(1, 1, "b"))
    assert open_ones(labelled) == [("b", True), ("a", False)]

    for event, outcome in (("a", 0), ("b", 1)):
        actor = labelled.actor(ANN, CONFIRM)
        confirm(labelled.office, actor, "triage", event, outcome, "I read the case again")
    assert open_ones(labelled) == []
    assert (in_force(labelled, "a"), in_force(labelled, "b")) == ((0, "HUMAN"), (1, "HUMAN"))
    with labelled.ledger.cursor() as cursor:
        assert not disputes_conditions(cursor, labelled.office.state(), labelled.clock.now)
    assert is_whole(labelled)


def test_a_person_withdraws_a_label_and_the_act_says_which_and_why(labelled: Any) -> None:
    actor = labelled.actor(ANN, WITHDRAW)
    act = withdraw(labelled.office, actor, "triage", "a", "HUMAN", " The wrong case ")

    assert in_force(labelled, "a") == (1, "CODE")
    assert states(labelled, "a") == ("withdrawn", "in force", "withdrawal")
    assert open_ones(labelled) == [("b", True)]
    assert act.body == {
        "event_id": "a",
        "label_source": "HUMAN",
        "reason": "The wrong case",
        "import_id": 3,
    }
    with labelled.ledger.cursor() as cursor:
        said = sentence(act, Names.read(cursor))
    assert "withdrew the label of event a by HUMAN" in said
    assert said.endswith("The wrong case.") or "The wrong case" in said
    assert is_whole(labelled)


def test_a_conflict_is_settled_by_withdrawing_it_too(labelled: Any) -> None:
    withdraw(labelled.office, labelled.actor(ANN, WITHDRAW), "triage", "b", "HUMAN", "unsure")
    assert in_force(labelled, "b") == (None, None)
    assert open_ones(labelled) == [("a", False)]


@pytest.mark.parametrize(
    ("handle", "event", "source", "reason", "said"),
    [
        (ANN, "a", "LLM", "why", "No label of LLM stands for event a"),
        (ANN, "a", None, "why", "there is one of: HUMAN, CODE"),
        (ANN, "nobody", "HUMAN", "why", "There is no claim nobody of triage"),
        (ANN, "a", "HUMAN", "  ", "Say why"),
        ("user:risk/rita", "a", "HUMAN", "why", "may"),
    ],
)
def test_what_cannot_be_withdrawn_is_refused_and_changes_nothing(
    labelled: Any, handle: str, event: str, source: str | None, reason: str, said: str
) -> None:
    before = labelled.office.state().size
    with pytest.raises(Refused, match=said):
        withdraw(labelled.office, labelled.actor(handle, WITHDRAW), "triage", event, source, reason)
    assert labelled.office.state().size == before
    assert in_force(labelled, "a") == (0, "HUMAN")


def test_there_is_nothing_to_confirm_where_nothing_contradicts(labelled: Any) -> None:
    actor = labelled.actor(ANN, CONFIRM)
    confirm(labelled.office, actor, "triage", "a", 1, "the check was right")
    assert in_force(labelled, "a") == (1, "HUMAN")
    with pytest.raises(Refused, match="Nothing contradicts"):
        confirm(labelled.office, actor, "triage", "a", 1, "once more")
