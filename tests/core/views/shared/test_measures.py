"""`measure`: the documented JSON, and what stands under the table."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import Any

import duckdb
import pytest

from core.defaults import HIGH_FROM, TOLERANCE
from core.gate.registry_changes import apply
from core.governance.perform import Office
from core.ingest.import_file import import_file
from core.ledger.connection import Ledger
from core.ledger.errors import BadValue, UnknownDimension
from core.queries.base.selection import Selection
from core.registry.yaml_reader import read
from core.trail.checkpoints.signer import Signer
from core.views.shared.measures import MeasureReport, UnknownSignal, filters_of, measure
from sample_data.generate import AGREEMENT, SELF_REPORT
from tests.worlds.governed.entries import entry

TOP = ["signal", "as_of", "filters", "groups", "standing"]
GROUP = [
    "group", "n_claims", "n_unstated", "n", "n_inputs", "coverage", "mean_confidence", "accuracy",
    "gap", "gap_low", "gap_high", "ece", "ece_noise_floor", "ece_p_value", "ece_debiased_l2",
    "smece", "brier", "mcb", "dsc", "unc", "log_loss", "n_exact_0_or_1", "auroc", "slope",
    "intercept", "high_band", "verdict", "minimum_detectable_gap",
    "detectable_beyond_tolerance",
    "n_effective", "largest_share", "state", "reason", "speaks_for", "parts", "bounds",
    "label_sources",
]  # fmt: skip
HIGH_BAND = ["from", "n", "claimed", "observed", "low", "high", "p_value"]
WORST_FIRST = ["off", "at_the_edge", "too_few", "fine"]


def strict(text: str) -> Any:
    """JSON as the standard has it: NaN and Infinity are none."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def asked(
    cursor: duckdb.DuckDBPyConnection, signal: str = SELF_REPORT, *, by: Any = (), **more: Any
) -> Any:
    return strict(measure(cursor, Selection(signal, **more), by=by).to_json())


def ledger_of(ledger: Ledger, tmp_path: Any, text: str) -> duckdb.DuckDBPyConnection:
    file = tmp_path / "claims.csv"
    file.write_text(text)
    import_file(ledger, file, now=datetime(2026, 11, 23))
    return ledger.cursor()


