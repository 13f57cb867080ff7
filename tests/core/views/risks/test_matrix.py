"""The twelve failures against every signal: one rule each, and what they see in the sample."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.findings.detectors.change.drift_alarm import Alarm, Watched, watched
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.views.audit.trail_integrity import wholeness
from core.views.risks.catalogue import FAILURES, NOTES, failure
from core.views.risks.matrix import RisksView, risks_view, tally_words
from core.views.risks.rules.all import RULES
from tests.worlds.governed.risk_facts import BROKEN, FACTS, NOW


def test_every_failure_has_a_rule_and_a_mapping() -> None:
    assert [one.key for one in FAILURES] == list(RULES)
    assert len(FAILURES) == 12
    assert all(one.supports.named() for one in FAILURES)
    assert failure("theatre").supports.eu_ai_act == ""


def test_the_mapping_supports_and_says_where_it_was_read() -> None:
    notes = " ".join(NOTES)
    assert "2026-04-17" in notes
    assert "out of scope" in notes
    assert "2027-12-02" in notes
    assert "certifies nothing" in notes
    written = notes + "".join(one.control for one in FAILURES)
    assert "complies" not in written
    assert "compliant" not in written


@pytest.mark.parametrize("key", list(RULES))
def test_a_rule_says_one_line_and_where_it_can_be_seen(key: str) -> None:
    for facts in (FACTS, BROKEN, replace(FACTS, versions=(), recent=None, asked=())):
        found = RULES[key](facts)
        assert found.line.endswith(".")
        assert "\n" not in found.line
        assert found.link.page


@pytest.mark.parametrize(
    ("key", "signal", "said"),
    [
        ("unvalidated", "callback-urgency.self-report", "This signal is not registered"),
        ("unvalidated", "reply-safety.self-report", "guard-2"),
        ("unvalidated", "answer-grounding.agreement", "Waived until 2026-12-02"),
        ("unvalidated", "refund-check.logprob", "claims automated since 2026-06-02 never asked"),
        ("unvalidated", "reply-draft.self-report", "Their errors cost 2,639 EUR"),
        (
            "unvalidated",
            "reply-draft.self-report",
            "(gap +12.4 to −0.7 points, 400 heldout inputs)",
        ),
        ("aggregate", "ticket-triage.self-report", "topic=medical missed ECE"),
        ("aggregate", "reply-safety.self-report", "policy=legal"),
        ("aggregate", "knowledge-answer.self-report", "at 90% or more"),
        ("model_update", "reply-safety.self-report", "never measured for a signature"),
        ("drift", "refund-check.logprob", "amount=under 50 went from 62% to 25%"),
        ("drift", "email-routing.self-report", "The audit sample drawn in the week of 2026-10-19"),
        ("drift", "reply-safety.self-report", "60 kept inputs should be asked"),
        ("drift", "answer-quality.judge", "17% of the claims state no confidence"),
        ("model_update", "knowledge-answer.self-report", "Kept inputs are answered otherwise"),
        ("leakage", "knowledge-answer.self-report", "300 claims of 7,940"),
        ("leakage", "knowledge-answer.self-report", "were judged on 2 of 2 times"),
        ("leakage", "reply-safety.self-report", "150 of 1,022 were wrong"),
        ("gaming", "answer-quality.judge", "Prompt rubric-3 against prompt rubric-2"),
        ("ownership", "reply-safety.self-report", "Maya Cole has left"),
        ("escalation", "ticket-triage.self-report", "120 against the threshold"),
        ("escalation", "duplicate-merge.self-report", "m-2 let 142 of 146 wrong answers pass"),
        ("anchoring", "reply-draft.self-report", "15.0 points more"),
        ("prompt_edit", "reply-draft.self-report", "confidence +20."),
        ("theatre", "duplicate-merge.self-report", "changed none of them"),
    ],
)
def test_the_sample_shows_what_was_planted(
    view: RisksView, key: str, signal: str, said: str
) -> None:
    cell = view.cell(key, signal)
    assert cell.status == "open"
    assert said in cell.line


@pytest.mark.parametrize(
    ("key", "signal", "status"),
    [
        ("unvalidated", "ticket-triage.agreement", "covered"),
        ("drift", "ticket-triage.agreement", "covered"),
        ("drift", "reply-draft.self-report", "not_measured"),
        ("drift", "knowledge-answer.self-report", "not_measured"),
        ("model_update", "refund-check.logprob", "covered"),
        ("aggregate", "ticket-triage.agreement", "covered"),
        ("aggregate", "answer-grounding.agreement", "not_measured"),
        ("aggregate", "callback-urgency.self-report", "not_measured"),
        ("ownership", "refund-check.logprob", "covered"),
        ("theatre", "refund-check.logprob", "covered"),
        ("anchoring", "ticket-triage.agreement", "not_applicable"),
    ],
)
def test_the_sample_s_nulls_are_not_open(
    view: RisksView, key: str, signal: str, status: str
) -> None:
    assert view.cell(key, signal).status == status


def test_what_the_watch_saw_stands_beside_the_newest_weeks(view: RisksView) -> None:
    line = view.cell("drift", "refund-check.logprob").line
    assert "Watched since " in line
    assert "needed: no alarm." in line


def test_an_alarm_in_the_ledger_opens_the_line(
    told: tuple[duckdb.DuckDBPyConnection, Office],
    told_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cursor, office = told

    def alarmed(*of: Any) -> tuple[Watched, ...]:
        return tuple(replace(one, alarm=Alarm(NOW, "2026-W43", (one.gap,))) for one in watched(*of))

    monkeypatch.setattr("core.views.risks.gather.watched", alarmed)
    whole = wholeness(cursor, told_path, NOW)
    view = risks_view(cursor, office.state(), NOW, whole, data_version=6)
    cell = view.cell("drift", "refund-check.logprob")
    assert cell.status == "open"
    assert "shown with the cohort 2026-W43." in cell.line
    assert cell.line.endswith("needed: alarm with the cohort 2026-W43.")


def test_there_is_a_cell_for_every_failure_of_every_signal_worst_first(view: RisksView) -> None:
    assert len(view.cells) == 12 * len(view.signals) == 132
    assert view.headline.startswith(f"{sum(one.status == 'open' for one in view.cells)} of 132")
    opened = [
        sum(one.status == "open" for one in view.of_failure(each.key)) for each in view.failures
    ]
    assert opened == sorted(opened, reverse=True)
    assert tally_words(view.of_failure("audit_trail")) == "11 covered"


def test_a_broken_trail_leaves_what_claims_alone_can_tell(
    told: tuple[duckdb.DuckDBPyConnection, Office], told_path: Path
) -> None:
    cursor, _ = told
    whole = replace(wholeness(cursor, told_path, NOW), whole=False, headline="Not whole.")
    found = risks_view(cursor, None, NOW, whole, data_version=6)
    assert found.broken
    assert {one.status for one in found.of_failure("unvalidated")} == {"not_measured"}
    assert {one.status for one in found.of_failure("audit_trail")} == {"open"}
    assert found.cell("aggregate", "reply-safety.self-report").status == "open"


def test_an_empty_ledger_has_nothing_to_show(tmp_path: Path) -> None:
    path = tmp_path / "empty.duckdb"
    with Ledger.open(path, create=True) as ledger:
        cursor, office = ledger.cursor(), Office.of(ledger, clock=lambda: NOW)
        whole = wholeness(cursor, path, NOW)
        found = risks_view(cursor, office.state(), NOW, whole, data_version=0)
    assert (found.cells, found.signals) == ((), ())
