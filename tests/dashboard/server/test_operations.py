"""Whether the server lives, whether it is ready, and how it does."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.ledger.connection import Ledger
from core.spool import segments
from core.spool.segments import Spool
from core.trail.checkpoints.anchors import settings_path
from core.upkeep import take
from dashboard.server import open_ledger as owner
from dashboard.server.routes import operations
from dashboard.server.settings import LEDGER_VARIABLE
from dashboard.witness import at_once
from tests.worlds.governed.asked import asked, owned_ledger, token_for
from tests.worlds.running.time_stamp_authority import TimeStampAuthority, needs_openssl


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A ledger that is served, with a registry and nothing else in it."""
    with owned_ledger(tmp_path_factory.mktemp("operations")) as path:
        yield path


def ready() -> tuple[int, list[str]]:
    answer = asked("GET", "/readyz")
    assert answer.json().keys() == {"status", "reasons"}
    return answer.status_code, answer.json()["reasons"]


def test_a_server_that_can_do_its_work_is_ready(ledger: Path) -> None:
    assert ready() == (200, [])
    assert asked("GET", "/livez").json() == {"status": "ok"}


def test_it_lives_and_is_not_ready_while_its_ledger_cannot_be_opened(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LEDGER_VARIABLE, str(tmp_path / "secret-name.duckdb"))
    assert ready() == (503, ["ledger"])
    assert "secret-name" not in asked("GET", "/readyz").text
    assert asked("GET", "/livez").status_code == 200


def test_a_ledger_of_another_schema_is_not_served(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = operations.known_migrations()
    monkeypatch.setattr(operations, "known_migrations", lambda: newest[:-1])
    assert ready() == (503, ["schema"])


def test_a_spool_that_is_full_or_cannot_be_written_is_no_place_to_send_to(
    ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Spool(tmp_path / "full", size_limit=3)
    full.append("claims", [b"{}"])
    gone = Spool(tmp_path / "gone")
    (tmp_path / "gone" / "failed").rmdir()
    (tmp_path / "gone").rmdir()
    try:
        for spool in (full, gone):
            monkeypatch.setattr(owner, "spool", lambda spool=spool: spool)
            assert ready() == (503, ["spool"])
    finally:
        full.close()
        gone.close()


def test_what_waits_too_long_to_be_folded_is_a_reason(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.spool().append("claims-t-late", [b"{}"])
    assert ready() == (200, [])
    monkeypatch.setattr(operations, "FOLDED_WITHIN", -1.0)
    assert ready() == (503, ["folding"])
    monkeypatch.undo()
    monkeypatch.setenv(LEDGER_VARIABLE, str(ledger))
    owner.folder().ask(within=20)
    assert ready() == (200, [])


def test_one_fold_that_fails_is_tried_again_and_several_are_a_reason(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Ledger) -> None:
        raise OSError("No space left on device")

    owner.spool().append("claims-t-stuck", [b'{"event_id": "e1"}'])
    found = []
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "transaction", full)
        for _ in range(operations.FAILED_FOLDS):
            found.append(ready())
            owner.folder().ask(within=20)
        found.append(ready())
    assert found == [(200, [])] * operations.FAILED_FOLDS + [(503, ["folding"])]
    owner.folder().ask(within=20)
    assert ready() == (200, [])
    for left in segments.failed_beside(ledger):
        left.path.unlink()


def measured(token: str) -> dict[tuple[str, ...], float]:
    """Every sample: its name, its labels in the order of their names, and its value."""
    answer = asked("GET", "/metrics", token=token)
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (one.name, *(one.labels[name] for name in sorted(one.labels))): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def test_the_metrics_tell_what_was_sent_decided_and_folded(ledger: Path) -> None:
    token_id, secret = token_for("ingest", "decide", "read")
    before = measured(secret)
    rows = [
        {"event_id": f"e-{n}", "ts": "2026-11-02T10:00:00Z", "signal": "triage", "confidence": c}
        for n, c in ((1, 0.9), (2, 0.8), (3, 87))
    ]
    asked("POST", "/api/v1/claims", rows, secret)
    action = asked(
        "POST", "/api/v1/decide", {"signal": "triage", "event_id": "e-1"}, secret
    ).json()["action"]
    now = measured(secret)

    def more(*of: str) -> float:
        return now[of] - before.get(of, 0)

    assert more("calledger_rows_total", "kept", "claims", token_id) == 2
    assert more("calledger_rows_total", "refused", "claims", token_id) == 1
    assert more("calledger_decisions_total", action) == 1
    assert more("calledger_decide_seconds_count") == 1
    assert more("calledger_spool_sync_seconds_count") == 2
    assert now["calledger_spool_held_bytes",] > 0
    assert now["calledger_spool_oldest_seconds",] >= 0
    assert now["calledger_ready",] == 1
    owner.folder().ask(within=20)
    folded = measured(secret)
    assert folded["calledger_fold_seconds_count",] > before["calledger_fold_seconds_count",]
    assert folded["calledger_spool_held_bytes",] == 0
    with owner.cursor() as cursor:
        (entries,) = cursor.execute("SELECT count(*) FROM acts").fetchone() or (0,)
    assert folded["calledger_trail_entries",] == entries
    assert 0 <= folded["calledger_checkpoint_age_seconds",] < time.time()
    assert math.isnan(folded["calledger_backup_age_seconds",])
    take.backup(owner.ledger(), ledger.parent / "kept", now=owner.office().clock())
    assert 0 <= measured(secret)["calledger_backup_age_seconds",] < 600


def test_the_metrics_are_for_tokens_that_read_and_name_nobody(ledger: Path) -> None:
    sender, reader = token_for("ingest")[1], token_for("read")[1]
    assert asked("GET", "/metrics").status_code == 401
    assert asked("GET", "/metrics", token=sender).status_code == 403
    text = asked("GET", "/metrics", token=reader).text
    assert not any(secret in text for secret in (sender, reader, "kim", "triage"))


@needs_openssl
def test_the_metrics_tell_how_old_the_newest_time_stamp_is_and_readiness_does_not_hang_on_it(
    ledger: Path, tmp_path: Path
) -> None:
    reader = token_for("read")[1]

    def ages() -> dict[str, float]:
        text = asked("GET", "/metrics", token=reader).text
        (family,) = (
            one
            for one in text_string_to_metric_families(text)
            if one.name == "calledger_time_stamp_age_seconds"
        )
        return {one.labels["authority"]: one.value for one in family.samples}

    assert ages() == {}
    authority = TimeStampAuthority(tmp_path)
    host = authority.url.removeprefix("http://").partition("/")[0]
    try:
        settings_path(ledger).write_text(f"tsa {authority.url} {authority.root}\n")
        assert math.isnan(ages()[host])
        assert [why for _, why in at_once(owner.office())] == [None]
        assert 0 <= ages()[host] < 60
    finally:
        authority.stop()
    assert ready() == (200, [])
    settings_path(ledger).unlink()
