"""A maturity that an entry declares is obeyed wherever weeks are read as final."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from core.governance.signal_terms import read_state, terms_of
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.views.audit.trail_integrity import wholeness
from core.views.review.week.weekly_report import WeeklyReport, weekly_report
from core.views.risks.gather import gathered
from dashboard.cache import views as data
from tests.worlds.governed.governed import REGISTRY, Clock, Governed

#: The same claims of both: one says when it is mature, of the other nothing is written down.
SLOW, SILENT = "triage", "silent"
DECLARED = REGISTRY.replace(
    '  highConfidence: "0.90"\n',
    '  highConfidence: "0.90"\n  maturity: {days: 90, coverage: "0.99"}\n',
)
WEEKS_AGO = (9, 8, 7, 6)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weeks that ended five to eight weeks ago, nine in ten claims labelled, errors in each."""
    folder = tmp_path_factory.mktemp("declared")
    now = datetime.now(UTC)
    monday = (now - timedelta(days=now.weekday())).replace(hour=12, minute=0)
    rows = [
        {
            "event_id": f"{signal}-{weeks}-{i}",
            "ts": f"{monday - timedelta(weeks=weeks):%Y-%m-%dT%H:%M:%SZ}",
            "signal": signal,
            "confidence": 0.95,
            "outcome": int(i < 60) if i < 90 else None,
        }
        for signal in (SLOW, SILENT)
        for weeks in WEEKS_AGO
        for i in range(100)
    ]
    file = folder / "claims.csv"
    pd.DataFrame(rows).astype({"outcome": "Int8"}).to_csv(file, index=False)
    with Ledger.open(folder / "desk.duckdb", create=True) as ledger:
        assert import_file(ledger, file).n_quarantined == 0
        clock = Clock()
        clock.now = now.replace(tzinfo=None) - timedelta(days=1)
        Governed(ledger, clock).apply(DECLARED)
    return folder / "desk.duckdb"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger.open(path, read_only=True) as opened:
        yield opened


@pytest.fixture
def pages(path: Path, serving) -> None:
    serving(path)


def test_the_entry_says_so(ledger: Ledger) -> None:
    state = read_state(ledger.cursor())
    assert [terms_of(state, one).maturity.days for one in (SLOW, SILENT)] == [90, 30]


def test_drift_calls_weeks_mature_by_their_own_signal(pages: None) -> None:
    slow, silent = (data.drift(Selection(signal), "week") for signal in (SLOW, SILENT))
    assert slow.periods["mature"].tolist() == [False] * 4
    assert slow.headline == "No week has final outcomes yet."
    assert (len(slow.breaches), slow.windows) == (0, None)
    assert silent.periods["mature"].tolist() == [True] * 4
    assert len(silent.breaches) == 1


def test_this_week_judges_no_week_that_is_not_mature(pages: None) -> None:
    rows = {row.signal: row for row in data.week(data.mondays()[0]).rows}
    assert (rows[SLOW].standing.window, rows[SLOW].trend) == (None, ())
    assert (rows[SILENT].state, len(rows[SILENT].trend)) == ("off", 4)


def test_labels_of_weeks_that_are_not_mature_are_not_settled(pages: None) -> None:
    slow, silent = (data.labels(Selection(signal)) for signal in (SLOW, SILENT))
    assert not slow.cohorts["mature"].any()
    assert not slow.ages["mature"].any()
    assert slow.bands.empty
    assert silent.cohorts["mature"].all()
    assert "at least 30 days old" in silent.headline


def test_data_calls_weeks_mature_by_their_own_signal_and_together_when_each_is(
    pages: None,
) -> None:
    for signal, mature in ((SLOW, False), (SILENT, True), (None, False)):
        assert data.intake(signal).coverage["mature"].tolist() == [mature] * 4


def test_the_report_judges_no_week_that_is_not_mature_and_says_whose_maturity_it_is(
    ledger: Ledger,
) -> None:
    report: WeeklyReport = weekly_report(ledger.cursor(), ledger="desk.duckdb")
    lines = {line.signal: line for line in report.lines}
    assert (lines[SLOW].gap_of, lines[SLOW].trend) == ("no outcome is final yet", ())
    assert lines[SILENT].verdict == "off"
    assert "(as old or as labelled as its entry asks)" in report.guide[0]


def test_risks_take_labels_as_settled_by_their_own_signal(ledger: Ledger) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    cursor = ledger.cursor()
    whole = wholeness(cursor, None, now)
    facts = {one.signal: one for one in gathered(cursor, read_state(cursor), now, whole)}
    assert {name: one.recent is None for name, one in facts.items()} == {SLOW: True, SILENT: False}
    assert [version.n for one in (SLOW, SILENT) for version in facts[one].versions] == [0, 360]
