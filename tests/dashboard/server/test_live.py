"""Claims and outcomes logged over HTTP: on disk, folded, told what became of them."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.audit.verify import verify_ledger
from core.governance.recorded_import import import_recorded
from core.ingest.file_mapping import FileMapping
from core.ingest.mapping.kept_mappings import keep_mapping
from core.ledger.connection import Ledger
from core.spool import segments
from core.spool.segments import Spool
from dashboard.server import folding
from dashboard.server import open_ledger as owner
from dashboard.server.routes import live
from dashboard.server.settings import LEDGER_VARIABLE
from tests.core.intake.formats.test_reading import LANGFUSE
from tests.worlds.governed.asked import asked, owned_ledger, token_for


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ledger that is served, with nothing in it."""
    with owned_ledger(tmp_path_factory.mktemp("live")) as path:
        yield path


@pytest.fixture(scope="module")
def token(ledger: Path) -> str:
    return token_for("ingest")[1]


numbers = iter(range(10**6))


def claim(**more: Any) -> dict[str, Any]:
    """A claim that nobody has sent."""
    return {
        "event_id": f"e{next(numbers)}",
        "ts": "2026-11-02T10:00:00Z",
        "signal": "triage",
        "confidence": 0.9,
        **more,
    }


def send(
    body: object, token: str | None, to: str = "claims", query: str = "", **how: str
) -> httpx.Response:
    return asked("POST", f"/api/v1/{to}{query}", body, token, **how)


def became(receipt: str, token: str) -> dict[str, Any]:
    answer = asked("GET", f"/api/v1/receipts/{receipt}?wait=1", token=token)
    assert answer.status_code == 200, answer.text
    return answer.json()


def held(event: str) -> list[tuple[Any, ...]]:
    query = "SELECT confidence_raw, outcome FROM claims WHERE event_id = $event"
    return owner.cursor().execute(query, {"event": event}).fetchall()


def test_a_claim_is_on_disk_when_it_is_answered_and_in_the_ledger_soon_after(
    ledger: Path, token: str
) -> None:
    sent = claim()
    answer = send(sent, token)
    assert answer.status_code == 200
    found = answer.json()
    assert {**found, "receipt": ""} == {"received": 1, "kept": 1, "refused": [], "receipt": ""}
    spooled = [one.path.read_text() for one in segments.segments_beside(ledger)]
    assert any(sent["event_id"] in text for text in spooled)
    assert became(found["receipt"], token) == {
        "receipt": found["receipt"], "state": "folded", "received": 1,
        "new": 1, "duplicate": 0, "conflict": 0, "quarantined": 0,
    }  # fmt: skip
    assert held(sent["event_id"]) == [(0.9, None)]
    assert segments.segments_beside(ledger) == ()


def test_objects_lists_lines_and_packed_bodies_are_the_same(ledger: Path, token: str) -> None:
    sent = [claim() for _ in range(3)]
    lines = "\n".join(map(json.dumps, sent)).encode()
    listed = send(sent, token).json()
    by_line = send(lines, token, content_type="application/x-ndjson").json()
    packed = send(gzip.compress(json.dumps(sent).encode()), token, content_encoding="gzip").json()
    large = send([*sent, *(claim(note="x" * 30_000) for _ in range(2))], token).json()
    assert [one["kept"] for one in (listed, by_line, packed, large)] == [3, 3, 3, 5]
    counts = [became(one["receipt"], token) for one in (listed, by_line, packed, large)]
    assert [(one["new"], one["duplicate"]) for one in counts] == [(3, 0), (0, 3), (0, 3), (2, 3)]


def test_outcomes_reach_claims_that_came_before_and_come_after(ledger: Path, token: str) -> None:
    first, later = claim(), claim()
    known = [{"event_id": one["event_id"], "outcome": 1} for one in (first, later)]
    send(first, token)
    answer = send(known, token, "outcomes", "?wait=1").json()
    assert answer["outcome"]["new"] == 2
    send(later, token, query="?wait=1")
    assert held(first["event_id"]) == held(later["event_id"]) == [(0.9, 1)]


