"""The column beside the evidence: what the reader may do about it, in the role they act in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import streamlit as st

from core.governance.names import Directory
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.sentences.numbers import counted
from core.text.markdown import plain, verbatim
from core.trail.acts import Act, Actor, Proposal
from core.validation import steps as signing
from core.validation.evidence import NothingToJudge
from core.validation.evidence_bundle import Bundle
from core.validation.tuning_leakage import Leaked
from core.views.govern.permitted_acts import Offer, named, offers
from core.views.govern.sign_off import SignoffView, Waiting
from dashboard.parts.govern import confirmation as confirmed
from dashboard.server import open_ledger as owner
from dashboard.server.sign_on.grants import GRANTS, digest
from dashboard.widgets import sign_on
from dashboard.widgets.acting_for import Acting

#: In the session: what to say after an act, what was measured without being submitted, on which
#: evidence a button was pressed, and how many acts were done here.
_DONE, _MEASURED, _PRESSED = "signoff_done", "signoff_measured", "signoff_pressed"
_ACTS = "signoff_acts"

_EXAMPLE = "I read the evidence and accept this signal for this decision until the date below."


@dataclass(frozen=True)
class Measured:
    """What came of measuring a fingerprint: a bundle, or why there is none."""

    signal: str
    fingerprint: str
    bundle: Bundle | None = None
    refusal: Leaked | NothingToJudge | None = None

    @property
    def leaked(self) -> int:
        """Claims that were tuned on: refused for, or left out."""
        if isinstance(self.refusal, Leaked):
            return self.refusal.overlap.n
        return 0 if self.bundle is None else self.bundle.counts["overlap_left_out"]


def measured(signal: str, fingerprint: str) -> Measured | None:
    """What was measured last in this session, if it was this fingerprint."""
    found: Measured | None = st.session_state.get(_MEASURED)
    if found is None or (found.signal, found.fingerprint) != (signal, fingerprint):
        return None
    return found


def announce() -> None:
    """Say what was done by the act that this page was drawn anew for."""
    said = st.session_state.pop(_DONE, None)
    if said:
        st.toast(plain(said), icon=":material/check_circle:")


@dataclass(frozen=True)
class _Desk:
    """Who acts about what."""

    view: SignoffView
    person: Acting | None
    state: State
    names: Directory
    offered: Mapping[str, Offer]

    def offer(self, kind: str) -> Offer:
        return self.offered.get(kind, Offer(False, sign_on.nobody()))

    @property
    def name(self) -> str:
        return "…" if self.person is None else plain(self.person.name)

    def key(self, name: str) -> str:
        """A button's key: a press counts only before anything else is done about a fingerprint."""
        last = self.view.history[0].seq if self.view.history else 0
        return f"{name}_{self.view.fingerprint.id}_{last}"

    def field(self, name: str) -> str:
        """A field's key: what was typed about one fingerprint is not offered for another.

        It stays when an act is refused, when somebody else acts, and when the reader acts for
        another person; it is gone once the reader has done something with it.
        """
        return f"{name}_{self.view.fingerprint.id}_{st.session_state.get(_ACTS, 0)}"

    def actor(self, kind: str) -> Actor:
        assert self.person is not None
        return self.person.actor(self.state, kind, self.view.signal)

    def ask(self, words: Mapping[str, Any]) -> None:
        """Ask that whoever signs signs on again for this; what would be refused is said before."""
        assert self.person is not None
        try:
            proposal = self._proposed(self.actor("validation.signed"), words)
        except LedgerError as error:
            st.error(plain(named(str(error), self.names)), icon=":material/block:")
            return
        confirmed.ask(self.person, self.view.fingerprint.id, proposal, words)

    def confirm(self, id_: str, words: Mapping[str, Any]) -> None:
        """Sign what was confirmed, where it is still what would be signed now."""

        def act(*about: Any, **said: Any) -> Act:
            actor = self.actor("validation.signed")
            assert self.person is not None
            assert self.person.session is not None
            proposal = self._proposed(actor, said)
            at = GRANTS.redeem(id_, digest(proposal), self.person.session.account)
            proven = replace(actor, assurance="re-authenticated")
            office, _, signal, fingerprint = about
            return signing.sign(office, proven, signal, fingerprint, **said, confirmed=at)

        self.run(act, "validation.signed", "Signed.", **words)

    def _proposed(self, actor: Actor, words: Mapping[str, Any]) -> Proposal:
        return signing.proposed_signature(
            owner.office(), actor, self.view.signal, self.view.fingerprint, **words
        )

    def run(self, act: Callable[..., object], kind: str, done: str, **words: Any) -> None:
        """Do an act; what refuses it is said here, and otherwise the page is drawn anew."""
        try:
            with st.spinner("Working…"):
                act(
                    owner.office(),
                    self.actor(kind),
                    self.view.signal,
                    self.view.fingerprint,
                    **words,
                )
        except (Leaked, NothingToJudge) as refusal:
            _keep(self.view, refusal=refusal)
            st.rerun()
        except LedgerError as error:
            st.error(plain(named(str(error), self.names)), icon=":material/block:")
        else:
            st.session_state.pop(_MEASURED, None)
            st.session_state[_ACTS] = st.session_state.get(_ACTS, 0) + 1
            now, state = owner.office().now(), owner.office().state()
            after = state.standing_of(self.view.signal, self.view.fingerprint, now)
            st.session_state[_DONE] = f"{done} {after.reason}"
            st.rerun()


