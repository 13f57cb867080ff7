"""A file brought in on the Data page: proposed, tried, imported."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ledger.connection import Ledger
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from tests.worlds.pages import text_of
from tests.worlds.paths import MAIN

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


def test_a_file_that_cannot_be_used_says_why(page: AppTest):
    assert "blank lines" in text_of(dropped(page, "\n\n"))


def test_a_choice_that_cannot_be_read_says_why(page: AppTest):
    dropped(page, THEIRS)
    (zone,) = [one for one in page.text_input if one.label.startswith("Zone")]
    zone.set_value("Berlin").run()
    assert "Europe/Berlin" in text_of(page)
