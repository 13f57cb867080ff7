"""The Risks page: all at a glance, one closely, and as a file for an audit."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.views.risks.catalogue import FAILURES
from core.views.risks.matrix import RisksView
from core.views.risks.status import STATUS_SIGNS, STATUS_WORDS
from dashboard.cache import views as data
from dashboard.parts.govern.watching.risks import matrix
from dashboard.reports.risks import to_frame, to_markdown
from tests.worlds.claims.drawn import words
from tests.worlds.running.pages import page, text_of

HEAD = "event_id,ts,signal,confidence,outcome,model_version\n"


opened = partial(page, "risks")


def links(app: AppTest, page: str) -> list[dict[str, list[str]]]:
    found = app.get("page_link")
    return [parse_qs(one.proto.query_string) for one in found if one.proto.page == page]


@pytest.fixture
def small(tmp_path: Path, serving: Any) -> Path:
    """A ledger with one signal about which nothing is written down, and a name like Markdown."""
    path, file = tmp_path / "ledger.duckdb", tmp_path / "claims.csv"
    rows = [f"e{i},2026-09-01T09:00:00Z,s *[x](y)*,0.8,1,m1\n" for i in range(40)]
    file.write_text(HEAD + "".join(rows))
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    serving(path)
    return path


def test_an_empty_ledger_shows_the_command_that_fills_it(tmp_path: Path, serving: Any) -> None:
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    app = opened()
    assert any("calledger import" in block.value for block in app.code)
    assert "certifies nothing" in text_of(app)


def test_where_nothing_is_registered_that_is_open(small: Path) -> None:
    shown = text_of(opened())
    assert "over 12 failures of 1 signal" in shown


def test_a_failure_in_the_link_opens_its_evidence_and_what_its_control_supports(
    small: Path,
) -> None:
    app = opened(failure="ownership")
    shown = text_of(app)
    assert "Nobody owns the signal" in shown
    assert "nobody answers for it" in shown
    assert "Supports SR 26-2: roles; EU AI Act: Art. 17(1)(m)" in shown
    assert ["s *[x](y)*"] in [one.get("signal") for one in links(app, "registry")]


def test_a_signal_in_the_link_opens_all_twelve_of_it(small: Path) -> None:
    app = opened(of_signal="s *[x](y)*")
    assert "s *[x](y)*" in [one.value.replace("\\", "") for one in app.header]
    titles = {one.title for one in FAILURES}
    assert titles <= {one.proto.label for one in app.get("page_link")}


def test_a_link_to_what_is_not_there_opens_all(small: Path) -> None:
    assert "open a cell for its evidence" in words(opened(failure="gone", of_signal="gone"))


def test_a_broken_trail_is_said_first_and_what_claims_tell_stays(
    told_copy: Path, serving: Any
) -> None:
    with Ledger.open(told_copy) as ledger, ledger.cursor() as cursor:
        cursor.execute("UPDATE acts SET entry = replace(entry, 'verbal', 'verbose') WHERE seq > 9")
    serving(told_copy)
    app = opened(failure="unvalidated")
    shown = text_of(app)
    assert "The decision trail is broken" in shown
    assert "Not measured" in "".join(one.proto.body for one in app.get("markdown"))
    assert "so nothing can be said of what was written and signed" in shown
    assert "of 132 are open" in shown


@pytest.fixture
def view(told_read: Path) -> RisksView:
    found = data.risks()
    return found


def test_the_file_s_table_has_every_cell_with_its_evidence_and_its_place(view: RisksView) -> None:
    frame = to_frame(view)
    assert len(frame) == 132
    assert frame["evidence"].str.len().min() > 20
    assert frame["seen_on"].str.startswith("/").all()
    assert {"supports SR 26-2", "supports EU AI Act"} <= set(frame.columns)


def test_the_audit_file_holds_every_line_the_mapping_and_its_notes(view: RisksView) -> None:
    text = to_markdown(view, "told.duckdb")
    assert f"trail of {view.n_entries} entries, root `{view.root}`" in text
    assert f"data version {view.data_version}" in text
    assert view.root
    for one in FAILURES:
        assert f"## {one.title}" in text
    # 12 × 10 lines of evidence, each with its place.
    places = [line for line in text.splitlines() if line.startswith("| ") and "| `/" in line]
    assert len(places) == 132
    assert "`/sign_off?signal=reply-safety.self-report&fingerprint=f-" in text
    assert "2027-12-02" in text
    assert "follows its principles" in text
    assert "complies" not in text


def test_each_cell_is_a_link_that_says_its_status_with_a_sign_and_a_word(view: RisksView) -> None:
    drawn = matrix(view)
    assert drawn.count('aria-label="') == 132
    first = view.failures[0]
    cell = view.cell(first.key, view.signals[0])
    assert f'aria-label="{first.title}, {cell.signal}: {STATUS_WORDS[cell.status]}"' in drawn
    for status in {one.status for one in view.cells}:
        assert f">{STATUS_SIGNS[status]}</span><span>{STATUS_WORDS[status]}</span>" in drawn
