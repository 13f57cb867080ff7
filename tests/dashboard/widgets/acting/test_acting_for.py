"""Who signed on acts as the person they are bound to, asked for at every act."""

from __future__ import annotations

import time

import pytest

from core.governance import accounts
from core.governance.accounts import Account
from core.governance.permissions import Refused
from dashboard.server import open_ledger as owner
from dashboard.server.sign_on.session import Session
from dashboard.server.sign_on.settings import SignOn
from dashboard.widgets.acting import sign_on
from dashboard.widgets.acting.acting_for import Acting
from tests.worlds.governed import Governed, clock, governed  # noqa: F401

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
