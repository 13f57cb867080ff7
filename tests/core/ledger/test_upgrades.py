"""A ledger of every earlier version opens, is brought up to date, and loses nothing on the way."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.audit.verify import verify_ledger
from core.governance.people import api_tokens, people
from core.governance.perform import Office
from core.governance.recorded_import import adopt_unrecorded
from core.ingest.kept_sums import keep_up
from core.ledger.connection import Ledger
from core.ledger.migrations import apply_migrations, known_migrations
from core.trail.checkpoints.signer import Signer
from core.trail.signing_key import key_path
from tests.worlds.claims.kept import kept_in, kept_of
from tests.worlds.paths import ROOT

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

EARLIER = Path(__file__).with_name("earlier")
NEWEST = known_migrations()[-1].version
VERSIONS = range(1, NEWEST)
#: What the fifth and the eighth step work out anew, while every label it is worked out from stays;
#: and the column that a later one adds.
IN_FORCE = {
    f"outcome{part}" for part in ("", "_ts", "_known_at", "_source", "_corrected", "_own")
}  # of claims

Rows = dict[str, list[tuple[Any, ...]]]


def earlier(version: int, path: Path) -> Rows:
    """Make the ledger of an earlier version; its rows."""
    with duckdb.connect(str(path)) as connection:
        apply_migrations(connection, known_migrations()[:version])
        connection.execute("ALTER TABLE claims ADD COLUMN seg_language VARCHAR")
        files = sorted((EARLIER / str(version)).glob("*.json"))
        for file in files:
            connection.execute(f"COPY {file.stem} FROM '{file}' (FORMAT json)")
        # What is kept summed is counted anew where other outcomes come into force.
        lasting = [file.stem for file in files if not file.stem.startswith("kept_")]
        found = {table: rows(connection, table) for table in lasting}
    signer = Signer("calledger/upgraded", hashlib.sha256(b"upgraded").digest())
    if version > 1:
        key_path(path).write_text(signer.secret_text() + "\n")
    return found


def rows(cursor: duckdb.DuckDBPyConnection, table: str) -> list[tuple[Any, ...]]:
    """What every version has of a table's rows."""
    added = {"claims": IN_FORCE, "people": {"salt"}, "handoffs": {"seeded"}}
    left_out = added.get(table, set())
    description = cursor.execute(f"SELECT * FROM {table} LIMIT 0").description or ()
    kept = ", ".join(str(one[0]) for one in description if one[0] not in left_out)
    return cursor.execute(f"SELECT {kept} FROM {table} ORDER BY ALL").fetchall()


def held_by(ledger: Ledger, tables: Rows) -> Rows:
    return {table: rows(ledger.cursor(), table) for table in tables}


def test_there_is_a_ledger_of_every_version_before_this_one() -> None:
    folders = {int(one.name) for one in EARLIER.iterdir() if one.is_dir()}
    assert folders == set(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_ledger_of_an_earlier_version_keeps_every_row_and_a_whole_trail(
    version: int, tmp_path: Path
) -> None:
    path = tmp_path / "my.duckdb"
    before = earlier(version, path)
    with Ledger.open(path) as ledger:
        assert held_by(ledger, before) == before
        office, cursor = Office.of(ledger), ledger.cursor()
        adopt_unrecorded(office)
        keep_up(ledger)
        assert kept_in(cursor) == kept_of(cursor)
        assert office.state().size >= len(before.get("acts", []))
        report = verify_ledger(cursor)
        assert report.problems == ()
        # It goes on: its key signs, its people are known, and a label of a judge is no truth.
        if version > 1:
            kim = people.known_person(office, "user:desk/kim")
            actor = people.actor_for(office.state(), kim, "token.created", None)
            api_tokens.create(office, actor, "after", ("read",))
            assert verify_ledger(cursor).ok
        labelled = (12, 1) if version < 7 else (11, 3) if version < 10 else (12, 3)
        assert cursor.execute(
            """
            SELECT count(*), count(*) FILTER (outcome_source = 'LLM'), count(outcome),
                   count(*) FILTER (outcome_corrected)
            FROM claims
            """
        ).fetchone() == (24 if version < 10 else 25, 0, *labelled)


def test_labels_that_contradict_each_other_come_under_the_ranks_of_their_sources(
    tmp_path: Path,
) -> None:
    path = tmp_path / "my.duckdb"
    earlier(7, path)
    query = """
        SELECT event_id, outcome, outcome_source, outcome_known_at IS NULL FROM claims
        WHERE event_id IN ('t-04', 't-06') ORDER BY event_id
    """
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute(query).fetchall() == [
            ("t-04", 0, "CODE", False),
            ("t-06", 1, "HUMAN", False),
        ]
    with Ledger.open(path) as ledger:
        # A check by code came after a person; two people said two things at the same instant.
        assert ledger.cursor().execute(query).fetchall() == [
            ("t-04", 1, "HUMAN", False),
            ("t-06", None, None, True),
        ]
        assert verify_ledger(ledger.cursor()).problems == ()


@pytest.mark.parametrize(
    ("version", "at", "moment"),
    [
        (1, 3, "before"),
        (1, 5, "inside"),
        (4, 5, "inside"),
        (5, 6, "inside"),
        (6, 7, "inside"),
        (7, 8, "inside"),
        (9, 10, "inside"),
        (10, 11, "inside"),
        (11, 12, "inside"),
    ],
)
def test_an_upgrade_that_is_killed_goes_on_at_the_next_start_and_loses_nothing(
    version: int, at: int, moment: str, tmp_path: Path
) -> None:
    path = tmp_path / "my.duckdb"
    before = earlier(version, path)
    words = [
        sys.executable,
        "-m",
        "tests.worlds.running.killed_upgrade",
        str(path),
        str(at),
        moment,
    ]
    killed = subprocess.run(words, cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    with duckdb.connect(str(path), read_only=True) as connection:
        reached = connection.execute("SELECT max(version) FROM migrations").fetchone()
    assert reached == (at - 1,)
    with Ledger.open(path) as ledger:
        assert held_by(ledger, before) == before
        adopt_unrecorded(Office.of(ledger))
        assert verify_ledger(ledger.cursor()).ok
