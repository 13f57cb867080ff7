"""Entries of the trail found by what they say, also in a trail that somebody tampered with.

What is no JSON any more is found by its number alone; nothing here raises for what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import duckdb

from core.trail.acts import Act
from core.trail.checkpoints.merkle import leaf_hash
from core.trail.fingerprint import Fingerprint

#: The entries, with their text where it is JSON.
_READ = (
    "(SELECT seq, entry, leaf, rowid AS place, CASE WHEN json_valid(entry) THEN entry END AS read"
    " FROM acts)"
)
_FOUND = """
    ($signal IS NULL OR json_extract_string(read, '$.signal') = $signal)
    AND ($who IS NULL OR json_extract_string(read, '$.actor.sub') = $who
         OR json_extract_string(read, '$.body.sub') = $who)
    AND (len($kinds) = 0 OR list_contains($kinds, json_extract_string(read, '$.kind')))
    AND ($since IS NULL OR json_extract_string(read, '$.at') >= $since)
    AND ($until IS NULL OR json_extract_string(read, '$.at') < $until)
"""


@dataclass(frozen=True)
class ActSearch:
    """Which acts are looked for; what is None or empty asks for nothing.

    Attributes:
        signal: about this signal.
        who: done by this person, or about them: an opaque id, or `core.trail.acts.SYSTEM`.
        kinds: of these kinds.
        since, until: on these days or between them, UTC, both included.
    """

    signal: str | None = None
    who: str | None = None
    kinds: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True)
class Stored:
    """An entry as it stands in the file, read as far as it can be.

    Attributes:
        seq: the number it is stored under.
        text: its text.
        leaf: the leaf hash stored with it, hexadecimal.
        act: what it says; None where it cannot be read.
        fault: what is wrong with it by itself, in a sentence; None: nothing. Whether it is the one
            that was signed says only a verification of the whole trail.
    """

    seq: int
    text: str
    leaf: str
    act: Act | None
    fault: str | None

    @property
    def hashed(self) -> str:
        """The leaf hash of the text as it is, hexadecimal."""
        return leaf_hash(self.text.encode("utf-8", errors="surrogatepass")).hex()


def found(
    cursor: duckdb.DuckDBPyConnection, search: ActSearch, *, limit: int, offset: int = 0
) -> tuple[Stored, ...]:
    """The entries that a search finds, the newest first."""
    rows = cursor.execute(
        f"""
        SELECT seq, entry, leaf FROM {_READ}
        WHERE {_FOUND} ORDER BY seq DESC, place DESC LIMIT $limit OFFSET $offset
        """,
        {**_asked(search), "limit": limit, "offset": offset},
    ).fetchall()
    return tuple(stored(*row) for row in rows)


def newest_of_each(cursor: duckdb.DuckDBPyConnection, kind: str) -> dict[str, Stored]:
    """Signal → the newest entry of a kind about it."""
    rows = cursor.execute(
        f"""
        SELECT json_extract_string(read, '$.signal') AS of, seq, entry, leaf
        FROM (SELECT * FROM {_READ} WHERE json_extract_string(read, '$.kind') = $kind)
        WHERE of IS NOT NULL
        QUALIFY row_number() OVER (PARTITION BY of ORDER BY seq DESC, place DESC) = 1
        """,
        {"kind": kind},
    ).fetchall()
    return {signal: stored(*row) for signal, *row in rows}


def count(cursor: duckdb.DuckDBPyConnection, search: ActSearch) -> int:
    """How many entries a search finds."""
    row = cursor.execute(f"SELECT count(*) FROM {_READ} WHERE {_FOUND}", _asked(search)).fetchone()
    assert row is not None
    return int(row[0])


def at(cursor: duckdb.DuckDBPyConnection, seq: int) -> tuple[Stored, ...]:
    """The entry of a number; several where somebody put in another, none where there is none."""
    rows = cursor.execute(
        "SELECT seq, entry, leaf FROM acts WHERE seq = $seq ORDER BY rowid", {"seq": seq}
    ).fetchall()
    return tuple(stored(*row) for row in rows)


def beside(cursor: duckdb.DuckDBPyConnection, entry: Stored) -> tuple[Stored | None, Stored | None]:
    """The entries before and after one that are about the same.

    The same is: its signal, and its fingerprint where it names one, or none; of an act about no
    signal, whatever is about none either and of the same kind.
    """
    if entry.act is None:
        return None, None
    rows = []
    for side, order in (("<", "DESC"), (">", "ASC")):
        rows.append(
            cursor.execute(
                f"""
                SELECT seq, entry, leaf FROM {_READ}
                WHERE seq {side} $seq
                  AND json_extract_string(read, '$.signal')
                      IS NOT DISTINCT FROM json_extract_string($text, '$.signal')
                  AND (json_extract_string(read, '$.fingerprint') IS NULL
                       OR json_extract_string($text, '$.fingerprint') IS NULL
                       OR json_extract_string(read, '$.fingerprint')
                          = json_extract_string($text, '$.fingerprint'))
                  AND (json_extract_string($text, '$.signal') IS NOT NULL
                       OR json_extract_string(read, '$.kind')
                          = json_extract_string($text, '$.kind'))
                ORDER BY seq {order} LIMIT 1
                """,
                {"seq": entry.seq, "text": entry.text},
            ).fetchone()
        )
    before, after = (None if row is None else stored(*row) for row in rows)
    return before, after


def entry_before(cursor: duckdb.DuckDBPyConnection, signal: str, seq: int) -> Stored | None:
    """The act that set the registry entry which was in force before an entry of the trail."""
    row = cursor.execute(
        f"""
        SELECT seq, entry, leaf FROM {_READ}
        WHERE seq < $seq AND json_extract_string(read, '$.kind') = 'registry.set'
          AND json_extract_string(read, '$.signal') = $signal
        ORDER BY seq DESC LIMIT 1
        """,
        {"seq": seq, "signal": signal},
    ).fetchone()
    return None if row is None else stored(*row)


def said(cursor: duckdb.DuckDBPyConnection, path: str) -> tuple[str, ...]:
    """Every value that entries have in one place, in order.

    Args:
        path: a JSON path of the entry, ``$.signal``.
    """
    rows = cursor.execute(
        f"""
        SELECT DISTINCT json_extract_string(read, $path) AS value FROM {_READ}
        WHERE value IS NOT NULL ORDER BY value
        """,
        {"path": path},
    ).fetchall()
    return tuple(str(value) for (value,) in rows)


def finding_kinds(cursor: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """What each finding is about, by its id."""
    rows = cursor.execute(
        f"""
        SELECT DISTINCT json_extract_string(read, '$.body.finding') AS finding,
               json_extract_string(read, '$.body.finding_kind') AS kind
        FROM {_READ}
        WHERE json_extract_string(read, '$.kind') = 'finding.opened'
          AND finding IS NOT NULL AND kind IS NOT NULL
        """
    ).fetchall()
    return {str(finding): str(kind) for finding, kind in rows}


def note_of(cursor: duckdb.DuckDBPyConnection, seq: int) -> str | None:
    """The checkpoint that was signed with an entry; None where it is gone."""
    row = cursor.execute(
        "SELECT note FROM checkpoints WHERE size = $size ORDER BY rowid", {"size": seq + 1}
    ).fetchone()
    return None if row is None else str(row[0])


def stored(seq: int, text: str, leaf: str) -> Stored:
    """Read an entry as it is stored, as far as it can be."""
    read: Act | None = None
    fault: str | None = None
    try:
        read = Act.of_text(text)
        actor = read.actor
        named = [read.kind, actor.sub, actor.role, actor.assurance, actor.via]
        named += [one for one in (read.signal, read.before, read.after) if one is not None]
        named += (read.fingerprint or Fingerprint()).as_json().values()
        if read.signature is not None:
            named += [read.signature.meaning, read.signature.evidence]
        if not all(isinstance(one, str) for one in named) or not isinstance(read.body, dict):
            raise ValueError("its values are not those of an act")
    except (ValueError, OverflowError) as error:
        read, fault = None, f"Entry {seq} cannot be read: {error}."
    found_ = Stored(seq, text, leaf, read, fault)
    if fault is None and found_.hashed != leaf:
        return Stored(
            seq, text, leaf, read, f"The text of entry {seq} is not the one that was hashed."
        )
    return found_


def _asked(search: ActSearch) -> dict[str, object]:
    after = None if search.until is None else search.until + timedelta(days=1)
    return {
        "signal": search.signal,
        "who": search.who,
        "kinds": list(search.kinds),
        "since": None if search.since is None else search.since.isoformat(),
        "until": None if after is None else after.isoformat(),
    }
