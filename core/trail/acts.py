"""One entry of the trail: who did what, in which role, on which numbers, and from what to what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from core.trail.canonical_json import canonical
from core.trail.fingerprint import Fingerprint

#: How a signature was made: without sign-on, signed on, or asked again just before it.
Assurance = Literal["none", "signed-on", "re-authenticated"]
ASSURANCES: tuple[Assurance, ...] = ("none", "signed-on", "re-authenticated")
Via = Literal["page", "cli", "http", "system"]

#: The program itself, when it records what time or data brought about.
SYSTEM = "system"
#: The version of the entry's own layout.
LAYOUT = 1


@dataclass(frozen=True)
class Actor:
    """Who acts.

    Attributes:
        sub: an opaque id, ``p-`` and hexadecimal digits, or `SYSTEM`; never a name. Names are
            resolved from the directory, which can forget them.
        role: the role in which they act, one of `core.trail.act_kinds.ROLES`, or ``system``.
        assurance: how it is known that it is they.
        via: through what.
    """

    sub: str
    role: str
    assurance: Assurance = "none"
    via: Via = "cli"


@dataclass(frozen=True)
class Signature:
    """What a person put their name to.

    Attributes:
        meaning: what the signature means, in the words the person typed.
        evidence: SHA-256 of the evidence bundle they signed, in hexadecimal.
    """

    meaning: str
    evidence: str


@dataclass(frozen=True)
class Proposal:
    """An act before it has its place in the trail.

    Attributes:
        kind: a key of `core.trail.act_kinds.KINDS`.
        actor: who.
        signal: about which signal; None for the ledger as a whole.
        fingerprint: about which fingerprint of it.
        body: what the kind needs, in values that `canonical` accepts.
        signature: where one was given.
    """

    kind: str
    actor: Actor
    signal: str | None = None
    fingerprint: Fingerprint | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    signature: Signature | None = None


@dataclass(frozen=True)
class Act:
    """An entry of the trail; immutable, its text is what the tree hashes.

    Attributes:
        seq: 0, 1, 2, …; its place.
        at: when, UTC without zone, to the microsecond; never earlier than the entry before.
        before: the state (of the validation or the finding) it was done in; None where none.
        after: the state it led to.
    """

    seq: int
    at: datetime
    kind: str
    actor: Actor
    signal: str | None = None
    fingerprint: Fingerprint | None = None
    before: str | None = None
    after: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    signature: Signature | None = None

    def to_text(self, *, log: str, prev: str) -> str:
        """The canonical text that is stored, hashed and exported.

        Args:
            log: the trail's origin, so that an entry of another trail is no entry of this one.
            prev: leaf hash of the entry before in hexadecimal, ``""`` for the first.
        """
        actor = self.actor
        return canonical(
            {
                "v": LAYOUT,
                "log": log,
                "seq": self.seq,
                "at": stamp(self.at),
                "kind": self.kind,
                "actor": {
                    "sub": actor.sub,
                    "role": actor.role,
                    "assurance": actor.assurance,
                    "via": actor.via,
                },
                "signal": self.signal,
                "fingerprint": None if self.fingerprint is None else self.fingerprint.as_json(),
                "before": self.before,
                "after": self.after,
                "body": self.body,
                "signature": None
                if self.signature is None
                else {"meaning": self.signature.meaning, "evidence": self.signature.evidence},
                "prev": prev,
            }
        )

    @classmethod
    def of_text(cls, text: str) -> Act:
        """Read an entry.

        Raises:
            ValueError: it is not an entry of this layout.
        """
        try:
            read = json.loads(text)
            if not isinstance(read, dict) or read.get("v") != LAYOUT:
                raise ValueError("not an entry of layout 1")
            actor, sign, print_ = read["actor"], read["signature"], read["fingerprint"]
            return cls(
                seq=read["seq"],
                at=moment(read["at"]),
                kind=read["kind"],
                actor=Actor(actor["sub"], actor["role"], actor["assurance"], actor["via"]),
                signal=read["signal"],
                fingerprint=None if print_ is None else Fingerprint.of(print_),
                before=read["before"],
                after=read["after"],
                body=read["body"],
                signature=None if sign is None else Signature(sign["meaning"], sign["evidence"]),
            )
        except (KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ValueError(f"not an entry of the trail: {error!r}") from None


def stamp(at: datetime) -> str:
    """A time as acts carry it: ``2026-11-24T09:12:00.000000Z``."""
    return at.isoformat(timespec="microseconds") + "Z"


def moment(text: str) -> datetime:
    """The opposite of `stamp`: UTC without zone.

    Raises:
        ValueError: not a time in that form.
    """
    read = datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ")
    return read.replace(tzinfo=UTC).replace(tzinfo=None)
