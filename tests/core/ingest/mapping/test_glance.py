"""A file at first sight."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.ingest.mapping.glance import glance
from core.ledger.errors import UnusableFile


def test_the_columns_and_first_records_are_seen_as_texts(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("id,sure,quarantine_id\n" + "".join(f"r{i},0.{i},\n" for i in range(1, 8)))
    seen = glance(path, n_rows=2)
    assert (seen.columns, seen.n_records) == (("id", "sure"), 7)
    assert seen.rows == (("r1", "0.1"), ("r2", "0.2"))


def test_a_file_with_a_broken_line_is_seen_too(tmp_path: Path):
    path = tmp_path / "log.csv"
    path.write_text("id,sure\nr1,0.1\nr2\nr3,0.3\n")
    assert glance(path).rows == (("r1", "0.1"), ("r3", "0.3"))


def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path):
    with pytest.raises(UnusableFile, match="no file"):
        glance(tmp_path / "none.csv")
