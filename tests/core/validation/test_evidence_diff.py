from __future__ import annotations

from typing import Any

import pytest

from core.validation.evidence_diff import differences

THEN: dict[str, Any] = {
    "claims_sha256": "a" * 64,
    "cells_sha256": "b" * 64,
    "met": True,
    "program": "1",
    "untold": ["x"],
    "counts": {"n": 1000, "heldout": 10},
    "whole": {"gap": "0.0123456789", "words": "a", "outcome": "met", "list": ["1", "2"]},
    "window": None,
}


def but(**given: Any) -> dict[str, Any]:
    """The same content with other values."""
    return {**THEN, **given}


def said(now: dict[str, Any]) -> list[str]:
    return [one.words for one in differences(THEN, now)]


def test_the_same_content_does_not_differ() -> None:
    assert said(but()) == []


@pytest.mark.parametrize(
    "now",
    [
        but(program="2"),
        but(untold=[]),
        but(whole={**THEN["whole"], "words": "b"}),
        but(whole={**THEN["whole"], "gap": "0.012345679"}),
        but(whole={**THEN["whole"], "list": ["1.0", "2"]}),
    ],
    ids=["program", "sentences", "words", "rounding", "form"],
)
def test_wording_and_rounding_are_no_difference(now: dict[str, Any]) -> None:
    assert said(now) == []


def test_what_explains_most_comes_first() -> None:
    now = but(
        claims_sha256="c" * 64,
        cells_sha256="d" * 64,
        met=False,
        counts={"n": 999, "heldout": 10},
        whole={**THEN["whole"], "gap": "0.013", "outcome": "missed"},
    )

    assert said(now) == [
        "The judged claims or their outcomes are not those that were measured (digest "
        "aaaaaaaaaaaa then, cccccccccccc now).",
        "There were 1,000 labelled claims; now 999.",
        "The sums by stated confidence differ.",
        "The criteria were met; recomputed they are not met.",
        "whole.gap was 0.0123456789, and is 0.013.",
        "whole.outcome was met, and is missed.",
    ]


def test_a_list_that_became_shorter_and_a_part_that_came_are_differences() -> None:
    assert said(but(whole={**THEN["whole"], "list": ["1"]})) == [
        "whole.list was ['1', '2'], and is ['1']."
    ]
    assert said(but(window={"n": 3})) == ["window was none, and is {'n': 3}."]


def test_of_many_figures_some_are_named_and_the_rest_counted() -> None:
    figures = {f"f{i:02d}": "1" for i in range(20)}
    then, now = but(whole=figures), but(whole=dict.fromkeys(figures, "2"))

    found = [one.words for one in differences(then, now)]

    assert len(found) == 13
    assert found[-1] == "8 further figures differ."
