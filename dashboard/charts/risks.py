"""The twelve failures against every signal, as a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from core.views.risks.rules import STATUS_WORDS, STATUSES, Status
from dashboard.charts.kit.base import finish, layered, lookup, name_axis, shortened, tooltip
from dashboard.charts.kit.cell_layout import STEP, cell_layout, column_axis
from dashboard.charts.kit.palette import Palette

#: A mark beside each status's words, so that colour is not needed to tell them apart.
MARKS: Mapping[Status, str] = {
    "open": "◆",
    "not_measured": "○",
    "covered": "●",
    "not_applicable": "–",
}
#: The words in a cell, in lines; and in a narrow one.
_LINES: Mapping[Status, str] = {
    "open": "open",
    "not_measured": "not\nmeasured",
    "covered": "covered",
    "not_applicable": "not\napplicable",
}
_NARROW: Mapping[Status, str] = {
    **_LINES,
    "not_measured": "not\nmeas-\nured",
    "not_applicable": "n/a",
}
_ROW, _WORDS_FROM = 48, 58
FIELDS = ("failure", "signal")


def risk_grid(
    cells: pd.DataFrame, palette: Palette, *, selection_name: str = "cell", width: int = 1000
) -> alt.LayerChart:
    """Every failure of every signal: a mark, a word and a tint.

    Args:
        cells: one row per pair: failure (its short name), signal, status (one of
            `core.views.risks.rules.STATUSES`), line (the evidence). Rows and columns keep the order
            in which they are first named.
        palette: the colours.
        selection_name: of the point selection, whose fields are failure and signal.
        width: the most pixels it takes, row labels included. A page may narrow it further.
    """
    rows = list(dict.fromkeys(cells["failure"]))
    columns = list(dict.fromkeys(cells["signal"]))
    layout = cell_layout([0], rows, columns, width)
    frame = cells.assign(
        _mark=[MARKS[one] for one in cells["status"]],
        _wide=[_LINES[one] for one in cells["status"]],
        _narrow=[_NARROW[one] for one in cells["status"]],
        _status=[f"{MARKS[one]} {STATUS_WORDS[one]}" for one in cells["status"]],
    )
    shared = {
        "x": alt.X(
            field="signal",
            type="nominal",
            title=None,
            sort=columns,
            scale=alt.Scale(domain=columns, paddingInner=0.04, paddingOuter=0),
            axis=column_axis(palette, columns, layout),
        ),
        "y": alt.Y(
            field="failure",
            type="nominal",
            title=None,
            sort=rows,
            scale=alt.Scale(domain=rows, paddingInner=3 / _ROW, paddingOuter=0),
            axis=name_axis(palette, lookup({r: shortened(r) for r in rows}), orient="left"),
        ),
    }
    chosen = alt.selection_point(name=selection_name, fields=list(FIELDS))
    chart = layered(
        [_tiles(palette, chosen), _dashes(palette), *_texts(palette)],
        shared,
        data=frame,
        width=layout.width,
        height=_ROW * len(rows),
    )
    return finish(chart, palette, fit=True)


def _tiles(palette: Palette, chosen: alt.Parameter) -> alt.Chart:
    """The cells; a click on one chooses it."""
    picked = {"param": chosen.name, "empty": False}
    tints = {
        "open": palette.over[1],
        "not_measured": palette.background,
        "covered": palette.under[0],
        "not_applicable": palette.background,
    }
    tiles: alt.Chart = (
        alt.Chart()
        .mark_rect(cornerRadius=2)
        .encode(
            color=alt.Color(
                field="status",
                type="nominal",
                scale=alt.Scale(domain=list(tints), range=list(tints.values())),
                legend=None,
            ),
            stroke=alt.StrokeValue(palette.background, condition={**picked, "value": palette.ink}),
            strokeWidth=alt.StrokeWidthValue(0, condition={**picked, "value": 2.5}),
            tooltip=tooltip(
                {"failure": "Failure", "signal": "Signal", "_status": "Status", "line": "Because"}
            ),
        )
        .add_params(chosen)
    )
    return tiles


def _dashes(palette: Palette) -> alt.Chart:
    """The outline of what was not measured."""
    dashes: alt.Chart = (
        alt.Chart()
        .mark_rect(
            fill=None, stroke=palette.outline, strokeWidth=1, strokeDash=[3, 3], cornerRadius=2
        )
        .transform_filter("datum.status == 'not_measured'")
    )
    return dashes


def _texts(palette: Palette) -> list[alt.Chart]:
    """The mark and, below it, the words of each cell; what is open in bold."""
    told = "datum.status == 'open' || datum.status == 'covered'"
    style: dict[str, Any] = {
        "baseline": "top",
        "fontWeight": alt.ExprRef("datum.status == 'open' ? 'bold' : 'normal'"),
        "color": alt.ExprRef(f"{told} ? '{palette.ink}' : '{palette.muted_ink}'"),
    }
    mark = alt.Chart().mark_text(fontSize=15, dy=-21, text=alt.ExprRef("datum._mark"), **style)
    words = alt.Chart().mark_text(
        fontSize=alt.ExprRef(f"{STEP} >= {_WORDS_FROM} ? 10.5 : 9"),
        lineBreak="\n",
        lineHeight=alt.ExprRef(f"{STEP} >= {_WORDS_FROM} ? 12 : 9"),
        dy=alt.ExprRef(f"{told} ? 2 : -4"),
        text=alt.ExprRef(f"{STEP} >= {_WORDS_FROM} ? datum._wide : datum._narrow"),
        **style,
    )
    return [mark, words]


def selected_pair(points: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """The failure's short name and the signal of the cell that was clicked."""
    if not points or not all(points[0].get(name) for name in FIELDS):
        return None
    first, second = (str(points[0][name]) for name in FIELDS)
    return first, second


def alt_text_risks(cells: pd.DataFrame) -> str:
    """How many of each status, and what is open, computed from the very frame that is drawn."""
    n = cells["status"].value_counts()
    said = ", ".join(f"{n[one]} {STATUS_WORDS[one].lower()}" for one in STATUSES if one in n)
    open_ = cells[cells["status"] == "open"].groupby("failure", sort=False)["signal"]
    parts = [f"{failure}: {', '.join(signals)}" for failure, signals in open_]
    return f"{len(cells)} cells: {said}." + (f" Open: {'; '.join(parts)}." if parts else "")
