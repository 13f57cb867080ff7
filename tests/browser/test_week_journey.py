"""A team lead back from a month away, in a real browser, on a ledger made by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from tests.browser.driving.walking import (
    asked,
    choose,
    first_screen,
    follow,
    go,
    main,
    open_signal,
    settled,
    shows,
)

pytestmark = pytest.mark.browser

WEEKS, BROKE = 12, 8


def monday(i: int) -> date:
    """The i-th of twelve weeks, the last of which is the last complete one."""
    today = datetime.now(UTC).date()
    return today - timedelta(days=today.weekday(), weeks=WEEKS - i)


def claims() -> str:
    """Two signals; from the ninth week on a new model of one that medical cases do not stand."""
    rows = ["event_id,ts,signal,confidence,outcome,model_version,seg_topic"]
    for i in range(WEEKS):
        parts = [("calm", "m1", "billing", 60, 48), ("desk", "m1", "billing", 100, 80)]
        parts += [("desk", "m1", "medical", 100, 80)]
        if i >= BROKE:
            parts[1:] = [("desk", "m2", "billing", 100, 80), ("desk", "m2", "medical", 100, 35)]
        for signal, model, topic, n, right in parts:
            rows += [
                f"{signal}-{topic}-{i}-{j},{monday(i)}T09:00:00Z,{signal},0.8,{int(j < right)},"
                f"{model},{topic}"
                for j in range(n)
            ]
    # Unstated claims of the last week: counted on Claims, but in no measure.
    rows += [f"unstated-{j},{monday(11)}T09:00:00Z,desk,,,m2,billing" for j in range(9)]
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    serve: Callable[..., AbstractContextManager[str]],
) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("week")
    file, path = folder / "claims.csv", folder / "week.duckdb"
    file.write_text(claims())
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    with serve("serve", "--ledger", str(path)) as address:
        yield address


def test_from_the_first_screen_to_the_claims_behind_its_worst_line(page: Page, site: str) -> None:
    first_screen(page, site)
    expect(page.get_by_text("1 of 2 signals is off: desk on topic medical.")).to_be_visible()

    first = page.get_by_role("link", name=re.compile("Open first: desk: on topic medical its gap"))
    assert "400 cases, since model m2" in first.inner_text()
    first.click()
    shows(page, "desk")
    expect(page.get_by_text("Overconfident on topic medical, since model m2")).to_be_visible()
    follow(page, "topic medical", "Reliability")
    found = asked(page)
    assert (found["signal"], found["seg_topic"]) == ("desk", "medical")
    days = (str(monday(8)), str(monday(11) + timedelta(days=6)))
    assert (found["since"], found["until"]) == days
    expect(page.get_by_text("400 of 400 stated claims are labelled")).to_be_visible()


def test_a_count_opens_exactly_the_claims_it_counts(page: Page, site: str) -> None:
    first_screen(page, site)
    # First elsewhere and back: what was chosen there must not stay.
    open_signal(page, "desk")
    follow(page, "topic medical", "Reliability")
    go(page, "Registry")

    row = main(page).get_by_role("row").filter(has_text="desk").first
    count = row.get_by_role("link").last
    n = count.inner_text()
    count.click()
    shows(page, "Claims")
    # 2,400 stated and 9 unstated ones in all.
    expect(page.get_by_text(re.compile(rf"^{n} of 2,409 claims"))).to_be_visible()


def test_the_same_link_opens_the_same_signal_after_a_look_at_the_first_screen(
    page: Page, site: str
) -> None:
    first_screen(page, site)
    for _ in range(2):
        open_signal(page, "desk")
        assert asked(page)["signal"] == "desk"
        go(page, "This week")


def test_from_a_model_change_on_the_timeline_to_the_segment_that_broke(
    page: Page, site: str
) -> None:
    first_screen(page, site)
    go(page, "Drift")
    broke = monday(BROKE)
    day = f"{broke.day} {broke:%B %Y}"
    expect(page.get_by_text(f"since {broke}, when model m2 came in ({broke})")).to_be_visible()
    timeline = page.locator(f"[aria-label*='Changes: model m2 on {day}']")
    expect(timeline.first).to_be_visible()
    expect(timeline.first).to_have_attribute(
        "aria-label", re.compile(f"Outside for 4 weeks from {day}")
    )

    choose(page, "Split the change by", "Topic")
    expect(page.get_by_text("By topic, largest part in decalibration first")).to_be_visible()
    settled(page)
    parts = page.locator("[aria-label*='medical'][aria-label*='decalibration']").first
    words = parts.get_attribute("aria-label") or ""
    assert words.index("medical") < words.index("billing")

    copied = page.url
    windows = {key: asked(page)[key] for key in ("reference_from", "reference_to", "now_from")}
    assert windows["now_from"] == str(broke)
    again = page.context.new_page()
    again.goto(copied)
    expect(again.get_by_text("By topic, largest part in decalibration first")).to_be_visible()
    settled(again)
    assert asked(again) == asked(page)
    expect(again.get_by_text(f"Reference {monday(0)} to", exact=False)).to_be_visible()
