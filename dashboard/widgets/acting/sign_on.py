"""Who signed on: the screen that asks for it, and what the sidebar says of it on every page."""

from __future__ import annotations

import shlex

import streamlit as st

from core.governance.bodies.refusal import Refused
from core.governance.people.accounts import Account, person_of
from core.governance.people.names import Directory
from core.governance.replay import TrailBroken
from core.governance.state import State
from core.text.markdown import plain, verbatim
from dashboard import terminal
from dashboard.server import open_ledger as owner
from dashboard.server.settings import proxy, sign_on
from dashboard.server.sign_on.edge import FAILED
from dashboard.server.sign_on.session import SESSIONS, Session
from dashboard.server.sign_on.unbound import UNBOUND

#: Seconds between two looks whether the session of an open page still holds.
GLANCE = 2.0
#: What stands where somebody may not act, without sign-on and with it.
CHOOSE = "Choose who you are in the sidebar."
_UNBOUND = "Your account is bound to nobody here; the sidebar says what to do."

_FAILURES = {
    "unreachable": "The sign-on provider could not be reached. Try again in a moment.",
    "access_denied": "The provider did not let you in. Try again, or with another account.",
    "failed": "The sign-on did not finish: it took too long, or was started in another window. Try "
    "again.",
}


def needed() -> bool:
    """Whether people sign on at this server."""
    return sign_on() is not None or proxy() is not None


def session() -> Session | None:
    """The session of whoever looks at this page, whether or not it still holds."""
    return Session.of(st.user.to_dict()) if needed() else None


def require(one: Session) -> None:
    """Let a session act.

    Raises:
        Refused: it is over; the words say what to do.
    """
    settings = sign_on() or proxy()
    assert settings is not None
    SESSIONS.require(one, settings.session_hours)


def signed_on() -> bool:
    """Whether the page may be shown: nobody has to sign on here, or somebody did."""
    if not needed():
        return True
    found = session()
    if found is None:
        return False
    try:
        require(found)
    except Refused:
        return False
    return True


def still_signed_on() -> None:
    """Draw the page anew where the session is over; for whatever is drawn apart from its page."""
    if not signed_on():
        st.rerun()


@st.fragment(run_every=GLANCE)
def _watch() -> None:
    """End an open page with its session, also where nobody touches it."""
    still_signed_on()


def screen() -> None:
    """Ask for a sign-on, and say what became of the last one."""
    st.title("Sign on")
    found, settings = session(), sign_on()
    failed = st.context.cookies.get(FAILED)
    if found is not None:
        try:
            require(found)
        except Refused as refused:
            st.warning(plain(str(refused)), icon=":material/schedule:")
    elif failed:
        words = _FAILURES.get(
            failed, f"The provider refused to sign you on: {failed}. Ask whoever runs this server."
        )
        st.error(plain(words), icon=":material/block:")
    if settings is None:
        st.markdown("Reload this page: the proxy in front of it signs you on.")
        return
    st.markdown("You will return to the page you asked for.")
    for one in settings.providers.values():
        if st.button(
            f"Sign on with {plain(one.label)}", key=f"sign_on_{one.name}", icon=":material/login:"
        ):
            st.login(one.name)


def sidebar() -> None:
    """Who is signed on, what they can do about an account that is bound to nobody, and the end."""
    found = session()
    if found is None:
        return
    try:
        bound = person_of(owner.office(), found.account)
    except TrailBroken:
        bound = None
    with st.sidebar:
        _watch()
        st.markdown(f":gray[:small[Signed on as {plain(found.name)}]]")
        if bound is None:
            UNBOUND.note(found)
            with st.expander("You can look, not act", icon=":material/visibility:"):
                st.markdown(
                    "Your account is bound to nobody in this ledger. An admin binds it under "
                    "*Registry*, People; the first one by a command on the server's machine:"
                )
                st.code(_bind(found.account), language="bash", wrap_lines=True)
        if sign_on() is not None and st.button("Sign out", icon=":material/logout:"):
            try:
                SESSIONS.end(found)
            except OSError as error:
                terminal.error(f"A session that was ended holds again after a restart: {error}")
            st.logout()


def _bind(account: Account) -> str:
    words = ["calledger", "person", "bind", "user:TEAM/NAME", "--issuer", account.issuer]
    return shlex.join([*words, "--subject", account.subject, "--ledger", owner.path()])


def nobody() -> str:
    """Why a reader may not act, in words that say what to do."""
    return _UNBOUND if needed() else CHOOSE


def acts_for(names: Directory, state: State, one: Session) -> str | None:
    """The opaque id of whom a session acts for, said in the sidebar; None: nobody."""
    sub = person_of(owner.office(), one.account)
    if sub is None or sub not in state.people or state.people[sub].status == "left":
        return None
    with st.sidebar:
        st.markdown(f"Acting as **{verbatim(names.words(sub))}**")
    return sub
