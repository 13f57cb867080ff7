"""Reliability offers the repair where a signal is off, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from tests.worlds.running.pages import page as open_page
from tests.worlds.running.pages import text_of


def opened(folder: Path, serving, *, right: int, split: str = ""):
    """Reliability on 200 claims of 0.9, so many of each ten right, and some of a split."""
    header = "event_id,ts,signal,confidence,outcome,split\n"
    rows = [
        f"e{i},2026-11-02T09:00:00Z,s,0.9,{int(i % 10 < right)},production\n" for i in range(200)
    ]
    if split:
        rows += [f"t{i},2026-11-02T09:00:00Z,s,0.9,1,{split}\n" for i in range(3)]
    file, path = folder / "claims.csv", folder / "l.duckdb"
    file.write_text(header + "".join(rows))
    with Ledger.open(path, create=True) as ledger:
        import_file(ledger, file)
    serving(path)
    return open_page("reliability")


def test_a_signal_that_is_off_names_the_command_that_repairs_it(tmp_path: Path, serving) -> None:
    app = opened(tmp_path, serving, right=6, split="tuning")
    assert any("calledger recalibrate --ledger" in one.value for one in app.code)
    assert any("--signal s" in one.value for one in app.code)


def test_without_tuning_claims_it_says_what_the_repair_needs(tmp_path: Path, serving) -> None:
    app = opened(tmp_path, serving, right=6)
    assert "this signal has no tuning claims yet" in text_of(app)
    assert not any("calledger recalibrate" in one.value for one in app.code)


@pytest.mark.parametrize("right", [9])
def test_a_signal_that_is_not_off_is_offered_no_repair(tmp_path: Path, serving, right: int) -> None:
    app = opened(tmp_path, serving, right=right, split="tuning")
    assert "How to repair it" not in [one.label for one in app.expander]
