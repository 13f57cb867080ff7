"""A small, strict OpenID provider on this machine: code flow with PKCE, max_age and prompt."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import threading
import time
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "ledger", "the-secret-of-the-client-0123456789"


class Provider:
    """Knows everybody: whoever types a subject is that subject.

    Attributes:
        redirects: the addresses it sends people back to, and no others.
        lazy: whether it takes people as signed on whom it did not ask again, against the request.
        names: what a subject is called.
    """

    def __init__(self, redirects: list[str]) -> None:
        self.redirects, self.lazy = redirects, False
        self.names: dict[str, str] = {}
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.codes: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, tuple[str, int]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def refusal(self, asked: dict[str, str]) -> str | None:
        """Why a request is sent back, as OAuth names it."""
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", ""):
            return "invalid_request"
        if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
            return "invalid_request"
        # As strict providers do: Streamlit's own default is none that they know.
        return None if asked.get("prompt", "login") in ("login", "consent") else "invalid_request"

    def code(self, asked: dict[str, str], subject: str, at: int) -> str:
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "sub": subject, "auth_time": at}
        return code

    def id_token(self, found: dict[str, Any]) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": found["sub"],
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": found.get("nonce"),
            "name": self.names.get(found["sub"], found["sub"]),
        }
        if "max_age" in found:
            claims["auth_time"] = found["auth_time"]
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = dict(parse_qsl(parts.query))
            if parts.path == "/.well-known/openid-configuration":
                self._json(provider.metadata())
            elif parts.path == "/jwks":
                self._json({"keys": [provider.key.as_dict(private=False)]})
            elif parts.path == "/authorize":
                self._authorize(asked)
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = dict(parse_qsl(body))
            if parts.path == "/authorize":
                self._signed_on(dict(parse_qsl(parts.query)), form)
            else:
                self._token(form)

        def _authorize(self, asked: dict[str, str]) -> None:
            if (
                asked.get("client_id") != CLIENT_ID
                or asked["redirect_uri"] not in provider.redirects
            ):
                self.send_error(400)
                return
            refused = provider.refusal(asked)
            if refused:
                self._back(asked, {"error": refused})
                return
            cookie = SimpleCookie(self.headers.get("Cookie", "")).get("op")
            session = provider.sessions.get(cookie.value) if cookie else None
            again = asked.get("prompt") == "login" or asked.get("max_age") == "0"
            if session and (provider.lazy or not again):
                self._back(asked, {"code": provider.code(asked, *session)})
                return
            self._page(
                f'<form method="post" action="/authorize?{html.escape(urlencode(asked))}">'
                '<label>Subject <input name="sub" autofocus></label>'
                '<button name="do" value="in">Sign in</button>'
                '<button name="do" value="deny">Deny</button></form>'
            )

        def _signed_on(self, asked: dict[str, str], form: dict[str, str]) -> None:
            if form.get("do") == "deny":
                self._back(asked, {"error": "access_denied"})
                return
            session, at = secrets.token_urlsafe(16), int(time.time())
            provider.sessions[session] = (form["sub"], at)
            cookie = f"op={session}; Path=/; HttpOnly; SameSite=Lax"
            self._back(asked, {"code": provider.code(asked, form["sub"], at)}, cookie)

        def _token(self, form: dict[str, str]) -> None:
            found = provider.codes.pop(form.get("code", ""), None)
            proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(proof).rstrip(b"=").decode()
            basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
            if (
                found is None
                or found["code_challenge"] != challenge
                or found["redirect_uri"] != form.get("redirect_uri")
                or self.headers.get("Authorization") != f"Basic {basic}"
            ):
                self._json({"error": "invalid_grant"}, 400)
                return
            access = secrets.token_urlsafe(16)
            answer = {"access_token": access, "token_type": "Bearer", "expires_in": 300}
            self._json({**answer, "id_token": provider.id_token(found)})

        def _back(
            self, asked: dict[str, str], words: dict[str, str], cookie: str | None = None
        ) -> None:
            query = urlencode({**words, "state": asked.get("state", "")})
            self.send_response(302)
            self.send_header("Location", f"{asked['redirect_uri']}?{query}")
            if cookie:
                self.send_header("Set-Cookie", cookie)
            self.end_headers()

        def _page(self, body: str) -> None:
            data = f"<!doctype html><title>Acme</title><h1>Acme</h1>{body}".encode()
            self._send(200, "text/html; charset=utf-8", data)

        def _json(self, value: Any, status: int = 200) -> None:
            self._send(status, "application/json", json.dumps(value).encode())

        def _send(self, status: int, kind: str, data: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_words: object) -> None:
            """Keep still."""

    return Handler
