"""Claims: one claim end to end, found among all of them."""

from contextlib import suppress
from dataclasses import replace

import streamlit as st

from core.governance.people.names import directory
from core.governance.replay import TrailBroken
from core.governance.state import State
from core.views.audit.claims import DOWNLOAD_SIZE
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.audit import claim
from dashboard.parts.audit import claim_search as find
from dashboard.server import open_ledger as owner
from dashboard.widgets import download, filters, guide, page_head
from dashboard.widgets import empty_states as empty
from dashboard.widgets.acting import acting_for as acting
from dashboard.widgets.acting.announced import announce
from dashboard.widgets.links import claim_links as claims

chosen = filters.current()
page_head.title("claims")
announce()
if chosen is None:
    empty.ledger()
    st.stop()

state: State | None = None
person: acting.Acting | None = None
# A claim can be looked at beside a broken trail, too.
with suppress(TrailBroken):
    state = owner.office().state()
    person = acting.choose(state, directory(owner.cursor()))
signal = chosen.selection.signal
high_from = data.terms(signal).high_from
asked, order = find.search(chosen.selection, high_from)
found = data.found(asked, chosen.facts.n_claims + chosen.facts.n_unstated)
page_head.signal(signal)
st.markdown(f"## {found.sentence}")
wrong = replace(asked, outcomes=("wrong",), stated=True, stated_from=high_from)
if found.counts.n_high_wrong and wrong != asked:
    claims.link(wrong, "Open the confidently wrong ones", high_from=high_from)
if not chosen.selection.splits_chosen and find.has_tuning(chosen.dimensions):
    st.caption("Claims of the tuning split are left out unless chosen under Split.")

if found.counts.n_found:
    find.listed(data.leaf(asked, order, find.leaf_number(asked, order, found.n_leaves)))
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        find.leaves(found.n_leaves)
        download.button(
            lambda: data.download(asked, order),
            n_rows=found.counts.n_found,
            most=DOWNLOAD_SIZE,
            name=f"claims-{signal}",
        )
else:
    empty.filters()
claim.opened(chosen.selection, state, person)
guide.draw(PAGES["claims"].title)
