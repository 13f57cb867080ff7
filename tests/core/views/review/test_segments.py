"""The Segments view: finds what was planted, and nothing where nothing was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.views.review.segments import SegmentsView, label, segments_view
from core.views.shared.measures import measure
from sample_data import generate
from sample_data.generate import AGREEMENT, LOGPROB, SELF_REPORT

TRIAGE = ("topic", "language", "channel", "model_version", "prompt_version")


def view_of(
    cursor: duckdb.DuckDBPyConnection,
    signal: str = SELF_REPORT,
    *,
    row: str = "topic",
    column: str = "language",
    listed: tuple[str, ...] = TRIAGE,
    every_pair: bool = False,
) -> SegmentsView:
    return segments_view(
        cursor,
        Selection(signal),
        row=row,
        column=column,
        segment_dimensions=listed,
        every_pair=every_pair,
    )


@pytest.fixture(scope="module")
def planted(sample: duckdb.DuckDBPyConnection) -> SegmentsView:
    return view_of(sample)


def cell(view: SegmentsView, topic: str, language: str) -> pd.Series:
    found = view.cells[(view.cells["topic"] == topic) & (view.cells["language"] == language)]
    (index,) = found.index
    return found.loc[index]


def test_the_planted_medical_gap_is_found_and_is_the_worst(planted: SegmentsView) -> None:
    worst = planted.ranked.iloc[0]
    assert worst["label"] == "Topic medical"
    assert worst["verdict"] == "off"
    assert worst["flagged"]
    assert worst["gap_low"] < generate.MEDICAL_GAP < worst["gap_high"]
    assert (
        f"Worst: Topic medical: right {worst['accuracy']:.0%} of the time (said 83%): gap "
        f"+{100 * worst['gap']:.1f} points ("
    ) in planted.headline
    assert planted.headline.endswith(f"), {worst['n']:,} cases.")


def test_the_planted_hindi_translations_are_found(planted: SegmentsView) -> None:
    found = cell(planted, "translation", "hi")
    assert found["verdict"] == "off"
    low, high = found["corrected_low"], found["corrected_high"]
    assert low < generate.HINDI_TRANSLATION_GAP < high
    others = planted.cells[planted.cells["topic"].isin(["billing", "contract", "triage"])]
    assert not (others["verdict"] == "off").any()


@pytest.mark.usefixtures("on_the_day_told")
@pytest.mark.parametrize(
    ("signal", "row", "column", "listed"),
    [
        (AGREEMENT, "topic", "language", TRIAGE),
        (LOGPROB, "language", "amount", ("language", "amount")),
    ],
)
def test_a_calibrated_signal_has_no_segment_that_is_off(
    signal: str,
    row: str,
    column: str,
    listed: tuple[str, ...],
    sample: duckdb.DuckDBPyConnection,
) -> None:
    view = view_of(sample, signal, row=row, column=column, listed=listed, every_pair=True)
    assert not (view.cells["verdict"] == "off").any()
    assert not (view.ranked["verdict"] == "off").any()
    assert not view.ranked["flagged"].any()
    assert view.headline.startswith("No segment is off by more than ±5 points; ")
    assert view.test is not None
    assert "nothing that chance alone would not" in view.test


def test_the_numbers_of_a_cell_are_those_of_measure(
    planted: SegmentsView, sample: duckdb.DuckDBPyConnection
) -> None:
    printed = measure(sample, Selection(SELF_REPORT), by=("topic", "language")).groups
    assert len(printed) == len(planted.cells)
    for one in printed:
        found = cell(planted, str(one.group["topic"]), str(one.group["language"]))
        assert (found["n"], found["n_claims"], found["n_unstated"]) == (
            one.n,
            one.n_claims,
            one.n_unstated,
        )
        assert found["gap"] == pytest.approx(one.gap, abs=1e-12)
        assert found["verdict"] == one.state


def test_the_numbers_of_a_listed_segment_are_those_of_measure(
    planted: SegmentsView, sample: duckdb.DuckDBPyConnection
) -> None:
    ranked = planted.ranked.set_index("label")
    for one in measure(sample, Selection(SELF_REPORT), by=("topic",)).groups:
        found = ranked.loc[f"Topic {one.group['topic']}"]
        assert found["n"] == one.n
        for name in ("gap", "gap_low", "gap_high", "mean_confidence", "accuracy", "coverage"):
            assert found[name] == pytest.approx(getattr(one, name), abs=1e-12)
        assert one.high_band is not None
        assert found["high_n"] == one.high_band.n
        assert found["high_observed"] == pytest.approx(one.high_band.observed)


def test_colour_is_the_end_of_the_corrected_interval_nearest_zero(planted: SegmentsView) -> None:
    cells = planted.cells
    low, high = cells["corrected_low"], cells["corrected_high"]
    holds_zero = (low <= 0) & (high >= 0)
    assert 0 < holds_zero.sum() < len(cells)
    assert (cells["shown"][holds_zero] == 0).all()
    for at in cells.index[~holds_zero]:
        assert abs(cells["shown"][at]) == min(abs(low[at]), abs(high[at]))
        assert np.sign(cells["shown"][at]) == np.sign(cells["gap"][at])
    assert (cells["shown"].abs() <= cells["gap"].abs()).all()


def test_the_list_stands_by_falling_shrunken_gap(planted: SegmentsView) -> None:
    size = planted.ranked["shrunken"].abs()
    assert size.is_monotonic_decreasing
    # Small segments are drawn in: the order is another than that of the bare gaps.
    assert not planted.ranked["gap"].abs().is_monotonic_decreasing


def test_labels_name_one_dimension_or_two() -> None:
    assert label((("topic", "medical"),)) == "Topic medical"
    assert label((("topic", "medical"), ("model_version", None))) == (
        "Topic medical × Model version (none)"
    )


def test_the_list_holds_each_dimension_and_the_pair_shown(planted: SegmentsView) -> None:
    dimensions = {tuple(name for name, _ in one) for one in planted.ranked["segment"]}
    assert dimensions == {*((name,) for name in TRIAGE), ("topic", "language")}


def test_every_pair_is_listed_when_asked_for(sample: duckdb.DuckDBPyConnection) -> None:
    view = view_of(sample, every_pair=True)
    pairs = {frozenset(name for name, _ in one) for one in view.ranked["segment"] if len(one) == 2}
    assert len(pairs) == 10


@pytest.mark.parametrize("column", ["week", "confidence_band"])
def test_weeks_and_bands_are_mapped_but_not_listed(
    column: str, sample: duckdb.DuckDBPyConnection
) -> None:
    view = view_of(sample, column=column)
    assert view.cells[column].nunique() > 5
    named = {name for one in view.ranked["segment"] for name, _ in one}
    assert named == set(TRIAGE)


def test_a_cell_with_too_few_inputs_is_marked_and_has_no_verdict(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    view = view_of(sample, row="language", column="week")
    cells = view.cells
    assert cells["too_few"].any()
    assert (cells["too_few"] == (cells["n_inputs"] < 30)).all()
    assert (cells["verdict"][cells["too_few"]] == "too_few").all()


def test_the_headline_counts_and_shows_what_the_list_holds(planted: SegmentsView) -> None:
    bad = planted.ranked[planted.ranked["verdict"] == "off"]
    verb = "is" if len(bad) == 1 else "are"
    start = f"{len(bad)} of {len(planted.ranked)} segments {verb} off."
    assert planted.headline.startswith(start)
    assert f"{bad.iloc[0]['n']:,} cases" in planted.headline


def rows_of(segment: str, v: float, n: int, right: int) -> str:
    return "".join(
        f"{segment}-{v}-{i},2026-11-02,s,{v},{int(i < right)},{segment},x\n" for i in range(n)
    )


HEADER = "event_id,ts,signal,confidence,outcome,seg_part,seg_other\n"


def view_of_rows(ledger: Ledger, tmp_path: Path, text: str) -> SegmentsView:
    file = tmp_path / "claims.csv"
    file.write_text(HEADER + text)
    import_file(ledger, file, now=datetime(2026, 11, 23))
    return segments_view(
        ledger.cursor(), Selection("s"), row="part", column="other", segment_dimensions=("part",)
    )


def test_a_segment_that_only_its_high_band_condemns_is_said_so(
    ledger: Ledger, tmp_path: Path
) -> None:
    text = rows_of("bad", 0.6, 3000, 1950) + rows_of("bad", 0.95, 600, 420)
    view = view_of_rows(ledger, tmp_path, text + rows_of("good", 0.8, 2000, 1600))
    assert "Part bad" in view.headline
    assert (
        "stated at 90% or more it is right 70% of the time (said 95%): gap +25.0 points ("
    ) in view.headline
    assert view.headline.endswith("), 600 cases.")


def test_a_segment_whose_errors_cancel_is_off_and_where_is_said(
    ledger: Ledger, tmp_path: Path
) -> None:
    text = rows_of("bad", 0.55, 600, 440) + rows_of("bad", 0.8, 600, 370)
    view = view_of_rows(ledger, tmp_path, text + rows_of("good", 0.8, 2000, 1600))
    bad = view.cells[view.cells["part"] == "bad"].iloc[0]
    assert abs(bad["gap"]) < 0.01
    assert bad["verdict"] == "off"
    assert (bad["shown"], bad["shape_shown"]) == (0, bad["shape_low"])
    assert 0.05 < bad["shape_low"] < 0.185 < bad["shape_high"]
    assert bad["shape_where"] == "overconfident at 80%, underconfident at 55%"
    good = view.cells[view.cells["part"] == "good"].iloc[0]
    assert (good["shape_shown"], good["shape_where"]) == (0, "")
    assert np.isnan(good["shape_high"])  # of one confidence
    assert "overconfident at 80%, underconfident at 55%" in view.headline


def test_segments_without_a_label_are_mapped_but_not_ranked(ledger: Ledger, tmp_path: Path) -> None:
    unlabelled = "".join(f"u{i},2026-11-02,s,0.8,,late,x\n" for i in range(5))
    view = view_of_rows(ledger, tmp_path, rows_of("good", 0.8, 200, 160) + unlabelled)
    late = view.cells[view.cells["part"] == "late"].iloc[0]
    assert (late["n"], late["n_claims"], late["shown"]) == (0, 5, 0)
    assert not any("late" in name for name in view.ranked["label"])


def test_no_label_anywhere_is_said(ledger: Ledger, tmp_path: Path) -> None:
    view = view_of_rows(ledger, tmp_path, "u1,2026-11-02,s,0.8,,late,x\n")
    assert view.headline == "No labelled claim matches these filters."
    assert view.test is None


def test_the_test_over_all_segments_is_left_out_of_a_very_wide_map(
    planted: SegmentsView, monkeypatch: pytest.MonkeyPatch, sample: duckdb.DuckDBPyConnection
) -> None:
    monkeypatch.setattr("core.views.review.segments.MOST_CELLS_TESTED", len(planted.cells) - 1)
    again = view_of(sample)
    assert again.test is None
    assert replace(again, test=planted.test).headline == planted.headline
