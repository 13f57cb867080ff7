"""Sign-on accounts of people: bound by an admin, one person each, gone when a name is erased."""

from __future__ import annotations

import pytest

from core.governance import accounts, people
from core.governance.accounts import Account, account
from core.governance.permissions import Refused
from core.ledger.errors import LedgerError
from core.trail import log as trail
from tests.worlds.governed import Governed

VERA = Account("https://login.example.org", "vera-7f3a")


def bind(governed: Governed, handle: str = "user:risk/vera", found: Account = VERA) -> None:
    actor = governed.actor("user:desk/admin", "person.bound", None)
    accounts.bind(governed.office, actor, governed.sub(handle), found)


def test_an_admin_binds_an_account_and_the_trail_holds_only_its_hash(governed: Governed) -> None:
    assert accounts.person_of(governed.office.state(), VERA) is None
    bind(governed)
    assert accounts.person_of(governed.office.state(), VERA) == governed.sub("user:risk/vera")
    written = "\n".join(text for _, text, _ in trail.entries(governed.ledger.cursor()))
    assert VERA.id in written
    assert VERA.subject not in written


def test_nobody_but_an_admin_binds(governed: Governed) -> None:
    actor = governed.actor("user:risk/vera", "person.bound", None)
    with pytest.raises(Refused, match="Only an admin may bind a sign-on account"):
        accounts.bind(governed.office, actor, governed.sub("user:risk/vera"), VERA)


def test_an_account_is_one_persons_and_another_subject_or_issuer_is_another(
    governed: Governed,
) -> None:
    bind(governed)
    with pytest.raises(Refused, match="already"):
        bind(governed)
    with pytest.raises(Refused, match="take it from them first"):
        bind(governed, "user:desk/ann")
    for other in (
        Account(VERA.issuer, "vera"),
        Account("https://login.example.net", VERA.subject),
    ):
        assert accounts.person_of(governed.office.state(), other) is None


def test_who_left_is_bound_to_nothing_more_and_an_account_can_be_taken(governed: Governed) -> None:
    bind(governed)
    admin = governed.actor("user:desk/admin", "person.unbound", None)
    accounts.unbind(governed.office, admin, VERA)
    assert accounts.person_of(governed.office.state(), VERA) is None
    admin = governed.actor("user:desk/admin", "person.status", None)
    people.set_status(governed.office, admin, governed.sub("user:risk/vera"), "left")
    with pytest.raises(Refused, match="has left"):
        bind(governed)


def test_erasing_a_name_takes_its_accounts(governed: Governed) -> None:
    bind(governed)
    admin = governed.actor("user:desk/admin", "person.forgotten", None)
    people.forget(governed.office, admin, governed.sub("user:risk/vera"))
    assert accounts.person_of(governed.office.state(), VERA) is None


@pytest.mark.parametrize(
    ("issuer", "subject", "words"),
    [("login.example.org", "vera", "issuer"), ("https://a.org", " ", "subject")],
)
def test_an_account_that_cannot_be_is_refused_by_name(
    issuer: str, subject: str, words: str
) -> None:
    with pytest.raises(LedgerError, match=words):
        account(issuer, subject)
