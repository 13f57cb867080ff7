"""Who signed on acts as the person they are bound to, asked for at every act."""

from __future__ import annotations

import time

import pytest

from core.governance.bodies.refusal import Refused
from core.governance.people import accounts
from core.governance.people.accounts import Account
from core.trail.act_kinds import KINDS
from dashboard.server import open_ledger as owner
from dashboard.server import settings as server
from dashboard.server.sign_on.session import Session
from dashboard.server.sign_on.settings import Provider, SignOn
from dashboard.widgets.acting import sign_on
from dashboard.widgets.acting.acting_for import Acting
from tests.worlds.governed.governed import Governed, clock, governed  # noqa: F401

VERA = Account("https://login.example.org", "vera-2")
SETTINGS = SignOn("http://localhost:8501", "s" * 32, 8.0, {})


@pytest.fixture
def people(
    governed: Governed,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> Governed:
    """People who sign on, of whom Vera's account is bound."""
    monkeypatch.setattr(owner, "office", lambda: governed.office)
    monkeypatch.setattr(sign_on, "sign_on", lambda: SETTINGS)
    admin = governed.actor("user:desk/admin", "person.bound", None)
    accounts.bind(governed.office, admin, governed.sub("user:risk/vera"), VERA)
    return governed


def vera(people: Governed, age: float = 0, account: Account = VERA) -> Acting:
    since = time.time() - age
    session = Session(account, "Vera R.", "acme", since, f"{account.id} {since}")
    return Acting(people.sub("user:risk/vera"), "Vera Roth", session)


def test_an_act_of_somebody_signed_on_says_so_and_has_the_role_of_the_person(
    people: Governed,
) -> None:
    actor = vera(people).actor(people.office.state(), "validation.signed", "triage")
    assert (actor.role, actor.assurance, actor.via) == ("validator", "signed-on", "page")


def test_an_act_after_the_hours_of_the_session_is_refused(people: Governed) -> None:
    person = vera(people, age=8 * 3600 + 1)
    with pytest.raises(Refused, match="Your session is over"):
        person.actor(people.office.state(), "validation.suspended", "triage")


def test_an_act_after_the_account_was_taken_is_refused_on_the_page_that_is_open(
    people: Governed,
) -> None:
    person = vera(people)
    person.assurance()
    admin = people.actor("user:desk/admin", "person.unbound", None)
    accounts.unbind(people.office, admin, VERA)
    with pytest.raises(Refused, match="no longer bound to Vera Roth"):
        person.actor(people.office.state(), "validation.suspended", "triage")


def test_another_account_is_not_the_person(people: Governed) -> None:
    with pytest.raises(Refused, match="no longer bound"):
        vera(people, account=Account(VERA.issuer, "vera")).assurance()


def test_nobody_is_chosen_where_people_sign_on(people: Governed) -> None:
    with pytest.raises(Refused, match="Sign on to act here"):
        Acting(people.sub("user:risk/vera"), "Vera Roth").assurance()


WEIGHTY = sorted(key for key, kind in KINDS.items() if kind.weighty)


def provider(*, reauthenticate: bool) -> SignOn:
    made = Provider("acme", "Acme", "https://x/m", "c", "s", reauthenticate=reauthenticate)
    return SignOn("http://localhost:8501", "s" * 32, 8.0, {"acme": made})


def test_what_opens_ends_or_gives_power_is_weighty_and_stopping_is_not() -> None:
    weighty = {"finding.waived", "waiver.approved", "retirement.approved", "role.granted"}
    # Who may sign, and what may act, stands in the registry.
    weighty |= {"registry.set", "group.set"}
    assert weighty <= set(WEIGHTY)
    # Whoever sees harm stops it at once.
    assert not KINDS["validation.suspended"].weighty


@pytest.mark.parametrize("kind", WEIGHTY)
def test_an_act_of_weight_is_refused_on_a_page_that_does_not_have_it_confirmed(
    people: Governed, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    person, state = vera(people), people.office.state()
    assert person.actor(state, kind, "triage").assurance == "signed-on"
    monkeypatch.setattr(server, "sign_on", lambda: provider(reauthenticate=True))
    with pytest.raises(Refused, match="sign on once more for it"):
        person.actor(state, kind, "triage")
    assert person.actor(state, kind, "triage", confirming=True).assurance == "signed-on"
    assert person.actor(state, "validation.suspended", "triage").sub == person.sub
    # A provider that cannot ask again, and a ledger where nobody signs on, are as easy as before.
    monkeypatch.setattr(server, "sign_on", lambda: provider(reauthenticate=False))
    assert person.actor(state, kind, "triage").assurance == "signed-on"
    monkeypatch.setattr(server, "sign_on", lambda: None)
    monkeypatch.setattr(sign_on, "sign_on", lambda: None)
    local = Acting(person.sub, person.name)
    assert local.actor(state, kind, "triage").assurance == "none"
