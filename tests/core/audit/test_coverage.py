"""Every table and column of a ledger: a changed cell is found, or said not to be covered."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.audit.coverage import COVERED, NOT_COVERED
from core.audit.held import held_beside
from core.audit.verify import verify_ledger
from core.gate.decision_log import DecisionLog, decide_logged
from core.gate.gate import Gate, Question
from core.governance.people import accounts, people
from core.governance.people import api_tokens as tokens
from core.governance.people.accounts import Account
from core.governance.people.people import set_status
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.ledger.sql import quoted
from core.monitoring import audit_draw as audit
from core.monitoring.rounds import rounds
from core.notices.outbox import Draft, write
from core.queries.base.selection import Selection
from tests.worlds.claims.lakes import load_log, write_small_lake
from tests.worlds.governed.governed import Clock, Governed

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

#: What a problem says of the tables that it does not call by name.
_SAID = {
    "acts": r"[Ee]ntry|[Ee]ntries",
    "checkpoints": r"checkpoint|tree stored",
    "evidence": r"[Ee]vidence",
    "seal_blocks": r"block digests|Block digests",
    "quarantine_resolved": r"quarantine_resolved",
    **{
        f"kept_{name}": rf"kept_{name}\b|not as loaded"
        for name in ("cells", "days", "ages", "values", "steps", "lines", "signals", "dimensions")
    },
}


@dataclass(frozen=True)
class Story:
    """A ledger with rows in every table."""

    governed: Governed
    cursor: duckdb.DuckDBPyConnection

    def problems_after(self, change: str, *parameters: Any) -> tuple[str, ...]:
        """What is found after a change, which is undone."""
        self.cursor.execute("BEGIN")
        try:
            self.cursor.execute(change, list(parameters))
            return tuple(one.words for one in verify_ledger(self.cursor).problems)
        finally:
            self.cursor.execute("ROLLBACK")


def _claims(folder: Path, number: int, *records: dict[str, Any]) -> Path:
    path = folder / f"{number}.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def _claim(event: str, **fields: Any) -> dict[str, Any]:
    made = {"event_id": event, "ts": "2026-11-01T10:00:00Z", "signal": "triage"}
    return {**made, "confidence": 0.9, "model_version": "m1", "prompt_version": "p1", **fields}


def _full() -> dict[str, Any]:
    return {
        "params_version": "q", "calibrator_version": "c", "elicitation": "verbal",
        "elicitation_order": "after", "input_id": "i", "action": "review", "trace_id": "t",
        "span_id": "u", "label_propensity": 0.5, "note": "free", "segments": {"language": "hi"},
        "outcome": 1, "outcome_ts": "2026-11-01T12:00:00Z", "outcome_source": "HUMAN",
    }  # fmt: skip


def _ask(governed: Governed, *events: str) -> None:
    gate, log = Gate(governed.office), DecisionLog(governed.office)
    decide_logged(
        gate,
        log,
        [
            Question.of(_claim(event, segments={"language": "hi"}, event_id=event))
            for event in events
        ],
    )


def _told(governed: Governed, folder: Path) -> None:
    office = governed.office
    # Cells of a signal whose claims are elsewhere.
    write_small_lake(folder / "log")
    load_log(office, folder / "log", folder / "built")
    import_recorded(
        office,
        _claims(
            folder,
            1,
            _claim("full", **_full()),
            _claim("timed", outcome=1, outcome_ts="2026-11-01T12:00:00Z"),
            *(_claim(f"e{i}", segments={"language": "de"}) for i in range(40)),
            _claim("twice-1", input_id="same"),
            _claim("twice-2", input_id="same"),
            _claim("bad", confidence="much"),
            {"event_id": "early", "outcome": 1},
        ),
        now=governed.clock.now,
    )
    import_recorded(
        office,
        _claims(
            folder,
            2,
            _claim("bad", confidence=0.4, quarantine_id=1),
            _claim("other", signal="other", segments={"team": "x"}),
            {"event_id": "full", "outcome": 0, "outcome_source": "CODE"},
        ),
        now=governed.clock.now + timedelta(hours=1),
    )
    import_recorded(
        office,
        _claims(
            folder,
            3,
            {
                **{"event_id": "full", "signal": "triage", "queue": "desk", "reviewer": "r-1"},
                **{"handed_at": "2026-11-01T11:00:00Z", "taken_at": "2026-11-01T11:10:00Z"},
                **{
                    "decided_at": "2026-11-01T11:20:00Z",
                    "decision": "refund",
                    "agreed": 0,
                    "seeded": 1,
                },
            },
        ),
        now=governed.clock.now + timedelta(hours=2),
    )
    governed.validate()
    admin = governed.actor("user:desk/admin", "token.created", None)
    tokens.create(office, admin, "desk", ["read"])
    made, _ = tokens.create(office, admin, "gone", ["decide"])
    tokens.revoke(office, admin, made.token_id)
    with office.acting() as desk:
        people.enter(desk, "user:desk/ann", "Ann Lee")
        gone = people.enter(desk, "user:desk/gone", "Gone")
    accounts.bind(office, admin, gone, Account("https://login.example.org", "gone-1"))
    people.forget(office, admin, gone)
    ann = Account("https://login.example.org", "ann-1")
    accounts.bind(office, admin, governed.sub("user:desk/ann"), ann)
    set_status(office, admin, governed.sub("user:desk/bob"), "away", date(2026, 12, 1))
    owner = governed.actor("user:desk/ann", "audit.drawn")
    audit.draw(office, owner, Selection("triage"), {None: 15})
    _ask(governed, "d1", "d2")
    rounds(office)
    _ask(governed, "d3", "d4")
    _ask(governed, "d5")
    draft = Draft("mail", "immediate", "s", "b", ("n-1/1",))
    with governed.ledger.transaction() as cursor:
        write(cursor, [draft, draft], governed.clock.now)
        cursor.execute("UPDATE notices SET sent_at = written_at, error = 'x' WHERE notice_no = 2")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with Ledger.in_memory() as ledger:
        governed = Governed(ledger, Clock())
        governed.apply()
        _told(governed, tmp_path_factory.mktemp("covered"))
        yield Story(governed, ledger.cursor())


def _columns() -> list[tuple[str, str]]:
    """Every table and column of a new ledger, whatever this program's migrations made of it."""
    with Ledger.in_memory() as ledger:
        rows = ledger.cursor().execute(
            "SELECT table_name, column_name FROM information_schema.columns ORDER BY ALL"
        )
        return [(str(table), str(column)) for table, column in rows.fetchall()]