def test_the_json_has_exactly_the_documented_keys_in_their_order_at_every_level(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    found = asked(sample, by=("topic",))
    assert list(found) == TOP
    for group in found["groups"]:
        # Why something is null comes last, where anything is.
        assert list(group) in (GROUP, [*GROUP, "notes"])
        assert list(group["group"]) == ["topic"]
        assert list(group["high_band"]) == HIGH_BAND


def test_the_whole_is_one_group_without_a_name(sample: duckdb.DuckDBPyConnection) -> None:
    (whole,) = asked(sample)["groups"]
    assert whole["group"] == {}
    assert whole["gap"] == pytest.approx(whole["mean_confidence"] - whole["accuracy"], abs=1e-12)
    assert whole["coverage"] == whole["n"] / whole["n_claims"]


def test_as_of_is_a_utc_time_and_that_of_as_known_where_given(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    assert asked(sample)["as_of"].endswith("Z")
    known = asked(sample, as_known=datetime(2026, 10, 5))
    assert known["as_of"] == "2026-10-05T00:00:00Z"


def test_filters_are_echoed_and_only_those_that_were_set(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    assert asked(sample)["filters"] == {}
    where = (("language", ("de", "en")), ("topic", ("medical",)))
    found = asked(sample, since=datetime(2026, 9, 7), until=datetime(2026, 10, 5), where=where)
    assert found["filters"] == {
        "since": "2026-09-07T00:00:00Z",
        "until": "2026-10-05T00:00:00Z",
        "language": ["de", "en"],
        "topic": "medical",
    }


def test_a_filter_for_claims_that_name_nothing_is_null() -> None:
    assert filters_of(Selection("s", where=(("topic", (None,)),))) == {"topic": None}


def test_groups_stand_by_worst_verdict_then_by_n(sample: duckdb.DuckDBPyConnection) -> None:
    groups = asked(sample, by=("topic", "language"))["groups"]
    order = [(WORST_FIRST.index(one["state"]), -one["n"]) for one in groups]
    assert order == sorted(order)
    assert len({place for place, _ in order}) > 1


def test_groups_add_up_to_the_whole(sample: duckdb.DuckDBPyConnection) -> None:
    (whole,) = asked(sample)["groups"]
    for by in (("week",), ("topic",), ("topic", "language")):
        groups = asked(sample, by=by)["groups"]
        for name in ("n_claims", "n_unstated", "n"):
            assert sum(one[name] for one in groups) == whole[name]
        gap = math.fsum(one["gap"] * one["n"] for one in groups) / whole["n"]
        assert gap == pytest.approx(whole["gap"], abs=1e-12)


def test_weeks_are_named_as_iso_weeks(sample: duckdb.DuckDBPyConnection) -> None:
    weeks = {one["group"]["week"] for one in asked(sample, by=("week",))["groups"]}
    assert weeks == {f"2026-W{week}" for week in range(22, 48)}


def test_several_values_of_one_dimension_mean_any_of_them(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    both = asked(sample, where=(("language", ("de", "pt")),))["groups"][0]
    apart = [asked(sample, where=(("language", (one,)),))["groups"][0] for one in ("de", "pt")]
    assert both["n"] == sum(one["n"] for one in apart)


def test_as_known_leaves_out_later_claims_and_later_outcomes(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    day = datetime(2026, 10, 5)
    then = asked(sample, as_known=day)["groups"][0]
    until = asked(sample, until=day)["groups"][0]
    assert then["n_claims"] == until["n_claims"]
    assert 0 < then["n"] < until["n"]


def test_one_class_gives_null_with_a_note(ledger: Ledger, tmp_path: Any) -> None:
    rows = "".join(f"e{i},2026-11-02,s,0.{7 + i % 3},1\n" for i in range(60))
    cursor = ledger_of(ledger, tmp_path, "event_id,ts,signal,confidence,outcome\n" + rows)
    (one,) = asked(cursor, "s")["groups"]
    assert list(one) == [*GROUP, "notes"]
    for name in ("auroc", "slope", "intercept"):
        assert one[name] is None
        assert one["notes"][name] == "one class only"
    nulls = {name for name, value in one.items() if value is None}
    assert nulls - {"reason"} <= set(one["notes"])


def test_nothing_stated_is_json_too(ledger: Ledger, tmp_path: Any) -> None:
    rows = "".join(f"e{i},2026-11-02,s,,1\n" for i in range(60))
    cursor = ledger_of(ledger, tmp_path, "event_id,ts,signal,confidence,outcome\n" + rows)
    (one,) = asked(cursor, "s")["groups"]
    assert (one["n_claims"], one["n_unstated"], one["n"], one["ece"]) == (0, 60, 0, None)
    assert one["verdict"] == "cannot_tell"


SPLIT = "event_id,ts,signal,confidence,outcome,split\n" + "".join(
    f"e{i},2026-11-02,s,0.8,{i % 2},{'tuning' if i < 40 else 'heldout'}\n" for i in range(100)
)
TUNING_NOTE = "Claims of the tuning split are left out unless asked for."


def test_tuning_claims_are_left_out_unless_asked_for(ledger: Ledger, tmp_path: Any) -> None:
    cursor = ledger_of(ledger, tmp_path, SPLIT)
    assert asked(cursor, "s")["groups"][0]["n"] == 60
    tuning = asked(cursor, "s", where=(("split", ("tuning",)),))["groups"]
    assert tuning[0]["n"] == 40
    by = {one["group"]["split"]: one["n"] for one in asked(cursor, "s", by=("split",))["groups"]}
    assert by == {"tuning": 40, "heldout": 60}


def test_the_footnote_on_tuning_stands_only_where_they_are_left_out(
    ledger: Ledger, tmp_path: Any
) -> None:
    cursor = ledger_of(ledger, tmp_path, SPLIT)
    assert TUNING_NOTE in measure(cursor, Selection("s")).footnotes()
    assert TUNING_NOTE not in measure(cursor, Selection("s"), by=("split",)).footnotes()
    chosen = Selection("s", where=(("split", ("tuning",)),))
    assert TUNING_NOTE not in measure(cursor, chosen).footnotes()


def report_on_the_sample(sample: duckdb.DuckDBPyConnection, **more: Any) -> MeasureReport:
    return measure(sample, Selection(SELF_REPORT), **more)


def test_the_footnote_counts_the_groups_that_were_corrected_together(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    report = report_on_the_sample(sample, by=("language", "week"))
    judged = sum(one.n_inputs >= 30 for one in report.groups)
    assert 1 < judged < len(report.groups)
    assert f"corrected together over {judged} groups" in report.footnotes()[0]


def test_the_footnote_says_tolerance_and_cut_as_they_were_given(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    first = report_on_the_sample(sample, tolerance=0.025, high_from=0.995).footnotes()[0]
    assert "Tolerance ±2.5 points; high band from 99.5%." in first


def test_tolerance_and_cut_decide_the_verdict_and_the_band(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    strict_one = report_on_the_sample(sample, tolerance=0.01, high_from=0.98).groups[0]
    loose = report_on_the_sample(sample, tolerance=0.2, high_from=0.98).groups[0]
    assert (strict_one.verdict, loose.verdict) == ("miscalibrated", "within_tolerance")
    assert strict_one.high_band is not None
    assert strict_one.high_band.high_from == 0.98


def test_no_claim_under_the_filters_is_said_and_is_no_error(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    for by in ((), ("topic",)):
        report = measure(sample, Selection(SELF_REPORT, since=datetime(2030, 1, 1)), by=by)
        assert report.footnotes() == ("No claim matches these filters.",)
        strict(report.to_json())


def test_an_unknown_signal_says_which_signals_there_are(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    for by in ((), ("topic",)):
        with pytest.raises(UnknownSignal) as caught:
            measure(sample, Selection("triage"), by=by)
        assert "'triage'" in str(caught.value)
        assert SELF_REPORT in str(caught.value)
        assert AGREEMENT in str(caught.value)


def test_an_empty_ledger_says_so_whatever_the_signal(ledger: Ledger) -> None:
    with pytest.raises(UnknownSignal, match="no claim yet"):
        measure(ledger.cursor(), Selection("s"))


def test_an_unknown_dimension_says_which_dimensions_there_are(
    sample: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(UnknownDimension, match=r"'tier'.*week.*language"):
        measure(sample, Selection(SELF_REPORT), by=("tier",))


def test_a_week_that_is_none_is_refused(sample: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(BadValue, match="2026-W99"):
        measure(sample, Selection(SELF_REPORT, where=(("week", ("2026-W99",)),)))


@pytest.mark.parametrize(
    ("given", "used"),
    [
        ({}, (0.4, 0.95)),
        ({"tolerance": 0.1}, (0.1, 0.95)),
        ({"high_from": 0.5}, (0.4, 0.5)),
        ({"tolerance": 0.1, "high_from": 0.5}, (0.1, 0.5)),
    ],
)
def test_a_registered_signal_is_measured_by_its_entry_unless_told_otherwise(
    given: dict[str, float], used: tuple[float, float], ledger: Ledger, tmp_path: Any
) -> None:
    cursor = ledger_of(ledger, tmp_path, "event_id,ts,signal,confidence\na,2026-11-02,s,0.9\n")
    registered(ledger)
    report = measure(cursor, Selection("s"), **given)
    assert (report.tolerance, report.high_from) == used


def test_an_unregistered_signal_is_measured_as_usual(ledger: Ledger, tmp_path: Any) -> None:
    cursor = ledger_of(ledger, tmp_path, "event_id,ts,signal,confidence\na,2026-11-02,t,0.9\n")
    registered(ledger)
    report = measure(cursor, Selection("t"))
    assert (report.tolerance, report.high_from) == (TOLERANCE, HIGH_FROM)


def registered(ledger: Ledger) -> None:
    """Write down that of signal s a gap of 40 points is accepted and 95% is high."""
    text = entry(tolerance="0.4", highConfidence="0.95")
    apply(Office(ledger, Signer.generate()), read(text), "user:t/adam")


def many_customers(well_labelled: int) -> str:
    """1,200 customers of one claim, and so many of forty, half of them right."""
    rows = [(f"c{i}", 1) for i in range(1200)] + [(f"big{i}", 40) for i in range(well_labelled)]
    return "event_id,ts,signal,confidence,outcome,seg_customer\n" + "".join(
        f"{name}-{i},2026-11-02T09:00:00Z,s,0.9,{i % 2},{name}\n"
        for name, times in rows
        for i in range(times)
    )


def test_of_a_dimension_of_ids_those_that_can_be_judged_are_listed_and_the_rest_is_counted(
    ledger: Ledger, tmp_path: Any
) -> None:
    cursor = ledger_of(ledger, tmp_path, many_customers(2))
    report = measure(cursor, Selection("s"), by=["customer"])
    assert {one.group["customer"]: one.n for one in report.groups} == {"big0": 40, "big1": 40}
    assert strict(report.to_json())["left_out"] == [
        {"dimension": "customer", "values": 1200, "claims": 1200, "labelled": 1200}
    ]
    said = [line for line in report.footnotes() if line.startswith("Not listed")]
    assert said == [
        "Not listed: 1,200 values of customer with fewer than 30 labels each; 1,200 claims "
        "together, 1,200 of them labelled."
    ]
    assert strict(report.to_json())["filters"] == {}


def test_a_dimension_of_ids_none_of_which_can_be_judged_has_no_group(
    ledger: Ledger, tmp_path: Any
) -> None:
    cursor = ledger_of(ledger, tmp_path, many_customers(0))
    report = measure(cursor, Selection("s"), by=["customer"])
    assert report.groups == ()
    assert len(report.footnotes()) == 1
    assert strict(report.to_json())["groups"] == []


def test_the_most_labelled_are_listed_where_more_than_can_be_listed_could_be_judged(
    ledger: Ledger, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cursor = ledger_of(ledger, tmp_path, many_customers(3))
    monkeypatch.setattr("core.views.shared.measures.MOST_VALUES", 2)
    report = measure(cursor, Selection("s"), by=["customer"])
    assert len(report.groups) == 2
    (left_out,) = report.left_out
    assert (left_out.values, left_out.claims) == (1201, 1240)