def draw(view: SignoffView, person: Acting | None, state: State, names: Directory) -> None:
    """Every act that makes sense in this state; those that are not theirs say why."""
    now = owner.office().now()
    offered = (
        {}
        if person is None
        else offers(state, person.sub, names, view.signal, view.fingerprint, now)
    )
    desk = _Desk(view, person, state, names, offered)
    if view.decision is None or view.final:
        return
    with st.container(border=True):
        if view.waits is not None:
            _sign(desk)
            _reject(desk)
        else:
            if st.session_state.pop(_PRESSED, None):
                last = view.history[0] if view.history else None
                decided = "" if last is None else f" {last.who} {last.what} ({last.at:%H:%M} UTC)."
                st.warning(plain(f"Already decided:{decided}"), icon=":material/block:")
            _submit(desk)
    if view.open:
        _stop(desk)
    if view.waiver is not None or view.waivable:
        _waive(desk)
    _retire(desk)


def _sign(desk: _Desk) -> None:
    st.markdown("### Sign")
    view, offer = desk.view, desk.offer("validation.signed")
    readable = view.evidence is not None
    why = offer.why if readable or not offer.may else "The evidence cannot be shown."
    for sentence in view.consequence:
        st.markdown(plain(sentence))
    with st.form("sign", border=False):
        # Open to all: a field that is closed while another person is chosen would lose its text.
        meaning = st.text_area(
            "What your signature means",
            key=desk.field("meaning"),
            placeholder=_EXAMPLE,
            help="In your own words; it stands in the trail beside your name.",
            persist_state="page",
        )
        until = _day("Until", desk.field("sign_until"), view.sign_until, latest=True)
        st.caption(f"The gate closes at 00:00 UTC of that day. {confirmed.promise(desk.person)}")
        st.form_submit_button(
            f"Sign as {desk.name}",
            type="primary",
            icon=":material/draw:",
            disabled=bool(why),
            help=plain(why) or None,
            on_click=_press,
            args=("sign", view.waits),
        )
    if why:
        st.caption(f":material/block: {plain(why)}")
    elif (seen := _pressed("sign")) is not None:
        words = {"meaning": meaning, "until": until, "shown": seen}
        if confirmed.asked_of(desk.person):
            desk.ask(words)
        else:
            desk.run(signing.sign, "validation.signed", "Signed.", **words)
    if desk.person is not None and not why:
        confirmed.draw(desk.person, view.fingerprint.id, desk.confirm)


