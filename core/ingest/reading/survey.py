"""What a text file holds, counted apart from the readers that take it in.

Every byte is seen once, in pieces of bounded size: how many lines and records there are, whether
one is too long, and whether all of it is UTF-8. A reader that finds another number of records has
lost some, and is not believed.
"""

from __future__ import annotations

import codecs
import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

import numpy as np

from core.ledger.errors import UnusableFile

#: No record is longer; one that is costs itself alone, and is never in memory as a whole.
MOST_BYTES_OF_A_RECORD = 16_000_000
#: The same in words.
MOST_IN_WORDS = f"{MOST_BYTES_OF_A_RECORD // 1_000_000} MB"

_CHUNK = 1 << 20
_NEWLINE, _QUOTE, _BLANK = ord("\n"), ord('"'), ord(" ")
_BOM = codecs.BOM_UTF8


@dataclass(frozen=True)
class Survey:
    """What a text file holds.

    Attributes:
        n_lines: lines, blank ones among them.
        n_records: records that are not blank, a header among them; in CSV a line end inside
            quotes ends none. Where quotes do not pair up, it is only a guess.
        too_long: whether some record has more than `MOST_BYTES_OF_A_RECORD`.
        valid_utf8: False when some record is not UTF-8; such records cost one row each.
    """

    n_lines: int
    n_records: int
    too_long: bool
    valid_utf8: bool

    @property
    def needs_care(self) -> bool:
        """Whether only the careful reader can take the file."""
        return self.too_long or not self.valid_utf8


@dataclass(frozen=True)
class LongLine:
    """A line with more than `MOST_BYTES_OF_A_RECORD`, of which only the beginning was read.

    Attributes:
        head: its beginning.
        size: its bytes, without the line end.
        sha256: of these bytes, in hexadecimal.
    """

    head: bytes
    size: int
    sha256: str


def bounded_lines(stream: IO[bytes]) -> Iterator[bytes | LongLine]:
    """The lines with their line ends; one that is too long is passed over piece by piece."""
    most = MOST_BYTES_OF_A_RECORD
    while line := stream.readline(most + 2):
        ended = line.endswith(b"\n") or len(line) < most + 2
        if ended and len(line.rstrip(b"\r\n")) <= most:
            yield line
            continue
        digest, size, piece = hashlib.sha256(), 0, line
        while piece:
            text = piece.removesuffix(b"\n")
            digest.update(text)
            size += len(text)
            piece = b"" if piece.endswith(b"\n") else stream.readline(_CHUNK)
        yield LongLine(line, size, digest.hexdigest())


def survey(
    open_it: Callable[[], IO[bytes]], name: str, *, compression: str, quoting: bool
) -> Survey:
    """Read the file once from its beginning to its end.

    Args:
        open_it: opens its bytes, uncompressed.
        compression: likewise.
        quoting: whether a line end inside double quotes ends no record, as in CSV.

    Raises:
        UnusableFile: another encoding, or the compression is damaged or ends too early.
    """
    count = _Count(quoting)
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, position = True, 0
    try:
        with open_it() as stream:
            while chunk := stream.read(_CHUNK):
                if position == 0:
                    _refuse_utf16(name, chunk)
                    count.feed(chunk.removeprefix(_BOM))
                else:
                    count.feed(chunk)
                position += len(chunk)
                if valid:
                    try:
                        decoder.decode(chunk)
                    except UnicodeDecodeError:
                        valid = False
    except (EOFError, OSError, zlib.error) as error:
        raise UnusableFile(
            f"{name} is truncated or damaged: its {compression} compression breaks off "
            f"after {position:,} bytes of text; copy it again."
        ) from error
    valid = valid and not decoder.getstate()[0]
    if not valid:
        _refuse_other_encoding(open_it, name)
    return count.result(valid_utf8=valid)


class _Count:
    """Lines and records, fed in pieces."""

    def __init__(self, quoting: bool) -> None:
        self._quoting = quoting
        self._lines = self._records = 0
        self._too_long = self._line_begun = False
        # Of the record that is not ended yet: its bytes, whether it is blank, and inside quotes.
        self._run, self._blank, self._inside = 0, True, 0

    def feed(self, chunk: bytes) -> None:
        bytes_ = np.frombuffer(chunk, np.uint8)
        ends = np.flatnonzero(bytes_ == _NEWLINE)
        self._lines += len(ends)
        self._line_begun = not chunk.endswith(b"\n")
        if self._quoting:
            quotes = np.flatnonzero(bytes_ == _QUOTE)
            if len(quotes) or self._inside:
                ends = ends[(np.searchsorted(quotes, ends) + self._inside) % 2 == 0]
                self._inside = (self._inside + len(quotes)) % 2
        if len(ends) == 0:
            self._go_on(chunk)
            return
        self._go_on(chunk[: ends[0]])
        self._records += not self._blank
        starts, stops = ends[:-1] + 1, ends[1:]
        # What begins with a visible character is not blank; only the others are looked at.
        sure = bytes_[starts] > _BLANK
        self._records += int(sure.sum()) + sum(
            bool(chunk[start:stop].strip())
            for start, stop in zip(starts[~sure], stops[~sure], strict=True)
        )
        self._run, self._blank = 0, True
        self._go_on(chunk[ends[-1] + 1 :])

    def _go_on(self, piece: bytes) -> None:
        self._run += len(piece)
        self._blank = self._blank and not piece.strip()
        # A record within one piece is shorter than a piece.
        self._too_long = self._too_long or self._run > MOST_BYTES_OF_A_RECORD

    def result(self, *, valid_utf8: bool) -> Survey:
        return Survey(
            self._lines + self._line_begun,
            self._records + (not self._blank),
            self._too_long,
            valid_utf8,
        )


def _refuse_other_encoding(open_it: Callable[[], IO[bytes]], name: str) -> None:
    """Tell a file with damaged lines from one in another encoding.

    A damaged line costs one row later. But a file none of whose umlauts is UTF-8, in its header
    or in more than one line in a hundred, is in another encoding as a whole.
    """
    lines = bad_lines = position = 0
    first_bad: tuple[int, int] | None = None
    bad_header = proper = False
    with open_it() as stream:
        for line in bounded_lines(stream):
            lines += 1
            if isinstance(line, LongLine):
                position += line.size + 1
                continue
            try:
                proper = proper or not line.decode("utf-8").isascii()
            except UnicodeDecodeError as error:
                bad_lines += 1
                bad_header = bad_header or lines == 1
                first_bad = first_bad or (position + error.start, line[error.start])
            position += len(line)
    if first_bad is not None and (bad_header or (not proper and bad_lines * 100 >= lines)):
        at, byte = first_bad
        raise UnusableFile(
            f"{name} is not UTF-8: byte {at:,} is 0x{byte:02X}, as in Latin-1 or Windows-1252; "
            f"convert it, for example: iconv -f WINDOWS-1252 -t UTF-8 {name}"
        )


def _refuse_utf16(name: str, start: bytes) -> None:
    head = start[:64]
    # In UTF-16 every other byte of plain English is 0.
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(0) * 4 >= len(head):
        at = 0 if head[0] >= 0xFE else head.index(0)
        raise UnusableFile(
            f"{name} is not UTF-8: byte {at} is 0x{start[at]:02X}, as in UTF-16; "
            f"convert it, for example: iconv -f UTF-16 -t UTF-8 {name}"
        )
