"""The proof at a signature: its signer is sent to the provider, and comes back having signed on.

Before that they are shown what they confirm, and only in the browser that asked for it. All in a
tab of its own: the page that waits keeps what was typed, and looks at `CONFIRMATIONS`.
"""

from __future__ import annotations

import functools
import html
import logging
import time
from typing import Any
from urllib.parse import urlencode

from authlib.integrations.starlette_client import OAuth
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.governance.bodies.refusal import Refused
from core.governance.people.accounts import Account
from dashboard.server.settings import sign_on
from dashboard.server.sign_on.confirmations import CONFIRMATIONS, LASTS, WaitingSignature
from dashboard.server.sign_on.session import browser_of
from dashboard.server.sign_on.settings import (
    PROVIDER_PATIENCE,
    SIGNATURE_PATH,
    START_PATH,
    Provider,
)

_LOG = logging.getLogger(__name__)
# At their most talkative these write verifiers, codes and the client's secret.
for _name in ("authlib", "httpx2", "httpcore2", "httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class _Memory:
    """What is kept of a request until its answer comes: nonce and verifier never reach a cookie."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, str]] = {}

    async def get(self, key: str) -> str | None:
        until, value = self._kept.get(key, (0.0, ""))
        return value if until > time.monotonic() else None

    async def set(self, key: str, value: str, _expires: float | None = None) -> None:
        now = time.monotonic()
        self._kept = {one: held for one, held in self._kept.items() if held[0] > now}
        self._kept[key] = (now + LASTS, value)

    async def delete(self, key: str) -> None:
        self._kept.pop(key, None)


@functools.cache
def _client(provider: Provider) -> Any:
    # The cookie of Streamlit's own sign-on keeps its states under the provider's bare name.
    name = f"signature-{provider.name}"
    oauth = OAuth(cache=_Memory())
    oauth.register(
        name,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        server_metadata_url=provider.metadata_url,
        client_kwargs={
            "scope": "openid",
            "code_challenge_method": "S256",
            "timeout": PROVIDER_PATIENCE,
        },
    )
    return oauth.create_client(name)


async def start(request: Request) -> Response:
    """Show the signer what they confirm; once they saw it, send them to the provider."""
    settings, browser = sign_on(), browser_of(request.cookies)
    id_, seen = (request.query_params.get(name, "") for name in ("id", "seen"))
    try:
        if not seen:
            return _shown(id_, CONFIRMATIONS.shown(id_, browser))
        found = CONFIRMATIONS.start(id_, browser, seen)
    except Refused as refused:
        return _said(str(refused), status=410)
    assert settings is not None
    try:
        answer: Response = await _client(settings.providers[found.provider]).authorize_redirect(
            request,
            settings.base + SIGNATURE_PATH,
            state=found.state,
            max_age=0,
            prompt="login",
        )
    except Exception as error:
        # Whatever it was, its text may hold anything: the kind alone is written down.
        _LOG.warning("The provider %s was not reached: %s", found.provider, type(error).__name__)
        reason = "The provider could not be reached. Try again."
        CONFIRMATIONS.refuse(id_, reason)
        return _said(reason, status=502)
    return answer


async def callback(request: Request) -> Response:
    """Take what the provider says, and grant the signature or say why not."""
    settings = sign_on()
    try:
        id_, found = CONFIRMATIONS.of_state(
            request.query_params.get("state", ""), browser_of(request.cookies)
        )
    except Refused as refused:
        return _said(str(refused), status=410)
    assert settings is not None
    try:
        token = await _client(settings.providers[found.provider]).authorize_access_token(request)
        claims = token["userinfo"]
        account = Account(str(claims["iss"]), str(claims["sub"]))
        CONFIRMATIONS.grant(id_, account, claims.get("auth_time"))
    except Refused as refused:
        return _said(str(refused), status=403)
    except Exception as error:
        _LOG.warning("A confirmation at %s failed: %s", found.provider, type(error).__name__)
        reason = (
            "The provider did not confirm that it is you. Go back to the page and press its button "
            "again."
        )
        CONFIRMATIONS.refuse(id_, reason)
        return _said(reason, status=403)
    return _said(
        "It is you. Close this tab: the page you came from goes on now.", title="Confirmed"
    )


def _shown(id_: str, found: WaitingSignature) -> HTMLResponse:
    """What is confirmed, and the button to the provider.

    A link with a secret, since no page here may send a form (the content policy): who was not shown
    this page does not know it.
    """
    rows = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in found.about
    )
    onward = html.escape(f"{START_PATH}?{urlencode({'id': id_, 'seen': found.seen})}")
    return _page(
        "Confirm this?",
        f"<p>If you sign on again, this will be kept in the trail as yours:</p><dl>{rows}</dl>"
        f'<p><a role="button" href="{onward}" style="display:inline-block;padding:.5rem 1rem;'
        'border-radius:.5rem;background:#0b57a4;color:#fff;text-decoration:none">'
        "Sign on to confirm it</a></p>"
        "<p>Did you not press for this yourself? Close this tab: nothing happens then.</p>",
    )


def _said(words: str, *, status: int = 200, title: str = "Not confirmed") -> HTMLResponse:
    return _page(title, f"<p>{html.escape(words)}</p>", status=status)


def _page(title: str, body: str, *, status: int = 200) -> HTMLResponse:
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)} · Calibration Ledger</title>"
        '<body style="font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;'
        'padding:0 1rem;color-scheme:light dark;overflow-wrap:anywhere">'
        f"<main><h1>{html.escape(title)}</h1>{body}</main>"
    )
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


routes = [
    Route(START_PATH, start, methods=["GET"]),
    Route(SIGNATURE_PATH, callback, methods=["GET"]),
]
