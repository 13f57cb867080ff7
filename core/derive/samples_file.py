"""A file of sampled answers in, a file of claims out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.derive.agreement import Columns, Row, Underivable, derived
from core.derive.answer_keys import KEYS
from core.events import FIELDS
from core.ingest.reading.file_format import look_at
from core.ingest.reading.readers import LinesAtFault, read_records
from core.ledger.errors import LedgerError, UnusableFile

#: At most so many inputs are named of those that no claim was made of.
NAMED = 5


@dataclass(frozen=True)
class Derived:
    """What became of a file of samples.

    Attributes:
        claims: how many were written.
        underivable: inputs, or samples, of which none was made: the first `NAMED`.
        n_underivable: how many there are.
        tied: claims whose answer was no commoner than another.
        sampled: the fewest and the most answers that a claim rests on; None without claims.
    """

    claims: int
    underivable: tuple[Underivable, ...]
    n_underivable: int
    tied: int
    sampled: tuple[int, int] | None


def derive_agreement(
    samples: Path, out: Path, *, columns: Columns, same: str = "text", signal: str | None = None
) -> Derived:
    """Write the claims that follow from a file of samples, ready for the import.

    Args:
        samples: CSV, JSONL or Parquet, one sampled answer a record.
        out: a .csv or .jsonl file, written anew.
        same: one of `KEYS`: when two answers count as the same.
        signal: the claims' signal; only for a file that names none.

    Raises:
        UnusableFile: a column is missing, or the file cannot be read; nothing was written.
        LedgerError: ``out`` cannot be written, or is the file that is read.
    """
    if out.suffix.lower() not in (".csv", ".jsonl"):
        raise LedgerError(f"{out.name} must end in .csv or .jsonl.")
    if out.exists() and samples.exists() and out.samefile(samples):
        raise LedgerError(f"{out} is the file that is read; name another for the claims.")
    rows = _rows(samples, columns, signal)
    found = list(derived(rows, columns, KEYS[same], signal=signal))
    claims = [one for one in found if not isinstance(one, Underivable)]
    without = [one for one in found if isinstance(one, Underivable)]
    _written(claims, out)
    sizes = [int(one["agreement_sampled"] or 0) for one in claims]
    return Derived(
        claims=len(claims),
        underivable=tuple(without[:NAMED]),
        n_underivable=len(without),
        tied=sum(one["agreement_tied"] == "true" for one in claims),
        sampled=(min(sizes), max(sizes)) if sizes else None,
    )


def _rows(path: Path, columns: Columns, signal: str | None) -> list[Row]:
    file = look_at(path)
    with closing(duckdb.connect()) as connection:
        careful = file.survey is not None and file.survey.needs_care
        try:
            records = read_records(connection, file, careful=careful)
        except LinesAtFault:
            records = read_records(connection, file, careful=True)
        names = [column.name for column in records.columns]
        _refuse_missing(path.name, names, columns, signal)
        taken = ", ".join(column.text for column in records.columns)
        found = connection.execute(
            f"SELECT {records.row} AS row, {records.malformed}, {taken} "
            f"FROM {records.relation} ORDER BY row"
        ).fetchall()
    for number, malformed, *_ in found:
        if malformed is not None:
            raise UnusableFile(f"{path.name}, record {number:,}: {malformed}.")
    return [dict(zip(names, values, strict=True)) for _, _, *values in found]


def _refuse_missing(name: str, names: Sequence[str], columns: Columns, signal: str | None) -> None:
    asked = {
        "--answer": columns.answer,
        "--input": columns.input,
        **({"--given": columns.given} if columns.given else {}),
    }
    missing = {option: column for option, column in asked.items() if column not in names}
    if missing:
        options = " ".join(f"{option} THEIRS" for option in missing)
        raise UnusableFile(
            f"{name} has no column {' and '.join(missing.values())}; it has: {', '.join(names)}. "
            f"Say which one it is: {options}"
        )
    if "ts" not in names:
        raise UnusableFile(
            f"{name} has no column ts, the time of the answer given; it has: {', '.join(names)}."
        )
    if ("signal" in names) == (signal is not None):
        words = "names its signals itself; leave --signal out" if signal else "names no signal"
        fix = "." if signal else "; say --signal NAME."
        raise UnusableFile(f"{name} {words}{fix}")


def _written(claims: Sequence[Row], out: Path) -> None:
    header = dict.fromkeys(name for claim in claims for name in claim)
    ordered = sorted(header, key=lambda one: FIELDS.index(one) if one in FIELDS else len(FIELDS))
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            if out.suffix.lower() == ".jsonl":
                file.writelines(_lines(claims, ordered))
                return
            writer = csv.DictWriter(file, ordered or ("event_id",))
            writer.writeheader()
            writer.writerows(claims)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}.") from error


def _lines(claims: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    for claim in claims:
        stated = {name: claim.get(name) for name in names if claim.get(name) is not None}
        yield json.dumps(stated, ensure_ascii=False) + "\n"
