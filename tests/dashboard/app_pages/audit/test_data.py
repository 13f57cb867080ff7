"""The Data and Reliability pages on a signal whose labels are no fair sample."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ingest.import_file import import_file
from core.intake.otlp.mapping import read_names
from core.intake.otlp.translate import NOT_MAPPED
from core.ledger.connection import Ledger
from core.spool.segments import Spool, beside
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from tests.worlds.paths import MAIN
from tests.worlds.running.pages import text_of

HEADER = "event_id,ts,signal,confidence,outcome,outcome_ts,action\n"


@pytest.fixture
def opened(tmp_path: Path, serving):
    """Opens a page on 100 automated and 100 escalated claims of 2024."""

    def open_page(page: str, automated_outcome: str) -> AppTest:
        file, path = tmp_path / "claims.csv", tmp_path / "ledger.duckdb"
        known = "2024-09-03" if automated_outcome else ""
        file.write_text(
            HEADER
            + "".join(
                f"a{i},2024-09-02,s,0.95,{automated_outcome},{known},automate\n"
                f"b{i},2024-09-02,s,0.6,{int(i % 5 > 1)},2024-09-03,escalate\n"
                for i in range(100)
            )
        )
        with Ledger.open(path, create=True) as ledger:
            import_file(ledger, file)
        serving(path)
        app = AppTest.from_file(MAIN, default_timeout=60)
        app.switch_page(PAGES[page].path).run()
        assert not app.exception
        return app

    return open_page


def test_the_data_page_says_whose_labels_these_are(opened) -> None:
    said = text_of(opened("data", ""))
    assert "Can the labels be trusted: s" in said
    assert "Escalated cases only: 0 of 100 automated claims are labelled (0%)" in said
    assert "If every unlabelled claim were right" in said


def test_the_data_page_says_in_one_line_that_nothing_is_wrong(opened) -> None:
    said = text_of(opened("data", "1"))
    assert "No sign that the labelled claims are unrepresentative" in said
    assert ":material/warning:" not in said


def test_reliability_marks_a_signal_labelled_only_where_escalated(opened) -> None:
    said = text_of(opened("reliability", ""))
    assert "only escalated or reviewed cases are labelled (0 of 100 automated claims" in said
    assert ":material/help: No verdict]" in said
    assert "filter_alt: Labelled cases only]" in said


def test_reliability_does_not_mark_a_signal_labelled_throughout(opened) -> None:
    said = text_of(opened("reliability", "1"))
    assert "Labelled cases only" not in said
    assert "No verdict on all claims" not in said


def test_the_data_page_says_what_was_set_aside_and_what_waits_for_the_disk(
    opened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(beside(tmp_path / "ledger.duckdb"))
    spool.append("claims-t-1", [b'{"no": "claim"}', b"{}"])
    (segment,) = spool.closed()
    spool.set_aside(segment)
    spool.close()
    app = opened("data", "1")
    (said,) = (one.value.replace("\\", "") for one in app.error)
    assert said.startswith("2 rows of claims logged by the token t-1 could not be taken")
    assert "calledger import ledger.duckdb.spool/failed/" in said
    assert not app.warning
    monkeypatch.setattr(owner.folder(), "failure", "No space left on device")
    app.run()
    (waits,) = (one.value for one in app.warning)
    assert "not in the ledger yet" in waits
    assert "No space left on device" in waits


def test_the_data_page_says_which_names_exporters_sent_and_how_to_map_them(opened) -> None:
    opened("data", "")
    owner.otlp_left_out().add("a *name*", NOT_MAPPED, datetime(2026, 11, 2, 10))
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.switch_page(PAGES["data"].path).run()
    assert not app.exception
    (said,) = [one.value for one in app.warning if "evaluation" in one.value]
    assert said == (
        "1 evaluation came under 1 name that ledger.duckdb.otlp.yaml does not map, and was not "
        "kept."
    )
    lines = next(one.value for one in app.code if one.value.startswith("names:"))
    assert '"a *name*": {confidence: SIGNAL}' in lines
    assert list(read_names(lines).names) == ["a *name*"]


def test_the_data_page_says_why_the_file_of_names_cannot_be_used(opened, tmp_path: Path) -> None:
    (tmp_path / "ledger.duckdb.otlp.yaml").write_text("names: {a: 1}")
    said = text_of(opened("data", ""))
    assert "Nothing that exporters send is taken until this file is corrected" in said
    assert "ledger.duckdb.otlp.yaml line 1, names.a" in said
