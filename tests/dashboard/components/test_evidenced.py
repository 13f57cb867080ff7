"""A finding's link opens the claims it was measured on, with the same choices made."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.govern.replay import Replay
from core.review.findings import FindingRow, findings_view
from core.store.ledger import Ledger
from dashboard.components.evidenced import PAGES, choices
from sample_data import planted

MAIN = str(Path(__file__).parents[3] / "dashboard" / "main.py")
NOW = datetime(2026, 11, 23, 12)


@pytest.fixture(scope="module")
def rows(told_path: Path) -> dict[tuple[str, str | None], FindingRow]:
    with Ledger.open(told_path, read_only=True) as ledger:
        cursor = ledger.cursor()
        view = findings_view(cursor, Replay().caught_up(cursor), NOW)
    return {(one.kind, one.signal): one for one in view.rows}


@pytest.fixture
def follow(told_copy: Path, serving) -> Callable[[FindingRow], AppTest]:
    def open_page(row: FindingRow) -> AppTest:
        serving(told_copy)
        app = AppTest.from_file(MAIN, default_timeout=60)
        for name, value in {"signal": str(row.signal), **choices(row)}.items():
            app.query_params[name] = value
        app.run()
        app.switch_page(PAGES[row.page][0]).run()
        assert not app.exception
        return app

    return open_page


def said(app: AppTest) -> str:
    shown = (*app.markdown, *app.caption, *app.metric)
    return "\n".join(str(one.value) for one in shown)


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


def test_what_needs_no_choice_makes_none(rows) -> None:
    assert choices(rows["inputs_drifted", planted.LOGPROB]) == {}
    assert choices(rows["confidence_anchored", planted.DRAFT]) == {}


def test_every_page_of_a_measurement_is_one_of_the_app() -> None:
    root = Path(MAIN).parent
    assert all((root / page).is_file() for page, *_ in PAGES.values())
