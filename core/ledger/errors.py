"""What can be wrong with a ledger or a question to it, each said in one sentence."""

# ruff: noqa: N818 (they read as what is the matter: "except LedgerHeld")

from __future__ import annotations

import shlex
from datetime import date


class LedgerError(Exception):
    """Something a user can act on; the message is one clear sentence and shown as it is."""

    def __reduce__(self) -> tuple[object, ...]:
        """How it is copied: as it is, for some kinds make their sentence from other words."""
        return _again, (type(self), self.args), self.__dict__


def _again(kind: type[LedgerError], args: tuple[object, ...]) -> LedgerError:
    return kind.__new__(kind, *args)


class LedgerMissing(LedgerError):
    """There is no file at the path."""


class NotALedger(LedgerError):
    """The file is something else: another format, damaged, or a database of other tables."""


class LedgerNewer(LedgerError):
    """A newer program, or a newer DuckDB, wrote the file; it was left untouched."""


class LedgerHeld(LedgerError):
    """Another process has the file open.

    Attributes:
        pid: that process, None when DuckDB does not name it.
    """

    def __init__(self, message: str, pid: int | None = None) -> None:
        super().__init__(message)
        self.pid = pid


class UnusableFile(LedgerError):
    """The file as a whole cannot be imported; the message says why and what to do."""


class UnknownDimension(LedgerError):
    """A question names a dimension that the ledger does not have, or cannot split claims by."""


class TooManyValues(UnknownDimension):
    """It has the dimension, of ids or free text: claims are not split by it.

    Attributes:
        dimension: which.
    """

    def __init__(self, message: str, dimension: str) -> None:
        super().__init__(message)
        self.dimension = dimension


class BadValue(LedgerError):
    """A question accepts a value that its dimension cannot take, e.g. week "2026-W99"."""


class NeedsClaims(LedgerError):
    """A question is about single claims of a signal whose cells were loaded, and lacks them.

    Attributes:
        signal: which.
        first, last: the days whose claims are not, or not all, in this ledger.
    """

    def __init__(self, signal: str, first: date, last: date) -> None:
        days = f"of {first}" if first == last else f"of {first} to {last}"
        super().__init__(
            f"This is counted from single claims of {signal}. Its cells were loaded, and the "
            f"claims {days} are not all in this ledger. Ask about whole weeks and at most one "
            "segment, or bring these claims in: calledger cells pull LOG "
            f"--signal {shlex.quote(signal)} --since {first} --until {last}"
        )
        self.signal, self.first, self.last = signal, first, last
