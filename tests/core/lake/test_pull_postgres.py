"""Rows out of a real PostgreSQL, by the command that people type."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.ingest.import_file import ImportSummary
from core.lake import postgres as reading
from core.lake import pull as pulling
from core.ledger.connection import Ledger
from dashboard.cli.commands.claims import pulling as command
from dashboard.cli.main import main
from tests.worlds.running.postgres import IN_ADDRESS, PASSWORD, Postgres

TABLE = """
    CREATE TABLE claims (
        id bigserial PRIMARY KEY, event_id text, ts timestamptz, signal text,
        confidence numeric(4, 3), outcome smallint, seg_language text, segments jsonb,
        run uuid DEFAULT gen_random_uuid(), took interval DEFAULT '1 second',
        updated_at timestamptz)
"""


def logged(first: int, last: int, at: str = "'2026-11-02 09:00+00'::timestamptz") -> str:
    """An INSERT of claims, a second apart."""
    return f"""
        INSERT INTO claims (event_id, ts, signal, confidence, seg_language, updated_at)
        SELECT 'e' || n, {at} + n * interval '1 s', 'triage', 0.5 + (n % 5) * 0.1,
               CASE n % 2 WHEN 0 THEN 'de' ELSE 'en' END, {at} + n * interval '1 s'
        FROM generate_series({first}, {last}) AS n
    """


@pytest.fixture
def database(postgres: Postgres) -> Postgres:
    postgres.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public", TABLE)
    return postgres


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "my.duckdb"


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def pull(database: Postgres, ledger: Path, *words: str, by: str = "updated_at") -> Result:
    return run(
        *("pull", database.address, "--ledger", ledger, "--cursor", by),
        *(words or ("--table", "claims")),
    )


def asked(ledger: Path, query: str) -> list[tuple[Any, ...]]:
    with Ledger.open(ledger) as opened, opened.cursor() as cursor:
        return cursor.execute(query).fetchall()


def count(ledger: Path) -> int:
    return int(asked(ledger, "SELECT count(*) FROM claims")[0][0])


def upto(ledger: Path) -> list[str]:
    result = run("pulled", "--ledger", ledger, "--format", "json")
    return [one["upto"] for one in json.loads(result.stdout)]


def test_rows_of_a_table_become_claims_and_a_second_pull_changes_nothing(
    database: Postgres, ledger: Path
) -> None:
    database.run(logged(1, 100))
    first = pull(database, ledger)
    assert first.exit_code == 0, first.output
    assert asked(ledger, "SELECT count(*), min(confidence_ppm), max(seg_language) FROM claims") == [
        (100, 500_000, "en")
    ]
    before = ledger.read_bytes()
    again = pull(database, ledger)
    assert again.exit_code == 0, again.output
    assert count(ledger) == 100
    assert asked(ledger, "SELECT count(*) FROM imports") == [(1,)]
    assert len(before) == ledger.stat().st_size


def test_the_next_pull_goes_on_where_the_last_one_stopped(database: Postgres, ledger: Path) -> None:
    database.run(logged(1, 5000))
    pull(database, ledger, "--table", "claims", "--again", "0")
    database.run(logged(5001, 5010))
    second = pull(database, ledger, "--table", "claims", "--again", "0")
    assert count(ledger) == 5010
    # Its ten new rows, and the one at the position.
    assert second.stdout.splitlines()[1].split()[1:4] == ["11", "10", "1"]
    assert upto(ledger) == ["2026-11-02T10:23:30.000000+00:00"]


def test_rows_that_share_the_last_value_are_not_lost(database: Postgres, ledger: Path) -> None:
    same = "'2026-11-02 09:00+00'::timestamptz - n * interval '1 s'"
    database.run(logged(1, 10, same))
    pull(database, ledger, "--table", "claims", "--again", "0")
    database.run(logged(11, 25, same))
    pull(database, ledger, "--table", "claims", "--again", "0")
    assert count(ledger) == 25


def test_a_row_committed_late_with_an_earlier_value_is_read_all_the_same(
    database: Postgres, ledger: Path
) -> None:
    database.run(logged(1000, 1100))
    pull(database, ledger)
    database.run(logged(900, 950))
    pull(database, ledger)
    assert count(ledger) == 152


def test_an_outcome_written_into_its_row_later_is_attached_and_no_other_claim(
    database: Postgres, ledger: Path
) -> None:
    database.run(logged(1, 3))
    pull(database, ledger)
    database.run("UPDATE claims SET outcome = 1, updated_at = now() WHERE event_id = 'e2'")
    second = pull(database, ledger)
    assert second.exit_code == 0, second.output
    assert asked(ledger, "SELECT event_id FROM claims WHERE outcome = 1") == [("e2",)]
    assert asked(ledger, "SELECT count(*) FROM quarantine") == [(0,)]


def test_a_query_by_a_number_with_names_of_ones_own(database: Postgres, ledger: Path) -> None:
    database.run(logged(1, 20))
    query = "SELECT id AS nr, event_id, ts, confidence AS p FROM claims;"
    words = ("--query", query, "--map", "p=confidence", "--signal", "desk")
    for _ in range(2):
        result = pull(database, ledger, *words, by="nr")
        assert result.exit_code == 0, result.output
    assert asked(
        ledger, "SELECT signal, count(*), any_value(attributes) FROM claims GROUP BY 1"
    ) == [("desk", 20, None)]
    assert upto(ledger) == ["20"]


def test_types_of_postgres_come_as_the_text_that_it_shows(database: Postgres, ledger: Path) -> None:
    database.run(
        logged(1, 1),
        "UPDATE claims SET run = '0b1e1c2a-5d6f-4a7b-8c9d-0e1f2a3b4c5d', "
        """segments = '{"topic": "billing"}'""",
    )
    result = pull(database, ledger)
    assert result.exit_code == 0, result.output
    ((attributes, topic),) = asked(ledger, "SELECT attributes, seg_topic FROM claims")
    assert json.loads(attributes) == {
        "id": "1",
        "run": "0b1e1c2a-5d6f-4a7b-8c9d-0e1f2a3b4c5d",
        "took": "00:00:01",
    }
    assert topic == "billing"


def test_a_wrong_value_costs_its_own_row_alone(database: Postgres, ledger: Path) -> None:
    database.run(
        logged(1, 10),
        "UPDATE claims SET confidence = 7 WHERE event_id = 'e3'",
        "UPDATE claims SET ts = 'infinity' WHERE event_id = 'e4'",
        "UPDATE claims SET ts = '0044-03-15 BC' WHERE event_id = 'e5'",
    )
    result = pull(database, ledger, "--table", "claims", "--strict")
    assert result.exit_code == 3, result.output
    assert count(ledger) == 7
    refused = run("quarantine", "list", "--ledger", ledger).stdout
    assert "confidence '7.000'" in refused
    assert refused.count(": ts ") == 2
    assert "claims.1.parquet row 3" in refused
    assert pull(database, ledger, "--table", "claims", "--strict").exit_code == 0


@pytest.mark.parametrize("sentinel", ["9999-12-31", "infinity"])
def test_a_time_still_to_come_hides_no_later_row(
    database: Postgres, ledger: Path, sentinel: str
) -> None:
    database.run(logged(1, 5), f"UPDATE claims SET updated_at = '{sentinel}' WHERE id = 5")
    assert pull(database, ledger).exit_code == 0
    database.run(
        "INSERT INTO claims (event_id, ts, signal, confidence, updated_at) "
        "VALUES ('late', now(), 'triage', 0.5, now())"
    )
    assert pull(database, ledger).exit_code == 0
    assert count(ledger) == 6


def test_rows_without_a_value_to_read_by_are_told(database: Postgres, ledger: Path) -> None:
    database.run(logged(1, 5), "UPDATE claims SET updated_at = NULL WHERE id = 2")
    result = pull(database, ledger)
    assert "Rows without a value in 'updated_at' are never pulled" in result.stderr
    assert count(ledger) == 4


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file for each batch of the driver, and batches of some hundred rows."""
    monkeypatch.setattr(pulling, "ROWS_A_FILE", 1)
    monkeypatch.setattr(reading, "BATCH_BYTES", 50_000)


