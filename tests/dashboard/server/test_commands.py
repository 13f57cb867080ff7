"""Commands beside a running server: the same words, the same result, and nothing else of it."""

from __future__ import annotations

import dataclasses
import http.server
import io
import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb
import pytest
from click.testing import CliRunner, Result

from core.governance.bodies.refusal import Refused
from core.governance.people import api_tokens, people
from core.governance.people.names import local_handle
from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError, LedgerHeld
from core.trail.act_kinds import KINDS
from dashboard.cli import surroundings
from dashboard.cli.ask_server import ask
from dashboard.cli.main import COMMANDS, main
from dashboard.cli.shared import acting
from dashboard.cli.surroundings import InputFile, LedgerFile, OutputFile
from dashboard.cli.typed import Elsewhere, Typed
from dashboard.server.routes import parcel
from dashboard.server.routes.commands import ALLOWED
from dashboard.server.server_file import Running, running_on
from tests.worlds.claims.lakes import LAKE, write_small_lake
from tests.worlds.governed.governed import REGISTRY
from tests.worlds.paths import ROOT
from tests.worlds.running.command_line import commands

#: Whoever applies the first registry is its admin.
ADMIN = local_handle()
TS = "2026-11-02T09:00:00Z"
HEADER = "event_id,ts,signal,confidence,outcome\n"
CLAIMS = HEADER + "".join(f"c{i},{TS},triage,0.{5 + i % 5},{int(i % 3 > 0)}\n" for i in range(60))
DIRTY = f"{HEADER}d1,{TS},triage,0.9,1\nd2,{TS},triage,85f,1\n"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


#: What reads, by what it is typed as; LEDGER stands for the path.
READING = (
    "measure --ledger LEDGER --signal triage --format json",
    "measure --ledger LEDGER --signal triage --by split",
    "measure --ledger LEDGER --signal nobody",
    "quarantine list --ledger LEDGER",
    "registry export --ledger LEDGER",
    "registry diff registry.yaml --ledger LEDGER",
    "registry diff absent.yaml --ledger LEDGER",
    "person list --ledger LEDGER",
    "token list --ledger LEDGER",
    "validation list --ledger LEDGER",
    "trail checkpoint --ledger LEDGER",
    "trail proof --ledger LEDGER 0",
    "trail verify --ledger LEDGER",
    "trail verify LEDGER",
    "labels export --ledger LEDGER --signal triage",
    "compare --ledger LEDGER --signal triage --baseline split=a --candidate split=b",
    "import absent.csv --ledger LEDGER",
)


@dataclass(frozen=True)
class Said:
    """What is left of a command; its result as the runner has it keeps the ledger open."""

    exit_code: int
    stdout: str
    stderr: str


def said(result: Result) -> Said:
    return Said(result.exit_code, result.stdout, result.stderr)


@dataclass
class Served:
    """A ledger that a server owns.

    Attributes:
        ledger: its path.
        before: what each reading command said before there was a server.
        remote: a token to run commands with, and the id of the person it acts for.
    """

    ledger: Path
    before: dict[str, Said]
    remote: str
    person: str

    @property
    def address(self) -> str:
        server = running_on(self.ledger)
        assert server is not None
        return server.address


def typed(line: str, ledger: Path) -> list[str]:
    return [str(ledger) if word == "LEDGER" else word for word in line.split()]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("beside")
    ledger = folder / "my.duckdb"
    (folder / "registry.yaml").write_text(REGISTRY)
    (folder / "claims.csv").write_text(CLAIMS)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert run("import", "claims.csv", "--ledger", ledger).exit_code == 0
        assert run("registry", "apply", "registry.yaml", "--ledger", ledger).exit_code == 0
        with Ledger.open(ledger) as opened:
            office = Office.of(opened)
            kim = people.known_person(office, ADMIN)
            actor = people.actor_for(office.state(), kim, "token.created", None)
            _, secret = api_tokens.create(office, actor, "CI", ["command"])
        before = {line: said(run(*typed(line, ledger))) for line in READING}
        words = [
            sys.executable,
            str(ROOT / "tests" / "worlds" / "running" / "live_server.py"),
            str(ledger),
            "3600",
        ]
        server = subprocess.Popen(
            words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            # Its routes answer once it holds the ledger.
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=60).close()
            yield Served(ledger, before, secret, kim)
        finally:
            server.terminate()
            server.wait(timeout=30)


