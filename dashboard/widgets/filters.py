"""The filters every page shares: drawn once in the sidebar, kept in the URL."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import streamlit as st

from core.queries.base.catalogue import DimensionFacts, SignalFacts
from core.queries.base.segment_names import MOST_VALUES
from core.queries.base.selection import CLAIM_DIMENSIONS, Selection
from core.sentences.numbers import NONE_WORD, dimension_name, value_name
from core.text.shown import visible
from core.views.shared.overview import Overview
from dashboard.cache import views as data
from dashboard.pages import Scope
from dashboard.widgets.url_choice import choose

_STATE = "shared_filters"
#: The page that was drawn last.
_PAGE = "filters_page"


@dataclass(frozen=True)
class Filters:
    """What the reader has chosen.

    Attributes:
        selection: the claims asked about.
        facts: the chosen signal.
        dimensions: what that signal can be split by.
    """

    selection: Selection
    facts: SignalFacts
    dimensions: tuple[DimensionFacts, ...]

    def segment_dimensions(self) -> tuple[str, ...]:
        """The signal's own segment dimensions that have more than one value, and not too many."""
        return tuple(
            one.name
            for one in self.dimensions
            if one.name not in CLAIM_DIMENSIONS
            and len(_values(one)) > 1
            and one.n_values <= MOST_VALUES
        )

    def not_split_by(self) -> tuple[DimensionFacts, ...]:
        """The segment dimensions that have too many values to split claims by."""
        return tuple(
            one
            for one in self.dimensions
            if one.name not in CLAIM_DIMENSIONS and one.n_values > MOST_VALUES
        )

    def splittable(self) -> tuple[str, ...]:
        """Every dimension with more than one value, segments first."""
        claim = tuple(
            one.name
            for one in self.dimensions
            if one.name in CLAIM_DIMENSIONS and len(_values(one)) > 1
        )
        return (*self.segment_dimensions(), *claim)

    def values(self, dimension: str) -> tuple[str | None, ...]:
        """The values of one dimension, most claims first."""
        found = next(one for one in self.dimensions if one.name == dimension)
        return _values(found)


def url_key(dimension: str) -> str:
    """A dimension's name in the URL; segments keep the prefix of their column."""
    return dimension if dimension in CLAIM_DIMENSIONS else f"seg_{dimension}"


def value_of(shown: str) -> str | None:
    """A dimension's value from its name; the opposite of `value_name`."""
    return None if shown == NONE_WORD else shown


def shown_name(value: str | None) -> str:
    """A dimension's value as a choice shows it, and as it stands in the URL."""
    return visible(value_name(value))


def draw(overview: Overview, scope: Scope = "everything", page: str = "") -> None:
    """Draw the shared filters in the sidebar and keep what was chosen for the page.

    Args:
        overview: what there is to choose from.
        scope: how much of it a page asks about: one signal whatever its period or segment, or
            all signals.
        page: which page is drawn.
    """
    before = st.session_state.get(_PAGE)
    st.session_state[_PAGE] = page
    # What was chosen stays on the next page; what a link to it names is taken from the link, which
    # Streamlit leaves to the first page of a session.
    linked = before is not None and before != page
    if not overview.signals or scope == "nothing":
        st.session_state[_STATE] = None
        return
    with st.sidebar:
        names = overview.names()
        signal = choose(
            "Signal",
            names,
            key="signal",
            help="One named source of confidence for one decision. Signals are never mixed.",
        )
        dimensions = data.dimensions(signal)
        if scope == "signal":
            st.session_state[_STATE] = Filters(
                Selection(signal), overview.facts(signal), dimensions
            )
            return
        if linked:
            for key in ("since", "until", "as_known"):
                _take_day(key)
        since, until = _period(overview.facts(signal))
        where = _conditions(dimensions, linked)
        known = st.date_input(
            "As known on",
            value=None,
            key="as_known",
            bind="query-params",
            help="Shows what was known at the end of this day: later claims, outcomes and "
            "corrections are left out.",
        )
    selection = Selection(
        signal,
        since=_midnight(since),
        until=_midnight(until, days=1),
        as_known=_midnight(known, days=1),
        where=where,
    )
    st.session_state[_STATE] = Filters(selection, overview.facts(signal), dimensions)


def current() -> Filters | None:
    """What was chosen; None when the ledger is empty."""
    chosen: Filters | None = st.session_state.get(_STATE)
    return chosen


def _period(facts: SignalFacts) -> tuple[date | None, date | None]:
    first, last = st.columns(2)
    bounds = f"{facts.first_ts:%Y-%m-%d} to {facts.last_ts:%Y-%m-%d}" if facts.first_ts else ""
    since = first.date_input(
        "From",
        value=None,
        min_value=date(1970, 1, 1),
        key="since",
        bind="query-params",
        format="YYYY-MM-DD",
        help=f"First day of claims, UTC. This signal has claims from {bounds}.",
    )
    until = last.date_input(
        "To",
        value=None,
        min_value=date(1970, 1, 1),
        key="until",
        bind="query-params",
        format="YYYY-MM-DD",
        help="Last day of claims, UTC, included.",
    )
    return since, until


def _conditions(
    dimensions: tuple[DimensionFacts, ...], linked: bool
) -> tuple[tuple[str, tuple[str | None, ...]], ...]:
    """One multiple choice per dimension that has a choice; ``linked``: a link may name it."""
    chosen = []
    for one in dimensions:
        if len(_values(one)) < 2:
            continue
        options = {shown_name(value): value for value in _values(one)}
        if linked:
            _take(url_key(one.name), options)
        values = st.multiselect(
            dimension_name(one.name),
            tuple(options),
            key=url_key(one.name),
            bind="query-params",
            placeholder="All",
        )
        if values:
            chosen.append((one.name, tuple(options[value] for value in values)))
    return tuple(chosen)


def _take(key: str, options: Collection[str]) -> None:
    """Choose what the link to this page names."""
    linked = dict.fromkeys(map(visible, st.query_params.get_all(key)))
    named = [value for value in linked if value in options]
    if named:
        st.session_state[key] = named


def _take_day(key: str) -> None:
    """Choose the day that the link to this page names."""
    with suppress(ValueError, KeyError):
        st.session_state[key] = date.fromisoformat(st.query_params[key])


def _values(one: DimensionFacts) -> tuple[str | None, ...]:
    """What a dimension can be narrowed to; None for claims that do not name it."""
    named = tuple(value for value, _ in one.values)
    return (*named, None) if one.n_missing else named


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    return None if day is None else datetime.combine(day, time()) + timedelta(days=days)
