"""Owner, validator and auditor in a real browser, on a ledger made by hand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from core.gate import registry_changes as registry
from core.governance.people import people
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.monitoring.rounds import rounds
from core.registry.yaml_reader import read
from core.trail.acts import Actor
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from tests.browser.driving import stillness
from tests.browser.driving.site import Site
from tests.browser.driving.walking import (
    act_for,
    asked,
    entries,
    first_screen,
    follow,
    go,
    main,
    press,
    respond_to_first,
    settled,
    shows,
    tab_to,
)
from tests.worlds.governed.entries import entry

pytestmark = pytest.mark.browser

REGISTRY = entry(
    "desk",
    stakes="low",
    owner="user:desk/ann",
    deputies=["user:desk/bob"],
    validators=["user:risk/vera"],
    most={"ece": "0.08"},
    least={"auroc": "0.60"},
    cuts={"escalate": "0.70", "review": "0.90"},
    decision="the answer is sent without a person reading it",
)
#: Signed before anybody looks; to be signed; new.
M0, M1, M2 = (Fingerprint(model_version=f"m{i}") for i in range(3))
NAMES = {"ann": "Ann Lee", "bob": "Bob Ng", "vera": "Vera Roth"}


def claims(model: str, days: range, each: int) -> str:
    """Calibrated claims: as often right as they say."""
    rows = ["event_id,ts,signal,confidence,outcome,model_version"]
    today = datetime.now(UTC).date()
    for day in days:
        for confidence, right in (("0.6", 0.6), ("0.8", 0.8), ("0.95", 0.95)):
            for i in range(each):
                rows.append(
                    f"{model}-{day}-{confidence}-{i},{today - timedelta(days=day)}T08:00:00Z,desk,"
                    f"{confidence},{int(i < right * each)},{model}"
                )
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    serve: Callable[..., AbstractContextManager[str]],
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("governed")
    path = folder / "desk.duckdb"
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        registry.apply(office, read(REGISTRY), "user:desk/kim")
        with office.acting() as desk:
            for short, name in NAMES.items():
                team = "risk" if short == "vera" else "desk"
                people.enter(desk, f"user:{team}/{short}", name)
        spans = {"m0": range(4, 40), "m1": range(4, 40), "m2": range(1, 3)}
        for model, days in spans.items():
            file = folder / f"{model}.csv"
            file.write_text(claims(model, days, 20))
            import_recorded(office, file)
        sign_m0(office)
        rounds(office)
    with serve("serve", "--ledger", str(path)) as address:
        yield Site(address, path)


def sign_m0(office: Office) -> None:
    """The signature the auditor looks for."""

    def by(handle: str, kind: str) -> Actor:
        sub = people.known_person(office, handle)
        return people.actor_for(office.state(), sub, kind, "desk")

    signing.submit(office, by("user:desk/ann", "validation.submitted"), "desk", M0, untuned=True)
    vera = by("user:risk/vera", "validation.signed")
    signing.sign(office, vera, "desk", M0, meaning="I read every segment")


def open_item(page: Page, site: Site, item: str) -> None:
    """From the first screen to one fingerprint of the list of *Sign-off*, by clicking."""
    first_screen(page, site.address)
    go(page, "Sign-off")
    listed = main(page).get_by_role("link", name=item, exact=True)
    if not listed.first.is_visible():
        page.get_by_text(re.compile("other fingerprint")).click()
        stillness.unmoved(listed.first)  # what a drawer holds moves while it opens
    listed.first.click()
    page.wait_for_url(re.compile("fingerprint="))
    shows(page, "Sign-off")
    expect(page.get_by_role("heading", name="Evidence", exact=True)).to_be_visible()


def meaning(page: Page) -> Locator:
    """Where a validator says what the signature means."""
    return page.get_by_role("textbox", name="What your signature means")


def test_the_owner_submits_a_validator_signs_and_the_gate_opens(page: Page, site: Site) -> None:
    assert site.decide("m1")["rule"] == "fallback:unvalidated"
    open_item(page, site, "desk m1")
    opened = page.url
    act_for(page, "Ann Lee")
    page.get_by_text("I declare:").click()
    page.get_by_role("button", name="Measure and submit as Ann Lee").click()
    expect(page.get_by_role("button", name="Sign as Ann Lee")).to_be_disabled()
    settled(page)
    assert page.url == opened
    # Submitting opens nothing.
    assert site.decide("m1")["action"] == "review"

    act_for(page, "Vera Roth")
    meaning(page).fill("I read the curve")
    # A look at the page as somebody who cannot sign.
    act_for(page, "Ann Lee")
    act_for(page, "Vera Roth")
    expect(meaning(page)).to_have_value("I read the curve")
    page.get_by_role("button", name="Sign as Vera Roth").click()
    expect(page.get_by_text(re.compile("Validated until")).first).to_be_visible()
    settled(page)
    assert page.url == opened
    found = site.decide("m1")
    assert (found["action"], found["state"]) == ("automate", "validated")
    assert site.decide("m1", 0.8)["action"] == "review"


@pytest.mark.slow
def test_a_refused_signature_keeps_the_page_and_what_was_typed(page: Page, site: Site) -> None:
    open_item(page, site, "desk m0")
    opened = page.url
    act_for(page, "Ann Lee")
    page.get_by_text("I declare:").click()
    page.get_by_role("button", name="Measure and submit as Ann Lee").click()
    expect(page.get_by_role("button", name="Sign as Ann Lee")).to_be_disabled()
    settled(page)
    act_for(page, "Vera Roth")
    sign = page.get_by_role("button", name="Sign as Vera Roth")
    expect(page.get_by_text("Say what your signature means.")).to_be_visible()
    expect(sign).to_be_disabled()
    # It opens while she types, before the field is left.
    meaning(page).press_sequentially("I read the new window")
    expect(sign).to_be_enabled()
    meaning(page).fill("")
    expect(sign).to_be_disabled()
    meaning(page).fill("I read the new window")
    expect(sign).to_be_enabled()

    # Meanwhile somebody else rejects what she looks at, and the owner submits once more.
    other = page.context.new_page()
    other.goto(page.url)
    shows(other, "Sign-off")
    act_for(other, "Vera Roth")
    other.get_by_text("Reject it", exact=True).click()
    other.get_by_role("textbox", name="Why", exact=True).first.fill("measure again")
    other.get_by_role("button", name="Reject as Vera Roth").click()
    expect(other.get_by_role("button", name=re.compile("Measure and submit"))).to_be_visible()
    settled(other)
    act_for(other, "Bob Ng")
    other.get_by_text("I declare:").click()
    other.get_by_role("button", name="Measure and submit as Bob Ng").click()
    expect(other.get_by_role("button", name="Sign as Bob Ng")).to_be_disabled()
    settled(other)

    page.get_by_role("button", name="Sign as Vera Roth").click()
    expect(page.get_by_text(re.compile("no longer waits; other evidence"))).to_be_visible()
    settled(page)
    assert page.url == opened
    expect(meaning(page)).to_have_value("I read the new window")
    page.get_by_role("button", name="Sign as Vera Roth").click()
    # Signed: the field is gone, and its words stand among the signatures.
    expect(meaning(page)).to_have_count(0)
    expect(page.get_by_text("I read the new window").first).to_be_visible()
    settled(page)


@pytest.mark.slow
def test_an_item_of_sign_off_stays_open_through_reload_back_and_forward(
    page: Page, site: Site
) -> None:
    open_item(page, site, "desk m2")
    opened, before = page.url, entries(page)
    act_for(page, "Bob Ng")
    page.get_by_role("button", name="Measure without submitting").click()
    settled(page)
    page.reload()
    shows(page, "Sign-off")
    expect(page.get_by_role("heading", name="Evidence", exact=True)).to_be_visible()
    assert (page.url, entries(page)) == (opened, before)

    page.go_back()
    shows(page, "Sign-off")
    expect(page.get_by_role("heading", name="Evidence", exact=True)).to_have_count(0)
    page.go_forward()
    shows(page, "Sign-off")
    expect(page.get_by_role("heading", name="Evidence", exact=True)).to_be_visible()
    assert page.url == opened

    # The page's own name in the sidebar leads to the list.
    go(page, "Sign-off")
    assert asked(page) == {}
    expect(page.get_by_role("heading", name="Evidence", exact=True)).to_have_count(0)


def test_a_new_model_falls_back_and_its_owner_sees_the_dated_task(page: Page, site: Site) -> None:
    found = site.decide("m2")
    assert (found["action"], found["rule"]) == ("review", "fallback:unvalidated")
    first_screen(page, site.address)
    expect(page.get_by_text(re.compile("Found: .*not validated"))).to_be_visible()
    go(page, "Registry")
    page.get_by_role("tab", name=re.compile("Findings")).click()
    finding = page.get_by_text(re.compile(r"m2: \d+ claims since .* not validated"))
    expect(finding.first).to_be_visible()
    expect(page.get_by_text(re.compile("Owner: Ann Lee")).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"due in 14 days")).first).to_be_visible()
    to_sign = main(page).locator(f"a[href*='{M2.id}']").filter(visible=True)
    to_sign.first.click()
    shows(page, "Sign-off")
    assert asked(page)["fingerprint"] == M2.id


def test_a_finding_is_answered_by_its_owner(page: Page, site: Site) -> None:
    first_screen(page, site.address)
    act_for(page, "Ann Lee")
    note = page.get_by_role("textbox", name="What you do about it")
    respond_to_first(page, note)
    note.fill("Vera reads it on Monday")
    note.press("Tab")
    settled(page)
    page.get_by_role("button", name="Acknowledge as Ann Lee").click()
    expect(page.get_by_text(re.compile("Acknowledged: entry"))).to_be_visible()
    settled(page)
    said = page.get_by_role("link", name=re.compile("Vera reads it on Monday"))
    respond_to_first(page, said)
    said.click()
    shows(page, "Decision trail")
    expect(page.get_by_text("Vera reads it on Monday").filter(visible=True).first).to_be_visible()
    page.go_back()
    shows(page, "This week")


def test_the_auditor_finds_the_signature_checks_the_proof_and_verifies_the_export(
    page: Page, site: Site, tmp_path: Path
) -> None:
    open_item(page, site, "desk m0")
    signed = main(page).get_by_role("row").filter(has_text="I read every segment")
    signed.get_by_role("link", name=re.compile(r"^Entry \d+")).first.click()
    shows(page, "Decision trail")
    expect(page.get_by_text(re.compile("The trail is intact"))).to_be_visible()
    settled(page)
    seq = asked(page)["entry"]
    expect(page.get_by_text("I read every segment").first).to_be_visible()
    expect(
        page.get_by_text(re.compile("Signed by Vera Roth")).filter(visible=True).first
    ).to_be_visible()
    expect(
        page.get_by_text(re.compile("[Aa]ssurance:? none")).filter(visible=True).first
    ).to_be_visible()

    # To the act before it, and back.
    here = page.url
    follow(page, re.compile("The act before it"), "Decision trail")
    expect(page.get_by_role("heading", name=f"Entry {seq}", exact=True)).to_have_count(0)
    assert asked(page)["entry"] != seq
    page.go_back()
    shows(page, "Decision trail")
    expect(page.get_by_role("heading", name=f"Entry {seq}", exact=True)).to_be_visible()
    assert page.url == here

    files = {}
    for name in (f"The entry (entry-{seq}.json)", f"Its proof (entry-{seq}.proof)",
                 "Newest checkpoint", "Export for the auditor"):  # fmt: skip
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    entry, proof, held, export = files.values()
    key = json.loads(export.read_text().splitlines()[0])["keys"][0]
    assert calledger("trail", "check-proof", proof, entry, "--key", key).returncode == 0
    verified = calledger("trail", "verify", export, "--held", held)
    assert verified.returncode == 0, verified.stdout
    assert "The trail is intact" in verified.stdout
    entry.write_text(entry.read_text().replace("every segment", "nothing"))
    assert calledger("trail", "check-proof", proof, entry, "--key", key).returncode == 1


def test_a_signature_is_made_by_keyboard_alone(page: Page, site: Site) -> None:
    first_screen(page, site.address)
    press(page, page.get_by_test_id("stSidebarNav").get_by_role("link", name="Sign-off"))
    shows(page, "Sign-off")
    press(page, main(page).locator("summary").filter(has_text="other fingerprint"))
    press(page, main(page).get_by_role("link", name="desk m0", exact=True))
    expect(page.get_by_role("heading", name="Evidence", exact=True)).to_be_visible()
    settled(page)
    act_by_keyboard(page, "Ann Lee")
    page.get_by_text("I declare:").click()
    press(page, page.get_by_role("button", name="Measure and submit as Ann Lee"))
    expect(page.get_by_role("button", name="Sign as Ann Lee")).to_be_disabled()
    settled(page)
    act_by_keyboard(page, "Vera Roth")
    tab_to(page, meaning(page))
    page.keyboard.type("Read with the keyboard")
    expect(page.get_by_role("button", name="Sign as Vera Roth")).to_be_enabled()
    press(page, page.get_by_role("button", name="Sign as Vera Roth"))
    # It stands among the signatures, and the field is empty again.
    expect(meaning(page)).to_have_count(0)
    expect(page.get_by_text("Read with the keyboard").first).to_be_visible()
    settled(page)


def act_by_keyboard(page: Page, name: str) -> None:
    """Choose whom the reader acts for without a mouse."""
    tab_to(page, page.get_by_role("combobox", name=re.compile("Acting for")))
    page.keyboard.type(name)
    expect(page.get_by_role("option", name=name, exact=True)).to_be_visible()
    page.keyboard.press("Enter")
    settled(page)


def calledger(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dashboard.cli.main", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
