from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from dashboard.charts.escalation import alt_text_load, load_chart
from dashboard.charts.kit.palette import DARK, LIGHT, Palette

WEEKS = pd.DataFrame(
    [
        ("2026-W45", "automated", 10, 4),
        ("2026-W45", "reviewed", 5, 0),
        ("2026-W46", "automated", 8, 0),
        ("2026-W46", "reviewed", 0, 0),
    ],
    columns=["week", "done", "n", "n_breaches"],
)
Drawn = Callable[[Any], Any]


def pieces(drawn: Any) -> list[tuple[str, str, int, int]]:
    return [(row["week"], row["what"], row["low"], row["high"]) for row in drawn.marks("bar")]


def test_pieces_of_a_bar_stand_on_each_other_breaches_apart(drawn: Drawn) -> None:
    assert sorted(pieces(drawn(load_chart(WEEKS, LIGHT)))) == [
        ("2026-W45", "automated", 0, 6),
        ("2026-W45", "automated: breach", 6, 10),
        ("2026-W45", "reviewed", 10, 15),
        ("2026-W46", "automated", 0, 8),
    ]


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_breaches_are_named_in_words_too(palette: Palette, drawn: Drawn) -> None:
    chart = drawn(load_chart(WEEKS, palette))
    bars = next(one for one in chart.document["layer"] if one["mark"]["type"] == "bar")
    scale = bars["encoding"]["color"]["scale"]
    assert scale["domain"] == ["automated", "automated: breach", "reviewed"]
    assert scale["range"][1] == palette.alert
    assert len(set(scale["range"])) == 3
    assert [row["_said"] for row in chart.marks("text")] == ["4 ▲"]


def test_without_claims_words_say_so() -> None:
    document = load_chart(WEEKS.head(0), LIGHT).to_dict(validate=True)
    assert "No claim of these days" in str(document)
    assert "No claim of these days" in alt_text_load(WEEKS.head(0))


def test_the_words_tell_when_the_breaches_were() -> None:
    assert alt_text_load(WEEKS) == (
        "2 weeks, 8 to 15 claims a week. 1 week with breaches, most of them in 2026-W45: 4."
    )
    assert alt_text_load(WEEKS.assign(n_breaches=0)).endswith("No week has a breach.")
