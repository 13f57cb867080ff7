"""Cells of a lake into a ledger: the weeks of a build take the place of those loaded before.

One transaction, recorded as an act that holds the digest of what was read, of the manifest, and of
every week that changed; a verification counts these digests anew. A signal's sums are either of
its claims in the ledger or loaded, never both; claims of a loaded signal may be imported
afterwards, as evidence asks for, and change nothing of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from core.events import SEGMENT_PREFIX
from core.governance.perform import Office
from core.ingest.kept_sums import USUAL_HIGH, declared_highs, drop_dimension
from core.lake.build import ACTION, Declared
from core.lake.cell_files import CellManifest, CountedSignal, read_manifest, relations
from core.ledger.errors import LedgerError
from core.ledger.sql import literal, quoted
from core.queries.base.dimensions import week_start
from core.queries.base.kept import kernel, limits
from core.queries.base.kept.loaded import LOADED, LoadAct, loaded_signals, loads
from core.queries.base.kept.week_digests import COLUMNS, limits_digest, of_ledger, week_digests
from core.queries.base.truth import declared as declared_truths
from core.trail.acts import SYSTEM, Actor, Proposal

_PROGRAM = Actor(SYSTEM, SYSTEM, via="system")
_TABLES = {table: f"kept_{table}" for table in COLUMNS}
_SAME_LINE = " AND ".join(f"line.{one} IS NOT DISTINCT FROM new.{one}" for one in kernel.LINE)


@dataclass(frozen=True)
class CellsLoaded:
    """What a load did.

    Attributes:
        manifest: what was loaded.
        n_weeks: weeks whose rows are others now; 0: all of it was there already.
    """

    manifest: CellManifest
    n_weeks: int


def load_cells(office: Office, folder: Path) -> CellsLoaded:
    """Load a folder of cells.

    Raises:
        LedgerError: it is no such folder, was counted by other rules than the ledger's, or a
            signal of it has claims of its own in the ledger; nothing was changed.
    """
    manifest, digest = read_manifest(folder)
    try:
        return _loaded(office, folder, manifest, digest, _weeks(manifest))
    except _OtherWeeksTouchedError:
        return _loaded(office, folder, manifest, digest, None)


class _OtherWeeksTouchedError(Exception):
    """A load changed rows of weeks that are not its own, as it does with a new dimension."""


def _loaded(
    office: Office,
    folder: Path,
    manifest: CellManifest,
    digest: str,
    weeks: tuple[int, int] | None,
) -> CellsLoaded:
    """Load, given which weeks may change: their digests alone are counted. None: any may.

    Raises:
        _OtherWeeksTouchedError: others changed as well; nothing was done.
    """
    with office.acting() as desk:
        cursor = desk.cursor
        before = loads(cursor)
        _refuse_counted_here(cursor, manifest)
        _refuse_other_rules(cursor, manifest, before)
        was = _digests(cursor, weeks)
        if _swap(cursor, manifest, folder) and weeks is not None:
            raise _OtherWeeksTouchedError
        now = _digests(cursor, weeks, also=manifest)
        changed = {
            monday: now.get(monday, "")
            for monday in sorted({*was, *now})
            if was.get(monday) != now.get(monday)
        }
        newest = before[-1] if before else None
        if not changed and newest is not None and set(manifest.signals) <= _named(before):
            # The very same rows are there: it changes nothing, and says so.
            return CellsLoaded(manifest, 0)
        desk.perform(
            Proposal(
                LOADED,
                _PROGRAM,
                body={
                    "since": manifest.since.isoformat(),
                    "until": manifest.until.isoformat(),
                    "engine": manifest.engine,
                    "n": manifest.n_claims,
                    "events_sha256": manifest.events,
                    "kernel_sha256": manifest.kernel,
                    "manifest_sha256": digest,
                    "signals": [
                        {
                            "signal": name,
                            "high_ppm": one.high_ppm,
                            "truth": list(one.truth),
                            "repeats": one.repeats,
                        }
                        for name, one in sorted(manifest.signals.items())
                    ],
                    "weeks": changed,
                    "limits_sha256": limits_digest(cursor, _listed(_all_named(before, manifest))),
                },
            )
        )
    return CellsLoaded(manifest, len(changed))


def _named(acts: tuple[LoadAct, ...]) -> set[str]:
    return {name for act in acts for name in act.signals}


def _all_named(acts: tuple[LoadAct, ...], manifest: CellManifest) -> list[str]:
    return sorted(_named(acts) | set(manifest.signals))


def _listed(names: list[str]) -> str:
    """A query for names."""
    if not names:
        return "SELECT NULL WHERE FALSE"
    return f"SELECT unnest([{', '.join(map(literal, names))}])"


def _digests(
    cursor: duckdb.DuckDBPyConnection,
    weeks: tuple[int, int] | None,
    also: CellManifest | None = None,
) -> dict[str, str]:
    names = set(loaded_signals(cursor)) | set(also.signals if also else ())
    return week_digests(cursor, of_ledger(_listed(sorted(names))), weeks) if names else {}


def _refuse_counted_here(cursor: duckdb.DuckDBPyConnection, manifest: CellManifest) -> None:
    here = {one for (one,) in cursor.execute("SELECT DISTINCT signal FROM signals").fetchall()}
    own = sorted(here.intersection(manifest.signals) - loaded_signals(cursor))
    if own:
        raise LedgerError(
            f"{own[0]} has claims of its own in this ledger, and a signal's cells are either "
            "counted from them or loaded. Load into a ledger without them; claims that evidence "
            "asks for may be imported afterwards."
        )


def _refuse_other_rules(
    cursor: duckdb.DuckDBPyConnection, manifest: CellManifest, before: tuple[LoadAct, ...]
) -> None:
    """Refuse cells counted by another band or other labels than the ledger says, or has beside."""
    registered = Declared(declared_highs(cursor), declared_truths(cursor))
    newest = {name: one for act in before for name, one in act.signals.items()}
    stay = _weeks_that_stay(cursor, manifest)
    for name, one in manifest.signals.items():
        if one.high_ppm != registered.highs.get(name, USUAL_HIGH) or (
            one.truth != registered.truth_words(name)
        ):
            raise LedgerError(
                f"The registry says of {name} another high-confidence band, or other labels that "
                "count, than the cells were counted by. Write it with calledger registry export, "
                "and build again with --registry."
            )
        had = newest.get(name)
        if name in stay and had is not None:
            was = (had["high_ppm"], tuple(had["truth"]))
            if was != (one.high_ppm, one.truth):
                first, last = stay[name]
                raise LedgerError(
                    f"The registry entry of {name} changed since its other weeks were counted. "
                    f"Build all of them again: --since {min(first, manifest.since.isoformat())} "
                    f"to the last, {max(last, manifest.until.isoformat())}."
                )


def _weeks_that_stay(
    cursor: duckdb.DuckDBPyConnection, manifest: CellManifest
) -> dict[str, tuple[str, str]]:
    """Signal → first and last day loaded that this load leaves as they are."""
    rows = cursor.execute(
        """
        SELECT signal, min(day), max(day) FROM kept_days JOIN kept_lines USING (line)
        WHERE day NOT BETWEEN $since AND $until GROUP BY signal
        """,
        {"since": manifest.since, "until": manifest.until},
    ).fetchall()
    return {name: (first.isoformat(), last.isoformat()) for name, first, last in rows}


# -- the rows ------------------------------------------------------------------------------------


def _weeks(manifest: CellManifest) -> tuple[int, int]:
    """Numbers of the first and last week of a build."""
    first, last = ((day - week_start(0)).days // 7 for day in (manifest.since, manifest.until))
    return first, last


def _swap(cursor: duckdb.DuckDBPyConnection, manifest: CellManifest, folder: Path) -> bool:
    """Put the rows of a folder in the place of those of its weeks; whether others changed."""
    all_loaded = _listed(sorted(loaded_signals(cursor) | set(manifest.signals)))
    mine = f"line IN (SELECT line FROM kept_lines WHERE signal IN ({all_loaded}))"
    first, last = manifest.since.isoformat(), manifest.until.isoformat()
    numbers = _weeks(manifest)
    between = f"BETWEEN {numbers[0]} AND {numbers[1]}"
    weeks = f"week {between}"
    for table in ("kept_cells", "kept_ages", "kept_steps"):
        cursor.execute(f"DELETE FROM {table} WHERE {weeks} AND {mine}")
    days = " AND ".join(_whole_days(numbers[0], numbers[1]))
    cursor.execute(f"DELETE FROM kept_values WHERE {days} AND {mine}")
    cursor.execute(
        f"DELETE FROM kept_days WHERE day BETWEEN DATE '{first}' AND DATE '{last}' AND {mine}"
    )
    touched = _signals(cursor, manifest)
    _columns(cursor, manifest)
    rows = relations(folder)
    taken = _listed(_with_lines(cursor))
    names = ", ".join(kernel.LINE)
    cursor.execute(
        f"""
        INSERT INTO kept_lines
        SELECT (SELECT coalesce(max(line), 0) FROM kept_lines)
               + row_number() OVER (ORDER BY {names}), {names}
        FROM (SELECT DISTINCT {names} FROM {rows.days}) AS new
        WHERE signal IN ({taken})
          AND NOT EXISTS (SELECT 1 FROM kept_lines AS line WHERE {_SAME_LINE})
        """
    )
    for table, target in _TABLES.items():
        columns = ", ".join(f"CAST(new.{one} AS {type_})" for one, type_ in COLUMNS[table].items())
        cursor.execute(
            f"""
            INSERT INTO {target} (line, {", ".join(COLUMNS[table])})
            SELECT line.line, {columns}
            FROM {rows.of(table)} AS new JOIN kept_lines AS line ON {_SAME_LINE}
            WHERE new.signal IN ({taken})
            """
        )
    for name, one in sorted(manifest.signals.items()):
        touched |= _dimensions(cursor, name, one, between)
    return touched | _too_many(cursor, sorted(manifest.signals))


def _whole_days(first: int, last: int) -> tuple[str, str]:
    """The days of some weeks as kept_values numbers them; day 4 begins week 0."""
    return f"day >= {7 * first + 4}", f"day < {7 * (last + 1) + 4}"


def _with_lines(cursor: duckdb.DuckDBPyConnection) -> list[str]:
    rows = cursor.execute("SELECT signal FROM kept_signals WHERE kept ORDER BY signal").fetchall()
    return [name for (name,) in rows]


def _signals(cursor: duckdb.DuckDBPyConnection, manifest: CellManifest) -> bool:
    """Note the signals; whether all of one was taken away."""
    forgotten = False
    known = dict(cursor.execute("SELECT signal, kept FROM kept_signals").fetchall())
    for name, one in sorted(manifest.signals.items()):
        kept = one.kept and known.get(name, True)
        if name in known and not kept:
            _forget(cursor, name)
            forgotten = True
        cursor.execute("DELETE FROM kept_signals WHERE signal = $name", {"name": name})
        cursor.execute(
            "INSERT INTO kept_signals VALUES ($name, $high, $kept)",
            {"name": name, "high": one.high_ppm, "kept": kept},
        )
    return forgotten


def _columns(cursor: duckdb.DuckDBPyConnection, manifest: CellManifest) -> None:
    """Let claims have the segments that the cells are counted by, as questions name them."""
    found = {name for one in manifest.signals.values() for name in one.dimensions} - {ACTION}
    for dimension in sorted(found):
        column = quoted(f"{SEGMENT_PREFIX}{dimension}")
        cursor.execute(f"ALTER TABLE claims ADD COLUMN IF NOT EXISTS {column} VARCHAR")


def _forget(cursor: duckdb.DuckDBPyConnection, signal: str) -> None:
    lines = "line IN (SELECT line FROM kept_lines WHERE signal = $signal)"
    for table in _TABLES.values():
        cursor.execute(f"DELETE FROM {table} WHERE {lines}", {"signal": signal})
    for table in ("kept_lines", "kept_dimensions"):
        cursor.execute(f"DELETE FROM {table} WHERE signal = $signal", {"signal": signal})


def _dimensions(
    cursor: duckdb.DuckDBPyConnection, signal: str, one: CountedSignal, weeks: str
) -> bool:
    """Bring a signal's dimensions together: those of these weeks, and those of the others.

    Returns:
        Whether others changed.
    """
    touched = False
    known = dict(
        cursor.execute(
            "SELECT dimension, kept FROM kept_dimensions WHERE signal = $signal",
            {"signal": signal},
        ).fetchall()
    )
    for dimension in sorted({*known, *one.dimensions}):
        place = {"signal": signal, "dimension": dimension}
        few = one.dimensions.get(dimension)
        if dimension not in known:
            cursor.execute(
                "INSERT INTO kept_dimensions VALUES ($signal, $dimension, $few)",
                {**place, "few": few},
            )
            if few:
                touched |= _copy_of_all(cursor, place, f"NOT (week {weeks})")
        elif known[dimension] and few is None:
            _copy_of_all(cursor, place, f"week {weeks}")
        elif not (known[dimension] and few):
            drop_dimension(cursor, signal, dimension)
            touched |= known[dimension]
    return touched


def _copy_of_all(cursor: duckdb.DuckDBPyConnection, place: dict[str, str], weeks: str) -> bool:
    """In weeks where nobody names a dimension, all claims are those that name no value of it.

    Returns:
        Whether there are any.
    """
    ((n,),) = cursor.execute(
        f"""
        INSERT INTO kept_cells
        SELECT kept_cells.* REPLACE ($dimension AS dimension)
        FROM kept_cells JOIN kept_lines USING (line)
        WHERE dimension = '' AND kept_lines.signal = $signal AND {weeks}
        """,
        place,
    ).fetchall()
    if place["dimension"] == ACTION:
        return bool(n)
    cursor.execute(
        f"""
        INSERT INTO kept_values
        SELECT line, monday, $dimension, NULL, action, confidence_ppm, outcome, chance, sum(n)
        FROM (SELECT kept_values.*, 7 * week + 4 AS monday
              FROM (SELECT *, CAST(floor((day - 4) / 7.0) AS INTEGER) AS week FROM kept_values)
                   AS kept_values
              JOIN kept_lines USING (line)
              WHERE dimension = '' AND kept_lines.signal = $signal AND {weeks}) AS whole
        GROUP BY line, monday, action, confidence_ppm, outcome, chance
        """,
        place,
    )
    return bool(n)


def _too_many(cursor: duckdb.DuckDBPyConnection, signals: list[str]) -> bool:
    """Keep no dimension with too many values over all weeks, and no signal with too many lines.

    Returns:
        Whether there were any.
    """
    found = False
    named = f"signal IN ({_listed(signals)})"
    for signal, dimension in cursor.execute(
        f"""
        SELECT signal, dimension FROM kept_cells JOIN kept_lines USING (line)
        WHERE value IS NOT NULL AND {named}
        GROUP BY signal, dimension HAVING count(DISTINCT value) > {limits.MOST_KEPT_VALUES}
        """
    ).fetchall():
        drop_dimension(cursor, signal, dimension)
        found = True
    for (signal,) in cursor.execute(
        f"""
        SELECT signal FROM kept_lines WHERE {named}
        GROUP BY signal HAVING count(*) > {limits.MOST_LINES}
        """
    ).fetchall():
        _forget(cursor, signal)
        found = True
        cursor.execute(
            "UPDATE kept_signals SET kept = false WHERE signal = $signal", {"signal": signal}
        )
    return found
