"""The twelve failures: all of them at a glance, one of them closely, and as a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd
import streamlit as st

from core.text.markdown import plain
from core.text.shown import visible
from core.text.spreadsheet import csv_of
from core.views.risks.catalogue import FAILURES, NOTES, SOURCES, QuietFailure, failure
from core.views.risks.matrix import Cell, RisksView, tallied
from core.views.risks.status import STATUS_SIGNS, STATUS_WORDS, Link, Status
from dashboard.pages import PAGES
from dashboard.reports.risks import to_frame, to_markdown
from dashboard.server import open_ledger as owner
from dashboard.widgets import table_search
from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.framed import tall
from dashboard.widgets.drawn.markup import Markup, href, name, tag
from dashboard.widgets.links.page_links import parameters
from dashboard.widgets.url_choice import choose

PAGE = PAGES["risks"].path
#: The two choices, in the session and in the URL.
FAILURE, SIGNAL = "failure", "of_signal"
EVERY = "all"
#: How the keys of this component's widgets begin.
_FIND = "risks_find"
KEYS = (FAILURE, SIGNAL, _FIND)

_LOOKS: dict[Status, tuple[str, str]] = {
    "open": (":material/error:", "red"),
    "not_measured": (":material/help:", "gray"),
    "covered": (":material/check_circle:", "green"),
    "not_applicable": (":material/remove:", "gray"),
}


def chosen(view: RisksView) -> tuple[QuietFailure | None, str | None]:
    """Which failure and which signal are opened; None: all of them."""
    first, second = st.columns(2)
    keys = (EVERY, *(one.key for one in FAILURES))
    key = choose(
        "Failure",
        keys,
        key=FAILURE,
        place=first,
        format_func=lambda one: "All twelve" if one == EVERY else failure(one).title,
    )
    signal = choose(
        "Signal",
        (EVERY, *view.signals),
        key=SIGNAL,
        place=second,
        format_func=lambda one: "All signals" if one == EVERY else one,
    )
    return (None if key == EVERY else failure(key), None if signal == EVERY else signal)


def grid(view: RisksView) -> None:
    """Every failure of every signal, each cell the way to its evidence."""
    signals = view.signals
    if len(signals) > table_search.SEVERAL:
        text = table_search.text("signal", key=_FIND)
        signals = tuple(one for one in signals if table_search.holds(text, one))
    drawn = matrix(replace(view, signals=signals))
    draw(drawn, key="risks_grid", tall=tall(len(view.failures), 100))


def matrix(view: RisksView) -> Markup:
    """The same as markup: most open first, from the top and from the left."""
    if not view.signals:
        return table_search.none()
    known = {(one.failure.key, one.signal): one for one in view.cells}
    heads = [
        tag(
            "th",
            tag("a", name(signal), href=_address(EVERY, signal), class_="plain"),
            scope="col",
        )
        for signal in view.signals
    ]
    rows = [
        tag(
            "tr",
            tag(
                "th",
                tag("a", one.title, href=_address(one.key, EVERY), class_="plain"),
                scope="row",
            ),
            tag("td", _told(view, one), class_="soft"),
            *(_cell(known[one.key, signal]) for signal in view.signals),
        )
        for one in view.failures
    ]
    said = "most open first; open a cell for its evidence"
    return tag(
        "div",
        tag(
            "div",
            tag(
                "table",
                tag("caption", tag("h2", "Failures by signal"), tag("span", said, class_="soft")),
                tag("thead", tag("tr", tag("td"), tag("td"), *heads)),
                tag("tbody", *rows),
                class_="matrix",
            ),
            class_="scroll",
        ),
        class_="board",
    )


def _cell(cell: Cell) -> Markup:
    words = STATUS_WORDS[cell.status]
    return tag(
        "td",
        tag(
            "a",
            tag("span", STATUS_SIGNS[cell.status], aria_hidden="true"),
            tag("span", words),
            href=_address(cell.failure.key, cell.signal),
            title=visible(cell.line),
            aria_label=visible(f"{cell.failure.title}, {cell.signal}: {words}"),
        ),
        class_=cell.status,
    )


def _told(view: RisksView, one: QuietFailure) -> str:
    counts = dict(tallied(view.of_failure(one.key)))
    return f"{counts['open']} open" if counts.get("open") else ""


def _address(key: str, signal: str) -> str:
    return href("risks", **{FAILURE: key, SIGNAL: signal})


def closely(view: RisksView, one: QuietFailure | None, signal: str | None) -> None:
    """The evidence of a failure over all signals, of a signal over all failures, or of a pair."""
    if one is not None:
        st.header(one.title)
        st.markdown(plain(one.control))
        said = "; ".join(f"{name}: {part}" for name, part in one.supports.named())
        st.caption(f"Supports {plain(said)}. It certifies nothing.")
        cells = view.of_failure(one.key)
        _lines([each for each in cells if signal in (None, each.signal)], by_signal=True)
    elif signal is not None:
        st.header(plain(signal))
        _lines(view.of_signal(signal), by_signal=False)
    query = {FAILURE: EVERY, SIGNAL: EVERY}
    st.page_link(
        PAGE,
        label="All twelve, all signals",
        icon=":material/arrow_back:",
        query_params=query,
    )


def mapping() -> None:
    """Which parts of which texts the controls support."""
    with st.expander("What the controls support", icon=":material/account_balance:"):
        st.table(
            pd.DataFrame(
                [(one.title, *(_parts(one))) for one in FAILURES],
                columns=["Failure", *(f"Supports {name}" for name in SOURCES)],
            ).set_index("Failure")
        )
        for note in NOTES:
            st.caption(plain(note))


def downloads(view: RisksView) -> None:
    """The same as a file for an audit: Markdown, and CSV."""
    name = Path(owner.path()).name
    day = f"{view.at:%Y-%m-%d}"
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Audit file (Markdown)",
            data=lambda: to_markdown(view, name).encode("utf-8"),
            file_name=f"risks-{day}.md",
            mime="text/markdown; charset=utf-8",
            icon=":material/download:",
            on_click="ignore",
            help="Every line with its date, the data version, size and root of the trail, and the "
            "mapping with its notes.",
        )
        st.download_button(
            "Every line (CSV)",
            data=lambda: csv_of(to_frame(view)),
            file_name=f"risks-{day}.csv",
            mime="text/csv; charset=utf-8",
            icon=":material/download:",
            on_click="ignore",
        )


def _lines(cells: Sequence[Cell], *, by_signal: bool) -> None:
    for cell in cells:
        with st.container(border=True, gap="xsmall"):
            with st.container(
                horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
            ):
                with st.container(
                    horizontal=True, width="content", gap="small", vertical_alignment="center"
                ):
                    _badge(cell.status, STATUS_WORDS[cell.status])
                    if by_signal:
                        st.markdown(f"**{plain(cell.signal)}**", width="content")
                    else:
                        _opening(cell.failure, cell.failure.title)
                _seen(cell.link)
            st.markdown(plain(cell.line))


def _seen(link: Link) -> None:
    """The way to where a line can be seen."""
    to = PAGES[link.page]
    st.page_link(to.path, label=to.opening, icon=to.icon, query_params=parameters(link))


def _opening(one: QuietFailure, label: str) -> None:
    st.page_link(
        PAGE,
        label=label,
        icon=":material/manage_search:",
        query_params={FAILURE: one.key, SIGNAL: EVERY},
    )


def _badge(status: Status, words: str) -> None:
    icon, color = _LOOKS[status]
    st.badge(words, icon=icon, color=color)  # type: ignore[arg-type]


def _parts(one: QuietFailure) -> tuple[str, ...]:
    supports = one.supports
    return (
        supports.sr_26_2 or "–",
        supports.eu_ai_act or "–",
        supports.nist_ai_rmf or "–",
        supports.iso_42001 or "–",
    )