@pytest.fixture(autouse=True)
def there(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder a command is typed in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "registry.yaml").write_text(REGISTRY)
    (tmp_path / "claims.csv").write_text(CLAIMS)
    return tmp_path


def undated(text: str) -> str:
    return re.sub(r'"as_of": "[^"]+"', "", text)


@pytest.mark.parametrize("line", READING)
def test_a_command_says_the_same_whether_or_not_a_server_owns_the_ledger(
    served: Served, line: str
) -> None:
    before, beside = served.before[line], run(*typed(line, served.ledger))
    assert beside.exit_code == before.exit_code, beside.stderr
    assert undated(beside.stdout) == undated(before.stdout)
    assert beside.stderr.startswith(before.stderr)
    # What is wrong with the words is said before anybody is asked.
    asked = "Done by the server at http://127.0.0.1" in beside.stderr
    assert asked is ("absent" not in line or line.startswith("import"))


def test_the_ledger_stays_the_servers_whatever_is_typed(served: Served) -> None:
    for line in READING:
        run(*typed(line, served.ledger))
        with pytest.raises(LedgerHeld):
            Ledger.open(served.ledger)


def test_a_file_is_imported_while_the_server_runs(served: Served, there: Path) -> None:
    (there / "more.csv").write_text(DIRTY)
    first = run("import", "more.csv", "--ledger", served.ledger, "--strict")
    again = run("import", "more.csv", "--ledger", served.ledger, "--strict")
    assert (first.exit_code, again.exit_code) == (3, 0)
    assert "more.csv" in first.stdout
    assert f"calledger quarantine list --ledger {served.ledger}" in first.stderr
    asked = run("measure", "--ledger", served.ledger, "--signal", "triage", "--format", "json")
    assert json.loads(asked.stdout)["groups"][0]["n"] == 61


def test_cells_are_loaded_and_their_claims_pulled_while_the_server_runs(
    served: Served, there: Path
) -> None:
    write_small_lake(there / "log")
    days = ("--since", "2026-10-05", "--until", "2026-10-11")
    assert run("cells", "build", "--events", "log", "--out", "cells", *days).exit_code == 0
    first, again = (run("cells", "load", "cells", "--ledger", served.ledger) for _ in range(2))
    assert (first.exit_code, again.exit_code) == (0, 0), first.stderr
    assert "1 week changed" in first.stdout
    assert "nothing changed" in again.stdout
    assert LAKE in run("cells", "list", "--ledger", served.ledger).stdout
    asked = ("measure", "--ledger", served.ledger, "--signal", LAKE, "--as-known", "2026-10-09")
    assert f"cells pull LOG --signal {LAKE} --since 2026-10-06" in run(*asked).stderr
    pulled = run("cells", "pull", "log", "--ledger", served.ledger, "--signal", LAKE, *days)
    assert pulled.exit_code == 0, pulled.stderr
    assert run(*asked).exit_code == 0


def test_what_a_command_writes_is_written_where_it_was_typed(served: Served, there: Path) -> None:
    (there / "out").mkdir()
    week = ("report", "--ledger", served.ledger, "--week", "2026-W45", "--out")
    report = run(*week, "out/week.html")
    assert report.exit_code == 0, report.stderr
    assert "written to out/week.html" in report.stdout
    assert "<html" in (there / "out" / "week.html").read_text()
    lost = run(*week, "no/week.html")
    assert lost.exit_code == 2
    assert "no/week.html cannot be written" in lost.stderr


def test_an_export_still_never_overwrites(served: Served, there: Path) -> None:
    (there / "trail.jsonl").write_text("mine")
    refused = run("trail", "export", "--ledger", served.ledger, "--out", "trail.jsonl")
    assert refused.exit_code == 2
    assert "trail.jsonl exists already" in refused.stderr
    assert (there / "trail.jsonl").read_text() == "mine"
    assert run("trail", "export", "--ledger", served.ledger, "--out", "t.jsonl").exit_code == 0
    assert run("trail", "verify", "t.jsonl").exit_code == 0


