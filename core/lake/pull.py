"""A source's rows into the ledger by the ordinary import, from where the last pull stopped.

Rows come in the order of one column, in Parquet files of bounded size, each imported and recorded
by itself with the position it reaches. So a pull that dies has lost nothing but its last file, and
the next one goes on there. Rows at the position, and a little behind it, are read again: what is
known already changes nothing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from core import events
from core.ingest.import_file import ImportSummary
from core.lake.cursor_values import CursorColumn
from core.lake.positions import Position
from core.lake.sources import RowSource, listed
from core.ledger.errors import LedgerError
from core.queries.base.segment_names import dimension_of, plain

#: A file of so many rows, or of so many bytes in memory, is imported.
ROWS_A_FILE, BYTES_A_FILE = 500_000, 256_000_000

Take = Callable[[Path, Position | None], ImportSummary]


@dataclass(frozen=True)
class Pull:
    """One pull.

    Attributes:
        source: what is read.
        column: by which it is read in order.
        mapping: the source's names → ours, as the import takes it.
        again: how far behind the position to begin, seconds or steps; None: the usual.
        now: UTC without zone.
    """

    source: RowSource
    column: str
    mapping: Mapping[str, str]
    again: float | None
    now: datetime

    def prepared(self) -> CursorColumn:
        """The column to read by, once it is known to be one.

        Raises:
            LedgerError: there is none of that name, its type has no order, or the source cannot be
                read.
        """
        schema = self.source.schema()
        if self.column not in schema.names:
            raise LedgerError(
                f"The source has no column {self.column!r} for --cursor; it has: "
                f"{listed(schema.names)}."
            )
        return CursorColumn.of(self.column, schema.field(self.column).type)

    def run(self, upto: str | None, take: Take) -> Iterator[ImportSummary]:
        """Import what is new, file by file.

        Args:
            upto: the position of the last pull; None: from the beginning.
            take: imports a file and keeps the position that it reaches.

        Raises:
            LedgerError: the source cannot be read on, or a file of its rows not be imported.
        """
        column = self.prepared()
        since = None if upto is None else column.from_where(upto, self.again)
        with tempfile.TemporaryDirectory(prefix="calledger-pull-") as made:
            files = self._files(Path(made), column, since)
            for path, value in files:
                reached = column.text(value, self.now)
                position = None
                if reached is not None:
                    position = Position(self.source.name, self.column, reached)
                try:
                    yield take(path, position)
                finally:
                    path.unlink(missing_ok=True)

    def _files(
        self, folder: Path, column: CursorColumn, since: str | None
    ) -> Iterator[tuple[Path, object]]:
        """Files of rows, each with the last value of the column in it."""
        number, rows, size, last = 1, 0, 0, None
        writer: pq.ParquetWriter | None = None
        path = folder / self._file_name(number)
        try:
            for batch in self.source.rows(column.name, since):
                if batch.num_rows == 0:
                    continue
                last = _python_value(batch.column(column.name)[-1])
                kept = self._kept(batch)
                if writer is None:
                    writer = pq.ParquetWriter(path, kept.schema)
                writer.write_batch(kept)
                rows, size = rows + batch.num_rows, size + batch.nbytes
                if rows >= ROWS_A_FILE or size >= BYTES_A_FILE:
                    writer.close()
                    writer = None
                    yield path, last
                    number, rows, size = number + 1, 0, 0
                    path = folder / self._file_name(number)
            if writer is not None:
                writer.close()
                writer = None
                yield path, last
        finally:
            if writer is not None:
                writer.close()

    def _file_name(self, number: int) -> str:
        short = "".join(one if one.isalnum() or one in "_-" else "_" for one in self.source.short)
        return f"{short[:80]}.{number}.parquet"

    def _kept(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Without the column it is read by, where that is no field of a claim.

        Kept as an attribute it would make another claim of each row that is written anew, as when
        its outcome comes.
        """
        if self.column in self.mapping or _is_field(self.column):
            return batch
        return batch.drop_columns([self.column])


def _python_value(value: pa.Scalar) -> object:
    """A value for Python, which knows no endless time."""
    try:
        return value.as_py()
    except OverflowError:
        return datetime.max if value.value > 0 else None


def _is_field(name: str) -> bool:
    ours = plain(name)
    return (
        ours.lower() in (*events.FIELDS, events.SEGMENTS_OBJECT)
        or dimension_of(ours) is not None
        or name.startswith(events.ATTRIBUTE_PREFIX)
    )
