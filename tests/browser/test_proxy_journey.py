"""People whom a proxy in front has signed on act in a real browser; nobody does going round it."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from dashboard.cli.main import main
from tests.browser.conftest import free_port
from tests.browser.driving.walking import settled, shows
from tests.browser.test_governance_journey import M1
from tests.browser.test_sign_on_journey import made
from tests.worlds.running.signing_proxy import SigningProxy

pytestmark = pytest.mark.browser

ISSUER, SECRET = "https://sso.example.org", "the-secret-that-the-proxy-shares-0123456789"
ANN = {"X-Forwarded-User": "ann-1", "X-Forwarded-Name": "Ann L."}
PROVEN = {"X-Ledger-Proxy": SECRET}


@dataclass(frozen=True)
class Behind:
    """A server behind its proxy, and its own address, which the proxy alone should ask."""

    proxy: SigningProxy
    server: str
    ledger: Path


@pytest.fixture(scope="module")
def behind(
    tmp_path_factory: pytest.TempPathFactory, serve: Callable[..., AbstractContextManager[str]]
) -> Iterator[Behind]:
    folder, port = tmp_path_factory.mktemp("behind"), free_port()
    path, file = folder / "desk.duckdb", folder / "proxy.toml"
    file.write_text(
        f'issuer = "{ISSUER}"\nsecret_header = "X-Ledger-Proxy"\nsecret = "{SECRET}"\n'
        'subject_header = "X-Forwarded-User"\nname_header = "X-Forwarded-Name"\n'
    )
    made(path, ISSUER)
    proxy = SigningProxy(port, ("X-Ledger-Proxy", SECRET))
    words = ("serve", "--ledger", str(path), "--behind-proxy", str(file))
    with serve(*words, "--allowed-host", f"127.0.0.1:{proxy.port}", port=port) as server:
        yield Behind(proxy, server, path)
    proxy.stop()


def status(address: str, **headers: str) -> int:
    """What a request that no browser makes is answered."""
    request = urllib.request.Request(address, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def test_whom_the_proxy_signed_on_acts_and_is_known_as_signed_on(
    page: Page, behind: Behind, tmp_path: Path
) -> None:
    behind.proxy.person = ANN
    page.goto(f"{behind.proxy.address}/sign_off?signal=desk&fingerprint={M1.id}")
    shows(page, "Sign-off")
    expect(page.get_by_text("Signed on as Ann L.")).to_be_visible()
    expect(page.get_by_text("Acting as Ann Lee")).to_be_visible()
    page.get_by_text("I declare:").click()
    page.get_by_role("button", name="Measure and submit as Ann Lee").click()
    expect(page.get_by_role("button", name="Sign as Ann Lee")).to_be_disabled()
    settled(page)
    # Commands beside the server ask it on its own address, with a token of theirs.
    out = tmp_path / "trail.jsonl"
    words = ["trail", "export", "--ledger", str(behind.ledger), "--out", str(out)]
    assert CliRunner().invoke(main, words).exit_code == 0
    (submitted,) = [one for one in out.read_text().splitlines() if "validation.submitted" in one]
    assert '"assurance":"signed-on"' in submitted.replace("\\", "")
    assert '"via":"page"' in submitted.replace("\\", "")


def test_the_proxy_is_believed_of_each_person_alone_and_of_one_bound_to_nobody(
    page: Page, behind: Behind
) -> None:
    behind.proxy.person = {"X-Forwarded-User": "new-9", "X-Forwarded-Name": "Newcomer"}
    page.goto(f"{behind.proxy.address}/sign_off?signal=desk&fingerprint={M1.id}")
    shows(page, "Sign-off")
    expect(page.get_by_text("Signed on as Newcomer")).to_be_visible()
    expect(page.get_by_text("You can look, not act")).to_be_visible()
    asked = page.get_by_role("button", name=re.compile("^(Sign|Measure and submit) as"))
    expect(asked).to_be_disabled()


def test_a_header_forged_by_the_browser_does_not_pass_the_proxy(page: Page, behind: Behind) -> None:
    behind.proxy.person = {"X-Forwarded-User": "new-9", "X-Forwarded-Name": "Newcomer"}
    page.set_extra_http_headers(
        {**ANN, "X-Calledger-Issuer": ISSUER, "X-Calledger-Subject": "ann-1"}
    )
    page.goto(behind.proxy.address)
    shows(page, "This week")
    expect(page.get_by_text("Signed on as Newcomer")).to_be_visible()


def test_round_the_proxy_nobody_is_let_in_whatever_they_say(page: Page, behind: Behind) -> None:
    for headers in (
        {},
        ANN,
        {**ANN, "X-Ledger-Proxy": "guessed"},
        {"X-Calledger-Subject": "ann-1"},
    ):
        assert status(behind.server, **headers) == 403, headers
    # The proxy itself, where it signed nobody on.
    assert status(behind.server, **PROVEN) == 403
    assert status(behind.server, **PROVEN, **ANN) == 200
    page.goto(behind.server)
    expect(page.get_by_text("reached through its proxy")).to_be_visible()
    socket = behind.server.replace("http", "ws", 1) + "/_stcore/stream"
    assert opened(page, socket) is False


def test_a_page_from_elsewhere_opens_no_socket_through_the_proxy(
    page: Page, behind: Behind
) -> None:
    behind.proxy.person = ANN
    socket = behind.proxy.address.replace("http", "ws", 1) + "/_stcore/stream"
    page.goto(behind.proxy.address)
    shows(page, "This week")
    assert opened(page, socket) is True
    # The same browser, and so the same person to the proxy, on another site's page.
    page.goto("about:blank")
    assert opened(page, socket) is False
    foreign = {"Origin": "https://evil.example"}
    assert status(behind.proxy.address, **foreign) == 403


def opened(page: Page, socket: str) -> bool:
    """Whether a page can open a web socket."""
    return bool(
        page.evaluate(
            """socket => new Promise(done => {
              const one = new WebSocket(socket)
              one.onopen = () => done(true)
              one.onerror = () => done(false)
            })""",
            socket,
        )
    )
