"""Every command that a server runs, by the role of whoever made the token it is asked with.

What a token opens is its scope, of which `test_who_may_ask.py` has the table; what is done with it
is done by a person, and asked of their role.
"""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import click
import httpx
import pytest
from starlette.applications import Starlette

from core.gate import registry_changes as registry
from core.governance.people import accounts, api_tokens, people
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.registry.yaml_reader import read
from core.trail.acts import Actor, Proposal, Signature, stamp
from core.trail.fingerprint import Fingerprint
from dashboard.cli.main import main
from dashboard.server import open_ledger as owner
from dashboard.server.routes import parcel
from dashboard.server.routes.commands import ALLOWED, Commands
from tests.worlds.governed.asked import owned_ledger
from tests.worlds.governed.governed import BUNDLE, EVIDENCE, REGISTRY, V1

#: Who holds each role at the signal ``triage``, and no other.
WHO = {
    "viewer": "user:desk/val",
    "auditor": "user:desk/nora",
    "owner": "user:desk/ann",
    "deputy": "user:desk/bob",
    "validator": "user:risk/vera",
    "risk_approver": "user:risk/rita",
    "admin": "user:desk/kim",
}
SEAT, ADMIN = {"owner", "deputy"}, {"admin"}
VERSION = "--signal triage --model-version m1 --prompt-version p1"
#: One that was validated and is stopped.
STOPPED = Fingerprint(model_version="m2", prompt_version="p1")
OF_STOPPED = VERSION.replace("m1", "m2")

#: What acts, as it is typed, and the roles from which it is taken; a word with a dot is a file that
#: comes along. Other things may still speak against it: that is not asked here.
ACTING: dict[str, set[str]] = {
    "person add user:desk/new": ADMIN,
    "person status user:desk/pat away": ADMIN,
    "person forget user:desk/eve": ADMIN,
    "person bind user:desk/pat --issuer https://id.example.org --subject 8": ADMIN,
    "person unbind --issuer https://id.example.org --subject 7": ADMIN,
    "role grant user:desk/pat auditor": ADMIN,
    "role revoke user:desk/pat auditor": ADMIN,
    "gate mode production": ADMIN,
    "notices resume": ADMIN,
    "token create --scope read --label x": ADMIN,
    "token revoke TOKEN": ADMIN,
    "registry apply changed.yaml": SEAT,
    "registry begin triage --owner user:desk/ann --validator user:risk/vera --decides x": SEAT,
    f"validation submit {VERSION}": SEAT,
    f"validation sign {VERSION} --meaning read": {"validator"},
    f"validation reject {VERSION} --reason no": {"validator"},
    f"validation stop {VERSION} --reason odd": set(WHO),
    f"validation ask-waiver {OF_STOPPED} --reason soon --until 2126-01-01": {
        "deputy",
        "risk_approver",
    },
    f"validation approve-waiver {OF_STOPPED}": {"risk_approver"},
    f"validation ask-retirement {OF_STOPPED} --reason old": SEAT,
    f"validation approve-retirement {OF_STOPPED}": {"validator"},
    "canary keep inputs.txt --signal triage": {*SEAT, "validator"},
    "labels draw --signal triage --labels 2": {*SEAT, "validator"},
    "labels withdraw c0 --signal triage --source human --reason odd": {*SEAT, "validator"},
    "labels confirm c0 --signal triage --outcome right --reason read": {*SEAT, "validator"},
}
#: What reads or is done by the program, whoever asks.
OF_NOBODY = {
    *("cells build", "cells list", "cells load", "cells pull"),
    *(
        "check",
        "compare",
        "evidence verify",
        "handoffs",
        "import",
        "measure",
        "report",
        "threshold",
    ),
    *("canary ask", "canary list", "canary record", "gate unasked"),
    *("labels contradictions", "pulled", "recalibrate"),
    *("labels plan", "labels export", "labels take", "labels verify", "person list"),
    *("notices test", "notices list", "notices send", "token list"),
    *("quarantine list", "quarantine export", "registry diff", "registry export"),
    *("trail verify", "trail export", "trail checkpoint", "trail stamp", "trail proof"),
    *("trail check-proof", "validation list"),
}
#: Its signing key is for this machine alone.
HERE = {"backup"}


