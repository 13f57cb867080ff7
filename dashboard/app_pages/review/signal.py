"""Signal: everything about one signal."""

import streamlit as st

from core.text.markdown import verbatim
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.review import signal as page
from dashboard.server import open_ledger as owner
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide

mondays = data.mondays()
if not mondays:
    st.title(PAGES["signal"].title, anchor=False)
    empty.ledger()
    st.stop()

week = data.week(mondays[0])
order = [row.signal for row in week.rows]
# The address is typed by people and sent by strangers.
asked = st.query_params.get("signal") or (order or list(data.overview().names()))[0]
view = data.one_signal(asked)
if view is None:
    st.title(PAGES["signal"].title, anchor=False)
    st.warning(f"There is no signal named {verbatim(asked[:80])}.", icon=":material/search_off:")
    st.page_link(PAGES["this_week"].path, label="Open This week", icon=PAGES["this_week"].icon)
    st.stop()

written = data.signal_written(asked)
found = data.findings().of(asked)
page.show(view, written, order, found, owner.office().clock().date())
guide.draw(PAGES["signal"].title)
