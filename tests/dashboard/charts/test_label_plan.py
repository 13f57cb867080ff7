from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dashboard.charts.kit.palette import DARK, LIGHT, Palette
from dashboard.charts.label_plan import alt_text_labels, labels_chart

ROWS = pd.DataFrame(
    [("en", 240.0, 500, True), ("is", 1400.0, 12, False), ("yo", np.nan, 0, False)],
    columns=["name", "needed", "available", "settles"],
)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_need_and_supply_stand_in_words_beside_each_name(palette: Palette) -> None:
    document = labels_chart(ROWS, palette).to_dict(validate=True)
    (rows,) = document["datasets"].values()
    assert [row["_said"] for row in rows] == [
        "240 of 500 unlabelled",
        "1,400 needed, 12 there",
        "no number does; 0 there",
    ]
    assert [row["_colour"] for row in rows] == [palette.estimate, palette.alert, palette.alert]


def test_the_axis_is_logarithmic_and_holds_every_need() -> None:
    document = labels_chart(ROWS, LIGHT).to_dict(validate=True)
    x = document["encoding"]["x"]
    assert x["scale"]["type"] == "log"
    assert x["scale"]["domain"][0] == 1
    assert x["scale"]["domain"][1] > 1400
    assert x["axis"]["values"] == [1, 10, 100, 1000]


def test_two_groups_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="the same name"):
        labels_chart(pd.concat([ROWS, ROWS]), LIGHT)


def test_without_groups_words_say_so() -> None:
    document = labels_chart(ROWS.head(0), LIGHT).to_dict(validate=True)
    assert "No group waits" in str(document)
    assert alt_text_labels(ROWS.head(0)) == "No group waits for labels."


def test_the_words_tell_what_can_be_settled() -> None:
    assert alt_text_labels(ROWS) == (
        "1 of 3 groups can be decided with what is there; fewest labels: en, 240."
    )
    assert alt_text_labels(ROWS.tail(2)) == ("0 of 2 groups can be decided with what is there.")
