"""A re-measurement: the newest claims whose labels came of age, under one fingerprint."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.governance.perform import Office
from core.ledger.connection import Ledger
from core.measure.metrics.intervals import clopper_pearson
from core.monitoring.remeasure import remeasure
from core.monitoring.remeasured import Remeasured, outcome, why_mute
from core.queries.base import group_keys
from core.queries.base.seen.fingerprints_seen import Seen, fingerprints_seen
from core.queries.base.selection import Selection
from core.trail.canonical_json import canonical
from core.trail.fingerprint import Fingerprint
from core.views.shared.measures import measure

NOW = datetime(2026, 11, 24, 9)
#: Labels come of age after 30 days: the last week that counts ends on Monday, 2026-10-19.
UNTIL = datetime(2026, 10, 19)
Log = Callable[..., None]


@pytest.fixture
def log(log: Log, clock: Any) -> Log:
    clock.now = NOW
    return partial(log, prompt_version="p1")


def require_topic(governed: Any, registry_text: str) -> None:
    required = "minSamples: 400\n    segments: [topic]"
    governed.apply(registry_text.replace("minSamples: 400", required), "user:desk/ann")


def measured(governed: Any, model: str = "m1") -> Remeasured:
    spec = governed.office.state().entries["triage"].spec
    with governed.ledger.cursor() as cursor:
        (seen,) = (
            one
            for one in fingerprints_seen(cursor)
            if dict(one.fields).get("model_version") == model
        )
        found = remeasure(cursor, spec, seen, NOW)
    # What the act carries reads as what was found.
    carried = json.loads(canonical(found.as_json()))
    assert Remeasured.read(carried).words == found.words
    assert outcome({"fingerprints": [carried]}) == found.words
    assert outcome({"fingerprints": [carried], "text": "It was said so."}) == "It was said so."
    return found


def test_it_takes_the_last_window_whose_labels_have_come_of_age(governed: Any, log: Log) -> None:
    log(UNTIL - timedelta(days=29), 50, 0, 0.8)  # before the window of 28 days
    log(UNTIL - timedelta(days=28), 100, 80, 0.8)
    log(UNTIL - timedelta(days=1), 100, 70, 0.8)
    log(UNTIL, 50, 0, 0.8)  # too young
    found = measured(governed)
    assert (found.since, found.until) == (UNTIL - timedelta(days=28), UNTIL)
    assert (found.whole.n, found.whole.n_inputs) == (200, 200)
    assert found.whole.gap == pytest.approx(0.05)


def test_its_interval_is_clopper_and_pearsons_where_there_is_one_group_and_no_band(
    governed: Any, log: Log
) -> None:
    log(UNTIL - timedelta(days=7), 400, 250, 0.8)
    found = measured(governed).whole
    low, high = clopper_pearson(np.array([250.0]), np.array([400.0]), 0.05)
    assert (found.low, found.high) == (
        pytest.approx(0.8 - high[0]),
        pytest.approx(0.8 - low[0]),
    )
    assert found.verdict == "miscalibrated"
    assert found.words == "gap +17.5 points (+12.7 to +22.4), 400 claims of 400 inputs"


def test_claims_of_another_fingerprint_and_of_other_splits_are_left_out(
    governed: Any, log: Log
) -> None:
    log(UNTIL - timedelta(days=7), 100, 80, 0.8)
    log(UNTIL - timedelta(days=7), 40, 0, 0.8, model_version="m2")
    log(UNTIL - timedelta(days=7), 40, 0, 0.8, split="heldout")
    assert measured(governed).whole.n == 100
    assert measured(governed, "m2").whole.n == 40


def test_several_claims_on_one_input_are_one_input(governed: Any, log: Log) -> None:
    inputs = [f"q{i // 5}" for i in range(200)]
    log(UNTIL - timedelta(days=7), 200, 160, 0.8, input_id=inputs)
    found = measured(governed).whole
    assert (found.n, found.n_inputs) == (200, 40)
    assert found.high - found.low > 0.15


def test_the_high_confidence_band_is_named_where_only_it_is_off(governed: Any, log: Log) -> None:
    log(UNTIL - timedelta(days=7), 300, 250, 0.95)
    log(UNTIL - timedelta(days=6), 1500, 930, 0.6)
    found = measured(governed)
    assert found.whole.verdict == "miscalibrated"
    assert found.whole.band is not None
    assert (found.whole.band.n, found.whole.band.gap) == (300, pytest.approx(0.95 - 250 / 300))
    assert (
        "stated at 90% or more it is right 83% of the time (said 95%): gap +11.7 points"
        in found.words
    )
    assert (found.whole.state, found.whole.reason) == ("off", "high_band")


def test_errors_that_cancel_are_off_and_where_is_said(governed: Any, log: Log) -> None:
    log(UNTIL - timedelta(days=7), 600, 440, 0.55)
    log(UNTIL - timedelta(days=6), 600, 370, 0.8)
    found = measured(governed)
    assert (found.whole.state, found.whole.reason) == ("off", "shape")
    assert "over the range of confidence" in found.words
    assert "overconfident at 80%, underconfident at 55%" in found.words
    written = found.as_json()["groups"][0]
    assert (written["verdict"], written["state"], written["part"]) == (
        "miscalibrated",
        "off",
        "shape",
    )
    assert float(written["error_low"]) > 0.05


def test_required_segments_are_measured_and_what_is_off_is_named(
    governed: Any, log: Log, registry_text: str
) -> None:
    require_topic(governed, registry_text)
    log(UNTIL - timedelta(days=7), 600, 480, 0.8, seg_topic="law")
    log(UNTIL - timedelta(days=7), 200, 120, 0.8, seg_topic="tax")
    found = measured(governed)
    assert [one.where for one in found.segments] == [("topic", "law"), ("topic", "tax")]
    assert "topic=tax is off: gap +20.0 points" in found.words
    assert "topic=law" not in found.words


def test_a_dimension_that_no_claim_names_is_left_out(
    governed: Any, log: Log, registry_text: str
) -> None:
    require_topic(governed, registry_text)
    log(UNTIL - timedelta(days=7), 100, 80, 0.8)
    assert measured(governed).segments == ()


def test_a_dimension_with_too_many_values_is_left_out_even_where_few_are_labelled(
    governed: Any, log: Log, registry_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    require_topic(governed, registry_text)
    late = f"{UNTIL + timedelta(days=24):%Y-%m-%dT%H:%M:%SZ}"
    log(UNTIL - timedelta(days=7), 100, 80, 0.8, seg_topic="law")
    log(UNTIL - timedelta(days=7), 100, 0, 0.8, seg_topic="tax", outcome_ts=late)
    assert [one.where for one in measured(governed).segments] == [("topic", "law")]
    monkeypatch.setattr(group_keys, "MOST_VALUES", 1)
    found = measured(governed)
    assert (found.whole.n, found.segments) == (100, ())


def uneven(log: Log, low: int, high: int, **columns: Any) -> None:
    """600 claims at 55 % and as many at 80 %, right as stated, so many of each labelled."""
    day = UNTIL - timedelta(days=7)
    for confidence, labelled in ((0.55, low), (0.8, high)):
        for n, right, came in (
            (labelled, round(confidence * labelled), day + timedelta(days=2)),
            # Labels of these come too late to count.
            (600 - labelled, 0, day + timedelta(days=31)),
        ):
            log(day, n, right, confidence, outcome_ts=f"{came:%Y-%m-%dT%H:%M:%SZ}", **columns)


def test_labels_that_cannot_speak_for_all_claims_give_no_verdict(governed: Any, log: Log) -> None:
    uneven(log, 540, 60)
    found = measured(governed)
    assert (found.whole.state, found.whole.reason) == ("too_few", None)
    assert found.whole.n == 600
    assert ": no verdict (this window: " in found.words
    assert "), gap 0.0 points" in found.words
    assert "claims of confidence band 0.7–0.8 are labelled 10% (60 of 600)" in found.words
    assert "The gap of all 1,200 may be anything from −11.2 to +38.8 points." in found.words
    written = found.as_json()["groups"][0]
    assert (written["verdict"], written["speaks_for"]) == ("cannot_tell", "labelled")
    assert why_mute(written).startswith("No verdict on all claims")
    assert why_mute({"why": "It was said so."}) == "It was said so."


def test_a_required_segment_of_such_labels_gives_none_while_its_neighbour_does(
    governed: Any, log: Log, registry_text: str
) -> None:
    require_topic(governed, registry_text)
    uneven(log, 540, 60, seg_topic="chosen")
    uneven(log, 590, 590, seg_topic="even")
    found = measured(governed)
    states = {one.where: (one.state, one.speaks_for) for one in found.segments}
    assert states == {
        ("topic", "chosen"): ("too_few", "labelled"),
        ("topic", "even"): ("fine", "all"),
    }
    assert "No verdict on topic=chosen: its labels do not represent all" in found.words


def test_labels_drawn_by_chances_that_differ_are_weighted_by_them(governed: Any, log: Log) -> None:
    day = UNTIL - timedelta(days=7)
    log(day, 100, 0, 0.8, label_propensity=0.1)
    log(day, 100, 100, 0.8, label_propensity=0.5)
    late = day + timedelta(days=31)
    log(day, 1000, 0, 0.8, outcome_ts=f"{late:%Y-%m-%dT%H:%M:%SZ}")
    found = measured(governed)
    # Of 1,200 cases 200 are right; of the labelled every second one is.
    assert found.whole.gap == pytest.approx(0.3)
    reach = found.whole.reach
    assert reach is not None
    assert reach.weighted is not None
    assert reach.weighted.gap == pytest.approx(0.8 - 200 / 1200)
    assert "Weighted by those chances the gap of all is +63.3 points" in found.words


def test_measure_tells_the_same_of_the_same_claims(told_path: Path) -> None:
    with Ledger.open(told_path, read_only=True) as ledger, ledger.cursor() as cursor:
        spec = Office.of(ledger).state().entries["answer-grounding.agreement"].spec
        seen = fingerprints_seen(cursor)
        (mine,) = (one for one in seen if one.signal == spec.name)
        found = remeasure(cursor, spec, mine, datetime(2026, 11, 23, 12))
        production = Selection(
            spec.name, found.since, found.until, where=(("split", ("production",)),)
        )
        (group,) = measure(cursor, production, as_of=datetime(2026, 11, 23, 12)).groups
    assert (found.whole.n, found.whole.gap) == (group.n, pytest.approx(group.gap))
    assert found.whole.speaks_for == group.speaks_for == "labelled"
    weighted = [one and one.weighted for one in (found.whole.reach, group.reach)]
    assert weighted[0] is not None
    assert weighted[0] == weighted[1]


def test_the_band_that_is_at_the_edge_is_named(governed: Any, log: Log) -> None:
    log(UNTIL - timedelta(days=7), 280, 266, 0.9)
    log(UNTIL - timedelta(days=6), 2500, 2000, 0.8)
    found = measured(governed)
    assert (found.whole.state, found.whole.reason) == ("at_the_edge", "high_band")
    assert "stated at 90% or more it is right 95% of the time (said 90%)" in found.words
    band = found.as_json()["groups"][0]["high_band"]
    assert float(band["gap"]) == pytest.approx(-0.05)


def test_a_version_too_young_to_measure_says_when_it_can_be(governed: Any, log: Log) -> None:
    log(datetime(2026, 11, 19), 100, 80, 0.8, model_version="m9")
    found = measured(governed, "m9")
    # Its week ends on 2026-11-23, and comes of age 30 days later.
    assert found.next_labels == datetime(2026, 12, 23)
    assert "too few labels, no outcome of " in found.words
    assert found.words.endswith("is final yet; the first will be on 2026-12-23.")
    assert (found.whole.state, found.whole.verdict) == ("too_few", "cannot_tell")


def test_an_old_version_without_labels_promises_none(governed: Any) -> None:
    spec = governed.office.state().entries["triage"].spec
    old = datetime(2026, 1, 5)
    seen = Seen("triage", Fingerprint(model_version="m0").as_json().items(), 9, old, old)  # type: ignore[arg-type]
    with governed.ledger.cursor() as cursor:
        found = remeasure(cursor, spec, seen, NOW)
    assert found.next_labels is None
    assert found.words.endswith("no outcome of 2026-09-21 to 2026-10-18 is final yet.")


def test_it_is_carried_without_floating_point_numbers(governed: Any, log: Log) -> None:
    log(UNTIL - timedelta(days=7), 100, 80, 0.8)
    log(UNTIL - timedelta(days=7), 300, 200, 0.95)
    written = json.loads(canonical(measured(governed).as_json()))
    assert written["groups"][0]["n"] == 400
    assert float(written["groups"][0]["gap"]) == pytest.approx(0.2125)
