"""A file brought in on the Data page: proposed, tried, imported."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.ledger.connection import Ledger
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from tests.core.intake.formats.test_genuine import GENUINE
from tests.worlds.paths import MAIN
from tests.worlds.running.pages import text_of

THEIRS = (
    "id,created_at,llm_confidence,correct\nr1,2026-09-13 08:10:00,70,yes\n"
    "r2,13/09/2026 10:00,80%,no\nr3,2026-09-13 08:12:00,0.9,✓\nr4,2026-09-13 08:13:00,high,no\n"
)


@pytest.fixture
def page(tmp_path: Path, serving) -> AppTest:
    """The Data page of an empty ledger."""
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.switch_page(PAGES["data"].path).run()
    assert not app.exception
    return app


def dropped(app: AppTest, content: str, name: str = "theirs.csv") -> AppTest:
    (uploader,) = app.file_uploader
    uploader.upload(name, content.encode(), "text/csv").run()
    assert not app.exception
    return app


def test_a_file_is_proposed_tried_and_imported(page: AppTest):
    dropped(page, THEIRS)
    chosen = {one.label: one.value for one in page.selectbox}
    assert chosen["Id of the claim"] == "id"
    assert chosen["Time of the claim"] == "created_at"
    assert chosen["Confidence"] == "llm_confidence"
    assert chosen["Scale of confidences"].startswith("0.9 beside 90")
    said = text_of(page)
    assert "3 of 4 records (75%) would come in; 1 would be refused." in said
    assert "high (1)" in said
    assert owner.office().ledger.data_version() == 0
    (words,) = [one for one in page.text_input if one.label == "Words for confidences"]
    words.set_value("high=0.9").run()
    (button,) = [one for one in page.button if one.label == "Import 4 records"]
    button.click().run()
    assert not page.exception
    assert "theirs.csv is in: 4 new records." in text_of(page)
    assert owner.office().ledger.data_version() == 1


def by_label(found: Sequence[Any], label: str) -> Any:
    (one,) = [one for one in found if one.label == label]
    return one


def test_a_file_of_another_tool_is_found_out_and_its_scores_are_asked_for(page: AppTest) -> None:
    dropped(page, (GENUINE / "mlflow.jsonl").read_text(), "traces.jsonl")
    assert by_label(page.radio, "Read it as").value == "MLflow's traces with assessments"
    assert "Choose which score is the confidence" in text_of(page)
    by_label(page.selectbox, "Which score is the confidence").set_value("sure").run()
    assert "Name the signal." in text_of(page)
    by_label(page.text_input, "Name of the signal").set_value("desk").run()
    by_label(page.selectbox, "Which score is the outcome").set_value("correct").run()
    assert "4 of 4 records (100%) would come in" in text_of(page)
    assert owner.office().ledger.data_version() == 0
    by_label(page.button, "Import 4 records").click().run()
    assert not page.exception
    assert "traces.jsonl is in: 4 new records." in text_of(page)
    found = owner.cursor().execute("SELECT confidence_raw, outcome FROM claims ORDER BY ALL")
    assert found.fetchall() == [(0.7, 0), (0.9, 1)]


def test_a_file_of_another_tool_may_be_read_by_its_columns_all_the_same(page: AppTest) -> None:
    dropped(page, (GENUINE / "phoenix.csv").read_text(), "phoenix.csv")
    by_label(page.radio, "Read it as").set_value("columns that you choose").run()
    assert not page.exception
    assert by_label(page.selectbox, "Id of the claim").options[1:3] == ["span_id", "id"]


def test_parquet_is_proposed_and_imported_like_text(page: AppTest, tmp_path: Path) -> None:
    path = tmp_path / "theirs.parquet"
    rows = {"id": ["r1", "r2"], "created_at": ["2026-09-13T08:10:00Z"] * 2, "sure": [0.7, 0.9]}
    pd.DataFrame(rows).to_parquet(path)
    (uploader,) = page.file_uploader
    uploader.upload(path.name, path.read_bytes(), "application/octet-stream").run()
    by_label(page.selectbox, "Confidence").set_value("sure").run()
    by_label(page.text_input, "Name of the signal").set_value("desk").run()
    assert "2 of 2 records (100%) would come in" in text_of(page)
    by_label(page.button, "Import 2 records").click().run()
    assert "theirs.parquet is in: 2 new records." in text_of(page)


def test_a_file_that_cannot_be_used_says_why(page: AppTest):
    assert "blank lines" in text_of(dropped(page, "\n\n"))


def test_a_choice_that_cannot_be_read_says_why(page: AppTest):
    dropped(page, THEIRS)
    (zone,) = [one for one in page.text_input if one.label.startswith("Zone")]
    zone.set_value("Berlin").run()
    assert "Europe/Berlin" in text_of(page)
