"""Journeys in a browser are handed out first, as xdist cuts the list of tests."""

from __future__ import annotations

from tests.worlds.running.handing_out import handed_out


def test_each_worker_begins_with_its_share() -> None:
    order = handed_out([["a1", "a2"], ["b"], []], ["1", "2", "3", "4", "5", "6"])
    assert order == ["a1", "a2", "1", "b", "2", "3", "4", "5", "6"]


def test_a_share_that_is_too_long_leaves_no_test_out() -> None:
    order = handed_out([["a1", "a2", "a3"], ["b"]], [])
    assert order == ["a1", "a2", "a3", "b"]


def test_one_worker_has_all() -> None:
    assert handed_out([["a"]], ["1", "2"]) == ["a", "1", "2"]
