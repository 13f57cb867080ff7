"""People sign on at a real provider, and sign having signed on once more, in a real browser."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.gate import registry_changes as registry
from core.governance.people import accounts, people
from core.governance.people.accounts import Account
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.trail.acts import Proposal
from core.trail.fingerprint import Fingerprint
from tests.browser.conftest import free_port, new_context
from tests.browser.driving.site import Site
from tests.browser.driving.walking import (
    choose_option,
    go,
    main,
    respond_to_first,
    settled,
    shows,
)
from tests.browser.test_governance_journey import REGISTRY, claims
from tests.worlds.running.openid_provider import CLIENT_ID, CLIENT_SECRET, Provider

pytestmark = pytest.mark.browser

SECRET = "a-cookie-secret-of-the-test-0123456789abcdef"
SUBJECTS = {"kim": "kim-0", "ann": "ann-1", "vera": "vera-2"}
NAMES = {"kim": "Kim Sato", "ann": "Ann Lee", "bob": "Bob Ng", "vera": "Vera Roth"}
M1, M2 = (Fingerprint(model_version=f"m{i}") for i in (1, 2))


@dataclass(frozen=True)
class Signed:
    """The server, its provider, and where its log is."""

    site: Site
    provider: Provider

    def item(self, fingerprint: Fingerprint) -> str:
        return f"{self.site.address}/sign_off?signal=desk&fingerprint={fingerprint.id}"


@pytest.fixture(scope="module")
def signed(
    tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., AbstractContextManager[str]]
) -> Iterator[Signed]:
    folder, port = tmp_path_factory.mktemp("signed"), free_port()
    base = f"http://127.0.0.1:{port}"
    provider = Provider([f"{base}/oauth2callback", f"{base}/sign/callback"])
    provider.names = {"vera-2": "Vera R.", "new-9": "Newcomer"}
    path, file = folder / "desk.duckdb", folder / "sign-on.toml"
    file.write_text(
        f'base = "{base}"\ncookie_secret = "{SECRET}"\n\n[providers.acme]\nlabel = "Acme"\n'
        f'metadata_url = "{provider.issuer}/.well-known/openid-configuration"\n'
        f'client_id = "{CLIENT_ID}"\nclient_secret = "{CLIENT_SECRET}"\n'
    )
    made(path, provider.issuer)
    with serve("serve", "--ledger", str(path), "--sign-on", str(file), port=port) as address:
        yield Signed(Site(address, path), provider)
    provider.stop()


def made(path: Path, issuer: str) -> None:
    """A ledger with two versions to sign, whose gate asks for signatures by people signed on."""
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        registry.apply(office, read(REGISTRY), "user:desk/kim")
        with office.acting() as desk:
            for short, name in NAMES.items():
                people.enter(desk, f"user:{'risk' if short == 'vera' else 'desk'}/{short}", name)
        kim = people.known_person(office, "user:desk/kim")
        for short, subject in SUBJECTS.items():
            team = "risk" if short == "vera" else "desk"
            by = people.actor_for(office.state(), kim, "person.bound", None)
            sub = people.known_person(office, f"user:{team}/{short}")
            accounts.bind(office, by, sub, Account(issuer, subject))
        by = people.actor_for(office.state(), kim, "role.granted", None)
        vera = people.known_person(office, "user:risk/vera")
        office.perform(Proposal("role.granted", by, body={"sub": vera, "role": "risk_approver"}))
        by = people.actor_for(office.state(), kim, "gate.mode", None)
        office.perform(Proposal("gate.mode", by, body={"mode": "production"}))
        for model in ("m1", "m2"):
            file = path.with_name(f"{model}.csv")
            file.write_text(claims(model, range(4, 40), 20))
            import_recorded(office, file)


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """A page of somebody else's browser."""
    context = new_context(browser)
    yield context.new_page()
    context.close()


