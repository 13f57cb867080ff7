from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from core.ledger.connection import Ledger
from core.measure.cells.cells import Cells
from core.measure.monitoring.brier_decomposition import BrierSplit, brier_split
from core.measure.verdicts.measure_table import Measures
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from core.views.shared.measures import measure
from sample_data import planted, sample_files

Weeks = tuple[int, int]
EVERY_WEEK = (1, planted.WEEKS)


def read(path: Path) -> pd.DataFrame:
    """A file of the sample as it is; times as times, save in the hand-typed one."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".jsonl":
        frame = pd.read_json(path, lines=True, dtype=False)
        segments = pd.DataFrame(list(frame.pop("segments"))).add_prefix("seg_")
        return with_times(pd.concat([frame, segments], axis=1))
    frame = pd.read_csv(path, dtype=str)
    return frame if "ts" in frame else with_times(frame.astype({"outcome": "Int8"}))


def with_times(frame: pd.DataFrame) -> pd.DataFrame:
    times = [name for name in ("ts", "outcome_ts") if name in frame]
    return frame.assign(**{one: pd.to_datetime(frame[one], format="ISO8601") for one in times})


def monday(week: int) -> datetime:
    """The first moment of a week, which counts from 1; UTC without zone."""
    first: datetime = planted.FIRST_MONDAY.tz_localize(None).to_pydatetime()
    return first + timedelta(weeks=week - 1)


def selected(signal: str, weeks: Weeks = EVERY_WEEK, **where: str) -> Selection:
    """The claims of a signal from the first to the last of ``weeks``."""
    conditions = tuple((name, (value,)) for name, value in where.items())
    return Selection(signal, monday(weeks[0]), monday(weeks[1] + 1), where=conditions)


@dataclass(frozen=True)
class Asking:
    """Questions to the product about the sample."""

    cursor: duckdb.DuckDBPyConnection

    def whole(self, signal: str, weeks: Weeks = EVERY_WEEK, **where: str) -> Measures:
        """The measures of a selection as one group."""
        (one,) = measure(self.cursor, selected(signal, weeks, **where)).groups
        return one

    def by(
        self, names: str, signal: str, weeks: Weeks = EVERY_WEEK, **where: str
    ) -> dict[str, Measures]:
        """Measures by the values of the named dimensions, joined by a blank."""
        dimensions = names.split()
        found = measure(self.cursor, selected(signal, weeks, **where), by=dimensions).groups
        return {" ".join(str(one.group[name]) for name in dimensions): one for one in found}

    def cells(self, signal: str, weeks: Weeks = EVERY_WEEK, **where: str) -> Cells:
        """The cells of a selection as one group."""
        return grouped_cells(self.cursor, selected(signal, weeks, **where)).cells[0]

    def change(self, signal: str, before: Weeks, after: Weeks, **where: str) -> BrierSplit:
        """Why the Brier score changed between two windows."""
        windows = (self.cells(signal, weeks, **where) for weeks in (before, after))
        split = brier_split(*windows)
        assert isinstance(split, BrierSplit)
        return split


@pytest.fixture(scope="module")
def ask(sample_path: Path) -> Iterator[Asking]:
    with Ledger.open(sample_path, read_only=True) as ledger:
        yield Asking(ledger.cursor())


@pytest.fixture(scope="session")
def read_file() -> Callable[[Path], pd.DataFrame]:
    return read


@pytest.fixture(scope="session")
def committed() -> dict[str, pd.DataFrame]:
    return {path.name: read(path) for path in sample_files()}


@pytest.fixture(scope="session")
def claims(committed: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Every generated claim, its week from 1, and the outcome in force, by plain pandas."""
    late = committed["triage_outcomes.csv.gz"].drop_duplicates("event_id", keep="last")
    triage = committed["triage_claims.parquet"].merge(late, on="event_id", how="left")
    names = ("refund_claims.parquet", "desk_claims.parquet", "grounding_claims.jsonl")
    every = pd.concat([triage, *(committed[name] for name in names)], ignore_index=True)
    return every.assign(
        outcome=every["outcome"].astype(float),
        outcome_ts=pd.to_datetime(every["outcome_ts"], utc=True),
        week=(every["ts"] - planted.FIRST_MONDAY).dt.days // 7 + 1,
    )
