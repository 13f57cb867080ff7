"""Cells of a lake in a ledger that holds none of its claims."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from core.audit.verify import verify_ledger
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ingest.kept_sums import keep_up
from core.lake import load as load_module
from core.lake.build import Declared, build_cells
from core.lake.cell_files import read_manifest, relations
from core.lake.load import CellsLoaded, load_cells
from core.ledger.connection import Ledger
from core.ledger.errors import LedgerError
from core.queries.base.kept import limits
from core.queries.base.kept import week_digests as week_digests_module
from core.queries.base.kept.week_digests import KeptRelations, of_ledger, week_digests
from dashboard.cli.main import main
from tests.worlds.claims.event_logs import MONDAY, UNTIL, EventWorld, world
from tests.worlds.claims.lakes import without_finer

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

USUAL = Declared({}, {})
WEEK = timedelta(days=7)


@pytest.fixture(autouse=True)
def few_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a dimension of eight values has too many to count by."""
    monkeypatch.setattr(limits, "MOST_KEPT_VALUES", 7)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Ledger.open(tmp_path / "my.duckdb", create=True) as ledger:
        yield Office.of(ledger)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    world(5).write_log(tmp_path / "log")
    return tmp_path / "log"


def cells(log: Path, since: date = MONDAY, until: date = UNTIL, declared: Declared = USUAL) -> Path:
    out = log.parent / f"cells-{len(list(log.parent.iterdir()))}"
    build_cells(log, out, engine="duckdb", since=since, until=until, declared=declared)
    return out


def load(office: Office, folder: Path) -> CellsLoaded:
    return load_cells(office, folder)


def digests(office: Office) -> dict[str, str]:
    with office.ledger.cursor() as cursor:
        return week_digests(cursor, of_ledger("SELECT signal FROM kept_signals"))


def of_an_import() -> KeptRelations:
    """What a ledger keeps, without what only a load brings."""
    return without_finer(of_ledger("SELECT signal FROM kept_signals"))


def problems(office: Office) -> list[str]:
    found = verify_ledger(office.ledger.cursor())
    return [one.words for one in found.problems]


def test_what_is_loaded_is_what_an_import_of_the_same_events_keeps(
    office: Office, log: Path, tmp_path: Path
) -> None:
    done = load(office, cells(log))
    assert done.n_weeks == 3
    with Ledger.open(tmp_path / "other.duckdb", create=True) as other:
        world(5).import_all(other, tmp_path / "files")
        with other.cursor() as cursor:
            kept = week_digests(cursor, of_an_import())
            rows = [
                cursor.execute(f"FROM {table} ORDER BY ALL").fetchall()
                for table in ("kept_signals", "kept_dimensions")
            ]
    with office.ledger.cursor() as cursor:
        assert week_digests(cursor, of_an_import()) == kept
        assert rows == [
            cursor.execute(f"FROM {table} ORDER BY ALL").fetchall()
            for table in ("kept_signals", "kept_dimensions")
        ]
    assert problems(office) == []