def sign_on(page: Page, address: str, subject: str) -> None:
    """Ask for a page, and sign on by clicking."""
    page.goto(address)
    page.get_by_role("button", name="Sign on with Acme").click()
    at_provider(page, subject)


def at_provider(page: Page, subject: str) -> None:
    page.get_by_role("textbox", name="Subject").fill(subject)
    page.get_by_role("button", name="Sign in").click()


def submit(page: Page, signed: Signed, fingerprint: Fingerprint) -> None:
    """Ann submits a version."""
    sign_on(page, signed.item(fingerprint), "ann-1")
    shows(page, "Sign-off")
    page.get_by_text("I declare:").click()
    page.get_by_role("button", name="Measure and submit as Ann Lee").click()
    expect(page.get_by_role("button", name="Sign as Ann Lee")).to_be_disabled()
    settled(page)


def confirm_tab(page: Page, meaning: str) -> Page:
    """Sign, and open the tab in which it is confirmed."""
    page.get_by_role("textbox", name="What your signature means").fill(meaning)
    page.get_by_role("button", name="Sign as Vera Roth").click()
    return shown_tab(page)


def opened_tab(page: Page) -> Page:
    """The tab in which what was pressed for is confirmed, at the provider."""
    tab = shown_tab(page)
    tab.get_by_role("button", name="Sign on to confirm it").click()
    return tab


def shown_tab(page: Page) -> Page:
    """The same, where it says what is confirmed."""
    link = page.get_by_role("link", name="Confirm with Acme")
    expect(link).to_be_visible()
    with page.expect_popup() as popup:
        link.click()
    opened = popup.value
    expect(opened.get_by_role("heading", name="Confirm this?")).to_be_visible()
    return opened


def test_people_sign_on_and_a_validator_signs_on_once_more_to_sign(
    page: Page, other: Page, signed: Signed
) -> None:
    page.goto(signed.item(M1))
    expect(page.get_by_role("heading", name="Sign on", exact=True)).to_be_visible()
    # Nothing of the ledger stands on the page of somebody nobody knows.
    assert "desk" not in page.get_by_test_id("stMain").inner_text()
    submit(page, signed, M1)
    # The page that was asked for, with its query.
    assert page.url == signed.item(M1)
    assert signed.site.decide("m1")["action"] == "review"

    sign_on(other, signed.item(M1), "vera-2")
    shows(other, "Sign-off")
    tab = confirm_tab(other, "I read the curve")
    shown = tab.get_by_role("main").inner_text()
    for words in ("Vera Roth", "signed the validation", "desk", "I read the curve"):
        assert words in shown
    assert re.search(r"Evidence\s+[0-9a-f]{64}", shown)
    # The link is worth nothing to whom it is passed on: Ann's browser did not ask for it.
    page.goto(tab.url)
    expect(page.get_by_text("asked for in another browser or session")).to_be_visible()
    tab.get_by_role("button", name="Sign on to confirm it").click()
    # The provider asks again although she is signed on there.
    expect(tab.get_by_role("heading", name="Acme")).to_be_visible()
    typed = other.get_by_role("textbox", name="What your signature means")
    expect(typed).to_have_value("I read the curve")
    expect(other.get_by_text("Waiting for you to sign on again")).to_be_visible()
    at_provider(tab, "vera-2")
    expect(tab.get_by_text("It is you.")).to_be_visible()
    used = tab.url
    expect(other.get_by_text(re.compile("Validated until")).first).to_be_visible()
    settled(other)
    assert other.url == signed.item(M1)
    expect(other.get_by_text(re.compile("re-authenticated")).first).to_be_visible()
    # A gate in production mode opens for it.
    assert signed.site.decide("m1")["action"] == "automate"

    # What the provider brought is worth nothing a second time.
    tab.goto(used)
    expect(tab.get_by_text("This confirmation was used")).to_be_visible()


