"""Where the ledger is, and how Streamlit is set, in this process."""

from __future__ import annotations

import os
from pathlib import Path

#: The environment variable that names the ledger file the server owns.
LEDGER_VARIABLE = "CALLEDGER_LEDGER"
#: The one that holds the token by which commands of the same user ask the server.
TOKEN_VARIABLE = "CALLEDGER_SERVER_TOKEN"
#: The one that names the notices file, where that is not the one beside the ledger.
NOTICES_VARIABLE = "CALLEDGER_NOTICES"
#: The one that names the hosts, besides this machine's own, that the server answers for.
HOSTS_VARIABLE = "CALLEDGER_ALLOWED_HOSTS"

_THEME = Path(__file__).parents[1] / "theme.toml"


def allowed_hosts() -> tuple[str, ...]:
    """The hosts that the operator names, separated by commas in the environment."""
    return tuple(one for one in os.environ.get(HOSTS_VARIABLE, "").split(",") if one.strip())


def streamlit_options(host: str) -> dict[str, object]:
    """Streamlit's options for any folder the command is started from.

    No telemetry, no look-up of an outside address, no Deploy button, and our own theme.
    """
    return {
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "server.headless": True,
        "server.address": host,
        "server.fileWatcherType": "none",
        "theme.base": str(_THEME),
    }
