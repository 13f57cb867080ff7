"""Somebody new drops a file of their own on the Data page and gets to an honest diagram."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.ledger.connection import Ledger
from tests.browser.driving.walking import go, settled, shows
from tests.worlds.claims.newcomer import newcomers_file

pytestmark = pytest.mark.browser


def test_a_newcomers_file_is_tried_completed_imported_measured_and_its_signal_registered(
    page: Page, tmp_path: Path, serve: Callable[..., AbstractContextManager[str]]
) -> None:
    path = tmp_path / "new.duckdb"
    Ledger.open(path, create=True).close()
    (tmp_path / "our bot.csv").write_bytes(newcomers_file())
    with serve("serve", "--ledger", str(path)) as site:
        page.goto(f"{site}/data")
        shows(page, "Data")
        page.locator("input[type=file]").set_input_files(tmp_path / "our bot.csv")
        expect(page.get_by_text("high (52)")).to_be_visible()
        expect(page.get_by_text("would come in; ")).to_contain_text("of 400 records")
        words = page.get_by_label("Words for confidences")
        words.fill("high=0.9")
        words.press("Enter")
        expect(page.get_by_text("high (52)")).to_have_count(0)
        settled(page)
        page.get_by_role("button", name="Import").click()
        expect(page.get_by_text("our bot.csv is in:")).to_be_visible()
        go(page, "Reliability")
        shows(page, "Reliability")
        expect(page.get_by_text("our-bot").first).to_be_visible()
        expect(page.get_by_role("heading", name="overconfident").first).to_be_visible()
        go(page, "Registry")
        shows(page, "Registry")
        page.get_by_role("rowheader").get_by_role("link", name="our-bot").click()
        page.get_by_role("tab", name="Change the entry").click()
        entry = page.get_by_label("The entry as YAML")
        text = entry.input_value()
        for blank, said in (
            ("user:<owner>", "user:desk/ann"),
            ("[user:<deputy>]", "[]"),
            ("user:<validator>", "user:risk/vera"),
        ):
            text = text.replace(blank, said, 1)
        entry.fill(text)
        entry.press("Control+Enter")
        settled(page)
        page.get_by_role("button", name="Show what it would change").click()
        page.get_by_label("Who you are").fill("user:desk/ann")
        page.get_by_role("button", name="Apply as user:desk/ann").click()
        expect(page.get_by_text("Stakes: high.")).to_be_visible()