def _press(name: str, evidence: str | None) -> None:
    """Keep on which evidence a button was pressed; by now other evidence may be on the page."""
    st.session_state[_PRESSED] = (name, evidence)


def _pressed(name: str) -> str | None:
    """The evidence on which a button was pressed just now; None: it was not."""
    found: tuple[str, str | None] = st.session_state.get(_PRESSED, ("", None))
    which, evidence = found
    if which != name:
        return None
    del st.session_state[_PRESSED]
    return evidence


def _reject(desk: _Desk) -> None:
    offer = desk.offer("validation.rejected")
    with st.expander("Reject it", icon=":material/thumb_down:"), st.form("reject", border=False):
        reason = st.text_area(
            "Why",
            key=desk.field("reject_reason"),
            placeholder="What is missing or wrong",
            persist_state="page",
        )
        st.form_submit_button(
            f"Reject as {desk.name}",
            disabled=not offer.may,
            help=plain(offer.why) or None,
            on_click=_press,
            args=("reject", desk.view.waits),
        )
        if not offer.may:
            st.caption(f":material/block: {plain(offer.why)}")
        elif (seen := _pressed("reject")) is not None:
            desk.run(signing.reject, "validation.rejected", "Rejected.", reason=reason, shown=seen)


def _submit(desk: _Desk) -> None:
    st.markdown("### Measure and submit")
    offer = desk.offer("validation.submitted")
    st.caption(
        "Freezes what the ledger knows now as evidence, and puts it before a validator. What is "
        "in force stays in force meanwhile."
    )
    leave_out = _leave_out(desk)
    pressed = st.button(
        f"Measure and submit as {desk.name}",
        type="primary",
        icon=":material/upload_file:",
        disabled=not offer.may,
        help=plain(offer.why) or None,
    )
    if not offer.may:
        st.caption(f":material/block: {plain(offer.why)}")
    if st.button("Measure without submitting", icon=":material/straighten:"):
        _measure(desk, leave_out=leave_out)
    if pressed:
        desk.run(
            signing.submit,
            "validation.submitted",
            "Submitted.",
            leave_out_overlap=leave_out,
        )


def _leave_out(desk: _Desk) -> bool:
    """Whether to leave out what was tuned on; asked only once it was found."""
    last = measured(desk.view.signal, desk.view.fingerprint.id)
    if last is None or not last.leaked:
        return False
    return st.checkbox(
        f"Leave out the {counted(last.leaked, 'claim')} tuned on",
        key=desk.key("leave_out"),
        help="The evidence then says how many were left out, and the validator sees it.",
    )


def _measure(desk: _Desk, *, leave_out: bool) -> None:
    view = desk.view
    try:
        with st.spinner("Measuring the claims…"):
            bundle = signing.prepare(
                owner.office(), view.signal, view.fingerprint, leave_out_overlap=leave_out
            )
    except (Leaked, NothingToJudge) as refusal:
        _keep(view, refusal=refusal)
    except LedgerError as error:
        st.error(plain(named(str(error), desk.names)), icon=":material/block:")
        return
    else:
        _keep(view, bundle=bundle)
    st.rerun()


def _keep(
    view: SignoffView,
    *,
    bundle: Bundle | None = None,
    refusal: Leaked | NothingToJudge | None = None,
) -> None:
    st.session_state[_MEASURED] = Measured(view.signal, view.fingerprint.id, bundle, refusal)


def _stop(desk: _Desk) -> None:
    offer = desk.offer("validation.suspended")
    with (
        st.expander("Stop it at once", icon=":material/front_hand:"),
        st.form("stop", border=False),
    ):
        st.caption("Anybody known may. Its claims fall back from the next decision on.")
        reason = st.text_area("Why", key=desk.field("stop_reason"), placeholder="What you saw")
        _button(
            desk,
            f"Stop as {desk.name}",
            offer,
            lambda: desk.run(
                signing.stop,
                "validation.suspended",
                "Stopped: its claims fall back from now on.",
                reason=reason,
            ),
        )


