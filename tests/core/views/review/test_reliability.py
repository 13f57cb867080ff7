"""The Reliability view: the same numbers as `measure`, in the order asked for."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.queries.base.selection import Selection
from core.views.review.reliability import reliability_view
from core.views.shared.measures import measure
from sample_data.generate import AGREEMENT, LOGPROB, SELF_REPORT


@pytest.mark.parametrize("signal", [SELF_REPORT, AGREEMENT, LOGPROB])
def test_one_group_has_the_measures_that_the_command_line_prints(
    signal: str, sample: duckdb.DuckDBPyConnection
) -> None:
    (group,) = reliability_view(sample, Selection(signal)).groups
    (printed,) = measure(sample, Selection(signal)).groups
    assert {**group.measures.as_json(), "group": {}} == printed.as_json()


@pytest.mark.parametrize("values", [("assist-1", "assist-2"), ("assist-2", "assist-1")])
def test_two_groups_keep_the_order_asked_for(
    values: tuple[str, str], sample: duckdb.DuckDBPyConnection
) -> None:
    compare = ("model_version", *values)
    view = reliability_view(sample, Selection(SELF_REPORT), compare=compare)
    assert tuple(group.name for group in view.groups) == values
    by_model = {
        one.group["model_version"]: one
        for one in measure(sample, Selection(SELF_REPORT), by=("model_version",)).groups
    }
    for group in view.groups:
        assert group.measures.gap == by_model[group.name].gap
        assert group.measures.n == by_model[group.name].n
        assert group.measures.verdict == by_model[group.name].verdict
    assert view.comparison is not None
    assert view.comparison.startswith(f"{values[0]}: ")


def test_medical_is_told_apart_from_billing(sample: duckdb.DuckDBPyConnection) -> None:
    view = reliability_view(sample, Selection(SELF_REPORT), compare=("topic", "billing", "medical"))
    assert view.comparison is not None
    assert view.comparison.endswith("medical is further off than billing.")


def test_the_curve_the_table_and_the_histogram_count_the_same_claims(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    (group,) = reliability_view(sample, Selection(SELF_REPORT)).groups
    n, n_claims = group.measures.n, group.measures.n_claims
    assert group.curve["n"].sum() == group.values["n"].sum() == group.histogram["n"].sum() == n
    assert group.values["n_claims"].sum() == group.histogram["n_claims"].sum() == n_claims
    gap = np.average(group.values["gap"], weights=group.values["n"])
    assert gap == pytest.approx(group.measures.gap, abs=1e-12)
    assert group.curve["observed"].is_monotonic_increasing


def test_the_bands_hold_their_ends_in_order_and_within_the_unit(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    (group,) = reliability_view(sample, Selection(SELF_REPORT)).groups
    for band in (group.consistency, group.honest):
        assert len(band)
        assert (band["low"] <= band["high"]).all()
        assert band[["low", "high"]].stack().between(0, 1).all()


def test_a_calibrated_signal_lies_within_tolerance_and_a_failing_one_does_not(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    for signal in (AGREEMENT, LOGPROB):
        (group,) = reliability_view(sample, Selection(signal)).groups
        assert group.measures.verdict == "within_tolerance"
    medical = Selection(SELF_REPORT, where=(("topic", ("medical",)),))
    (group,) = reliability_view(sample, medical).groups
    assert group.measures.verdict != "within_tolerance"


def test_every_measure_that_has_an_interval_lies_inside_it(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    (group,) = reliability_view(sample, Selection(SELF_REPORT)).groups
    with_interval = [row for row in group.rows if " to " in row.interval]
    assert len(with_interval) >= 6
    for row in with_interval:
        if "%" in row.value:
            continue
        low, high = (float(end.replace("−", "-")) for end in row.interval.split(" to "))
        assert low <= float(row.value.replace("−", "-")) <= high, row.name


def test_nothing_labelled_still_makes_a_view(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    file.write_text(
        "event_id,ts,signal,confidence\n" + "".join(f"e{i},2026-11-02,s,0.8\n" for i in range(9))
    )
    import_file(ledger, file, now=datetime(2026, 11, 23))
    (group,) = reliability_view(ledger.cursor(), Selection("s")).groups
    assert group.headline.startswith("9 claims and no outcome yet")
    assert group.curve.empty
    assert group.consistency.empty
    assert group.notes == ()
    assert group.histogram["n_claims"].sum() == 9
