"""Two versions compared: which, the verdict, the numbers before and after, the segments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from core.measure.metrics.intervals import Interval
from core.measure.verdicts.before_after import OverallVerdict
from core.queries.claims.claim_list import Search
from core.sentences.numbers import (
    ABSENT,
    absent,
    count,
    cut,
    dimension_name,
    percent,
    points,
    value_name,
)
from core.sentences.version_change import OVERALL_WORDS, verdict_words
from core.text.markdown import cells, plain
from core.text.shown import shell_word, visible
from core.views.review.changes import ChangeReview, GroupChange, SideNumbers
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.server import open_ledger as owner
from dashboard.widgets import tables
from dashboard.widgets.filters import Filters, value_of
from dashboard.widgets.links import claim_links as claims
from dashboard.widgets.url_choice import choose

#: What can have changed; segments and actions are no versions.
_DIMENSIONS = (
    *("model_version", "prompt_version", "elicitation", "elicitation_order"),
    *("params_version", "calibrator_version"),
)
_PAIRING: dict[str, tuple[bool | None, str]] = {
    "auto": (None, "Whichever fits"),
    "paired": (True, "Shared inputs only"),
    "weighted": (False, "All, same mix"),
}
_LOOKS: dict[OverallVerdict, tuple[str, str]] = {
    "better": (":material/trending_up:", "green"),
    "worse": (":material/error:", "red"),
    "mixed": (":material/call_split:", "orange"),
    "same": (":material/check_circle:", "green"),
    "cannot_tell": (":material/help:", "gray"),
}
#: As many worse segments get a link of their own.
_LINKED = 4


@dataclass(frozen=True)
class ComparisonAsked:
    """What is compared.

    Attributes:
        dimension: what changed.
        values: its value before and after.
        paired: as `core.views.review.changes.compare` takes it.
    """

    dimension: str
    values: tuple[str | None, str | None]
    paired: bool | None


def choose_sides(chosen: Filters) -> ComparisonAsked | None:
    """What changed, from what to what; the newest version against the one before by default."""
    offered = {one.dimension: one for one in data.offered_changes(chosen.selection)}
    several = [name for name in chosen.splittable() if name in _DIMENSIONS]
    names = (*offered, *(name for name in several if name not in offered))
    if not names:
        return None
    what, first_side, second_side, how = st.columns(4)
    dimension = choose("What changed", names, key="changed", place=what, format_func=dimension_name)
    change = offered.get(dimension)
    values = [value_name(value) for value in chosen.values(dimension)]
    if change is not None:
        ordered = [*change.versions, *(one for one in values if one not in change.versions)]
        first, second = ordered.index(change.before), ordered.index(change.after)
    else:
        ordered, first, second = values, 1, 0
    # Each dimension's choice has its own name in the URL, so that a new one starts at its default.
    before = choose("Before", ordered, key=f"from_{dimension}", place=first_side, first=first)
    after = choose("After", ordered, key=f"to_{dimension}", place=second_side, first=second)
    pairing = choose(
        "Compared on",
        tuple(_PAIRING),
        key="pairing",
        place=how,
        format_func=lambda one: _PAIRING[one][1],
        help="Whichever fits: the inputs that both answered, where those are at least half; "
        "otherwise all claims, the later ones weighted to the mix of segments of the earlier.",
    )
    return ComparisonAsked(dimension, (value_of(before), value_of(after)), _PAIRING[pairing][0])


def nothing_changed(chosen: Filters) -> None:
    """One version only: what to log, and how to compare two signals."""
    st.info(
        "These claims name one version only, so there is no change to review. Log `model_version`, "
        "`prompt_version` or `elicitation` with each claim, and widen the filters in the sidebar "
        "if they leave one. Two signals are compared on the command line:",
        icon=":material/compare_arrows:",
    )
    st.code(
        f"calledger compare --ledger {shell_word(owner.path())} \\\n"
        f"  --signal {shell_word(chosen.selection.signal)} --baseline split=production \\\n"
        "  --candidate signal=OTHER,split=production",
        language="bash",
    )


def verdict(review: ChangeReview) -> None:
    """The answer first."""
    icon, color = _LOOKS[review.verdict]
    said = OVERALL_WORDS[review.verdict]
    if review.verdict == "cannot_tell":
        said = verdict_words(review.whole)
    st.badge(said, icon=icon, color=color)  # type: ignore[arg-type]
    st.markdown(f"## {plain(review.headline)}")
    for sentence in review.sentences:
        st.markdown(plain(sentence))


def numbers(review: ChangeReview) -> None:
    """Before and after, with n, inputs and intervals."""
    one, other = review.whole.before, review.whole.after
    if one is None or other is None:
        return
    table = pd.DataFrame(
        [(name, of(one), of(other), change) for name, of, change in _lines(review)],
        columns=["measure", "before", "after", "change"],
    )
    st.dataframe(
        cells(table),
        hide_index=True,
        placeholder=tables.NOTHING,
        height="content",
        column_config={
            "measure": st.column_config.TextColumn("", pinned=True),
            "before": st.column_config.TextColumn(visible(f"Before: {review.before_name}")),
            "after": st.column_config.TextColumn(visible(f"After: {review.after_name}")),
            "change": st.column_config.TextColumn(
                "Change, points", help="Paired or weighted, so it may differ from after − before."
            ),
        },
        alt=visible(review.headline),
    )
    st.caption(plain(review.method))


def _lines(review: ChangeReview) -> tuple[tuple[str, Callable[[SideNumbers], str], str], ...]:
    whole = review.whole
    high = None if review.high is None else review.high.gap.change
    band = "" if high is None or absent(high.value) else f"size of gap {_change(high)}"
    return (
        ("Stated claims", lambda one: count(one.n_claims), ""),
        ("Labelled claims", lambda one: f"{count(one.n)} on {count(one.n_inputs)} inputs", ""),
        ("Mean confidence, all", lambda one: percent(one.stated_mean, decimals=1), ""),
        (
            "Mean confidence, labelled",
            lambda one: percent(one.mean_confidence, decimals=1),
            _change(whole.confidence),
        ),
        ("Accuracy", lambda one: percent(one.accuracy, decimals=1), _change(whole.accuracy)),
        ("Gap, points", _gap, f"size {_change(whole.gap.change)}"),
        (
            "ECE (by noise alone)",
            _ece,
            "" if whole.shape is None else f"shape {_change(whole.shape.change)}",
        ),
        ("AUROC", _auroc, "" if whole.auroc is None else _change(whole.auroc.change)),
        (
            f"Stated {cut(review.high_from)} or more: claims",
            lambda one: percent(one.high_claimed, decimals=1),
            "",
        ),
        ("… right", _band, band),
    )


def _change(one: Interval) -> str:
    if absent(one.value):
        return ABSENT
    low, high = (points(end, decimals=1) for end in (one.low, one.high))
    return f"{points(one.value, decimals=1)} ({low} to {high})"


def _gap(one: SideNumbers) -> str:
    if one.gap is None:
        return ABSENT
    low, high = (points(end, decimals=1) for end in (one.gap_low, one.gap_high))
    return f"{points(one.gap, decimals=1)} ({low} to {high})"


def _ece(one: SideNumbers) -> str:
    return ABSENT if one.ece is None else f"{one.ece:.3f} ({one.ece_noise_floor or 0:.3f})"


def _auroc(one: SideNumbers) -> str:
    if one.auroc is None:
        return ABSENT
    if one.auroc_low is None or one.auroc_high is None:
        return f"{one.auroc:.3f}"
    return f"{one.auroc:.3f} ({one.auroc_low:.3f} to {one.auroc_high:.3f})"


def _band(one: SideNumbers) -> str:
    if not one.high_n:
        return "no labelled claim"
    ends = f"{percent(one.high_low)} to {percent(one.high_high)}"
    return f"{percent(one.high_observed, decimals=1)} ({ends}), n {count(one.high_n)}"


def links(review: ChangeReview) -> None:
    """To the claims of both sides and of the worst segments, and to a threshold that holds."""
    with st.container(horizontal=True):
        for side, name in ((review.before, review.before_name), (review.after, review.after_name)):
            claims.link(Search(side), f"Claims of {plain(name)}")
        worse = [one for one in review.segments if one.worse]
        for one in worse[:_LINKED]:
            assert one.dimension is not None
            side = review.after.narrowed(one.dimension, one.value)
            claims.link(Search(side), f"After, {plain(one.name)}")
        if review.regressed:
            st.page_link(
                PAGES["thresholds"].path,
                label="Find a threshold that still holds",
                icon=PAGES["thresholds"].icon,
                query_params={"signal": review.after.signal},
            )


def segments(review: ChangeReview) -> None:
    """Every segment's change as a table, worst first, and how it was judged."""
    if not review.segments:
        st.info(
            "Nothing to split by: log segments as columns such as `seg_language`, on both sides.",
            icon=":material/call_split:",
        )
        return
    tables.listed(
        pd.DataFrame([_row(one) for one in review.segments]),
        key="changed_segments",
        column_config={
            "segment": st.column_config.TextColumn("Segment", width="medium", pinned=True),
            "verdict": st.column_config.TextColumn("Calibration", width="medium"),
            "before": tables.points("Before", help="The gap, in points."),
            "after": tables.points("After", help="The gap, in points."),
            "change": tables.points(
                "Change", help="Of the gap's size, in points; + is worse: it became larger."
            ),
            "low": tables.points("from"),
            "high": tables.points("to", help="Corrected together over all groups compared."),
            "shape": tables.points(
                "Shape",
                help="Change of the error over bands of confidence, in points; + is worse. It sees "
                "errors that cancel in the gap.",
            ),
            "inputs": tables.number("Inputs", help="Labelled, on the smaller side."),
            "n_before": tables.number("n before"),
            "n_after": tables.number("n after"),
            "accuracy": tables.points("Accuracy", help="Its change, in points."),
            "ece_before": st.column_config.NumberColumn("ECE before", format="%.3f"),
            "ece_after": st.column_config.NumberColumn("ECE after", format="%.3f"),
            "auroc_before": st.column_config.NumberColumn("AUROC before", format="%.3f"),
            "auroc_after": st.column_config.NumberColumn("AUROC after", format="%.3f"),
        },
        alt="Each segment's change of calibration, worst first",
    )


def _row(one: GroupChange) -> dict[str, object]:
    before, after, gap = one.before, one.after, one.gap
    return {
        "segment": one.name,
        "verdict": verdict_words(one),
        "before": gap.before.value * 100,
        "after": gap.after.value * 100,
        "change": gap.change.value * 100,
        "low": gap.change.low * 100,
        "high": gap.change.high * 100,
        "shape": one.shape.change.value * 100 if one.shape else None,
        "inputs": gap.inputs,
        "n_before": before.n if before else None,
        "n_after": after.n if after else None,
        "accuracy": one.accuracy.value * 100,
        "ece_before": before.ece if before else None,
        "ece_after": after.ece if after else None,
        "auroc_before": before.auroc if before else None,
        "auroc_after": after.auroc if after else None,
    }
