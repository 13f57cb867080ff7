"""A proxy in front that signs people on: who it is, and what its word becomes."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path

from dashboard.server.sign_on.settings import Reader

#: Our own names for what a session is made of, and the claims they become.
TRUSTED = {
    "X-Calledger-Issuer": "iss",
    "X-Calledger-Subject": "sub",
    "X-Calledger-Name": "name",
    "X-Calledger-Since": "iat",
}


@dataclass(frozen=True)
class Proxy:
    """A proxy in front that signs people on.

    Attributes:
        issuer: the name under which accounts of its people are bound.
        secret_header: the header in which it proves itself.
        secret: by this.
        subject_header: the header that says who it is.
        name_header: the one that says what they are called; "" where there is none.
        session_hours: after how long an open page asks again.
    """

    issuer: str
    secret_header: str
    secret: str = field(repr=False)
    subject_header: str
    name_header: str
    session_hours: float


@functools.cache
def proxy_of(path: Path) -> Proxy:
    """Read a proxy file.

    Raises:
        LedgerError: it cannot be read, or a field is missing or wrong; says which, and the fix.
    """
    reader, found = Reader.of(path)
    names = ("issuer", "secret_header", "secret", "subject_header", "name_header", "session_hours")
    reader.only(found, "", names)
    return Proxy(
        issuer=reader.text(found, "", "issuer"),
        secret_header=reader.header(found, "secret_header"),
        secret=reader.secret(found, "secret"),
        subject_header=reader.header(found, "subject_header"),
        name_header=reader.header(found, "name_header") if "name_header" in found else "",
        session_hours=reader.hours(found),
    )