@pytest.mark.slow
def test_nothing_is_signed_by_another_account_or_by_a_provider_that_did_not_ask(
    page: Page, other: Page, signed: Signed
) -> None:
    submit(page, signed, M2)
    sign_on(other, signed.item(M2), "vera-2")
    shows(other, "Sign-off")
    tab = confirm_tab(other, "I read it, too")
    tab.get_by_role("button", name="Sign on to confirm it").click()
    at_provider(tab, "ann-1")
    expect(tab.get_by_text("Somebody else signed on")).to_be_visible()
    expect(other.get_by_text(re.compile("Not signed. Somebody else signed on"))).to_be_visible()
    typed = other.get_by_role("textbox", name="What your signature means")
    expect(typed).to_have_value("I read it, too")
    tab.close()

    # In this browser the provider knows Ann now; let it know Vera from a moment ago.
    signed.provider.lazy = True
    for session in signed.provider.sessions:
        signed.provider.sessions[session] = ("vera-2", int(time.time()) - 60)
    try:
        tab = confirm_tab(other, "I read it, too")
        tab.get_by_role("button", name="Sign on to confirm it").click()
        expect(tab.get_by_text("did not ask you again")).to_be_visible()
    finally:
        signed.provider.lazy = False
    expect(other.get_by_text(re.compile("Not signed. The provider did not ask"))).to_be_visible()
    assert signed.site.decide("m2")["action"] == "review"


def test_a_sign_on_that_fails_says_so_on_the_page_that_was_asked_for(
    page: Page, signed: Signed
) -> None:
    page.goto(f"{signed.site.address}/drift?signal=desk")
    page.get_by_role("button", name="Sign on with Acme").click()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("The provider did not let you in.")).to_be_visible()
    assert page.url == f"{signed.site.address}/drift?signal=desk"
    page.get_by_role("button", name="Sign on with Acme").click()
    at_provider(page, "ann-1")
    shows(page, "Drift")
    assert "signal=desk" in page.url


@pytest.mark.slow
def test_who_is_bound_to_nobody_looks_until_an_admin_binds_them(
    page: Page, other: Page, signed: Signed
) -> None:
    sign_on(page, signed.item(M2), "new-9")
    shows(page, "Sign-off")
    expect(page.get_by_text("Signed on as Newcomer")).to_be_visible()
    page.get_by_text("You can look, not act").click()
    expect(page.get_by_text(re.compile("person bind .*new-9"))).to_be_visible()
    # Which of the two it is depends on whether another journey has submitted evidence by now.
    asked = page.get_by_role("button", name=re.compile("^(Sign|Measure and submit) as"))
    expect(asked).to_be_disabled()

    sign_on(other, signed.site.address, "kim-0")
    shows(other, "This week")
    go(other, "Registry")
    other.get_by_role("tab", name=re.compile("People")).click()
    main(other).get_by_text("Bind a sign-on account").click()
    settled(other)
    # Nobody is chosen beforehand.
    expect(other.get_by_role("button", name="Bind as Kim Sato")).to_be_disabled()
    signed_on = other.get_by_role("combobox", name="Signed on as")
    choose_option(other, signed_on, re.compile("Newcomer"))
    settled(other)
    choose_option(other, other.get_by_role("combobox", name="Acts as", exact=True), "Bob Ng")
    settled(other)
    other.get_by_role("button", name="Bind as Kim Sato").click()
    # Who says whom an account acts as signs on once more for it.
    at_provider(opened_tab(other), "kim-0")
    expect(other.get_by_text(re.compile("Newcomer acts as Bob Ng"))).to_be_visible()
    page.reload()
    expect(page.get_by_text("Acting as Bob Ng")).to_be_visible()


