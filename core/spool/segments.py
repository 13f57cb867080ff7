"""A folder of append-only files, written by one thread: many callers share one fdatasync.

A caller's lines are on disk when `Spool.append` returns, or when the future of `Spool.submit` is
done. What came in is later folded into the ledger file by file (`Spool.closed`), and then removed.
A file, a **segment**, holds lines of one kind and is never written again once it is closed.
"""

from __future__ import annotations

import errno
import os
import re
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from core.ledger.errors import LedgerError
from core.ledger.private import private_folder, sync_folder

#: Bytes that may wait to be written; beyond, callers are asked to come again.
WAITING_LIMIT = 32 * 1024 * 1024
#: Bytes that all segments together may hold.
SIZE_LIMIT = 4 * 1024 * 1024 * 1024
#: The most that one write takes, so that nobody waits for somebody else's flood.
_BATCH = 8 * 1024 * 1024

_NAME = re.compile(r"(?P<number>\d{13,})\.(?P<kind>[a-z0-9-]+)\.jsonl")
_KIND = re.compile(r"[a-z0-9-]+")
_FAILED = "failed"


def beside(ledger: Path) -> Path:
    """The spool's folder of a ledger file."""
    return ledger.with_name(ledger.name + ".spool")


class SpoolBusy(LedgerError):  # noqa: N818 (reads as what is the matter)
    """More waits to be written than may: come again in a moment."""


class SpoolFull(LedgerError):  # noqa: N818 (reads as what is the matter)
    """The disk, or what the spool may hold, is full: nothing was kept."""


class SpoolFailed(LedgerError):  # noqa: N818 (reads as what is the matter)
    """The disk refused; what was handed in may not be there."""


@dataclass(frozen=True, order=True)
class Receipt:
    """Where lines were kept.

    Attributes:
        segment: the number of the segment.
        first: of the lines of the segment, from 1.
        last: the last one of these lines.
    """

    segment: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.segment}:{self.first}-{self.last}"

    @classmethod
    def of(cls, text: str) -> Receipt | None:
        """The receipt that is written so; None: it is none."""
        found = re.fullmatch(r"(\d{1,18}):(\d{1,12})-(\d{1,12})", text, re.ASCII)
        return None if found is None else cls(*(int(one) for one in found.groups()))


@dataclass(frozen=True, order=True)
class Segment:
    """A closed segment; the lower number came first."""

    number: int
    kind: str
    path: Path


@dataclass(frozen=True)
class SpoolStanding:
    """How a spool stands.

    Attributes:
        waiting: bytes not yet on disk.
        held: bytes of the segments not yet folded.
        oldest: when the oldest unfolded segment was begun, seconds since 1970; None without any.
        failed: segments set aside.
    """

    waiting: int
    held: int
    oldest: float | None
    failed: int


@dataclass
class _Open:
    """The segment that takes the lines of one kind."""

    number: int
    path: Path
    file: int
    size: int = 0
    lines: int = 0


@dataclass
class _Job:
    kind: str
    data: bytes
    lines: int
    done: Future[Receipt] = field(default_factory=Future)


