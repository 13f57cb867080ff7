"""A group's reliability diagram with what it says beside it, on any page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import streamlit as st

from core.sentences.numbers import cut, percent
from core.text.markdown import plain
from core.views.review.reliability import GroupView, ReliabilityView
from core.views.shared.validation_badge import Badge
from dashboard.charts.kit.palette import palette_for
from dashboard.charts.reliability import ShownGroup, reliability_diagram, reliability_pair
from dashboard.widgets import badges
from dashboard.widgets import chart as charted
from dashboard.widgets.tables import CONFIDENCES

#: Pixels of the two halves; side by side where the page is wide enough, else one below the other.
_CHART_WIDTH, _WORDS_WIDTH = 505, 420


@contextmanager
def with_words(view: ReliabilityView, badge: Badge) -> Iterator[None]:
    """The diagram of a single group beside what it says; the body adds to the words."""
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_CHART_WIDTH):
            one(view)
        with st.container(width=_WORDS_WIDTH):
            said(view.groups[0], badge)
            yield


def one(view: ReliabilityView) -> None:
    """The reliability diagram of a single group."""
    diagram(view, note=band_note(view.groups[0], view.high_from))


def diagram(view: ReliabilityView, **drawn: Any) -> None:
    """The same, drawn as `reliability_diagram` is told: its size, and a note."""
    (group,) = view.groups
    chart = partial(
        reliability_diagram,
        group.curve,
        group.consistency,
        group.honest,
        None,
        group.histogram,
        palette_for(st.context.theme.type),
        high_from=view.high_from,
        **drawn,
    )
    charted.show(chart, f"{group.headline} {group.high_band}", name="curve", behind=CONFIDENCES)


def pair(view: ReliabilityView, badges_of: Sequence[Badge]) -> None:
    """Two groups on the same axes, beside what each of them says."""
    first, second = (
        ShownGroup(one.name, one.curve, one.honest, one.histogram, _gets(one))
        for one in view.groups
    )
    chart = partial(
        reliability_pair,
        first,
        second,
        palette_for(st.context.theme.type),
        high_from=view.high_from,
        region_words=f"stated {cut(view.high_from)} or more:",
    )
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_CHART_WIDTH):
            charted.show(
                chart,
                view.comparison or " ".join(_told(view)),
                name="pair",
                behind=CONFIDENCES,
            )
        with st.container(width=_WORDS_WIDTH):
            for group, badge in zip(view.groups, badges_of, strict=True):
                st.markdown(f"**{plain(group.name)}**")
                said(group, badge)


def _told(view: ReliabilityView) -> list[str]:
    return [f"{group.name}: {group.headline}" for group in view.groups]


def said(group: GroupView, badge: Badge) -> None:
    """What a group's numbers say, most important first."""
    measures = group.measures
    st.markdown(":gray[:small[This selection]]")
    badges.standing(
        measures.state,
        badge,
        reason=measures.reason,
        speaks_for=measures.speaks_for,
    )
    st.markdown(f"## {group.headline}")
    if group.interval:
        st.markdown(f"**{group.interval}**")
    st.markdown(group.high_band)
    for reason in group.reasons:
        st.markdown(plain(reason))
    st.caption(group.coverage)


def band_note(group: GroupView, high_from: float) -> str:
    """The high-confidence band in the few words that fit into the diagram."""
    gets = _gets(group)
    return f"stated {cut(high_from)} or more:\n{gets}" if gets else ""


def _gets(group: GroupView) -> str:
    band = group.measures.high_band
    if band is None or not band.n:
        return ""
    return f"right {percent(band.observed)} (said {percent(band.claimed)})"
