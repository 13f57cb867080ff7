from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dashboard.charts import DARK, LIGHT, Palette, ShownGroup, reliability_diagram, reliability_pair
from dashboard.charts.reliability import BAND_WORDS, HONEST_WORDS

NO_BAND = pd.DataFrame({"v": [], "low": [], "high": []}, dtype=float)
NO_CURVE = pd.DataFrame({"v_from": [], "v_to": [], "observed": [], "n": []}, dtype=float)
HISTOGRAM = pd.DataFrame(
    {"left": [0.8, 0.9], "right": [0.9, 1.0], "n_claims": [100, 300], "n": [80, 250]}
)
CURVE = pd.DataFrame(
    {"v_from": [0.5, 0.8], "v_to": [0.7, 0.8], "observed": [0.4, 0.6], "n": [25, 100]}
)
BAND = pd.DataFrame({"v": [0.5, 0.7, 0.8], "low": [0.4, 0.6, 0.7], "high": [0.6, 0.8, 0.9]})


def spec(chart: Any) -> dict[str, Any]:
    return chart.to_dict(validate=True)


def rows(document: dict[str, Any], layer: dict[str, Any]) -> list[dict[str, Any]]:
    return document["datasets"][layer["data"]["name"]]


def layers(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [x for x in document["vconcat"][0]["layer"] if x["mark"]["type"] == kind]


def texts(document: dict[str, Any]) -> list[str]:
    return [row["text"] for x in layers(document, "text") for row in rows(document, x)]


def diagram(
    curve: pd.DataFrame = CURVE,
    band: pd.DataFrame = BAND,
    honest: pd.DataFrame = BAND,
    points: pd.DataFrame | None = None,
    palette: Palette = LIGHT,
    note: str = "stated 90% or more:\nright 79% (said 97%)",
) -> dict[str, Any]:
    return spec(
        reliability_diagram(
            curve, band, honest, points, HISTOGRAM, palette, high_from=0.9, note=note
        )
    )


def pieces(document: dict[str, Any]) -> list[dict[str, Any]]:
    (layer,) = [x for x in layers(document, "rule") if "strokeWidth" in x["encoding"]]
    return rows(document, layer)


def test_a_piece_is_as_thick_as_the_root_of_its_claims() -> None:
    curve = CURVE.assign(v_to=[0.7, 0.9])
    thin, thick = (row["_thickness"] for row in pieces(diagram(curve)))
    assert thick == pytest.approx(2 * thin)  # n is 25 and 100


def test_a_piece_of_a_single_value_still_has_a_length_to_be_drawn() -> None:
    dot = pieces(diagram())[1]
    assert 0 < dot["v_to"] - dot["v_from"] < 0.01


def test_the_bands_are_told_apart_by_outline_and_by_name() -> None:
    document = diagram()
    grey, honest = layers(document, "area")
    assert "stroke" not in grey["mark"]
    assert honest["mark"]["stroke"] == LIGHT.estimate
    assert grey["mark"]["color"] == LIGHT.band
    for line in (BAND_WORDS + "\n" + HONEST_WORDS).split("\n"):
        assert line in texts(document)


def test_the_note_is_written_and_its_region_tinted() -> None:
    document = diagram()
    assert "right 79% (said 97%)" in texts(document)
    (tint,) = layers(document, "rect")
    assert rows(document, tint) == [{"from": 0.9, "to": 1.0}]


def test_words_stay_left_of_the_region_they_speak_of() -> None:
    document = diagram()
    spoken = [
        row
        for layer in layers(document, "text")
        for row in rows(document, layer)
        if row["text"].startswith("claims")
    ]
    assert all(row["v"] <= 0.9 and row["align"] == "right" for row in spoken)


def test_without_bands_there_is_neither_area_nor_word_of_them() -> None:
    document = diagram(band=NO_BAND, honest=NO_BAND)
    assert layers(document, "area") == []
    assert not any(line in texts(document) for line in BAND_WORDS.split("\n"))


def test_one_distinct_value_has_upright_bars_for_bands() -> None:
    one = pd.DataFrame({"v_from": [0.95], "v_to": [0.95], "observed": [0.79], "n": [800]})
    band = pd.DataFrame({"v": [0.95], "low": [0.9], "high": [0.97]})
    document = diagram(one, band, band)
    assert layers(document, "area") == []
    assert len([x for x in layers(document, "rule") if "y2" in x["encoding"]]) == 3


def test_six_thousand_values_are_thinned_to_what_a_screen_shows() -> None:
    v = np.linspace(0, 1, 6000)
    curve = pd.DataFrame({"v_from": v, "v_to": v, "observed": v**2, "n": 1})
    band = pd.DataFrame({"v": v, "low": v - 0.01, "high": v + 0.01})
    points = pd.DataFrame({"v": v, "observed": v**2, "n": np.arange(6000)})
    chart = reliability_diagram(
        curve.iloc[::3], band, band, points, HISTOGRAM, DARK, high_from=None, note=""
    )
    document = spec(chart)
    drawn = rows(document, layers(document, "area")[0])
    assert len(drawn) <= 600
    assert (drawn[0]["v"], drawn[-1]["v"]) == (0, 1)
    (rings,) = layers(document, "point")
    assert min(row["n"] for row in rows(document, rings)) == 5400  # those with most claims


def test_single_values_are_left_out_unless_given() -> None:
    assert layers(diagram(), "point") == []


def test_without_labels_the_histogram_stands_with_words() -> None:
    document = spec(
        reliability_diagram(
            NO_CURVE, NO_BAND, NO_BAND, None, HISTOGRAM.assign(n=0), LIGHT, high_from=0.9
        )
    )
    words, histogram = document["vconcat"]
    assert words["mark"]["type"] == "text"
    assert "No labelled claims yet" in rows(document, words)[0]["text"]
    assert histogram["title"]["text"] == "400 stated claims, none labelled yet"


def test_the_histogram_counts_labelled_and_unlabelled_claims() -> None:
    histogram = diagram()["vconcat"][1]
    title = histogram["title"]["text"]
    assert title == "400 stated claims, 330 labelled (solid), the others pale"
    pale, solid = histogram["layer"]
    assert (pale["encoding"]["y"]["field"], pale["encoding"]["y2"]["field"]) == ("n", "n_claims")
    assert (solid["encoding"]["y"]["field"], solid["encoding"]["y2"]["field"]) == ("_zero", "n")


def test_the_bins_of_the_high_confidence_region_take_its_colour() -> None:
    document = diagram()
    bins = rows(document, document["vconcat"][1])
    assert [row["_colour"] for row in bins] == [LIGHT.band, LIGHT.accent]


def test_a_pair_names_each_group_in_its_ink_and_dashes_the_second() -> None:
    one = ShownGroup("before", CURVE, BAND, HISTOGRAM, "right 79% (said 97%)")
    two = ShownGroup(
        "after", CURVE.assign(observed=[0.5, 0.7]), BAND, HISTOGRAM, "right 94% (said 95%)"
    )
    chart = reliability_pair(one, two, LIGHT, high_from=0.9, region_words="stated 90% or more:")
    document = spec(chart)
    inks = {
        row["text"]: row["ink"]
        for layer in layers(document, "text")
        for row in rows(document, layer)
    }
    assert inks["before"] == LIGHT.estimate_ink
    assert inks["after: right 94% (said 95%)"] == LIGHT.other_ink
    joins = [x for x in layers(document, "line") if "order" in x["encoding"]]
    assert [x["mark"]["strokeDash"] for x in joins] == [[1, 0], [4, 3]]
    assert len(document["vconcat"]) == 3


def test_a_pair_with_an_unlabelled_group_shows_the_other() -> None:
    one = ShownGroup("before", CURVE, BAND, HISTOGRAM)
    two = ShownGroup("after", NO_CURVE, NO_BAND, HISTOGRAM.assign(n=0))
    document = spec(reliability_pair(one, two, DARK, high_from=0.9))
    assert "after: no labelled claims yet" in texts(document)
    assert "before" in texts(document)


@pytest.mark.parametrize("palette", [LIGHT, DARK])
def test_a_diagram_carries_its_own_background(palette: Palette) -> None:
    assert diagram(palette=palette)["config"]["background"] == palette.background