def test_a_backup_is_made_while_the_server_runs_and_restored(served: Served, there: Path) -> None:
    made = run("backup", "--ledger", served.ledger, "--to", "kept")
    assert made.exit_code == 0, made.stderr
    assert made.stdout.startswith("kept holds ")
    kept = there / "kept"
    assert {one.name for one in kept.iterdir()} >= {"ledger.duckdb", "ledger.duckdb.key"}
    assert kept.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in kept.rglob("*") if one.is_file()} == {0o600}
    again = run("backup", "--ledger", served.ledger, "--to", "kept")
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)
    restored = run("restore", "kept", "--to", "back.duckdb")
    assert restored.exit_code == 0, restored.stderr
    assert run("trail", "verify", "--ledger", "back.duckdb").exit_code == 0
    with pytest.raises(LedgerHeld):
        Ledger.open(served.ledger)


def test_a_server_is_started_on_a_file_whatever_server_is_named(remote: Served) -> None:
    refused = run("serve")
    assert refused.exit_code == 2
    assert "Missing option '--ledger'" in refused.stderr


def test_the_key_leaves_the_machine_by_no_token(remote: Served, there: Path) -> None:
    refused = run("backup", "--to", "kept")
    assert refused.exit_code == 2
    assert "it hands out the signing key" in refused.stderr
    assert not (there / "kept").exists()


@pytest.mark.parametrize("within", ["../x", "/x", "a/../../x", "c:x", "a\\x"])
def test_an_answer_writes_nothing_beside_the_folder_that_was_typed(
    tmp_path: Path, within: str
) -> None:
    with zipfile.ZipFile(tmp_path / "answered.zip", "w") as made:
        head = {"code": 0, "out": "", "err": "", "written": [["kept", within]]}
        made.writestr("parcel.json", json.dumps(head))
        made.writestr("files/0", "planted")
    with pytest.raises(parcel.DamagedParcel, match="no path inside"):
        parcel.unpack_answered(tmp_path / "answered.zip", tmp_path)


def test_no_output_lands_on_the_ledger(served: Served) -> None:
    refused = run("registry", "export", served.ledger, "--ledger", served.ledger)
    assert refused.exit_code == 2
    assert "is the ledger itself" in refused.stderr


def test_acts_are_done_by_whoever_types_as_without_a_server(served: Served) -> None:
    done = run(
        *("role", "grant", "--ledger", served.ledger, "--as", ADMIN),
        *("user:desk/ann", "auditor"),
    )
    assert done.exit_code == 0, done.stderr
    refused = run(
        *("role", "grant", "--ledger", served.ledger, "--as", "user:desk/ann"),
        *("user:desk/ann", "admin"),
    )
    assert refused.exit_code == 2


