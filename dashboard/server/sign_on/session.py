"""A person's session: whose it is, since when, and whether it still holds."""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.governance.accounts import Account
from core.governance.permissions import Refused
from core.trail.canonical_json import sha256_of

_HOUR = 3600
#: The cookie of a session, and the numbered parts of a long one.
_COOKIE = re.compile(r"_streamlit_user(_\d+)?")
#: How far ahead a provider's clock may be.
_AHEAD = 60


@dataclass(frozen=True)
class Session:
    """What a sign-on said.

    Attributes:
        account: who it is, to the provider.
        name: what they are called there, for the reader alone; it decides nothing.
        provider: the name of the provider; "" behind a proxy.
        since: when it began, in seconds of Unix.
        mark: tells it from every other session.
    """

    account: Account
    name: str
    provider: str
    since: float
    mark: str = field(repr=False)

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Session | None:
        """The session of claims that a sign-on left; None where they make none."""
        issuer, subject, since = (claims.get(name) for name in ("iss", "sub", "iat"))
        try:
            began = float(str(since))
        except ValueError:
            return None
        if not math.isfinite(began):
            return None
        if not isinstance(issuer, str) or not isinstance(subject, str) or not issuer or not subject:
            return None
        names = (claims.get(one) for one in ("name", "preferred_username", "email"))
        name = next((one for one in names if isinstance(one, str) and one.strip()), subject)
        account = Account(issuer, subject)
        mark = f"{account.id} {claims.get('nonce', '')} {since}"
        return cls(account, name, str(claims.get("provider") or ""), began, mark)


def browser_of(cookies: Mapping[str, str]) -> str:
    """Tells a browser's session from every other: a hash of its cookie of Streamlit's sign-on.

    "" where it has none.
    """
    kept = sorted((name, value) for name, value in cookies.items() if _COOKIE.fullmatch(name))
    return sha256_of([list(one) for one in kept]) if kept else ""


class Sessions:
    """Which sessions still hold; every page and every act asks."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()

    def end(self, session: Session) -> None:
        """End a session in every window: a copy of its cookie signs nobody on any more."""
        with self._lock:
            longest = self._clock() - 24 * _HOUR
            self._ended = {mark: at for mark, at in self._ended.items() if at > longest}
            self._ended[session.mark] = self._clock()

    def require(self, session: Session, hours: float) -> None:
        """Let a session act.

        Raises:
            Refused: it is over, in words that say what to do.
        """
        age = self._clock() - session.since
        if session.mark in self._ended:
            raise Refused("You signed out of this session. Sign on again.")
        if age >= hours * _HOUR:
            raise Refused(f"Your session is over: it lasts {hours:g} hours. Sign on again.")
        if age < -_AHEAD:
            raise Refused(
                "Your sign-on is dated in the future: the provider's clock is ahead of this "
                "server's. Set the clocks right and sign on again."
            )


SESSIONS = Sessions()
