"""Sign-on accounts of people: an issuer and a subject, bound to a person by an act.

The act holds a hash of the two under a salt that lies beside the ledger's names and is erased with
them: subjects are often short and known to others.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import duckdb

from core.governance.bodies.refusal import Refused
from core.governance.perform import Office
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.text.figures import counted
from core.trail.acts import Act, Actor, Proposal
from core.trail.canonical_json import canonical
from core.trail.problems import Problem

_LONGEST = 255


@dataclass(frozen=True)
class Account:
    """Who somebody is to the provider that signed them on.

    Attributes:
        issuer: the provider, as its tokens name it.
        subject: the person there; never an e-mail or a group, which are given to others later.
    """

    issuer: str
    subject: str = field(repr=False)

    @property
    def text(self) -> str:
        """What is hashed of it; the trail holds no subject."""
        return canonical({"issuer": self.issuer, "subject": self.subject})

    @property
    def id(self) -> str:
        """Its SHA-256, hexadecimal: tells it from others here, and names it in older acts."""
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


def account(issuer: str, subject: str) -> Account:
    """An account as somebody writes it.

    Raises:
        LedgerError: one of the two cannot be; says which, and how it is written.
    """
    issuer, subject = issuer.strip(), subject.strip()
    parts = urlsplit(issuer)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise LedgerError(
            f"issuer {issuer!r} is no address: write it as the provider's metadata has it, such as "
            "https://login.example.org."
        )
    if not 0 < len(subject) <= _LONGEST:
        raise LedgerError(
            f"subject must have 1 to {_LONGEST} characters, not {len(subject)}: whoever signs on "
            "without being bound is shown theirs."
        )
    return Account(issuer, subject)


def person_of(office: Office, found: Account) -> str | None:
    """The opaque id of whom an account is bound to; None: nobody."""
    with office.ledger.cursor() as cursor:
        bound = _bound(cursor, office.state(), found)
    return None if bound is None else bound[1]


def bind(
    office: Office, actor: Actor, sub: str, found: Account, *, confirmed: str | None = None
) -> Act:
    """Let whoever signs on with an account act as a person.

    Args:
        confirmed: when the actor signed on once more for this, as acts write times; None: not so.

    Raises:
        Refused: not theirs to do, or the account is bound already.
    """
    with office.acting() as desk:
        known = _bound(desk.cursor, desk.state, found)
        if known is not None:
            rest = " already" if known[1] == sub else "; take it from them first"
            raise Refused(f"This account is bound to {known[1]}{rest}.")
        salt = secrets.token_hex(32)
        id_ = _salted(found, salt)
        body = {"sub": sub, "issuer": found.issuer, "account": id_, "salt_sha256": _sha256(salt)}
        if confirmed is not None:
            body["confirmed"] = confirmed
        act = desk.perform(Proposal("person.bound", actor, body=body))
        desk.cursor.execute(
            "INSERT INTO accounts VALUES ($sub, $account, $salt)",
            {"sub": sub, "account": id_, "salt": salt},
        )
    return act


def unbind(office: Office, actor: Actor, found: Account) -> Act:
    """Take an account from whom it is bound to.

    Raises:
        LedgerError: it is bound to nobody.
        Refused: not theirs to do.
    """
    with office.acting() as desk:
        known = _bound(desk.cursor, desk.state, found)
        if known is None:
            raise LedgerError("This account is bound to nobody.")
        id_, sub = known
        body = {"sub": sub, "issuer": found.issuer, "account": id_}
        act = desk.perform(Proposal("person.unbound", actor, body=body))
        desk.cursor.execute("DELETE FROM accounts WHERE account = $account", {"account": id_})
    return act


def forget(cursor: duckdb.DuckDBPyConnection, sub: str) -> None:
    """Erase the salts of somebody's accounts, which are bound to nobody from that act on."""
    cursor.execute("DELETE FROM accounts WHERE sub = $sub", {"sub": sub})


def check_accounts(
    cursor: duckdb.DuckDBPyConnection, acts: Iterable[Act]
) -> tuple[list[Problem], list[str]]:
    """The table of accounts against the acts: what differs, and what is not salted, in words."""
    due: dict[str, tuple[str, str | None]] = {}
    for act in acts:
        sub, id_, salted = (act.body.get(one) for one in ("sub", "account", "salt_sha256"))
        if act.kind == "person.bound":
            due[str(id_)] = (str(sub), salted if isinstance(salted, str) else None)
        elif act.kind == "person.unbound":
            due.pop(str(id_), None)
        elif act.kind == "person.forgotten":
            due = {one: of for one, of in due.items() if of[0] != sub}
    bare = sum(salted is None for _, salted in due.values())
    wanted = sorted((sub, id_, salted) for id_, (sub, salted) in due.items() if salted is not None)
    cursor.execute("SELECT sub, account, salt FROM accounts ORDER BY ALL")
    found = [(sub, id_, _sha256(salt)) for sub, id_, salt in cursor.fetchall()]
    problems = [
        Problem(
            "table",
            None,
            f"The table accounts holds for {sub} what no act bound: {id_[:12]}…; it signs nobody "
            "on.",
        )
        for sub, id_, _ in _beyond(found, wanted)
    ]
    problems += [
        Problem(
            "table",
            None,
            f"The table accounts lacks the salt of the account {id_[:12]}… of {sub}, who cannot "
            "sign on with it: bind it again.",
        )
        for sub, id_, _ in _beyond(wanted, found)
    ]
    remarks = []
    if bare:
        remarks.append(
            f"{counted(bare, 'sign-on account is', 'sign-on accounts are')} bound by an earlier "
            "version, which hashed accounts without a salt: who knows issuer and subject can tell "
            "whose it is. To salt it, take it and bind it again."
        )
    return problems, remarks


_Row = tuple[str, str, str]


def _beyond(some: list[_Row], others: list[_Row]) -> list[_Row]:
    return sorted((Counter(some) - Counter(others)).elements())


def _bound(
    cursor: duckdb.DuckDBPyConnection, state: State, found: Account
) -> tuple[str, str] | None:
    """The id by which acts name a bound account, and whom it is bound to; None: nobody."""
    # An act of an earlier version has the hash without a salt.
    if found.id in state.bound:
        return found.id, state.bound[found.id]
    cursor.execute("SELECT account, salt FROM accounts")
    for id_, salt in cursor.fetchall():
        # Whom it is bound to is what the act says, whatever stands in the table.
        if id_ in state.bound and hmac.compare_digest(_salted(found, salt), id_):
            return id_, state.bound[id_]
    return None


def _salted(found: Account, salt: str) -> str:
    """HMAC-SHA256 of an account, hexadecimal."""
    return hmac.new(salt.encode(), found.text.encode(), hashlib.sha256).hexdigest()


def _sha256(salt: str) -> str:
    return hashlib.sha256(salt.encode()).hexdigest()
