"""A server that is killed at any instant has every row that it acknowledged, once."""

from __future__ import annotations

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from core.audit.verify import verify_ledger
from core.gate import registry_changes as registry
from core.governance.people import api_tokens, people
from core.governance.perform import Office
from core.intake.fold import fold_left_over
from core.ledger.connection import Ledger
from core.registry.yaml_reader import read
from core.spool.segments import beside
from tests.worlds.governed.governed import REGISTRY
from tests.worlds.governed.rounds import rounds
from tests.worlds.paths import ROOT

WRITERS = ("claims", "claims", "outcomes", "decide")


@dataclass
class Acknowledged:
    """What was answered, by kind: event ids of claims and outcomes, ids of answers of the gate."""

    claims: list[str] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)
    decide: list[str] = field(default_factory=list)


def token_of(path: Path) -> str:
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        registry.apply(office, read(REGISTRY), "user:desk/kim")
        kim = people.known_person(office, "user:desk/kim")
        actor = people.actor_for(office.state(), kim, "token.created", None)
        return api_tokens.create(office, actor, "tests", ["ingest", "decide"])[1]


def write(kind: str, port: int, token: str, prefix: str, into: Acknowledged) -> None:
    """Send rows one after another, and several at once at times, until nobody answers."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    number = 0
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        while True:
            events = [f"{prefix}-{number + i}" for i in range(20 if number % 7 == 3 else 1)]
            number += len(events)
            rows = [_row(kind, event) for event in events]
            connection.request("POST", f"/api/v1/{kind}", json.dumps(rows), headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            assert answer.status == 200, found
            if kind == "decide":
                into.decide += [one["decision_id"] for one in found]
            else:
                assert found["kept"] == len(rows)
                getattr(into, kind).extend(events)
    except (OSError, http.client.HTTPException, ValueError):
        return


def _row(kind: str, event: str) -> dict[str, object]:
    if kind == "outcomes":
        return {"event_id": event, "outcome": 1}
    claim: dict[str, object] = {"event_id": event, "signal": "triage", "confidence": 0.9}
    return claim | ({"ts": "2026-11-02T10:00:00Z"} if kind == "claims" else {})


@rounds(2, 200)
def test_what_was_acknowledged_is_there_once_after_any_kill(tmp_path: Path, rounds: int) -> None:
    path = tmp_path / "ledger.duckdb"
    token, chance = token_of(path), random.Random(rounds)
    given = Acknowledged()
    for kill in range(rounds):
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.worlds.running.live_server", str(path), "0.3"],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            writers = [
                threading.Thread(target=write, args=(kind, port, token, f"{kill}.{i}", given))
                for i, kind in enumerate(WRITERS)
            ]
            before = len(given.claims)
            for writer in writers:
                writer.start()
            # Connections wait while the server opens its ledger.
            for _ in range(1000):
                if len(given.claims) > before:
                    break
                time.sleep(0.02)
            time.sleep(chance.uniform(0, 1.5))
        finally:
            server.kill()
            server.wait()
        for writer in writers:
            writer.join()
    assert len(given.claims) >= rounds
    assert given.outcomes
    assert given.decide
    with Ledger.open(path) as ledger:
        fold_left_over(Office.of(ledger))
        cursor = ledger.cursor()
        for query, sent in (
            ("SELECT event_id FROM claims", given.claims),
            ("SELECT event_id FROM outcomes", given.outcomes),
            ("SELECT decision_id FROM decisions", given.decide),
        ):
            held = [one for (one,) in cursor.execute(query).fetchall()]
            assert len(held) == len(set(held))
            assert set(sent) <= set(held)
            # Rows that were on their way may be there, no others.
            assert len(held) - len(sent) <= 20 * 2 * rounds
        assert verify_ledger(cursor).ok
    assert not beside(path).exists()
    print(f"{rounds} kills: {len(given.claims):,} claims, {len(given.outcomes):,} outcomes, "
          f"{len(given.decide):,} answers acknowledged")  # fmt: skip
