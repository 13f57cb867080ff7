"""From a finding on the first screen to its rows; from a prompt change to a signed threshold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.monitoring import runs
from core.registry.yaml_reader import read
from core.trail.fingerprint import Fingerprint
from tests.browser.driving.site import Site
from tests.browser.driving.walking import act_for, first_screen, follow, go, open_signal, settled
from tests.worlds.governed.entries import entry

pytestmark = pytest.mark.browser

REGISTRY = entry(
    "desk",
    stakes="low",
    owner="user:desk/ann",
    validators=["user:risk/vera"],
    most={"ece": "0.25"},
    least={"auroc": "0.60"},
    cuts={"review": "0.70"},
    validation={"segments": ["topic"]},
    decision="the answer is sent without a person reading it",
)
P2 = Fingerprint(model_version="m1", prompt_version="p2")
#: How often each confidence is right: as often as it says, and less.
HONEST = {"0.6": 0.6, "0.8": 0.8, "0.95": 0.95}
EAGER = {"0.6": 0.5, "0.8": 0.75, "0.95": 0.94}


def claims(prompt: str, days: range, each: int, right: dict[str, float], split: str) -> str:
    """Claims over some days before today, each on an input of its own."""
    rows = ["event_id,ts,signal,confidence,outcome,model_version,prompt_version,split,seg_topic"]
    today = datetime.now(UTC).date()
    for day in days:
        for confidence, share in right.items():
            for i in range(each):
                name = f"{prompt}-{split}-{day}-{confidence}-{i}"
                wrong = (i * 7 + day) % each >= share * each
                rows.append(
                    f"{name},{today - timedelta(days=day)}T08:00:00Z,desk,{confidence},"
                    f"{int(not wrong)},m1,{prompt},{split},{('law', 'tax')[i % 2]}"
                )
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    serve: Callable[..., AbstractContextManager[str]],
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("watched")
    path = folder / "desk.duckdb"
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        registry.apply(office, read(REGISTRY), "user:desk/kim")
        with office.acting() as desk:
            people.enter(desk, "user:desk/ann", "Ann Lee")
            people.enter(desk, "user:risk/vera", "Vera Roth")
        parts = (
            ("p1", range(55, 110), 20, HONEST, "production"),
            ("p2", range(1, 55), 20, EAGER, "production"),
            ("p2", range(52, 54), 300, EAGER, "tuning"),
            ("p2", range(50, 52), 300, EAGER, "heldout"),
        )
        for number, part in enumerate(parts):
            file = folder / f"{number}.csv"
            file.write_text(claims(*part))
            assert import_recorded(office, file).n_quarantined == 0
        runs.run(office)
    with serve("serve", "--ledger", str(path)) as address:
        yield Site(address, path)


def decided(site: Site, confidence: float) -> dict[str, Any]:
    return site.decide("m1", confidence, prompt_version="p2")


def test_a_finding_leads_from_the_first_screen_to_the_claims_it_counts(
    page: Page, site: Site
) -> None:
    first_screen(page, site.address)
    expect(page.get_by_text(re.compile("Found: .*Prompt or way of asking changed"))).to_be_visible()
    open_signal(page, "desk")
    expect(page.get_by_role("link", name="Prompt or way of asking changed")).to_be_visible()
    expect(page.get_by_text(re.compile("Ann Lee, (due|overdue)")).first).to_be_visible()
    go(page, "Registry")
    page.get_by_role("tab", name=re.compile("Findings")).click()
    said = page.get_by_text(re.compile("Prompt p2, first seen")).first.inner_text()
    counted = re.search(r"after ([\d,]+) claims", said)
    assert counted is not None, said
    follow(page, "Open in Changes", "Changes")
    expect(page.get_by_text(re.compile("^Worse for calibration")).first).to_be_visible()
    follow(page, "Claims of p2", "Claims")
    # Exactly the claims that the finding counts after the change, each a row to open.
    expect(page.get_by_text(re.compile(f"^{counted[1]} of 10,140 claims")).first).to_be_visible()


@pytest.mark.slow
def test_a_prompt_change_leads_from_its_finding_to_a_signed_threshold(
    page: Page, site: Site
) -> None:
    assert decided(site, 0.96)["rule"] == "fallback:unvalidated"
    first_screen(page, site.address)
    open_signal(page, "desk")
    follow(page, "Prompt or way of asking changed", "Changes")
    follow(page, "Find a threshold that still holds", "Thresholds")
    page.get_by_role("spinbutton", name="Max error rate (%)").fill("10")
    page.get_by_role("spinbutton", name="Max error rate (%)").press("Enter")
    expect(page.get_by_text(re.compile("At 0.95 and above at most 10% are wrong"))).to_be_visible()
    expect(page.get_by_text("Held out: confirmed")).to_be_visible()
    settled(page)
    page.get_by_text("The whole entry with this threshold").click()
    entry = page.get_by_test_id("stExpander").get_by_test_id("stCode").last.inner_text()
    assert 'below: "0.95"' in entry

    follow(page, "Open the editor in Registry", "Registry")
    act_for(page, "Ann Lee")
    page.get_by_role("tab", name="Change the entry").click()
    editor = page.get_by_role("textbox", name="The entry as YAML")
    editor.fill(entry)
    editor.press("Control+Enter")
    page.get_by_role("button", name="Show what it would change").click()
    expect(page.get_by_text(re.compile("0.70 → 0.95")).first).to_be_visible()
    settled(page)
    page.get_by_role("button", name="Apply as Ann Lee").click()
    expect(page.get_by_role("button", name="Apply as Ann Lee")).to_have_count(0)
    settled(page)

    go(page, "Sign-off")
    follow(page, re.compile("desk m1 · p2"), "Sign-off")
    # The tuning claims name no input, so that nothing shows what was chosen on which claims.
    page.get_by_text("I declare:").click()
    page.get_by_role("button", name="Measure and submit as Ann Lee").click()
    expect(page.get_by_role("button", name="Sign as Ann Lee")).to_be_disabled()
    settled(page)
    act_for(page, "Vera Roth")
    page.get_by_role("textbox", name="What your signature means").fill("The cut holds")
    page.get_by_role("button", name="Sign as Vera Roth").click()
    expect(page.get_by_text(re.compile("Validated until")).first).to_be_visible()
    settled(page)
    assert (
        decided(site, 0.96)["action"],
        decided(site, 0.8)["action"],
    ) == ("automate", "review")

    # The next check finds the new prompt signed, and its finding is settled.
    first_screen(page, site.address)
    expect(page.get_by_text("New model or prompt version, not validated")).to_have_count(0)
