"""Sealed rows: whatever is altered, added or removed is found, with its place."""

from __future__ import annotations

import hashlib
import json
import random
import struct
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.trail.acts import Act, Actor
from core.trail.canonical_json import canonical
from core.trail.seals import sealed_blocks
from core.trail.seals.row_seals import check_seals, seal_decisions, seal_import
from core.trail.seals.sealed_blocks import BLOCK
from tests.worlds.running.begun import in_memory_copy

_NOW = datetime(2026, 11, 23, 12)
_SYSTEM = Actor("system", "system", via="system")
_N = 3 * BLOCK


def _claim(event: str, **fields: Any) -> dict[str, Any]:
    made = {"event_id": event, "ts": "2026-11-02T10:00:00Z", "signal": "s", "confidence": 0.9}
    return {**made, **fields}


class Sealed:
    """A ledger whose imports are sealed."""

    def __init__(self, folder: Path, ledger: Ledger | None = None) -> None:
        self.folder, self.ledger = folder, ledger or Ledger.in_memory()
        self.acts: list[Act] = []
        self.imports = 0

    def take(self, *records: dict[str, Any], sealed: bool = True) -> None:
        self.imports += 1
        path = self.folder / f"{self.imports}.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records))
        now = _NOW + timedelta(days=self.imports)

        def seal(cursor: duckdb.DuckDBPyConnection, import_id: int) -> None:
            body = {"import_id": import_id, "seals": seal_import(cursor, import_id)}
            self.record("import.recorded", body)

        import_file(self.ledger, path, now=now, recorded=seal if sealed else None)

    def record(self, kind: str, body: dict[str, Any]) -> None:
        self.acts.append(Act(len(self.acts) + 1, _NOW, kind, _SYSTEM, body=body))

    def decide(self, first: int, last: int) -> None:
        self.change(
            f"""
            INSERT INTO decisions
            SELECT i, 'd' || i, TIMESTAMP '2026-11-24', 's', NULL, '0.9', 900000, '{{}}', '{{}}',
                   'review', 'bands', 'reason', NULL, 3
            FROM range({first}, {last + 1}) AS t(i)
            """
        )

    def seal_decisions(self, first: int, last: int) -> None:
        with self.ledger.transaction() as cursor:
            seals = seal_decisions(cursor, first, last)
        self.record("decisions.sealed", {"first": first, "last": last, "seals": seals})

    def change(self, sql: str) -> None:
        self.ledger.cursor().execute(sql)

    def words(self) -> list[str]:
        return [problem.words for problem in check_seals(self.ledger.cursor(), self.acts)]

    def words_after(self, change: str) -> list[str]:
        """What is found when the ledger is altered; it is put back afterwards."""
        with self.ledger.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(change)
            found = [problem.words for problem in check_seals(cursor, self.acts)]
            cursor.execute("ROLLBACK")
        return found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    return _two_imports(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="module")
def untouched(shared: Sealed) -> Path:
    path = shared.folder / "untouched.duckdb"
    shared.ledger.backup(path)
    return path


@pytest.fixture
def sealed(shared: Sealed, untouched: Path, tmp_path: Path) -> Iterator[Sealed]:
    with in_memory_copy(untouched) as ledger:
        made = Sealed(tmp_path, ledger)
        made.acts, made.imports = list(shared.acts), shared.imports
        yield made


def _two_imports(folder: Path) -> Sealed:
    made = Sealed(folder)
    made.take(
        _claim("e1", outcome=1, segments={"language": "de"}, input_id="i"),
        _claim("e2", confidence=None, note="free"),
        _claim("e3", confidence="x"),
        {"event_id": "e9", "outcome": 0},
    )
    made.take(
        _claim("e4", label_propensity=0.25, outcome=0),
        {"event_id": "e1", "outcome": 0, "outcome_source": "HUMAN"},
        {"event_id": "e2", "outcome": 1, "outcome_ts": "2026-11-05T10:00:00Z"},
        _claim("e3", confidence=0.7, quarantine_id=1),
    )
    return made


def test_untouched_rows_are_as_they_were_sealed(sealed: Sealed):
    assert sealed.words() == []
    rows = [{one["seal"]: one["rows"] for one in act.body["seals"]} for act in sealed.acts]
    assert rows == [
        {
            "import-1/claims": 2, "import-1/outcomes": 2, "import-1/quarantine": 1,
            "import-1/quarantine_resolved": 0, "import-1/imports": 1,
        },
        {
            "import-2/claims": 2, "import-2/outcomes": 3, "import-2/quarantine": 0,
            "import-2/quarantine_resolved": 1, "import-2/imports": 1,
        },
    ]  # fmt: skip


