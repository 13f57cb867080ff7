"""Every page on every kind of ledger: the sample, an empty one, and the awkward ones."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from dashboard.cache import views as data
from dashboard.pages import PAGES
from tests.worlds.running.pages import page as open_page
from tests.worlds.running.pages import text_of, title_of

HEADER = "event_id,ts,signal,confidence,outcome,model_version,seg_language,seg_topic\n"


def rows(confidences: list[str], outcomes: list[str]) -> str:
    languages, topics = ("en", "de"), ("billing", "medical", "triage")
    return HEADER + "".join(
        f"e{i},2026-11-02T09:00:00Z,s,{v},{y},m{i % 2},{languages[i % 2]},{topics[i % 3]}\n"
        for i, (v, y) in enumerate(zip(confidences, outcomes, strict=True))
    )


AWKWARD = {
    "no outcomes yet": rows(["0.8", "0.9"] * 50, [""] * 100),
    "one single confidence value": rows(["0.9"] * 120, ["1", "1", "0"] * 40),
    "one class only": rows(["0.7", "0.8", "0.95"] * 40, ["1"] * 120),
    "nothing stated": rows([""] * 60, ["1", "0"] * 30),
    "three claims": rows(["0.5", "0.6", "0.7"], ["1", "0", "1"]),
    "every row refused": rows(["high"] * 5, ["1"] * 5),
    "claims that name no segment among others that do": rows(["0.8", "0.9"] * 50, ["1", "0"] * 50)
    + "".join(f"n{i},2026-11-02T09:00:00Z,s,0.9,{i % 2},,,\n" for i in range(60)),
    "no segments": "event_id,ts,signal,confidence,outcome\n"
    + "".join(f"e{i},2026-11-02,s,0.{5 + i % 5},{i % 2}\n" for i in range(80)),
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str | None], Path]:
    @functools.cache
    def build(content: str | None) -> Path:
        folder = tmp_path_factory.mktemp("awkward")
        path = folder / "ledger.duckdb"
        with Ledger.open(path, create=True) as ledger:
            if content is not None:
                file = folder / "claims.csv"
                file.write_text(content)
                import_file(ledger, file)
        return path

    return build


@pytest.fixture
def ledger_of(built: Callable[[str | None], Path], serving):
    """``ledger_of(content)``: serve it; all pages read the same one."""
    return lambda content: serving(built(content), keep=True)


def named(page: str) -> str:
    """The heading of a page; that of a signal's is the signal that the week shows first."""
    return data.week(data.mondays()[0]).rows[0].signal if page == "signal" else PAGES[page].title


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.usefixtures("told_read")
def test_a_page_opens_on_the_sample(page: str) -> None:
    app = open_page(page)
    assert title_of(app) == named(page)
    assert "This ledger is empty" not in text_of(app)
    # Where nothing stands in a table, the browser would write "None".
    assert {one.proto.placeholder for one in app.dataframe} <= {"–"}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_an_empty_ledger_shows_the_command_that_begins_it(page: str, ledger_of) -> None:
    ledger_of(None)
    app = open_page(page)
    assert app.title[0].value == PAGES[page].title
    commands = "\n".join(block.value for block in app.code)
    assert re.search("calledger (import|registry apply)", commands)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("content", AWKWARD.values(), ids=AWKWARD)
def test_a_page_stands_an_awkward_ledger(page: str, content: str, ledger_of) -> None:
    ledger_of(content)
    app = open_page(page)
    assert title_of(app)
