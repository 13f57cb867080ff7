"""A kind of finding is one row; what else is asked by kind is held to those rows."""

from __future__ import annotations

import pytest

from core.findings.detectors.all import DETECTORS, Detector, detected
from core.findings.kinds import KINDS, Condition, broken_trail, kind_of
from dashboard.pages import PAGES
from tests.worlds.governed.governed import Governed

#: What a thorough round sees beside what detectors look for in the claims: of what was signed, and
#: of the detectors themselves.
OF_SIGNATURES = {"evidence_changed", "drift_alarm", "check_failed"}


def test_every_kind_of_the_claims_has_one_detector_and_waits_for_a_thorough_round() -> None:
    looked_for = [kind for one in DETECTORS for kind in one.kinds]
    assert len(set(looked_for)) == len(looked_for)
    assert {*looked_for, *OF_SIGNATURES} == {key for key, one in KINDS.items() if one.thorough}


def test_a_detector_that_finds_what_it_does_not_look_for_is_an_error(
    monkeypatch: pytest.MonkeyPatch, governed: Governed
) -> None:
    made_up = Condition("made_up", "s", "x", "It is so.", "Fix it.")
    one = Detector(("labels_missing",), lambda *_: (made_up,))
    monkeypatch.setattr("core.findings.detectors.all.DETECTORS", (one,))
    with governed.ledger.cursor() as cursor, pytest.raises(ValueError, match="'made_up' is none"):
        detected(cursor, governed.office.state(), governed.clock.now)


def test_a_condition_is_as_bad_as_its_kind_unless_it_says_so_itself() -> None:
    assert Condition("miscalibrated", "s", "x", "", "").severity == "critical"
    assert Condition("miscalibrated", "s", "x", "", "", level="warning").severity == "warning"


def test_a_kind_of_another_version_is_called_by_its_key_and_left_alone_between_rounds() -> None:
    other = kind_of("made_up")
    assert (other.words, other.page, other.thorough) == ("made_up", "registry", True)
    assert Condition("made_up", "s", "x", "", "").severity == "warning"


def test_every_kind_is_seen_on_a_page_that_there_is() -> None:
    assert {one.page for one in KINDS.values()} <= PAGES.keys()


def test_a_broken_trail_is_critical_and_about_no_signal() -> None:
    found = broken_trail("Entry 3 is gone.")
    assert (found.severity, found.signal, found.text) == ("critical", None, "Entry 3 is gone.")
