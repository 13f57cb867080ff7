"""Sign-off: the evidence, the criteria met and missed, and the signature."""

import streamlit as st

from core.governance.people.names import directory
from core.governance.replay import TrailBroken
from dashboard.cache import views as data
from dashboard.pages import PAGES
from dashboard.parts.govern.sign_off import evidence
from dashboard.parts.govern.sign_off import sign_off as signoff
from dashboard.parts.govern.sign_off import sign_off_actions as signing
from dashboard.parts.govern.sign_off import sign_off_list as signoff_list
from dashboard.parts.govern.sign_off import tuning_leak as leaks
from dashboard.server import open_ledger as owner
from dashboard.widgets import guide, page_head
from dashboard.widgets.acting import acting_for as acting
from dashboard.widgets.acting.announced import announce

page_head.title("sign_off")
announce()
try:
    state = owner.office().state()
    signal, asked = (st.query_params.get(key) for key in (signoff.SIGNAL, signoff.FINGERPRINT))
    every = data.signoffs(signal)
except TrailBroken as broken:
    signoff.broken(str(broken))
    st.stop()
names = directory(owner.cursor())
person = acting.choose(state, names)

fingerprint = every.fingerprint(asked) if signal and asked else None
if signal is None or fingerprint is None:
    if signal and asked:
        signoff.unknown(signal, asked)
    if signal:
        st.page_link(signoff.PAGE, label="All signals", icon=":material/arrow_back:")
    if every.empty and not signal:
        signoff.nothing()
    else:
        signoff_list.show(every, state, person, owner.office().now())
    guide.draw(PAGES["sign_off"].title)
    st.stop()

st.page_link(signoff.PAGE, label="All sign-offs", icon=":material/arrow_back:")
page_head.signal(signal)
last = signing.measured(signal, fingerprint.id)
view = data.signoff(signal, fingerprint, last.bundle if last else None)
signoff.header(view, fingerprint)
shown, beside = st.columns([5, 3], gap="medium")
with beside:
    signing.draw(view, person, state, names)
    evidence.beside(view)
with shown:
    if last is not None and last.refusal is not None and view.waits is None:
        leaks.draw(last.refusal, signal)
    evidence.draw(view)
signoff.past(view)
guide.draw(PAGES["sign_off"].title)
