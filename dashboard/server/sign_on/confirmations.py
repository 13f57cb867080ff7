"""What a signature waits for: that its signer signs on once more to confirm this one alone.

Whatever else is of weight (`core.trail.act_kinds`) waits for the same, and is called a signature
here.
"""

from __future__ import annotations

import math
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

from core.governance.bodies.refusal import Refused
from core.governance.people.accounts import Account
from core.trail.acts import Proposal
from core.trail.canonical_json import sha256_of

#: Seconds that a grant holds, and that its signer has until it is given.
LASTS = 300
#: How far a provider's clock may be ahead.
_AHEAD = 60

Stage = Literal["waiting", "started", "granted", "refused"]


def digest(*proposals: Proposal) -> str:
    """SHA-256 of all that is done at once; a grant serves nothing else."""
    said = [
        {
            "evidence": None if one.signature is None else one.signature.evidence,
            "meaning": None if one.signature is None else one.signature.meaning,
            "kind": one.kind,
            "signal": one.signal,
            "person": one.actor.sub,
            "fingerprint": None if one.fingerprint is None else one.fingerprint.id,
            "body": one.body,
        }
        for one in proposals
    ]
    return sha256_of(said)


@dataclass(frozen=True)
class WaitingSignature:
    """A signature that waits.

    Attributes:
        digest: of what is signed.
        account: who has to sign on again.
        provider: where.
        browser: the session in which it was asked for, see `dashboard.server.sign_on.session`.
        about: what is signed, in words, by name.
        seen: proves that its signer was shown that before they were sent to the provider.
        at: when it was asked, or granted; in seconds of Unix.
        stage: how far it came.
        state: what the provider has to bring back; None before it is asked.
        started: when the provider was asked.
        reason: why it was refused.
        authenticated: when its signer signed on again, as the provider says.
    """

    digest: str
    account: Account
    provider: str
    browser: str = field(repr=False)
    about: tuple[tuple[str, str], ...]
    seen: str = field(repr=False)
    at: float
    stage: Stage = "waiting"
    state: str | None = field(default=None, repr=False)
    started: float = 0.0
    reason: str = ""
    authenticated: float = 0.0