@pytest.fixture
def remote(served: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setenv(surroundings.URL_VARIABLE, served.address)
    monkeypatch.setenv(surroundings.TOKEN_VARIABLE, served.remote)
    return served


def test_from_elsewhere_a_token_runs_commands_as_its_person(remote: Served, there: Path) -> None:
    assert run("measure", "--signal", "triage").exit_code == 0
    verified = run("trail", "verify")
    assert verified.exit_code == 0, verified.stderr
    made = run("token", "create", "--scope", "read", "--label", "board")
    assert made.exit_code == 0, made.stderr
    exported = run("trail", "export", "--out", "t.jsonl")
    assert exported.exit_code == 0, exported.stderr
    (line,) = (one for one in (there / "t.jsonl").read_text().splitlines() if "board" in one)
    assert remote.person in line
    assert re.search(r'"via\\*":\\*"http', line), line


def test_a_token_of_somebody_who_left_runs_nothing(served: Served, tmp_path: Path) -> None:
    here = ("--ledger", served.ledger)
    leaving = "user:desk/bob"
    assert run("role", "grant", *here, leaving, "admin").exit_code == 0
    made = run("token", "create", *here, "--as", leaving, "--scope", "command", "--label", "old")
    assert made.exit_code == 0, made.stderr
    asked = packed(tmp_path, ["person", "list"])
    assert post(served, made.stdout.strip(), asked)[0] == 200
    assert run("person", "status", *here, leaving, "left").exit_code == 0
    status, body = post(served, made.stdout.strip(), asked)
    assert (status, "has left" in json.loads(body)["error"]) == (403, True)


@pytest.mark.parametrize(
    ("kind", "signs_on", "token", "refused"),
    [
        ("role.granted", True, True, True),
        ("waiver.approved", True, True, True),
        ("validation.suspended", True, True, False),
        ("role.granted", False, True, False),
        # At the server's own machine it is as easy as without a server.
        ("role.granted", True, False, False),
    ],
)
def test_where_people_sign_on_a_token_does_nothing_that_is_signed_on_for_once_more(
    tmp_path: Path, kind: str, signs_on: bool, token: bool, refused: bool
) -> None:
    path = tmp_path / "x.duckdb"
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        with office.acting() as desk:
            sub = people.enter(desk, ADMIN)
            people.become_first_admin(desk, sub)
        who = sub if token else None
        lent = surroundings.Lent(office, path, frozenset(), {}, tmp_path, who, signs_on)
        with surroundings.lending(lent):
            if refused:
                with pytest.raises(Refused, match=f"By a token nobody may {KINDS[kind].may} here"):
                    acting(office, None, kind)
            else:
                assert acting(office, None if token else ADMIN, kind).sub == sub


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("registry apply registry.yaml", True),
        ("person status user:desk/bob left", True),
        ("person status user:desk/bob away", False),
    ],
)
def test_where_people_sign_on_a_token_applies_no_registry_and_lets_nobody_leave(
    tmp_path: Path, line: str, refused: bool
) -> None:
    path, written = tmp_path / "x.duckdb", tmp_path / "registry.yaml"
    written.write_text(REGISTRY)
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        with office.acting() as desk:
            sub = people.enter(desk, ADMIN)
            people.become_first_admin(desk, sub)
            people.enter(desk, "user:desk/bob")
        files = {"registry.yaml": written}
        lent = surroundings.Lent(office, path, frozenset(), files, tmp_path, sub, True)
        before = office.state().size
        with surroundings.lending(lent):
            done = run(*line.split(), "--ledger", "x")
        assert (done.exit_code, office.state().size > before) == (
            (2, False) if refused else (0, True)
        )
        assert ("By a token nobody may" in done.stderr) == refused


def test_from_elsewhere_nobody_acts_for_another(remote: Served) -> None:
    refused = run("role", "grant", "--as", ADMIN, "user:desk/ann", "admin")
    assert refused.exit_code == 2
    assert "--as is for whoever has the ledger's file" in refused.stderr


def test_from_elsewhere_a_registry_is_applied_by_the_tokens_person_alone(
    remote: Served, there: Path
) -> None:
    changed = REGISTRY.replace("[user:risk/vera]", "[user:risk/vera, user:risk/rita]")
    assert changed != REGISTRY
    (there / "registry.yaml").write_text(changed)
    refused = run("registry", "apply", "registry.yaml", "--as", "user:risk/vera")
    assert refused.exit_code == 2
    assert "--as is for whoever has the ledger's file" in refused.stderr
    done = run("registry", "apply", "registry.yaml")
    assert done.exit_code == 0, done.stderr
    assert run("trail", "export", "--out", "after.jsonl").exit_code == 0
    acts = [one for one in (there / "after.jsonl").read_text().splitlines() if "group.set" in one]
    assert remote.person in acts[-1]


@pytest.mark.parametrize(
    ("address", "token", "why"),
    [
        ("http://ledger.example", "calledger_x", "only over https"),
        ("https://ledger.example", "", "CALLEDGER_TOKEN is empty"),
        ("ftp://127.0.0.1", "calledger_x", "only over https"),
        ("http://127.0.0.1:1@ledger.example", "calledger_x", "only over https"),
        ("http://localhost.example:80", "calledger_x", "only over https"),
        ("https://", "calledger_x", "only over https"),
        ("http://[::1", "calledger_x", "only over https"),
    ],
)
def test_a_token_is_not_sent_where_others_read_it(
    monkeypatch: pytest.MonkeyPatch, address: str, token: str, why: str
) -> None:
    monkeypatch.setenv(surroundings.URL_VARIABLE, address)
    monkeypatch.setenv(surroundings.TOKEN_VARIABLE, token)
    with pytest.raises(LedgerError, match=why):
        surroundings.server_there()


