"""Seals: digests of stored rows that acts carry, so that an altered row is found.

A seal covers the rows that one import brought to one table, or a range of the gate's decisions. Its
digest, which stands in an act, is SHA-256 over the digests of its blocks of rows
(`core.trail.seals.sealed_blocks`). What may change by design (the outcome in force of a claim) is
not sealed but worked out anew from the sealed log of outcomes
(`core.trail.seals.outcomes_in_force`).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from core.trail.acts import Act
from core.trail.problems import Problem
from core.trail.seals.outcomes_in_force import wrong_in_force
from core.trail.seals.sealed_blocks import BLOCK, Block, SealedTable, blocks_of

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
#: The same of tables to which most imports bring nothing: those that do not carry no seal of it.
_SOMETIMES: Mapping[str, str] = {"handoffs": "import_row"}
#: A seal as acts carry it: ``seal`` (its name), ``rows`` and ``digest``.
Seal = dict[str, Any]


def seal_import(cursor: duckdb.DuckDBPyConnection, import_id: int) -> list[Seal]:
    """Seal what an import brought, within its transaction.

    The blocks' digests are kept in ``seal_blocks``.

    Returns:
        What the act ``import.recorded`` carries: one seal for each table.
    """
    only = f"import_id = {int(import_id)}"
    brought = {
        table: key
        for table, key in _SOMETIMES.items()
        if cursor.execute(f"SELECT 1 FROM {table} WHERE {only} LIMIT 1").fetchall()
    }
    return [
        _seal(cursor, _name(table, import_id), SealedTable(table, None, key, only))
        for table, key in {**_TABLES, **brought}.items()
    ]


def seal_decisions(cursor: duckdb.DuckDBPyConnection, first: int, last: int) -> list[Seal]:
    """Seal the gate's decisions from one number to another, both included.

    Returns:
        What the act ``decisions.sealed`` carries.
    """
    return [_seal(cursor, _name_of(first, last), _decisions(first, last))]


def check_seals(
    cursor: duckdb.DuckDBPyConnection,
    acts: Iterable[Act],
    read: Callable[[int], None] | None = None,
) -> tuple[Problem, ...]:
    """Every stored row against the seals that the acts carry.

    Takes time in proportion to the ledger's rows, and bounded memory.

    Args:
        acts: the trail, verified before; others than ``import.recorded`` and
            ``decisions.sealed`` are passed over.
        read: called now and then with the number of imported rows held against their seals.

    Returns:
        What differs, with the import, the table and the rows where it does.
    """
    seals = _Seals.of(cursor, acts)
    return (
        *seals.unfit,
        *_altered_imports(cursor, seals, read=read),
        *_altered_decisions(cursor, seals),
        *_strange_blocks(seals),
        *wrong_in_force(cursor),
    )


def check_new_seals(
    cursor: duckdb.DuckDBPyConnection, acts: Iterable[Act], since: int
) -> tuple[Problem, ...]:
    """The same of what entries from one on sealed, and of rows that nothing seals.

    Takes time in proportion to those rows. The outcomes in force are left out: what is in force of
    an older claim may follow from a new outcome, and the other way round.

    Args:
        since: the first entry that counts as new.
    """
    seals = _Seals.of(cursor, acts)
    return (
        *seals.unfit,
        *_altered_imports(cursor, seals, after=sealed_imports(seals.acts, since)),
        *_altered_decisions(cursor, seals, since=since),
        *_strange_blocks(seals),
    )


def sealed_imports(acts: Iterable[Act], until: int) -> int:
    """Up to which import, from the first on, entries before one sealed every import."""
    numbers = {_number(a, "import_id") for a in acts if a.kind == RECORDED and a.seq < until}
    return next(one for one in itertools.count() if one + 1 not in numbers)


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


@dataclass(frozen=True)
class _Seals:
    """What seals there are.

    Attributes:
        acts: that carry them.
        carried: entry, rows and digest of every seal, by its name.
        kept: the digests in ``seal_blocks``, by seal.
        unfit: acts that do not carry the seals that they should.
    """

    acts: Sequence[Act]
    carried: Mapping[str, tuple[int, int, str]]
    kept: Mapping[str, list[tuple[int, str]]]
    unfit: tuple[Problem, ...]

    @classmethod
    def of(cls, cursor: duckdb.DuckDBPyConnection, acts: Iterable[Act]) -> _Seals:
        acts = [act for act in acts if act.kind in (RECORDED, SEALED)]
        carried: dict[str, tuple[int, int, str]] = {}
        unfit = tuple(_collect(acts, carried))
        return cls(acts, carried, _kept_blocks(cursor), unfit)

    def compared(
        self, name: str, about: str, place: str | None, now: Sequence[Block]
    ) -> Iterator[Problem]:
        """One seal against its rows as they are, see `_compared`."""
        return _compared(name, about, place, self.carried[name], now, self.kept.get(name, []))


def _collect(acts: Sequence[Act], carried: dict[str, tuple[int, int, str]]) -> Iterator[Problem]:
    """Fill in entry, rows and digest of every seal by its name; say what cannot be used."""
    for act in acts:
        more: set[str] = set()
        if act.kind == RECORDED:
            names, more = (
                {_name(table, _number(act, "import_id")) for table in tables}
                for tables in (_TABLES, _SOMETIMES)
            )
        else:
            names = {_name_of(_number(act, "first"), _number(act, "last"))}
        found = _carried(act)
        if found is None or found.keys() - more != names:
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
    seals: _Seals,
    *,
    after: int = 0,
    read: Callable[[int], None] | None = None,
) -> Iterator[Problem]:
    """Altered rows of imports.

    Args:
        after: only of later imports; 0: of all, and of rows with a number that no import has.
    """
    n_read = 0
    for table, key in {**_TABLES, **_SOMETIMES}.items():
        due = {
            number: name
            for name in seals.carried
            if (number := _import_of(name, table)) is not None and (not after or number > after)
        }
        where = f"import_id > {after}" if after else "true"
        blocks = blocks_of(cursor, SealedTable(table, "import_id", key, where))
        for import_id, found in itertools.groupby(blocks, lambda block: block.group):
            now = []
            for block in found:
                now.append(block)
                n_read += block.rows
                if read is not None:
                    read(n_read)
            name = due.pop(import_id, None)
            if name is None:
                rows = _rows(sum(block.rows for block in now))
                words = f"{table} has {rows} of import {import_id}, which no entry records."
                yield Problem("seal", None, words)
            else:
                about = f"{table} of import {import_id}"
                yield from seals.compared(name, about, None if table == "imports" else key, now)
        for number, name in due.items():
            about = f"{table} of import {number}"
            yield from seals.compared(name, about, None if table == "imports" else key, [])


def _import_of(name: str, table: str) -> int | None:
    """The import whose rows of a table the seal of this name covers."""
    number = name.removeprefix("import-").removesuffix(f"/{table}")
    return int(number) if name == f"import-{number}/{table}" else None


def _altered_decisions(
    cursor: duckdb.DuckDBPyConnection, seals: _Seals, *, since: int = 0
) -> Iterator[Problem]:
    """Altered decisions, and those up to the last sealed one that no entry or several seal.

    Args:
        since: the first entry whose seals are looked at, and the decisions after earlier ones.
    """
    spans = sorted(
        (_number(a, "first"), _number(a, "last"), a.seq) for a in seals.acts if a.kind == SEALED
    )
    reached = 0
    for first, last, seq in spans:
        if seq >= since:
            name = _name_of(first, last)
            if name in seals.carried:
                now = list(blocks_of(cursor, _decisions(first, last)))
                yield from seals.compared(name, f"decisions {first} to {last}", "decision_no", now)
            if first <= reached:
                words = f"Decisions {first} to {last} are sealed more than once."
                yield Problem("seal", None, words)
            ((n_bare,),) = cursor.execute(
                "SELECT count(*) FROM decisions WHERE decision_no > $after AND decision_no < $to",
                {"after": reached, "to": first},
            ).fetchall()
            if n_bare:
                between = f"from {reached + 1} to {first - 1}"
                words = f"{_rows(n_bare)} of decisions {between}: sealed by no entry."
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


def _strange_blocks(seals: _Seals) -> Iterator[Problem]:
    for name in seals.kept.keys() - seals.carried.keys():
        yield Problem("seal", None, f"Block digests are kept for {name}, which no entry seals.")


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"
