"""One opened segment: its own reliability diagram, and the way to its page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.queries.base.selection import BAND_DIMENSION, TIME_DIMENSIONS
from core.sentences.numbers import dimension_name
from core.text.markdown import plain
from core.text.shown import visible
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.widgets import reliability_panel as curve
from dashboard.widgets.filters import Filters, url_key, value_of


def draw(chosen: Filters, opened: Sequence[tuple[str, str]]) -> None:
    """Draw the curve of the claims in a segment.

    Args:
        chosen: the shared filters.
        opened: (dimension, value as shown) pairs that name the segment.
    """
    selection = chosen.selection
    for dimension, name in opened:
        selection = selection.narrowed(dimension, value_of(name))
    view = data.reliability(selection, None)
    st.header(plain(" × ".join(f"{dimension_name(name)} {value}" for name, value in opened)))
    with curve.with_words(view, data.badge(selection)):
        link = {
            url_key(name): visible(value)
            for name, value in opened
            if name not in (BAND_DIMENSION, *TIME_DIMENSIONS)
        }
        st.page_link(
            PAGES["reliability"].path,
            label="Open this segment in Reliability",
            icon=PAGES["reliability"].icon,
            query_params={"signal": selection.signal, **link},
        )
