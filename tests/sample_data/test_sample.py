"""The sample: made from its seed, true to its README, and never stale."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.store.ingest import ImportSummary, import_file
from core.store.ledger import Ledger
from core.store.quarantine import list_quarantined
from sample_data import generate, sample_files, shifted_copies
from sample_data.shift import SAMPLE_END, whole_weeks_to

FOLDER = Path(generate.__file__).parent
README = (FOLDER / "README.md").read_text(encoding="utf-8")
TIMES = ["ts", "outcome_ts"]


def read(path: Path) -> pd.DataFrame:
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    frame = pd.read_csv(path, dtype=str)
    if "outcome_ts" in frame:
        frame["outcome_ts"] = pd.to_datetime(frame["outcome_ts"], format="ISO8601")
    return frame


def by_name(paths: tuple[Path, ...]) -> dict[str, pd.DataFrame]:
    return {path.name: read(path) for path in paths}


@pytest.fixture(scope="module")
def committed() -> dict[str, pd.DataFrame]:
    return by_name(sample_files())


# Made from its seed


def test_the_committed_files_are_what_the_seed_makes(
    committed: dict[str, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    generate.main()
    assert {path.name for path in tmp_path.iterdir()} == set(committed)
    for name, frame in committed.items():
        pd.testing.assert_frame_equal(read(tmp_path / name), frame)


def test_nothing_in_it_lies_after_its_end(committed: dict[str, pd.DataFrame]) -> None:
    for frame in committed.values():
        for column in set(TIMES) & set(frame):
            if frame[column].dtype.kind == "M":
                assert frame[column].max() < pd.Timestamp(SAMPLE_END, tz="UTC")
    first = min(committed[name]["ts"].min() for name in committed if "claims" in name)
    assert generate.FIRST_MONDAY <= first < generate.FIRST_MONDAY + pd.Timedelta(days=1)
    assert generate.FIRST_MONDAY + pd.Timedelta(weeks=generate.WEEKS) == pd.Timestamp(
        SAMPLE_END, tz="UTC"
    )


# What is planted is there


@pytest.fixture(scope="module")
def labelled(committed: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Stated triage claims with their outcomes: the planted gaps, by plain pandas."""
    claims = committed["triage_claims.parquet"].dropna(subset="confidence")
    outcomes = committed["triage_outcomes.csv.gz"].astype({"outcome": int})
    return claims.merge(outcomes, on="event_id")


def gap_and_error(frame: pd.DataFrame) -> tuple[float, float]:
    residual = frame["confidence"] - frame["outcome"]
    return float(residual.mean()), float(residual.std() / np.sqrt(len(frame)))


def test_the_planted_gaps_are_as_large_as_stated(labelled: pd.DataFrame) -> None:
    own = labelled[labelled["signal"] == generate.SELF_REPORT]
    medical = own["seg_topic"] == "medical"
    hindi = (own["seg_topic"] == "translation") & (own["seg_language"] == "hi")
    top = (own["model_version"] == "assist-2") & (own["confidence"] >= 0.9) & ~medical & ~hindi
    rest = own[~medical & ~hindi & ~top]
    for where, planted in (
        (own[medical & (own["model_version"] == "assist-1")], generate.MEDICAL_GAP),
        (own[hindi], generate.HINDI_TRANSLATION_GAP),
        (own[top], generate.NEW_MODEL_TOP_BAND_GAP),
        (rest, 0.0),
    ):
        gap, error = gap_and_error(where)
        assert abs(gap - planted) < 3 * error


def test_the_calibrated_signal_is_so_in_the_very_segments_where_the_other_fails(
    labelled: pd.DataFrame,
) -> None:
    agreement = labelled[labelled["signal"] == generate.AGREEMENT]
    for _, part in agreement.groupby(["seg_topic", agreement["seg_language"].eq("hi")]):
        gap, error = gap_and_error(part)
        assert abs(gap) < 3.5 * error
        assert abs(gap) < 0.05 + 2 * error


def test_importing_it_meets_exactly_the_planted_refusals(tmp_path: Path) -> None:
    summaries: list[ImportSummary] = []
    with Ledger.open(tmp_path / "sample.duckdb", create=True) as ledger:
        summaries += [import_file(ledger, path) for path in sample_files()]
        refused = list_quarantined(ledger.cursor())
    assert [one.n_quarantined for one in summaries] == [0, 0, 0, 6]
    assert [one.n_duplicate for one in summaries] == [0, 0, 0, 0]
    assert [(one.import_row, one.field, one.value) for one in refused] == [
        (2, "confidence", "85%"),
        (3, "confidence", "1.2"),
        (4, "ts", "16.11.2026 half past nine"),
        (5, "outcome", "0.5"),
        (6, "signal", None),
        (7, "confidence", "0.9"),
    ]


