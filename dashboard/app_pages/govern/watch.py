"""Watch: what is measured again, when, with what outcome, and who is told."""

import streamlit as st

from core.governance.people.names import directory
from core.sentences.loaded_cells import not_looked_for
from core.text.markdown import plain
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.audit import trail_integrity as trail
from dashboard.parts.govern.watching import answered, findings, notices
from dashboard.parts.govern.watching import watch as watching
from dashboard.server import open_ledger as owner
from dashboard.widgets import empty_states as empty
from dashboard.widgets import guide, page_head
from dashboard.widgets.acting import acting_for as acting

page_head.title("watch")
view = data.watching()
if view is None:
    findings.broken(data.findings())
    notices.draw(data.notices(data.overview().names()))
    guide.draw(PAGES["watch"].title)
    st.stop()
if not view.rows and not view.unregistered:
    empty.ledger()
    guide.draw(PAGES["watch"].title)
    st.stop()

st.markdown(f"## {plain(view.headline)}")
st.markdown(plain(view.next_words))
if view.elsewhere:
    st.caption(plain(not_looked_for(view.elsewhere)))
if view.unregistered:
    st.markdown(
        ":material/visibility_off: Not watched because not registered: "
        f"{plain(', '.join(view.unregistered))}."
    )
if not view.rows:
    st.markdown("A signal is watched once it is registered:")
    st.code(trail.command("registry", "apply", "registry.yaml"), language="bash")
else:
    watching.signals(view)
watching.canaries(view)
st.header("Runs of the standing checks")
watching.runs(view)
with st.expander("Run the checks from cron or CI", icon=":material/terminal:"):
    st.markdown("Exit code 1 while a critical finding is open:")
    st.code(trail.command("check"), language="bash")
state = owner.office().state()
answered.draw(data.answered(), state, acting.choose(state, directory(owner.cursor())))
notices.draw(data.notices(data.overview().names()))
guide.draw(PAGES["watch"].title)
