"""What stands on top of a page: its title, and of a signal its standing verdict and its owner."""

from __future__ import annotations

import streamlit as st

from core.sentences.loaded_cells import rests_on
from core.sentences.standing import direction, gap_words, where, window_words
from core.standing.verdict import StandingVerdict
from core.text.sentence import capital
from core.text.shown import visible
from core.views.shared.validation_badge import Written
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.marks import badge
from dashboard.widgets.drawn.markup import Markup, href, join, tag


def title(page: str) -> None:
    """The page's title.

    Args:
        page: its key.
    """
    st.title(PAGES[page].title, anchor=False)


def signal(name: str) -> None:
    """The signal a page is about: verdict, what it rests on, whether it may act, its owner."""
    verdict = data.standing().get(name)
    draw(line(name, verdict, data.signal_written(name)), key="page_head", tall=20)
    loaded = data.loaded_from(name)
    if loaded is not None:
        st.caption(f":material/cloud_download: {rests_on(loaded)}")


def line(name: str, verdict: StandingVerdict | None, written: Written) -> Markup:
    """The same as markup."""
    return tag(
        "div",
        tag(
            "div",
            tag(
                "a",
                visible(name),
                class_="plain strong",
                href=href("signal", signal=name),
                title="Everything about this signal",
            ),
            standing_badge(verdict),
            tag("span", visible(said(verdict)), class_="soft"),
            tag("span", visible(written.badge.words), title=visible(written.badge.help)),
            tag("span", tag("span", "Owner ", class_="soft"), visible(written.owner.words)),
            class_="head",
        ),
        class_="board",
    )


def standing_badge(verdict: StandingVerdict | None) -> Markup:
    """A signal's standing verdict, wherever it is named."""
    if verdict is None:
        return join("")
    if verdict.lacks:
        return badge("too_few", "No verdict", f"{capital(gap_words(verdict))}.")
    if not verdict.speaks_for_all:
        return badge("too_few", "No verdict", "The labels are of some kinds of cases only.")
    return badge(verdict.state, title=visible(gap_words(verdict)))


def said(verdict: StandingVerdict | None) -> str:
    """What it says and on which days: ``overconfident on topic medical, 14 Sep to 8 Nov 2026``."""
    if verdict is None:
        return "no claim states a confidence"
    if verdict.window is None:
        return window_words(verdict)
    how = f"{direction(verdict)} {where(verdict)}, " if verdict.state == "off" else ""
    return f"{how}{window_words(verdict)}"
