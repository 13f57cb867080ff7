"""The heatmap's worst cells as rows of links: what a click on a cell does, for the keyboard."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import streamlit as st

from core.queries.base.selection import Selection
from core.queries.claims.claim_list import Search
from core.sentences.numbers import dimension_name, value_name
from core.text.shown import visible
from core.views.review.segments import SegmentsView
from dashboard.parts.review.segment_heatmap import CELL_COLUMN, CELL_ROW
from dashboard.widgets.drawn.draw import draw as show
from dashboard.widgets.drawn.framed import tall
from dashboard.widgets.drawn.marks import bullet
from dashboard.widgets.drawn.markup import Markup, href, tag
from dashboard.widgets.filters import shown_name
from dashboard.widgets.links import claim_links

#: So many are listed; the list of worst segments has all of them.
LISTED = 6
#: Gaps of single cells are wider than those of signals.
_SPAN = (-0.3, 0.4)


def draw(view: SegmentsView, selection: Selection) -> None:
    """List the cells that are off; nothing where none is."""
    # Without the cell that is open: the rows stay the same, and the focus where it is.
    here = {key: st.query_params.get_all(key) for key in st.query_params}
    listed = table(view, selection, here)
    if listed is not None:
        rows = min(LISTED, int((view.cells["verdict"] == "off").sum()))
        show(listed, key="segment_cells", tall=tall(rows, 46))


def table(
    view: SegmentsView, selection: Selection, here: Mapping[str, Sequence[str]]
) -> Markup | None:
    """The same as markup; None where no cell is off.

    Args:
        view: of the page.
        selection: the claims it is about.
        here: what the address says; a row's link changes nothing but the cell.
    """
    off = view.cells[view.cells["verdict"] == "off"]
    if off.empty:
        return None
    worst = off.loc[off["gap"].abs().sort_values(ascending=False, kind="stable").index]
    rows = []
    for cell in worst.head(LISTED).to_dict("records"):
        names = (cell[view.row], cell[view.column])
        said = " × ".join(
            f"{dimension_name(dimension)} {value_name(value)}"
            for dimension, value in zip((view.row, view.column), names, strict=True)
        )
        opened = dict(zip((CELL_ROW, CELL_COLUMN), map(shown_name, names), strict=True))
        to = href("segments", **{**here, **opened})
        rows.append(
            tag(
                "tr",
                tag(
                    "th",
                    tag("a", visible(said), class_="row", href=to),
                    scope="row",
                ),
                tag("td", bullet(*_interval(cell), view.tolerance, span=_SPAN)),
                tag("td", cell["words"]),
                tag("td", _claims(view, selection, cell), class_="num"),
            )
        )
    shown = "Cells that are off" if len(off) <= LISTED else f"Worst {LISTED} of {len(off)} cells"
    heads = (("Cell", None), ("Gap", None), ("What is off", None), ("Claims", "num"))
    return tag(
        "div",
        tag(
            "table",
            tag(
                "caption",
                tag("h2", shown),
                tag("span", "largest gap first; open one for its curve", class_="soft"),
            ),
            tag(
                "thead",
                tag("tr", *(tag("th", text, scope="col", class_=kind) for text, kind in heads)),
            ),
            tag("tbody", *rows),
            class_="cells",
        ),
        class_="board",
    )


def _claims(view: SegmentsView, selection: Selection, cell: Mapping[Hashable, Any]) -> Markup | str:
    """How many claims a cell has, the way to them."""
    for dimension in (view.row, view.column):
        value = cell[dimension]
        selection = selection.narrowed(dimension, None if value is None else str(value))
    n = cell["n_claims"]
    query = claim_links.query_of(Search(selection, stated=True))
    if query is None:
        return f"{n:,}"
    return tag(
        "a",
        f"{n:,}",
        tag("span", " claims", class_="sr"),
        class_="over",
        href=href("claims", **query),
    )


def _interval(cell: Mapping[Hashable, Any]) -> tuple[float, float, float]:
    return cell["gap"], cell["corrected_low"], cell["corrected_high"]
