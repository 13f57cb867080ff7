"""Bearer tokens for HTTP: shown once, kept as a hash, given and taken back as acts."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from core.govern.acts import Actor, Proposal
from core.govern.office import Office
from core.store.errors import LedgerError

SCOPES = ("ingest", "decide", "read")


@dataclass(frozen=True)
class Token:
    """A token without its secret."""

    token_id: str
    label: str
    scopes: tuple[str, ...]
    revoked: bool


def create(office: Office, actor: Actor, label: str, scopes: Sequence[str]) -> tuple[Token, str]:
    """Give out a token; the secret is returned once and cannot be read again.

    Raises:
        LedgerError: an unknown scope, or none.
        Refused: the actor may not.
    """
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise LedgerError(
            f"A token's scopes are among {', '.join(SCOPES)}; not {', '.join(unknown) or 'none'}."
        )
    chosen = tuple(scope for scope in SCOPES if scope in scopes)
    token, secret = Token(f"t-{secrets.token_hex(4)}", label, chosen, False), new_secret()
    body = {"token": token.token_id, "scopes": list(chosen), "label": label}
    office.perform(
        Proposal("token.created", actor, body=body),
        lambda cursor, _act: _insert(cursor, token, secret),
    )
    return token, secret


def revoke(office: Office, actor: Actor, token_id: str) -> None:
    """Take a token back.

    Raises:
        LedgerError: there is no such token in use.
        Refused: the actor may not.
    """
    known = {one.token_id for one in tokens(office.ledger.cursor()) if not one.revoked}
    if token_id not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise LedgerError(f"There is no token {token_id!r} in use; there are: {listed}.")
    office.perform(
        Proposal("token.revoked", actor, body={"token": token_id}),
        lambda cursor, _act: cursor.execute(
            "UPDATE tokens SET revoked = true WHERE token_id = $token", {"token": token_id}
        ),
    )


def tokens(cursor: duckdb.DuckDBPyConnection) -> tuple[Token, ...]:
    """Every token ever given out, by label."""
    rows = cursor.execute(
        "SELECT token_id, label, scopes, revoked FROM tokens ORDER BY label, token_id"
    ).fetchall()
    return tuple(Token(row[0], row[1], tuple(row[2]), row[3]) for row in rows)


def scopes_of(cursor: duckdb.DuckDBPyConnection, secret: str) -> frozenset[str]:
    """What a secret allows; nothing for an unknown or revoked one."""
    row = cursor.execute(
        "SELECT scopes FROM tokens WHERE token_sha256 = $hash AND NOT revoked",
        {"hash": _hash(secret)},
    ).fetchone()
    return frozenset(row[0]) if row else frozenset()


def new_secret() -> str:
    """A secret of 256 bits, with a mark by which scanners know it."""
    return f"calledger_{secrets.token_urlsafe(32)}"


def _insert(cursor: duckdb.DuckDBPyConnection, token: Token, secret: str) -> None:
    cursor.execute(
        "INSERT INTO tokens VALUES ($id, $hash, $scopes, $label, false)",
        {
            "id": token.token_id,
            "hash": _hash(secret),
            "scopes": list(token.scopes),
            "label": token.label,
        },
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
