"""Messages to people: the channels, whether they arrive, and the last ones sent."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.text.markdown import cells, plain, verbatim
from core.text.shown import visible
from core.views.govern.notices import MessageRow, NoticesView
from dashboard.parts.audit import trail_integrity as trail
from dashboard.server import notices as notify
from dashboard.server.send_notice import WIKI
from dashboard.widgets import tables

#: As many messages stand open in the table; it scrolls beyond.
_TALL, _TALL_PIXELS = 10, 400

_EXAMPLE = """\
link: https://calibration.example.org     # where these pages are; messages link to them
channels:
  - name: desk-mail
    url: mailtos://user:${MAIL_PASSWORD}@mail.example.org?to=leads@example.org
  - name: desk-chat
    url: ${CHAT_ADDRESS}                   # an Apprise address, from the environment
    send: immediate                        # both (default), digest or immediate
    signals: [ticket-triage.self-report]   # all unless named
digest: {day: monday, time: "07:00"}       # UTC; day may be daily
ceiling: 10                                # messages at once per channel and week
"""


def warn(view: NoticesView) -> None:
    """One line where people are kept from being told of something; nothing where all is fine."""
    if not view.warnings:
        return
    st.warning(
        f"{plain(view.warnings[0])} See *Notices* on the page *Watch*.",
        icon=":material/notifications_off:",
    )


def draw(view: NoticesView) -> None:
    """The section: what is the matter, the channels, and the last messages with their text."""
    st.header("Notices")
    st.markdown(plain(view.headline))
    for one in view.warnings:
        st.warning(plain(one), icon=":material/notifications_off:")
    for one in view.remarks:
        st.info(plain(one), icon=":material/info:")
    if view.channels:
        rows = [
            (verbatim(one.name), plain(one.takes), one.n_sent, one.n_waiting, plain(one.state))
            for one in view.channels
        ]
        st.table(
            pd.DataFrame(rows, columns=["Channel", "Is sent", "Sent", "Waiting", "State"]),
            border="horizontal",
            hide_index=True,
            alt="Every channel with what it is sent and what became of its messages",
        )
        st.caption(plain(view.schedule))
    else:
        with st.expander("Set up a channel", icon=":material/add_alert:"):
            _how()
    if view.messages:
        _messages(view.messages)


def _messages(messages: tuple[MessageRow, ...]) -> None:
    frame = pd.DataFrame(
        [(one.number, one.channel, one.kind, one.state, one.subject) for one in messages],
        columns=["No", "Channel", "Kind", "State (UTC)", "Subject"],
    )
    st.dataframe(
        cells(frame),
        hide_index=True,
        placeholder=tables.NOTHING,
        key="notices_messages",
        height="content" if len(frame) <= _TALL else _TALL_PIXELS,
        alt="The last messages, newest first, and whether they were sent",
    )
    with st.expander("Read them", icon=":material/mail:"):
        for one in messages:
            st.markdown(f"**{one.number}** · {verbatim(one.channel)} · {plain(one.state)}")
            st.code(visible(f"{one.subject}\n\n{one.body}"), language=None, wrap_lines=True)


def _how() -> None:
    """What to write where, so that people are told."""
    path, _ = notify.notices_file()
    st.markdown(
        f"Write the channels into {verbatim(str(path))}, readable by its owner only; it is read "
        f"again when it changes. Addresses are [Apprise]({WIKI})'s: mail, webhooks, chat "
        "and a hundred services more."
    )
    st.code(_EXAMPLE, language="yaml")
    st.markdown("Then see whether they work:")
    st.code(trail.command("notices", "test"), language="bash")
