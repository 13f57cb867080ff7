"""The state from the trail, read entry by entry and held against the newest signed checkpoint."""

from __future__ import annotations

import duckdb

from core.governance.advance import advance
from core.governance.state import EMPTY, State
from core.ledger.errors import LedgerError
from core.trail import log as trail
from core.trail.acts import Act
from core.trail.checkpoints import checkpoints as notes
from core.trail.checkpoints import merkle


class TrailBroken(LedgerError):  # noqa: N818 (reads as what is the matter)
    """The trail is not what was signed."""

    def __init__(self, words: str) -> None:
        super().__init__(
            f"The decision trail is broken: {words} Nothing is decided or signed on it until that "
            "is settled; see: calledger trail verify."
        )


class Replay:
    """A state that follows the trail; not for several threads at once."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._state = EMPTY
        self._frontier = merkle.Frontier()
        self._key: str | None = None

    def caught_up(self, cursor: duckdb.DuckDBPyConnection) -> State:
        """The state after the last entry of the trail.

        Raises:
            TrailBroken: an entry does not follow from the one before, or the tree is not the one
                signed last.
        """
        size = trail.size(cursor)
        if size < self._state.size:
            # A trail never shrinks: what was read before is forgotten and this one is judged.
            self._begin()
        if size == self._state.size:
            return self._state
        try:
            self._read_on(cursor, size)
        except BaseException:
            self._begin()
            raise
        return self._state

    def _read_on(self, cursor: duckdb.DuckDBPyConnection, size: int) -> None:
        for seq, text, leaf in trail.entries(cursor, first=self._state.size, until=size):
            try:
                if seq != self._state.size or merkle.leaf_hash(text.encode("utf-8")).hex() != leaf:
                    raise ValueError("its text is not the one that was hashed")
                act = Act.of_text(text)
                self._state = advance(self._state, act)
            except (ValueError, LedgerError) as error:
                raise TrailBroken(f"entry {seq} cannot be used, {error}.") from error
            self._frontier = self._frontier.append(bytes.fromhex(leaf))
            if act.kind in ("trail.started", "key.changed"):
                self._key = str(act.body["key"])
        note = trail.latest_note(cursor)
        if note is None or self._key is None:
            raise TrailBroken("it has no signed checkpoint.")
        try:
            checkpoint = notes.checkpoint(note, self._key)
        except ValueError as error:
            raise TrailBroken(f"its newest checkpoint is not valid ({error}).") from error
        if (checkpoint.size, checkpoint.root) != (size, self._frontier.root()):
            raise TrailBroken(
                f"its {size} entries are not those that were signed ({checkpoint.size})."
            )
