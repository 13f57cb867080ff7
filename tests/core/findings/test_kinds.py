"""A kind of finding is one row; what else is asked by kind is held to those rows."""

from __future__ import annotations

import pytest

from core.findings.detectors.all import DETECTORS
from core.findings.kinds import KINDS, Condition, broken_trail, words_of

#: What a thorough round sees beside what detectors look for in the claims.
OF_SIGNATURES = {"evidence_changed", "drift_alarm"}


def test_every_kind_of_the_claims_has_one_detector_and_waits_for_a_thorough_round() -> None:
    looked_for = [kind for one in DETECTORS for kind in one.kinds]
    assert len(set(looked_for)) == len(looked_for)
    assert {*looked_for, *OF_SIGNATURES} == {key for key, one in KINDS.items() if one.thorough}


def test_a_condition_of_no_known_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="no kind of finding 'made_up'"):
        Condition("made_up", "s", "x", "It is so.", "Mend it.")


def test_a_condition_is_as_bad_as_its_kind_unless_it_says_so_itself() -> None:
    assert Condition("miscalibrated", "s", "x", "", "").severity == "critical"
    assert Condition("miscalibrated", "s", "x", "", "", level="warning").severity == "warning"


def test_a_kind_of_another_version_is_called_by_its_key() -> None:
    assert words_of("labels_missing") == "No recent labels"
    assert words_of("made_up") == "made_up"


def test_a_broken_trail_is_critical_and_about_no_signal() -> None:
    found = broken_trail("Entry 3 is gone.")
    assert (found.severity, found.signal, found.text) == ("critical", None, "Entry 3 is gone.")
