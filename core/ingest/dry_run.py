"""What would come of a file, and what to say so that more of it comes in: nothing is written."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.ingest.file_mapping import PLAIN, FileMapping
from core.ingest.import_file import ImportSummary, import_file
from core.ingest.mapping.column_mapping import MissingColumns
from core.ledger.connection import Ledger

#: A row's first fault hides the next one: so often what is proposed is tried in turn.
_TRIES = 5


@dataclass(frozen=True)
class DryRun:
    """A file tried in as many ways as it takes.

    Attributes:
        how: as it was asked for, and with it the columns that had to be proposed.
        first: what would come of it read so.
        best: how it is to be read so that most comes in, as far as that can be proposed.
        then: what would come of it read in that way; `first` where nothing is proposed.
        says: why each thing is proposed.
        asks: what only people can say.
    """

    how: FileMapping
    first: ImportSummary
    best: FileMapping
    then: ImportSummary
    says: tuple[str, ...]
    asks: tuple[str, ...]


def dry_run(
    ledger: Ledger,
    path: str | os.PathLike[str],
    *,
    how: FileMapping = PLAIN,
    now: datetime | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> DryRun:
    """Read a file as `import_file` would, and again with what it proposes itself.

    Raises:
        UnusableFile: the file as a whole cannot be used.
        MissingColumns: a needed column is not there, and none is like it.
    """
    says: list[str] = []
    asks: tuple[str, ...] = ()

    def tried(mapping: FileMapping) -> ImportSummary:
        return import_file(ledger, path, how=mapping, now=now, progress=progress, dry_run=True)

    try:
        first = tried(how)
    except MissingColumns as missing:
        if not missing.complete:
            raise
        how = missing.advice.mapping
        says += missing.advice.says
        asks = missing.advice.asks
        first = tried(how)
    best, then = how, first
    for _ in range(_TRIES):
        if then.advice is None or then.advice.mapping == best:
            break
        best = then.advice.mapping
        says += then.advice.says
        then = tried(best)
    if then.advice is not None:
        asks = (*then.advice.asks, *asks)
    return DryRun(how, first, best, then, tuple(says), asks)
