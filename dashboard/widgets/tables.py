"""Tables that several pages show, and how a kind of number stands in any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from core.sentences.fact import Fact
from core.text.markdown import cells, plain, verbatim
from core.text.shown import visible
from core.views.review.reliability import GroupView
from dashboard.widgets.tall import tall_key

#: Of the width, for a fact's name and its value.
_FACT_WIDTHS = (3, 7)
#: Pixels of a list's head and of a row, and of ten and fifteen rows: what is longer scrolls.
_HEAD, _ROW, TEN, FIFTEEN = 38, 35, 388, 563
#: What stands where there is no value; left to itself the browser writes "None".
NOTHING = "–"
#: How the table of `confidences` is told.
CONFIDENCES = "Each stated confidence with its labelled claims and observed share"


def listed(frame: pd.DataFrame, *, key: str, alt: str, tallest: int = TEN, **looks: Any) -> Any:
    """Draw a list, as tall as its rows from the start, so that nothing below it jumps.

    Args:
        frame: a row each; texts are made safe here.
        key: the element's key.
        alt: what it holds, for who does not see it.
        tallest: pixels from which on it scrolls.
        **looks: of `st.dataframe`.

    Returns:
        What was selected, where rows can be.
    """
    pixels = min(tallest, _HEAD + _ROW * max(1, len(frame)))
    with st.container(key=tall_key(f"list_{key}", pixels)):
        return st.dataframe(
            cells(frame),
            hide_index=True,
            placeholder=NOTHING,
            key=key,
            height=pixels,
            alt=alt,
            **looks,
        )


def figures(
    frame: pd.DataFrame, columns: Mapping[str, str | ColumnConfig], *, key: str, alt: str
) -> None:
    """The figures behind a chart.

    Args:
        columns: those shown, in order, with what they are called.
        alt: what it holds.
    """
    listed(frame, key=key, alt=alt, column_order=tuple(columns), column_config=dict(columns))


def number(label: str, *, help: str | None = None) -> ColumnConfig:
    """A count."""
    return st.column_config.NumberColumn(label, format="localized", width="small", help=help)


def points(label: str, *, help: str | None = None) -> ColumnConfig:
    """A gap already in percentage points."""
    return st.column_config.NumberColumn(label, format="%+.1f", width="small", help=help)


def share(label: str, *, help: str | None = None) -> ColumnConfig:
    """A share already in percent."""
    return st.column_config.NumberColumn(label, format="%.0f%%", width="small", help=help)


def confidences(values: pd.DataFrame, *, key: str, of: str = "") -> None:
    """Each stated confidence, how often it was right, and how sure that is.

    Args:
        values: v, n_claims, n, s, observed, gap, exact_low, exact_high.
        key: the element's key.
        of: which group they are of, where several tables stand side by side.
    """
    table = values.assign(
        **{name: values[name] * 100 for name in ("observed", "exact_low", "exact_high", "gap")}
    )
    st.dataframe(
        cells(table),
        hide_index=True,
        placeholder=NOTHING,
        key=key,
        column_order=("v", "n_claims", "n", "s", "observed", "exact_low", "exact_high", "gap"),
        column_config={
            "v": st.column_config.NumberColumn("Stated", format="%.4g", width="small"),
            "n_claims": number("Claims"),
            "n": number("Labelled"),
            "s": number("Right"),
            "observed": share("Observed"),
            "exact_low": share("95% from", help="Clopper–Pearson interval of the observed share."),
            "exact_high": share("to"),
            "gap": points("Gap, points"),
        },
        alt=f"{CONFIDENCES}: {visible(of)}" if of else CONFIDENCES,
    )


def measures(groups: Sequence[GroupView]) -> None:
    """Draw the measures of one group with their meaning, or of two side by side."""
    columns: dict[str, list[str]] = {"Measure": [row.name for row in groups[0].rows]}
    for group in groups:
        of = f" · {group.name}" if group.name else ""
        columns[f"Value{of}"] = [row.value for row in group.rows]
        columns[f"95% interval{of}"] = [row.interval for row in group.rows]
    if len(groups) == 1:
        columns["Meaning"] = [row.meaning for row in groups[0].rows]
    # On a telephone what a measure means stands below it.
    with st.container(key="measures" if len(groups) == 1 else "measures_of_two"):
        st.table(
            pd.DataFrame(columns),
            border="horizontal",
            hide_index=True,
            alt="Every measure with its 95% interval",
        )


def facts(title: str, found: Sequence[Fact], *, none: str = "Nothing is logged.") -> None:
    """Names and values, those from outside as they were logged.

    Args:
        title: above them.
        found: in order.
        none: what is said where there are none.
    """
    st.markdown(f"### {title}")
    if not found:
        st.markdown(none)
        return
    # A table would cut long texts at its right edge; columns wrap them.
    with st.container(gap="xxsmall"):
        for fact in found:
            name, value = st.columns(_FACT_WIDTHS, gap="small")
            name.markdown(f":gray[{plain(fact.name)}]")
            value.markdown(verbatim(fact.value) if fact.logged else plain(fact.value))
