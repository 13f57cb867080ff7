"""An auditor's way from a number to one claim, its file and a download, in a real browser."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving.walking import (
    asked,
    choose_day,
    choose_many,
    choose_row,
    first_screen,
    follow,
    go,
    settled,
    shows,
)

pytestmark = pytest.mark.browser


def test_from_a_number_to_the_claims_behind_it(page: Page, told_site: str) -> None:
    first_screen(page, told_site)
    go(page, "Reliability")
    choose_many(page, "Topic", "medical")
    choose_many(page, "Language", "en")
    choose_day(page, "From", "2026-09-07")
    page.get_by_text("The claims behind these numbers").click()
    behind = page.get_by_text(re.compile(r"of [\d,]+ claims, newest first"))
    expect(behind).to_be_visible()
    n = re.search(r"of ([\d,]+) claims", behind.inner_text())
    assert n is not None
    follow(page, "Open these in Claims", "Claims")
    expect(
        page.get_by_role("heading", name=re.compile(rf"^{n[1]} of [\d,]+ claims"))
    ).to_be_visible()
    found = asked(page)
    assert (found["seg_topic"], found["seg_language"]) == ("medical", "en")
    assert found["since"] == "2026-09-07"


def test_from_the_confidently_wrong_to_one_claim_and_a_link_to_it(
    page: Page, told_site: str, tmp_path: Path
) -> None:
    first_screen(page, told_site)
    go(page, "Claims")
    heading = page.get_by_role("heading", name=re.compile("stated 90% or more and were wrong"))
    expect(heading).to_be_visible()
    wrong = re.search(r"([\d,]+) of them", heading.inner_text())
    assert wrong is not None
    follow(page, "Open the confidently wrong ones", "Claims")
    expect(
        page.get_by_role("heading", name=re.compile(rf"^{wrong[1]} of [\d,]+ claims; all of them"))
    ).to_be_visible()
    settled(page)

    with page.expect_download() as started:
        page.get_by_role("button", name=re.compile(r"^Download [\d,]+ claims")).click()
    file = tmp_path / "claims.csv"
    started.value.save_as(file)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == int(wrong[1].replace(",", ""))
    assert {row["outcome"] for row in rows} == {"0"}
    assert min(float(row["confidence"]) for row in rows) >= 0.9

    claim = page.get_by_role("heading", name=f"Claim {rows[0]['event_id']}")
    choose_row(page.get_by_test_id("stDataFrame").first, claim)
    expect(page.get_by_role("heading", name="and was wrong")).to_be_visible()
    expect(page).to_have_url(re.compile(f"claim={rows[0]['event_id']}"))

    again = page.context.new_page()
    again.goto(page.url)
    shows(again, "Claims")
    expect(again.get_by_role("heading", name=f"Claim {rows[0]['event_id']}")).to_be_visible()
    expect(again.get_by_text("SHA-256")).to_be_visible()

    again.get_by_role("link", name=re.compile("^ticket-triage.agreement:")).click()
    expect(again).to_have_url(re.compile("signal=ticket-triage.agreement"))
    settled(again)
    expect(again.get_by_role("heading", name=f"Claim {rows[0]['event_id']}")).to_be_visible()
    expect(again.get_by_role("combobox", name="Signal")).to_have_value("ticket-triage.agreement")
