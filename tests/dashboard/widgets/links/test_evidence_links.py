"""A finding's link opens the claims it was measured on, with the same choices made."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.findings.detectors.decisions.theatre import theatre_conditions
from core.findings.kinds import KINDS
from core.governance.replay import Replay
from core.ledger.connection import Ledger
from core.views.govern.findings import FindingRow, findings_view
from dashboard.pages import PAGES
from dashboard.widgets.links.evidence_links import CHOOSES, choices
from sample_data import planted
from tests.worlds.paths import MAIN

NOW = datetime(2026, 11, 23, 12)


@pytest.fixture(scope="module")
def rows(told_path: Path) -> dict[tuple[str, str | None], FindingRow]:
    with Ledger.open(told_path, read_only=True) as ledger:
        cursor = ledger.cursor()
        view = findings_view(cursor, Replay().caught_up(cursor), NOW)
    return {(one.kind, one.signal): one for one in view.rows}


@pytest.fixture
def follow(told_read: Path) -> Callable[[FindingRow], AppTest]:
    def open_page(row: FindingRow) -> AppTest:
        app = AppTest.from_file(MAIN, default_timeout=60)
        for name, value in {"signal": str(row.signal), **choices(row)}.items():
            app.query_params[name] = value
        app.switch_page(PAGES[row.page].path).run()
        assert not app.exception
        return app

    return open_page


def said(app: AppTest) -> str:
    shown = (*app.markdown, *app.caption, *app.metric)
    return "\n".join(str(one.value) for one in shown)


def test_every_kind_is_seen_on_a_page_there_is() -> None:
    assert {one.page for one in KINDS.values()} <= PAGES.keys()


def test_only_pages_that_filter_claims_or_weigh_them_are_told_what_to_choose() -> None:
    assert CHOOSES.keys() <= KINDS.keys()
    settling = {"registry", "sign_off", "decision_trail"}
    assert not {KINDS[kind].page for kind in CHOOSES} & settling


def test_a_changed_prompt_opens_both_versions_on_settled_claims(rows, follow) -> None:
    row = rows["prompt_changed", planted.DRAFT]
    app = follow(row)
    assert app.selectbox(key="changed").value == "prompt_version"
    assert app.selectbox(key="from_prompt_version").value == "draft-v2"
    assert app.selectbox(key="to_prompt_version").value == "draft-v3"
    moved = re.search("gap went from .* points, a change in size of .*?\\)", row.text)
    assert moved is not None
    assert f"Worse for calibration: the {moved[0]}" in said(app)


def test_a_failing_segment_opens_its_dimension(rows, follow) -> None:
    app = follow(rows["hidden_segment", planted.SAFETY])
    assert app.selectbox(key="row").value == "policy"


def test_a_signal_that_is_off_opens_the_very_weeks(rows, follow) -> None:
    row = rows["miscalibrated", planted.ANSWER]
    assert f"{choices(row)['since']} to {choices(row)['until']}" in row.text
    n = f"{int(dict(row.evidence)['claims']):,}"
    assert f"{n} claims" in row.text
    assert n in said(follow(row))


def test_a_judge_that_disagrees_opens_the_very_days_its_claims_were_made_in(rows) -> None:
    made = (("n", "400"), ("since", "2026-05-18"), ("until", "2026-11-15"))
    row = replace(
        rows["miscalibrated", planted.ANSWER], kind="judge_disagrees", evidence=made
    )  # fmt: skip
    assert choices(row) == {"since": "2026-05-18", "until": "2026-11-15"}


def test_breaches_open_the_very_days_they_were_counted_in(rows, follow) -> None:
    row = rows["escalation_breached", planted.SELF_REPORT]
    n = f"{int(dict(row.evidence)['breaches']):,}"
    assert row.text.startswith(
        f"{n} claims from {choices(row)['first']} to {choices(row)['last']} "
    )
    app = follow(row)
    assert [str(app.date_input(key=name).value) for name in ("first", "last")] == [
        *choices(row).values()
    ]
    assert f"{n} of 3,661 claims whose action was logged were handled less strictly" in said(app)


def test_confidence_that_changes_nothing_opens_the_weeks_it_was_weighed_in(
    rows, follow, told_path: Path
) -> None:
    # Found as a day begins, for the page weighs whole days.
    with Ledger.open(told_path, read_only=True) as ledger:
        cursor = ledger.cursor()
        state = Replay().caught_up(cursor)
        (one,) = theatre_conditions(cursor, state, datetime.combine(NOW, time()))
    row = replace(rows["confidence_theatre", planted.MERGE], text=one.text, evidence=one.evidence)
    n = f"{int(dict(row.evidence)['decisions']):,} decisions"
    assert row.text.startswith(f"All {n} since {choices(row)['first']} ")
    app = follow(row)
    assert any(f"all {n} were" in str(one.value) for one in app.warning)


def test_what_was_tuned_on_opens_the_rows_that_are(rows, follow) -> None:
    row = rows["split_leaked", planted.ANSWER]
    app = follow(row)
    n = dict(row.evidence)["shared"]
    assert row.text.startswith(f"{n} of ")
    assert any(str(one.value).startswith(f"{n} heldout claims ") for one in app.error)
    listed = app.dataframe[0].value
    assert "answer-000902" in listed.to_string()


def test_a_broken_promise_opens_the_question_that_was_asked_for_it(rows, follow) -> None:
    app = follow(rows["promise_broken", planted.SAFETY])
    assert app.number_input(key="risk").value == 9.0
    assert choices(rows["promise_broken", planted.SAFETY])["sure"] == "90"
    assert app.checkbox(key="every_look").value
    assert "This run is entry" in said(app)
    assert "The entry in force says this already." in said(app)


def test_what_needs_no_choice_makes_none(rows) -> None:
    assert choices(rows["inputs_drifted", planted.LOGPROB]) == {}
    assert choices(rows["confidence_anchored", planted.DRAFT]) == {}
