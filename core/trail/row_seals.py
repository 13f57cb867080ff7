"""Seals: digests of stored rows that acts carry, so that an altered row is found.

A seal covers the rows that one import brought to one table, or a range of the gate's decisions. Its
digest, which stands in an act, is SHA-256 over the digests of its blocks of rows
(`core.trail.sealed_blocks`). What may change by design (the outcome in force of a claim) is not
sealed but worked out anew from the sealed log of outcomes (`core.trail.outcomes_in_force`).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import duckdb

from core.trail.acts import Act
from core.trail.outcomes_in_force import wrong_in_force
from core.trail.problems import Problem
from core.trail.sealed_blocks import BLOCK, Block, SealedTable, blocks_of

RECORDED, SEALED = "import.recorded", "decisions.sealed"
_DECISIONS = "decisions"
#: Tables whose rows an import brings, and the column that numbers them.
_TABLES: Mapping[str, str] = {
    "claims": "import_row",
    "outcomes": "import_row",
    "quarantine": "import_row",
    "quarantine_resolved": "quarantine_id",
    "imports": "import_id",
}
#: A seal as acts carry it: ``seal`` (its name), ``rows`` and ``digest``.
Seal = dict[str, Any]


def seal_import(cursor: duckdb.DuckDBPyConnection, import_id: int) -> list[Seal]:
    """Seal what an import brought, within its transaction.

    The blocks' digests are kept in ``seal_blocks``.

    Returns:
        What the act ``import.recorded`` carries: one seal for each table.
    """
    only = f"import_id = {int(import_id)}"
    return [
        _seal(cursor, _name(table, import_id), SealedTable(table, None, key, only))
        for table, key in _TABLES.items()
    ]


def seal_decisions(cursor: duckdb.DuckDBPyConnection, first: int, last: int) -> list[Seal]:
    """Seal the gate's decisions from one number to another, both included.

    Returns:
        What the act ``decisions.sealed`` carries.
    """
    return [_seal(cursor, _name_of(first, last), _decisions(first, last))]


def check_seals(cursor: duckdb.DuckDBPyConnection, acts: Iterable[Act]) -> tuple[Problem, ...]:
    """Every stored row against the seals that the acts carry.

    Takes time in proportion to the ledger's rows, and bounded memory.

    Args:
        acts: the trail, verified before; others than ``import.recorded`` and
            ``decisions.sealed`` are passed over.

    Returns:
        What differs, with the import, the table and the rows where it does.
    """
    acts = [act for act in acts if act.kind in (RECORDED, SEALED)]
    carried: dict[str, tuple[int, int, str]] = {}
    unfit = list(_collect(acts, carried))
    kept = _kept_blocks(cursor)
    return (
        *unfit,
        *_altered_imports(cursor, carried, kept),
        *_altered_decisions(cursor, acts, carried, kept),
        *_strange_blocks(kept, carried),
        *wrong_in_force(cursor),
    )


def _name(table: str, import_id: int) -> str:
    return f"import-{import_id}/{table}"


def _name_of(first: int, last: int) -> str:
    return f"{_DECISIONS}-{first}-{last}"


def _decisions(first: int, last: int) -> SealedTable:
    between = f"decision_no BETWEEN {int(first)} AND {int(last)}"
    return SealedTable(_DECISIONS, None, "decision_no", between)


def _number(act: Act, name: str) -> int:
    found = act.body.get(name)
    return found if isinstance(found, int) and not isinstance(found, bool) else -1


# -- making ----------------------------------------------------------------------------------------


def _seal(cursor: duckdb.DuckDBPyConnection, name: str, source: SealedTable) -> Seal:
    blocks = list(blocks_of(cursor, source))
    cursor.execute(
        "INSERT INTO seal_blocks SELECT $seal, unnest($blocks), unnest($digests)",
        {
            "seal": name,
            "blocks": [block.number for block in blocks],
            "digests": [block.digest for block in blocks],
        },
    )
    return {
        "seal": name,
        "rows": sum(block.rows for block in blocks),
        "digest": _whole_digest((block.number, block.digest) for block in blocks),
    }


def _whole_digest(blocks: Iterable[tuple[int, str]]) -> str:
    """SHA-256 over a line ``number digest`` for each block, ascending."""
    lines = "".join(f"{number} {digest}\n" for number, digest in blocks)
    return hashlib.sha256(lines.encode("utf-8")).hexdigest()


# -- checking --------------------------------------------------------------------------------------


def _collect(acts: Sequence[Act], carried: dict[str, tuple[int, int, str]]) -> Iterator[Problem]:
    """Fill in entry, rows and digest of every seal by its name; say what cannot be used."""
    for act in acts:
        if act.kind == RECORDED:
            names = {_name(table, _number(act, "import_id")) for table in _TABLES}
        else:
            names = {_name_of(_number(act, "first"), _number(act, "last"))}
        found = _carried(act)
        if found is None or found.keys() != names:
            listed = ", ".join(sorted(names))
            yield Problem("seal", act.seq, f"Entry {act.seq} does not carry the seals {listed}.")
            continue
        for name, (rows, digest) in found.items():
            if name in carried:
                before = carried[name][0]
                words = f"Entry {act.seq} seals {name} again, after entry {before}."
                yield Problem("seal", act.seq, words)
            else:
                carried[name] = act.seq, rows, digest


def _carried(act: Act) -> dict[str, tuple[int, str]] | None:
    """Rows and digest of the seals in an act, by name; None where they cannot be read."""
    seals = act.body.get("seals")
    try:
        assert isinstance(seals, list)
        found = {str(one["seal"]): (int(one["rows"]), str(one["digest"])) for one in seals}
    except (AssertionError, KeyError, TypeError, ValueError):
        return None
    return found if len(found) == len(seals) else None


def _kept_blocks(cursor: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[int, str]]]:
    """The digests in ``seal_blocks``, by seal."""
    found: dict[str, list[tuple[int, str]]] = {}
    cursor.execute("SELECT seal, block, digest FROM seal_blocks ORDER BY seal, block, digest")
    while rows := cursor.fetchmany(1000):
        for seal, block, digest in rows:
            found.setdefault(seal, []).append((block, digest))
    return found


def _altered_imports(
    cursor: duckdb.DuckDBPyConnection,
    carried: Mapping[str, tuple[int, int, str]],
    kept: Mapping[str, list[tuple[int, str]]],
) -> Iterator[Problem]:
    for table, key in _TABLES.items():
        due = {name: one for name, one in carried.items() if name.endswith(f"/{table}")}
        blocks = blocks_of(cursor, SealedTable(table, "import_id", key))
        for import_id, found in itertools.groupby(blocks, lambda block: block.group):
            name, now = _name(table, import_id), list(found)
            sealed = due.pop(name, None)
            if sealed is None:
                rows = _rows(sum(block.rows for block in now))
                words = f"{table} has {rows} of import {import_id}, which no entry records."
                yield Problem("seal", None, words)
            else:
                about = f"{table} of import {import_id}"
                place = None if table == "imports" else key
                yield from _compared(name, about, place, sealed, now, kept.get(name, []))
        for name, sealed in due.items():
            number = name.removeprefix("import-").removesuffix(f"/{table}")
            about = f"{table} of import {number}"
            place = None if table == "imports" else key
            yield from _compared(name, about, place, sealed, [], kept.get(name, []))


def _altered_decisions(
    cursor: duckdb.DuckDBPyConnection,
    acts: Sequence[Act],
    carried: Mapping[str, tuple[int, int, str]],
    kept: Mapping[str, list[tuple[int, str]]],
) -> Iterator[Problem]:
    """Altered decisions, and those up to the last sealed one that no entry or several seal."""
    spans = sorted((_number(a, "first"), _number(a, "last")) for a in acts if a.kind == SEALED)
    reached = 0
    for first, last in spans:
        name = _name_of(first, last)
        if name in carried:
            now = list(blocks_of(cursor, _decisions(first, last)))
            about = f"decisions {first} to {last}"
            yield from _compared(name, about, "decision_no", carried[name], now, kept.get(name, []))
        if first <= reached:
            yield Problem("seal", None, f"Decisions {first} to {last} are sealed more than once.")
        row = cursor.execute(
            "SELECT count(*) FROM decisions WHERE decision_no > $after AND decision_no < $first",
            {"after": reached, "first": first},
        ).fetchone()
        if row is not None and row[0]:
            between = f"from {reached + 1} to {first - 1}"
            words = f"{_rows(row[0])} of decisions {between}: sealed by no entry."
            yield Problem("seal", None, words)
        reached = max(reached, last)
    row = cursor.execute("SELECT count(*) FROM decisions WHERE decision_no < 1").fetchone()
    if row is not None and row[0]:
        yield Problem("seal", None, f"{_rows(row[0])} of decisions with a number below 1.")


def _compared(
    name: str,
    about: str,
    place: str | None,
    sealed: tuple[int, int, str],
    now: Sequence[Block],
    kept: Sequence[tuple[int, str]],
) -> Iterator[Problem]:
    """One seal against its rows as they are.

    Args:
        name: of the seal.
        about: the rows in words.
        place: the column that numbers them, where it helps to name it.
        sealed: entry, rows and digest.
        now: the rows' blocks.
        kept: block numbers and digests from when they were sealed.
    """
    seq, rows, digest = sealed
    computed = [(block.number, block.digest) for block in now]
    n_now = sum(block.rows for block in now)
    if _whole_digest(computed) == digest and n_now == rows:
        if computed != list(kept):
            words = f"The kept block digests of {name} were altered; the rows were not."
            yield Problem("seal", seq, words)
        return
    where = ""
    if _whole_digest(kept) != digest:
        where = " (where is not known: the kept block digests were altered, too)"
    elif place is not None:
        was, is_ = dict(kept), dict(computed)
        broken = sorted(
            block for block in was.keys() | is_.keys() if was.get(block) != is_.get(block)
        )
        where = f" in {place} {_ranges(broken)}"
    count = "" if n_now == rows else f"; {rows:,} rows were sealed and there are {n_now:,}"
    yield Problem("seal", seq, f"Not as entry {seq} sealed them: {about}{where}{count}.")


def _ranges(blocks: Sequence[int]) -> str:
    """Blocks as ranges of row numbers: ``4096–8191, 12288–16383``; at most five."""
    shown = [f"{max(block * BLOCK, 1)}–{block * BLOCK + BLOCK - 1}" for block in blocks[:5]]
    return ", ".join(shown) + (f" and {len(blocks) - 5} more" if len(blocks) > 5 else "")


def _strange_blocks(
    kept: Mapping[str, list[tuple[int, str]]], carried: Mapping[str, tuple[int, int, str]]
) -> Iterator[Problem]:
    for name in kept.keys() - carried.keys():
        yield Problem("seal", None, f"Block digests are kept for {name}, which no entry seals.")


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"
