"""The weekly review on one screen: what acted, what is off, what ends, and what is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from core.measure.verdicts.parts import STATES
from core.sentences.loaded_cells import not_looked_for
from core.sentences.numbers import STATE_WORDS, counted, cut, percent, points, value_name
from core.sentences.standing import cause, gap_words, window_words
from core.text.sentence import capital
from core.text.shown import visible
from core.views.govern.findings import FindingsView
from core.views.review.week.this_week import SignalWeek, WeekView
from core.views.shared.validation_badge import Written
from dashboard.widgets.drawn.framed import MANY, framed
from dashboard.widgets.drawn.framed import tall as rows_tall
from dashboard.widgets.drawn.marks import badge, bars, blocks, bullet, days, scale, spark
from dashboard.widgets.drawn.markup import Markup, href, join, name, tag
from dashboard.widgets.links.page_links import href_of

#: So many days ahead a gate that closes is told.
CLOSING_DAYS = 14
#: As many pieces of news stand open; the rest waits in a drawer.
NEWS = 5
#: Pixels of the headline and the tiles, and of the heads of the table.
_ABOVE, _HEADS = 160, 60

#: Where a signal is off and no segment is worse than the rest.
_NO_SEGMENT = {
    "whole": "alike everywhere",
    "high_band": "its high band",
    "shape": "errors cancel",
    "alarm": "since signed",
}

Standing = Mapping[str, Written]


def board(view: WeekView, written: Standing, findings: FindingsView, today: date) -> Markup:
    """The headline, four tiles and the table of signals, unless these are more than `MANY`.

    Args:
        written: what the written side says of each signal.
    """
    first = view.first_step
    opening = None
    if first is not None:
        opening = tag(
            "a", f"Open first: {visible(first.text)} →", class_="plain", href=href_of(first)
        )
    long = len(view.rows) > MANY
    return tag(
        "div",
        tag("div", tag("p", visible(view.headline), class_="lead"), opening or ""),
        _tiles(view, written, findings, today),
        "" if long else _table(view.rows, written, findings, today),
        "" if long else _quiet(view),
        class_="board",
    )


def tall(view: WeekView) -> int:
    """Pixels that the board takes at least."""
    return _ABOVE if len(view.rows) > MANY else _ABOVE + rows_tall(len(view.rows), _HEADS)


def long_table(
    view: WeekView,
    rows: Sequence[SignalWeek],
    written: Standing,
    findings: FindingsView,
    today: date,
) -> Markup:
    """The table of signals by itself, where a week has more than `MANY` of them.

    Args:
        rows: those to show.
        written: what the written side says of each signal.
    """
    if not rows:
        return tag("div", tag("p", "No signal like this.", class_="soft"), class_="board")
    return tag(
        "div",
        framed(_table(rows, written, findings, today), len(rows)),
        _quiet(view),
        class_="board",
    )


def news(view: WeekView, findings: FindingsView) -> Markup:
    """What is new since the week before: changes of the week, and findings opened in it."""
    lines = [_news_line(change.signal, href_of(change), change.text) for change in view.changes]
    found: dict[str, dict[str, None]] = {}
    for row in findings.since(view.first):
        found.setdefault(row.signal or "", {})[row.title] = None
    lines += [
        _news_line(
            signal, href("signal", signal=signal), f"Found: {', '.join(dict.fromkeys(titles))}"
        )
        for signal, titles in found.items()
        if signal
    ]
    if not lines:
        lines = [tag("li", tag("span", "–"), tag("span", "Nothing stands out.", class_="soft"))]
    shown, rest = lines[:NEWS], lines[NEWS:]
    more = tag("details", tag("summary", f"{len(rest)} more"), tag("ul", *rest)) if rest else ""
    return tag(
        "div",
        tag("section", tag("h2", f"New in {view.week}"), tag("ul", *shown, class_="news"), more),
        class_="board",
    )


def _news_line(signal: str, target: str, text: str) -> Markup:
    return tag(
        "li",
        tag("a", name(signal), href=target, class_="plain"),
        tag("span", visible(text)),
    )


def _by(change: int) -> str:
    return f"{change:+,} vs last week".replace("-", "−") if change else "as last week"


def _tile(
    title: str, value: Markup, drawing: Markup, note: Markup | str, target: str | None
) -> Markup:
    return tag(
        "a" if target else "div",
        tag("span", title),
        tag("span", value, class_="big"),
        drawing,
        tag("span", note, class_="note"),
        class_="tile",
        href=target,
    )


def _tiles(view: WeekView, written: Standing, findings: FindingsView, today: date) -> Markup:
    return tag(
        "div",
        _acted(view),
        _off(view),
        _closing(view, written, today),
        _open(view, findings),
        class_="tiles",
    )


def _acted(view: WeekView) -> Markup:
    target = href("escalation", signal=view.rows[0].signal) if view.rows else None
    if not view.acted:
        return _tile(
            "Acted unchecked",
            join("–"),
            join(""),
            "no escalation rule is known",
            href("registry"),
        )
    now, before = view.acted[-1], view.acted[-2].n_claims if len(view.acted) > 1 else 0
    change = tag("small", _by(now.n_claims - before))
    labelled = percent(now.n / now.n_claims) if now.n_claims else "–"
    note = join(
        tag("b", f"{now.n_wrong:,} known wrong", class_="alert" if now.n_wrong else None),
        f" so far, {labelled} labelled",
    )
    if not now.n_claims:
        note = join("every automated claim was allowed to act")
    return _tile(
        "Acted though a person was required",
        join(f"{now.n_claims:,}", change),
        bars([one.n_claims for one in view.acted]),
        note,
        target,
    )


def _off(view: WeekView) -> Markup:
    off = view.count("off")
    rest = ", ".join(
        f"{view.count(state)} {STATE_WORDS[state].lower()}" for state in STATES if state != "off"
    )
    change = _by(off - view.count_before("off"))
    return _tile(
        "Signals off",
        join(off, tag("small", f"of {len(view.rows)}, {change}")),
        blocks([(state, view.count(state)) for state in STATES]),
        rest,
        href("reliability", signal=view.rows[0].signal) if view.rows else None,
    )


def _closing(view: WeekView, written: Standing, today: date) -> Markup:
    ends = sorted(
        (badge.until, row.signal)
        for row in view.rows
        if (badge := written[row.signal].badge).until is not None
    )
    soon = [(day, signal) for day, signal in ends if (day - today).days <= CLOSING_DAYS]
    # Those that are open now and would have been told of a week ago.
    before = sum((day - today).days <= CLOSING_DAYS - 7 for day, _ in ends)
    note = join("no gate closes soon")
    if soon:
        day, signal = soon[0]
        note = join("next ", tag("b", f"{day:%-d %b}"), f", {visible(signal)}")
    elif not ends:
        note = join("no signal may act")
    return _tile(
        f"Gates closing in {CLOSING_DAYS} days",
        join(len(soon), tag("small", _by(len(soon) - before))),
        days([(day - today).days for day, _ in soon], CLOSING_DAYS),
        note,
        href("registry"),
    )


def _open(view: WeekView, findings: FindingsView) -> Markup:
    waiting = findings.waiting
    late = sum(one.overdue for one in waiting)
    critical = sum(one.severity == "critical" for one in waiting)
    new = len(findings.since(view.first))
    mondays = [sum(one.age >= 7 * ago for one in waiting) for ago in range(11, -1, -1)]
    note = join(
        tag("b", f"{late} overdue", class_="alert" if late else None), f", {critical} critical"
    )
    return _tile(
        "Open findings",
        join(len(waiting), tag("small", f"{new} new")),
        spark(mondays, height=30),
        note if waiting else "nothing is open",
        None,
    )


def _table(
    rows: Sequence[SignalWeek], written: Standing, findings: FindingsView, today: date
) -> Markup:
    ticks = tag(
        "span", scale((-0.05, 0, 0.05, 0.15)), tag("span", "Gap", class_="last"), class_="pair"
    )
    heads: Sequence[tuple[Markup | str, str]] = (
        (tag("span", "Verdict", class_="sr"), "c-badge"),
        ("Signal", ""),
        (ticks, "c-gap"),
        ("12 weeks", "c-spark"),
        ("High band: said → right", "c-high"),
        ("Worst segment", "c-worst"),
        ("Labels", "c-labels num"),
        ("Owner", "c-owner"),
        ("May act", "c-acts"),
        ("Findings", "c-findings num"),
    )
    said = (
        "worst first; gap: said minus right, in points, with the range the data allow; "
        "grey strip: accepted"
    )
    return tag(
        "table",
        tag("caption", tag("h2", "Signals"), tag("span", said, class_="soft")),
        tag(
            "thead",
            tag("tr", *(tag("th", text, scope="col", class_=kind or None) for text, kind in heads)),
        ),
        tag(
            "tbody",
            *(_row(row, written[row.signal], findings, today) for row in rows),
        ),
        class_="signals",
    )


def _row(row: SignalWeek, written: Written, findings: FindingsView, today: date) -> Markup:
    one = row.standing
    waits = sum(found.waits for found in findings.of(row.signal))
    return tag(
        "tr",
        tag("td", verdict(row), class_="c-badge"),
        tag(
            "th",
            tag("a", name(row.signal), class_="row", href=href("signal", signal=row.signal)),
            scope="row",
            title=visible(row.signal),
        ),
        tag("td", _gap(row), class_="c-gap", title=f"{gap_words(one)}, {window_words(one)}"),
        tag("td", _trend(row), class_="c-spark"),
        tag("td", _high(row), class_="c-high"),
        tag("td", _worst(row), class_="c-worst"),
        tag(
            "td", "–" if one.window is None else percent(one.window.coverage), class_="c-labels num"
        ),
        tag("td", _owner(written), class_="c-owner", title=visible(written.owner.words)),
        tag("td", _acts(written, today), class_="c-acts", title=visible(written.badge.help)),
        tag(
            "td",
            str(waits) if waits else tag("span", "0", class_="soft"),
            tag("span", " open findings", class_="sr"),
            class_="c-findings num",
        ),
    )


def verdict(row: SignalWeek) -> Markup:
    """The badge of a signal's verdict, with the reason on top of it."""
    one = row.standing
    if not one.speaks_for_all:
        why = capital(gap_words(one)) if one.lacks else "The labels are of some kinds of cases only"
        return badge("too_few", "No verdict", f"{why}.")
    title = cause(one) or gap_words(one)
    return badge(one.state, title=visible(title))


