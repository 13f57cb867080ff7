"""Whether a metric is being gamed, with the curve and the histogram before and after."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.queries.base.selection import Selection
from core.text.markdown import cells, plain
from core.views.review.gaming import GamingView
from core.views.shared.validation_badge import Badge
from dashboard.widgets import reliability_panel as curve
from dashboard.widgets import tables


def draw(view: GamingView, badge_of: Callable[[Selection], Badge]) -> None:
    """One line where nothing is flagged; else the numbers and the two diagrams.

    Args:
        view: what was found.
        badge_of: whether some claims may be acted on.
    """
    if view.curves is None:
        st.markdown(plain(view.headline))
    else:
        st.warning(plain(view.headline), icon=":material/compress:")
        st.markdown(
            "Better calibration is only worth having while the number still tells right from "
            "wrong. Judge the change by AUROC as well; revert it, or show that its cases really "
            "became alike."
        )
        before, after = (plain(name) for name in view.names)
        names = {"measure": "Measure", "before": before, "after": after}
        st.table(
            view.numbers.rename(columns={**names, "change": "Change (95% interval)"}),
            border="horizontal",
            hide_index=True,
            alt="Calibration, discrimination and spread before and after",
        )
        curve.pair(view.curves, [badge_of(one) for one in view.sides])
    if view.compared.empty:
        return
    with st.expander(f"What was compared ({len(view.compared)})", icon=":material/compare_arrows:"):
        st.dataframe(
            cells(view.compared),
            hide_index=True,
            placeholder=tables.NOTHING,
            column_config={
                "before": st.column_config.TextColumn("Before"),
                "after": st.column_config.TextColumn("After"),
                "ece": st.column_config.TextColumn("ECE"),
                "auroc": st.column_config.TextColumn("AUROC"),
                "width": st.column_config.TextColumn("90% of the confidences within"),
            },
            alt="Every comparison with its calibration, discrimination and spread",
        )
        st.caption(plain(view.method))
