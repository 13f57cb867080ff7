"""Is killed at a step of an upgrade: ``python killed_upgrade.py LEDGER 3 before``."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from core.ledger import connection
from core.ledger.migrations import Migration, known_migrations

#: What of a step is asked for before its turn, and once its tables are changed and not committed.
MOMENTS = {"before": "sql", "inside": "name"}


def main(path: str, version: str, moment: str) -> None:
    class Killed(Migration):
        def __getattribute__(self, name: str) -> Any:
            if name == MOMENTS[moment]:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__getattribute__(name)

    steps = tuple(
        Killed(one.version, one.name, one.sql) if one.version == int(version) else one
        for one in known_migrations()
    )
    connection.known_migrations = lambda: steps  # type: ignore[assignment]
    connection.Ledger.open(Path(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
