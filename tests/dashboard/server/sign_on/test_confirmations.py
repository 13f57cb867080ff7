"""A grant serves one signature, once, for five minutes, to whom signed on again for it."""

from __future__ import annotations

import pytest

from core.governance.bodies.refusal import Refused
from core.governance.people.accounts import Account
from core.trail.acts import Actor, Proposal, Signature
from core.trail.fingerprint import Fingerprint
from dashboard.server.sign_on.confirmations import LASTS, Confirmations, digest

HERE = "the cookie of a browser"
VERA, ANN = (Account("https://login.example.org", one) for one in ("vera", "ann"))


def signature(
    meaning: str = "I read it",
    *,
    evidence: str = "e1",
    kind: str = "validation.signed",
    signal: str = "desk",
    person: str = "p-1",
    model: str = "m1",
    until: str = "2027-01-01",
) -> Proposal:
    return Proposal(
        kind,
        Actor(person, "validator"),
        signal,
        Fingerprint(model_version=model),
        {"until": until},
        Signature(meaning, evidence),
    )


class Waiting:
    """A signature that waits, at a time the test moves."""

    def __init__(self) -> None:
        self.now = 1_000_000.6
        self.waiting = Confirmations(lambda: self.now)
        self.id = self.waiting.ask(
            digest(signature()), VERA, "acme", browser=HERE, about=[("Act", "signed")]
        )

    def started(self) -> str:
        seen = self.waiting.shown(self.id, HERE).seen
        state = self.waiting.start(self.id, HERE, seen).state
        assert state is not None
        return state

    def granted(self) -> None:
        self.started()
        self.waiting.grant(self.id, VERA, 1_000_000)

    def redeem(self, proposal: Proposal | None = None, account: Account = VERA) -> str:
        return str(self.waiting.redeem(self.id, digest(proposal or signature()), account))


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def test_a_grant_is_used_once_and_says_when_its_signer_signed_on(waiting: Waiting) -> None:
    state = waiting.started()
    assert waiting.waiting.of_state(state, HERE)[0] == waiting.id
    # Providers count whole seconds: the same second is not before.
    waiting.waiting.grant(waiting.id, VERA, 1_000_000)
    with pytest.raises(Refused, match="was used"):
        waiting.waiting.of_state(state, HERE)
    assert waiting.redeem() == "1970-01-12 13:46:40"
    with pytest.raises(Refused, match="was used"):
        waiting.redeem()


@pytest.mark.parametrize(
    "other",
    [
        signature("I did not read it"),
        signature(evidence="e2"),
        signature(kind="validation.rejected"),
        signature(signal="till"),
        signature(person="p-2"),
        signature(model="m2"),
        signature(until="2028-01-01"),
    ],
)
def test_a_grant_serves_no_other_signature_and_is_gone_with_the_attempt(
    waiting: Waiting, other: Proposal
) -> None:
    waiting.granted()
    with pytest.raises(Refused, match="something else than this"):
        waiting.redeem(other)
    with pytest.raises(Refused, match="was used"):
        waiting.redeem()


def waiver(finding: str, until: str = "2026-12-01") -> Proposal:
    body = {"finding": finding, "until": until, "reason": "known"}
    return Proposal("finding.waived", Actor("p-1", "risk_approver"), "desk", None, body)


@pytest.mark.parametrize(
    "other",
    [
        [waiver("n-1")],
        [waiver("n-1"), waiver("n-3")],
        [waiver("n-1"), waiver("n-2", "2027-01-01")],
        [waiver("n-1"), waiver("n-2"), waiver("n-3")],
    ],
)
def test_a_grant_for_several_acts_serves_just_these(
    waiting: Waiting, other: list[Proposal]
) -> None:
    for asked, good in ((other, False), ([waiver("n-1"), waiver("n-2")], True)):
        waiting.id = waiting.waiting.ask(
            digest(waiver("n-1"), waiver("n-2")), VERA, "acme", browser=HERE, about=[]
        )
        waiting.granted()
        if good:
            waiting.waiting.redeem(waiting.id, digest(*asked), VERA)
        else:
            with pytest.raises(Refused, match="something else than this"):
                waiting.waiting.redeem(waiting.id, digest(*asked), VERA)


