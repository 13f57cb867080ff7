"""The registry says whose labels are truth, and everything that rests on labels follows it."""

from __future__ import annotations

import duckdb
import pandas as pd

from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.queries.base.truth import Truth, declared, truth_of
from core.registry.yaml_reader import read
from core.trail.fingerprint import Fingerprint
from core.trail.seals.outcomes_in_force import wrong_in_force
from core.validation.evidence import freeze, store, verify

ONLY_PEOPLE = "  truth: {sources: [HUMAN], unstated: false}\n  validation:\n"


def labelled(frame: pd.DataFrame, sources: list[str | None]) -> pd.DataFrame:
    """Every outcome from the next of these sources, in turn."""
    turn = [sources[i % len(sources)] for i in range(len(frame))]
    return frame.assign(outcome_source=turn)


def counted(cursor: duckdb.DuckDBPyConnection) -> int:
    return grouped_cells(cursor, Selection("triage")).cells[0].total


def test_undeclared_people_code_and_labels_without_a_source_are_truth(governed, clock, bring, made):
    bring(governed, labelled(made(clock, range(1, 5)), ["HUMAN", "CODE", "LLM", None]))
    with governed.ledger.cursor() as cursor:
        assert declared(cursor) == {}
        assert counted(cursor) == 60


def test_a_declaration_counts_at_once_for_the_labels_that_are_there(
    governed, clock, bring, made, registry_text
):
    bring(governed, labelled(made(clock, range(1, 5)), ["HUMAN", "CODE", "LLM", None]))
    governed.apply(registry_text.replace("  validation:\n", ONLY_PEOPLE), "user:desk/ann")
    with governed.ledger.cursor() as cursor:
        assert truth_of(cursor, "triage") == Truth(("HUMAN",), unstated=False)
        assert counted(cursor) == 20
        assert list(wrong_in_force(cursor)) == []

    governed.apply(registry_text, "user:desk/ann")
    with governed.ledger.cursor() as cursor:
        assert counted(cursor) == 60
        assert list(wrong_in_force(cursor)) == []


def test_a_declaration_counts_for_the_labels_to_come(governed, clock, bring, made, registry_text):
    governed.apply(registry_text.replace("  validation:\n", ONLY_PEOPLE), "user:desk/ann")
    bring(governed, labelled(made(clock, range(1, 5)), ["HUMAN", "CODE", "LLM", None]))
    with governed.ledger.cursor() as cursor:
        assert counted(cursor) == 20
        assert list(wrong_in_force(cursor)) == []


def test_a_judges_label_put_in_force_by_hand_is_found(governed, clock, bring, made):
    bring(governed, labelled(made(clock, range(1, 5)), ["LLM"]))
    with governed.ledger.transaction() as cursor:
        cursor.execute(
            "UPDATE claims SET outcome = 1, outcome_source = 'LLM', outcome_known_at = ts"
        )
    with governed.ledger.cursor() as cursor:
        (problem,) = wrong_in_force(cursor)
    assert "80 claims have outcomes in force that the log of outcomes does not give" in str(problem)


def test_evidence_does_not_rest_on_a_judge(governed, clock, bring, made, registry_text):
    """Signed off on a lenient judge's labels before; on people's it misses."""
    spec = read(registry_text).specs[0]
    people = made(clock, range(40, 100), 10, gap=0.14).assign(outcome_source="HUMAN")
    judge = made(clock, range(40, 100), 50).assign(outcome_source="LLM")
    judge["event_id"] = "judged-" + judge["event_id"]
    for frame in (people, judge):
        bring(governed, frame.assign(outcome_ts=frame["ts"]))
    with governed.ledger.cursor() as cursor:
        bundle = freeze(
            cursor, spec, Fingerprint(model_version="m1", prompt_version="p1"),
            at=clock.now, program="test",
        )  # fmt: skip
    assert not bundle.met
    assert bundle.whole.measures["n"] == len(people)
    assert bundle.content["query"]["truth"] == {
        "sources": ["HUMAN", "CODE"],
        "unstated": True,
        "ranked": True,
    }


def test_evidence_recomputes_after_the_entry_says_otherwise(
    governed, clock, bring, made, registry_text
):
    spec = read(registry_text).specs[0]
    frame = labelled(made(clock, range(40, 80)), ["HUMAN", "CODE", "LLM"])
    bring(governed, frame.assign(outcome_ts=frame["ts"]))
    with governed.ledger.transaction() as cursor:
        bundle = freeze(
            cursor, spec, Fingerprint(model_version="m1", prompt_version="p1"),
            at=clock.now, program="test",
        )  # fmt: skip
        store(cursor, bundle)
    assert bundle.whole.measures["n"] == 534
    governed.apply(registry_text.replace("  validation:\n", ONLY_PEOPLE), "user:desk/ann")
    with governed.ledger.cursor() as cursor:
        assert verify(cursor, bundle.sha256).same


def test_a_declaration_reopens_a_validation(governed, registry_text):
    governed.validate()
    governed.apply(registry_text.replace("  validation:\n", ONLY_PEOPLE), "user:desk/ann")
    (validation,) = governed.office.state().validations.values()
    assert validation.state == "suspended"