def post(served: Served, secret: str, body: bytes) -> tuple[int, bytes]:
    request = urllib.request.Request(
        f"{served.address}/api/v1/command", data=body, headers={"Authorization": f"Bearer {secret}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return int(answer.status), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def packed(folder: Path, argv: list[str], *, ledgers: list[str] | None = None) -> bytes:
    path = folder / "asked.zip"
    path.unlink(missing_ok=True)
    parcel.pack_asked(path, parcel.AskedCommand(tuple(argv), tuple(ledgers or []), (), {}))
    return path.read_bytes()


def test_a_server_runs_only_what_is_listed(served: Served, tmp_path: Path) -> None:
    for argv in (["serve", "--ledger", "x"], ["demo"], ["decide"], ["--version"], []):
        status, body = post(served, served.remote, packed(tmp_path, argv))
        assert status == 403, argv
        assert f"A server runs {', '.join(sorted(ALLOWED))}" in json.loads(body)["error"]


def test_a_token_of_another_scope_runs_nothing(served: Served, tmp_path: Path) -> None:
    made = run(
        *("token", "create", "--ledger", served.ledger, "--as", ADMIN),
        *("--scope", "read", "--scope", "ingest", "--scope", "decide", "--label", "other"),
    )
    assert made.exit_code == 0, made.stderr
    secret = made.stdout.strip()
    asked = packed(tmp_path, ["token", "list", "--ledger", "x"])
    assert post(served, secret, asked)[0] == 403
    assert post(served, "calledger_no", asked)[0] == 401


def test_no_file_of_the_server_can_be_named(served: Served, tmp_path: Path) -> None:
    """Only what came along is read; what is written goes back, or nowhere."""
    note = served.ledger.with_name("my.duckdb.server")
    for argv in (
        ["registry", "diff", str(note), "--ledger", "x"],
        ["import", str(note), "--ledger", "x"],
        ["notices", "send", "--notices", str(note), "--ledger", "x"],
        ["registry", "diff", "x", "--ledger", "x"],
    ):
        status, body = post(served, served.remote, packed(tmp_path, argv, ledgers=["x"]))
        assert status == 200
        answered = json.loads(zipfile.ZipFile(io.BytesIO(body)).read("parcel.json"))
        assert answered["code"] == 2, answered
        assert "calledger_" not in answered["err"]
        assert "nowhere" in answered["err"] or "is no" in answered["err"], answered
    target = tmp_path / "planted"
    argv = ["registry", "export", str(target), "--ledger", "x"]
    assert post(served, served.remote, packed(tmp_path, argv, ledgers=["x"]))[0] == 200
    assert not target.exists()


def bomb(folder: Path, name: str, size: int) -> bytes:
    path = folder / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(name, b"0" * size)
    return path.read_bytes()


def test_a_body_that_is_no_command_is_refused(served: Served, tmp_path: Path) -> None:
    for body in (b"", b"PK", bomb(tmp_path, "parcel.json", 2 * 1024**2), bomb(tmp_path, "../x", 1)):
        status, answer = post(served, served.remote, body)
        assert status == 400
        assert "The body is not a command" in json.loads(answer)["error"]


@pytest.mark.parametrize("at", [200, 260, -40])
def test_a_parcel_that_is_damaged_is_refused(tmp_path: Path, at: int) -> None:
    (tmp_path / "a.csv").write_text(CLAIMS * 50)
    made = tmp_path / "asked.zip"
    parcel.pack_asked(made, parcel.AskedCommand(("import",), (), (str(tmp_path / "a.csv"),), {}))
    body = bytearray(made.read_bytes())
    body[at : at + 8] = b"\xff" * 8
    made.write_bytes(body)
    (tmp_path / "in").mkdir()
    with pytest.raises(parcel.DamagedParcel):
        parcel.unpack_asked(made, tmp_path / "in")


@pytest.mark.parametrize(
    "asked",
    [
        parcel.AskedCommand(("import",), (), tuple(f"{n}.csv" for n in range(1_001)), {}),
        parcel.AskedCommand(("import",), (), ("x" * 300,), {"y" * 300: True}),
    ],
    ids=["many files", "a long name"],
)
def test_a_parcel_whose_files_have_no_place_is_refused(
    tmp_path: Path, asked: parcel.AskedCommand
) -> None:
    with zipfile.ZipFile(tmp_path / "asked.zip", "w") as made:
        made.writestr("parcel.json", json.dumps(dataclasses.asdict(asked)))
    (tmp_path / "in").mkdir()
    with pytest.raises(parcel.DamagedParcel):
        parcel.unpack_asked(tmp_path / "asked.zip", tmp_path / "in")


def test_a_token_follows_no_redirect() -> None:
    taken: list[str | None] = []

    class Redirecting(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/taken")
            self.end_headers()

        def do_GET(self) -> None:
            taken.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Redirecting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        elsewhere = Running(f"http://127.0.0.1:{server.server_port}", None, "calledger_secret")
        with pytest.raises(LedgerError, match="302"):
            ask(Elsewhere(elsewhere, None), Typed(("check",)))
        server.shutdown()
    assert taken == []


def test_a_parcel_that_holds_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "big.csv").write_bytes(b"0" * 2_000)
    asked = parcel.AskedCommand(("import", "big.csv"), (), (str(tmp_path / "big.csv"),), {})
    parcel.pack_asked(tmp_path / "asked.zip", asked)
    monkeypatch.setattr(parcel, "MOST_BYTES", 1_000)
    with pytest.raises(parcel.DamagedParcel, match="more than"):
        parcel.unpack_asked(tmp_path / "asked.zip", tmp_path / "in")


def test_every_path_that_a_served_command_takes_is_the_ledger_or_comes_along() -> None:
    served = {
        names: one
        for names, one in commands(main)
        if names[0] in ALLOWED and not isinstance(one, click.Group)
    }
    paths = [
        (names, param.name, param.type)
        for names, one in served.items()
        for param in one.params
        if isinstance(param.type, (click.Path, click.File))
    ]
    assert len(served) > 30
    assert len(paths) > 40
    for names, param, kind in paths:
        assert isinstance(kind, (LedgerFile, InputFile, OutputFile)), (names, param)


def test_what_a_server_does_not_run_is_what_starts_one_or_has_its_own_route() -> None:
    own = {"client", "decide", "demo", "doctor", "restore", "serve"}
    # Works on files here, or reads here and has the server take the rows in.
    own |= {"derive", "pull"}
    assert set(COMMANDS) - ALLOWED == own


def test_the_acts_of_commands_stand_in_the_one_trail(served: Served) -> None:
    verified = run("trail", "verify", "--ledger", served.ledger)
    assert verified.exit_code == 0


def test_a_pull_reads_here_and_the_server_takes_the_rows_in(served: Served, there: Path) -> None:
    (there / "lake").mkdir()
    columns = "AS t(event_id, ts, signal, confidence)"
    for number in (1, 2):
        duckdb.connect().sql(
            f"SELECT * FROM (VALUES ('p{number}', TIMESTAMP '2026-11-02', 'pulled', 0.5)) {columns}"
        ).write_parquet(str(there / "lake" / f"{number}.parquet"))
        done = run("pull", "lake", "--ledger", served.ledger, "--cursor", "ts")
        assert done.exit_code == 0, done.stderr
    known = json.loads(run("pulled", "--ledger", served.ledger, "--format", "json").stdout)
    assert [(one["cursor"], one["upto"], one["imports"]) for one in known] == [
        ("ts", "2026-11-02T00:00:00.000000", 2)
    ]
    refused = run("import", "claims.csv", "--ledger", served.ledger, "--pulled", "[]")
    assert refused.exit_code == 2