def test_a_grant_serves_nobody_else(waiting: Waiting) -> None:
    waiting.granted()
    with pytest.raises(Refused, match="something else than this"):
        waiting.redeem(account=ANN)


def test_somebody_else_who_signs_on_grants_nothing(waiting: Waiting) -> None:
    waiting.started()
    with pytest.raises(Refused, match="Somebody else"):
        waiting.waiting.grant(waiting.id, ANN, 1_000_001)
    found = waiting.waiting.look(waiting.id)
    assert found is not None
    assert (found.stage, "Somebody else" in found.reason) == ("refused", True)
    with pytest.raises(Refused, match="was used"):
        waiting.redeem()


@pytest.mark.parametrize(
    ("auth_time", "words"),
    [
        (999_999, "did not ask you again"),
        (1_000_900, "clock is ahead"),
        (None, "does not say when"),
        (True, "does not say when"),
        ("1000001", "does not say when"),
        (float("nan"), "does not say when"),
    ],
)
def test_a_sign_on_that_was_not_made_for_it_grants_nothing(
    waiting: Waiting, auth_time: object, words: str
) -> None:
    waiting.started()
    with pytest.raises(Refused, match=words):
        waiting.waiting.grant(waiting.id, VERA, auth_time)


@pytest.mark.parametrize("stage", ["asked", "started", "granted"])
def test_a_grant_ends_after_five_minutes(waiting: Waiting, stage: str) -> None:
    if stage != "asked":
        waiting.started()
    if stage == "granted":
        waiting.waiting.grant(waiting.id, VERA, 1_000_000)
    waiting.now += LASTS
    assert waiting.waiting.look(waiting.id) is None
    with pytest.raises(Refused):
        waiting.redeem()
    with pytest.raises(Refused):
        waiting.waiting.start(waiting.id, HERE, "")


def test_nothing_is_granted_that_was_not_asked_of_the_provider(waiting: Waiting) -> None:
    with pytest.raises(Refused):
        waiting.waiting.grant(waiting.id, VERA, 1_000_001)
    with pytest.raises(Refused):
        waiting.waiting.start("guessed", HERE, "")
    first = waiting.started()
    # Asked once more, an answer to the first request is worth nothing.
    waiting.started()
    with pytest.raises(Refused):
        waiting.waiting.of_state(first, HERE)
    waiting.waiting.drop(waiting.id)
    assert waiting.waiting.look(waiting.id) is None


@pytest.mark.parametrize("browser", ["another", ""])
def test_another_browser_neither_sees_nor_starts_nor_ends_it(
    waiting: Waiting, browser: str
) -> None:
    seen = waiting.waiting.shown(waiting.id, HERE).seen
    with pytest.raises(Refused, match="another browser"):
        waiting.waiting.shown(waiting.id, browser)
    with pytest.raises(Refused, match="another browser"):
        waiting.waiting.start(waiting.id, browser, seen)
    state = waiting.started()
    with pytest.raises(Refused, match="another browser"):
        waiting.waiting.of_state(state, browser)
    # Whoever pressed for it is not kept from it by that.
    waiting.waiting.grant(waiting.id, VERA, 1_000_001)
    assert waiting.redeem()


def test_nobody_is_sent_to_the_provider_who_was_not_shown_what_they_confirm(
    waiting: Waiting,
) -> None:
    assert waiting.waiting.shown(waiting.id, HERE).about == (("Act", "signed"),)
    for seen in ("", "guessed", "é"):
        with pytest.raises(Refused):
            waiting.waiting.start(waiting.id, HERE, seen)
    assert waiting.waiting.look(waiting.id).stage == "waiting"  # type: ignore[union-attr]
