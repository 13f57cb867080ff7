"""The pages' only way to data, and the only caching: keyed by the file's own data version."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.review import claims as claims_review
from core.review import intake as intake_review
from core.review import reliability as reliability_review
from core.review import segments as segments_review
from core.review.overview import Overview, signal_dimensions
from core.review.overview import overview as overview_of
from core.store.catalogue import DimensionFacts
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
