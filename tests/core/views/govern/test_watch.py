"""The standing watch in words: what was measured when, what is due, and which runs were made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.governance.people import people
from core.ledger.connection import Ledger
from core.monitoring.runs import run, run_if_due
from core.trail.acts import Actor
from core.views.govern.watch import WatchView, _again, watch_view
from tests.worlds.governed import house as base
from tests.worlds.governed.entries import entry
from tests.worlds.governed.house import NOW

ENTRY = {
    "deputies": ["user:t/bob"],
    "responsible": {"monitoring": "user:t/bob"},
    "validation": {"cadenceDays": 14},
}


class House(base.House):
    def claims(
        self, signal: str, right: int = 80, confidence: str = "0.8", first: str = ""
    ) -> None:
        rows = (
            f"{first}{signal}{i},2026-10-14T08:00:00Z,{signal},{confidence},{int(i < right)},"
            "2026-10-15T08:00:00Z,m1\n"
            for i in range(100)
        )
        head = "event_id,ts,signal,confidence,outcome,outcome_ts,model_version\n"
        self.bring(head + "".join(rows))

    def enter(self, signal: str) -> None:
        self.register(entry(signal, **ENTRY))

    def view(self) -> WatchView:
        with self.ledger.cursor() as cursor:
            return watch_view(
                cursor,
                self.office.state(),
                self.office.now(),
                data_version=self.ledger.data_version(),
            )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with Ledger.open(tmp_path / "ledger.duckdb", create=True) as ledger:
        yield House(ledger)


def test_without_a_registry_nothing_is_watched_and_it_is_said_of_what(house: House) -> None:
    house.claims("s")
    view = house.view()
    assert view.headline == "No signal is registered, so none is watched."
    assert (view.rows, view.unregistered) == ((), ("s",))


def test_a_registered_signal_without_claims_is_nothing_to_watch(house: House) -> None:
    house.enter("s")
    assert house.view().headline.startswith("No registered signal has a claim yet")


def test_before_its_first_run_a_signal_is_due(house: House) -> None:
    house.enter("s")
    house.claims("s")
    (row,) = house.view().rows
    assert (row.measured_at, row.next_at, row.overdue, row.answers) == (None, NOW, False, "t/bob")
    assert house.view().next_words.startswith("A run is due now, on schedule")


def test_what_was_measured_is_shown_as_the_trail_says(house: House) -> None:
    house.enter("s")
    house.claims("s")
    run_if_due(house.office)
    (row,) = house.view().rows
    (one,) = row.prints
    assert (one.words, one.n, one.n_inputs, one.state) == ("m1", 100, 100, "too_few")
    assert one.gap == pytest.approx(0)
    assert (row.why, row.cadence_days) == ("scheduled", 14)
    assert row.claims.startswith("Production claims of 2026-09-21 to 2026-10-18")
    assert row.next_at == NOW + timedelta(days=14)
    assert house.view().headline == ("The one signal was measured on schedule. None is off.")


def test_what_is_off_is_named_and_stands_first(house: House) -> None:
    for signal, right in (("a", 80), ("z", 40)):
        house.enter(signal)
        house.claims(signal, right)
    run_if_due(house.office)
    view = house.view()
    assert [row.signal for row in view.rows] == ["z", "a"]
    assert view.headline == "All 2 signals were measured on schedule. Off: z."


def test_a_band_that_alone_is_off_is_told(house: House) -> None:
    house.enter("s")
    house.claims("s", right=80, confidence="0.97")
    run_if_due(house.office)
    ((one,),) = (row.prints for row in house.view().rows)
    assert one.state == "off"
    # The band is the whole here, so the whole is off by itself.
    assert one.off_by == ""


def test_what_is_off_beside_the_gap_is_told_in_words(house: House) -> None:
    house.enter("s")
    # Said 80 % and right 40, said 30 % and right 70: no gap, off by 40 points.
    house.claims("s", right=40, confidence="0.8")
    house.claims("s", right=70, confidence="0.3", first="b")
    run_if_due(house.office)
    ((one,),) = (row.prints for row in house.view().rows)
    assert one.state == "off"
    assert one.off_by.startswith(
        "its errors cancel: it is off, by 40.0 points on average over the range of confidence (at"
    )
    assert one.off_by.endswith("), n 200")


def test_acts_of_before_verdicts_had_parts_are_read() -> None:
    band = {"n": 296, "gap": "0.117000", "low": "0.071000", "high": "0.172000"}
    whole = {
        "where": None, "n": 900, "n_inputs": 900, "gap": "0.003000", "low": "-0.020000",
        "high": "0.026000", "verdict": "miscalibrated", "high_band": band,
    }  # fmt: skip
    found = _again({"fingerprint": {"model_version": "m1"}, "groups": [whole]}, "s", {})
    assert found.state == "off"
    assert found.off_by == (
        "only its high-confidence band is off, by +11.7 points (+7.1 to +17.2), n 296"
    )


def group(**body: object) -> dict[str, object]:
    given = {"where": None, "n": 600, "n_inputs": 600, "gap": "0.010000", "low": "-0.01"}
    given |= {"high": "0.03", "verdict": "cannot_tell", "state": "too_few", "part": None}
    return {**given, "error": None, "error_low": None, "high_band": None, **body}


def test_where_labels_cannot_speak_there_is_no_verdict_and_why_is_told() -> None:
    held = {"speaks_for": "labelled", "why": "No verdict on all claims, because …"}
    segments = [group(where=["topic", one], **of) for one, of in (("a", held), ("b", {}))]
    body = {"fingerprint": {"model_version": "m1"}, "groups": [group(**held), *segments]}
    found = _again(body, "s", {})
    assert (found.speaks_for, found.why) == ("labelled", held["why"])
    assert found.mute == ("topic=a",)


def test_the_band_that_is_at_the_edge_is_told() -> None:
    band = {"n": 266, "gap": "-0.047", "low": "-0.074", "high": "-0.007"}
    whole = group(state="at_the_edge", part="high_band", high_band=band)
    body = {"fingerprint": {"model_version": "m1"}, "groups": [whole]}
    assert _again(body, "s", {}).off_by == (
        "its high-confidence band is at the edge, by −4.7 points (−7.4 to −0.7), n 266"
    )
    before = group(state="at_the_edge", part="high_band")
    assert _again({**body, "groups": [before]}, "s", {}).off_by == ""


def test_who_left_or_is_away_is_said_so(house: House) -> None:
    house.enter("s")
    house.claims("s")
    admin = Actor(people.known_person(house.office, "user:t/adam"), "admin")
    bob = people.known_person(house.office, "user:t/bob")
    people.set_status(house.office, admin, bob, "away")
    assert house.view().rows[0].answers == "t/bob (away)"


def test_a_signal_is_overdue_a_day_after_its_cadence(house: House) -> None:
    house.enter("s")
    house.claims("s")
    run_if_due(house.office)
    house.at += timedelta(days=14, hours=23)
    assert not house.view().rows[0].overdue
    house.at += timedelta(hours=1)
    view = house.view()
    assert view.rows[0].overdue
    assert view.headline == "1 signal of 1 is due to be measured again."
    assert "14 runs missed" in view.next_words


@pytest.fixture
def runs(house: House) -> Callable[[], list[str]]:
    house.enter("s")
    house.claims("s")
    return lambda: [line.words for line in house.view().runs]


def test_runs_are_listed_newest_first_with_what_they_caught_up(
    house: House, runs: Callable[[], list[str]]
) -> None:
    run_if_due(house.office)
    house.at += timedelta(days=3)
    run_if_due(house.office)
    house.at += timedelta(minutes=1)
    run(house.office)
    asked, late, first = runs()
    assert asked.startswith("2026-11-27 09:01 UTC, because somebody asked; ")
    assert late.endswith("2 runs before it missed, caught up by this one")
    assert "1 signal measured again" in first
    assert first.count("schedule") == 1


def test_of_many_signals_off_the_headline_names_a_few(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.views.govern.watch._NAMED", 1)
    for signal in ("a", "b"):
        house.enter(signal)
        house.claims(signal, 40)
    run_if_due(house.office)
    assert house.view().headline.endswith("Off: a and 1 more.")
