"""A chart on a page: told in words, drawn once, and in a place that is as tall as it will be."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa
import streamlit as st
from streamlit.elements.lib.layout_utils import Width

from core.text.shown import visible
from dashboard.widgets.tall import tall_key

#: Drawings that are kept, of all readers together; each has some ten kilobytes.
_KEPT = 256


def show(
    drawing: partial[Any], said: str, *, name: str, behind: str, stretch: bool = False
) -> None:
    """Draw a chart.

    Args:
        drawing: a function of `dashboard.charts` with all that it takes. The same again is not
            drawn anew: making a chart takes longer than all else on most pages.
        said: what it shows, for who does not see it.
        name: its own on the page.
        behind: how the alt text of the table with its figures begins; it is on the same page.
        stretch: whether it is as wide as its place; else it has its own width.

    Raises:
        ValueError: nothing is said of it.
    """
    if not said.strip():
        raise ValueError(f"the chart {name} says nothing to who does not see it")
    drawn = _drawn(pickle.dumps(drawing))
    with st.container(key=tall_key(f"chart_{name}", drawn.height + AROUND)):
        st.vega_lite_chart(
            dict(drawn.spec), width="stretch" if stretch else drawn.width, alt=visible(said)
        )


@dataclass(frozen=True)
class _Drawn:
    """A chart that is drawn.

    Attributes:
        spec: as Vega-Lite has it; its data are tables of Arrow.
        width: in pixels, of all of it; "content": that of its plot is given.
        height: in pixels, at least.
    """

    spec: Mapping[str, Any]
    width: Width
    height: int


@lru_cache(maxsize=_KEPT)
def _drawn(drawing: bytes) -> _Drawn:
    """What a pickled drawing gives.

    Pickled, since that is what arguments can be told apart by: frames have no hash, and what is
    read twice of an answer that is kept pickles alike.
    """
    chart = pickle.loads(drawing)()
    tables: dict[str, pa.Table] = {}
    _name_data(chart, tables)
    spec = {**chart.to_dict(validate=False), "datasets": tables}
    fits = chart.autosize.type == "fit-x"
    return _Drawn(spec, int(chart.width) if fits else "content", height_of(chart))


def _name_data(chart: Any, tables: dict[str, pa.Table]) -> None:
    """Put the data of a chart and of its parts among the tables, and their names in its place.

    So does `st.altair_chart`, each time it shows a chart.
    """
    data: Any = getattr(chart, "data", alt.Undefined)
    if data is not alt.Undefined:
        rows = data if isinstance(data, pd.DataFrame) else pd.DataFrame(data["values"])
        name = f"data-{len(tables)}"
        tables[name] = pa.Table.from_pandas(rows)
        chart.data = alt.NamedData(name=name)
    for kind in ("layer", "vconcat", "hconcat"):
        parts: Any = getattr(chart, kind, alt.Undefined)
        for part in () if parts is alt.Undefined else parts:
            _name_data(part, tables)


#: Between charts one below the other, and of an axis with its title; as Vega has them.
_SPACING, _AXIS = 20, 36
#: What a title, padding and Streamlit's frame add at least.
AROUND = 28


def height_of(chart: Any) -> int:
    """Pixels that a chart takes at least: its plots with their axes, before it is drawn."""
    if isinstance(chart, alt.VConcatChart):
        spacing = chart.spacing if isinstance(chart.spacing, int | float) else _SPACING
        parts = [height_of(one) for one in chart.vconcat]
        return int(sum(parts) + spacing * (len(parts) - 1))
    if isinstance(chart, alt.HConcatChart):
        return max(map(height_of, chart.hconcat))
    own = chart.height if isinstance(chart.height, int | float) else 0
    if not own and isinstance(chart, alt.LayerChart):
        own = max((height_of(one) - _AXIS for one in chart.layer), default=0)
    return int(own) + _AXIS