def _gap(row: SignalWeek) -> Markup:
    one = row.standing
    if one.gap is None:
        return tag("span", gap_words(one), class_="soft")
    gap, low, high = one.gap
    told = f" points, {points(low, decimals=1)} to {points(high, decimals=1)}"
    return tag(
        "span",
        bullet(gap, low, high, one.terms.tolerance),
        tag("b", points(gap, decimals=1)),
        tag("span", told, class_="sr"),
        class_="pair",
    )


def _trend(row: SignalWeek) -> Markup:
    if not row.trend:
        return tag("span", "–", class_="soft")
    ends = [points(row.trend[i], decimals=1) for i in (0, -1)]
    return join(
        spark(row.trend, tolerance=row.terms.tolerance, span=(-0.06, 0.16)),
        tag("span", f"gap from {ends[0]} to {ends[1]} points", class_="sr"),
    )


def _high(row: SignalWeek) -> Markup:
    found = row.standing.recent
    if found is None or not found.high_n:
        return tag("span", "–", class_="soft")
    one = row.standing
    off = "high_band" in found.off_parts and one.speaks_for_all and not one.whole_alone
    return join(
        percent(found.high_claimed),
        tag("span", "→", class_="arrow"),
        tag("span", percent(found.high_observed), class_="alert" if off else None),
        tag(
            "span",
            f"n {found.high_n:,}",
            class_="soft n",
            title=f"stated at {cut(row.terms.high_from)} or more: {counted(found.high_n, 'case')}",
        ),
    )