_TABLES = sorted({table for table, _ in _columns()})
_SEGMENTS = [("claims", "seg_language"), ("claims", "seg_team")]


def _is_named(table: str, problems: tuple[str, ...]) -> bool:
    said = re.compile(_SAID.get(table, rf"\b{table}\b"))
    return any(said.search(words) for words in problems)


def _another(value: Any, type_: str) -> Any:
    if type_ == "BOOLEAN":
        return not value
    if type_ == "TINYINT":
        return 1 - value if value is not None else 1
    if type_ in ("SMALLINT", "INTEGER", "BIGINT", "HUGEINT"):
        return 7 if value is None else value - 1
    if type_ == "DOUBLE":
        return 0.125 if value is None else value + 1e-9
    if type_ == "DATE":
        return value + timedelta(days=1)
    if type_ == "TIMESTAMP":
        return (value or datetime(2026, 1, 1)) + timedelta(microseconds=1)
    if type_ == "VARCHAR[]":
        return [*(value or ()), "x"]
    return f"{value or ''}x"


def test_an_untouched_ledger_is_intact_and_says_what_is_not_covered(story: Story) -> None:
    report = verify_ledger(story.cursor)
    assert report.problems == ()
    said = "\n".join(report.lines())
    for table, (columns, _) in NOT_COVERED.items():
        assert f"the table {table}" in said
        if table in COVERED:
            assert all(column in said for column in columns)


