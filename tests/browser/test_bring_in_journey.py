"""Somebody new drops a file of their own on the Data page and gets to an honest diagram."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.ledger.connection import Ledger
from tests.browser.walking import go, settled, shows

pytestmark = pytest.mark.browser

STATED = ("82%", "70", "0.9", "high", "85 %", "95", "N/A", "0,8")
SAID = ("yes", "no", "✓", "true", "", "FALSE", "1", "✗")


def theirs() -> bytes:
    """A byte order mark, three ways of writing a time, five of a confidence, repeated ids."""
    lines = ["id,created_at,llm_confidence,correct,model"]
    for i in range(400):
        day = 1 + i % 28
        at = (f"2026-09-{day:02d} 08:10", f"{day:02d}/09/2026 08:10", f'"Sep {day}, 2026 08:10 AM"')
        label = SAID[(i * 3) % 8]
        lines.append(f'req-{i % 390},{at[i % 3]},"{STATED[(i // 4) % 8]}",{label},assist-2')
    return b"\xef\xbb\xbf" + "\n".join(lines).encode() + b"\n"


def test_a_newcomers_file_is_tried_completed_imported_and_measured(
    page: Page, tmp_path: Path, serve: Callable[..., AbstractContextManager[str]]
) -> None:
    path = tmp_path / "new.duckdb"
    Ledger.open(path, create=True).close()
    (tmp_path / "our bot.csv").write_bytes(theirs())
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
