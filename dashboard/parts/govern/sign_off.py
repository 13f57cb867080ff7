"""Sign-off, around the evidence: what waits for whom, how one fingerprint stands, what was done."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.sentences.numbers import counted
from core.text.markdown import plain, verbatim
from core.trail.fingerprint import Fingerprint
from core.views.govern.sign_off import SignoffView
from core.views.govern.sign_off_queue import Line, SignoffList
from dashboard.pages import PAGES
from dashboard.parts.audit import trail_integrity as trail

PAGE, ICON = PAGES["sign_off"].path, PAGES["sign_off"].icon
#: Which fingerprint, in the URL.
SIGNAL, FINGERPRINT = "signal", "fingerprint"

#: The groups of the list, in order: field, title, icon, what to do about them.
_GROUPS = (
    ("waits", "Waits for a signature or an approval", ":material/draw:"),
    ("renew", "May act only a few days more", ":material/hourglass_bottom:"),
    ("closed", "Signed once, in use, and closed", ":material/block:"),
    ("never", "Makes claims and was never validated", ":material/lock:"),
)
_LOOKS = {
    "validated": (":material/verified:", "green"),
    "waived": (":material/schedule:", "orange"),
    "in validation": (":material/draw:", "blue"),
    "retired": (":material/archive:", "gray"),
}


def link(signal: str, fingerprint: Fingerprint, label: str) -> None:
    """A link to the sign-off of one fingerprint.

    Args:
        label: Markdown; logged text in it has to be safe already.
    """
    query = {SIGNAL: signal, FINGERPRINT: fingerprint.id}
    st.page_link(PAGE, label=label, icon=ICON, query_params=query)


def listed(view: SignoffList) -> None:
    """What is to be done, each fingerprint a link; the rest in a drawer."""
    st.markdown(f"## {view.headline}")
    for name, title, icon in _GROUPS:
        lines: tuple[Line, ...] = getattr(view, name)
        if lines:
            st.markdown(f"### {icon} {title}")
            _lines(lines)
    if view.unregistered:
        st.markdown("### :material/help: Nothing is written down")
        for signal, n_claims in view.unregistered:
            st.page_link(
                PAGES["registry"].path,
                label=f"{verbatim(signal)} {counted(n_claims, 'claim')} and no registry entry",
                icon=PAGES["registry"].icon,
                query_params={SIGNAL: signal},
            )
    if view.silent:
        names = ", ".join(map(verbatim, view.silent))
        st.markdown(f"Registered, and no claim yet: {names}. Its first claims appear here.")
    others = [*view.held, *view.rest]
    if others:
        with st.expander(
            f"{counted(len(others), 'other fingerprint')}: {len(view.held)} open",
            icon=":material/list:",
        ):
            _lines(others)


def _lines(lines: Sequence[Line]) -> None:
    for one in lines:
        with st.container(gap="xxsmall"):
            link(
                one.signal,
                one.fingerprint,
                f"{verbatim(one.signal)} {verbatim(one.fingerprint.words())}",
            )
            st.caption(plain(one.text))


def unknown(signal: str, fingerprint: str) -> None:
    """A link names a fingerprint that is not there."""
    st.info(
        f"{verbatim(signal)} has no fingerprint {verbatim(fingerprint)}: it made no claim and was "
        "never submitted.",
        icon=":material/search_off:",
    )


def nothing() -> None:
    """Neither a claim nor a registry entry."""
    st.header("Nothing to sign off yet")
    st.markdown(
        "A sign-off needs claims with outcomes, and a registry entry that says what they decide, "
        "who owns them and by which criteria they are judged. Stop this server first: one process "
        "owns the ledger."
    )
    commands = (
        trail.command("import", "claims.csv"),
        trail.command("registry", "apply", "registry.yaml"),
    )
    st.code("\n".join(commands), language="bash")


def broken(why: str) -> None:
    """The trail is broken: nothing is signed on it."""
    st.error(plain(why), icon=":material/gpp_bad:")
    st.markdown(
        "Nothing is signed, waived or stopped on a broken trail, and the gate sends every case to "
        "review. What is broken, and since which entry:"
    )
    st.page_link(trail.PAGE, label="Open the decision trail", icon=trail.ICON)
    st.code(trail.command("trail", "verify"), language="bash")


def header(view: SignoffView) -> None:
    """How the fingerprint stands, and what is next."""
    icon, color = _LOOKS.get(view.state, (":material/block:", "orange"))
    with st.container(horizontal=True, gap="small"):
        st.badge(view.state.capitalize(), icon=icon, color=color)  # type: ignore[arg-type]
        if view.open:
            st.badge("Gate open", icon=":material/lock_open:", color="green")
        else:
            st.badge("Gate closed", icon=":material/lock:", color="gray")
        if view.renewal:
            st.badge("Renewal waits", icon=":material/draw:", color="blue")
    st.markdown(f"## {plain(view.reason)}")
    if view.decision is not None:
        st.markdown(f"It decides: {verbatim(view.decision)}")
    for one in view.next_step:
        st.markdown(f":material/arrow_forward: {plain(one)}")


def past(view: SignoffView) -> None:
    """Every signature with its meaning, and every act as a link to its entry of the trail."""
    if view.signatures:
        st.markdown("### Signatures")
        for one in view.signatures:
            with st.container(border=True):
                st.markdown(f"**{plain(one.who)}** on {one.at:%Y-%m-%d %H:%M} UTC")
                st.markdown(verbatim(one.meaning))
                st.caption(
                    f"{plain(one.assurance)}. Until {one.until:%Y-%m-%d}, on the evidence "
                    f"{verbatim(one.evidence[:16])}."
                )
                trail.link(one.seq, f"Entry {one.seq}")
    st.markdown("### What was done")
    if not view.history:
        st.markdown("Nothing yet.")
    for done in view.history:
        moved = f" ({done.moved})" if done.moved else ""
        # Links are cut at the edge, and sentences with somebody's reason are long.
        with st.container(gap=None):
            trail.link(done.seq, f"{done.at:%Y-%m-%d %H:%M} UTC, {plain(done.who)}")
            st.caption(plain(f"{done.what[:1].upper()}{done.what[1:]}{moved}"))
