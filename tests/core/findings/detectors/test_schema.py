"""What programs log is no longer what they logged, told to whoever answers for the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from core.findings.detectors.schema import schema_conditions
from core.findings.kinds import Condition
from core.ingest.import_file import import_file
from core.monitoring.rounds import outlook, rounds

BEFORE, AFTER = range(8, 36), range(1, 8)


@pytest.fixture
def seen(governed: Any, clock: Any) -> Callable[[], tuple[Condition, ...]]:
    def look() -> tuple[Condition, ...]:
        with governed.ledger.cursor() as cursor:
            return schema_conditions(cursor, governed.office.state(), clock.now)

    return look


@pytest.fixture
def log(governed: Any, clock: Any, made: Any, bring: Any) -> Callable[..., None]:
    """``log(days, **columns)``: so many claims a day, calibrated."""

    def claims(days: range, per_day: int = 10, **columns: Any) -> None:
        bring(governed, made(clock, days, per_day, **columns))

    return claims


def test_a_dimension_that_goes_and_one_that_comes_are_found(log: Any, seen: Any) -> None:
    log(BEFORE, seg_topic="tax")
    log(AFTER, seg_region="eu")
    found = {one.subject: one for one in seen()}
    assert {one.kind for one in found.values()} == {"field_changed"}
    assert found.keys() == {"seg_topic", "seg_region"}
    assert "The field seg_topic went: 100% of 280" in found["seg_topic"].text
    assert "The field seg_region came: 0% of 280" in found["seg_region"].text


def test_what_stays_as_it_was_is_no_finding(log: Any, seen: Any) -> None:
    log(range(1, 36), seg_topic="tax", input_id="")
    assert seen() == ()


def test_it_is_whoever_answers_for_the_schemas(governed: Any, log: Any, registry_text: str) -> None:
    schema = "  responsible: {schema: user:data/sue}\n  tolerance:"
    governed.apply(registry_text.replace("  tolerance:", schema, 1))
    log(BEFORE, seg_topic="tax")
    log(AFTER)
    rounds(governed.office, thorough=True)
    owners = {one.kind: one.owner for one in outlook(governed.office).findings}
    assert owners["field_changed"] == governed.sub("user:data/sue")
    assert owners["new_fingerprint"] == governed.sub("user:desk/ann")


def test_many_more_claims_without_a_confidence_are_found(
    governed: Any, clock: Any, made: Any, bring: Any, seen: Any
) -> None:
    claims = pd.concat([made(clock, BEFORE, 20), made(clock, AFTER, 20)], ignore_index=True)
    one_in = claims.index % 50 == 0
    young = pd.to_datetime(claims["ts"]) > pd.Timestamp(clock.now, tz="UTC") - pd.Timedelta(days=7)
    claims["confidence"] = claims["confidence"].where(~(one_in | (young & (claims.index % 4 == 0))))
    bring(governed, claims)
    (one,) = seen()
    assert (one.kind, one.subject) == ("share_jumped", "unstated")
    assert "of the claims state no confidence" in one.text


def test_refused_rows_of_the_days_they_came_in_are_found(
    governed: Any, clock: Any, made: Any, seen: Any, tmp_path: Any
) -> None:
    end = clock.now
    for ago in range(34, 0, -1):
        clock.now = end - pd.Timedelta(days=ago)
        claims = made(clock, range(1), 20).assign(
            event_id=lambda one, d=ago: f"{d}-" + one.event_id
        )
        if ago <= 7:
            claims["confidence"] = claims["confidence"].astype(str)
            claims.loc[claims.index % 2 == 0, "confidence"] = "surely"
        file = tmp_path / f"{ago}.csv"
        claims.to_csv(file, index=False)
        import_file(governed.ledger, file, now=clock.now)
    clock.now = end
    (one,) = seen()
    assert (one.kind, one.subject) == ("share_jumped", "refused")
    assert "50% of the rows were refused" in one.text


@pytest.mark.parametrize(("days", "stopped"), [(3, False), (8, True)])
def test_a_silence_much_longer_than_any_before_is_a_stop(
    days: int, stopped: bool, log: Any, seen: Any, clock: Any
) -> None:
    log(range(1, 30))
    clock.forward(days=days - 1)
    # The day of the last claim is over; so many less one passed without any.
    assert [one.kind for one in seen()] == ["volume_stopped"] * stopped


def test_a_weekend_without_claims_is_no_stop(
    governed: Any, clock: Any, made: Any, bring: Any, seen: Any
) -> None:
    claims = made(clock, range(3, 50), 10)
    weekday = pd.to_datetime(claims["ts"]).dt.day_of_week < 5
    bring(governed, claims[weekday])
    assert seen() == ()


def test_claims_that_name_no_version_are_counted_and_a_slip_is_not(log: Any, seen: Any) -> None:
    log(range(1, 29), 50)
    log(range(1, 28), 1, model_version="")
    assert seen() == ()
    log(range(1, 27), 2, model_version="")
    (one,) = [one for one in seen() if one.kind == "versions_unnamed"]
    assert "name no model_version" in one.text
