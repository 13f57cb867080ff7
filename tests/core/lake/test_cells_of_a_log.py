"""Cells of an event log, counted by three engines and by the import: equal to the last bit."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from core.lake.build import Declared, build_cells
from core.lake.cell_files import CellManifest, counting_memory, relations
from core.lake.dialects import Engine
from core.lake.event_log import look_at_log
from core.ledger.connection import Ledger
from core.queries.base.kept import limits
from core.queries.base.kept.week_digests import of_ledger, week_digests
from core.queries.base.truth import Truth
from dashboard.cli.main import main
from tests.worlds.claims.event_logs import MONDAY, UNTIL, EventWorld, world
from tests.worlds.claims.lakes import without_finer

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

USUAL = Declared({}, {})


@pytest.fixture(autouse=True)
def few_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a dimension of eight values has too many to count by."""
    monkeypatch.setattr(limits, "MOST_KEPT_VALUES", 7)


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """One session for all tests, small: a real one takes its settings from its cluster."""
    if "CALLEDGER_SPARK" not in os.environ:
        pytest.importorskip("pyspark", reason="no pyspark: install the extra `spark`")
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.bindAddress", "127.0.0.1")
        # Generated code is compiled for longer than these few rows take.
        .config("spark.sql.codegen.wholeStage", "false")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


def built(
    made: EventWorld, folder: Path, engine: Engine, declared: Declared = USUAL
) -> CellManifest:
    log = folder / "log [1]"
    if not log.exists():
        made.write_log(log)
    return build_cells(
        log, folder / engine, engine=engine, since=MONDAY, until=UNTIL, declared=declared
    )


def imported(made: EventWorld, folder: Path) -> dict[str, str]:
    """The digests of what an import keeps of the same events."""
    with Ledger.open(folder / "l.duckdb", create=True) as ledger:
        made.import_all(ledger, folder / "files")
        with ledger.cursor() as cursor:
            rows = without_finer(of_ledger("SELECT signal FROM kept_signals"))
            return week_digests(cursor, rows)


@pytest.mark.parametrize("seed", range(int(os.environ.get("CALLEDGER_LOGS", "4"))))
def test_a_log_counted_by_duckdb_gives_what_its_import_keeps(seed: int, tmp_path: Path) -> None:
    made = world(seed)
    manifest = built(made, tmp_path, "duckdb")
    with counting_memory() as memory:
        counted = week_digests(memory, without_finer(relations(tmp_path / "duckdb")))
    assert counted == imported(made, tmp_path)
    assert len(manifest.weeks) == 3
    assert manifest.n_read == len(made.rows("claims"))
    assert manifest.n_repeated > 0
    assert manifest.signals["triage"].dimensions == {"action": True, "topic": True, "user": False}


@pytest.mark.parametrize("seed", range(3))
def test_datafusion_counts_the_same_to_the_last_bit(seed: int, tmp_path: Path) -> None:
    made = world(seed)
    one, other = built(made, tmp_path, "duckdb"), built(made, tmp_path, "datafusion")
    assert same(one, other)


def test_spark_counts_the_same_to_the_last_bit(spark: Any, tmp_path: Path) -> None:
    made = world(11)
    one, other = built(made, tmp_path, "duckdb"), built(made, tmp_path, "spark")
    assert other.engine.startswith("spark 4")
    assert same(one, other)


def same(one: CellManifest, other: CellManifest) -> bool:
    return all(
        getattr(one, name) == getattr(other, name)
        for name in ("weeks", "signals", "n_read", "n_refused", "n_repeated", "n_claims", "events")
    )


def test_what_a_signal_declares_decides_whose_labels_count_and_where_its_band_begins(
    tmp_path: Path,
) -> None:
    made = world(2)
    usual = built(made, tmp_path, "duckdb")
    declared = Declared({"triage": 700_000}, {"triage": Truth(("HUMAN",), unstated=False)})
    for engine in ("duckdb", "datafusion"):
        folder = tmp_path / "declared"
        folder.mkdir(exist_ok=True)
        other = built(made, folder, engine, declared)  # type: ignore[arg-type]
        assert other.weeks != usual.weeks
        assert other.signals["triage"].truth == ("HUMAN",)
        assert other.signals["triage"].high_ppm == 700_000


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["cells", "build", *map(str, words)])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    world(3, 60).write_log(tmp_path / "log")
    return tmp_path / "log"