@pytest.mark.slow
def test_a_finding_waits_once_its_approver_signed_on_again_for_it(
    page: Page, signed: Signed
) -> None:
    sign_on(page, signed.site.address, "vera-2")
    # The page that forgets what was chosen elsewhere: what waits to be confirmed is no choice.
    shows(page, "This week")
    why = page.get_by_role("textbox", name="Why it may wait")
    respond_to_first(page, why)
    why.fill("Known, and gone on Monday")
    page.get_by_role("button", name="Waive as Vera Roth").click()
    tab = opened_tab(page)
    assert "Waived" not in page.inner_text("body")
    at_provider(tab, "vera-2")
    expect(tab.get_by_text("It is you.")).to_be_visible()
    done = page.get_by_text(re.compile(r"Waived: entry \d+"))
    expect(done).to_be_visible()
    (entry,) = re.findall(r"entry (\d+)", done.inner_text())
    page.goto(f"{signed.site.address}/decision_trail?entry={entry}")
    expect(main(page).get_by_text(re.compile("asked again just before")).first).to_be_visible()


def test_a_session_is_over_after_its_hours_and_after_signing_out(
    browser: Browser, page: Page, signed: Signed
) -> None:
    sign_on(page, signed.site.address, "ann-1")
    shows(page, "This week")
    kept = page.context.cookies()
    assert not [one for one in kept if "tokens" in str(one.get("name"))]
    (cookie,) = (one for one in kept if one.get("name") == "_streamlit_user")
    assert float(cookie.get("expires", 0)) < time.time() + 8 * 3600 + 60
    beside = page.context.new_page()
    beside.goto(signed.site.address)
    shows(beside, "This week")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign on", exact=True)).to_be_visible()
    # The other tab ends with it, though nobody touches it.
    expect(beside.get_by_text("You signed out of this session.")).to_be_visible()
    assert not beside.get_by_role("heading", name="This week").is_visible()
    beside.close()
    # A copy of the cookie, made before.
    page.context.add_cookies([{"name": "_streamlit_user", "value": str(cookie.get("value")),
                               "url": signed.site.address}])  # fmt: skip
    page.goto(signed.site.address)
    expect(page.get_by_text("You signed out of this session.")).to_be_visible()

    claims_ = {
        "iss": signed.provider.issuer, "sub": "ann-1", "iat": int(time.time()) - 8 * 3600 - 5,
        "provider": "acme", "is_logged_in": True, "origin": signed.site.address,
    }  # fmt: skip
    value = create_signed_value(SECRET, "_streamlit_user", json.dumps(claims_)).decode()
    page.context.add_cookies(
        [{"name": "_streamlit_user", "value": value, "url": signed.site.address}]
    )
    page.goto(signed.site.address)
    expect(page.get_by_text("Your session is over: it lasts 8 hours.")).to_be_visible()
    assert not page.get_by_role("heading", name="This week").is_visible()


@pytest.mark.slow
def test_an_entry_is_applied_once_its_owner_signed_on_again_for_it(
    page: Page, signed: Signed
) -> None:
    sign_on(page, f"{signed.site.address}/registry?signal=desk", "ann-1")
    shows(page, "Registry")
    page.get_by_role("tab", name="Change the entry").click()
    text = page.get_by_role("textbox", name="The entry as YAML")
    # Nothing that a validation rests on, so the journeys beside this one find theirs.
    changed = text.input_value().replace("the answer is sent", "the reply is sent")
    text.fill(changed)
    text.press("Control+Enter")
    settled(page)
    page.get_by_role("button", name="Show what it would change").click()
    settled(page)
    page.get_by_role("button", name="Apply as Ann Lee").click()
    tab = shown_tab(page)
    expect(tab.get_by_text("set the registry entry")).to_be_visible()
    assert "Applied" not in page.inner_text("body")
    tab.get_by_role("button", name="Sign on to confirm it").click()
    at_provider(tab, "ann-1")
    done = page.get_by_text(re.compile(r"Applied: 1 act in the trail, up to entry \d+"))
    expect(done).to_be_visible()
    (entry,) = re.findall(r"entry (\d+)", done.inner_text())
    page.goto(f"{signed.site.address}/decision_trail?entry={entry}")
    expect(main(page).get_by_text(re.compile("asked again just before")).first).to_be_visible()