def leaves(group: click.Group, *before: str) -> Iterator[str]:
    """Every command of the command line, by its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, *before, name)
        else:
            yield " ".join((*before, name))


def test_no_command_that_a_server_runs_is_left_out() -> None:
    run = {one for one in leaves(main) if one.split()[0] in ALLOWED}
    acting = {next(one for one in run if f"{line} ".startswith(f"{one} ")) for line in ACTING}
    assert sorted([*acting, *OF_NOBODY, *HERE]) == sorted(run)


@dataclass(frozen=True)
class Served:
    """The routes of a ledger, and the secret of each role's token."""

    app: Starlette
    secrets: dict[str, str]
    spare: str
    folder: Path

    def run(self, role: str, line: str) -> parcel.Answered:
        """What the command came to for the person of a role."""
        argv = [self.spare if word == "TOKEN" else word for word in line.split()]
        inputs = tuple(str(self.folder / one) for one in argv if one.endswith((".yaml", ".txt")))
        argv = [str(self.folder / one) if one.endswith((".yaml", ".txt")) else one for one in argv]
        sent = self.folder / "asked.zip"
        sent.unlink(missing_ok=True)
        parcel.pack_asked(
            sent, parcel.AskedCommand((*argv, "--ledger", "my.duckdb"), ("my.duckdb",), inputs, {})
        )
        with ThreadPoolExecutor(1) as thread:
            answer = thread.submit(asyncio.run, self._post(role, sent.read_bytes())).result()
        assert answer.status_code == 200, answer.text
        head = json.loads(zipfile.ZipFile(BytesIO(answer.content)).read("parcel.json"))
        return parcel.Answered(**head)

    async def _post(self, role: str, body: bytes) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ledger") as client:
            headers = {"Authorization": f"Bearer {self.secrets[role]}"}
            return await client.post("/api/v1/command", content=body, headers=headers)


