"""Data: what came in, what was refused and why, how much is labelled and how late."""

from functools import partial

import streamlit as st

from core.sentences.numbers import percent
from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.charts.kit.alt_text import alt_text_coverage, alt_text_delays
from dashboard.charts.kit.palette import palette_for
from dashboard.charts.label_delay import delay_histogram, label_coverage_timeline
from dashboard.pages import PAGES
from dashboard.parts.audit import bring_in
from dashboard.parts.audit import data as intake
from dashboard.parts.review import labels
from dashboard.widgets import chart as charted
from dashboard.widgets import empty_states as empty
from dashboard.widgets import filters, guide, page_head
from dashboard.widgets.links import claim_links as claims

chosen = filters.current()
page_head.title("data")
signal = chosen.facts.name if chosen else None
view = data.intake(signal)
intake.not_taken_in(data.set_aside(), data.fold_failure())
intake.exporters(data.exporters())
bring_in.came_in()
if view.imports.empty:
    bring_in.draw()
    empty.ledger()
    st.stop()
palette = palette_for(st.context.theme.type)

st.markdown(f"## {plain(view.headline)}")
st.markdown(view.refusals)
came, refused, labelled, bring = st.tabs(
    ["What came in", "What was refused, and why", "Labels", "Bring in a file"]
)
with came:
    intake.imports_table(view.imports)
with refused:
    intake.refused(view.refused, data.quarantined())
with labelled:
    if chosen is not None:
        st.header(f"How much is labelled, and how late: {plain(chosen.facts.name)}")
        st.markdown(view.labels)
        if chosen.facts.n_unstated:
            total = chosen.facts.n_unstated + chosen.facts.n_claims
            st.markdown(
                f"{chosen.facts.n_unstated:,} of {total:,} claims "
                f"({percent(chosen.facts.n_unstated / total)}) state no confidence: counted, never "
                "guessed."
            )
        weeks = partial(label_coverage_timeline, view.coverage, palette)
        said = alt_text_coverage(view.coverage)
        charted.show(weeks, said, name="weeks", behind=intake.WEEKS)
        delays = partial(delay_histogram, view.delays, palette)
        said = alt_text_delays(view.delays)
        charted.show(delays, said, name="delays", behind=intake.DELAYS)
        intake.figures(view)
        st.header(f"Can the labels be trusted: {plain(chosen.facts.name)}")
        labels.draw(data.labels(chosen.selection), data.terms(chosen.facts.name).tolerance)
        st.page_link(
            PAGES["labels"].path,
            label="Which labels would decide what is still open",
            icon=PAGES["labels"].icon,
            query_params={"signal": chosen.facts.name},
        )
with bring:
    bring_in.draw()
if chosen is not None:
    claims.behind(chosen.selection)
guide.draw(PAGES["data"].title)