def test_the_command_says_what_was_counted_and_what_was_left_out(log: Path, tmp_path: Path) -> None:
    words = ("--events", log, "--since", MONDAY, "--until", UNTIL - timedelta(days=1))
    done = run(*words, "--out", tmp_path / "cells")
    assert done.exit_code == 0, done.output
    manifest = json.loads((tmp_path / "cells" / "manifest.json").read_text())
    assert f"{manifest['n_claims']} claims of 2 signals counted by duckdb" in done.stdout
    assert "of outcomes left out, with a wrong or missing outcome" in done.stderr
    assert {one.name for one in (tmp_path / "cells").iterdir()} == {
        *("cells", "days", "ages", "values", "steps", "manifest.json")
    }
    again = run(*words, "--out", tmp_path / "cells")
    assert (again.exit_code, "exists already" in again.stderr) == (2, True)


def test_only_whole_weeks_are_counted(log: Path, tmp_path: Path) -> None:
    words = ("--events", log, "--out", tmp_path / "cells", "--since", "2026-10-07")
    refused = run(*words, "--until", "2026-10-20")
    assert refused.exit_code == 2
    assert "build --since 2026-10-05 --until 2026-10-25" in refused.stderr


def test_days_outside_the_range_are_not_counted(log: Path, tmp_path: Path) -> None:
    week = run(
        *("--events", log, "--out", tmp_path / "one"),
        *("--since", MONDAY, "--until", MONDAY + timedelta(days=6)),
    )
    assert week.exit_code == 0, week.output
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert list(manifest["weeks"]) == [MONDAY.isoformat()]


def test_a_log_without_outcomes_has_claims_without_any(log: Path, tmp_path: Path) -> None:
    shutil.rmtree(log / "outcomes")
    done = run(
        *("--events", log, "--out", tmp_path / "one"),
        *("--since", MONDAY, "--until", UNTIL - timedelta(days=1), "--engine", "datafusion"),
    )
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("ts", pa.array([datetime(2026, 10, 6)], pa.timestamp("ns")), "timestamp in microseconds"),
        ("confidence", pa.array(["0.5"]), "write it as a double"),
        ("seg_topic", pa.array([7]), "write it as a string"),
        ("seq", None, "has no column 'seq'"),
    ],
)
def test_a_file_that_engines_would_read_differently_is_named(
    log: Path, tmp_path: Path, column: str, values: pa.Array | None, said: str
) -> None:
    file = next(log.glob("claims/*/day=2026-10-0*/*.parquet"))
    table = pq.read_table(file, partitioning=None).slice(0, 1).drop_columns([column])
    pq.write_table(table if values is None else table.append_column(column, values), file)
    refused = run(
        *("--events", log, "--out", tmp_path / "one"),
        *("--since", MONDAY, "--until", UNTIL - timedelta(days=1)),
    )
    assert refused.exit_code == 2
    assert said in refused.stderr
    assert str(file) in refused.stderr.replace("\n", "")
    assert not (tmp_path / "one").exists()


def test_what_was_read_is_in_the_digest(log: Path, tmp_path: Path) -> None:
    one = look_at_log(log, MONDAY, UNTIL).digest
    assert look_at_log(log, MONDAY, UNTIL).digest == one
    file = next(log.glob("outcomes/*/*/*.parquet"))
    pq.write_table(pq.read_table(file, partitioning=None).slice(1), file)
    assert look_at_log(log, MONDAY, UNTIL).digest != one


@pytest.mark.parametrize("engine", ["duckdb", "datafusion"])
def test_an_engine_that_fails_is_named_and_leaves_no_half_a_folder(
    log: Path, tmp_path: Path, engine: str
) -> None:
    file = next(log.glob("claims/*/day=2026-10-0*/*.parquet"))
    raw = bytearray(file.read_bytes())
    # The footer stays as it is, and the rows do not.
    raw[4:300] = bytes(296)
    file.write_bytes(raw)
    refused = run(
        *("--events", log, "--out", tmp_path / "one", "--engine", engine),
        *("--since", MONDAY, "--until", UNTIL - timedelta(days=1)),
    )
    assert refused.exit_code == 2
    assert f"{engine} could not count the cells" in refused.stderr
    assert not (tmp_path / "one").exists()
    assert not list(tmp_path.glob("calledger-cells-*"))


@pytest.mark.parametrize("engine", ["duckdb", "datafusion"])
def test_weeks_without_a_claim_give_cells_without_a_row(
    log: Path, tmp_path: Path, engine: str
) -> None:
    file = next(log.glob("claims/*/day=2026-10-0*/*.parquet"))
    moved = log / "claims" / "undated.parquet"
    file.rename(moved)
    done = run(
        *("--events", log, "--out", tmp_path / "one", "--engine", engine),
        *("--since", "2025-10-06", "--until", "2025-10-12"),
    )
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "one" / "manifest.json").read_text())["weeks"] == {}
