"""Imports as acts: recorded with the rows they brought, in the same transaction."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.audit.verify import verify_ledger
from core.governance.recorded_import import adopt_unrecorded, import_recorded
from core.governance.replay import TrailBroken
from core.ingest.import_file import import_file
from core.trail import log as trail

CLAIMS = "event_id,ts,signal,confidence,outcome\n" + "".join(
    f"e{i},2026-11-02T10:00:00Z,triage,0.{5 + i % 5},{i % 2}\n" for i in range(40)
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "claims.csv"
    path.write_text(CLAIMS)
    return path


def test_an_import_is_an_act_with_its_counts_and_seals(governed, file: Path):
    summary = import_recorded(governed.office, file)
    with governed.ledger.cursor() as cursor:
        act = trail.acts(cursor)[-1]
    assert (act.kind, act.actor.sub) == ("import.recorded", "system")
    assert (act.body["import_id"], act.body["n_new"]) == (summary.import_id, 40)
    assert len(act.body["file_sha256"]) == 64
    assert {one["seal"] for one in act.body["seals"]} >= {"import-1/claims", "import-1/outcomes"}


def test_a_file_that_changes_nothing_is_no_act(governed, file: Path):
    import_recorded(governed.office, file)
    size = governed.office.state().size
    assert import_recorded(governed.office, file).n_new == 0
    assert governed.office.state().size == size


def test_beside_a_broken_trail_nothing_is_taken_in(governed, file: Path):
    with governed.ledger.transaction() as cursor:
        cursor.execute("DELETE FROM acts WHERE seq = 3")
    with pytest.raises(TrailBroken):
        import_recorded(governed.office, file)
    assert governed.ledger.data_version() == 0


def test_imports_from_before_the_trail_are_adopted_once(ungoverned, file: Path):
    import_file(ungoverned.ledger, file)
    assert adopt_unrecorded(ungoverned.office) == (1,)
    assert adopt_unrecorded(ungoverned.office) == ()
    with ungoverned.ledger.cursor() as cursor:
        assert [act.kind for act in trail.acts(cursor)] == ["trail.started", "import.recorded"]
        assert verify_ledger(cursor).ok


def test_an_altered_claim_is_found(governed, file: Path):
    import_recorded(governed.office, file)
    with governed.ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET confidence_ppm = 990000 WHERE event_id = 'e7'")
    with governed.ledger.cursor() as cursor:
        report = verify_ledger(cursor)
    assert not report.ok
    assert "import 1" in " ".join(report.lines())
