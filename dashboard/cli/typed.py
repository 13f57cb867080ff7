"""What was typed on the command line, and where it has to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dashboard.server.server_file import Running


@dataclass
class Typed:
    """What was typed, of what only a command's own words tell: which of them are files.

    Attributes:
        argv: every word after the program's name.
        ledgers: paths of ledgers, as typed.
        inputs: paths that are read.
        outputs: paths that are written.
    """

    argv: tuple[str, ...]
    ledgers: list[str] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)


class Elsewhere(Exception):  # noqa: N818 (reads as what is the matter)
    """A server owns the ledger: the command has to run there.

    Attributes:
        server: the server.
        ledger: the path that it owns; None: one of another machine.
    """

    def __init__(self, server: Running, ledger: Path | None) -> None:
        super().__init__(server.address)
        self.server, self.ledger = server, ledger
