"""Who signed on and is bound to nobody: for admins, who bind them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from core.governance.people.accounts import Account
from dashboard.server.sign_on.session import Session

#: Of more, the oldest are forgotten.
MOST = 50


class Unbound:
    """The last sessions of accounts that are bound to nobody, in this process alone."""

    def __init__(self) -> None:
        self._seen: dict[str, Session] = {}
        self._lock = threading.Lock()

    def note(self, session: Session) -> None:
        """Keep one; of an account the latest."""
        with self._lock:
            self._seen.pop(session.account.id, None)
            self._seen[session.account.id] = session
            while len(self._seen) > MOST:
                del self._seen[next(iter(self._seen))]

    def waiting(self, bound: Callable[[Account], bool]) -> tuple[Session, ...]:
        """Those whose account is still bound to nobody, the latest first."""
        with self._lock:
            seen = tuple(reversed(self._seen.values()))
        return tuple(one for one in seen if not bound(one.account))


UNBOUND = Unbound()
