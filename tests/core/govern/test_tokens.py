"""Tokens: shown once, kept as a hash, given and taken back as acts."""

from __future__ import annotations

import pytest

from core.govern import tokens, trail
from core.govern.access import Refused
from core.store.errors import LedgerError


def test_a_token_opens_its_scopes_until_it_is_taken_back(governed):
    admin = governed.actor("user:desk/admin", "token.created", None)
    made, secret = tokens.create(governed.office, admin, "desk", ["read", "decide"])
    cursor = governed.ledger.cursor()
    assert tokens.scopes_of(cursor, secret) == {"decide", "read"}
    assert tokens.scopes_of(cursor, secret + "x") == frozenset()
    tokens.revoke(governed.office, admin, made.token_id)
    assert tokens.scopes_of(cursor, secret) == frozenset()
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
