"""What Streamlit's sign-on leaves undone, at the edge of every answer.

Its callback forgets the page somebody came for and says nothing of a sign-on that failed; its
cookies last a month, travel without TLS, and carry the tokens of the provider that nothing needs.
"""

from __future__ import annotations

import re
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.server.sign_on.settings import SIGN_ON_PATH, SignOn

#: Where somebody wanted to go, and why they could not sign on.
RETURN, FAILED = "calledger_return", "calledger_sign_on_failed"

_LOGIN = "/auth/login"
_USER, _TOKENS, _SESSION = "_streamlit_user", "_streamlit_user_tokens", "_streamlit_session"
_CODE = re.compile(r"[a-z_]{1,40}")
_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")
_LONGEST = 1500


class Edge:
    """Sends people back to where they came from, and keeps the cookies of a session short."""

    def __init__(self, app: ASGIApp, settings: SignOn) -> None:
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and see to its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope)

        async def seen(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                if scope["path"] == _LOGIN:
                    self._leaving(message, headers, asked)
                elif scope["path"] == SIGN_ON_PATH:
                    self._back(headers, asked, scope["query_string"].decode("latin-1"))
                message["headers"] = [
                    one for one in (self._kept(*pair) for pair in message["headers"]) if one
                ]
            await send(message)

        await self._app(scope, receive, seen)

    def _leaving(self, message: Message, headers: MutableHeaders, asked: Headers) -> None:
        """Note the page that somebody leaves to sign on; go back there if it cannot begin."""
        page = wanted(asked.get("referer", ""), self._settings.base)
        if message["status"] >= 400:
            message["status"] = 302
            headers["location"] = page
            headers.append("set-cookie", self._cookie(FAILED, "unreachable", 60))
        else:
            headers.append("set-cookie", self._cookie(RETURN, page, 900))

    def _back(self, headers: MutableHeaders, asked: Headers, query: str) -> None:
        """Bring somebody back to the page they came for, with word of what failed."""
        page = _own_path(unquote(_cookies(asked).get(RETURN, ""))) or "/"
        headers["location"] = page
        headers.append("set-cookie", self._cookie(RETURN, "", 0))
        if any(_names(one, _USER) and not _ends(one) for one in headers.getlist("set-cookie")):
            headers.append("set-cookie", self._cookie(FAILED, "", 0))
        else:
            code = parse_qs(query).get("error", ["failed"])[0]
            known = code if _CODE.fullmatch(code) else "failed"
            headers.append("set-cookie", self._cookie(FAILED, known, 60))

    def _kept(self, name: bytes, value: bytes) -> tuple[bytes, bytes] | None:
        """A header as it leaves; None: it does not."""
        cookie = value.decode("latin-1")
        if name.lower() != b"set-cookie" or not cookie.startswith("_streamlit"):
            return name, value
        if not _ends(cookie):
            if _names(cookie, _TOKENS):
                return None
            if _names(cookie, _USER):
                age = round(self._settings.session_hours * 3600)
                cookie = re.sub(r"(?i)max-age=\d+", f"Max-Age={age}", cookie)
        if self._settings.secure and (_names(cookie, _USER) or _names(cookie, _SESSION)):
            cookie += "; Secure"
        return name, cookie.encode("latin-1")

    def _cookie(self, name: str, value: str, age: int) -> str:
        secure = "; Secure" if self._settings.secure else ""
        return (
            f"{name}={quote(value, safe='')}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}"
        )


def wanted(referer: str, base: str) -> str:
    """The page that somebody was on, of this server; the first one where that is not known."""
    parts = urlsplit(referer)
    if f"{parts.scheme}://{parts.netloc}".lower() != base:
        return "/"
    return _own_path(parts.path + (f"?{parts.query}" if parts.query else "")) or "/"


def _own_path(path: str) -> str | None:
    """A path of this server's pages, or None: nothing that a browser reads as another site."""
    if len(path) > _LONGEST or not _PATH.fullmatch(path):
        return None
    return None if path.startswith((_LOGIN, SIGN_ON_PATH, "/sign/")) else path


def _cookies(asked: Headers) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in asked.getlist("cookie"):
        try:
            found |= {name: one.value for name, one in SimpleCookie(line).items()}
        except CookieError:
            continue
    return found


def _names(cookie: str, name: str) -> bool:
    """Whether a cookie is of this name, or a numbered part of it."""
    return re.match(rf"{re.escape(name)}(_\d+)?=", cookie) is not None


def _ends(cookie: str) -> bool:
    return re.search(r"(?i);\s*max-age=0\b", cookie) is not None
