"""One verdict of a signal and version in use, and the claims it rests on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from unittest.mock import patch

import pandas as pd

from core.standing.audited import AuditedGap
from core.standing.verdict import StandingVerdict, of_signal, standing_verdicts
from core.terms import USUAL
from tests.worlds.governed.governed import REGISTRY

Bring = Callable[[Any, pd.DataFrame], None]
Made = Callable[..., pd.DataFrame]


def verdicts(governed: Any, signal: str = "triage", **options: Any) -> tuple[StandingVerdict, ...]:
    with governed.ledger.cursor() as cursor:
        state = governed.office.state()
        return standing_verdicts(cursor, state, governed.clock.now, **options)[signal]


def verdict(governed: Any, signal: str = "triage", **options: Any) -> StandingVerdict:
    return of_signal(verdicts(governed, signal, **options))


def unlabelled(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """The same, with so much of the outcomes not known, evenly."""
    frame = frame.astype({"outcome": "Int8"})
    frame.loc[frame.index % 100 < share * 100, "outcome"] = pd.NA
    return frame


# The clock stands on Monday 2 November 2026.


def test_eight_whole_weeks_are_measured_up_to_the_newest_that_is_old_enough(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, unlabelled(made(clock, range(1, 120)), 0.5))
    window = verdict(governed).window
    assert window is not None
    assert (window.first, window.last) == (date(2026, 8, 3), date(2026, 9, 27))
    assert window.age.days == 35


def test_a_week_is_final_as_soon_as_it_is_labelled_enough(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 29), 60))
    one = verdict(governed)
    assert one.window is not None
    assert (one.window.first, one.window.last) == (date(2026, 10, 5), date(2026, 11, 1))
    assert one.state == "fine"


def test_a_declared_maturity_is_waited_for(
    ungoverned: Any, clock: Any, bring: Bring, made: Made
) -> None:
    patient = '  maturity: {days: 60, coverage: "0.99"}\n  validation:\n'
    ungoverned.apply(REGISTRY.replace("  validation:\n", patient, 1))
    bring(ungoverned, unlabelled(made(clock, range(1, 120)), 0.1))
    window = verdict(ungoverned).window
    assert window is not None
    assert window.last == date(2026, 8, 30)


def test_with_few_labels_it_goes_further_back(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 140), 2))
    window = verdict(governed).window
    assert window is not None
    assert window.n == 210
    assert window.first == date(2026, 7, 20)


def test_it_never_crosses_a_change_of_version(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(22, 120), gap=0.3, model_version="m0"))
    bring(governed, made(clock, range(1, 22), 4))
    one = verdict(governed)
    assert one.fingerprint.model_version == "m1"
    assert one.window is not None
    assert one.window.first == date(2026, 10, 12)
    assert one.n == 84


def test_while_no_outcome_is_final_nothing_is_said(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, unlabelled(made(clock, range(1, 20)), 0.5))
    one = verdict(governed)
    assert (one.window, one.recent, one.state, one.reason, one.gap) == (
        None,
        None,
        "too_few",
        None,
        None,
    )


def test_old_claims_still_give_a_verdict_and_their_age(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(200, 250), gap=0.2))
    one = verdict(governed)
    assert one.state == "off"
    assert one.window is not None
    assert one.window.age.days > 190


def test_a_signal_is_as_bad_as_its_worst_version_in_use(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 60), 60))
    bring(governed, made(clock, range(1, 60), gap=0.25, model_version="m2"))
    both = verdicts(governed)
    assert [(one.fingerprint.model_version, one.state) for one in both] == [
        ("m2", "off"),
        ("m1", "fine"),
    ]
    assert of_signal(both) is both[0]


def test_a_version_that_makes_few_claims_yet_hides_no_verdict(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 60), 60))
    bring(governed, made(clock, range(1, 6), 2, model_version="m2"))
    assert [one.state for one in verdicts(governed)] == ["too_few", "fine"]
    assert verdict(governed).state == "fine"


def test_a_segment_that_is_off_makes_the_signal_off_and_is_named(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 57), 38, seg_topic="law"))
    bring(governed, made(clock, range(1, 57), 4, gap=0.35, seg_topic="medical"))
    one = verdict(governed)
    assert (one.state, one.reason) == ("off", "segment")
    assert one.worst is not None
    assert (one.worst.dimension, one.worst.value) == ("topic", "medical")


def test_where_all_is_off_alike_no_segment_is_blamed(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    for topic in ("law", "tax", "medical"):
        bring(governed, made(clock, range(1, 57), 10, gap=0.2, seg_topic=topic))
    one = verdict(governed)
    assert (one.state, one.reason, one.worst) == ("off", "whole", None)


def test_an_error_is_laid_to_the_version_it_came_with(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(43, 120)))
    bring(governed, made(clock, range(1, 43), gap=0.2, prompt_version="p2"))
    began = verdict(governed, causes=True).began
    assert began is not None
    assert (began.changed, began.on) == ((("prompt_version", "p2"),), date(2026, 9, 21))
    assert abs(began.gap_before) < 0.05


def test_an_error_that_grew_later_is_not(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(99, 150)))
    bring(governed, made(clock, range(57, 99), prompt_version="p2"))
    bring(governed, made(clock, range(1, 57), gap=0.2, prompt_version="p2"))
    one = verdict(governed, causes=True)
    assert (one.state, one.began) == ("off", None)


def test_labels_of_some_kind_only_give_no_verdict(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    frame = made(clock, range(31, 87), gap=0.2, action="review").astype({"outcome": "Int8"})
    frame.loc[::2, "action"] = "automate"
    frame.loc[::2, "outcome"] = pd.NA
    bring(governed, frame)
    one = verdict(governed)
    assert (one.state, one.reason, one.speaks_for_all) == ("too_few", None, False)


def test_only_the_signals_asked_for_are_measured_at_the_level_of_all(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 57), gap=0.06))
    bring(governed, made(clock, range(1, 57), signal="other"))
    with governed.ledger.cursor() as cursor:
        state, now = governed.office.state(), clock.now
        one = standing_verdicts(cursor, state, now, only=("triage",))
        assert one.keys() == {"triage"}
        assert one["triage"] == standing_verdicts(cursor, state, now)["triage"]


def test_a_broken_trail_leaves_the_usual_terms(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 57), 60))
    with governed.ledger.cursor() as cursor:
        (one,) = standing_verdicts(cursor, None, clock.now)["triage"]
    assert (one.terms, one.state) == (USUAL, "fine")


# ----------------------------------------------------------- audit samples beside labels of all
def _audit(gap: float, low: float, high: float) -> Any:
    found = AuditedGap(gap, low, high, 120, 120.0, contradicts=False)
    return patch("core.standing.verdict.audited_gap", lambda *_, **__: found)


def test_the_gap_that_is_shown_is_that_of_the_samples_where_they_give_the_whole(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 57), 40))
    with _audit(0.2, 0.15, 0.25):
        one = verdict(governed)
    assert (one.state, one.reason, one.gap, one.n) == ("off", "whole", (0.2, 0.15, 0.25), 120)
    assert (one.part("whole"), one.part("shape")) == ("off", "fine")


def test_samples_that_leave_the_whole_open_hide_no_segment_that_differs(
    governed: Any, clock: Any, bring: Bring, made: Made
) -> None:
    bring(governed, made(clock, range(1, 57), 38, gap=0.15, seg_topic="law"))
    bring(governed, made(clock, range(1, 57), 8, gap=0.45, seg_topic="medical"))
    assert verdict(governed).reason == "whole"
    with _audit(0.1, 0.01, 0.2):
        one = verdict(governed)
    assert (one.part("whole"), one.state, one.reason) == ("at_the_edge", "off", "segment")
    assert one.worst is not None
    assert one.worst.value == "medical"
