"""One signal: is it honest, where not, since when, and what is being done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

import streamlit as st

from core.measure.verdicts.parts import PartName, PartState
from core.sentences.numbers import counted, cut, percent, points, value_name, within
from core.sentences.standing import began_words, direction, gap_words, where, window_words
from core.standing.verdict import Reweighted, StandingVerdict
from core.text.markdown import plain
from core.text.shown import visible
from core.views.govern.findings import FindingRow
from core.views.review.drift import DriftView
from core.views.review.reliability import ReliabilityView
from core.views.review.signal import OneSignal, SegmentLine, names_in_order
from core.views.shared.validation_badge import Written
from dashboard.charts.drift import drift_timeline
from dashboard.charts.drift_words import alt_text_drift
from dashboard.charts.kit.palette import palette_for
from dashboard.parts.review import drift
from dashboard.widgets import chart as charted
from dashboard.widgets import reliability_panel, tables
from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.marks import badge, bullet
from dashboard.widgets.drawn.markup import Markup, href, join, name, tag
from dashboard.widgets.filters import shown_name, url_key
from dashboard.widgets.links import evidence_links

#: Gaps that the four panels show, and those of segments.
_SPAN, _WIDE = (-0.08, 0.2), (-0.08, 0.3)
#: A chart's title is no longer than so many characters.
_TITLE = 120
#: Pixels of all above the pictures, at least.
_HEAD = 260


def head(
    view: OneSignal, written: Written, order: Sequence[str], findings: Sequence[FindingRow]
) -> Markup:
    """Where one is, what is the matter, the facts, and the four parts of the verdict."""
    one = view.standing
    before, after, place = names_in_order(order, one.signal)
    steps = [
        tag("a", words, class_="plain", href=href("signal", signal=signal))
        for words, signal in (("← previous", before), ("next →", after))
        if signal
    ]
    crumbs = tag(
        "div",
        tag("a", "This week", class_="plain", href=href("this_week")),
        tag("span", "/", class_="soft"),
        *steps,
        tag("span", f"{place} of {len(order)}" if place else "", class_="soft"),
        class_="head",
    )
    title = tag("div", tag("h1", name(one.signal)), _standing_badge(one), class_="head title")
    facts = [
        ("Decides", view.decision or "not registered"),
        ("Stakes", view.stakes or "–"),
        ("Owner", written.owner.words),
        ("May act", written.badge.words),
        ("Measured on", _measured_on(one)),
        ("Version", one.fingerprint.words()),
        ("Accepted", within(one.terms.tolerance)),
        ("Open findings", str(sum(row.waits for row in findings))),
    ]
    return tag(
        "div",
        tag(
            "header",
            crumbs,
            title,
            tag("p", visible(sentence(view)), class_="lead"),
            tag(
                "div",
                *(
                    tag("span", tag("span", f"{what} ", class_="soft"), tag("b", visible(said)))
                    for what, said in facts
                ),
                class_="facts",
            ),
        ),
        _panels(view),
        class_="board",
    )


def sentence(view: OneSignal) -> str:
    """What is the matter with the signal, in a sentence or two."""
    one = view.standing
    others = ""
    if len(view.versions) > 1:
        rest = [
            f"{other.fingerprint.words()} is {_STATE[other.state]}"
            for other in view.versions
            if other is not one
        ]
        others = f" Also in use: {'; '.join(rest[:2])}."
    if one.lacks:
        return f"No verdict: {gap_words(one)}.{others}"
    if not one.speaks_for_all:
        return (
            "No verdict: the labels are of some kinds of cases only. An audit sample drawn by "
            f"chance would speak for all.{others}"
        )
    if one.state == "off":
        since = "" if one.began is None else f", since {began_words(one.began)}"
        return f"{direction(one).capitalize()} {where(one)}{since}.{_no_more(one)}{others}"
    if one.state == "too_few":
        if one.window is None:
            return f"No outcome is final yet, so nothing can be said.{others}"
        return f"Too few labels to tell whether it is off; that does not mean it is fine.{others}"
    if one.state == "at_the_edge":
        return (
            "At the edge: there is an error, and it may lie on either side of what is "
            f"accepted.{_no_more(one)}{others}"
        )
    if one.whole_alone:
        return f"Fine as a whole.{_no_more(one)}{others}"
    return f"Fine: gap, shape, high band and segments lie within what is accepted.{others}"


def _no_more(one: StandingVerdict) -> str:
    """What a verdict on the whole alone leaves open; "" where it judges every part."""
    if one.weighted is None or not one.whole_alone:
        return ""
    by = "audit samples" if one.weighted.by_audit else "labels weighted by their chances"
    return f" Judged by {by}, which say nothing of shape, high band or segments."


def _weighted(one: StandingVerdict, weighted: Reweighted) -> tuple[Markup, Markup, str]:
    """The gap that gives the verdict, its picture, and what it rests on."""
    gap, low, high = weighted.gap, weighted.low, weighted.high
    ends = " to ".join(points(end, decimals=1) for end in (low, high))
    of = "from audit samples" if weighted.by_audit else "weighted by label chances"
    return (
        join(points(gap, decimals=1), tag("small", "points, said minus right")),
        bullet(gap, low, high, one.terms.tolerance, span=_SPAN, width=220),
        f"{ends}, {counted(weighted.n, 'case')} {of}",
    )


_STATE: dict[PartState, str] = {
    "off": "off",
    "at_the_edge": "at the edge",
    "too_few": "too recent to say",
    "fine": "fine",
}


def _standing_badge(one: StandingVerdict) -> Markup:
    if not one.speaks_for_all:
        return badge("too_few", "No verdict")
    return badge(one.state)


def _measured_on(one: StandingVerdict) -> str:
    if one.window is None:
        return window_words(one)
    n = counted(one.n, "case")
    if one.weighted is not None and one.weighted.by_audit and one.whole_alone:
        return f"{window_words(one)}, {n} from audit samples; other labels set aside"
    return f"{window_words(one)}, {n}, {percent(one.window.coverage)} labelled"


def _panels(view: OneSignal) -> Markup:
    one = view.standing
    found = one.recent
    if found is None:
        return join("")
    curve = _query(one, "reliability")
    told = (
        (
            join(_said_right(found.said, found.said - found.gap), tag("small", "said → right")),
            bullet(found.gap, found.low, found.high, one.terms.tolerance, span=_SPAN, width=220),
            gap_words(one),
        )
        if one.weighted is None
        else _weighted(one, one.weighted)
    )
    whole = _panel(one, "whole", "As a whole", *told, curve)
    if one.whole_alone:
        parts = ("Shape of the curve", f"Stated at {cut(one.terms.high_from)} or more")
        return tag(
            "div",
            whole,
            *(_not_judged(title, curve) for title in parts),
            _not_judged("Segments", _query(one, "segments")),
            class_="panels",
        )
    shape = _panel(
        one,
        "shape",
        "Shape of the curve",
        join(f"{found.error * 100:.1f}", tag("small", "points off on average")),
        bullet(
            found.error,
            found.error_low,
            found.error_high,
            one.terms.tolerance,
            span=_SPAN,
            width=220,
        ),
        f"at least {found.error_low * 100:.1f}, at most {found.error_high * 100:.1f}"
        + (f"; {found.error_at.words}" if found.error_at.words else ""),
        curve,
    )
    title = f"Stated at {cut(one.terms.high_from)} or more"
    if found.high_n:
        gap = found.high_claimed - found.high_observed
        low, high = (points(end, decimals=1) for end in (found.high_low, found.high_high))
        band = _panel(
            one,
            "high_band",
            title,
            join(
                _said_right(found.high_claimed, found.high_observed),
                tag("small", counted(found.high_n, "case")),
            ),
            bullet(
                gap, found.high_low, found.high_high, one.terms.tolerance, span=_SPAN, width=220
            ),
            f"{points(gap, decimals=1)} points ({low} to {high})",
            curve,
        )
    else:
        band = _box(title, join("–"), join(""), "no labelled case states so much", None, curve)
    return tag("div", whole, shape, band, _segments_panel(view), class_="panels")


def _not_judged(title: str, target: str) -> Markup:
    return _box(title, join("–"), join(""), "not judged by these labels", None, target)


def _segments_panel(view: OneSignal) -> Markup:
    one = view.standing
    found = one.recent
    assert found is not None
    target = _query(one, "segments")
    if not view.segments:
        return _box("Segments", join("–"), join(""), "no claim names a segment", None, target)
    worst, n_off = view.segments[0], len(found.off)
    state: PartState = "off" if n_off else "fine" if found.n_small == 0 else "too_few"
    if not n_off and found.state == "too_few":
        state = "too_few"
    alike = n_off and one.worst is None and one.reason != "segment"
    small = f"of {view.n_segments} off" + (", all like the whole" if alike else "")
    return _box(
        "Segments",
        join(n_off, tag("small", small)),
        bullet(worst.gap, worst.low, worst.high, one.terms.tolerance, span=_SPAN, width=220),
        f"worst: {_segment(worst)}, {points(worst.gap, decimals=1)} points "
        f"({points(worst.low, decimals=1)} to {points(worst.high, decimals=1)}), "
        f"{counted(worst.n, 'case')}",
        state if one.speaks_for_all else None,
        target,
    )


def _panel(
    one: StandingVerdict,
    part: PartName,
    title: str,
    value: Markup,
    drawing: Markup,
    note: str,
    target: str,
) -> Markup:
    return _box(title, value, drawing, note, one.part(part) if one.speaks_for_all else None, target)


def _box(
    title: str,
    value: Markup,
    drawing: Markup,
    note: str,
    state: PartState | None,
    target: str,
) -> Markup:
    return tag(
        "section",
        tag(
            "header",
            tag("h2", tag("a", title, class_="row", href=target)),
            badge(state) if state else "",
        ),
        tag("span", value, class_="big"),
        drawing,
        tag("span", visible(note), class_="note"),
        class_="panel",
    )


def _said_right(said: float, right: float) -> Markup:
    return join(percent(said), tag("span", "→", class_="arrow"), percent(right))


def _query(one: StandingVerdict, page: str, **more: str) -> str:
    """A page that shows the claims of the standing verdict."""
    query = {"signal": one.signal, **more}
    if one.window is not None:
        query |= {"since": f"{one.window.first}", "until": f"{one.window.last}"}
        query["split"] = "production"
    return href(page, **query)


def _segment(line: SegmentLine) -> str:
    return f"{line.dimension} {value_name(line.value)}"


def pictures(view: OneSignal) -> None:
    """The curve and the timeline, side by side where there is room; titles are sentences."""
    left, right = st.columns([0.42, 0.58], border=True, gap="small")
    with left:
        if view.curve is None:
            st.markdown("**No curve yet.** No outcome is final.")
        else:
            _curve(view.curve)
    with right:
        if view.drift is None:
            st.markdown("**No claim in these weeks.**")
        else:
            _timeline(view.drift)
    if view.curve is None and view.drift is None:
        return
    with st.expander("The figures of both pictures", icon=":material/table_rows:"):
        if view.curve is not None:
            tables.confidences(view.curve.groups[0].values, key="signal_values")
        if view.drift is not None:
            drift.table(view.drift)


def _curve(view: ReliabilityView) -> None:
    (group,) = view.groups
    st.markdown(f"**{plain(group.headline)}**")
    reliability_panel.diagram(view, width=340, height=300)


def _timeline(view: DriftView) -> None:
    title = view.headline
    if len(title) > _TITLE:
        title = f"{title.partition(':')[0].partition('. ')[0].rstrip('.')}."
    st.markdown(f"**{plain(title)}**")
    periods = view.periods.assign(
        value=view.periods["gap"], low=view.periods["gap_low"], high=view.periods["gap_high"]
    )
    chart = partial(
        drift_timeline,
        periods,
        view.changes,
        view.breaches,
        palette_for(st.context.theme.type),
        measure="gap",
        tolerance=view.tolerance,
        levels=view.levels,
        width=600,
        height=220,
    )
    words = alt_text_drift(periods, view.changes, view.breaches, measure="gap", levels=view.levels)
    charted.show(chart, words, name="timeline", behind=drift.PERIODS, stretch=True)


def below(view: OneSignal, findings: Sequence[FindingRow], today: date) -> Markup:
    """The worst segments beside the open findings and the last acts."""
    one = view.standing
    waiting = [row for row in findings if row.waits]
    listed = [
        tag(
            "li",
            tag("span", f"{row.age} d"),
            tag(
                "span",
                tag("a", row.title, class_="plain", href=evidence_links.address(row)),
                tag("span", f" {visible(row.owner)}, {row.due_words}", class_=_late(row)),
            ),
        )
        for row in waiting
    ]
    acts = [
        tag(
            "li",
            tag("span", "" if row.at is None else f"{row.at:%-d %b}"),
            tag(
                "span",
                tag("a", visible(row.who), class_="plain", href=_entry(row.seq)),
                f" {visible(row.short)}",
            ),
        )
        for row in view.acts
    ]
    trail = href("decision_trail", signal=one.signal)
    return tag(
        "div",
        tag(
            "div",
            tag("section", _segment_table(view)),
            tag(
                "div",
                _list(f"Open findings ({len(waiting)})", listed, "Nothing is open."),
                _list("Last acts", acts, "Nothing was done yet.", ("All acts", trail)),
                class_="stack",
            ),
            class_="cols",
        ),
        class_="board",
    )


def _late(row: FindingRow) -> str:
    return "alert weak" if row.overdue else "soft"


def _entry(seq: int) -> str:
    return href("decision_trail", entry=str(seq))


def _list(
    title: str, lines: Sequence[Markup], empty: str, more: tuple[str, str] | None = None
) -> Markup:
    link = "" if more is None else tag("a", more[0], class_="plain", href=more[1])
    body = tag("ul", *lines) if lines else tag("p", empty, class_="small")
    return tag("section", tag("h2", title), body, link if lines else "")


def _segment_table(view: OneSignal) -> Markup:
    one = view.standing
    if not view.segments:
        return tag("p", "No claim names a segment.", class_="small")
    rows = []
    for line in view.segments:
        target = _query(one, "reliability", **{url_key(line.dimension): shown_name(line.value)})
        low, high = (points(end, decimals=1) for end in (line.low, line.high))
        rows.append(
            tag(
                "tr",
                tag(
                    "th",
                    tag("a", visible(_segment(line)), class_="row", href=target),
                    scope="row",
                ),
                tag("td", f"{line.n:,}", class_="num"),
                tag("td", _said_right(line.said, line.right)),
                tag(
                    "td",
                    tag(
                        "span",
                        bullet(line.gap, line.low, line.high, one.terms.tolerance, span=_WIDE),
                        tag("b", points(line.gap, decimals=1)),
                        tag("span", f" points, {low} to {high}", class_="sr"),
                        class_="pair",
                    ),
                    title=f"{low} to {high}",
                ),
            )
        )
    heads = (("Segment", None), ("Cases", "num"), ("Said → right", None), ("Gap, points", None))
    shown = f"Worst {len(rows)} segments" if view.n_segments > len(rows) else "Segments"
    how = "all labels as they are, not judged" if one.whole_alone else "corrected together"
    return tag(
        "table",
        tag(
            "caption",
            tag("h2", shown),
            tag("span", f"of {view.n_segments}, {how}", class_="soft"),
        ),
        tag(
            "thead",
            tag("tr", *(tag("th", text, scope="col", class_=kind) for text, kind in heads)),
        ),
        tag("tbody", *rows),
    )


def show(
    view: OneSignal,
    written: Written,
    order: Sequence[str],
    findings: Sequence[FindingRow],
    today: date,
) -> None:
    """The whole page."""
    draw(head(view, written, order, findings), key="signal_head", tall=_HEAD)
    pictures(view)
    draw(below(view, findings, today), key="signal_below")
