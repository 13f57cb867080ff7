"""The proof at a signature: its signer is sent to the provider, and comes back having signed on.

In a tab of its own: the page that waits keeps what was typed, and looks at `GRANTS`.
"""

from __future__ import annotations

import functools
import html
import logging
import time
from typing import Any

from authlib.integrations.starlette_client import OAuth
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.governance.accounts import Account
from core.governance.permissions import Refused
from dashboard.server.settings import sign_on
from dashboard.server.sign_on.grants import GRANTS, LASTS
from dashboard.server.sign_on.settings import SIGNATURE_PATH, START_PATH, Provider

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
        client_kwargs={"scope": "openid", "code_challenge_method": "S256"},
    )
    return oauth.create_client(name)


async def start(request: Request) -> Response:
    """Send the signer to the provider."""
    settings = sign_on()
    id_ = request.query_params.get("id", "")
    try:
        found = GRANTS.start(id_)
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
        GRANTS.refuse(id_, reason)
        return _said(reason, status=502)
    return answer


async def callback(request: Request) -> Response:
    """Take what the provider says, and grant the signature or say why not."""
    settings = sign_on()
    try:
        id_, found = GRANTS.of_state(request.query_params.get("state", ""))
    except Refused as refused:
        return _said(str(refused), status=410)
    assert settings is not None
    try:
        token = await _client(settings.providers[found.provider]).authorize_access_token(request)
        claims = token["userinfo"]
        account = Account(str(claims["iss"]), str(claims["sub"]))
        GRANTS.grant(id_, account, claims.get("auth_time"))
    except Refused as refused:
        return _said(str(refused), status=403)
    except Exception as error:
        _LOG.warning("A confirmation at %s failed: %s", found.provider, type(error).__name__)
        reason = "The provider did not confirm that it is you. Go back to the page and sign again."
        GRANTS.refuse(id_, reason)
        return _said(reason, status=403)
    return _said("It is you. Close this tab: the page you came from signs now.", title="Confirmed")


def _said(words: str, *, status: int = 200, title: str = "Not confirmed") -> HTMLResponse:
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)} · Calibration Ledger</title>"
        '<body style="font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:15vh auto;'
        'padding:0 1rem;color-scheme:light dark">'
        f"<main><h1>{html.escape(title)}</h1><p>{html.escape(words)}</p></main>"
    )
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


routes = [
    Route(START_PATH, start, methods=["GET"]),
    Route(SIGNATURE_PATH, callback, methods=["GET"]),
]
