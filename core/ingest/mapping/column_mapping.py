"""Which column of a file is which field: names, `--map`, other tools' names, segments, a key."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb

from core import events
from core.ingest.file_mapping import FileMapping, may_be_renamed_to
from core.ingest.mapping.proposals import NAMES, Advice, possible_segments, proposed_columns
from core.ingest.reading import parsing
from core.ingest.reading.nested import column_at
from core.ingest.reading.raw_records import TEXT, Column, Records, json_pointer
from core.ledger.errors import UnusableFile
from core.ledger.sql import literal, quoted
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.segment_names import RESERVED_DIMENSIONS, dimension_of, fault_of, plain

_QUARANTINE_ID = events.QUARANTINE_PREFIX + "id"


class MissingColumns(UnusableFile):
    """Fields that every file needs have no column; all of them are named at once.

    Attributes:
        advice: the columns that seem to be it.
        complete: whether each missing field has one.
    """

    def __init__(self, message: str, advice: Advice, *, complete: bool) -> None:
        super().__init__(message)
        self.advice, self.complete = advice, complete


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
        how: what was said of the file.
        notices: names taken over from other tools.
    """

    fields: Mapping[str, Column]
    segments: Mapping[str, Column]
    segments_object: Column | None
    attributes: Mapping[str, Column]
    originals: tuple[Column, ...]
    quarantine_id: Column | None
    how: FileMapping
    notices: tuple[str, ...]

    @property
    def signal(self) -> str | None:
        """The signal of every record, where the file names none."""
        return self.how.signal


def lay_out(
    cursor: duckdb.DuckDBPyConnection,
    records: Records,
    *,
    name: str,
    how: FileMapping,
) -> Layout:
    """Give every column of a file its meaning.

    Args:
        cursor: of the ledger; asked for its segment dimensions, for the keys of a segments
            object, and for what lies inside of objects.
        how: what was said of the file.

    Raises:
        UnusableFile: a mapping that does not fit, two columns for one field, a dimension whose
            name cannot be used, or no columns to work with.
    """
    mapping = how.renames
    originals = own_columns(records)
    reached = _inside_of_objects(cursor, records, mapping, name)
    expanded, segments_object = _with_segments_expanded(cursor, originals, records, mapping, name)
    named = _renamed((*expanded, *reached), mapping, originals, name)
    if how.key:
        named.append(("event_id", _key(cursor, records, how.key, name)))
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
    said = _values_of(how, {*fields, *(f"{events.SEGMENT_PREFIX}{one}" for one in segments)}, name)
    layout = Layout(
        fields={
            # What a word for a confidence means has no scale: it is read with the numbers.
            field: column if field == "confidence" else _spelled(column, said.get(field))
            for field, (_, column) in fields.items()
        },
        segments={
            dimension: _spelled(column, said.get(f"{events.SEGMENT_PREFIX}{dimension.lower()}"))
            for dimension, (_, column) in segments.items()
        },
        segments_object=segments_object,
        attributes=dict(sorted(attributes.items())),
        originals=originals,
        quarantine_id=next((c for c in records.columns if c.name.lower() == _QUARANTINE_ID), None),
        how=how,
        notices=(*records.notices, *notices),
    )
    _refuse_unusable(cursor, records, layout, name)
    return layout


def named_columns(
    cursor: duckdb.DuckDBPyConnection, records: Records, how: FileMapping, name: str
) -> list[tuple[str, Column]]:
    """A file's columns with the names that they are to have: as mapped, and the key.

    Raises:
        UnusableFile: a mapping that does not fit.
    """
    originals = own_columns(records)
    reached = _inside_of_objects(cursor, records, how.renames, name)
    named = _renamed((*originals, *reached), how.renames, originals, name)
    if how.key:
        named.append(("event_id", _key(cursor, records, how.key, name)))
    return named


def own_columns(records: Records) -> tuple[Column, ...]:
    """A file's columns but those that an export of the quarantine added."""
    return tuple(
        column
        for column in records.columns
        if not column.name.lower().startswith(events.QUARANTINE_PREFIX)
    )


def found_column(
    cursor: duckdb.DuckDBPyConnection, records: Records, path: str, name: str, option: str
) -> Column:
    """A column by its name, or by its path into an object.

    Raises:
        UnusableFile: there is none.
    """
    columns = own_columns(records)
    found = next((column for column in columns if column.name == path), None)
    found = found or column_at(cursor, records, path)
    if found is None:
        raise UnusableFile(f"{name} has no column {path!r} {option}; it has: {listed(columns)}.")
    return found


