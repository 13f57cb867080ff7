"""Sign-on accounts of people: bound by an admin, one person each, gone when a name is erased."""

from __future__ import annotations

import pytest

from core.audit.verify import verify_ledger
from core.governance.bodies.refusal import Refused
from core.governance.people import accounts, people
from core.governance.people.accounts import Account, account
from core.ledger.errors import LedgerError
from core.trail import log as trail
from core.trail.acts import Proposal
from tests.worlds.governed.governed import Governed

VERA = Account("https://login.example.org", "vera-7f3a")


def bind(governed: Governed, handle: str = "user:risk/vera", found: Account = VERA) -> None:
    actor = governed.actor("user:desk/admin", "person.bound", None)
    accounts.bind(governed.office, actor, governed.sub(handle), found)


def written(governed: Governed) -> str:
    return "\n".join(text for _, text, _ in trail.entries(governed.ledger.cursor()))


def test_an_admin_binds_an_account_and_the_trail_holds_only_a_salted_hash(
    governed: Governed,
) -> None:
    assert accounts.person_of(governed.office, VERA) is None
    bind(governed)
    assert accounts.person_of(governed.office, VERA) == governed.sub("user:risk/vera")
    # Whoever guesses issuer and subject cannot tell by the trail whether they guessed right.
    assert VERA.id not in written(governed)
    assert VERA.subject not in written(governed)
    assert verify_ledger(governed.ledger.cursor()).ok


def test_an_account_that_an_earlier_version_bound_without_a_salt_still_is(
    governed: Governed,
) -> None:
    vera, actor = governed.sub("user:risk/vera"), governed.actor("user:desk/admin", "person.bound")
    body = {"sub": vera, "issuer": VERA.issuer, "account": VERA.id}
    governed.office.perform(Proposal("person.bound", actor, body=body))
    assert accounts.person_of(governed.office, VERA) == vera
    report = verify_ledger(governed.ledger.cursor())
    assert report.ok
    assert any("1 sign-on account is bound by an earlier version" in one for one in report.remarks)
    with pytest.raises(Refused, match="already"):
        bind(governed)
    accounts.unbind(governed.office, actor, VERA)
    assert accounts.person_of(governed.office, VERA) is None


@pytest.mark.parametrize(
    ("sql", "words", "still"),
    [
        ("UPDATE accounts SET salt = repeat('0', 64)", "lacks the salt", False),
        ("DELETE FROM accounts", "lacks the salt", False),
        ("UPDATE accounts SET sub = 'p-00000000000000ff'", "what no act bound", True),
        ("INSERT INTO accounts SELECT sub, repeat('0', 64), salt FROM accounts",
         "what no act bound", True),
    ],
)  # fmt: skip
def test_a_row_of_an_account_changed_by_hand_is_found_and_makes_nobody_somebody_else(
    governed: Governed, sql: str, words: str, still: bool
) -> None:
    bind(governed)
    governed.ledger.cursor().execute(sql)
    report = verify_ledger(governed.ledger.cursor())
    assert not report.ok
    assert any(words in one.words for one in report.problems)
    vera = governed.sub("user:risk/vera")
    assert accounts.person_of(governed.office, VERA) == (vera if still else None)


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
        assert accounts.person_of(governed.office, other) is None


def test_who_left_is_bound_to_nothing_more_and_an_account_can_be_taken(governed: Governed) -> None:
    bind(governed)
    admin = governed.actor("user:desk/admin", "person.unbound", None)
    accounts.unbind(governed.office, admin, VERA)
    assert accounts.person_of(governed.office, VERA) is None
    assert verify_ledger(governed.ledger.cursor()).ok
    admin = governed.actor("user:desk/admin", "person.status", None)
    people.set_status(governed.office, admin, governed.sub("user:risk/vera"), "left")
    with pytest.raises(Refused, match="has left"):
        bind(governed)


def test_erasing_a_name_takes_its_accounts(governed: Governed) -> None:
    bind(governed)
    admin = governed.actor("user:desk/admin", "person.forgotten", None)
    people.forget(governed.office, admin, governed.sub("user:risk/vera"))
    assert governed.ledger.cursor().execute("SELECT count(*) FROM accounts").fetchone() == (0,)
    assert verify_ledger(governed.ledger.cursor()).ok
    assert accounts.person_of(governed.office, VERA) is None


@pytest.mark.parametrize(
    ("issuer", "subject", "words"),
    [("login.example.org", "vera", "issuer"), ("https://a.org", " ", "subject")],
)
def test_an_account_that_cannot_be_is_refused_by_name(
    issuer: str, subject: str, words: str
) -> None:
    with pytest.raises(LedgerError, match=words):
        account(issuer, subject)
