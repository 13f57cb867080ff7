"""Owner, validator and auditor in a real browser, on a ledger made by hand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core.govern import people, registry, signing
from core.govern.acts import Actor
from core.govern.fingerprint import Fingerprint
from core.govern.imports import import_recorded
from core.govern.office import Office
from core.govern.registry_file import read
from core.govern.watch import rounds
from core.store.ledger import Ledger
from dashboard.running import running_on

pytestmark = pytest.mark.browser

REGISTRY = """
apiVersion: calledger/v1
kind: ConfidenceSignal
metadata: {name: desk, labels: {stakes: high}}
spec:
  owner: user:desk/ann
  deputies: [user:desk/bob]
  validators: [user:risk/vera]
  decision: "the answer is sent without a person reading it"
  validation:
    maxAgeDays: 90
    minSamples: 400
    criteria: [{metric: ece, max: "0.08"}, {metric: auroc, min: "0.60"}]
  escalation:
    bands: [{below: "0.70", action: escalate}, {below: "0.90", action: review}, {action: automate}]
"""
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


@dataclass(frozen=True)
class Site:
    address: str
    ledger: Path

    def decide(self, model: str, confidence: float = 0.97) -> dict[str, Any]:
        """What the production system gets for an answer."""
        server = running_on(self.ledger)
        assert server is not None
        asked = {"signal": "desk", "confidence": confidence, "model_version": model}
        request = urllib.request.Request(
            f"{self.address}/api/v1/decide",
            json.dumps({**asked, "event_id": "asked"}).encode(),
            {"Authorization": f"Bearer {server.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            found: dict[str, Any] = json.load(answer)
        return found


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

    signing.submit(office, by("user:desk/ann", "validation.submitted"), "desk", M0)
    vera = by("user:risk/vera", "validation.signed")
    signing.sign(office, vera, "desk", M0, meaning="I read every segment")


def settled(page: Page) -> None:
    page.wait_for_selector("[data-testid='stApp'][data-test-script-state='notRunning']")


def act_for(page: Page, name: str) -> None:
    """Choose in the sidebar whom the reader acts for."""
    box = page.get_by_role("combobox", name=re.compile("Acting for"))
    box.click()
    page.get_by_role("option", name=name, exact=True).click()
    settled(page)
    page.wait_for_timeout(500)
    settled(page)


def open_fingerprint(page: Page, site: Site, fingerprint: Fingerprint) -> None:
    page.goto(f"{site.address}/sign_off?signal=desk&fingerprint={fingerprint.id}")
    expect(page.get_by_role("heading", name="Sign-off", exact=True)).to_be_visible()
    settled(page)


def test_the_owner_submits_a_validator_signs_and_the_gate_opens(page: Page, site: Site) -> None:
    assert site.decide("m1")["rule"] == "fallback:unvalidated"
    open_fingerprint(page, site, M1)
    act_for(page, "Ann Lee")
    page.get_by_role("button", name="Measure and submit as Ann Lee").click()
    expect(page.get_by_role("button", name="Sign as Ann Lee")).to_be_disabled(timeout=60_000)
    settled(page)
    # Submitting opens nothing.
    assert site.decide("m1")["action"] == "review"

    act_for(page, "Vera Roth")
    page.get_by_role("textbox", name="What your signature means").fill("I read the curve")
    page.get_by_role("button", name="Sign as Vera Roth").click()
    expect(page.get_by_text(re.compile("Validated until")).first).to_be_visible(timeout=60_000)
    settled(page)
    found = site.decide("m1")
    assert (found["action"], found["state"]) == ("automate", "validated")
    assert site.decide("m1", 0.8)["action"] == "review"


def test_a_new_model_falls_back_and_its_owner_sees_the_dated_task(page: Page, site: Site) -> None:
    found = site.decide("m2")
    assert (found["action"], found["rule"]) == ("review", "fallback:unvalidated")
    page.goto(site.address)
    settled(page)
    finding = page.get_by_text(re.compile(r"m2: \d+ claims since .* not validated"))
    expect(finding.first).to_be_visible()
    expect(page.get_by_text(re.compile("Owner: Ann Lee")).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"due in \d days")).first).to_be_visible()
    page.get_by_role("link", name=re.compile("Open in Sign-off")).first.click()
    expect(page.get_by_role("heading", name="Sign-off", exact=True)).to_be_visible()
    settled(page)
    assert M2.id in page.url


def test_the_auditor_finds_the_signature_checks_the_proof_and_verifies_the_export(
    page: Page, site: Site, tmp_path: Path
) -> None:
    page.goto(f"{site.address}/decision_trail")
    expect(page.get_by_text(re.compile("The trail is intact"))).to_be_visible(timeout=60_000)
    settled(page)
    seq = signature_entry(site)
    page.goto(f"{site.address}/decision_trail?entry={seq}")
    settled(page)
    expect(page.get_by_text("I read every segment").first).to_be_visible()
    expect(page.get_by_text(re.compile("Signed by Vera Roth")).first).to_be_visible()
    expect(page.get_by_text(re.compile("[Aa]ssurance:? none")).first).to_be_visible()

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
    assert "Whole" in verified.stdout
    entry.write_text(entry.read_text().replace("every segment", "nothing"))
    assert calledger("trail", "check-proof", proof, entry, "--key", key).returncode == 1


def signature_entry(site: Site) -> int:
    """Which entry the signature is, from an export made while the server runs."""
    copy = site.ledger.with_name("copy.duckdb")
    shutil.copy(site.ledger, copy)
    wal = site.ledger.with_name(site.ledger.name + ".wal")
    if wal.exists():
        shutil.copy(wal, copy.with_name("copy.duckdb.wal"))
    with Ledger.open(copy) as ledger:
        row = (
            ledger.cursor()
            .execute(
                'SELECT min(seq) FROM acts WHERE contains(entry, \'"kind":"validation.signed"\')'
            )
            .fetchone()
        )
    assert row is not None
    return int(row[0])


def calledger(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dashboard.cli", *map(str, words)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
