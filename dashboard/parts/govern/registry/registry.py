"""The written registry on the page: every signal, one of them, and everybody known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.defaults import IN_USE
from core.governance.people import accounts, people
from core.governance.people.names import Directory
from core.governance.state import State
from core.governance.validations.lifecycle import NO_REASON
from core.governance.weight import of_weight
from core.ledger.errors import LedgerError
from core.registry.signal_spec import LOG_ONLY
from core.sentences.numbers import counted
from core.standing.verdict import StandingVerdict
from core.text.markdown import plain, verbatim
from core.text.shown import visible
from core.trail.acts import Act, Proposal
from core.validation import steps as signing
from core.views.govern.permitted_acts import refusal
from core.views.govern.registry import PersonRow, RegistryRow, RegistryView, may_set_status
from core.views.govern.signal_entry import EntryChange, PrintRow, SignalView
from dashboard.pages import PAGES
from dashboard.parts.audit import trail_integrity as trail
from dashboard.parts.govern import confirmation as confirmed
from dashboard.server import open_ledger as owner
from dashboard.server.sign_on.unbound import UNBOUND
from dashboard.widgets import page_head, table_search, tables
from dashboard.widgets.acting import act_button, sign_on
from dashboard.widgets.acting.acting_for import Acting
from dashboard.widgets.acting.announced import done
from dashboard.widgets.drawn.draw import draw
from dashboard.widgets.drawn.framed import framed, tall
from dashboard.widgets.drawn.markup import Markup, href, tag
from dashboard.widgets.filters import shown_name, url_key
from dashboard.widgets.links.claim_links import ICON, PAGE

#: How the keys of this component's widgets begin.
KEYS = "registry_"
_SIGN_OFF, _SIGN_ICON = PAGES["sign_off"].path, PAGES["sign_off"].icon
#: Pixels of the two halves; one below the other where the page is narrow.
_HALF = 470
#: Of the width, for a name and its value.
_SHARES = (2, 5)


def run(act: Callable[[], Act], said: str) -> None:
    """Do an act; what refuses it is said here, and otherwise the page is drawn anew."""
    try:
        entry = act()
    except LedgerError as error:
        st.error(plain(str(error)), icon=":material/block:")
        return
    done(f"{said}: entry {entry.seq} of the trail.")


# ----------------------------------------------------------------------------------- every signal
def nothing() -> None:
    """Nothing is written down, and there is no claim."""
    st.markdown(
        "A signal can be registered before its first claim: who owns it, what it decides, under "
        "which rules. Once claims are in, an example to fill in appears here."
    )
    st.code(trail.command("registry", "apply", "registry.yaml"), language="bash")


def overview(view: RegistryView, standing: Mapping[str, StandingVerdict]) -> None:
    """Every signal, those that wait for somebody first; a row opens its entry."""
    rows = table_search.of_signals(
        view.rows, standing, lambda row: row.signal, lambda row: row.owner.words, page="registry"
    )
    markup = table(replace(view, rows=tuple(rows)), standing)
    draw(markup, key="registry_overview", tall=tall(len(rows)))


def table(view: RegistryView, standing: Mapping[str, StandingVerdict]) -> Markup:
    """The same as markup."""
    if not view.rows:
        return table_search.none()
    heads = (
        (tag("span", "Standing verdict", class_="sr"), "c-badge"),
        ("Signal", ""),
        ("May act", "c-acts"),
        ("Owner", "c-owner"),
        ("Stakes", "c-labels"),
        ("What it decides", "c-spark"),
        ("Claims, 30 days", "c-high num"),
        ("Findings", "c-findings num"),
    )
    return tag(
        "div",
        framed(
            tag(
                "table",
                tag("caption", "Every signal, with a claim or an entry", class_="sr"),
                tag(
                    "thead",
                    tag("tr", *(tag("th", one, scope="col", class_=kind) for one, kind in heads)),
                ),
                tag(
                    "tbody",
                    *(_line(row, view.since, standing.get(row.signal)) for row in view.rows),
                ),
                class_="signals",
            ),
            len(view.rows),
        ),
        class_="board",
    )


def _line(row: RegistryRow, since: date, standing: StandingVerdict | None) -> Markup:
    entry = href("registry", signal=row.signal)
    claims = href("claims", signal=row.signal, since=since.isoformat())
    decides = visible(row.decision or "not registered")
    empty = "alert" if row.owner.empty else None
    return tag(
        "tr",
        tag("td", page_head.standing_badge(standing), class_="c-badge"),
        tag(
            "th",
            tag("a", visible(row.signal), class_="row", href=entry),
            scope="row",
            title=visible(row.signal),
        ),
        tag("td", row.badge.words, class_="c-acts", title=visible(row.badge.help)),
        tag(
            "td",
            tag("span", visible(row.owner.words), class_=empty),
            class_="c-owner",
            title=visible(row.owner.words),
        ),
        tag("td", row.stakes or "–", class_="c-labels"),
        tag("td", decides, class_="c-spark c-long soft", title=decides),
        tag("td", tag("a", f"{row.n_claims:,}", class_="over", href=claims), class_="c-high num"),
        tag("td", str(row.n_findings), class_="c-findings num"),
    )


# ------------------------------------------------------------------------------------- one signal
def header(view: SignalView) -> None:
    """Its standing, and what it decides."""
    page_head.signal(view.row.signal)
    st.markdown(plain(view.sentence))


def versions(view: SignalView, state: State, person: Acting | None) -> None:
    """Its fingerprints in use with what may be done about them; older ones folded away."""
    if not view.prints and not view.older:
        st.markdown("No claim was made yet, and nothing was submitted.")
        return
    for row in view.prints:
        with st.container(border=True, gap="xsmall"):
            _version(view.row, row, state, person)
    if view.older:
        days = IN_USE.days
        words = f"{counted(len(view.older), 'older version')}, unused for {days} days and more"
        with st.expander(words, icon=":material/history:"):
            for row in view.older:
                with st.container(border=True, gap="xsmall"):
                    _version(view.row, row, state, person)


_LOOKS = {
    "validated": (":material/verified:", "green"),
    "waived": (":material/schedule:", "violet"),
    "suspended": (":material/block:", "red"),
    "expired": (":material/event_busy:", "red"),
    "rejected": (":material/thumb_down:", "red"),
    "retired": (":material/inventory_2:", "gray"),
    "in_validation": (":material/draw:", "blue"),
}


def _version(of: RegistryRow, row: PrintRow, state: State, person: Acting | None) -> None:
    icon, color = _LOOKS.get(row.standing.state, (":material/lock:", "orange"))
    if of.stakes == LOG_ONLY:
        icon, color = ":material/edit_note:", "gray"
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.markdown(f"**{verbatim(row.words)}**", width="content")
        st.badge(row.state_words, icon=icon, color=color)  # type: ignore[arg-type]
        if row.does:
            st.badge(
                row.does.capitalize(),
                icon=":material/lock_open:" if row.standing.open else ":material/lock:",
                color="green" if row.standing.open else "orange",
            )
    said = " ".join(filter(None, (row.standing.reason, row.signed, row.waiting)))
    st.markdown(plain(said))
    if row.watched:
        st.caption(plain(row.watched))
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _claims(of.signal, row)
        query = {"signal": of.signal, "fingerprint": row.fingerprint.id}
        if of.stakes != LOG_ONLY:
            st.page_link(_SIGN_OFF, label="Sign-off", icon=_SIGN_ICON, query_params=query)
        if row.standing.open:
            with st.popover("Stop", icon=":material/front_hand:"):
                _stop(of.signal, row, state, person)


def _claims(signal: str, row: PrintRow) -> None:
    """Its claims, and the way to them."""
    if not row.n_claims or row.first is None or row.last is None:
        st.caption("no claim yet" if row.first is None else f"asked about since {row.first}")
        return
    words = f"{counted(row.n_claims, 'claim')}, {row.first} to {row.last}"
    if row.query is None:
        st.caption(words)
        return
    query: dict[str, str | list[str]] = {"signal": signal}
    for name, values in row.query:
        query[url_key(name)] = [shown_name(value) for value in values]
    st.page_link(PAGE, label=words, icon=ICON, query_params=query)


@st.fragment
def _stop(signal: str, row: PrintRow, state: State, person: Acting | None) -> None:
    """The stop button: anybody known may, and says why; drawn anew by itself."""
    sign_on.still_signed_on()
    st.markdown(
        "Closes the gate for this version from the next decision on. Only new evidence and a "
        "signature open it again."
    )
    if person is None:
        st.caption(sign_on.nobody())
        return
    key = f"{KEYS}{row.fingerprint.id}"
    reason = act_button.asked("Why", f"{key}_why")
    if act_button.draw(
        f"Stop it now as {plain(person.name)}",
        "" if reason.strip() else NO_REASON,
        key=f"{key}_stop",
        type="primary",
        icon=":material/front_hand:",
    ):
        run(
            lambda: signing.stop(
                owner.office(),
                person.actor(state, "validation.suspended", signal),
                signal,
                row.fingerprint,
                reason=reason,
            ),
            "Stopped",
        )


def written(view: SignalView) -> None:
    """Who fills which seat, and what it is measured and validated by."""
    if not view.row.registered:
        st.markdown("This signal is not registered. *Change the entry* has an example.")
        return
    with st.container(horizontal=True, gap="medium"):
        with st.container(width=_HALF, gap="xxsmall"):
            st.markdown("## Who owns it")
            for seat in view.seats:
                said = plain("; ".join(seat.people)) or "nobody"
                gone = seat.empty and seat.people
                _pair(seat.name, f":red[:material/person_off: **{said}**]" if gone else said)
        with st.container(width=_HALF, gap="xxsmall"):
            measured = view.row.stakes == LOG_ONLY
            st.markdown(f"## {'What it is measured by' if measured else 'What a validation takes'}")
            for name, words in view.terms:
                _pair(name, plain(words))


def _pair(name: str, words: str) -> None:
    left, right = st.columns(_SHARES, gap="small")
    left.markdown(f":gray[{plain(name)}]")
    right.markdown(words)


def rules(view: SignalView) -> None:
    """The rule table, made from the object the gate runs."""
    if not view.rules:
        st.markdown("No rule is registered; every case falls back to people.")
        return
    frame = pd.DataFrame(
        {
            "For": [verbatim(one.whom) if one.where else one.whom for one in view.rules],
            "Confidence": [one.words for one in view.rules],
            "Action": [f"**{one.action}**" for one in view.rules],
            "Rule": [verbatim(one.rule) for one in view.rules],
        }
    )
    st.table(frame, border="horizontal", hide_index=True, alt="The rules, from top to bottom")
    st.caption(
        "Read from the top: the first row that fits applies, and every input fits one. The gate "
        "runs these same rows and names the rule with each answer. The last rows are for versions "
        "that may not act."
    )


def history(changes: Sequence[EntryChange]) -> None:
    """The versions of the entry, each a link to the act that set it."""
    if not changes:
        st.markdown("Not registered yet.")
        return
    for one in changes:
        trail.link(one.seq, f"{one.when} · {plain(one.who)} · entry {one.seq}")
        said = [*one.lines, *(["validations in force were suspended"] if one.reopened else [])]
        st.caption("; ".join(plain(line) for line in said) or "the same again")


# --------------------------------------------------------------------------------- everybody known
def everybody(view: RegistryView, state: State, names_of: Directory, person: Acting | None) -> None:
    """Who is known, whether they are there, and which seats they fill."""
    if not view.people:
        st.markdown(
            "Nobody is known yet. Whoever applies the first registry entry becomes the admin, and "
            "the people it names are entered with it."
        )
        return
    tables.listed(
        pd.DataFrame(
            {
                "name": [one.name for one in view.people],
                "status": [one.status for one in view.people],
                "roles": ["; ".join(one.roles) or "no role" for one in view.people],
                "handle": [one.handle or "erased" for one in view.people],
            }
        ),
        key=f"{KEYS}people",
        column_config={
            "name": st.column_config.TextColumn("Name", width=160, pinned=True),
            "status": st.column_config.TextColumn("Status", width=160),
            "roles": st.column_config.TextColumn("Seats and roles", width=520),
            "handle": st.column_config.TextColumn("In a registry file", width=200),
        },
        alt="Everybody known, whether they are there, and their seats",
    )
    if person is None or not may_set_status(state, person.sub):
        st.caption("An admin, chosen in the sidebar, can set here who is away or has left.")
        return
    with st.expander("Set availability", icon=":material/event_available:"):
        _status(view.people, state, names_of, person)
    if sign_on.needed():
        with st.expander("Bind a sign-on account", icon=":material/key:"):
            _bind(view.people, state, person)


def _bind(known: Sequence[PersonRow], state: State, person: Acting) -> None:
    """Which person somebody who signed on acts as from now on."""
    waiting = {one.account.id: one for one in UNBOUND.waiting(_bound_to_somebody)}
    if not waiting:
        st.caption("Everybody who signed on since this server started is bound to a person.")
        return
    st.caption(
        "Check with the person another way before you bind an account: its name here is only what "
        "its provider says, and whoever has it can then act as the person."
    )
    names = {one.sub: one.name for one in known if one.status != "left"}
    which, whom, act = st.columns([4, 3, 2], vertical_alignment="bottom")
    account = which.selectbox(
        "Signed on as",
        tuple(waiting),
        format_func=lambda one: visible(
            f"{waiting[one].name} · {waiting[one].account.subject} · {waiting[one].account.issuer}"
        ),
        key=f"{KEYS}account",
        index=None,
        placeholder="Choose an account",
    )
    sub = whom.selectbox(
        "Acts as",
        tuple(names),
        format_func=lambda one: visible(names[one]),
        key=f"{KEYS}bound",
        index=None,
        placeholder="Choose a person",
    )
    with act:
        pressed = act_button.draw(
            f"Bind as {plain(person.name)}",
            "Choose the account and whose it is." if account is None or sub is None else "",
            key=f"{KEYS}bind",
        )

    def propose(words: Mapping[str, Any]) -> list[Proposal]:
        one: accounts.Account = words["session"].account
        # The act itself holds a salted hash, which is made when it is done.
        body = {"sub": words["sub"], "issuer": one.issuer, "account": one.id}
        actor = person.actor(state, "person.bound", None, confirming=True)
        return [Proposal("person.bound", actor, body=body)]

    def perform(words: Mapping[str, Any], proposals: Callable[[], Sequence[Proposal]]) -> None:
        def bind() -> Act:
            (proven,) = proposals()
            return accounts.bind(
                owner.office(),
                proven.actor,
                words["sub"],
                words["session"].account,
                confirmed=proven.body.get("confirmed"),
            )

        run(bind, f"{words['session'].name} acts as {names[words['sub']]}")

    words = {"session": waiting[account], "sub": sub} if pressed and account is not None else None
    confirmed.through(person, f"{KEYS}bind", words, propose, perform)


def _bound_to_somebody(account: accounts.Account) -> bool:
    return accounts.person_of(owner.office(), account) is not None


def _status(known: Sequence[PersonRow], state: State, names_of: Directory, person: Acting) -> None:
    names = {one.sub: one.name for one in known}
    who, what, when, act = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    sub = who.selectbox(
        "Who",
        tuple(names),
        format_func=lambda one: visible(names[one]),
        key=f"{KEYS}who",
        index=None,
        placeholder="Choose a person",
    )
    status = what.selectbox(
        "Status",
        ("active", "away", "left"),
        key=f"{KEYS}status",
        index=None,
        placeholder="Choose",
    )
    until = when.date_input(
        "Back on",
        value=None,
        min_value=owner.office().now().date() + timedelta(days=1),
        key=f"{KEYS}until",
        format="YYYY-MM-DD",
        disabled=status != "away",
        help="The day they are back; empty while that is not known.",
    )
    day, kind = until if status == "away" else None, "person.status"
    missing = "Choose who, and what they are."
    if sub is not None and status is not None:
        asked = people.status_proposal(
            people.actor_for(state, person.sub, kind, None), sub, status, day
        )
        missing = refusal(state, asked, names_of, owner.office().now())
    with act:
        pressed = act_button.draw(f"Record as {plain(person.name)}", missing, key=f"{KEYS}record")

    def propose(words: Mapping[str, Any]) -> list[Proposal]:
        actor = person.actor(owner.office().state(), kind, None)
        return [people.status_proposal(actor, words["sub"], words["status"], words["until"])]

    def perform(words: Mapping[str, Any], proposals: Callable[[], Sequence[Proposal]]) -> None:
        said = f"{names[words['sub']]} is {words['status']}"
        run(lambda: owner.office().perform(proposals()[0]), said)

    words = {"sub": sub, "status": status, "until": day} if pressed else None
    if words is not None and not of_weight(state, propose(words)[0]):
        at_once = words
        perform(at_once, lambda: propose(at_once))
        words = None
    confirmed.through(person, f"{KEYS}status", words, propose, perform)
