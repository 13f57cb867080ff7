"""The sign-on file: where people sign on, read and checked; its secrets are never repeated."""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from core.ledger.errors import LedgerError
from dashboard.server.hosts import is_host

#: Hours after which a session is over, unless the file says otherwise.
HOURS = 8.0
#: Both are registered with the provider: for signing on, and for the proof at a signature.
SIGN_ON_PATH, SIGNATURE_PATH = "/oauth2callback", "/sign/callback"
#: Where a signer is sent from.
START_PATH = "/sign/start"

#: What a provider is asked to do; a strict one refuses Streamlit's own default.
PROMPTS = ("login", "consent", "select_account")
#: Seconds that a provider may take to answer; 5 are too few where this machine is busy.
PROVIDER_PATIENCE = 30

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_SHORTEST_SECRET = 32
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Provider:
    """An OpenID provider.

    Attributes:
        name: as the file has it.
        label: what the button says.
        metadata_url: where it describes itself.
        client_id: who this server is there.
        client_secret: proves it.
        prompt: one of `PROMPTS`.
        reauthenticate: whether it asks again, and says when it did, for a signature.
    """

    name: str
    label: str
    metadata_url: str
    client_id: str
    client_secret: str = field(repr=False)
    prompt: str = "login"
    reauthenticate: bool = True


@dataclass(frozen=True)
class SignOn:
    """How people sign on.

    Attributes:
        base: the address at which browsers see this server, without a path.
        cookie_secret: signs the cookie of a session.
        session_hours: how long one lasts.
        providers: by name, in the order of the file.
    """

    base: str
    cookie_secret: str = field(repr=False)
    session_hours: float
    providers: Mapping[str, Provider]

    @property
    def host(self) -> str:
        """The host that browsers ask for, with its port where it is not the usual one."""
        return urlsplit(self.base).netloc

    @property
    def port(self) -> int:
        """The port that browsers ask for."""
        return urlsplit(self.base).port or (443 if self.secure else 80)

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS."""
        return self.base.startswith("https://")

    def auth_secrets(self) -> dict[str, Any]:
        """Streamlit's ``[auth]`` secrets."""
        return {
            "redirect_uri": self.base + SIGN_ON_PATH,
            "cookie_secret": self.cookie_secret,
            **{
                one.name: {
                    "client_id": one.client_id,
                    "client_secret": one.client_secret,
                    "server_metadata_url": one.metadata_url,
                    "client_kwargs": {
                        "scope": "openid email profile",
                        "prompt": one.prompt,
                        "timeout": PROVIDER_PATIENCE,
                    },
                }
                for one in self.providers.values()
            },
        }


@functools.cache
def sign_on_of(path: Path) -> SignOn:
    """Read a sign-on file.

    Raises:
        LedgerError: it cannot be read, or a field is missing or wrong; says which, and the fix.
    """
    reader, found = Reader.of(path)
    reader.only(found, "", ("base", "cookie_secret", "session_hours", "providers"))
    tables = found.get("providers")
    if not isinstance(tables, dict) or not tables:
        raise reader.wrong("providers", "is missing: write a table [providers.NAME]")
    return SignOn(
        base=_base(reader, found),
        cookie_secret=reader.secret(found, "cookie_secret"),
        session_hours=reader.hours(found),
        providers={name: _provider(reader, name, table) for name, table in tables.items()},
    )


def _base(reader: Reader, found: Mapping[str, Any]) -> str:
    base = reader.text(found, "", "base").rstrip("/").lower()
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not is_host(parts.netloc) or parts.path:
        raise reader.wrong(
            "base", f"is {base!r}: give the address browsers see, https://ledger.example.org"
        )
    if parts.scheme == "http" and parts.hostname not in _HERE:
        raise reader.wrong(
            "base",
            f"is {base!r}, and a session over plain HTTP can be read on its way: serve it by "
            "https, through a proxy that speaks TLS",
        )
    return base


def _provider(reader: Reader, name: str, table: object) -> Provider:
    at = f"providers.{name}."
    if not _NAME.fullmatch(name):
        raise reader.wrong(
            at[:-1], "must be named with small letters, digits and hyphens, a letter first"
        )
    if not isinstance(table, dict):
        raise reader.wrong(at[:-1], f"is no table: write [{at[:-1]}]")
    texts = ("label", "metadata_url", "client_id", "client_secret", "prompt")
    reader.only(table, at, (*texts, "reauthenticate"))
    metadata = reader.text(table, at, "metadata_url")
    parts = urlsplit(metadata)
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _HERE)):
        raise reader.wrong(
            f"{at}metadata_url", f"is {metadata!r}: give its https:// address in full"
        )
    prompt = table.get("prompt", PROMPTS[0])
    if prompt not in PROMPTS:
        raise reader.wrong(f"{at}prompt", f"is {prompt!r}: give one of {', '.join(PROMPTS)}")
    again = table.get("reauthenticate", True)
    if not isinstance(again, bool):
        raise reader.wrong(f"{at}reauthenticate", f"is {again!r}: give true or false")
    return Provider(
        name=name,
        label=reader.text({"label": name, **table}, at, "label"),
        metadata_url=metadata,
        client_id=reader.text(table, at, "client_id"),
        client_secret=reader.text(table, at, "client_secret"),
        prompt=prompt,
        reauthenticate=again,
    )


class Reader:
    """Reads the tables of a file, and names the field that is wrong; a secret it never repeats."""

    def __init__(self, file: str) -> None:
        self._file = file

    @classmethod
    def of(cls, path: Path) -> tuple[Reader, dict[str, Any]]:
        """A reader, and what the file holds.

        Raises:
            LedgerError: it cannot be read, or is not TOML.
        """
        try:
            found = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise LedgerError(f"{path} cannot be read: {error.strerror}.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            # What the parser says may repeat a line, and with it a secret.
            raise LedgerError(f"{path} is not TOML: check its quotes and brackets.") from None
        return cls(path.name), found

    def text(self, table: Mapping[str, Any], at: str, name: str) -> str:
        """A text that must be there."""
        value = table.get(name)
        if not isinstance(value, str) or not value.strip():
            what = "is missing" if name not in table else "is empty, or no text"
            raise self.wrong(at + name, f'{what}: write {name} = "…"')
        return value.strip()

    def secret(self, table: Mapping[str, Any], name: str) -> str:
        """A secret that nobody can guess."""
        found = self.text(table, "", name)
        if len(found) < _SHORTEST_SECRET or not found.isascii():
            raise self.wrong(
                name,
                f"needs {_SHORTEST_SECRET} plain characters and has {len(found)}: make one with "
                "python3 -c 'import secrets; print(secrets.token_hex(32))'",
            )
        return found

    def header(self, table: Mapping[str, Any], name: str) -> str:
        """The name of a header."""
        found = self.text(table, "", name)
        if not _HEADER.fullmatch(found):
            raise self.wrong(name, f"is {found!r}: give the name of a header, X-Forwarded-User")
        return found

    def hours(self, table: Mapping[str, Any]) -> float:
        """How long a session lasts."""
        hours = table.get("session_hours", HOURS)
        if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= 24:
            raise self.wrong("session_hours", f"is {hours!r}: give hours, above 0 and at most 24")
        return float(hours)

    def only(self, table: Mapping[str, Any], at: str, names: tuple[str, ...]) -> None:
        """That a table holds nothing else."""
        for name in table:
            if name not in names:
                raise self.wrong(at + name, f"is unknown: known are {', '.join(names)}")

    def wrong(self, field_: str, what: str) -> LedgerError:
        """An error that names its field."""
        return LedgerError(f"{self._file}: {field_} {what}.")
