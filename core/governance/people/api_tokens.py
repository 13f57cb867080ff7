"""Bearer tokens for HTTP: shown once, kept as a hash, given and revoked as acts.

What a token may is what its act says; the table only lists them. A row that differs from its act,
or has none, opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from core.governance.perform import Office
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.trail.acts import Act, Actor, Proposal
from core.trail.problems import Problem

SCOPES = ("ingest", "decide", "read", "command")


@dataclass(frozen=True)
class Token:
    """A token without its secret."""

    token_id: str
    label: str
    scopes: tuple[str, ...]
    revoked: bool


def create(office: Office, actor: Actor, label: str, scopes: Sequence[str]) -> tuple[Token, str]:
    """Issue a token; the secret is returned once and cannot be read again.

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
    # A secret of 256 bits cannot be guessed from its hash, so that may stand in the trail.
    body = {
        "token": token.token_id,
        "scopes": list(chosen),
        "label": label,
        "secret_sha256": _hash(secret),
    }
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


def grant_of(cursor: duckdb.DuckDBPyConnection, state: State, secret: str) -> Token | None:
    """The token of a secret; None for one that is unknown, revoked, or not as its act says."""
    hashed = _hash(secret)
    rows = cursor.execute(
        "SELECT token_id, label, scopes, revoked FROM tokens WHERE token_sha256 = $hash",
        {"hash": hashed},
    ).fetchall()
    if len(rows) != 1:
        return None
    ((token_id, label, scopes, revoked),) = rows
    grant = state.tokens.get(token_id)
    if grant is None or grant.revoked or revoked or tuple(scopes) != grant.scopes:
        return None
    # An act of an earlier version does not carry the hash.
    if grant.secret_sha256 is not None and grant.secret_sha256 != hashed:
        return None
    return Token(token_id, label, grant.scopes, False)


def check_tokens(
    cursor: duckdb.DuckDBPyConnection, acts: Iterable[Act]
) -> tuple[list[Problem], list[str]]:
    """The table of tokens against the acts: what differs, and what no act carries, in words."""
    given: dict[str, tuple[object, ...]] = {}
    for act in acts:
        token, body = act.body.get("token"), act.body
        if act.kind == "token.created" and isinstance(token, str):
            given[token] = (body.get("secret_sha256"), body.get("scopes"), body.get("label"), False)
        elif act.kind == "token.revoked" and token in given:
            given[str(token)] = (*given[str(token)][:3], True)
    problems, bare, seen = list[Problem](), list[str](), set[str]()
    rows = cursor.execute(
        "SELECT token_id, token_sha256, scopes, label, revoked FROM tokens ORDER BY ALL"
    ).fetchall()
    for token, *row in rows:
        if token not in given:
            words = f"The table tokens holds {token}, which no entry gave out; it opens nothing."
            problems.append(Problem("table", None, words))
            continue
        due = given[token]
        if due[0] is None:
            bare.append(token)
            due = (row[0], *due[1:])
        if token in seen or tuple(row) != due:
            words = f"The token {token} in the table tokens is not as its act gave it out."
            problems.append(Problem("table", None, words))
        seen.add(token)
    for token in sorted(given.keys() - seen):
        words = f"The table tokens lacks {token}, which an entry gave out."
        problems.append(Problem("table", None, words))
    remarks = []
    if bare:
        remarks.append(
            f"The secrets of {', '.join(bare)} are not covered: an earlier version gave "
            f"{'it' if len(bare) == 1 else 'them'} out and kept no hash in the trail. Take "
            f"{'it' if len(bare) == 1 else 'them'} back and give out new ones."
        )
    return problems, remarks


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