def _waive(desk: _Desk) -> None:
    view = desk.view
    with st.expander("Waiver", icon=":material/schedule:", expanded=view.waiver is not None):
        if view.waiver is not None:
            _asked(view.waiver, "asked that it may act")
            _one_button(
                desk,
                "waiver.approved",
                "Approve the waiver",
                signing.approve_waiver,
                "Approved.",
            )
            return
        with st.form("waiver", border=False):
            st.caption(
                "Two people carry a waiver: a deputy or a risk approver asks, another risk "
                "approver approves. It ends on its day by itself."
            )
            reason = st.text_area("Why it may act meanwhile", key=desk.field("waiver_reason"))
            until = _day("Until", desk.field("waiver_until"), view.waive_until, latest=False)
            _button(
                desk,
                f"Ask for a waiver as {desk.name}",
                desk.offer("waiver.requested"),
                lambda: desk.run(
                    signing.request_waiver,
                    "waiver.requested",
                    "Asked. Another risk approver has to approve it.",
                    reason=reason,
                    until=until,
                ),
            )


def _retire(desk: _Desk) -> None:
    view = desk.view
    with st.expander(
        "Retire it for good", icon=":material/archive:", expanded=view.retirement is not None
    ):
        if view.retirement is not None:
            _asked(view.retirement, "asked to retire it")
            _one_button(
                desk,
                "retirement.approved",
                "Retire it for good",
                signing.approve_retirement,
                "Approved.",
            )
            return
        with st.form("retire", border=False):
            st.caption("Final: the fingerprint can never act again. A validator approves.")
            reason = st.text_area("Why", key=desk.field("retire_reason"))
            _button(
                desk,
                f"Ask to retire as {desk.name}",
                desk.offer("retirement.requested"),
                lambda: desk.run(
                    signing.request_retirement,
                    "retirement.requested",
                    "Asked. A validator has to approve it.",
                    reason=reason,
                ),
            )


def _asked(one: Waiting, what: str) -> None:
    until = "" if one.until is None else f" until {one.until:%Y-%m-%d}"
    st.markdown(f"**{plain(one.who)}** {what}{until}, on {one.at:%Y-%m-%d}: {verbatim(one.reason)}")


def _button(desk: _Desk, label: str, offer: Offer, act: Callable[[], None]) -> None:
    """The button of a form; one that is not theirs says why beneath it."""
    pressed = st.form_submit_button(label, disabled=not offer.may, help=plain(offer.why) or None)
    if not offer.may:
        st.caption(f":material/block: {plain(offer.why)}")
    elif pressed:
        act()


def _one_button(desk: _Desk, kind: str, label: str, act: Callable[..., object], done: str) -> None:
    """A button without anything to type; pressed before another act it does nothing."""
    offer = desk.offer(kind)
    pressed = st.button(
        f"{label} as {desk.name}",
        key=desk.key(kind),
        disabled=not offer.may,
        help=plain(offer.why) or None,
    )
    if not offer.may:
        st.caption(f":material/block: {plain(offer.why)}")
    elif pressed:
        desk.run(act, kind, done)


def _day(label: str, key: str, last: date | None, *, latest: bool) -> datetime:
    """A day as the moment it begins; the last one allowed, or a week from now, until chosen."""
    tomorrow = owner.office().now().date() + timedelta(days=1)
    most = max(tomorrow, last or tomorrow)
    first = most if latest else min(most, tomorrow + timedelta(days=6))
    picked = st.date_input(
        label,
        value=first,
        min_value=tomorrow,
        max_value=most,
        key=key,
        format="YYYY-MM-DD",
        help=f"{most:%Y-%m-%d} at the latest.",
    )
    assert isinstance(picked, date)
    return datetime.combine(picked, time())
