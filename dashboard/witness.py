"""The outside witness: the newest checkpoint is sent to each time stamp authority now and then.

No act waits for it, and one that does not answer is asked again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2

from core.governance.perform import Office, utc_now
from core.ledger.errors import LedgerError
from core.trail import log as trail
from core.trail.checkpoints import time_stamps
from core.trail.checkpoints.anchors import Authority, authorities_of

#: Seconds that a connection, or a part of an answer, may take …
_PATIENCE = 5.0
#: … and a whole answer.
_DEADLINE = 10.0
#: Seconds after which an authority that failed is asked again.
AGAIN_AFTER = 300.0


class Witness:
    """Asks the authorities of one ledger, and waits a while after one that failed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._not_before: dict[Authority, float] = {}

    def in_round(self, office: Office) -> Iterator[str]:
        """Have the newest checkpoint stamped where that is due; what failed, in sentences."""
        for authority, note, last in _asking(office):
            waits = self._clock() < self._not_before.get(authority, 0.0)
            if waits or not time_stamps.due(note, last, utc_now()):
                continue
            why = stamped(Path(str(office.ledger.path)), note, authority)
            if why is not None:
                self._not_before[authority] = self._clock() + AGAIN_AFTER
                yield f"{why} It is asked again in {AGAIN_AFTER / 60:.0f} minutes."


def at_once(office: Office) -> Iterator[tuple[Authority, str | None]]:
    """Have the newest checkpoint stamped now; of each authority why it failed, None: it did not."""
    for authority, note, last in _asking(office):
        known = last is not None and last.note == note
        path = Path(str(office.ledger.path))
        yield authority, None if known else stamped(path, note, authority)


def _asking(office: Office) -> Iterator[tuple[Authority, str, time_stamps.Stamp | None]]:
    path = office.ledger.path
    named = () if path is None else authorities_of(path)
    if path is None or not named:
        return
    with office.ledger.cursor() as cursor:
        note = trail.latest_note(cursor)
    if note is not None:
        for authority in named:
            yield authority, note, time_stamps.newest(path, authority)


def stamped(ledger: Path, note: str, authority: Authority) -> str | None:
    """Have a checkpoint stamped and keep the stamp; None, or why there is none, in a sentence."""
    request = time_stamps.asked(note)
    try:
        answer = _posted(authority.url, request.as_bytes())
        stamp = time_stamps.accepted(authority, request, note, answer)
        time_stamps.keep(ledger, stamp)
    except (httpx2.HTTPError, httpx2.InvalidURL, time_stamps.StampError, OSError) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    except LedgerError as error:
        reason = str(error).rstrip(".")
    else:
        return None
    return f"The time stamp authority {authority.url} gave no stamp: {reason}."


def _posted(url: str, body: bytes) -> bytes:
    """What an authority answers; no more is read than a stamp can have."""
    until, found = time.monotonic() + _DEADLINE, b""
    headers = {"Content-Type": "application/timestamp-query"}
    with httpx2.stream("POST", url, content=body, headers=headers, timeout=_PATIENCE) as answer:
        answer.raise_for_status()
        for part in answer.iter_bytes():
            found += part
            if len(found) > time_stamps.LARGEST:
                raise time_stamps.StampError("the answer is too long for a time stamp")
            if time.monotonic() > until:
                raise time_stamps.StampError("the answer takes too long")
    return found