def test_seals_are_values_that_an_act_can_carry(sealed: Sealed):
    for act in sealed.acts:
        assert Act.of_text(act.to_text(log="t", prev="")) == act


def test_a_block_is_hashed_as_it_is_written_down(tmp_path: Path):
    sealed = Sealed(tmp_path)
    # Without its constraints; columns in which no row has a value are not hashed.
    sealed.change("CREATE OR REPLACE TABLE claims AS SELECT * FROM claims")
    sealed.change(
        "INSERT INTO claims (confidence_raw, trace_id, import_id, import_row) "
        "VALUES (0.5, NULL, 1, 7), (NULL, 'é', 1, 2)"
    )
    header = canonical(
        {
            "rows": 2,
            "columns": [
                ["confidence_raw", "f", True],
                ["import_id", "i", False],
                ["import_row", "i", False],
                ["trace_id", "t", True],
            ],
        }
    ).encode()
    by_hand = hashlib.sha256(
        header + b"\n"
        + b"\x00\x01" + struct.pack("<2d", 0, 0.5)
        + struct.pack("<2q", 1, 1)
        + struct.pack("<2q", 2, 7)
        + b"\x01\x00" + struct.pack("<2i", 2, 0) + "é".encode()
    ).hexdigest()  # fmt: skip
    digest = seal_import(sealed.ledger.cursor(), 1)[0]["digest"]
    assert digest == hashlib.sha256(f"0 {by_hand}\n".encode()).hexdigest()


def test_a_segment_that_arrives_later_breaks_no_earlier_seal(sealed: Sealed):
    sealed.take(_claim("e7", segments={"tier": "gold"}))
    assert sealed.words() == []
    sealed.change("UPDATE claims SET seg_tier = 'gold' WHERE event_id = 'e1'")
    assert any("Not as entry 1 sealed them: claims of import 1" in w for w in sealed.words())


def test_a_corrected_outcome_breaks_no_seal(sealed: Sealed):
    sealed.take({"event_id": "e4", "outcome": 1}, {"event_id": "e4", "outcome": 0, "signal": "s"})
    assert sealed.words() == []


def test_outcomes_of_one_import_in_two_tables_are_sealed_as_one(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch
):
    sealed.take(*(_claim(f"f{i}", outcome=1) for i in range(_N)))
    corrected = range(0, _N, 1000)
    sealed.take(*({"event_id": f"f{i}", "outcome": 0} for i in corrected), _claim("g", outcome=1))
    logged = sealed.ledger.cursor().execute("SELECT count(*) FROM outcomes WHERE import_id = 3")
    assert logged.fetchall() == [(len(corrected),)]
    assert sealed.words() == []
    monkeypatch.setattr(sealed_blocks, "_SORTED", BLOCK)
    assert sealed.words() == []


