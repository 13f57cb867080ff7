"""Weekly counts of all versions are those that each version's own claims give."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from core.ledger.connection import Ledger
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.seen.fingerprints_seen import fingerprints_seen
from core.queries.base.selection import Selection
from core.queries.base.together.asked_once import asked_once
from core.queries.sums.labelling.label_coverage import coverage_by
from core.queries.sums.weekly_counts import Version, weekly_counts
from sample_data import SAMPLE_END
from sample_data.generate import SELF_REPORT

pytestmark = pytest.mark.usefixtures("kept_from_the_first")

Counts = dict[Version, list[tuple[date, int, int]]]
#: A Monday, three weeks before the sample ends on another.
UNTIL = SAMPLE_END - timedelta(weeks=3)


@pytest.fixture
def sample_copy(sample_path: Path, tmp_path: Path) -> Iterator[Ledger]:
    shutil.copy(sample_path, tmp_path / "l.duckdb")
    with Ledger.open(tmp_path / "l.duckdb") as ledger:
        yield ledger


def by_version(ledger: Ledger, until: datetime) -> Counts:
    """One question a version, as `coverage_by` answers it."""
    cursor, found = ledger.cursor(), {}
    for seen in fingerprints_seen(cursor):
        fields = dict(seen.fields)
        values = tuple(fields.get(name) for name in FIELDS)
        where = tuple((name, (value,)) for name, value in zip(FIELDS, values, strict=True))
        claims = Selection(seen.signal, until=until, where=(*where, ("split", ("production",))))
        weeks = coverage_by(cursor, claims, ("week",))
        days = [datetime.strptime(f"{key[0]}-1", "%G-W%V-%u").date() for key in weeks.keys]
        if days:
            counts = zip(days, weeks.n_claims.tolist(), weeks.n.tolist(), strict=True)
            found[seen.signal, values] = list(counts)
    return found


def together(ledger: Ledger, signal: str | None = None) -> Counts:
    found = weekly_counts(ledger.cursor(), UNTIL, signal)
    return {
        version: [(one.monday, one.n_claims, one.n) for one in weeks]
        for version, weeks in found.items()
    }


@pytest.mark.parametrize("kept", [True, False])
def test_they_are_those_of_each_version(sample_copy: Ledger, kept: bool) -> None:
    if not kept:
        sample_copy.cursor().execute("UPDATE kept_signals SET kept = FALSE")
    expected = by_version(sample_copy, UNTIL)
    assert len({signal for signal, _ in expected}) > 2
    assert together(sample_copy) == expected


def test_of_one_signal_they_are_the_same(sample_copy: Ledger) -> None:
    every = together(sample_copy)
    mine = {version: weeks for version, weeks in every.items() if version[0] == SELF_REPORT}
    assert mine
    assert together(sample_copy, SELF_REPORT) == mine


def test_they_are_asked_for_once_whatever_the_number_of_signals(sample_copy: Ledger) -> None:
    with asked_once():
        cursor = sample_copy.cursor()
        assert weekly_counts(cursor, UNTIL) is weekly_counts(cursor, UNTIL)
