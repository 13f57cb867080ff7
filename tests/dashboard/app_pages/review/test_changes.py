"""The Changes page."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from dashboard.pages import PAGES
from tests.worlds.paths import MAIN


@pytest.fixture
def changes(told_read: Path):
    def open_page(**query: str) -> AppTest:
        app = AppTest.from_file(MAIN, default_timeout=60)
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page(PAGES["changes"].path).run()
        assert not app.exception
        return app

    return open_page


def said(app: AppTest) -> str:
    return "\n".join(one.value for one in (*app.markdown, *app.info, *app.caption))


def test_the_newest_prompt_is_compared_with_the_one_before(changes) -> None:
    app = changes(signal="reply-draft.self-report")
    assert app.selectbox(key="changed").value == "prompt_version"
    assert app.selectbox(key="from_prompt_version").value == "draft-v2"
    assert app.selectbox(key="to_prompt_version").value == "draft-v3"
    assert "Worse for calibration" in said(app)
    segments = next(one.value for one in app.dataframe if "verdict" in one.value)
    assert segments["verdict"].iloc[0] == "Worse"


def test_a_link_brings_its_choices(changes) -> None:
    app = changes(
        signal="reply-safety.self-report",
        changed="model_version",
        from_model_version="guard-2",
        to_model_version="guard-1",
        pairing="paired",
    )
    assert app.selectbox(key="from_model_version").value == "guard-2"
    assert "Paired: only the" in said(app)
    assert "better on policy=legal" in said(app)


def test_a_version_against_itself_asks_for_another(changes) -> None:
    app = changes(
        signal="reply-draft.self-report",
        changed="prompt_version",
        from_prompt_version="draft-v2",
        to_prompt_version="draft-v2",
    )
    assert "Choose two different versions" in said(app)


def test_one_version_says_what_to_log(tmp_path: Path, serving) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(
        "event_id,ts,signal,confidence,outcome,model_version\n"
        + "".join(f"e{i},2026-11-02,s,0.8,{i % 2},m1\n" for i in range(60))
    )
    with Ledger.open(tmp_path / "ledger.duckdb", create=True) as ledger:
        import_file(ledger, file)
    serving(tmp_path / "ledger.duckdb")
    app = AppTest.from_file(MAIN, default_timeout=60)
    app.switch_page(PAGES["changes"].path).run()
    assert not app.exception
    assert "one version only" in said(app)
    assert any("calledger compare" in block.value for block in app.code)
