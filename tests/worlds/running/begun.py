"""What many tests begin with is done once; each has a copy in memory of the ledger it left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import duckdb

from core.ledger import connection as opening
from core.ledger.connection import MEMORY_LIMIT, Ledger
from core.ledger.sql import literal
from core.trail.checkpoints.signer import Signer


class World(Protocol):
    """What acts on a ledger, and with which key."""

    @property
    def ledger(self) -> Ledger: ...

    @property
    def signer(self) -> Signer: ...


AWorld = TypeVar("AWorld", bound=World)


class Begun:
    """Worlds as they were after some acts, each built when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[tuple[Any, ...], tuple[Path, Signer]] = {}
        self._open: list[Ledger] = []

    def after(
        self,
        world: Callable[[Ledger, Signer | None], AWorld],
        *acts: Callable[[AWorld], object],
    ) -> AWorld:
        """A world of one's own until the test ends, in which the acts were done.

        Args:
            world: the world on a ledger; with no signer the ledger is empty, and it begins there.
            acts: what was done in it then. These and ``world`` are functions of a module, for
                they also name what is kept.
        """
        made = (world, *acts)
        if made not in self._kept:
            begins = self.after(world, *acts[:-1]) if acts else world(Ledger.in_memory(), None)
            for act in acts[-1:]:
                act(begins)
            path = self._folder / f"{len(self._kept)}.duckdb"
            begins.ledger.backup(path)
            begins.ledger.close()
            self._kept[made] = path, begins.signer
        path, signer = self._kept[made]
        self._open.append(in_memory_copy(path))
        return world(self._open[-1], signer)

    def close(self) -> None:
        """Close what was copied."""
        while self._open:
            self._open.pop().close()


def in_memory_copy(path: Path) -> Ledger:
    """A ledger in memory that begins as the closed one at ``path`` ended."""
    connection = duckdb.connect(":memory:", config=opening._configuration(MEMORY_LIMIT))
    opening._set_up(connection)
    connection.execute(f"ATTACH {literal(str(path))} AS begun (READ_ONLY)")
    connection.execute("COPY FROM DATABASE begun TO memory")
    connection.execute("DETACH begun")
    return Ledger(connection, None)
