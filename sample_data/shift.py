"""Bring the sample up to date: the same events, moved by whole weeks so that they end now."""

from __future__ import annotations

import gzip
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
    "desk_claims.parquet",
    "pilot_claims.parquet",
    "merge_handoffs.parquet",
    "grounding_claims.jsonl",
    "hand_typed.csv",
)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT(\d\d:\d\d:\d\dZ)")


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

    Returns:
        The copies, in the order in which they are imported.
    """
    by = whole_weeks_to(now)
    return tuple(_shifted(source, folder / source.name, by) for source in sample_files())


def _shifted(source: Path, target: Path, by: timedelta) -> Path:
    """Move every time: of any time column in Parquet, of any ISO time in text."""
    if source.suffix == ".parquet":
        frame = pd.read_parquet(source)
        for column in frame.select_dtypes("datetimetz"):
            frame[column] = (frame[column] + by).astype(frame[column].dtype)
        frame.to_parquet(target, index=False)
    elif source.suffix == ".gz":
        text = gzip.decompress(source.read_bytes()).decode("utf-8")
        target.write_bytes(gzip.compress(_moved(text, by).encode("utf-8"), compresslevel=1))
    else:
        target.write_text(_moved(source.read_text(encoding="utf-8"), by), encoding="utf-8")
    return target


def _moved(text: str, by: timedelta) -> str:
    # Whole weeks: the time of day stays, and each day is worked out once.
    days: dict[str, str] = {}

    def move(found: re.Match[str]) -> str:
        day = found.group()[:10]
        if day not in days:
            days[day] = (datetime.fromisoformat(day) + by).strftime("%Y-%m-%d")
        return f"{days[day]}T{found[1]}"

    return _TIME.sub(move, text)
