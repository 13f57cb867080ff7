"""One opened segment: its own reliability diagram, and the way to its page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.review.words import dimension_name
from core.shown import visible
from core.store.selection import BAND_DIMENSION, TIME_DIMENSIONS
from dashboard import data
from dashboard.components import curve
from dashboard.components.filters import Filters, url_key, value_of
from dashboard.components.verbatim import plain
from dashboard.pages import PAGES


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
    st.subheader(plain(" × ".join(f"{dimension_name(name)} {value}" for name, value in opened)))
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