def test_the_auditors_guide_names_what_is_not_covered() -> None:
    guide = files("dashboard").joinpath("guide", "auditor.md").read_text(encoding="utf-8")
    for table, (columns, _) in NOT_COVERED.items():
        named = columns if table in COVERED else ()
        assert all(f"`{one}`" in guide for one in (table, *named))


def test_every_table_and_column_is_covered_or_said_not_to_be() -> None:
    declared = {(table, column) for table, columns in COVERED.items() for column in columns}
    bare = {(table, column) for table, (columns, _) in NOT_COVERED.items() for column in columns}
    assert not declared & bare
    assert declared | bare == set(_columns())


def test_every_table_of_the_story_has_rows_and_every_column_a_value(story: Story) -> None:
    for table, column in [*_columns(), *_SEGMENTS]:
        rows = story.cursor.execute(f"SELECT count({quoted(column)}) FROM {table}").fetchall()
        assert rows != [(0,)], (table, column)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("table", "column"), [*_columns(), *_SEGMENTS])
def test_a_changed_cell_is_found_or_said_not_to_be_covered(
    story: Story, table: str, column: str, every: bool
) -> None:
    if column in NOT_COVERED.get(table, ((), ""))[0]:
        return
    name = quoted(column)
    ((type_,),) = story.cursor.execute(
        "SELECT data_type FROM information_schema.columns WHERE table_name = ? AND column_name = ?",
        [table, column],
    ).fetchall()
    rows = story.cursor.execute(f"SELECT rowid, {name} FROM {table} ORDER BY rowid").fetchall()
    # A row without a value where there is one, else the last; in the night the ends too.
    bare = [row for row in rows if row[1] is None][:1]
    for rowid, value in [rows[0], rows[-1]] if every else bare or [rows[-1]]:
        other = _another(value, type_)
        found = story.problems_after(f"UPDATE {table} SET {name} = ? WHERE rowid = ?", other, rowid)
        # An outcome that only the claim has is sealed with the log of outcomes.
        named = ("claims", "outcomes") if column == "outcome_own" else (table,)
        said = any(_is_named(one, found) for one in named)
        assert said, f"{table}.{column}: {value!r} → {other!r}: {found}"


@pytest.mark.parametrize("table", _TABLES)
@pytest.mark.parametrize("place", ["ASC", "DESC"])
def test_a_row_taken_away_is_found(story: Story, table: str, place: str) -> None:
    if table not in COVERED:
        return
    found = story.problems_after(
        f"DELETE FROM {table} WHERE rowid = "
        f"(SELECT rowid FROM {table} ORDER BY rowid {place} LIMIT 1)"
    )
    assert _is_named(table, found), found


@pytest.mark.parametrize("table", _TABLES)
def test_a_row_put_in_again_is_found(story: Story, table: str) -> None:
    if table not in COVERED:
        return
    found = story.problems_after(
        f"INSERT INTO {table} SELECT * FROM {table} ORDER BY rowid DESC LIMIT 1"
    )
    assert _is_named(table, found), found


#: A row that nobody had before, as a change to a copy of one.
_FORGED = {
    "accounts": "sha256('x') AS account",
    "acts": "seq + 1 AS seq",
    "audit_claims": "'a-forged' AS audit_id",
    "checkpoints": "size + 1 AS size",
    "claims": "'forged' AS event_id, import_row + 100 AS import_row",
    "decision_head": "first_no + 1 AS first_no",
    "decisions": "decision_no + 1 AS decision_no, 'automate' AS action",
    "evidence": "sha256('x') AS sha256, 'x' AS bundle",
    "handoffs": "'forged' AS event_id, import_row + 100 AS import_row",
    "imports": "import_id + 1 AS import_id",
    "kept_ages": "week + 1 AS week",
    "kept_cells": "week + 1 AS week",
    "kept_days": "day + 1 AS day",
    "kept_dimensions": "'forged' AS dimension",
    "kept_lines": "line + 1 AS line, 'forged' AS model_version",
    "kept_signals": "'forged' AS signal",
    "kept_steps": "week + 1 AS week",
    "kept_values": "day + 1 AS day",
    "migrations": "version + 1 AS version, 'forged' AS name",
    "outcomes": "'forged' AS event_id, import_row + 100 AS import_row",
    "people": "'p-00000000000000ff' AS sub, 'user:risk/eve' AS handle",
    "quarantine": "quarantine_id + 1 AS quarantine_id",
    "quarantine_resolved": "quarantine_id + 1 AS quarantine_id",
    "seal_blocks": "'import-9/claims' AS seal",
    "segment_dimensions": "'forged' AS dimension",
    "signals": "'forged' AS signal",
    "tokens": "'t-forged' AS token_id, sha256('secret') AS token_sha256",
}