def _await_an_answer(office: Office) -> None:
    """Have evidence wait for its signature, and a waiver and a retirement for their approval."""
    with office.ledger.transaction() as cursor:
        cursor.execute(
            "INSERT INTO evidence VALUES ($sha, $text)", {"sha": EVIDENCE, "text": BUNDLE}
        )
    entry = office.state().entries["triage"]
    now = owner.office().now()
    submitted = {
        "evidence": EVIDENCE,
        "material_sha256": entry.material_sha256,
        "criteria_met": True,
        "author": people.known_person(office, WHO["owner"]),
    }
    signed = {"until": stamp(now + timedelta(days=20))}
    for of, kind, role, body, signature in (
        (V1, "validation.submitted", "owner", submitted, None),
        (STOPPED, "validation.submitted", "owner", submitted, None),
        (STOPPED, "validation.signed", "validator", signed, Signature("I read it", EVIDENCE)),
        (STOPPED, "validation.suspended", "viewer", {"trigger": "stop", "reason": "odd"}, None),
        (STOPPED, "waiver.requested", "deputy", {"reason": "soon", **signed}, None),
        (STOPPED, "retirement.requested", "deputy", {"reason": "old"}, None),
    ):
        actor = Actor(people.known_person(office, WHO[role]), role)
        office.perform(Proposal(kind, actor, "triage", of, body, signature))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger in which everybody was an admin once, and gave a token out."""
    folder = tmp_path_factory.mktemp("roles")
    (folder / "inputs.txt").write_text("".join(f"i{i}\n" for i in range(50)))
    (folder / "changed.yaml").write_text(REGISTRY.replace('"0.05"', '"0.04"'))
    (folder / "claims.csv").write_text(
        "event_id,ts,signal,confidence,outcome,model_version,prompt_version\n"
        + "".join(f"c{n},2026-11-02T09:00:00Z,triage,0.9,,m{1 + n % 2},p1\n" for n in range(6))
    )
    with owned_ledger(folder):
        office = owner.office()
        # Who signs or approves cannot be an admin, so others sit there until the tokens are made.
        others = REGISTRY.replace("risk/vera", "risk/vic").replace("risk/rita", "risk/rob")
        registry.apply(office, read(others), WHO["admin"])
        import_recorded(office, folder / "claims.csv")
        with office.acting() as desk:
            for handle in ("val", "nora", "pat", "eve"):
                people.enter(desk, f"user:desk/{handle}")
        kim = Actor(people.known_person(office, WHO["admin"]), "admin")
        secrets = {}
        for role, handle in WHO.items():
            sub = people.known_person(office, handle)
            body = {"sub": sub, "role": "admin"}
            if role != "admin":
                office.perform(Proposal("role.granted", kim, body=body))
            _, secrets[role] = api_tokens.create(office, Actor(sub, "admin"), role, ["command"])
            if role != "admin":
                office.perform(Proposal("role.revoked", kim, body=body))
        auditor = {"sub": people.known_person(office, WHO["auditor"]), "role": "auditor"}
        office.perform(Proposal("role.granted", kim, body=auditor))
        bound = accounts.account("https://id.example.org", "7")
        accounts.bind(office, kim, people.known_person(office, "user:desk/pat"), bound)
        spare, _ = api_tokens.create(office, kim, "spare", ["read"])
        registry.apply(office, read(REGISTRY), WHO["admin"])
        _await_an_answer(office)
        yield Served(Starlette(routes=Commands(main).routes), secrets, spare.token_id, folder)


def refused_for_the_role(said: parcel.Answered) -> bool:
    """Whether a command was refused because of who asked, and not for anything else."""
    return said.code == 2 and said.err.startswith("calledger: Only ")


LINES = pytest.mark.parametrize("line", ACTING, ids=lambda line: " ".join(line.split()[:2]))


@LINES
def test_a_token_does_nothing_that_the_role_of_its_person_may_not(
    line: str, served: Served
) -> None:
    before = owner.office().state().size
    said = {role: served.run(role, line) for role in sorted(set(WHO) - ACTING[line])}
    assert {role: one.err for role, one in said.items() if not refused_for_the_role(one)} == {}
    assert owner.office().state().size == before


@LINES
def test_a_token_does_what_the_role_of_its_person_may(line: str, served: Served) -> None:
    said = {role: served.run(role, line) for role in sorted(ACTING[line])}
    assert {role: one.err for role, one in said.items() if refused_for_the_role(one)} == {}


@pytest.mark.parametrize("role", WHO)
def test_what_a_token_does_stands_in_the_trail_under_the_person_who_made_it(
    role: str, served: Served
) -> None:
    stop = f"validation stop {VERSION} --reason odd"
    size = owner.office().state().size
    served.run(role, stop)
    with owner.cursor() as cursor:
        entries = cursor.execute(
            "SELECT entry FROM acts WHERE seq >= $size ORDER BY seq", {"size": size}
        ).fetchall()
    made = [json.loads(entry) for (entry,) in entries]
    by = people.known_person(owner.office(), WHO[role])
    assert {one["actor"]["sub"] for one in made} <= {by}


@pytest.mark.parametrize("line", ["forget {}", "status {} away", "grant {} auditor"])
def test_who_may_not_is_not_told_who_is_known(line: str, served: Served) -> None:
    words = line.format("user:desk/nobody")
    said = served.run("viewer", f"{'role' if 'auditor' in words else 'person'} {words}")
    assert refused_for_the_role(said)
    assert "user:" not in said.err


def test_a_token_cannot_act_for_another_than_who_made_it(served: Served) -> None:
    answer = served.run("viewer", f"person add user:desk/eve --as {WHO['admin']}")
    assert answer.code == 2
    assert "a token acts for the person who made it" in answer.err
