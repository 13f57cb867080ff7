"""Where the ledger is, and how Streamlit is set, in this process."""

from __future__ import annotations

import os
from pathlib import Path

from dashboard.server.sign_on.proxy import TRUSTED, Proxy, proxy_of
from dashboard.server.sign_on.settings import SignOn, sign_on_of

#: The environment variable that names the ledger file the server owns.
LEDGER_VARIABLE = "CALLEDGER_LEDGER"
#: The one that holds the token by which commands of the same user ask the server.
TOKEN_VARIABLE = "CALLEDGER_SERVER_TOKEN"
#: The one that names the notices file, where that is not the one beside the ledger.
NOTICES_VARIABLE = "CALLEDGER_NOTICES"
#: The one that names the hosts, besides this machine's own, that the server answers for.
HOSTS_VARIABLE = "CALLEDGER_ALLOWED_HOSTS"
#: Those that name the sign-on file, and the file of the proxy that signs people on.
SIGN_ON_VARIABLE, PROXY_VARIABLE = "CALLEDGER_SIGN_ON", "CALLEDGER_BEHIND_PROXY"
#: The level from which on the log is written as JSON lines; unset: in words.
LOG_VARIABLE = "CALLEDGER_LOG_JSON"

_THEME = Path(__file__).parents[1] / "theme.toml"


def allowed_hosts() -> tuple[str, ...]:
    """The hosts that the operator names, separated by commas, and where people sign on."""
    named = tuple(one for one in os.environ.get(HOSTS_VARIABLE, "").split(",") if one.strip())
    people = sign_on()
    return named if people is None else (*named, people.host)


def sign_on() -> SignOn | None:
    """How people sign on at this server; None: not here.

    Raises:
        LedgerError: the file cannot be used any more.
    """
    path = os.environ.get(SIGN_ON_VARIABLE)
    return sign_on_of(Path(path)) if path else None


def proxy() -> Proxy | None:
    """The proxy that signs people on; None: there is none.

    Raises:
        LedgerError: the file cannot be used any more.
    """
    path = os.environ.get(PROXY_VARIABLE)
    return proxy_of(Path(path)) if path else None


def streamlit_options(host: str) -> dict[str, object]:
    """Streamlit's options for any folder the command is started from.

    No telemetry, no look-up of an outside address, no Deploy button, and our own theme; no secrets
    of a folder, and no header of a browser believed.
    """
    people = sign_on()
    return {
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        # Drawn by Rich, the error of a page would pass the log by, on standard output.
        "logger.enableRich": False,
        "server.headless": True,
        "server.address": host,
        "server.fileWatcherType": "none",
        "theme.base": str(_THEME),
        "secrets.files": [],
        "server.enableAgentApi": False,
        "server.trustedUserHeaders": TRUSTED if proxy() else {},
        # Taken for the cookies before the app's own secrets are merged.
        **({"server.cookieSecret": people.cookie_secret} if people else {}),
    }
