"""Tokens: shown once, kept as a hash, given and revoked as acts."""

from __future__ import annotations

import pytest

from core.governance.bodies.refusal import Refused
from core.governance.people import api_tokens as tokens
from core.ledger.errors import LedgerError
from core.trail import log as trail


def test_a_token_opens_its_scopes_until_it_is_taken_back(governed):
    admin = governed.actor("user:desk/admin", "token.created", None)
    made, secret = tokens.create(governed.office, admin, "desk", ["read", "decide"])
    cursor = governed.ledger.cursor()
    assert _scopes(governed, secret) == {"decide", "read"}
    assert _scopes(governed, secret + "x") == frozenset()
    tokens.revoke(governed.office, admin, made.token_id)
    assert _scopes(governed, secret) == frozenset()
    assert [act.kind for act in trail.acts(cursor)[-2:]] == ["token.created", "token.revoked"]


def test_the_secret_stands_nowhere_in_the_ledger(governed):
    admin = governed.actor("user:desk/admin", "token.created", None)
    _, secret = tokens.create(governed.office, admin, "desk", ["read"])
    cursor = governed.ledger.cursor()
    for table in ("tokens", "acts", "checkpoints"):
        assert secret not in str(cursor.execute(f"FROM {table}").fetchall())


def test_only_an_admin_gives_tokens_out(governed):
    with pytest.raises(Refused, match="admin"):
        tokens.create(
            governed.office, governed.actor("user:desk/ann", "token.created", None), "x", ["read"]
        )
    assert tokens.tokens(governed.ledger.cursor()) == ()


@pytest.mark.parametrize("scopes", [[], ["everything"]])
def test_an_unknown_scope_or_none_is_refused(governed, scopes: list[str]):
    admin = governed.actor("user:desk/admin", "token.created", None)
    with pytest.raises(LedgerError, match="ingest, decide, read"):
        tokens.create(governed.office, admin, "x", scopes)


def test_taking_back_an_unknown_token_names_those_in_use(governed):
    admin = governed.actor("user:desk/admin", "token.created", None)
    made, _ = tokens.create(governed.office, admin, "desk", ["read"])
    with pytest.raises(LedgerError, match=made.token_id):
        tokens.revoke(governed.office, admin, "t-none")


def _given(governed) -> tuple[tokens.Token, str]:
    admin = governed.actor("user:desk/admin", "token.created", None)
    return tokens.create(governed.office, admin, "desk", ["read"])


def _scopes(governed, secret: str) -> frozenset[str]:
    found = tokens.grant_of(governed.ledger.cursor(), governed.office.state(), secret)
    return frozenset() if found is None else frozenset(found.scopes)


def test_a_token_put_into_the_table_by_hand_opens_nothing(governed):
    governed.ledger.cursor().execute(
        "INSERT INTO tokens VALUES ('t-forged', sha256('mine'), ['decide'], 'x', false)"
    )
    assert _scopes(governed, "mine") == frozenset()


@pytest.mark.parametrize(
    "change",
    [
        "scopes = ['read', 'decide']",
        "token_sha256 = sha256('mine')",
        "token_id = 't-other'",
    ],
)
def test_a_token_whose_row_was_altered_opens_nothing(governed, change: str):
    _, secret = _given(governed)
    assert _scopes(governed, secret) == {"read"}
    governed.ledger.cursor().execute(f"UPDATE tokens SET {change}")
    assert _scopes(governed, secret) == _scopes(governed, "mine") == frozenset()


def test_a_token_that_was_taken_back_stays_so_whatever_the_table_says(governed):
    made, secret = _given(governed)
    admin = governed.actor("user:desk/admin", "token.revoked", None)
    tokens.revoke(governed.office, admin, made.token_id)
    governed.ledger.cursor().execute("UPDATE tokens SET revoked = false")
    assert _scopes(governed, secret) == frozenset()


def test_a_token_given_out_twice_in_the_table_opens_nothing(governed):
    _, secret = _given(governed)
    governed.ledger.cursor().execute("INSERT INTO tokens FROM tokens")
    assert _scopes(governed, secret) == frozenset()