class Spool:
    """See the module.

    Args:
        folder: made where it is missing, for its owner's eyes only.
        waiting_limit: bytes that may wait to be written.
        size_limit: bytes that all segments together may hold.
        synced: told after each write how many seconds it took.
    """

    def __init__(
        self,
        folder: Path,
        *,
        waiting_limit: int = WAITING_LIMIT,
        size_limit: int = SIZE_LIMIT,
        synced: Callable[[float], object] | None = None,
    ) -> None:
        self.folder = folder
        self._waiting_limit, self._size_limit = waiting_limit, size_limit
        self._synced = synced
        private_folder(folder)
        private_folder(folder / _FAILED)
        self._open: dict[str, _Open] = {}
        self._jobs: list[_Job] = []
        self._waiting = 0
        self._ended = False
        self._changed = threading.Condition()
        # Held while segments are written, closed or removed.
        self._writing = threading.RLock()
        for left in self._listed():
            _cut_torn_line(left.path)
        self._held = sum(_size(one.path) for one in self._listed())
        found = [one.number for one in (*self._listed(), *self._listed(_FAILED))]
        self._last = max(found, default=0)
        self._thread = threading.Thread(target=self._work, name="spool", daemon=True)
        self._thread.start()

    def submit(self, kind: str, lines: Sequence[bytes]) -> Future[Receipt]:
        """Hand in lines of one kind; the future is done when they are on disk.

        Args:
            kind: lowercase letters, digits and hyphens.
            lines: at least one, each without a line break.

        Raises:
            SpoolBusy: too much waits; nothing of it was taken.
            SpoolFull: the spool holds all that it may.
            ValueError: there is no line, or one that holds a break; or the kind cannot be one.
        """
        if _KIND.fullmatch(kind) is None:
            raise ValueError(f"{kind!r} is no kind of segment.")
        if not lines or any(b"\n" in line for line in lines):
            raise ValueError("Lines are kept one by one, each without a break.")
        data = b"\n".join(lines) + b"\n"
        job = _Job(kind, data, len(lines))
        with self._changed:
            if self._ended:
                raise SpoolFailed("The spool is closed: the server ends.")
            if self._held + self._waiting + len(data) > self._size_limit:
                raise SpoolFull(
                    f"{self.folder} holds {self._held:,} bytes that are not in the ledger yet, and "
                    f"may hold {self._size_limit:,}: see why they are not folded in."
                )
            if self._waiting and self._waiting + len(data) > self._waiting_limit:
                raise SpoolBusy("More waits to be written than may: send it again in a second.")
            self._waiting += len(data)
            self._jobs.append(job)
            self._changed.notify_all()
        return job.done

    def append(self, kind: str, lines: Sequence[bytes]) -> Receipt:
        """`submit`, and wait until the lines are on disk.

        Raises:
            SpoolFailed: the disk refused.
        """
        return self.submit(kind, lines).result()

    def closed(self, kinds: Sequence[str] | None = None) -> tuple[Segment, ...]:
        """Close the segments that are written, and give all that wait to be folded, oldest first.

        Args:
            kinds: only those of these kinds, which a part after a hyphen may follow; None: all.
        """
        with self._writing:
            for kind in list(self._open):
                if _among(kind, kinds):
                    self._close(kind)
            found = self._listed()
        return tuple(one for one in found if _among(one.kind, kinds))

    def folded(self, segment: Segment) -> None:
        """Remove a segment whose lines are in the ledger."""
        self._gone(segment, lambda: segment.path.unlink(missing_ok=True))

    def set_aside(self, segment: Segment) -> Path:
        """Move a segment that cannot be folded out of the way of the others; nothing is lost."""
        target = self.folder / _FAILED / segment.path.name
        self._gone(segment, lambda: segment.path.replace(target))
        sync_folder(target.parent)
        return target

    def standing(self) -> SpoolStanding:
        """How much waits, and since when."""
        found = self._listed()
        with self._changed:
            waiting, held = self._waiting, self._held
        times = [one.number / 1000 for one in found if _size(one.path)]
        return SpoolStanding(waiting, held, min(times, default=None), len(self._listed(_FAILED)))

    def takes(self) -> bool:
        """Whether lines would be kept: tried with a file that nobody sees, and not synced."""
        with self._changed:
            if self._ended or self._held + self._waiting >= self._size_limit:
                return False
        try:
            # A block of it, which a full disk does not have.
            with tempfile.TemporaryFile(dir=self.folder, buffering=0) as file:
                return file.write(bytes(4096)) == 4096
        except OSError:
            return False

    def close(self) -> None:
        """Write what waits, and end; closing twice is harmless."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        self._thread.join()
        with self._writing:
            for kind in list(self._open):
                self._close(kind)
        # A folder with anything in it stays.
        for part in (self.folder / _FAILED, self.folder):
            with suppress(OSError):
                part.rmdir()

    def _listed(self, part: str = "") -> list[Segment]:
        return _segments_in(self.folder / part)

    def _gone(self, segment: Segment, remove: Callable[[], object]) -> None:
        with self._writing:
            size = _size(segment.path)
            remove()
            sync_folder(self.folder)
        with self._changed:
            self._held -= size

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._jobs and not self._ended:
                    self._changed.wait()
                if not self._jobs:
                    return
                jobs: list[_Job] = []
                size = 0
                while self._jobs and (not jobs or size + len(self._jobs[0].data) <= _BATCH):
                    jobs.append(self._jobs.pop(0))
                    size += len(jobs[-1].data)
            by_kind: dict[str, list[_Job]] = defaultdict(list)
            for job in jobs:
                by_kind[job.kind].append(job)
            for kind, group in by_kind.items():
                self._write(kind, group)
            with self._changed:
                self._waiting -= size

    def _write(self, kind: str, jobs: list[_Job]) -> None:
        """Write the lines of one kind, sync once, and tell everybody."""
        data = b"".join(job.data for job in jobs)
        receipts = []
        try:
            with self._writing:
                segment = self._open.get(kind) or self._begin(kind)
                self._written(kind, segment, data)
                for job in jobs:
                    receipts.append(
                        Receipt(segment.number, segment.lines + 1, segment.lines + job.lines)
                    )
                    segment.lines += job.lines
        except OSError as error:
            full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
            refusal = SpoolFull if full else SpoolFailed
            for job in jobs:
                job.done.set_exception(
                    refusal(f"{self.folder} cannot be written: {error.strerror}. Nothing was kept.")
                )
            return
        with self._changed:
            self._held += len(data)
        for job, receipt in zip(jobs, receipts, strict=True):
            job.done.set_result(receipt)

    def _written(self, kind: str, segment: _Open, data: bytes) -> None:
        """Put bytes on disk; where that fails the segment ends where it ended before."""
        view, begun = memoryview(data), time.monotonic()
        try:
            while view:
                view = view[os.write(segment.file, view) :]
            os.fdatasync(segment.file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(segment.file, segment.size)
            # A sync that failed may have dropped what it was to write: this file takes no more.
            self._close(kind)
            raise
        segment.size += len(data)
        if self._synced is not None:
            self._synced(time.monotonic() - begun)

    def _begin(self, kind: str) -> _Open:
        # Numbers are times, so that none is given twice, also when every segment was removed.
        self._last = max(self._last + 1, time.time_ns() // 1_000_000)
        path = self.folder / f"{self._last:013d}.{kind}.jsonl"
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            sync_folder(self.folder)
        except OSError:
            os.close(file)
            raise
        self._open[kind] = _Open(self._last, path, file)
        return self._open[kind]

    def _close(self, kind: str) -> None:
        segment = self._open.pop(kind)
        os.close(segment.file)
        if not segment.size:
            segment.path.unlink(missing_ok=True)


def segments_beside(ledger: Path) -> tuple[Segment, ...]:
    """The segments of a ledger's spool that wait or are being written, oldest first."""
    return tuple(_segments_in(beside(ledger)))


def failed_beside(ledger: Path) -> tuple[Segment, ...]:
    """The segments of a ledger's spool that were set aside, oldest first."""
    return tuple(_segments_in(beside(ledger) / _FAILED))


def _segments_in(folder: Path) -> list[Segment]:
    found = []
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            name = _NAME.fullmatch(path.name)
            if name is not None:
                found.append(Segment(int(name["number"]), name["kind"], path))
    return sorted(found)


def _among(kind: str, kinds: Sequence[str] | None) -> bool:
    return kinds is None or kind in kinds or kind.partition("-")[0] in kinds


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _cut_torn_line(path: Path) -> None:
    """Cut what follows the last line break: it was never acknowledged."""
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        at = end
        while at:
            start = max(0, at - 65_536)
            file.seek(start)
            found = file.read(at - start).rfind(b"\n")
            if found >= 0:
                at = start + found + 1
                break
            at = start
        if at != end:
            file.truncate(at)
            os.fsync(file.fileno())
