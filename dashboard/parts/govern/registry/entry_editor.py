"""A registry entry edited on the page: first what a text would change, then applied as written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from core.gate import registry_changes as registry_of
from core.gate.registry_changes import ChangePlan
from core.governance.people.names import Directory, directory
from core.governance.people.people import nobody_is_admin
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.registry.strict_yaml import said
from core.registry.yaml_reader import RegistryFileError, read
from core.sentences.numbers import counted
from core.text.markdown import plain
from core.trail.acts import Assurance, Proposal
from core.views.govern.permitted_acts import named
from core.views.govern.signal_entry import SignalView
from core.views.govern.signal_plan import plan_parts, same_plan
from dashboard.cache import views as data
from dashboard.parts.govern import confirmation as confirmed
from dashboard.parts.govern.registry import registry
from dashboard.server import open_ledger as owner
from dashboard.widgets.acting import act_button, sign_on
from dashboard.widgets.acting.acting_for import Acting
from dashboard.widgets.acting.announced import done

_ASKED, _SHOWN = f"{registry.KEYS}asked", f"{registry.KEYS}shown"
_AREA = f"{registry.KEYS}yaml"
_LINE, _LEAST, _MOST = 21, 320, 720


def draw(view: SignalView, state: State, names: Directory, person: Acting | None) -> None:
    """The entry as text, what it would change, and the button that applies it."""
    signal, registered = view.row.signal, view.row.registered
    st.markdown(
        "This is the entry in force, as a registry file. Edit it here, or in your own repository "
        "and apply it with `calledger registry apply`."
        if registered
        else "A complete example: replace each `<…>` by a person, and read the rest once."
    )
    version = view.history[0].seq if view.history else "new"
    # Streamlit has no such choice for text areas, and YAML is read by its indentation.
    st.html(f"<style>.st-key-{_AREA} textarea {{ font-family: monospace; }}</style>")
    with st.container(key=_AREA):
        text = st.text_area(
            "The entry as YAML",
            value=view.text,
            # Another version of the entry begins with its own text.
            key=f"{registry.KEYS}text_{signal}_{version}",
            height=max(_LEAST, min(_MOST, _LINE * (view.text.count("\n") + 2))),
            label_visibility="collapsed",
        )
    if st.button("Show what it would change", icon=":material/difference:"):
        st.session_state[_ASKED] = (signal, version, text)
    asked = st.session_state.get(_ASKED)
    if asked is None or asked[0] != signal:
        return
    if asked[1] != version:
        _overtaken(view, asked[2])
        return
    if asked[2] != text:
        st.caption("You have edited the text since: show again what it would change.")
        return
    plan = _planned(text)
    if plan is None:
        return
    _changes(plan)
    if not plan.empty:
        _apply(plan, text, signal, state, names, person)


def _overtaken(view: SignalView, text: str) -> None:
    """Somebody else changed the entry after this text was tried: say who, and keep the text."""
    last = view.history[0]
    st.warning(
        plain(
            f"{last.who} changed this entry on {last.when}; your edit was not applied. Above is "
            "the entry as it is now: edit that, and show again what it would change."
        ),
        icon=":material/sync_problem:",
    )
    with st.expander("Your text", icon=":material/edit_note:"):
        st.code(text, language="yaml")


def _planned(text: str) -> ChangePlan | None:
    """What a text would change; None where it is refused, which is said line by line."""
    try:
        return data.plan(text)
    except RegistryFileError as refused:
        n = len(refused.problems)
        fixed = "it is" if n == 1 else "they are"
        lines = [f"{counted(n, 'problem')}; nothing is changed until {fixed} fixed."]
        lines += [f"- {plain(one.replace('line', 'Line', 1))}" for one in said(refused.problems)]
        st.error("\n".join(lines), icon=":material/rule:")
    except LedgerError as error:
        st.error(plain(str(error)), icon=":material/block:")
    return None


def _changes(plan: ChangePlan) -> None:
    with st.container(border=True):
        if plan.empty:
            st.markdown("Nothing would change: this is what is in force.")
        for part in plan_parts(plan):
            st.markdown(f"**{plain(part.heading)}**")
            st.markdown("\n".join(f"- {plain(one)}" for one in part.changes))
            if part.effects:
                st.markdown("On the last claims it would have done this:")
                st.markdown("\n".join(f"- {plain(one)}" for one in part.effects))
            for one in part.refused:
                st.error(plain(one), icon=":material/block:")
            for one in part.idle:
                st.warning(plain(one), icon=":material/rule:")
            if part.warning:
                st.warning(part.warning, icon=":material/lock_reset:")


def _apply(
    plan: ChangePlan, text: str, signal: str, state: State, names: Directory, person: Acting | None
) -> None:
    """The button that applies exactly what is shown above it."""
    handle = None if person is None else names.handle(person.sub)
    who = "…" if person is None else person.name
    missing = sign_on.nobody()
    if nobody_is_admin(state):
        st.markdown("Nobody is an admin yet: **whoever applies this becomes the admin.**")
    if not state.people and not sign_on.needed():
        # Nothing is prefilled: who becomes the admin says so themselves.
        who = act_button.asked(
            "Who you are", f"{registry.KEYS}self", placeholder="user:finance/ann.lee"
        ).strip()
        handle = who or None
        missing = "Say who you are: `user:`, your team, a slash and your name."
    if handle is not None:
        refused = registry_of.refusal(state, names, plan, handle, owner.office().now())
        missing = named(refused, names)
    before: ChangePlan | None = st.session_state.get(_SHOWN)
    st.session_state[_SHOWN] = plan
    pressed = act_button.draw(
        f"Apply as {plain(who or '…')}", missing, type="primary", icon=":material/check:"
    )
    if pressed and (before is None or not same_plan(before, plan)):
        st.warning(
            "The registry has changed, and so has what this text would change: read it again "
            "above, then apply.",
            icon=":material/sync_problem:",
        )
        pressed = False
    words = {"text": text, "handle": handle} if pressed else None
    if person is None:
        if words is not None:
            _do(words, "none", None)
        return

    def propose(kept: Mapping[str, Any]) -> Sequence[Proposal]:
        office = owner.office()
        with office.ledger.cursor() as cursor:
            known = directory(cursor)
        asked = registry_of.proposals(
            office.state(), known, data.plan(kept["text"]), kept["handle"]
        )
        assurance = person.assurance()
        return [replace(one, actor=replace(one.actor, assurance=assurance)) for one in asked]

    def perform(kept: Mapping[str, Any], proposals: Callable[[], Sequence[Proposal]]) -> None:
        try:
            proven = proposals()[0]
        except LedgerError as error:
            st.error(plain(str(error)), icon=":material/block:")
            return
        _do(kept, proven.actor.assurance, proven.body.get("confirmed"))

    confirmed.through(
        person,
        f"{registry.KEYS}apply {signal}",
        words,
        propose,
        perform,
        # The button is open only then, and in the ledger's own state people who are new are not
        # known yet.
        checked=True,
    )


def _do(words: Mapping[str, Any], assurance: Assurance, at: str | None) -> None:
    try:
        acts = registry_of.apply(
            owner.office(),
            read(words["text"]),
            words["handle"],
            assurance=assurance,
            via="page",
            confirmed=at,
        )
    except LedgerError as error:
        st.error(plain(str(error)), icon=":material/block:")
        return
    for key in (_ASKED, _SHOWN):
        st.session_state.pop(key, None)
    last = f", up to entry {acts[-1].seq}" if acts else ""
    done(f"Applied: {counted(len(acts), 'act')} in the trail{last}.")
