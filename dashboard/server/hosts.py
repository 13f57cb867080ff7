"""The hosts that the server answers for; knows neither Streamlit nor Starlette."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection

#: The address and port at which a request came in; the port is None for a file's socket.
Server = tuple[str, int | None] | None

#: The names of this machine for itself, as a browser writes them.
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_HOST = re.compile(
    r"(?=.{1,260}\Z)(?P<name>\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)(?::\d{1,5})?"
)
#: The port that a browser leaves away.
_HTTP_PORT = 80


def is_host(text: str) -> bool:
    """Whether this is a name or an address, with or without a port."""
    return _HOST.fullmatch(text.lower()) is not None


def host_name(text: str) -> str:
    """A host as the operator names it, ``ledger.example.org`` or ``localhost:9000``.

    Raises:
        ValueError: it is none, with the fix.
    """
    name = text.strip().lower()
    if _HOST.fullmatch(name) is None:
        raise ValueError(
            f"{text!r} is not a host: write the name that browsers ask for, such as "
            "ledger.example.org, or with a port, localhost:9000."
        )
    return name


def known(host: str, server: Server, named: Collection[str]) -> bool:
    """Whether this server answers for a host.

    Args:
        host: as the request writes it.
        server: where the request came in.
        named: hosts the operator names: each with its one port, or without for any.
    """
    host = host.lower()
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    return host in named or found["name"] in named or host in own_hosts(server)


def own_hosts(server: Server) -> tuple[str, ...]:
    """How a browser on this machine writes the host; none where others come in, or no port is."""
    address, port = server or ("", None)
    if port is None or not _is_loopback(address):
        return ()
    bare = LOOPBACK if port == _HTTP_PORT else ()
    return (*(f"{name}:{port}" for name in LOOPBACK), *bare)


def _is_loopback(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback
