"""A short "how to read this" for each page."""

from __future__ import annotations

import streamlit as st

from core.review.words import size_of


def reliability(tolerance: float) -> None:
    """How to read the Reliability page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            f"""
- **The curve** shows, for each stated confidence, how often it came true (CORP: isotonic
  regression, no bins to choose). On the dashed diagonal a signal is honest; below it claims more
  than it delivers. Thick pieces carry more claims.
- **Grey** is where noise alone would put an honest signal with these counts. The **tinted band**
  around the curve holds the true curve with 95% confidence, everywhere at once.
- **The histogram** tells which part of the curve matters: filled is labelled.
- **The high-confidence band** is read on its own, because that is where people stop looking.
- **The verdict** asks whether the gap, and the high band's gap, lie outside
  ±{size_of(tolerance, decimals=0)}. *Cannot tell yet* is not a clean bill: it names what the
  labels leave open.
"""
        )


def segments() -> None:
    """How to read the Segments page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **Each cell** is the gap in points (+ claims more than it delivers) over its number of labelled
  claims. Bold means the corrected interval excludes zero.
- **Colour** is the end of that interval nearest zero, so a small noisy cell cannot look alarming.
  Dashed cells have fewer than 30 labelled inputs: nothing can be told.
- **The ranked list** shrinks each gap towards the average by how little data it rests on, so that
  the top is not simply the smallest segment. *q* bounds the share of false alarms among those
  flagged.
- **Open a cell** by clicking it, or with the two choices under the heatmap. The link in the
  address bar reopens the same view.
"""
        )


def data() -> None:
    """How to read the Data page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **Coverage** is labelled over stated claims, by the week the claim was made. A week is
  *immature* until it is 30 days old or 80% labelled: failures are often reported faster than
  successes, so a young week can look worse, or better, than it is.
- **Refused** rows are never dropped: they wait in quarantine with file, row, field, value and
  the mend. Corrected rows are imported like any others and close their entry.
- **Held** outcomes came before their claim and attach when it arrives. **Corrected** means a later
  outcome superseded an earlier one; both are kept.
"""
        )


def drift() -> None:
    """How to read the Drift page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **A solid rule** marks the first claim of a model version, a dashed one that of a prompt version.
  **Hollow points** are immature: their outcomes are still to come, and the first to come are not
  like the rest.
- **The bar beneath** marks the periods whose corrected interval lies wholly outside tolerance.
- **Mix shift or decalibration?** A worse Brier score may only mean harder cases, which honest
  confidences foretell. The change splits exactly into that part and into decalibration.
- **What was stated** and **which cases came** need no outcome: they speak of the newest days too.
"""
        )


def this_week() -> None:
    """How to read This week."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **This week** is the last complete week that has claims. Its own outcomes are mostly still to
  come, so **gap and verdict are those of the last mature week**: 30 days old, or 80% labelled.
- **The worst segment** is looked for in the last four mature weeks, one by one and in pairs, with
  intervals corrected together.
- **Every count is a link** to exactly the claims it counts.
"""
        )
