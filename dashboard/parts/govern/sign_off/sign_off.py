"""Sign-off, around the evidence of one fingerprint: how it stands, and what was done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from core.text.markdown import plain, verbatim
from core.text.sentence import capital
from core.text.shown import visible
from core.trail.fingerprint import Fingerprint
from core.views.govern.sign_off import Done, PastSignature, SignoffView
from dashboard.pages import PAGES
from dashboard.parts.audit import trail_integrity as trail
from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.framed import framed
from dashboard.widgets.drawn.markup import Markup, href, tag

PAGE = PAGES["sign_off"].path
#: Which fingerprint, in the URL.
SIGNAL, FINGERPRINT = "signal", "fingerprint"
_TRAIL = PAGES["decision_trail"].key

_LOOKS = {
    "validated": (":material/verified:", "green"),
    "waived": (":material/schedule:", "orange"),
    "in validation": (":material/draw:", "blue"),
    "retired": (":material/archive:", "gray"),
    "log only": (":material/edit_note:", "gray"),
}


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


def header(view: SignoffView, fingerprint: Fingerprint) -> None:
    """How the fingerprint stands, and what is next."""
    icon, color = _LOOKS.get(view.state, (":material/block:", "orange"))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"Version **{verbatim(fingerprint.words())}**", width="content")
        st.badge(view.state.capitalize(), icon=icon, color=color)  # type: ignore[arg-type]
        if view.open:
            st.badge("Gate open", icon=":material/lock_open:", color="green")
        else:
            st.badge("Gate closed", icon=":material/lock:", color="gray")
        if view.renewal:
            st.badge("Renewal waits", icon=":material/draw:", color="blue")
    st.markdown(f"## {plain(view.reason)}")
    what = "What it is for" if view.log_only else "It decides"
    said = [] if view.decision is None else [f"{what}: {verbatim(view.decision)}"]
    said += [f":material/arrow_forward: {plain(one)}" for one in view.next_step]
    if said:
        st.markdown("  \n".join(said))


def past(view: SignoffView) -> None:
    """Every signature with its meaning, and every act; each opens its entry of the trail."""
    if view.signatures:
        draw(signatures(view.signatures), key="sign_off_signatures")
    draw(history(view.history), key="sign_off_history")


def signatures(signed: Sequence[PastSignature]) -> Markup:
    """Who signed what, until when, and what they said it means."""
    lines = [
        tag(
            "tr",
            _entry(one.seq, one.at),
            tag("td", visible(one.who)),
            tag("td", visible(one.meaning), class_="c-text"),
            tag("td", f"{one.until:%Y-%m-%d}"),
            tag("td", visible(one.assurance), class_="c-text soft"),
            tag("td", visible(one.evidence[:16]), class_="soft", title=visible(one.evidence)),
        )
        for one in signed
    ]
    heads = ("Signed", "By", "What it means", "Until", "How sure that it was they", "Evidence")
    return _past("Signatures", heads, lines)


def history(done: Sequence[Done]) -> Markup:
    """What was done about the version, the newest first."""
    if not done:
        return tag("div", tag("h2", "What was done"), tag("p", "Nothing yet."), class_="board")
    lines = [
        tag(
            "tr",
            _entry(one.seq, one.at),
            tag("td", visible(one.who)),
            tag("td", visible(capital(one.what)), class_="c-text"),
            tag("td", visible(one.moved), class_="soft"),
        )
        for one in done
    ]
    return _past("What was done", ("When", "By", "What", "State"), lines)


def _entry(seq: int, at: datetime) -> Markup:
    target = href(_TRAIL, **{trail.OPENED: str(seq)})
    return tag(
        "th",
        tag("a", f"Entry {seq}", class_="row", href=target),
        tag("span", f" {at:%Y-%m-%d %H:%M} UTC", class_="soft"),
        scope="row",
    )


def _past(title: str, heads: Sequence[str], lines: Sequence[Markup]) -> Markup:
    drawn = tag(
        "table",
        tag("caption", tag("h2", title)),
        tag("thead", tag("tr", *(tag("th", one, scope="col") for one in heads))),
        tag("tbody", *lines),
        class_="queue",
    )
    return tag("div", framed(drawn, len(lines)), class_="board")
