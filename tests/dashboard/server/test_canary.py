"""A canary round over HTTP: recorded once, judged at once, refused row by row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.gate import registry_changes as registry
from core.governance.people.people import actor_for, known_person
from core.governance.recorded_import import import_recorded
from core.monitoring.canary import KEPT, keep
from core.registry.yaml_reader import read
from dashboard.server import open_ledger as owner
from tests.worlds.governed.asked import asked, owned_ledger, token_for
from tests.worlds.governed.governed import REGISTRY

IDS = [f"q-{n}" for n in range(50)]


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("canary")
    (folder / "claims.csv").write_text(
        "event_id,ts,signal,confidence,model_version,prompt_version\n"
        "c1,2026-11-02T09:00:00Z,triage,0.9,m1,p1\n"
    )
    with owned_ledger(folder):
        office = owner.office()
        registry.apply(office, read(REGISTRY), "user:desk/admin")
        import_recorded(office, folder / "claims.csv")
        ann = actor_for(office.state(), known_person(office, "user:desk/ann"), KEPT, "triage")
        keep(office, ann, "triage", [(one, None) for one in IDS])
        yield token_for("ingest")[1]


def sent(token: str, **more: Any) -> httpx.Response:
    results = [{"input_id": one, "confidence": 0.9, "answer": {"team": 1}} for one in IDS]
    return asked("POST", "/api/v1/canary", {"signal": "triage", "results": results, **more}, token)


def test_a_round_is_recorded_once_and_judged_at_once(token: str) -> None:
    for day in range(1, 5):
        answer = sent(token, asked_at=f"2026-11-0{day}T10:00:00+01:00").json()
    assert (answer["round"], answer["known"], answer["n_asked"]) == ("2026-11-04", False, 50)
    assert answer["canary"]["state"] == "unchanged"
    assert sent(token, asked_at="2026-11-04T09:00:00Z").json()["known"]
    lower = [{"input_id": one, "confidence": 0.8} for one in IDS]
    changed = sent(token, asked_at="2026-11-05T09:00:00Z", results=lower).json()
    assert (changed["canary"]["state"], changed["canary"]["alarm_round"]) == (
        "changed",
        "2026-11-05",
    )


def test_what_cannot_be_used_is_refused_with_the_fix(token: str) -> None:
    bad = sent(token, round="x", results=[{"input_id": "q-0", "confidence": 9}])
    assert bad.status_code == 422
    (row,) = bad.json()["refused"]
    assert (row["index"], row["field"], row["value"]) == (0, "confidence", "9")
    for more, status, told in (
        ({"results": "x"}, 422, "results is no list"),
        ({"signal": "other"}, 409, "In use: none"),
        ({"model_version": "m9"}, 409, "triage has no version m9"),
        ({"asked_at": "soon"}, 422, "asked_at must be a time"),
        ({"asked_at": "2199-01-01"}, 409, "lies in the future"),
        ({"round": 7}, 422, "round must be text"),
        ({"round": "\ud800", "results": []}, 409, "No input of triage was answered"),
    ):
        answer = sent(token, **more)
        assert (answer.status_code, told in answer.json()["error"]) == (status, True), answer.text
