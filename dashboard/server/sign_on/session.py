"""A person's session: whose it is, since when, and whether it still holds."""

from __future__ import annotations

import json
import math
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.governance.bodies.refusal import Refused
from core.governance.people.accounts import Account
from core.ledger.private import sync_folder
from core.trail.canonical_json import sha256_of
from dashboard.server.settings import LEDGER_VARIABLE

_HOUR = 3600
#: The most hours that a session may be set to last.
_LONGEST = 24
#: Sessions that ended early, of the last day, that are told apart.
MOST = 10_000
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


def kept_path(ledger: str | os.PathLike[str]) -> Path:
    """The file beside a ledger that outlasts a restart: ``<ledger>.signed-out``."""
    ledger = Path(ledger)
    return ledger.with_name(f"{ledger.name}.signed-out")


class Sessions:
    """Which sessions still hold; every page and every act asks.

    Those that ended lie in a file as well, as hashes, so that a copy of a cookie signs nobody on
    after a restart either. It is bounded: a session is forgotten when it would be over anyway, and
    beyond `MOST` the eldest are ended together, with every other of their time.

    Args:
        clock: the time, in seconds of Unix.
        kept: the file; None: they are forgotten with the process.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.time,
        kept: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self._clock, self._kept = clock, kept
        #: Hash of the mark → when the session began.
        self._ended: dict[str, float] = {}
        #: Every session that began until then is over.
        self._until = 0.0
        self._read: Path | None = None
        self._lock = threading.Lock()

    def end(self, session: Session) -> None:
        """End a session in every window: a copy of its cookie signs nobody on any more.

        Raises:
            OSError: it is over here and now, but would hold again after a restart.
        """
        with self._lock:
            path = self._known()
            longest = self._clock() - _LONGEST * _HOUR
            ended = {mark: since for mark, since in self._ended.items() if since > longest}
            ended[_hash(session)] = session.since
            while len(ended) > MOST:
                eldest = min(ended, key=lambda mark: ended[mark])
                self._until = max(self._until, ended.pop(eldest))
            self._ended = ended
            if path is not None:
                _write(path, {"ended": ended, "until": self._until})

    def require(self, session: Session, hours: float) -> None:
        """Let a session act.

        Raises:
            Refused: it is over, in words that say what to do.
        """
        age = self._clock() - session.since
        with self._lock:
            self._known()
            ended = _hash(session) in self._ended or session.since <= self._until
        if ended:
            raise Refused("You signed out of this session. Sign on again.")
        if age >= hours * _HOUR:
            raise Refused(f"Your session is over: it lasts {hours:g} hours. Sign on again.")
        if age < -_AHEAD:
            raise Refused(
                "Your sign-on is dated in the future: the provider's clock is ahead of this "
                "server's. Set the clocks right and sign on again."
            )

    def _known(self) -> Path | None:
        """The file, read once; where it cannot be read, every session until now is over."""
        path = self._kept()
        if path is None or path == self._read:
            return path
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            ended = {str(mark): float(since) for mark, since in said["ended"].items()}
            until = float(said["until"])
        except FileNotFoundError:
            ended, until = {}, 0.0
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            ended, until = {}, self._clock()
        self._ended, self._until, self._read = ended, until, path
        return path


def _hash(session: Session) -> str:
    return sha256_of(session.mark)


def _write(path: Path, said: Mapping[str, Any]) -> None:
    """Whole or not at all, and for its owner's eyes only."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(said, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    sync_folder(path.parent)


def _beside() -> Path | None:
    ledger = os.environ.get(LEDGER_VARIABLE)
    return None if ledger is None else kept_path(ledger)


SESSIONS = Sessions(kept=_beside)
