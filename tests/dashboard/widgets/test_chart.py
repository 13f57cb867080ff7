"""Charts on a page: drawn once, with their data beside them, and as wide as they are."""

from __future__ import annotations

import json
import pickle
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.charts.canary import canary_scores
from dashboard.charts.kit.palette import DARK, LIGHT
from dashboard.charts.label_plan import labels_chart
from dashboard.widgets import chart

ROUNDS = pd.DataFrame(
    {
        "name": ["first", "second"],
        "asked_at": pd.to_datetime(["2026-01-05 06:00", "2026-01-06 06:00"]),
        "n_asked": [50, 50],
        "n_failed": [0, 1],
        "stated": [0.8, None],
        "score": [1.0, 2.0],
        "judged": [False, True],
        "alarm": [False, False],
    }
)

NEEDED = pd.DataFrame(
    {"name": ["a"], "needed": [120.0], "available": [90], "settles": ["not settled"]}
)


def shown(*drawings: partial[Any], **how: Any) -> list[Any]:
    """The charts of a page that shows drawings."""

    def script(drawings, how):  # type: ignore[no-untyped-def]  # its source is run elsewhere
        from dashboard.widgets import chart

        for i, one in enumerate(drawings):
            chart.show(one, "What it shows.", name=f"number_{i}", behind="A table", **how)

    app = AppTest.from_function(script, args=(drawings, how)).run(timeout=60)
    assert not app.exception
    return [one.proto for one in app.get("vega_lite_chart")]


def read_again() -> pd.DataFrame:
    """As Streamlit hands out what it keeps."""
    read: pd.DataFrame = pickle.loads(pickle.dumps(ROUNDS))
    return read


def test_equal_drawings_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    made = chart.height_of
    monkeypatch.setattr(chart, "height_of", lambda one: drawn.append(one) or made(one))
    chart._drawn.cache_clear()
    first, again, dark = shown(
        partial(canary_scores, read_again(), 20.0, LIGHT),
        partial(canary_scores, read_again(), 20.0, LIGHT),
        partial(canary_scores, read_again(), 20.0, DARK),
    )
    assert len(drawn) == 2
    assert first.spec == again.spec != dark.spec
    assert [one.data.data for one in first.datasets] == [one.data.data for one in again.datasets]


def test_data_lie_beside_the_chart_and_times_stay_times() -> None:
    (one,) = shown(partial(canary_scores, ROUNDS, 20.0, LIGHT))
    spec, data = json.loads(one.spec), {of.name: of.data.data for of in one.datasets}
    assert {layer["data"]["name"] for layer in spec["layer"]} == set(data)
    table = pa.ipc.open_stream(data[spec["layer"][0]["data"]["name"]]).read_all()
    assert table.column("at").to_pylist() == ROUNDS["asked_at"].tolist()[: len(table)]


def test_a_chart_has_its_own_width_or_that_of_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[Any] = []
    monkeypatch.setattr(st, "vega_lite_chart", lambda _, *, width, alt: widths.append(width))
    of_its_plot = partial(canary_scores, ROUNDS, 20.0, LIGHT)
    of_all = partial(labels_chart, NEEDED, LIGHT, width=480)
    for one in (of_its_plot, of_all):
        for stretch in (False, True):
            chart.show(one, "What it shows.", name="one", behind="A table", stretch=stretch)
    assert widths == ["content", "stretch", 480, "stretch"]