@pytest.mark.parametrize("table", sorted(COVERED))
def test_a_forged_row_is_found(story: Story, table: str) -> None:
    found = story.problems_after(
        f"INSERT INTO {table} SELECT * REPLACE ({_FORGED[table]}) FROM {table} "
        "ORDER BY rowid DESC LIMIT 1"
    )
    assert _is_named(table, found), found


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("CREATE TABLE extra (x INTEGER)", "table that this program does not make: extra"),
        ("CREATE VIEW forged AS SELECT 1 AS x", "view that this program does not make: forged"),
        ("CREATE MACRO sha256(x) AS 'same'", "macro that this program does not make: sha256"),
        ("CREATE MACRO duckdb_views() AS TABLE SELECT 1 AS x", "macro .*: duckdb_views"),
        ("CREATE SEQUENCE s", "sequence that this program does not make: s"),
        ("CREATE TYPE mood AS ENUM ('a')", "type that this program does not make: mood"),
        ("CREATE SCHEMA other", "schema that this program does not make: other"),
        ("CREATE INDEX i ON signals (signal)", "index that this program does not make: i"),
        ("ALTER TABLE people ADD COLUMN x INTEGER", "column .*: people.x"),
        ("ALTER TABLE claims ADD COLUMN seg_x VARCHAR", "column .*: claims.seg_x"),
        ("ALTER TABLE notices ALTER attempts TYPE VARCHAR", "lacks the column notices.attempts"),
        ("DROP TABLE notices", "lacks the table notices"),
        ("DROP TABLE segment_dimensions", "lacks the table segment_dimensions"),
    ],
)
def test_what_the_program_does_not_make_is_named(story: Story, change: str, words: str) -> None:
    found = story.problems_after(change)
    assert any(re.search(words, one) for one in found), found


# -- ledgers of an earlier version -----------------------------------------------------------------


