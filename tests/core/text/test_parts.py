"""Where in its range a group is off, in words."""

from __future__ import annotations

import pytest

from core.text.parts import bands_at, bands_at_named


@pytest.mark.parametrize(
    ("labels", "signs", "said"),
    [
        (("0.3", "0.5", "0.7", "0.85"), (-1, -1, 1, 1),
         "overconfident at 70% to 85%, underconfident at 30% to 50%"),
        (("0.3", "0.6", "0.85"), (-1, 0, 1), "overconfident at 85%, underconfident at 30%"),
        (("(0.6, 0.7]", "(0.7, 0.8]", "(0.8, 0.9]"), (1, 0, 1),
         "overconfident at 60% to 70% and 80% to 90%"),
        (("0.9",), (0,), ""),
    ],
)  # fmt: skip
def test_neighbouring_bands_that_are_off_alike_are_one_span(
    labels: tuple[str, ...], signs: tuple[int, ...], said: str
) -> None:
    assert bands_at(labels, signs).words == said


def test_of_bands_named_alone_only_those_that_touch_are_one_span() -> None:
    assert bands_at_named(("0.65", "0.85"), ("0.3",)).words == (
        "overconfident at 65% and 85%, underconfident at 30%"
    )
    touching = bands_at_named(("(0.8, 0.9]", "(0.7, 0.8]"), ())
    assert touching.words == "overconfident at 70% to 90%"