def test_a_hand_off_grows_and_what_contradicts_it_is_a_conflict(ledger: Path, token: str) -> None:
    row = {"event_id": "h1", "signal": "triage", "handed_at": "2026-11-02T10:00:00Z"}
    done = {**row, "reviewer": "r-1", "decided_at": "2026-11-02T11:00:00Z", "agreed": False}
    rows = [row, row, done, {**done, "agreed": True}, {**row, "reviewer": "ann@desk.example"}]
    found = send(rows, token, "handoffs", "?wait=1").json()
    (refused,) = found["refused"]
    assert (refused["field"], refused["value"], refused["quarantined"]) == ("reviewer", None, False)
    counts = {name: found["outcome"][name] for name in ("new", "duplicate", "conflict")}
    assert counts == {"new": 2, "duplicate": 1, "conflict": 1}
    query = "SELECT reviewer, agreed FROM handoffs WHERE event_id = 'h1' ORDER BY import_row"
    assert owner.cursor().execute(query).fetchall() == [(None, None), ("r-1", 0)]


def test_what_became_of_rows_is_told_at_once_to_who_waits(ledger: Path, token: str) -> None:
    sent = claim()
    send(sent, token, query="?wait=1")
    again = [sent, {**sent, "confidence": 0.2}, claim(confidence="high"), claim()]
    found = send(again, token, query="?wait=1").json()
    assert (found["received"], found["kept"]) == (4, 3)
    assert found["outcome"] == {
        "state": "folded", "received": 4, "new": 1, "duplicate": 1, "conflict": 1, "quarantined": 1,
    }  # fmt: skip
    alone = send(sent, token, query="?wait=1").json()
    assert (alone["outcome"]["new"], alone["outcome"]["duplicate"]) == (0, 1)


def test_a_refused_row_is_named_with_its_fix_and_costs_itself_alone(
    ledger: Path, token: str
) -> None:
    found = send([claim(), claim(confidence=87), 5], token)
    assert found.status_code == 200
    value, shape = found.json()["refused"]
    assert (value["index"], value["field"], value["value"]) == (1, "confidence", "87")
    assert value["reason"] == "outside 0 to 1"
    assert "0.85" in value["fix"]
    assert (shape["index"], shape["field"], shape["quarantined"]) == (2, "row", False)
    assert send(claim(ts="soon"), token).status_code == 422
    lines = b'{"event_id"\n' + json.dumps(claim()).encode()
    kept = send(lines, token, content_type="application/x-ndjson").json()
    assert (kept["kept"], kept["refused"][0]["index"]) == (1, 0)


def test_a_percentage_scale_is_suspected_of_one_sender_and_not_of_another(
    ledger: Path, token: str
) -> None:
    other = token_for("ingest")[1]
    percents = [claim(signal="shared", confidence=one) for one in (87, 45, 1)]
    proper = [claim(signal="shared", confidence=1) for _ in range(2)]
    receipts = [send(percents, token).json()["receipt"], send(proper, other).json()["receipt"]]
    bad, good = (became(one, token) for one in receipts)
    assert (bad["new"], bad["quarantined"]) == (0, 3)
    assert (good["new"], good["quarantined"]) == (2, 0)


@pytest.mark.parametrize(
    ("body", "how", "status", "words"),
    [
        (b"{", {}, 400, "not JSON"),
        (b"1", {}, 400, "neither"),
        (b"", {}, 400, "x-ndjson"),
        (b"[]", {"content_encoding": "gzip"}, 400, "not gzip"),
        (gzip.compress(b"[]")[:-6], {"content_encoding": "gzip"}, 400, "whole"),
        (gzip.compress(b" " * (9 << 20)), {"content_encoding": "gzip"}, 413, "8 MB"),
        (b" " * (9 << 20), {}, 413, "8 MB"),
        (b"[]", {"content_encoding": "br"}, 415, "gzip"),
    ],
    ids=["cut short", "no object", "empty", "not gzip", "cut gzip", "bomb", "large", "br"],
)
def test_a_body_that_cannot_be_taken_is_refused_with_the_reason(
    token: str, body: bytes, how: dict[str, str], status: int, words: str
) -> None:
    answer = send(body, token, **how)
    assert (answer.status_code, answer.json().keys()) == (status, {"error"})
    assert words in answer.json()["error"]


def test_nothing_is_received_in_an_empty_list(token: str) -> None:
    answer = send([], token)
    assert (answer.status_code, answer.json()["receipt"]) == (200, None)


