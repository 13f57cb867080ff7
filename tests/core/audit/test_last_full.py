"""A visit verifies what is new; that all was verified is kept beside the ledger as a note."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from core.audit import verify
from core.audit.last_full import beside, last_full
from core.audit.verify import Since, verify_all, verify_ledger, verify_since
from core.governance.recorded_import import import_recorded
from core.views.audit import trail_integrity
from core.views.audit.trail_integrity import wholeness

AT = datetime(2026, 11, 23, 2)
MANY = 1_000_000


@pytest.fixture(autouse=True)
def _nothing_else_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger is in memory: beside its name lies the note alone."""
    for module in (verify, trail_integrity):
        monkeypatch.setattr(module, "held_beside", lambda _: ())


@pytest.fixture
def take(governed, tmp_path: Path) -> Callable[[str], None]:
    """Import ten claims with outcomes whose ids begin so."""

    def take(prefix: str) -> None:
        file = tmp_path / f"{prefix}.csv"
        rows = (f"{prefix}{i},2026-11-02T10:00:00Z,triage,0.9,1\n" for i in range(10))
        file.write_text("event_id,ts,signal,confidence,outcome\n" + "".join(rows))
        import_recorded(governed.office, file)

    return take


@pytest.fixture
def verified(governed, take, tmp_path: Path) -> Path:
    """A ledger that was verified, and then got one more import."""
    path = tmp_path / "l.duckdb"
    take("old")
    assert verify_all(governed.ledger.cursor(), path, AT).ok
    take("new")
    return path


def _alter(governed, event: str) -> None:
    with governed.ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET trace_id = 'x' WHERE event_id = $event", {"event": event})


def _looked(governed, path: Path, most: int = MANY) -> Since:
    return verify_since(governed.ledger.cursor(), last_full(path), most=most)


def test_it_is_kept_when_and_up_to_where_all_was_verified(governed, verified: Path):
    found = last_full(verified)
    assert found is not None
    assert (found.at, found.problems) == (AT, ())
    assert found.n_entries == governed.office.state().size - 1


def test_what_was_wrong_is_kept_with_it(governed, verified: Path):
    _alter(governed, "old1")
    report = verify_all(governed.ledger.cursor(), verified, AT)
    found = last_full(verified)
    assert found is not None
    assert found.problems == report.problems
    assert found.n_problems == 1


def test_the_note_says_itself_that_it_is_no_proof(verified: Path):
    assert "No proof" in json.loads(beside(verified).read_text())["note"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"at": "x"}', '{"at": null}', "\x00"])
def test_a_note_that_cannot_be_read_is_none(verified: Path, text: str):
    beside(verified).write_text(text)
    assert last_full(verified) is None


def test_a_visit_holds_new_rows_against_their_seals(governed, verified: Path):
    looked = _looked(governed, verified)
    assert looked.report.ok
    assert (looked.n_new_rows, looked.read) == (20, True)
    _alter(governed, "new1")
    (problem,) = _looked(governed, verified).report.problems
    assert "claims of import 2" in problem.words


def test_rows_that_nothing_seals_are_new_rows(governed, verified: Path):
    with governed.ledger.transaction() as cursor:
        cursor.execute("INSERT INTO claims SELECT * REPLACE (7 AS import_id) FROM claims LIMIT 1")
    problems = _looked(governed, verified).report.problems
    assert {one.words.partition(" has ")[0] for one in problems} == {"claims", "outcomes"}
    assert all("import 7, which no entry records" in one.words for one in problems)


def test_a_visit_does_not_read_what_was_verified(governed, verified: Path):
    _alter(governed, "old1")
    assert _looked(governed, verified).report.ok
    assert not verify_ledger(governed.ledger.cursor()).ok


def test_many_new_rows_are_not_read_and_counted(governed, verified: Path):
    _alter(governed, "new1")
    looked = _looked(governed, verified, most=19)
    assert looked.report.ok
    assert (looked.n_new_rows, looked.read) == (20, False)


def test_a_verification_of_another_trail_counts_as_none(governed, verified: Path):
    found = json.loads(beside(verified).read_text())
    beside(verified).write_text(json.dumps({**found, "root": "00" * 32}))
    looked = _looked(governed, verified)
    assert looked.last is None
    assert looked.n_new_rows == 40


def test_an_altered_entry_is_found_at_every_visit(governed, verified: Path):
    with governed.ledger.transaction() as cursor:
        cursor.execute("UPDATE acts SET entry = entry || ' ' WHERE seq = 1")
    assert not _looked(governed, verified).report.ok


# -- what pages say --------------------------------------------------------------------------------


@pytest.fixture
def shown(governed, monkeypatch: pytest.MonkeyPatch):
    """What a page shows of a ledger too large to be verified by a visit."""

    def shown(path: Path, by_visit: int = 20):
        monkeypatch.setattr(trail_integrity, "BY_VISIT", by_visit)
        now = datetime(2026, 11, 23, 12)
        return wholeness(governed.ledger.cursor(), path, now, last_full(path))

    return shown


def test_a_page_says_when_all_was_verified_and_what_came_since(governed, verified, shown):
    last = last_full(verified)
    assert last is not None
    found = shown(verified)
    assert found.verified[0] == (
        f"All of it was verified on 2026-11-23 02:00 UTC up to entry {last.n_entries - 1}; since "
        "then 1 entry: its seals were checked now."
    )
    assert "no proof" in found.verified[1]
    assert found.whole
    assert (found.rows_verified, found.verified_at) == (True, AT)


def test_a_page_says_that_rows_were_never_verified(governed, take, tmp_path: Path, shown):
    take("one")
    take("two")
    found = shown(tmp_path / "l.duckdb")
    assert found.verified[0].startswith("The 40 sealed rows were not verified yet.")
    assert found.headline.endswith("Its sealed rows were not verified yet.")
    assert (found.rows_verified, found.verified_at) == (False, None)


def test_a_page_says_what_of_the_new_was_not_verified(governed, verified, shown):
    found = shown(verified, by_visit=19)
    assert "since then 1 entry with 20 rows that were not verified yet." in found.verified[0]
    assert not found.rows_verified


def test_what_was_wrong_when_all_was_verified_is_wrong_until_it_is_verified_again(
    governed, verified, shown
):
    _alter(governed, "old1")
    verify_all(governed.ledger.cursor(), verified, AT)
    assert not shown(verified).whole
    with governed.ledger.transaction() as cursor:
        cursor.execute("UPDATE claims SET trace_id = NULL")
    assert not shown(verified).whole
    verify_all(governed.ledger.cursor(), verified, AT)
    assert shown(verified).whole