# Its README


def table(heading: str) -> dict[str, list[str]]:
    """A table of the README: its first cells → the other cells."""
    part = README[README.index(heading) :]
    lines = [line for line in part.split("\n\n")[0].splitlines() if line.startswith("|")][2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in rows}


def test_the_readme_lists_every_file_with_its_rows(committed: dict[str, pd.DataFrame]) -> None:
    stated = {name.strip("`"): row[0] for name, row in table("| file").items()}
    assert stated == {name: f"{len(frame):,}" for name, frame in committed.items()}


def test_the_readme_states_the_planted_gaps() -> None:
    stated = {where: int(row[0]) / 100 for where, row in table("| where").items()}
    top = f"model `assist-2` (from week {generate.MODEL_CHANGE_WEEK + 1} on), stated at 90% or more"
    assert stated == {
        "topic `medical`": generate.MEDICAL_GAP,
        "topic `translation` in language `hi`": generate.HINDI_TRANSLATION_GAP,
        top: generate.NEW_MODEL_TOP_BAND_GAP,
    }


def test_every_other_number_of_the_readme_is_a_constant() -> None:
    flat = re.sub(r"\s+", " ", README)
    assert generate.WEEKS == 12
    for said in (
        f"one seed, {generate.SEED},",
        f"{generate.WEEKS * generate.CLAIMS_PER_WEEK:,} tickets",
        f"{generate.LABEL_DELAY_DAYS:.0f} days on average, and never for "
        f"{generate.UNLABELLED_SHARE:.0%}",
        f"known after {generate.REFUND_DELAY_HOURS} hours",
        f"{generate.UNSTATED_SHARE:.0%} of its claims state no confidence",
        f"prompt changes in week {generate.PROMPT_CHANGE_WEEK + 1},",
        f"**Planted in `{generate.SELF_REPORT}`**",
        f"`{generate.AGREEMENT}`, on the very same tickets and outcomes, and `{generate.LOGPROB}`.",
        "3 rows that can be used, 6 that are refused",
    ):
        assert said in flat, said


# Never stale


@given(st.datetimes(datetime(1980, 1, 1), datetime(2100, 1, 1)))
def test_it_is_moved_by_whole_weeks_to_the_last_complete_week(now: datetime) -> None:
    by = whole_weeks_to(now)
    assert by % timedelta(weeks=1) == timedelta(0)
    end = SAMPLE_END + by
    assert end.weekday() == 0
    assert end <= now < end + timedelta(weeks=1)


@pytest.mark.parametrize(
    "now",
    [
        datetime(2024, 2, 29, 13, 5),
        datetime(2026, 11, 23),
        datetime(2026, 11, 22, 23, 59),
        datetime(2031, 7, 2, 8),
    ],
)
def test_a_copy_keeps_everything_but_the_week(
    now: datetime, committed: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    by = whole_weeks_to(now)
    copies = shifted_copies(tmp_path, now)
    assert [path.name for path in copies] == [path.name for path in sample_files()]
    for name, frame in by_name(copies).items():
        before = committed[name]
        times = [column for column in TIMES if column in frame and frame[column].dtype.kind == "M"]
        assert times or name == "hand_typed.csv"
        for column in times:
            pd.testing.assert_series_equal(frame[column] - by, before[column])
            assert frame[column].max() < pd.Timestamp(now, tz="UTC")
        others = [column for column in before if column not in TIMES]
        pd.testing.assert_frame_equal(frame[others], before[others])


def test_the_hand_typed_rows_are_moved_too_and_the_broken_time_stays_broken(
    tmp_path: Path,
) -> None:
    copy = shifted_copies(tmp_path, datetime(2026, 12, 9))[-1].read_text(encoding="utf-8")
    assert "2026-11-30T09:12:00Z" in copy
    assert "2026-11-16T" not in copy
    assert "16.11.2026 half past nine" in copy


def test_a_copy_is_imported_like_the_original(tmp_path: Path) -> None:
    now = datetime(2029, 3, 7, 10)
    with Ledger.open(tmp_path / "copy.duckdb", create=True) as ledger:
        copies = [import_file(ledger, path, now=now) for path in shifted_copies(tmp_path, now)]
        last = ledger.cursor().execute("SELECT max(ts) FROM claims").fetchall()[0][0]
    with Ledger.in_memory() as ledger:
        originals = [import_file(ledger, path, now=now) for path in sample_files()]
    for copy, original in zip(copies, originals, strict=True):
        for name in ("n_read", "n_new", "n_unstated", "n_quarantined", "n_attached"):
            assert getattr(copy, name) == getattr(original, name)
    assert datetime(2029, 2, 26) < last < datetime(2029, 3, 5)