def _inside_of_objects(
    cursor: duckdb.DuckDBPyConnection, records: Records, paths: Mapping[str, str], name: str
) -> list[Column]:
    """The columns that are named by a path into another; segments objects have their own way."""
    there = {column.name for column in records.columns}
    within = [
        path
        for path in paths
        if path not in there and not path.lower().startswith(f"{events.SEGMENTS_OBJECT}.")
    ]
    return [found_column(cursor, records, path, name, "to map") for path in within]


def _key(
    cursor: duckdb.DuckDBPyConnection, records: Records, paths: Sequence[str], name: str
) -> Column:
    """Several columns as one id, parts joined by a slash; none where a part is missing."""
    parts = [found_column(cursor, records, path, name, "for --key") for path in paths]
    # So that no two different keys are written alike.
    escaped = (f"replace(replace({part.text}, '%', '%25'), '/', '%2F')" for part in parts)
    return Column(",".join(paths), " || '/' || ".join(escaped), TEXT)


def _spelled(column: Column, words: Mapping[str, str] | None) -> Column:
    return column if words is None else parsing.spelled(column, words)


def _values_of(how: FileMapping, fields: set[str], name: str) -> dict[str, Mapping[str, str]]:
    known = {field.lower() for field in fields}
    for field in how.values:
        if field.lower() not in known:
            raise UnusableFile(
                f"{name} has no column for {field}, so its values say nothing: leave out "
                f"--values {field}:…, or say which column it is with --map THEIRS={field}"
            )
    return {field.lower(): words for field, words in how.values.items()}


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
                f"{name} has no column {theirs!r} to map; it has: {listed(originals)}."
            )
        if not may_be_renamed_to(ours):
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
            f"{name} has two segments objects: {listed(found)}; set one aside, for example: "
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


def _refuse_unusable(
    cursor: duckdb.DuckDBPyConnection, records: Records, layout: Layout, name: str
) -> None:
    fields = layout.fields
    if "signal" in fields and layout.signal is not None:
        raise UnusableFile(
            f"{name} names its signals itself, in {fields['signal'].name!r}; leave --signal out."
        )
    if not _missing(layout, {}):
        return
    others = list(layout.attributes.values())
    wanted = [field for field in NAMES if field not in fields]
    if "event_id" not in fields or "confidence" not in fields:
        # What is needed is looked for first: a column is taken once.
        wanted = [field for field in wanted if field != "signal" or layout.signal is None]
    proposed = proposed_columns(cursor, records, others, wanted)
    missing = _missing(layout, proposed)
    found = {field: column for column, field in proposed.items()}
    signal = None
    if "signal" in missing and "signal" not in found:
        signal = re.sub(r"[^A-Za-z0-9._-]+", "-", name.split(".")[0]) or "signal"
    more = FileMapping(proposed, signal)
    open_ones = [field for field in missing if field not in found and field != "signal"]
    mends = " ".join((*(f"--map THEIRS={field}" for field in open_ones), more.said())).strip()
    *most, last = missing
    said = f"{', '.join(most)} and {last}" if most else last
    raise MissingColumns(
        f"{name} has no column for {said}; it has: {listed(layout.originals) or 'none'}. "
        f"Say which one it is: {mends}",
        Advice(
            layout.how.with_more(more),
            tuple(f"{theirs} seems to be {ours}." for theirs, ours in proposed.items()),
            _segments(cursor, records, others, proposed),
        ),
        complete=not open_ones,
    )


def _missing(layout: Layout, proposed: Mapping[str, str]) -> list[str]:
    """The fields that a file like this needs and does not have, proposed ones among them."""
    there = {*layout.fields, *proposed.values()}
    missing = [field for field in ("event_id",) if field not in layout.fields]
    if "confidence" in there:
        missing += [field for field in ("ts",) if field not in layout.fields]
        if "signal" not in layout.fields and layout.signal is None:
            missing.append("signal")
        if "confidence" not in layout.fields and "outcome" not in layout.fields:
            missing.append("confidence")
    elif "outcome" not in layout.fields:
        missing.append("outcome" if "outcome" in there else "confidence")
    return missing


def _segments(
    cursor: duckdb.DuckDBPyConnection,
    records: Records,
    columns: Sequence[Column],
    proposed: Mapping[str, str],
) -> tuple[str, ...]:
    left = [column for column in columns if column.name not in proposed]
    found = possible_segments(cursor, records, left)
    if not found:
        return ()
    said = ", ".join(f"{name} ({n} values)" for name, n in found.items())
    first = next(iter(found))
    return (
        f"Claims could be split by {said}: add --map "
        f"{first}={events.SEGMENT_PREFIX}{re.sub(r'[^A-Za-z0-9_]+', '_', first)} for each.",
    )


def listed(columns: Sequence[Column]) -> str:
    """The names of columns, the first of them where there are many."""
    names = [column.name for column in columns[:30]]
    return ", ".join(names) + (", …" if len(columns) > 30 else "")
