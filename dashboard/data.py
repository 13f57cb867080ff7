"""The pages' only way to data, and the only caching: keyed by the file's own data version."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import streamlit as st

from core.review import claim as claim_review
from core.review import claims as claims_review
from core.review import drift as drift_review
from core.review import intake as intake_review
from core.review import labels as labels_review
from core.review import reliability as reliability_review
from core.review import segments as segments_review
from core.review import shift as shift_review
from core.review import week as week_review
from core.review.overview import Overview, signal_dimensions
from core.review.overview import overview as overview_of
from core.review.windows import Window
from core.store.catalogue import DimensionFacts
from core.store.rows import Order, Search
from core.store.selection import Selection
from dashboard.owner import cursor, path, version

ENTRIES = 64


def _key() -> tuple[str, int]:
    return path(), version()


def overview() -> Overview:
    """What is in the ledger: signals, their dimensions, the newest import."""
    return _overview(_key())


@st.cache_data(max_entries=4, show_spinner=False)
def _overview(of: tuple[str, int]) -> Overview:
    return overview_of(cursor())


def dimensions(signal: str) -> tuple[DimensionFacts, ...]:
    """What a signal can be split by and filtered on."""
    return _dimensions(_key(), signal)


@st.cache_data(max_entries=ENTRIES, show_spinner=False)
def _dimensions(of: tuple[str, int], signal: str) -> tuple[DimensionFacts, ...]:
    return signal_dimensions(cursor(), signal)


def reliability(
    selection: Selection, compare: tuple[str, str | None, str | None] | None
) -> reliability_review.ReliabilityView:
    """The Reliability page's numbers."""
    return _reliability(_key(), selection, compare)


@st.cache_data(max_entries=ENTRIES, show_spinner="Measuring…")
def _reliability(
    of: tuple[str, int],
    selection: Selection,
    compare: tuple[str, str | None, str | None] | None,
) -> reliability_review.ReliabilityView:
    return reliability_review.reliability_view(cursor(), selection, compare=compare)


def segments(
    selection: Selection, row: str, column: str, listed: tuple[str, ...], every_pair: bool
) -> segments_review.SegmentsView:
    """The Segments page's numbers."""
    return _segments(_key(), selection, row, column, listed, every_pair)


@st.cache_data(max_entries=ENTRIES, show_spinner="Measuring every segment…")
def _segments(
    of: tuple[str, int],
    selection: Selection,
    row: str,
    column: str,
    listed: tuple[str, ...],
    every_pair: bool,
) -> segments_review.SegmentsView:
    return segments_review.segments_view(
        cursor(),
        selection,
        row=row,
        column=column,
        segment_dimensions=listed,
        every_pair=every_pair,
    )


def intake(signal: str | None) -> intake_review.IntakeView:
    """The Data page's numbers."""
    return _intake(_key(), signal)


@st.cache_data(max_entries=ENTRIES, show_spinner="Counting…")
def _intake(of: tuple[str, int], signal: str | None) -> intake_review.IntakeView:
    return intake_review.intake_view(cursor(), signal)


def claims(selection: Selection) -> claims_review.ClaimsView:
    """The claims behind a count."""
    return _claims(_key(), selection)


@st.cache_data(max_entries=ENTRIES, show_spinner="Fetching claims…")
def _claims(of: tuple[str, int], selection: Selection) -> claims_review.ClaimsView:
    return claims_review.claims_view(cursor(), selection)


def quarantined() -> pd.DataFrame:
    """The refused rows that are still open."""
    return _quarantined(_key())


@st.cache_data(max_entries=2, show_spinner=False)
def _quarantined(of: tuple[str, int]) -> pd.DataFrame:
    return intake_review.quarantined_rows(cursor())


def drift(selection: Selection, period: drift_review.Period) -> drift_review.DriftView:
    """The Drift page's timeline."""
    return _drift(_key(), selection, period)


@st.cache_data(max_entries=ENTRIES, show_spinner="Measuring every period…")
def _drift(
    of: tuple[str, int], selection: Selection, period: drift_review.Period
) -> drift_review.DriftView:
    return drift_review.drift_view(cursor(), selection, period=period)


def shift(
    selection: Selection,
    before: Window,
    after: Window,
    dimensions: tuple[str, ...],
    by: str | None,
) -> shift_review.ShiftView:
    """Two windows of a signal compared."""
    return _shift(_key(), selection, before, after, dimensions, by)


@st.cache_data(max_entries=ENTRIES, show_spinner="Comparing the two windows…")
def _shift(
    of: tuple[str, int],
    selection: Selection,
    before: Window,
    after: Window,
    dimensions: tuple[str, ...],
    by: str | None,
) -> shift_review.ShiftView:
    return shift_review.shift_view(cursor(), selection, before, after, dimensions=dimensions, by=by)


def found(search: Search, total: int) -> claims_review.Found:
    """How many claims a search finds."""
    return _found(_key(), search, total)


@st.cache_data(max_entries=ENTRIES, show_spinner="Counting claims…")
def _found(of: tuple[str, int], search: Search, total: int) -> claims_review.Found:
    return claims_review.found(cursor(), search, total)


def leaf(search: Search, order: Order, number: int) -> pd.DataFrame:
    """One leaf of the claims that a search finds."""
    return _leaf(_key(), search, order, number)


@st.cache_data(max_entries=ENTRIES, show_spinner="Fetching claims…")
def _leaf(of: tuple[str, int], search: Search, order: Order, number: int) -> pd.DataFrame:
    return claims_review.leaf(cursor(), search, order, number)


def download(search: Search, order: Order) -> pd.DataFrame:
    """The claims that a search finds, for a file; too large to be kept."""
    return claims_review.download(cursor(), search, order)


def claim(signal: str, event_id: str, as_known: datetime | None) -> claim_review.ClaimView | None:
    """One claim end to end."""
    return _claim(_key(), signal, event_id, as_known)


@st.cache_data(max_entries=ENTRIES, show_spinner="Opening the claim…")
def _claim(
    of: tuple[str, int], signal: str, event_id: str, as_known: datetime | None
) -> claim_review.ClaimView | None:
    return claim_review.claim_view(cursor(), signal, event_id, as_known)


def signals_of_event(event_id: str) -> tuple[str, ...]:
    """The signals that have a claim of an event."""
    return claim_review.signals_of_event(cursor(), event_id)


def mondays() -> tuple[date, ...]:
    """Mondays of the weeks there is a review of, newest first."""
    return _mondays(_key(), datetime.now(UTC).date())


@st.cache_data(max_entries=4, show_spinner=False)
def _mondays(of: tuple[str, int], today: date) -> tuple[date, ...]:
    return week_review.reviewable_weeks(cursor())


def week(monday: date) -> week_review.WeekView:
    """The weekly review."""
    view = _week(_key(), monday)
    assert view is not None, "a ledger with weeks has a review"
    return view


@st.cache_data(max_entries=ENTRIES, show_spinner="Reviewing the week…")
def _week(of: tuple[str, int], monday: date) -> week_review.WeekView | None:
    return week_review.week_view(cursor(), monday=monday)


def labels(selection: Selection) -> labels_review.LabelsView:
    """How honest a signal's labels are."""
    return _labels(_key(), selection)


@st.cache_data(max_entries=ENTRIES, show_spinner="Weighing the labels…")
def _labels(of: tuple[str, int], selection: Selection) -> labels_review.LabelsView:
    return labels_review.labels_view(cursor(), selection)