class Confirmations:
    """The signatures that wait in this process; each is confirmed once, and that is used once."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._asked: dict[str, WaitingSignature] = {}
        self._lock = threading.Lock()

    def ask(
        self,
        digest_: str,
        account: Account,
        provider: str,
        *,
        browser: str,
        about: Sequence[tuple[str, str]],
    ) -> str:
        """Ask that somebody signs on again for a signature; its id, which nobody can guess."""
        id_, seen = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        with self._lock:
            self._asked = {one: asked for one, asked in self._asked.items() if self._lives(asked)}
            self._asked[id_] = WaitingSignature(
                digest_, account, provider, browser, tuple(about), seen, self._clock()
            )
        return id_

    def look(self, id_: str) -> WaitingSignature | None:
        """How far a signature came; None once it is used, given up or too old."""
        with self._lock:
            return self._living(id_)

    def drop(self, id_: str) -> None:
        """Give a signature up."""
        with self._lock:
            self._asked.pop(id_, None)

    def shown(self, id_: str, browser: str) -> WaitingSignature:
        """What waits, for its signer to read before they confirm it.

        Raises:
            Refused: nothing of this id waits, or another browser asked for it.
        """
        with self._lock:
            return self._waiting(id_, browser)

    def start(self, id_: str, browser: str, seen: str) -> WaitingSignature:
        """Note that the provider is asked now, and what it has to bring back.

        Raises:
            Refused: nothing of this id waits, another browser asked for it, or its signer was not
                shown what they confirm.
        """
        with self._lock:
            found = self._waiting(id_, browser)
            if not secrets.compare_digest(found.seen.encode(), seen.encode()):
                raise Refused(_GONE)
            state = secrets.token_urlsafe(32)
            started = replace(found, stage="started", state=state, started=self._clock())
            self._asked[id_] = started
            return started

    def of_state(self, state: str, browser: str) -> tuple[str, WaitingSignature]:
        """What waits for the answer that a provider brought.

        Raises:
            Refused: nothing does, or another browser asked for it than brought the answer.
        """
        with self._lock:
            for id_, one in self._asked.items():
                known = one.state is not None and secrets.compare_digest(one.state, state)
                if known and one.stage == "started" and self._lives(one):
                    _refuse_elsewhere(one, browser)
                    return id_, one
        raise Refused(_GONE)

    def grant(self, id_: str, account: Account, authenticated: object) -> None:
        """Grant a signature to whom signed on again.

        Args:
            id_: of what waits.
            account: who signed on, as the verified token says.
            authenticated: its ``auth_time``.

        Raises:
            Refused: it is somebody else, or they did not sign on since the provider was asked.
        """
        with self._lock:
            found = self._living(id_)
            if found is None or found.stage != "started":
                raise Refused(_GONE)
            reason = self._against(found, account, authenticated)
            if reason:
                self._asked[id_] = replace(found, stage="refused", reason=reason, state=None)
                raise Refused(reason)
            assert isinstance(authenticated, int | float)
            self._asked[id_] = replace(
                found,
                stage="granted",
                at=self._clock(),
                authenticated=float(authenticated),
                state=None,
            )

    def refuse(self, id_: str, reason: str) -> None:
        """Note why a signature is not granted; its page says so."""
        with self._lock:
            found = self._living(id_)
            if found is not None and found.stage != "granted":
                self._asked[id_] = replace(found, stage="refused", reason=reason, state=None)

    def redeem(self, id_: str, digest_: str, account: Account) -> datetime:
        """Use a grant; it is gone with that, whatever comes of the signature.

        Returns:
            When its signer signed on again, UTC without zone.

        Raises:
            Refused: it was used, is too old, was not given, or was given for something else.
        """
        with self._lock:
            found = self._living(id_)
            self._asked.pop(id_, None)
        if found is None or found.stage != "granted":
            raise Refused(_GONE)
        if not secrets.compare_digest(found.digest, digest_) or found.account != account:
            raise Refused(
                "The confirmation was given for something else than this. Press the button again."
            )
        return datetime.fromtimestamp(found.authenticated, UTC).replace(tzinfo=None)

    def _against(self, found: WaitingSignature, account: Account, authenticated: object) -> str:
        if account != found.account:
            return (
                "Somebody else signed on than the person who signs: sign on with the account you "
                "are here with."
            )
        number = isinstance(authenticated, int | float) and not isinstance(authenticated, bool)
        if not number or not math.isfinite(authenticated):  # type: ignore[arg-type]
            return (
                "The provider does not say when you signed on (auth_time), so it proves nothing. "
                "Whoever runs this server can set reauthenticate = false for it; signatures then "
                "say signed-on."
            )
        assert isinstance(authenticated, int | float)
        # Providers count whole seconds.
        if authenticated < int(found.started):
            return (
                "The provider did not ask you again: it says you signed on before this signature "
                "was asked for. If it did ask, its clock is behind this server's."
            )
        if authenticated > self._clock() + _AHEAD:
            return "The provider's clock is ahead of this server's, so its word proves nothing."
        return ""

    def _waiting(self, id_: str, browser: str) -> WaitingSignature:
        found = self._living(id_)
        if found is None or found.stage not in ("waiting", "started"):
            raise Refused(_GONE)
        _refuse_elsewhere(found, browser)
        return found

    def _living(self, id_: str) -> WaitingSignature | None:
        found = self._asked.get(id_)
        return found if found is not None and self._lives(found) else None

    def _lives(self, one: WaitingSignature) -> bool:
        return self._clock() - one.at < LASTS


def _refuse_elsewhere(found: WaitingSignature, browser: str) -> None:
    if not browser or not secrets.compare_digest(found.browser, browser):
        raise Refused(
            "This was asked for in another browser or session than this one. Confirm only what you "
            "pressed for yourself: go to your own page and press its button again."
        )


_GONE = (
    "This confirmation was used, given up, or is older than five minutes. Go back to the page and "
    "press its button again."
)

CONFIRMATIONS = Confirmations()