def _without(*, acts: str, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let acts of a kind be written as an earlier version wrote them: without these fields."""
    from core.trail.acts import Act

    written = Act.to_text

    def shorter(self: Act, *, log: str, prev: str) -> str:
        text = written(self, log=log, prev=prev)
        if not self.kind.startswith(acts):
            return text
        read = json.loads(text)
        for name in names:
            read["body"].pop(name, None)
        return json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    monkeypatch.setattr(Act, "to_text", shorter)


@pytest.fixture
def older(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Governed]:
    """A ledger whose acts carry nothing of what this version added."""
    for acts, names in (
        ("trail.started", ("answers_signed_from",)),
        ("decisions.sealed", ("answers_signed_from", "answers_as_signed")),
        ("token.created", ("secret_sha256",)),
        ("person.added", ("names",)),
        ("import.recorded", ("dimensions",)),
    ):
        _without(acts=acts, names=names, monkeypatch=monkeypatch)
    with Ledger.in_memory() as ledger:
        governed = Governed(ledger, Clock())
        # Names count without their salt only where acts carry none.
        monkeypatch.setattr("core.governance.people.names._salt", lambda: None)
        monkeypatch.setattr("core.governance.people.names._commitment", lambda *_: "")
        governed.apply()
        path = _claims(tmp_path, 1, _claim("a", segments={"language": "de"}))
        import_recorded(governed.office, path)
        admin = governed.actor("user:desk/admin", "token.created", None)
        tokens.create(governed.office, admin, "desk", ["read"])
        _ask(governed, "d1")
        with ledger.transaction() as cursor:
            cursor.execute("DELETE FROM decision_head")
        monkeypatch.undo()
        yield governed


def test_a_ledger_of_an_earlier_version_verifies_and_says_what_it_cannot_cover(
    older: Governed,
) -> None:
    report = verify_ledger(older.ledger.cursor())
    assert report.problems == ()
    said = "\n".join(report.remarks)
    assert re.search("6 people were entered by an earlier version", said)
    assert re.search(r"The secrets of t-\w+ are not covered", said)
    assert "1 answer of the gate came after the last seal and nothing signs them" in said
    assert "1 segment dimension came with imports" in said


def test_what_an_earlier_version_entered_is_covered_from_the_next_act_on(older: Governed) -> None:
    _ask(older, "d2")
    rounds(older.office)
    _ask(older, "d3")
    with older.office.acting() as desk:
        people.enter(desk, "user:desk/ann")
    cursor = older.ledger.cursor()
    report = verify_ledger(cursor)
    assert report.problems == ()
    said = "\n".join(report.remarks)
    assert "5 people were entered" in said
    assert "1 answer of the gate came after the last seal; a signature covers them." in said
    cursor.execute("UPDATE decisions SET action = 'automate' WHERE decision_no = 3")
    assert not verify_ledger(cursor).ok


# -- the checkpoint file ---------------------------------------------------------------------------


@pytest.fixture
def filed(tmp_path: Path) -> Iterator[tuple[Ledger, Governed]]:
    """A governed ledger in a file, whose office writes checkpoints beside it."""
    with Ledger.open(tmp_path / "l.duckdb", create=True) as ledger:
        governed = Governed(ledger, Clock())
        governed.office = Office.of(ledger, clock=governed.clock)
        governed.apply()
        yield ledger, governed


def _rolled_back(ledger: Ledger, size: int) -> None:
    with ledger.transaction() as cursor:
        cursor.execute(f"DELETE FROM acts WHERE seq >= {size}")
        cursor.execute(f"DELETE FROM checkpoints WHERE size > {size}")
        cursor.execute(
            "DELETE FROM people WHERE NOT EXISTS "
            "(SELECT 1 FROM acts WHERE contains(entry, people.sub))"
        )


def test_a_missing_checkpoint_file_is_a_problem(filed: tuple[Ledger, Governed]) -> None:
    ledger, _ = filed
    assert ledger.path is not None
    assert verify_ledger(ledger.cursor(), held=held_beside(ledger.path)).ok
    ledger.path.with_name("l.duckdb.checkpoints").unlink()
    report = verify_ledger(ledger.cursor(), held=held_beside(ledger.path))
    assert [one.words for one in report.problems if "is missing, and every act" in one.words]


def test_a_trail_that_has_not_begun_needs_no_checkpoint_file(tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "l.duckdb", create=True) as ledger:
        assert verify_ledger(ledger.cursor(), held=held_beside(tmp_path / "l.duckdb")).ok


def test_an_anchor_outside_finds_a_rollback_whose_checkpoint_file_was_rolled_back_too(
    tmp_path: Path,
) -> None:
    path, outside = tmp_path / "l.duckdb", tmp_path / "elsewhere" / "kept.txt"
    outside.parent.mkdir()
    path.with_name("l.duckdb.anchors").write_text(f"file {outside}\n")
    with Ledger.open(path, create=True) as ledger:
        governed = Governed(ledger, Clock())
        governed.office = Office.of(ledger, clock=governed.clock)
        governed.apply()
        size, beside = governed.office.state().size, path.with_name("l.duckdb.checkpoints")
        older = beside.read_text()
        admin = governed.actor("user:desk/admin", "person.status", None)
        set_status(governed.office, admin, governed.sub("user:desk/bob"), "left")
        _rolled_back(ledger, size)
        beside.write_text(older)
        cursor = ledger.cursor()
        assert verify_ledger(cursor).ok
        report = verify_ledger(cursor, held=held_beside(path))
        (problem,) = report.problems
        assert "kept.txt holds a checkpoint of" in problem.words
        assert "an older ledger was put back" in problem.words
