"""Bring the sample up to date: the same events, moved by whole weeks so that they end now."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd

#: The Monday after the sample's last day, as committed.
SAMPLE_END = datetime(2026, 11, 23)

_FILES = (
    "triage_claims.parquet",
    "triage_outcomes.csv.gz",
    "refund_claims.parquet",
    "hand_typed.csv",
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def sample_files() -> tuple[Path, ...]:
    """The committed files, in the order in which they are imported."""
    return tuple(Path(__file__).parent / name for name in _FILES)


def whole_weeks_to(now: datetime) -> timedelta:
    """How far to move the sample so that its last week is the last complete one before ``now``."""
    return timedelta(weeks=(now - SAMPLE_END).days // 7)


def shifted_copies(folder: Path, now: datetime) -> tuple[Path, ...]:
    """Write copies of the sample into ``folder`` whose dates end with the last complete week.

    Args:
        folder: an existing folder.
        now: UTC without zone.

    Returns:
        The copies, in the order in which they are imported.
    """
    by = whole_weeks_to(now)
    return tuple(_shifted(source, folder / source.name, by) for source in sample_files())


def _shifted(source: Path, target: Path, by: timedelta) -> Path:
    if source.suffix == ".parquet":
        frame = pd.read_parquet(source)
        for column in ("ts", "outcome_ts"):
            if column in frame:
                frame[column] = frame[column] + by
        frame.to_parquet(target, index=False)
    elif source.suffix == ".gz":
        outcomes = pd.read_csv(source, parse_dates=["outcome_ts"], date_format="ISO8601")
        outcomes["outcome_ts"] = outcomes["outcome_ts"] + by
        outcomes.to_csv(target, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    else:
        target.write_text(
            _TIME.sub(lambda found: _move(found.group(), by), source.read_text(encoding="utf-8")),
            encoding="utf-8",
        )
    return target


def _move(stamp: str, by: timedelta) -> str:
    return (datetime.fromisoformat(stamp.removesuffix("Z")) + by).strftime("%Y-%m-%dT%H:%M:%SZ")
