"""How tables show a kind of number, the same on every page."""

from __future__ import annotations

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig


def number(label: str, *, help: str | None = None) -> ColumnConfig:
    """A count."""
    return st.column_config.NumberColumn(label, format="localized", width="small", help=help)


def points(label: str, *, help: str | None = None) -> ColumnConfig:
    """A gap already in percentage points."""
    return st.column_config.NumberColumn(label, format="%+.1f", width="small", help=help)


def share(label: str, *, help: str | None = None) -> ColumnConfig:
    """A share already in percent."""
    return st.column_config.NumberColumn(label, format="%.0f%%", width="small", help=help)
