"""The column beside the evidence: what the reader may do about it, in the role they act in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, NoReturn

import streamlit as st

from core.governance.people.names import Directory
from core.governance.perform import Office
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.sentences.numbers import counted
from core.text.markdown import plain, verbatim
from core.trail.acts import Act, Actor, Proposal
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing
from core.validation.evidence_bundle import Bundle
from core.validation.evidence_content import NothingToJudge
from core.validation.held_out import DECLARATION
from core.validation.tuning_leakage import TuningLeaked
from core.views.govern.permitted_acts import Offer, named, offers, refused_as_typed
from core.views.govern.sign_off import SignoffView, Waiting
from dashboard.cache import views as data
from dashboard.parts.govern import confirmation as confirmed
from dashboard.server import open_ledger as owner
from dashboard.server.sign_on.confirmations import CONFIRMATIONS, digest
from dashboard.widgets.acting import act_button, announced, sign_on
from dashboard.widgets.acting.acting_for import Acting

#: In the session: what to say after an act, why one was refused, what was measured without being
#: submitted, on which evidence a button was pressed, and how many acts were done here.
_REFUSED, _MEASURED = "signoff_refused", "signoff_measured"
_PRESSED, _ACTS = "signoff_pressed", "signoff_acts"

#: What makes an act without anything typed.
_Proposing = Callable[[Office, Actor, str, Fingerprint], Proposal]

_EXAMPLE = "I read the evidence and accept this signal for this decision until the date below."


@dataclass(frozen=True)
class MeasuredNow:
    """What came of measuring a fingerprint: a bundle, or why there is none."""

    signal: str
    fingerprint: str
    bundle: Bundle | None = None
    refusal: TuningLeaked | NothingToJudge | None = None

    @property
    def leaked(self) -> int:
        """Claims that were tuned on: refused for, or left out."""
        if isinstance(self.refusal, TuningLeaked):
            return self.refusal.overlap.n
        return 0 if self.bundle is None else self.bundle.counts["overlap_left_out"]


def measured(signal: str, fingerprint: str) -> MeasuredNow | None:
    """What was measured last in this session, if it was this fingerprint."""
    found: MeasuredNow | None = st.session_state.get(_MEASURED)
    if found is None or (found.signal, found.fingerprint) != (signal, fingerprint):
        return None
    return found


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

    def missing(self, kind: str, words: str, until: datetime | None = None) -> str:
        """Why an act cannot be done with what is typed so far; "": it can."""
        offer = self.offer(kind)
        if not offer.may or self.person is None:
            return offer.why
        return refused_as_typed(
            self.state,
            self.person.sub,
            self.names,
            kind,
            self.view.signal,
            self.view.fingerprint,
            owner.office().now(),
            words=words,
            until=until,
        )

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

    def actor(self, kind: str, *, confirming: bool = False) -> Actor:
        assert self.person is not None
        return self.person.actor(self.state, kind, self.view.signal, confirming=confirming)

    def ask(self, words: Mapping[str, Any]) -> None:
        """Ask that whoever signs signs on again for this; what would be refused is said before."""
        assert self.person is not None
        try:
            proposal = self._proposed(self.actor("validation.signed", confirming=True), words)
        except LedgerError as error:
            self._refuse(error)
        confirmed.ask(self.person, self.view.fingerprint.id, [proposal], words)

    def confirm(self, id_: str, words: Mapping[str, Any]) -> None:
        """Sign what was confirmed, where it is still what would be signed now."""

        def act() -> Act:
            actor = self.actor("validation.signed", confirming=True)
            assert self.person is not None
            assert self.person.session is not None
            proposal = self._proposed(actor, words)
            at = CONFIRMATIONS.redeem(id_, digest(proposal), self.person.session.account)
            proven = replace(actor, assurance="re-authenticated")
            office, signal, fingerprint = owner.office(), self.view.signal, self.view.fingerprint
            return signing.sign(office, proven, signal, fingerprint, **words, confirmed=at)

        self._do(act, "Signed.")

    def approve(self, kind: str, propose: _Proposing, *, pressed: bool) -> None:
        """Approve what somebody asked for, where people sign on once it is confirmed."""
        if self.person is None:
            return
        view = self.view

        def proposed(_: Mapping[str, Any]) -> list[Proposal]:
            actor = self.actor(kind, confirming=True)
            return [propose(owner.office(), actor, view.signal, view.fingerprint)]

        def perform(_: Mapping[str, Any], proposals: Callable[[], Sequence[Proposal]]) -> None:
            self._do(lambda: [owner.office().perform(one) for one in proposals()], "Approved.")

        about = f"{kind} {view.fingerprint.id}"
        confirmed.through(self.person, about, {} if pressed else None, proposed, perform)

    def _proposed(self, actor: Actor, words: Mapping[str, Any]) -> Proposal:
        return signing.proposed_signature(
            owner.office(), actor, self.view.signal, self.view.fingerprint, **words
        )

    def run(self, act: Callable[..., object], kind: str, done: str, **words: Any) -> None:
        """Do an act, and draw the page anew; what refused it is said there."""
        view = self.view
        self._do(
            lambda: act(owner.office(), self.actor(kind), view.signal, view.fingerprint, **words),
            done,
        )

    def _do(self, act: Callable[[], object], done: str) -> None:
        try:
            with st.spinner("Working…"):
                act()
        except (TuningLeaked, NothingToJudge) as refusal:
            _keep(self.view, refusal=refusal)
            st.rerun()
        except LedgerError as error:
            self._refuse(error)
        st.session_state.pop(_MEASURED, None)
        st.session_state[_ACTS] = st.session_state.get(_ACTS, 0) + 1
        now, state = owner.office().now(), owner.office().state()
        after = state.standing_of(self.view.signal, self.view.fingerprint, now)
        announced.done(plain(f"{done} {after.reason}"))

    def _refuse(self, error: LedgerError) -> NoReturn:
        """Draw the page as things are now, and say there why an act was refused."""
        st.session_state[_REFUSED] = named(str(error), self.names)
        st.rerun()


@st.fragment
def draw(view: SignoffView, person: Acting | None, state: State, names: Directory) -> None:
    """Every act that makes sense in this state; those that are not theirs say why.

    A fragment: while somebody types, this column alone is drawn anew.
    """
    sign_on.still_signed_on()
    now = owner.office().now()
    offered = (
        {}
        if person is None
        else offers(state, person.sub, names, view.signal, view.fingerprint, now)
    )
    desk = _Desk(view, person, state, names, offered)
    if view.decision is None or view.final:
        return
    if not view.log_only or view.waits is not None:
        _judged(desk)
    if view.open:
        _stop(desk)
    if view.waiver is not None or view.waivable:
        _waive(desk)
    _retire(desk)


def _judged(desk: _Desk) -> None:
    """Evidence: its signature where it waits for one, and otherwise the way to it."""
    view = desk.view
    with st.container(border=True):
        refused, pressed = (st.session_state.pop(key, None) for key in (_REFUSED, _PRESSED))
        if view.waits is None and pressed:
            last = view.history[0] if view.history else None
            decided = "" if last is None else f" {last.who} {last.what} ({last.at:%H:%M} UTC)."
            st.warning(plain(f"Already decided:{decided}"), icon=":material/block:")
        elif refused:
            st.error(plain(refused), icon=":material/block:")
        if view.waits is not None:
            _sign(desk, pressed)
            _reject(desk, pressed)
        else:
            _submit(desk)


def _sign(desk: _Desk, pressed: _Pressed | None) -> None:
    st.markdown("### Sign")
    view, kind = desk.view, "validation.signed"
    for sentence in view.consequence:
        st.markdown(plain(sentence))
    # Open to all: a field that is closed while another person is chosen would lose its text.
    meaning = act_button.asked(
        "What your signature means",
        desk.field("meaning"),
        placeholder=_EXAMPLE,
        help="In your own words; it is kept in the trail beside your name.",
    )
    until = _day("Until", desk.field("sign_until"), view.sign_until, latest=True)
    st.caption(f"The gate closes at 00:00 UTC of that day. {confirmed.promise(desk.person)}")
    missing = desk.missing(kind, meaning, until)
    if view.evidence is None and desk.offer(kind).may:
        missing = "The evidence cannot be shown, and is not signed unseen."
    act_button.draw(
        f"Sign as {desk.name}",
        missing,
        type="primary",
        icon=":material/draw:",
        on_click=_press,
        args=("sign", view.waits),
    )
    if pressed is not None and pressed.act == "sign" and not missing:
        words = {"meaning": meaning, "until": until, "shown": pressed.evidence}
        if confirmed.asked_of(desk.person):
            desk.ask(words)
        else:
            desk.run(signing.sign, kind, "Signed.", **words)
    if desk.person is not None and desk.offer(kind).may:
        confirmed.draw(desk.person, view.fingerprint.id, desk.confirm)


@dataclass(frozen=True)
class _Pressed:
    """A button pressed just now, and on which evidence; by now other may be on the page."""

    act: str
    evidence: str | None


def _press(act: str, evidence: str | None) -> None:
    st.session_state[_PRESSED] = _Pressed(act, evidence)


def _reject(desk: _Desk, pressed: _Pressed | None) -> None:
    kind = "validation.rejected"
    with st.expander("Reject it", icon=":material/thumb_down:"):
        reason = act_button.asked(
            "Why", desk.field("reject_reason"), placeholder="What is missing or wrong"
        )
        act_button.draw(
            f"Reject as {desk.name}",
            desk.missing(kind, reason),
            on_click=_press,
            args=("reject", desk.view.waits),
        )
        if pressed is not None and pressed.act == "reject":
            desk.run(signing.reject, kind, "Rejected.", reason=reason, shown=pressed.evidence)


def _submit(desk: _Desk) -> None:
    st.markdown("### Measure and submit")
    offer = desk.offer("validation.submitted")
    st.caption(
        "Freezes what the ledger knows now as evidence, and puts it before a validator. What is "
        "in force stays in force until then."
    )
    unfit = _unfit(desk) if not offer.why else None
    leave_out, untuned = _leave_out(desk, unfit), _untuned(desk)
    pressed = act_button.draw(
        f"Measure and submit as {desk.name}",
        offer.why or _why_unfit(unfit, leave_out=leave_out) or _why_undeclared(desk, untuned),
        type="primary",
        icon=":material/upload_file:",
    )
    if st.button("Measure without submitting", icon=":material/straighten:"):
        _measure(desk, leave_out=leave_out, untuned=untuned)
    if pressed:
        desk.run(
            signing.submit,
            "validation.submitted",
            "Submitted.",
            leave_out_overlap=leave_out,
            untuned=untuned,
        )


def _unfit(desk: _Desk) -> signing.Unmeasurable | None:
    """What submitting would be refused for, by a look at the claims; None: nothing."""
    return data.unfit(desk.view.signal, desk.view.fingerprint)


def _why_unfit(unfit: signing.Unmeasurable | None, *, leave_out: bool) -> str:
    """Why what there is cannot be submitted; "": it can."""
    if unfit is None or (unfit.leaked and leave_out):
        return ""
    if unfit.leaked:
        return f"Leave out the {counted(unfit.leaked, 'claim')} tuned on first."
    return (
        "There is no claim to judge yet. Bring in heldout claims, or wait until outcomes are final."
    )


def _leave_out(desk: _Desk, unfit: signing.Unmeasurable | None) -> bool:
    """Whether to leave out what was tuned on; asked only where it was found."""
    last = measured(desk.view.signal, desk.view.fingerprint.id)
    leaked = unfit.leaked if unfit is not None else 0 if last is None else last.leaked
    if not leaked:
        return False
    return st.checkbox(
        f"Leave out the {counted(leaked, 'claim')} tuned on",
        key=desk.key("leave_out"),
        help="The evidence then says how many were left out, and the validator sees it.",
    )


def _untuned(desk: _Desk) -> bool:
    """Whether the owner declares that nothing was chosen on the claims judged."""
    if desk.view.signal in data.signals_tuned_by_input():
        return False
    return st.checkbox(
        f"I declare: {DECLARATION}",
        # What one person declared is not said for the next.
        key=desk.key(f"untuned_{desk.name}"),
        help="Part of the evidence, and of what the validator signs. No claim of this signal is "
        "marked as tuning, or some of its claims name no input, so not all can be checked. Without "
        "it the evidence is not met; split=tuning and the input_id of every claim show it instead.",
    )


def _why_undeclared(desk: _Desk, untuned: bool) -> str:
    """Why it would not be met for want of a declaration; "": it is there, or not needed."""
    if untuned or desk.view.signal in data.signals_tuned_by_input():
        return ""
    return "Declare it first, or bring in what was chosen on with split=tuning and input_id."


def _measure(desk: _Desk, *, leave_out: bool, untuned: bool) -> None:
    view = desk.view
    try:
        with st.spinner("Measuring the claims…"):
            bundle = signing.prepare(
                owner.office(),
                view.signal,
                view.fingerprint,
                leave_out_overlap=leave_out,
                untuned=untuned,
            )
    except (TuningLeaked, NothingToJudge) as refusal:
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
    refusal: TuningLeaked | NothingToJudge | None = None,
) -> None:
    st.session_state[_MEASURED] = MeasuredNow(view.signal, view.fingerprint.id, bundle, refusal)


def _stop(desk: _Desk) -> None:
    with st.expander("Stop it at once", icon=":material/front_hand:"):
        st.caption(
            "Anyone known to this ledger may. Its claims fall back from the next decision on."
        )
        reason = act_button.asked("Why", desk.field("stop_reason"), placeholder="What you saw")
        if act_button.draw(f"Stop as {desk.name}", desk.missing("validation.suspended", reason)):
            desk.run(
                signing.stop,
                "validation.suspended",
                "Stopped: its claims fall back from now on.",
                reason=reason,
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
                signing.proposed_waiver,
            )
            return
        st.caption(
            "A waiver takes two people: a deputy or a risk approver asks, another risk approver "
            "approves. It ends by itself on its day."
        )
        reason = act_button.asked("Why it may act meanwhile", desk.field("waiver_reason"))
        until = _day("Until", desk.field("waiver_until"), view.waive_until, latest=False)
        if act_button.draw(
            f"Ask for a waiver as {desk.name}", desk.missing("waiver.requested", reason, until)
        ):
            desk.run(
                signing.request_waiver,
                "waiver.requested",
                "Asked. Another risk approver has to approve it.",
                reason=reason,
                until=until,
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
                signing.proposed_retirement,
            )
            return
        st.caption("Final: the fingerprint can never act again. A validator approves.")
        reason = act_button.asked("Why", desk.field("retire_reason"))
        if act_button.draw(
            f"Ask to retire as {desk.name}", desk.missing("retirement.requested", reason)
        ):
            desk.run(
                signing.request_retirement,
                "retirement.requested",
                "Asked. A validator has to approve it.",
                reason=reason,
            )


def _asked(one: Waiting, what: str) -> None:
    until = "" if one.until is None else f" until {one.until:%Y-%m-%d}"
    st.markdown(f"**{plain(one.who)}** {what}{until}, on {one.at:%Y-%m-%d}: {verbatim(one.reason)}")


def _one_button(desk: _Desk, kind: str, label: str, propose: _Proposing) -> None:
    """A button without anything to type; pressed before another act it does nothing."""
    why = desk.offer(kind).why
    pressed = act_button.draw(f"{label} as {desk.name}", why, key=desk.key(kind))
    if not why:
        desk.approve(kind, propose, pressed=pressed)


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
