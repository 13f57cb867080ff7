"""The HTTP routes."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pandas as pd
import pytest

from core import __version__
from core.gate import registry_changes as registry
from core.governance.people import api_tokens as tokens
from core.governance.people import people
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from dashboard.cli.main import main
from dashboard.server import open_ledger as owner
from dashboard.server.routes import api
from dashboard.server.routes.commands import Commands
from dashboard.server.settings import LEDGER_VARIABLE
from tests.worlds.governed.asked import asked, token_for
from tests.worlds.governed.governed import REGISTRY
from tests.worlds.running.built_once import copied


def get(path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    return asked("GET", path, **(headers or {}))


def test_healthz_says_how_far_the_ledger_has_come(
    sample_path: Path, tmp_path: Path, serving
) -> None:
    copy = tmp_path / "copy.duckdb"
    shutil.copy(sample_path, copy)
    with Ledger.open(copy) as ledger:
        version = ledger.data_version()
    serving(copy)
    answer = get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "program": __version__, "data_version": version}


def test_healthz_is_not_ok_when_the_ledger_is_gone(tmp_path: Path, serving) -> None:
    path = tmp_path / "gone.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    assert get("/healthz").status_code == 200
    owner.close()
    path.rename(tmp_path / "elsewhere.duckdb")
    answer = get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert str(path) in answer.json()["reason"]


def test_closing_twice_is_harmless(tmp_path: Path, serving) -> None:
    path = tmp_path / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    serving(path)
    assert owner.version() == 0
    owner.close()
    path.unlink()
    owner.close()


def fill(folder: Path) -> str:
    """A registered ledger; the secret of a token that may decide."""
    path = folder / "ledger.duckdb"
    Ledger.open(path, create=True).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(LEDGER_VARIABLE, str(path))
        registry.apply(owner.office(), read(REGISTRY), "user:desk/kim")
        secret = token_for("decide")[1]
        owner.close()
    return secret


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path], str]:
    return copied(tmp_path_factory, fill)


@pytest.fixture
def governed(made: Callable[[Path], str], tmp_path: Path, serving) -> str:
    """Such a ledger, served; the secret."""
    secret = made(tmp_path)
    serving(tmp_path / "ledger.duckdb")
    return secret


def post(body: object, token: str | None, *, content_type: str = "application/json", **headers):
    content = body.encode() if isinstance(body, str) else body
    return asked("POST", "/api/v1/decide", content, token, content_type=content_type, **headers)


def logged() -> list[tuple[str, str]]:
    assert owner.folder().ask(["decisions"], within=10)
    rows = owner.cursor().execute("SELECT event_id, action FROM decisions ORDER BY decision_no")
    return rows.fetchall()


def test_decide_answers_one_question_with_one_object_and_logs_it(governed: str) -> None:
    answer = post({"signal": "triage", "event_id": "e1", "confidence": 0.97}, governed)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["action"], found["rule"]) == ("review", "fallback:unvalidated")
    assert found["event_id"] == "e1"
    assert logged() == [("e1", "review")]


def test_decide_answers_many_questions_in_order(governed: str) -> None:
    many = [{"signal": "triage", "event_id": f"e{i}", "confidence": i} for i in range(3)]
    listed = post(many, governed).json()
    assert [one["event_id"] for one in listed] == ["e0", "e1", "e2"]
    assert [one["rule"] for one in listed][2] == "fallback:invalid+unvalidated"
    lines = "\n".join(json.dumps(one) for one in many)
    assert len(post(lines, governed, content_type="application/x-ndjson").json()) == 3
    assert len(logged()) == 6


def test_decide_answers_what_no_claim_could_hold_instead_of_failing(governed: str) -> None:
    for body in ('{"signal":"triage","confidence":NaN}', "{}", '{"signal":{"a":[1]}}'):
        answer = post(body, governed)
        assert answer.status_code == 200, body
        assert answer.json()["action"] in ("review", "escalate")


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_an_item_that_cannot_be_read_has_its_own_answer_and_the_others_theirs(
    governed: str, kind: str
) -> None:
    items = [
        '{"signal": "triage", "event_id": "a\\ud800"}',
        '{"signal": "triage", "event_id": "b"}',
        "5",
        '{"signal": "triage", "event_id": "c", "event_id": "d"}',
        '{"signal": "triage", "event_id": "e\u2028e"}',
        '{"signal": "\\udfff", "model_version": "\\ud800", "confidence": "\\ud800"}',
    ]
    body = "\n".join(items) if "ndjson" in kind else f"[{', '.join(items)}]"
    answer = post(body.encode(), governed, content_type=kind)
    assert answer.status_code == 200
    found = answer.json()
    assert [one["event_id"] for one in found] == ["a\\ud800", "b", None, None, "e\u2028e", None]
    closed = [one["rule"] == "builtin:fail-closed" for one in found]
    assert closed == [True, False, True, True, False, True]
    assert all(one["reason"] for one in found)
    assert logged() == [(one["event_id"], one["action"]) for one in found]


def test_a_line_that_is_no_json_costs_itself_alone(governed: str) -> None:
    lines = [b'{"signal": "triage", "event_id": "a"}', b"{", b"\xff", b"", b"[" * 100_000]
    found = post(b"\r\n".join(lines), governed, content_type="application/x-ndjson").json()
    assert [one["rule"] for one in found] == ["fallback:missing+unvalidated"] + [
        "builtin:fail-closed"
    ] * 3
    assert len(logged()) == 4


def test_a_ledger_that_cannot_be_read_still_has_an_action(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, serving
) -> None:
    serving(tmp_path / "missing.duckdb")
    answer = post({"signal": "triage"}, "a-token")
    assert answer.status_code == 503
    assert (answer.json()["action"], answer.json()["rule"]) == ("review", "builtin:fail-closed")
    assert "There is no ledger" in answer.json()["reason"]


def test_what_nobody_foresaw_still_has_an_action(
    governed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, "gate", lambda: 1 / 0)
    answer = post({"signal": "triage"}, governed)
    assert (answer.status_code, answer.json()["action"]) == (500, "review")


@pytest.mark.parametrize("token", [None, "", "calledger_wrong", "ü"])
def test_without_a_known_token_nothing_is_decided(governed: str, token: str | None) -> None:
    headers = {} if token is None else {"authorization": f"Bearer {token}".encode()}
    answer = post({"signal": "triage"}, None, **headers)
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]
    assert answer.json()["action"] == "review"
    assert answer.json()["error"] in answer.json()["reason"]
    assert logged() == []


def test_a_token_without_the_scope_or_taken_back_decides_nothing(governed: str) -> None:
    office = owner.office()
    kim = people.known_person(office, "user:desk/kim")
    actor = people.actor_for(office.state(), kim, "token.created", None)
    _, reads = tokens.create(office, actor, "reader", ["read"])
    refused = post({"signal": "triage"}, reads)
    assert (refused.status_code, refused.json()["action"]) == (403, "review")
    for one in tokens.tokens(owner.cursor()):
        tokens.revoke(office, actor, one.token_id)
    assert post({"signal": "triage"}, governed).status_code == 401
    assert logged() == []


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ("{", 400, "not JSON"),
        ("1", 400, "neither"),
        ("", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b'"' + b"x" * (9 * 1024 * 1024) + b'"', 413, "8 MB"),
    ],
    ids=["cut short", "no object", "empty", "no text", "too large"],
)
def test_a_body_that_is_no_question_is_refused_with_the_reason(
    governed: str, body: str | bytes, status: int, words: str
) -> None:
    answer = post(body, governed)
    assert answer.status_code == status
    assert words in answer.json()["error"]
    assert (answer.json()["action"], answer.json()["rule"]) == ("review", "builtin:fail-closed")
    assert words in answer.json()["reason"]
    assert logged() == []


def test_an_answer_does_not_wait_for_who_writes_to_the_ledger(governed: str) -> None:
    """A long import, or a run of the checks, holds the one lock of those who write."""
    holding, let_go = threading.Event(), threading.Event()

    def write() -> None:
        with owner.ledger().transaction():
            holding.set()
            let_go.wait(30)

    question = {"signal": "triage", "event_id": "e1", "confidence": 0.97}
    post(question, governed)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert holding.wait(10)
        started = time.monotonic()
        answer = post(question, governed)
        assert answer.json()["rule"] == "fallback:unvalidated"
        assert time.monotonic() - started < 1
        # What folds waits, and nobody waits for it longer than he will.
        assert not owner.folder().ask(["decisions"], within=0.1)
        assert post(question, governed).json()["rule"] == "fallback:unvalidated"
    finally:
        let_go.set()
        writer.join()
    assert logged() == [("e1", "review")] * 3


def test_a_wrong_method_is_told_an_action_too(governed: str) -> None:
    answer = get("/api/v1/decide")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert (answer.json()["action"], answer.json()["rule"]) == ("review", "builtin:fail-closed")


def test_no_secret_of_a_token_is_kept(governed: str) -> None:
    rows = owner.cursor().execute("SELECT * FROM tokens").fetchall()
    entries = owner.cursor().execute("SELECT entry FROM acts").fetchall()
    assert governed not in str(rows) + str(entries)


@pytest.fixture
def reader(governed: str) -> str:
    """The secret of a token that may read, of a ledger with claims of two signals."""
    office = owner.office()
    rows = ["event_id,ts,signal,confidence,outcome,model_version"]
    day = datetime.now(UTC).date()
    for i in range(400):
        at = f"{day - timedelta(days=10 + i % 40)}T08:00:00Z"
        rows.append(f"e{i},{at},triage,0.9,{int(i % 2 == 0)},m1")
        rows.append(f"f{i},{at},desk/own,0.9,{int(i % 10 > 0)},m1")
    file = Path(owner.path()).with_name("claims.csv")
    file.write_text("\n".join(rows) + "\n")
    assert import_recorded(office, file).n_quarantined == 0
    return token_for("read")[1]


def read_signals(path: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    return get(path, headers)


def test_the_signals_are_told_with_their_standing_verdict_and_validation(reader: str) -> None:
    found = read_signals("/api/v1/signals", reader).json()
    of = {one["signal"]: one for one in found["signals"]}
    assert of.keys() == {"triage", "desk/own"}
    triage = of["triage"]
    assert (triage["standing"]["state"], triage["standing"]["reason"]) == ("off", "whole")
    assert triage["text"].startswith("triage is off, overconfident throughout: gap +40.0 points")
    assert triage["validation"]["may_act"] is False
    assert of["desk/own"]["validation"]["state"] == "unregistered"


def test_one_signal_is_told_by_its_name_also_with_a_slash(reader: str) -> None:
    one = read_signals("/api/v1/signals/desk/own", reader)
    assert (one.status_code, one.json()["signal"]) == (200, "desk/own")
    for nobody in ("nobody", "a%0Ab"):
        answer = read_signals(f"/api/v1/signals/{nobody}", reader)
        assert (answer.status_code, answer.json().keys()) == (404, {"error"})


def test_signals_are_read_with_that_scope_only(governed: str, reader: str) -> None:
    assert read_signals("/api/v1/signals", None).status_code == 401
    assert read_signals("/api/v1/signals", governed).status_code == 403
    assert post({"signal": "triage", "event_id": "e1"}, reader).status_code == 403


def test_what_waits_for_labels_is_handed_out_as_a_file_without_the_confidence(
    governed: str,
) -> None:
    logger = token_for("ingest")[1]
    with pytest.MonkeyPatch.context() as patch:
        rows = pd.DataFrame({"event_id": ["e1"], "outcome": [None]})
        patch.setattr("core.views.review.label_plan.plan.to_label_rows", lambda *_: rows)
        answer = read_signals("/api/v1/labels/triage", logger)
    assert (answer.status_code, answer.text) == (200, "event_id,outcome\r\ne1,\r\n")
    assert answer.headers["content-type"].startswith("text/csv")
    assert read_signals("/api/v1/labels/triage", logger).status_code == 404
    assert read_signals("/api/v1/labels/triage", governed).status_code == 403


def test_every_route_is_described_and_every_answer_has_its_described_fields(governed: str) -> None:
    document = get("/api/v1/openapi.json").json()
    routes = [*api.routes, *Commands(main).routes]
    served = {route.path.replace(":text", "") for route in routes} - {"/api/v1/openapi.json"}
    assert set(document["paths"]) == served
    answer = post({"signal": "triage", "event_id": "e1"}, governed).json()
    schemas = document["components"]["schemas"]
    assert set(answer) == set(schemas["Decision"]["properties"])
    refused = post("{", governed).json()
    assert set(refused) == set(schemas["Refusal"]["properties"])
