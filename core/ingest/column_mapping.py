"""Which column of a file is which field: names, `--map`, other tools' names, segments."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from core import events
from core.ingest.raw_records import TEXT, Column, Records, json_pointer
from core.ledger.errors import UnusableFile
from core.ledger.sql import literal, quoted
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.segment_names import RESERVED_DIMENSIONS, dimension_of, fault_of, plain

_QUARANTINE_ID = events.QUARANTINE_PREFIX + "id"


@dataclass(frozen=True)
class Layout:
    """A file's columns by what they mean.

    Attributes:
        fields: field of `core.events.FIELDS` → column; absent ones are missing.
        segments: dimension → column, in the spelling the ledger knows or will know.
        segments_object: the column of a segments object that is JSON text, else None.
        attributes: name → column, by name.
        originals: every column as it came, for the record a refused row is kept as.
        quarantine_id: the column that names the entry a corrected row answers.
        signal: the signal of every record, where the file names none.
        notices: names taken over from other tools.
    """

    fields: Mapping[str, Column]
    segments: Mapping[str, Column]
    segments_object: Column | None
    attributes: Mapping[str, Column]
    originals: tuple[Column, ...]
    quarantine_id: Column | None
    signal: str | None
    notices: tuple[str, ...]


def lay_out(
    cursor: duckdb.DuckDBPyConnection,
    records: Records,
    *,
    name: str,
    mapping: Mapping[str, str],
    signal: str | None,
) -> Layout:
    """Give every column of a file its meaning.

    Args:
        cursor: of the ledger; asked for its segment dimensions, and for the keys of a segments
            object.
        mapping: the file's names → ours.
        signal: the signal of every record; only for files that name none.

    Raises:
        UnusableFile: a mapping that does not fit, two columns for one field, a dimension whose
            name cannot be used, or no columns to work with.
    """
    originals = tuple(
        column
        for column in records.columns
        if not column.name.lower().startswith(events.QUARANTINE_PREFIX)
    )
    expanded, segments_object = _with_segments_expanded(cursor, originals, records, mapping, name)
    named = _renamed(expanded, mapping, originals, name)
    named, notices = _with_aliases(named)
    fields: dict[str, tuple[str, Column]] = {}
    segments: dict[str, tuple[str, Column]] = {}
    attributes: dict[str, Column] = {}
    known = {dimension.lower(): dimension for dimension in segment_dimensions(cursor)}
    for ours, column in named:
        lowered = ours.lower()
        if lowered in events.FIELDS:
            _put(fields, lowered, column, name)
        elif (stated := dimension_of(ours)) is not None:
            dimension = _dimension(stated, column, name)
            _put(segments, known.setdefault(dimension.lower(), dimension), column, name)
        else:
            attributes[ours] = column
    layout = Layout(
        fields={field: column for field, (_, column) in fields.items()},
        segments={dimension: column for dimension, (_, column) in segments.items()},
        segments_object=segments_object,
        attributes=dict(sorted(attributes.items())),
        originals=originals,
        quarantine_id=next((c for c in records.columns if c.name.lower() == _QUARANTINE_ID), None),
        signal=signal,
        notices=(*records.notices, *notices),
    )
    _refuse_unusable(layout, name)
    return layout


def _put(taken: dict[str, tuple[str, Column]], key: str, column: Column, name: str) -> None:
    if key in taken:
        other = taken[key][1].name
        raise UnusableFile(
            f"{name} has two columns for {key}: {other!r} and {column.name!r}; set one aside, "
            f'for example: --map "{column.name}={events.ATTRIBUTE_PREFIX}{key}"'
        )
    taken[key] = (key, column)


def _renamed(
    columns: Sequence[Column],
    mapping: Mapping[str, str],
    originals: Sequence[Column],
    name: str,
) -> list[tuple[str, Column]]:
    found = {column.name for column in columns} | {column.name for column in originals}
    for theirs, ours in mapping.items():
        if theirs not in found:
            raise UnusableFile(
                f"{name} has no column {theirs!r} to map; it has: {_listed(originals)}."
            )
        prefixes = (events.SEGMENT_PREFIX, events.ATTRIBUTE_PREFIX)
        if not (
            ours in events.FIELDS or ours == events.SEGMENTS_OBJECT or ours.startswith(prefixes)
        ):
            raise UnusableFile(
                f"There is no field {ours!r} to map {theirs!r} to; there are: "
                f"{', '.join(events.FIELDS)}, {events.SEGMENT_PREFIX}<dimension>, "
                f"{events.SEGMENTS_OBJECT} and {events.ATTRIBUTE_PREFIX}<name>."
            )
    return [(mapping.get(column.name, plain(column.name)), column) for column in columns]


def _with_aliases(
    named: Sequence[tuple[str, Column]],
) -> tuple[list[tuple[str, Column]], list[str]]:
    present = {ours.lower() for ours, _ in named}
    notices: list[str] = []
    aliases: dict[str, str] = {}
    for field, names in events.ALIASES.items():
        alias = next((alias for alias in names if alias.lower() in present), None)
        if alias is not None and field not in present:
            aliases[alias.lower()] = field
            notices.append(f"Column {alias!r} was read as {field}.")
    return [(aliases.get(ours.lower(), ours), column) for ours, column in named], notices


def _with_segments_expanded(
    cursor: duckdb.DuckDBPyConnection,
    columns: Sequence[Column],
    records: Records,
    mapping: Mapping[str, str],
    name: str,
) -> tuple[list[Column], Column | None]:
    """The columns, with a segments object turned into one column ``segments.<key>`` each."""
    found = [c for c in columns if mapping.get(c.name, c.name).lower() == events.SEGMENTS_OBJECT]
    if not found:
        return list(columns), None
    if len(found) > 1:
        raise UnusableFile(
            f"{name} has two segments objects: {_listed(found)}; set one aside, for example: "
            f'--map "{found[1].name}={events.ATTRIBUTE_PREFIX}{found[1].name}"'
        )
    (whole,) = found
    parts = _parts(cursor, whole, records)
    expanded = [replace(part, name=f"{events.SEGMENTS_OBJECT}.{part.name}") for part in parts]
    others = [column for column in columns if column is not whole]
    return [*others, *expanded], whole if whole.type in (TEXT, "JSON") else None


def _parts(cursor: duckdb.DuckDBPyConnection, whole: Column, records: Records) -> list[Column]:
    if whole.type.startswith("STRUCT"):
        described = cursor.execute(
            f"DESCRIBE SELECT unnest({whole.sql}) FROM {records.relation}"
        ).fetchall()
        return [Column(key, f"{whole.sql}.{quoted(key)}", type_) for key, type_, *_ in described]
    if whole.type.startswith("MAP"):
        keys = f"map_keys({whole.sql})"
        value = "CAST(({sql})[{key}] AS VARCHAR)"
    else:
        keys = f"CASE WHEN json_valid({whole.sql}) THEN json_keys({whole.sql}) END"
        value = "CASE WHEN json_valid({sql}) THEN json_extract_string({sql}, {pointer}) END"
    found = cursor.execute(
        f"""
        SELECT DISTINCT key FROM (SELECT unnest({keys}) AS key FROM {records.relation}) ORDER BY key
        """
    ).fetchall()
    return [
        Column(key, value.format(sql=whole.sql, key=literal(key), pointer=json_pointer(key)), TEXT)
        for (key,) in found
    ]


def _dimension(dimension: str, column: Column, name: str) -> str:
    fault = fault_of(dimension)
    if fault is None:
        return dimension
    mend = re.sub(r"[^A-Za-z0-9_.-]+", "_", dimension)[:60] or "segment"
    if mend.lower() in RESERVED_DIMENSIONS:
        mend += "_2"
    raise UnusableFile(
        f"The segment {column.name!r} of {name} cannot be used: {fault}; "
        f'for example: --map "{column.name}={events.SEGMENT_PREFIX}{mend}"'
    )


def _refuse_unusable(layout: Layout, name: str) -> None:
    fields = layout.fields
    if "signal" in fields and layout.signal is not None:
        raise UnusableFile(
            f"{name} names its signals itself, in {fields['signal'].name!r}; leave --signal out."
        )
    has = _listed(layout.originals) or "none"
    missing = [field for field in ("event_id",) if field not in fields]
    if "confidence" in fields:
        missing += [field for field in ("ts",) if field not in fields]
        if "signal" not in fields and layout.signal is None:
            missing.append("signal")
    elif "outcome" not in fields:
        missing.append("confidence")
    if not missing:
        return
    mends = " ".join(f"--map THEIRS={field}" for field in missing if field != "signal")
    if "signal" in missing:
        mends = f"{mends} --signal NAME".strip()
    raise UnusableFile(
        f"{name} has no column for {' and '.join(missing)}; it has: {has}. "
        f"Say which one it is: {mends}"
    )


def _listed(columns: Sequence[Column]) -> str:
    names = [column.name for column in columns[:30]]
    return ", ".join(names) + (", …" if len(columns) > 30 else "")