def test_only_a_token_with_the_scope_logs(ledger: Path) -> None:
    reads = token_for("read", "decide")[1]
    for to in ("claims", "outcomes"):
        assert send(claim(), None, to).status_code == 401
        assert send(claim(), "calledger_wrong", to).status_code == 401
        refused = send(claim(), reads, to)
        assert refused.status_code == 403
        assert "ingest" in refused.json()["error"]
    assert asked("GET", "/api/v1/receipts/1764000000000:1-1", token=reads).status_code == 403


@pytest.mark.parametrize("receipt", ["x", "1:1-1", "1:0-0", "1764000000000:5-2"])
def test_a_receipt_that_is_none_is_not_found(token: str, receipt: str) -> None:
    assert asked("GET", f"/api/v1/receipts/{receipt}", token=token).status_code == 404


def test_of_few_confidences_one_above_1_makes_all_of_them_wait_in_the_quarantine(
    ledger: Path,
) -> None:
    _, secret = token_for("ingest")
    rows = [claim(), claim(), claim(), claim(confidence=1.2)]
    found = send(rows, secret, query="?wait=1").json()
    assert (found["kept"], [one["index"] for one in found["refused"]]) == (3, [3])
    assert (found["outcome"]["new"], found["outcome"]["quarantined"]) == (0, 4)
    many = [claim() for _ in range(6)]
    found = send([*many, claim(confidence=1.2)], secret, query="?wait=1").json()
    assert (found["outcome"]["new"], found["outcome"]["quarantined"]) == (6, 1)