def _worst(row: SignalWeek) -> Markup:
    one = row.standing
    if one.worst is not None:
        return join(
            f"{visible(value_name(one.worst.value))} ",
            tag("span", points(one.worst.shown.value), class_="alert"),
        )
    if one.whole_alone and one.reason != "alarm":
        return tag("span", "not judged", class_="soft")
    if one.state == "off":
        return tag("span", _NO_SEGMENT.get(one.reason or "", "several"), class_="soft")
    return tag("span", "none stands out" if one.recent else "–", class_="soft")


def _owner(written: Written) -> Markup:
    one = written.owner
    if one.empty:
        return tag("span", "No owner", class_="alert")
    return join(visible(one.acting or one.owner))


def _acts(written: Written, today: date) -> Markup:
    one = written.badge
    if one.until is None:
        return tag("span", one.words, class_="soft")
    left = (one.until - today).days
    return join(
        f"until {one.until:%-d %b}",
        tag("span", f" {left} d", class_="alert") if left <= CLOSING_DAYS else "",
    )


def _quiet(view: WeekView) -> Markup:
    quiet = ""
    if view.quiet:
        quiet = f"No claims in this week or the twelve before: {', '.join(view.quiet)}."
    lines = [one for one in (quiet, not_looked_for(view.elsewhere, view.unread)) if one]
    return join(*(tag("p", visible(one), class_="small") for one in lines))
