"""The standing watch on the page: a row for each version measured again, and the runs."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.sentences.numbers import ABSENT, counted, points, verdict_words, within
from core.text.markdown import cells, plain
from core.text.shown import visible
from core.views.govern.watch import Again, WatchRow, WatchView
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets import page_head, table_search, tables
from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.framed import framed, tall
from dashboard.widgets.drawn.marks import bullet, scale
from dashboard.widgets.drawn.markup import Markup, href, join, tag

#: As many segments that are off are named.
_NAMED = 3


def signals(view: WatchView) -> None:
    """Each version: its standing verdict, when it was measured last, when next, who answers."""
    standing = {row.signal: row.standing for row in view.rows if row.standing is not None}
    rows = table_search.of_signals(
        view.rows, standing, lambda row: row.signal, lambda row: row.answers, page="watch"
    )
    draw(table(replace(view, rows=tuple(rows))), key="watch_signals", tall=tall(len(rows), 44))


def table(view: WatchView) -> Markup:
    """The same as markup."""
    if not view.rows:
        return table_search.none()
    ticks = tag(
        "span", scale((-0.05, 0, 0.05, 0.15)), tag("span", "Gap then", class_="last"), class_="pair"
    )
    heads: tuple[tuple[Markup | str, str], ...] = (
        (tag("span", "Standing verdict", class_="sr"), "c-badge"),
        ("Signal", ""),
        ("Version", "c-labels c-worst"),
        (ticks, "c-gap"),
        ("Measured", "c-when"),
        ("Since it was signed", "c-spark"),
        ("Next", "c-acts c-next"),
        ("Monitoring", "c-owner"),
    )
    said = "the standing verdict, and the gap of the last re-measurement"
    return tag(
        "div",
        framed(
            tag(
                "table",
                tag("caption", tag("h2", "Signals"), tag("span", said, class_="soft")),
                tag(
                    "thead",
                    tag("tr", *(tag("th", one, scope="col", class_=kind) for one, kind in heads)),
                ),
                tag("tbody", *(one for row in view.rows for one in _rows(row))),
                class_="signals",
            ),
            sum(max(1, len(row.prints)) for row in view.rows),
        ),
        class_="board",
    )


def _rows(row: WatchRow) -> list[Markup]:
    if not row.prints:
        return [_line(row, None)]
    return [_line(row, one) for one in row.prints]


def _line(row: WatchRow, one: Again | None) -> Markup:
    return tag(
        "tr",
        tag("td", page_head.standing_badge(row.standing), class_="c-badge"),
        tag(
            "th",
            tag("a", visible(row.signal), class_="row", href=href("signal", signal=row.signal)),
            scope="row",
            title=visible(row.signal),
        ),
        tag("td", "–" if one is None else visible(one.words), class_="c-labels c-worst soft"),
        tag("td", _gap(row, one), class_="c-gap", title=_in_full(row, one)),
        tag("td", _when(row), class_="c-when"),
        tag("td", _since_signed(one), class_="c-spark soft"),
        tag("td", _next(row), class_="c-acts c-next"),
        tag("td", visible(row.answers), class_="c-owner"),
    )


def _gap(row: WatchRow, one: Again | None) -> Markup:
    if one is None:
        return tag("span", "not measured yet", class_="soft")
    if one.gap is None or one.low is None or one.high is None:
        return tag("span", "no outcome was final", class_="soft")
    return tag(
        "span",
        bullet(one.gap, one.low, one.high, row.tolerance),
        tag("b", points(one.gap, decimals=1)),
        tag("span", f" points, {_ends(one)}", class_="sr"),
        class_="pair",
    )


def _ends(one: Again) -> str:
    return " to ".join(points(end, decimals=1) for end in (one.low, one.high))


def _in_full(row: WatchRow, one: Again | None) -> str | None:
    """What the re-measurement said, for the tooltip."""
    if one is None or one.gap is None:
        return None
    told = [
        f"{verdict_words(one.state, one.speaks_for)}: gap {points(one.gap, decimals=1)} points "
        f"({_ends(one)}; {within(row.tolerance)} accepted), {counted(one.n, 'claim')} of "
        f"{counted(one.n_inputs, 'input')}"
    ]
    if one.off_by:
        told.append(one.off_by)
    if one.off:
        more = f" and {len(one.off) - _NAMED} more" if len(one.off) > _NAMED else ""
        told.append(f"off by themselves: {'; '.join(one.off[:_NAMED])}{more}")
    if one.mute:
        told.append(f"without a verdict by themselves: {', '.join(one.mute[:_NAMED])}")
    if one.why:
        told.append(one.why)
    return visible(f"{'. '.join(told)} {row.claims}")


def _when(row: WatchRow) -> Markup:
    if row.measured_at is None or row.seq is None:
        return tag("span", "never", class_="soft")
    entry = href("decision_trail", entry=str(row.seq))
    day = f"{row.measured_at:%Y-%m-%d}"
    return tag("a", day, class_="over", href=entry, title=visible(row.why))


def _since_signed(one: Again | None) -> Markup:
    if one is None or not one.watched:
        return join("not signed")
    said = one.watched.rpartition(": ")[2]
    return tag("span", visible(said), title=visible(one.watched))


def _next(row: WatchRow) -> Markup:
    words = f"{row.next_at:%Y-%m-%d}"
    title = f"every {counted(row.cadence_days, 'day')}"
    if row.overdue:
        return tag("span", f"overdue since {words}", class_="alert", title=title)
    return tag("span", words, title=title)


def runs(view: WatchView) -> None:
    """The last runs, each a link to its act."""
    if not view.runs:
        st.markdown(":gray[No run was made yet.]")
        return
    for line in view.runs[:5]:
        trail.link(line.seq, plain(line.words))
    if len(view.runs) > 5:
        with st.expander(f"{len(view.runs) - 5} earlier runs", icon=":material/unfold_more:"):
            for line in view.runs[5:]:
                trail.link(line.seq, plain(line.words))


def canaries(view: WatchView) -> None:
    """Kept inputs that are asked again: of which signals, when next, and what they say."""
    if not view.canaries and not view.unkept:
        return
    st.header("Kept inputs, asked again")
    rows = [
        {
            "signal": line.signal,
            "version": ABSENT if line.fingerprint is None else line.fingerprint.words(),
            "last": None if line.last is None else line.last.asked_at,
            "due": line.due,
            "says": line.short,
        }
        for line in view.canaries
    ]
    rows += [
        {
            "signal": signal,
            "version": ABSENT,
            "last": None,
            "due": None,
            "says": "none kept: calledger canary keep",
        }
        for signal in view.unkept
    ]
    when = "YYYY-MM-DD HH:mm"
    st.dataframe(
        cells(pd.DataFrame(rows)),
        hide_index=True,
        placeholder=tables.NOTHING,
        key="canaries",
        column_config={
            "signal": st.column_config.TextColumn("Signal", width=180),
            "version": st.column_config.TextColumn("Version", width=330),
            "last": st.column_config.DatetimeColumn("Asked last (UTC)", format=when),
            "due": st.column_config.DatetimeColumn("Next (UTC)", format=when),
            "says": st.column_config.TextColumn("What they say", width=230),
        },
        alt="Kept inputs with when they are asked and what they say",
    )
    st.caption("Round by round: Drift, *Is it the same model?*")