def test_who_sends_too_much_at_once_is_asked_to_come_again(
    ledger: Path, token: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small = Spool(tmp_path / "busy", waiting_limit=1)
    full = Spool(tmp_path / "full", size_limit=1)
    going = threading.Event()
    real = segments.os.fdatasync
    monkeypatch.setattr(segments.os, "fdatasync", lambda file: (going.wait(10), real(file)))
    waiting = small.submit("claims", [b"{}"])
    try:
        for spool, status in ((small, 429), (full, 507)):
            monkeypatch.setattr(owner, "spool", lambda spool=spool: spool)
            answer = send(claim(), token)
            assert answer.status_code == status
            assert int(answer.headers["retry-after"]) > 0
    finally:
        going.set()
        waiting.result()
        small.close()
        full.close()


def test_so_many_rows_are_folded_without_being_asked(
    ledger: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folding, "ROWS", 2)
    sent = claim()
    send([sent, claim()], token)
    for _ in range(100):
        if held(sent["event_id"]):
            return
        time.sleep(0.05)
    pytest.fail("nobody folded them")


def test_a_fold_that_fails_is_set_aside_and_stops_nobody(ledger: Path, token: str) -> None:
    spool = owner.spool()
    spool.append("claims-t-bad", [b'{"no": "claim"}'])
    good = claim()
    receipt = send(good, token).json()["receipt"]
    assert became(receipt, token)["new"] == 1
    (aside,) = segments.failed_beside(ledger)
    assert aside.kind == "claims-t-bad"
    found = asked("GET", f"/api/v1/receipts/{aside.number}:1-1", token=token).json()
    assert found["state"] == "set_aside"
    aside.path.unlink()


def test_what_came_in_waits_while_nothing_can_be_folded(
    ledger: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Ledger) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(Ledger, "transaction", full)
    monkeypatch.setattr(live, "WAIT", 5.0)
    found = send(claim(), token, query="?wait=1").json()
    assert (found["kept"], found["outcome"]["state"]) == (1, "waiting")
    assert "No space" in (owner.folder().failure or "")
    monkeypatch.undo()
    monkeypatch.setenv(LEDGER_VARIABLE, str(ledger))
    assert became(found["receipt"], token)["new"] == 1


def test_a_segment_that_was_folded_and_not_removed_is_folded_to_nothing(
    ledger: Path, token: str
) -> None:
    spool, office = owner.spool(), owner.office()
    # Nobody else folds while this test plays the part of a process that died.
    owner.folder().close()
    sent = claim()
    spool.append("claims-t-dead", [json.dumps(sent).encode()])
    (segment,) = spool.closed(["claims-t-dead"])
    assert import_recorded(office, segment.path).n_new == 1
    owner.close()
    assert became(f"{segment.number}:1-1", token)["new"] == 1
    assert held(sent["event_id"]) == [(0.9, None)]
    assert segments.segments_beside(ledger) == ()


def test_the_end_folds_what_is_there(ledger: Path, token: str) -> None:
    sent = claim()
    send(sent, token)
    owner.close()
    assert not segments.beside(ledger).exists()
    assert held(sent["event_id"]) == [(0.9, None)]
    assert not verify_ledger(owner.cursor()).problems


def test_a_token_is_known_no_longer_than_it_is_in_force(ledger: Path) -> None:
    from core.governance.people import api_tokens, people

    token_id, secret = token_for("ingest")
    assert [send(claim(), secret).status_code for _ in range(2)] == [200, 200]
    assert owner.grants().known(secret) is not None
    office = owner.office()
    kim = people.known_person(office, "user:desk/kim")
    actor = people.actor_for(office.state(), kim, "token.revoked", None)
    api_tokens.revoke(office, actor, token_id)
    assert send(claim(), secret).status_code == 401


def test_ids_sent_as_segments_are_kept_and_told_of_beside_their_import(
    ledger: Path, token: str
) -> None:
    def new(first: int, count: int) -> int:
        rows = [claim(segments={"caller": f"c{n}"}) for n in range(first, first + count)]
        return int(became(send(rows, token).json()["receipt"], token)["new"])

    assert new(0, 1_000) == 1_000
    assert new(1_000, 20) == 20
    query = "SELECT notices FROM imports ORDER BY import_id DESC LIMIT 2"
    (last,), (before,) = owner.cursor().execute(query).fetchall()
    assert before == []
    (told,) = [one for one in last if "seg_caller" in one]
    assert told.startswith("seg_caller of triage has 1,020 different values")


# -- by a mapping that is kept beside the ledger -------------------------------------------------


def kept(ledger: Path, name: str, how: FileMapping) -> str:
    keep_mapping(ledger, name, how)
    return f"?wait=1&using={name}"


def test_rows_in_columns_of_their_own_are_read_as_a_kept_mapping_says(
    ledger: Path, token: str
) -> None:
    renames = {"id": "event_id", "sure": "confidence", "at": "ts"}
    how = FileMapping(renames=renames, signal="triage", scale=100, where={"kind": ("answer",)})
    query = kept(ledger, "desk", how)
    own = [
        {"id": f"u{n}", "at": "2026-11-02T10:00:00Z", "sure": sure, "kind": kind}
        for n, (sure, kind) in enumerate(((80, "answer"), (900, "answer"), (70, "draft")))
    ]
    found = send(own, token, query=query).json()
    assert (found["received"], found["kept"], found["left_out"]) == (3, 1, 1)
    (refused,) = found["refused"]
    assert (refused["index"], refused["field"], refused["quarantined"]) == (1, "confidence", True)
    assert found["outcome"]["new"] == 1
    assert held("u0") == [(0.8, None)]
    # What is kept by the name is read anew.
    kept(ledger, "desk", how.with_more(FileMapping(scale=1000)))
    assert send({**own[1], "id": "u9"}, token, query=query).json()["kept"] == 1
    assert held("u9") == [(0.9, None)]


def test_a_name_that_is_not_kept_is_refused_with_those_that_are(ledger: Path, token: str) -> None:
    kept(ledger, "desk", FileMapping(signal="triage"))
    answer = send(claim(), token, query="?using=disk")
    assert answer.status_code == 404
    assert "there are: desk" in answer.json()["error"]


def test_scores_of_another_tool_become_claims_and_outcomes(ledger: Path, token: str) -> None:
    scores = {"format": "langfuse", "confidence": "sure", "outcome": "correctness",
              "outcome_source": "HUMAN"}  # fmt: skip
    query = kept(ledger, "langfuse-desk", FileMapping(signal="triage", scores=scores))
    sent = {"data": [{**one, "traceId": f"lf-{one['traceId']}"} for one in LANGFUSE]}
    found = send(sent, token, query=query).json()
    assert (found["received"], found["kept"], found["left_out"]) == (5, 3, 2)
    assert len(found["receipts"]) == 2
    assert found["outcome"]["received"] == found["outcome"]["new"] == 3
    assert held("lf-t1") == [(0.9, 1)]
    other = send([{"name": "sure"}], token, query=query)
    assert other.status_code == 200, other.text
    wrong = send(sent, token, "outcomes", query)
    assert wrong.status_code == 400
