"""Acts: whole or not at all, one after the other, never on a broken trail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

import core
from core.audit.verify import verify_ledger
from core.governance.advance import replay
from core.governance.bodies.refusal import Refused
from core.governance.perform import Office
from core.governance.replay import TrailBroken
from core.ledger.connection import Ledger
from core.trail import log as trail
from core.trail.acts import Proposal


def test_the_state_is_the_trail_replayed_also_by_an_office_opened_later(governed):
    governed.validate()
    state = governed.office.state()
    with governed.ledger.cursor() as cursor:
        assert replay(trail.acts(cursor)) == state
    later = Office(governed.ledger, governed.signer, clock=governed.clock)
    assert later.state() == state


def test_an_act_and_its_effect_are_both_there_or_neither(governed):
    before = governed.office.state().size

    def fails(cursor, act) -> None:
        cursor.execute("INSERT INTO evidence VALUES ('x', '{}')")
        raise OSError("disk full")

    actor = governed.actor("user:desk/admin", "gate.mode", None)
    with pytest.raises(OSError, match="disk full"):
        governed.office.perform(Proposal("gate.mode", actor, body={"mode": "production"}), fails)
    assert governed.office.state().size == before
    assert governed.office.state().mode == "local"
    assert governed.ledger.cursor().execute("FROM evidence").fetchall() == []


def test_what_is_refused_leaves_nothing(governed):
    before = governed.office.state()
    with pytest.raises(Refused):
        governed.do("user:desk/ann", "gate.mode", None, signal=None, mode="production")
    assert governed.office.state() == before


def test_of_two_who_act_at_once_the_second_meets_what_the_first_left(governed):
    governed.validate()
    actor = governed.actor("user:desk/bob", "retirement.requested")
    proposal = Proposal(
        "retirement.requested", actor, "triage", next(iter(governed.office.state().validations))[1],
        {"reason": "old"},
    )  # fmt: skip

    def act(_: int) -> bool:
        try:
            governed.office.perform(proposal)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(act, range(6)))
    assert sum(done) == 1
    with governed.ledger.cursor() as cursor:
        assert verify_ledger(cursor).ok


def test_the_trails_time_never_falls_though_the_clock_does(governed, clock):
    last = governed.office.state().last_at
    clock.forward(days=-3)
    act = governed.do("user:desk/admin", "gate.mode", None, signal=None, mode="production")
    assert act.at == last
    assert governed.office.now() == last
    clock.forward(days=3, seconds=1)
    assert governed.office.now() == last + timedelta(seconds=1)


def test_nothing_is_added_to_a_trail_that_is_not_what_was_signed(governed):
    with governed.ledger.transaction() as cursor:
        cursor.execute("UPDATE acts SET leaf = repeat('0', 64) WHERE seq = 2")
    office = Office(governed.ledger, governed.signer, clock=governed.clock)
    with pytest.raises(TrailBroken, match="entry 2"):
        office.state()
    actor = governed.actor
    with pytest.raises(TrailBroken):
        office.perform(Proposal("gate.mode", actor("user:desk/admin", "gate.mode", None)))
    assert governed.ledger.cursor().execute("SELECT count(*) FROM acts").fetchone() == (10,)


_KILLED = """
import os, signal, sys
from pathlib import Path
from core.trail.acts import Proposal
from core.governance.perform import Office
from core.governance.people import people
from core.ledger.connection import Ledger

office = Office.of(Ledger.open(sys.argv[1]))
with office.acting() as desk:
    people.enter(desk, "user:desk/new")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_in_the_middle_of_an_act_leaves_neither_act_nor_effect(tmp_path: Path):
    path = tmp_path / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        with office.acting() as desk:
            from core.governance.people import people

            people.enter(desk, "user:desk/first")
        size = office.state().size
    environment = {**os.environ, "PYTHONPATH": str(Path(core.__file__).parents[1])}
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED, str(path)], env=environment, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    with Ledger.open(path) as ledger:
        office = Office.of(ledger)
        assert office.state().size == size
        handles = ledger.cursor().execute("SELECT handle FROM people").fetchall()
        assert handles == [("user:desk/first",)]
        assert verify_ledger(ledger.cursor()).ok


def test_every_act_leaves_its_checkpoint_beside_the_ledger(tmp_path: Path, governed_on):
    path = tmp_path / "ledger.duckdb"
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger)
        with office.acting() as desk:
            from core.governance.people import people

            people.enter(desk, "user:desk/first")
        note = trail.latest_note(ledger.cursor())
    assert note is not None
    assert note.strip() in (tmp_path / "ledger.duckdb.checkpoints").read_text()
    key = tmp_path / "ledger.duckdb.key"
    assert key.stat().st_mode & 0o777 == 0o600
