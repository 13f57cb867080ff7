"""The one place where acts are done: authorised, guarded, appended and anchored.

Pages, the command line and HTTP all come here. An act and its effects are one transaction: a crash
leaves both or neither, and of two people who act at once the second meets the state the first left.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from core import __version__
from core.governance.advance import advance, check
from core.governance.always_waived import refuse_heard
from core.governance.replay import Replay
from core.governance.state import State
from core.ingest.kept_sums import keep_declared
from core.ingest.outcome_attachment import put_in_force
from core.ledger.connection import Ledger
from core.queries.base.truth import USUAL
from core.trail import log as trail
from core.trail.acts import Act, Proposal
from core.trail.checkpoints.anchors import Anchor, AnchorFailure, anchors_of, publish
from core.trail.checkpoints.signer import Signer
from core.trail.signing_key import load_or_create

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time, UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Desk:
    """Acts of one transaction, each meeting the state that the one before left."""

    def __init__(
        self, cursor: duckdb.DuckDBPyConnection, signer: Signer, state: State, clock: Clock
    ) -> None:
        self.cursor = cursor
        self.state = state
        self._signer, self._clock = signer, clock

    @property
    def now(self) -> datetime:
        """The time of an act done now: the clock's, but never before the last act's."""
        return max(self._clock(), self.state.last_at)

    def perform(self, proposal: Proposal) -> Act:
        """Do one act.

        Raises:
            Refused: not theirs to do, or not in this state; nothing of the transaction stays.
        """
        now = self.now
        if self.state.size == 0:
            started = trail.start(self.cursor, self._signer, at=now, program=__version__)
            self.state = advance(self.state, started)
        before, after = check(self.state, proposal, now)
        refuse_heard(self.cursor, proposal)
        act = trail.append(self.cursor, self._signer, proposal, at=now, before=before, after=after)
        old, self.state = self.state, advance(self.state, act)
        if act.kind == "registry.set" and act.signal is not None:
            _keep_truth(self.cursor, act.signal, old, self.state)
            keep_declared(self.cursor)
        return act


def _keep_truth(cursor: duckdb.DuckDBPyConnection, signal: str, old: State, new: State) -> None:
    """Put other labels in force where an entry says otherwise than before whose labels count."""
    was, is_ = (
        USUAL if (entry := state.entries.get(signal)) is None else entry.spec.ground_truth
        for state in (old, new)
    )
    if not was.ranks_as(is_):
        put_in_force(cursor, signal)


class Office:
    """The written side of one open ledger.

    Attributes:
        ledger: the ledger.
        failures: anchors that could not be written at the last act.
    """

    def __init__(
        self,
        ledger: Ledger,
        signer: Signer | Callable[[], Signer],
        *,
        anchors: Sequence[Anchor] = (),
        clock: Clock = utc_now,
    ) -> None:
        self.ledger = ledger
        self.clock = clock
        self.failures: tuple[AnchorFailure, ...] = ()
        self._anchors = tuple(anchors)
        self._signer = signer
        self._replay = Replay()
        self._reading = threading.Lock()

    @classmethod
    def of(cls, ledger: Ledger, *, clock: Clock = utc_now) -> Office:
        """The office of a ledger file, with the signing key and the anchors beside it.

        The key is read, or made for a trail that has not begun, at the first act; reading the
        state needs none.
        """
        path = ledger.path
        if path is None:
            return cls(ledger, Signer.generate(), clock=clock)
        return cls(
            ledger,
            lambda: load_or_create(path, ledger.cursor()),
            anchors=anchors_of(Path(path)),
            clock=clock,
        )

    def state(self) -> State:
        """What the trail says, replayed and checked against its newest signed checkpoint.

        Only entries that are new since the last call are read.

        Raises:
            TrailBroken: the trail is not what was signed; nothing may rest on it.
        """
        with self._reading, self.ledger.cursor() as cursor:
            return self._replay.caught_up(cursor)

    def now(self) -> datetime:
        """The time, which never falls behind the trail's."""
        return max(self.clock(), self.state().last_at)

    @contextmanager
    def acting(self) -> Iterator[Desk]:
        """Several acts and their effects as one transaction; published when it is committed."""
        signer = self.signer()
        with self.ledger.transaction() as cursor:
            # Writers take turns, so what is committed now is what the acts will stand on.
            desk = Desk(cursor, signer, self.state(), self.clock)
            size = desk.state.size
            yield desk
        if desk.state.size > size:
            self.publish()

    @contextmanager
    def joining(self) -> Iterator[Callable[[duckdb.DuckDBPyConnection], Desk]]:
        """Acts inside a transaction that somebody else begins; published at the end.

        Yields what makes a desk of that transaction's cursor.
        """
        signer, before = self.signer(), self.state().size
        yield lambda cursor: Desk(cursor, signer, self.state(), self.clock)
        if self.state().size > before:
            self.publish()

    def perform(
        self,
        proposal: Proposal,
        effect: Callable[[duckdb.DuckDBPyConnection, Act], object] | None = None,
    ) -> Act:
        """Do one act, with what else has to be written for it.

        Raises:
            Refused: not theirs to do, or not in this state; nothing was changed.
        """
        with self.acting() as desk:
            act = desk.perform(proposal)
            if effect is not None:
                effect(desk.cursor, act)
        return act

    def publish(self) -> None:
        """Write the newest checkpoint to every anchor; what fails is kept in ``failures``."""
        with self.ledger.cursor() as cursor:
            note = trail.latest_note(cursor)
        if note is not None:
            self.failures = publish(note, self._anchors)

    def signer(self) -> Signer:
        """The trail's signing key, read when it is first needed.

        Raises:
            LedgerError: it is missing, or not the one that signs this trail.
        """
        if not isinstance(self._signer, Signer):
            self._signer = self._signer()
        return self._signer