def test_digests_do_not_hang_on_how_many_rows_are_put_in_order_at_once(
    office: Office, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(office, cells(log))
    at_once = digests(office)
    monkeypatch.setattr(week_digests_module, "_SORTED", 1)
    assert digests(office) == at_once
    assert len(at_once) == 3


def test_a_load_is_one_act_with_the_digest_of_its_source(office: Office, log: Path) -> None:
    done = load(office, cells(log))
    with office.ledger.cursor() as cursor:
        rows = cursor.execute(
            """
            SELECT entry ->> '$.kind', entry ->> '$.body.events_sha256',
                   len(json_keys(entry, '$.body.weeks')) FROM acts ORDER BY seq
            """
        ).fetchall()
    assert rows[1:] == [("cells.loaded", done.manifest.events, 3)]


def test_loading_the_same_again_changes_nothing(office: Office, log: Path) -> None:
    folder = cells(log)
    load(office, folder)
    before = office.state().size
    assert load(office, folder).n_weeks == 0
    assert office.state().size == before


def test_weeks_may_come_one_by_one_in_any_order(office: Office, log: Path) -> None:
    weeks: dict[str, str] = {}
    for number in (2, 0, 1):
        done = load(office, cells(log, MONDAY + number * WEEK, MONDAY + (number + 1) * WEEK))
        weeks |= done.manifest.weeks
    assert digests(office) == weeks
    assert len(weeks) == 3
    assert problems(office) == []


def test_only_the_weeks_of_a_load_are_counted_anew(
    office: Office, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A load a week costs the same however many weeks are there."""
    for number in (0, 1):
        load(office, cells(log, MONDAY + number * WEEK, MONDAY + (number + 1) * WEEK))
    counted: list[str] = []

    def digested(*given: Any) -> dict[str, str]:
        found = week_digests(*given)
        counted.extend(found)
        return found

    monkeypatch.setattr(load_module, "week_digests", digested)
    last = MONDAY + 2 * WEEK
    load(office, cells(log, last, UNTIL))
    assert set(counted) == {last.isoformat()}
    assert problems(office) == []


def test_a_dimension_with_too_many_values_in_a_later_week_is_gone_from_all(
    office: Office, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the act names all the weeks that changed with it."""
    monkeypatch.setattr(limits, "MOST_KEPT_VALUES", 8)
    load(office, cells(log, MONDAY, MONDAY + WEEK))
    before = digests(office)
    monkeypatch.setattr(limits, "MOST_KEPT_VALUES", 7)
    done = load(office, cells(log, MONDAY + WEEK, MONDAY + 2 * WEEK))
    assert digests(office)[MONDAY.isoformat()] != before[MONDAY.isoformat()]
    assert done.n_weeks == 2
    assert problems(office) == []


def test_a_week_counted_again_takes_the_place_of_itself_alone(
    office: Office, log: Path, tmp_path: Path
) -> None:
    load(office, cells(log))
    before = digests(office)
    late = EventWorld(world(5).batches[:-1])
    late.write_log(tmp_path / "later")
    second = MONDAY + WEEK
    done = load(office, cells(tmp_path / "later", second, second + WEEK))
    after = digests(office)
    changed = {monday for monday in before if before[monday] != after[monday]}
    assert changed == {second.isoformat()}
    assert done.n_weeks == 1
    assert problems(office) == []


def test_a_load_that_fails_leaves_all_as_it_was(
    office: Office, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(office, cells(log, MONDAY, MONDAY + WEEK))
    before = digests(office), office.state().size

    def fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.lake.load._too_many", fails)
    with pytest.raises(KeyboardInterrupt):
        load(office, cells(log))
    assert (digests(office), office.state().size) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE kept_cells SET n = n + 1 WHERE week = 2962", "week of 2026-10-12"),
        ("DELETE FROM kept_days WHERE day = DATE '2026-10-20'", "week of 2026-10-19"),
        ("UPDATE kept_signals SET high_ppm = 1", "signals and dimensions"),
        ("UPDATE kept_dimensions SET kept = NOT kept", "signals and dimensions"),
    ],
)
def test_loaded_cells_that_are_altered_are_found(
    office: Office, log: Path, change: str, said: str
) -> None:
    load(office, cells(log))
    with office.ledger.transaction() as cursor:
        cursor.execute(change)
    found = problems(office)
    assert len(found) == 1
    assert said in found[0]
    assert "not as loaded" in found[0]


def test_claims_that_come_for_evidence_change_nothing_of_loaded_cells(
    office: Office, log: Path, tmp_path: Path
) -> None:
    load(office, cells(log))
    before = digests(office)
    (tmp_path / "e.csv").write_text(
        "event_id,ts,signal,confidence,outcome\nx1,2026-10-06T09:00:00Z,triage,0.5,1\n"
    )
    import_recorded(office, tmp_path / "e.csv")
    keep_up(office.ledger)
    assert digests(office) == before
    assert problems(office) == []


def test_a_signal_with_claims_of_its_own_is_not_loaded(
    office: Office, log: Path, tmp_path: Path
) -> None:
    (tmp_path / "e.csv").write_text(
        "event_id,ts,signal,confidence\nx1,2026-10-06T09:00:00Z,triage,0.5\n"
    )
    import_recorded(office, tmp_path / "e.csv")
    with pytest.raises(LedgerError, match="triage has claims of its own"):
        load(office, cells(log))
    assert problems(office) == []


def test_cells_counted_by_another_band_than_registered_are_refused(
    office: Office, log: Path
) -> None:
    folder = cells(log, declared=Declared({"triage": 700_000}, {}))
    with pytest.raises(LedgerError, match="build again with --registry"):
        load(office, folder)


@pytest.mark.parametrize("what", ["changed", "lost", "added", "manifest", "kernel"])
def test_a_folder_that_is_not_as_it_was_built_is_refused(
    office: Office, log: Path, what: str
) -> None:
    folder = cells(log)
    file = next((folder / "cells").glob("*.parquet"))
    manifest = folder / "manifest.json"
    if what == "changed":
        file.write_bytes(file.read_bytes() + b"x")
    elif what == "lost":
        file.unlink()
    elif what == "added":
        (folder / "cells" / "more.parquet").write_bytes(file.read_bytes())
    elif what == "manifest":
        manifest.unlink()
    else:
        text = manifest.read_text()
        manifest.write_text(text.replace('"kernel": "', '"kernel": "0'))
    with pytest.raises(LedgerError, match=r"build|remove|Build"):
        load(office, folder)
    assert digests(office) == {}


def test_the_command_loads_says_so_and_leaves_no_ledger_where_it_cannot(
    log: Path, tmp_path: Path
) -> None:
    folder, ledger = cells(log), tmp_path / "new.duckdb"

    def run() -> Result:
        return CliRunner().invoke(main, ["cells", "load", str(folder), "--ledger", str(ledger)])

    assert "3 weeks changed" in run().stdout
    assert "nothing changed" in run().stdout
    ledger.unlink()
    (folder / "manifest.json").unlink()
    refused = run()
    assert (refused.exit_code, ledger.exists()) == (2, False)


def test_what_was_loaded_is_listed_and_a_measure_of_it_says_where_its_claims_are(
    log: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "new.duckdb"

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, [*words, "--ledger", str(ledger)])

    folder = cells(log)
    assert run("cells", "load", str(folder)).exit_code == 0
    manifest, _ = read_manifest(folder)
    line = next(one for one in run("cells", "list").stdout.splitlines() if "triage" in one)
    tuning = "SELECT sum(n_claims) FILTER (split <> 'tuning') FROM {} WHERE signal = 'triage'"
    with duckdb.connect() as apart:
        ((n,),) = apart.execute(tuning.format(relations(folder).days)).fetchall()
    assert line.split()[:4] == ["triage", "2026-10-05", "2026-10-25", str(n)]
    assert 0 < n < manifest.n_claims
    asked = run("measure", "--signal", "triage")
    # Its inputs repeat.
    assert (asked.exit_code, "counted from single claims of triage" in asked.stderr) == (2, True)