def test_the_order_in_which_rows_are_stored_does_not_matter(sealed: Sealed):
    for table in ("claims", "outcomes"):
        sealed.change(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {table} ORDER BY import_row DESC"
        )
    assert sealed.words() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE claims SET signal = 't' WHERE event_id = 'e2'", "claims of import 1"),
        ("UPDATE claims SET confidence_raw = 0.90000000000000002 + 1e-16 WHERE event_id = 'e4'",
         "claims of import 2"),
        ("UPDATE claims SET ts = ts + INTERVAL 1 MICROSECOND WHERE event_id = 'e1'", "claims of"),
        ("UPDATE claims SET ts = 'infinity' WHERE event_id = 'e1'", "claims of import 1"),
        ("UPDATE claims SET confidence_raw = 'nan' WHERE event_id = 'e1'", "claims of import 1"),
        ("UPDATE claims SET input_id = '' WHERE event_id = 'e2'", "claims of import 1"),
        ("UPDATE claims SET input_id = NULL WHERE event_id = 'e1'", "claims of import 1"),
        ("UPDATE claims SET trace_id = input_id, input_id = NULL WHERE event_id = 'e1'",
         "claims of import 1"),
        ("UPDATE claims SET import_row = 99 WHERE event_id = 'e1'", "claims of import 1"),
        ("UPDATE claims SET import_row = 2::BIGINT ** 62 WHERE event_id = 'e1'", "claims of"),
        ("UPDATE claims SET import_row = -5 WHERE event_id = 'e1'", "claims of import 1"),
        ("UPDATE claims SET import_id = 2 WHERE event_id = 'e1'", "claims of import 1"),
        ("DELETE FROM claims WHERE event_id = 'e2'", "2 rows were sealed and there are 1"),
        ("DELETE FROM claims", "2 rows were sealed and there are 0"),
        ("INSERT INTO claims SELECT * FROM claims", "2 rows were sealed and there are 4"),
        ("INSERT INTO claims SELECT * REPLACE (7 AS import_row) FROM claims WHERE event_id = 'e1'",
         "2 rows were sealed and there are 3"),
        ("INSERT INTO claims SELECT * REPLACE (9 AS import_id) FROM claims WHERE event_id = 'e1'",
         "claims has 1 row of import 9, which no entry records"),
        ("UPDATE outcomes SET outcome = 1 WHERE event_id = 'e9'", "outcomes of import 1"),
        ("UPDATE outcomes SET signal = 's' WHERE event_id = 'e9'", "outcomes of import 1"),
        ("DELETE FROM outcomes WHERE event_id = 'e9'", "outcomes of import 1"),
        ("UPDATE quarantine SET record = '{}'", "quarantine of import 1"),
        ("DELETE FROM quarantine", "quarantine of import 1"),
        ("DELETE FROM quarantine_resolved", "quarantine_resolved of import 2"),
        ("INSERT INTO quarantine_resolved VALUES (1, 1)", "quarantine_resolved of import 1"),
        ("UPDATE imports SET n_read = 9 WHERE import_id = 1", "imports of import 1"),
        ("UPDATE imports SET notices = ['a,b'] WHERE import_id = 1", "imports of import 1"),
        ("DELETE FROM imports WHERE import_id = 2", "imports of import 2"),
        ("ALTER TABLE claims ADD COLUMN extra VARCHAR DEFAULT 'x'", "claims of import 1"),
        ("UPDATE seal_blocks SET digest = repeat('0', 64) WHERE seal = 'import-1/claims'",
         "The kept block digests of import-1/claims were altered"),
        ("DELETE FROM seal_blocks WHERE seal = 'import-1/claims'", "kept block digests"),
        ("INSERT INTO seal_blocks SELECT * FROM seal_blocks", "kept block digests"),
        ("INSERT INTO seal_blocks VALUES ('import-7/claims', 0, '')", "which no entry seals"),
        ("UPDATE claims SET outcome = 1 WHERE event_id = 'e1'", "1 claim has an outcome in force"),
        ("UPDATE claims SET outcome = NULL WHERE event_id = 'e1'", "row 1 of import 1"),
        ("UPDATE claims SET outcome_ts = ts WHERE event_id = 'e1'", "row 1 of import 1"),
        ("UPDATE claims SET outcome_known_at = ts WHERE event_id = 'e4'", "outcomes of import 2"),
        ("UPDATE claims SET outcome_own = NULL WHERE event_id = 'e4'", "outcomes of import 2"),
        ("UPDATE claims SET outcome_source = 'CODE' WHERE event_id = 'e1'", "row 1 of import 1"),
        ("UPDATE claims SET outcome_corrected = NOT outcome_corrected", "4 claims have outcomes"),
        ("UPDATE claims SET outcome = 1 WHERE event_id = 'e3'", "row 4 of import 2"),
    ],
)  # fmt: skip
def test_an_alteration_is_found_and_named(shared: Sealed, change: str, words: str):
    found = shared.words_after(change)
    assert any(words in one for one in found), found


def test_an_import_that_no_entry_records_is_found_in_every_table(sealed: Sealed):
    sealed.take(_claim("e8", outcome=1), _claim("e9", confidence="x"), sealed=False)
    found = [one for one in sealed.words() if "which no entry records" in one]
    assert {one.split(" has ")[0] for one in found} == {
        "claims", "outcomes", "quarantine", "imports",
    }  # fmt: skip


def test_an_import_that_is_recorded_twice_is_found(sealed: Sealed):
    sealed.record("import.recorded", dict(sealed.acts[0].body))
    assert any("Entry 3 seals import-1/claims again, after entry 1" in w for w in sealed.words())


@pytest.mark.parametrize(
    "altered",
    [
        lambda seals: seals[1:],
        lambda seals: [],
        lambda seals: None,
        lambda seals: [*seals, seals[0]],
        lambda seals: [{"seal": "x"}],
        lambda seals: [[], *seals[1:]],
    ],
)
def test_an_entry_that_does_not_carry_its_seals_is_found(
    sealed: Sealed, altered: Callable[[Any], Any]
):
    body = dict(sealed.acts[0].body)
    body["seals"] = altered(body["seals"])
    sealed.acts[0] = Act(1, _NOW, "import.recorded", _SYSTEM, body=body)
    assert any("Entry 1 does not carry the seals" in one for one in sealed.words())


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Sealed:
    made = Sealed(tmp_path_factory.mktemp("large"))
    made.take(*(_claim(f"e{i}", outcome=i % 2) for i in range(_N)))
    return made