def test_a_pull_that_dies_half_way_has_lost_nothing(
    database: Postgres, ledger: Path, small_files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.run(logged(1, 2_000))
    taken: list[ImportSummary] = []
    imported = command.import_recorded

    def dying(*words: Any, **more: Any) -> ImportSummary:
        if len(taken) == 2:
            raise KeyboardInterrupt
        taken.append(imported(*words, **more))
        return taken[-1]

    with monkeypatch.context() as patched:
        patched.setattr(command, "import_recorded", dying)
        assert pull(database, ledger).exit_code != 0
    some = count(ledger)
    assert 0 < some < 2_000
    again = pull(database, ledger, "--table", "claims", "--again", "0")
    assert count(ledger) == 2_000
    # It went on there: of what had come in, only the row at the position was read again.
    assert f"{2_001 - some:,}" in again.stdout


def test_a_query_that_fails_on_the_way_is_said(
    database: Postgres, ledger: Path, small_files: None
) -> None:
    database.run(logged(1, 2_000))
    query = """
        SELECT *, CASE WHEN id = 1500 THEN 1 / (id - 1500) END AS fails FROM claims
    """
    result = pull(database, ledger, "--query", query)
    assert result.exit_code == 2
    assert "division by zero" in result.stderr
    assert "the next pull goes on from there" in result.stderr


def test_a_restored_backup_pulls_again_what_it_lacks(
    database: Postgres, ledger: Path, tmp_path: Path
) -> None:
    database.run(logged(1, 3))
    pull(database, ledger)
    assert run("backup", "--ledger", ledger, "--to", tmp_path / "kept").exit_code == 0
    database.run(logged(5000, 5010))
    pull(database, ledger)
    back = tmp_path / "back.duckdb"
    assert run("restore", tmp_path / "kept", "--to", back).exit_code == 0
    assert count(back) == 3
    pull(database, back)
    assert count(back) == 14


def test_the_position_is_sealed_in_the_trail_and_the_password_nowhere(
    database: Postgres, ledger: Path, tmp_path: Path
) -> None:
    database.run(logged(1, 3))
    result = pull(database, ledger)
    exported = tmp_path / "trail.jsonl"
    run("trail", "export", "--ledger", ledger, "--out", exported)
    assert f"{database.name}, table claims" in exported.read_text()
    assert run("trail", "verify", "--ledger", ledger).exit_code == 0
    everything = result.output.encode() + b"".join(
        one.read_bytes() for one in tmp_path.rglob("*") if one.is_file()
    )
    for secret in (PASSWORD, IN_ADDRESS, "tester"):
        assert secret.encode() not in everything


def test_the_password_may_come_from_the_environment(
    database: Postgres, ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.run(logged(1, 3))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    plain = database.address.replace(f":{IN_ADDRESS}", "")
    words = ("--ledger", ledger, "--table", "claims", "--cursor", "id")
    assert run("pull", plain, *words).exit_code == 0
    # The same source, whoever reads it.
    assert run("pull", database.address, *words).exit_code == 0
    assert len(upto(ledger)) == 1


ADDRESSES = {
    "postgresql://tester:p@ss@127.0.0.1/postgres": "no address of a PostgreSQL database",
    "postgresql://tester:pass/word@127.0.0.1/postgres": "no address of a PostgreSQL database",
    "postgresql://tester:pass@127.0.0.1:port/postgres": "no address of a PostgreSQL database",
    "postgresql://tester:pass@127.0.0.1:1/postgres": "Correct the host and the port",
    "postgresql://tester:pass@no-such-host.invalid/x": "Correct the host in the address",
    "postgresql://127.0.0.1:1/x?password=pass&sslmode=pass": "cannot be read",
    "s3://bucket/pass": "A pull reads postgresql:// addresses and folders",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_wrong_address_is_refused_in_one_sentence_without_its_password(
    address: str, ledger: Path
) -> None:
    result = run("pull", address, "--ledger", ledger, "--table", "claims", "--cursor", "id")
    assert result.exit_code == 2, result.output
    assert ADDRESSES[address] in result.stderr
    told = result.output.replace("Better leave the password out: PGPASSWORD, ~/.pgpass", "")
    assert "pass@" not in told
    assert "p@ss" not in told
    assert "=pass" not in told
    assert '"pass"' not in told
    assert not ledger.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--table", "nope"), 'relation "nope" does not exist'),
        (("--table", "claims; DROP TABLE claims"), "does not exist"),
        (("--query", "SELECT nope FROM claims"), 'column "nope" does not exist'),
        (("--query", "SELECT 1 FROM"), "syntax error"),
        (("--query", "DELETE FROM claims RETURNING updated_at"), "syntax error"),
        (("--query", "SELECT id, id, updated_at FROM claims"), "two columns the name 'id'"),
        (("--query", "SELECT event_id FROM claims"), "no column 'updated_at' for --cursor"),
        (("--query", "SELECT id > 1 AS updated_at FROM claims"), "holds bool"),
        (("--query", "SELECT 1 / 0 AS updated_at"), "division by zero"),
    ],
)
def test_what_cannot_be_read_is_said_with_what_to_do(
    database: Postgres, ledger: Path, words: tuple[str, ...], said: str
) -> None:
    database.run(logged(1, 3))
    result = pull(database, ledger, *words)
    assert result.exit_code == 2, result.output
    assert said in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not ledger.exists()
    assert database.rows("SELECT count(*) FROM claims") == [(3,)]


def test_a_function_that_writes_is_refused(database: Postgres, ledger: Path) -> None:
    database.run("CREATE SEQUENCE ticket")
    result = pull(database, ledger, "--query", "SELECT nextval('ticket') AS updated_at")
    assert result.exit_code == 2
    assert "A pull only reads" in result.stderr


def test_the_wrong_password_is_said_and_not_repeated(database: Postgres, ledger: Path) -> None:
    wrong = database.address.replace(IN_ADDRESS, "sesame")
    result = run("pull", wrong, "--ledger", ledger, "--table", "claims", "--cursor", "id")
    assert result.exit_code == 2
    assert "Put the right one into PGPASSWORD" in result.stderr
    assert "sesame" not in result.output


def test_a_row_goes_into_the_same_ledger_from_two_tables(database: Postgres, ledger: Path) -> None:
    database.run(
        logged(1, 3),
        'CREATE TABLE "Late outcomes" AS SELECT event_id, 1 AS outcome, updated_at FROM claims',
    )
    pull(database, ledger)
    result = pull(database, ledger, "--table", 'public."Late outcomes"')
    assert result.exit_code == 0, result.output
    assert asked(ledger, "SELECT count(outcome) FROM claims") == [(3,)]
    assert len(upto(ledger)) == 2


def test_rows_pass_through_in_files_of_bounded_size(
    database: Postgres, ledger: Path, small_files: None
) -> None:
    database.run(logged(1, 2_000))
    assert pull(database, ledger).exit_code == 0
    read = [n for (n,) in asked(ledger, "SELECT n_read FROM imports")]
    assert sum(read) == 2_000
    assert max(read) < 800
