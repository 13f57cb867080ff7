"""Sign-on accounts of people: an issuer and a subject, bound to a person by an act."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.governance.perform import Office
from core.governance.state import State
from core.ledger.errors import LedgerError
from core.trail.acts import Act, Actor, Proposal
from core.trail.canonical_json import canonical

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
    def id(self) -> str:
        """The SHA-256 by which acts name it, in hexadecimal: the trail holds no subject."""
        text = canonical({"issuer": self.issuer, "subject": self.subject})
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


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


def person_of(state: State, found: Account) -> str | None:
    """The opaque id of whom an account is bound to; None: nobody."""
    return state.bound.get(found.id)


def bind(office: Office, actor: Actor, sub: str, found: Account) -> Act:
    """Let whoever signs on with an account act as a person.

    Raises:
        Refused: not theirs to do, or the account is bound already.
    """
    return office.perform(_proposal("person.bound", actor, sub, found.issuer, found.id))


def unbind(office: Office, actor: Actor, found: Account) -> Act:
    """Take an account from whom it is bound to.

    Raises:
        LedgerError: it is bound to nobody.
        Refused: not theirs to do.
    """
    sub = person_of(office.state(), found)
    if sub is None:
        raise LedgerError("This account is bound to nobody.")
    return office.perform(_proposal("person.unbound", actor, sub, found.issuer, found.id))


def _proposal(kind: str, actor: Actor, sub: str, issuer: str, id_: str) -> Proposal:
    return Proposal(kind, actor, body={"sub": sub, "issuer": issuer, "account": id_})