def test_the_rows_of_a_broken_block_are_named(large: Sealed):
    assert large.words() == []
    change = f"UPDATE claims SET split = 'tuning' WHERE import_row IN (5, {2 * BLOCK})"
    assert large.words_after(change) == [
        "Not as entry 1 sealed them: claims of import 1 in import_row 1–4095, 8192–12287."
    ]


@pytest.mark.parametrize("at_once", [1000, BLOCK, BLOCK + 1, 3 * BLOCK])
def test_blocks_are_the_same_however_many_rows_are_read_at_once(
    large: Sealed, monkeypatch: pytest.MonkeyPatch, at_once: int
):
    monkeypatch.setattr(sealed_blocks, "_AT_ONCE", at_once)
    assert large.words() == []


def test_without_the_block_digests_it_is_still_found_but_not_where(large: Sealed):
    words = large.words_after(
        "UPDATE claims SET split = 'tuning' WHERE import_row = 5; "
        "DELETE FROM seal_blocks WHERE block = 1"
    )
    assert any("claims of import 1 (where is not known" in one for one in words)


def test_decisions_are_sealed_range_by_range(sealed: Sealed):
    sealed.decide(1, 7)
    sealed.seal_decisions(1, 3)
    sealed.seal_decisions(4, 5)
    assert sealed.words() == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE decisions SET action = 'automate' WHERE decision_no = 2", "decisions 1 to 3"),
        ("UPDATE decisions SET state = 'validated' WHERE decision_no = 5", "decisions 4 to 5"),
        ("DELETE FROM decisions WHERE decision_no = 2", "3 rows were sealed and there are 2"),
        ("INSERT INTO decisions SELECT * FROM decisions WHERE decision_no = 2", "there are 4"),
        ("UPDATE decisions SET decision_no = 0 WHERE decision_no = 7", "with a number below 1"),
    ],
)
def test_an_altered_decision_is_found(sealed: Sealed, change: str, words: str):
    sealed.decide(1, 7)
    sealed.seal_decisions(1, 3)
    sealed.seal_decisions(4, 5)
    sealed.change(change)
    assert any(words in one for one in sealed.words())


def test_a_decision_between_two_seals_is_found(sealed: Sealed):
    sealed.decide(1, 9)
    sealed.seal_decisions(1, 3)
    sealed.seal_decisions(5, 9)
    assert sealed.words() == ["1 row of decisions from 4 to 4: sealed by no entry."]


def test_decisions_sealed_twice_are_found(sealed: Sealed):
    sealed.decide(1, 9)
    sealed.seal_decisions(1, 5)
    sealed.seal_decisions(5, 9)
    assert sealed.words() == ["Decisions 5 to 9 are sealed more than once."]


@pytest.mark.parametrize(
    "seed", [0, 1, *(pytest.param(one, marks=pytest.mark.slow) for one in range(2, 20))]
)
def test_the_outcome_in_force_is_worked_out_as_the_importer_does(tmp_path: Path, seed: int):
    """Random imports of claims and outcomes: early, late, doubled, corrected.

    Nothing was altered, so whatever the importer keeps in force must be what the log gives.
    """
    rng, sealed = random.Random(seed), Sealed(tmp_path)
    for _ in range(6):
        records = []
        for _ in range(rng.randint(1, 12)):
            event = f"e{rng.randint(1, 6)}"
            label: dict[str, Any] = {"outcome": rng.randint(0, 1)}
            if rng.random() < 0.6:
                label["outcome_ts"] = f"2026-11-{rng.randint(1, 28):02}T00:00:00Z"
            if rng.random() < 0.3:
                label["outcome_source"] = rng.choice(("HUMAN", "CODE"))
            kind = rng.random()
            if kind < 0.3:
                records.append(_claim(event, signal=rng.choice("st")))
            elif kind < 0.6:
                records.append(_claim(event, signal=rng.choice("st"), **label))
            else:
                signal = {"signal": rng.choice("st")} if rng.random() < 0.4 else {}
                records.append({"event_id": event, **label, **signal})
        sealed.take(*records)
    assert sealed.words() == []


def test_a_seal_does_not_hang_on_how_its_columns_were_looked_through(
    shared: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_blocks, "_MANY", 0)
    assert shared.words() == []
