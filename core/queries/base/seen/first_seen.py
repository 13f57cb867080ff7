"""When each version of a model, a prompt or a setting was first seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import Any, Literal

import duckdb

from core.queries.base.claims_sql import selected_claims, utc
from core.queries.base.dimensions import Parameter, dimensions_named
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.base.kept.days import day_sums
from core.queries.base.selection import Selection
from core.queries.base.together.asking import AskedOfMany, answered, ask
from core.queries.base.together.snapshot import snapshot

Kind = Literal["model", "prompt", "params", "calibrator", "elicitation"]

_COLUMNS: dict[Kind, str] = {
    "model": "model_version",
    "prompt": "prompt_version",
    "params": "params_version",
    "calibrator": "calibrator_version",
    "elicitation": "elicitation",
}


#: Versions in the order of the kinds, the first claim ever, the last one and stated ones inside.
_Row = tuple[Any, ...]


@dataclass(frozen=True)
class VersionSeen:
    """One version of one kind.

    Attributes:
        kind: what it is a version of.
        version: its name.
        first_ts: time of its first claim ever, before the selection's window or in it, UTC
            without zone; a rule on a timeline belongs at it only if it lies in the window.
        last_ts: time of its last claim in the window.
        n_claims: its stated claims in the window.
    """

    kind: Kind
    version: str
    first_ts: datetime
    last_ts: datetime
    n_claims: int


def first_seen(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> tuple[VersionSeen, ...]:
    """The versions that made a claim in a selection, by when they were first seen.

    Whether a version is new is asked of all the signal's claims that the rest of the selection
    (``where``, ``as_known``, the tuning rule) takes in: a version that ran before ``since`` was not
    first seen at ``since``. Claims without a confidence count for the times.

    Returns:
        By rising first_ts, then by kind in the order model, prompt, params, calibrator,
        elicitation, then by version. Claims that do not name a version make none.
    """
    return answered(cursor, ask(SeenAsked(selection)))


@dataclass(frozen=True)
class SeenAsked(AskedOfMany[tuple[VersionSeen, ...]]):
    """A question that `first_seen` answers, of which many can be asked together."""

    selection: Selection

    @classmethod
    def answers(
        cls, cursor: duckdb.DuckDBPyConnection, asked: Sequence[SeenAsked]
    ) -> Sequence[tuple[VersionSeen, ...]]:
        """The versions of each."""
        alike: dict[Selection, dict[str, list[int]]] = {}
        for place, one in enumerate(asked):
            of = alike.setdefault(replace(one.selection, signal=""), {})
            of.setdefault(one.selection.signal, []).append(place)
        found: list[tuple[VersionSeen, ...]] = [()] * len(asked)
        with snapshot(cursor):
            for selection, places in alike.items():
                rows = _kept(cursor, selection, tuple(places))
                for signal, of_signal in places.items():
                    if rows is None:
                        own = _counted(cursor, replace(selection, signal=signal))
                    else:
                        own = rows.get(signal, [])
                    for place in of_signal:
                        found[place] = _versions(own)
        return found


def _versions(rows: Sequence[_Row]) -> tuple[VersionSeen, ...]:
    """The versions of one signal, from rows by whole fingerprints."""
    kinds = tuple(_COLUMNS)
    found: dict[tuple[int, str], tuple[datetime, datetime | None, int]] = {}
    for *versions, first, last, n_claims in rows:
        for order, version in enumerate(versions):
            if version is None:
                continue
            seen = found.get((order, version), (first, last, 0))
            lasts = [one for one in (seen[1], last) if one is not None]
            found[order, version] = (
                min(seen[0], first),
                max(lasts) if lasts else None,
                seen[2] + int(n_claims),
            )
    ordered = sorted(found.items(), key=lambda item: (item[1][0], item[0]))
    return tuple(
        VersionSeen(kinds[order], version, first, last, n_claims)
        for (order, version), (first, last, n_claims) in ordered
        if last is not None
    )


def _kept(
    cursor: duckdb.DuckDBPyConnection, selection: Selection, signals: Collection[str]
) -> dict[str, list[_Row]] | None:
    """Signal → rows by whole fingerprints, from days that are kept; None: they do not tell.

    Args:
        selection: which of each signal's claims.
    """
    of_line = {*FIELDS, "split"}
    since = None if selection.since is None else utc(selection.since)
    if (
        selection.as_known is not None
        or any(name not in of_line for name, _ in selection.where)
        or (since is not None and since.time() != time())
    ):
        return None
    named = dimensions_named(cursor, (name for name, _ in selection.where))
    conditions = ["TRUE"] if selection.splits_chosen else ["split <> 'tuning'"]
    parameters: dict[str, Parameter] = {}
    for i, (name, values) in enumerate(selection.where):
        condition, more = named[name].condition(values, f"where_{i}")
        conditions.append(condition)
        parameters |= more
    names = ", ".join(_COLUMNS.values())
    inside = "TRUE" if since is None else f"day >= DATE '{since.date()}'"
    before = None if selection.until is None else utc(selection.until)
    days = day_sums(cursor, before=before, signals=signals)
    found: dict[str, list[_Row]] = {}
    for signal, *row in cursor.execute(
        f"""
        SELECT signal, {names}, min(first_ts), max(last_ts) FILTER ({inside}),
               coalesce(sum(n_claims - n_unstated) FILTER ({inside}), 0)
        FROM ({days}) AS day WHERE {" AND ".join(conditions)}
        GROUP BY signal, {names}
        """,
        parameters,
    ).fetchall():
        found.setdefault(signal, []).append(tuple(row))
    return found


def _counted(cursor: duckdb.DuckDBPyConnection, selection: Selection) -> list[_Row]:
    """The same from the claims."""
    columns = {column: column for column in _COLUMNS.values()} | {
        "ts": "ts",
        "ppm": "confidence_ppm",
    }
    source = selected_claims(cursor, replace(selection, since=None), columns)
    parameters = dict(source.parameters)
    inside = "TRUE"
    if selection.since is not None:
        inside = "ts >= $since"
        since = selected_claims(cursor, selection, {"ts": "ts"}).parameters["since"]
        parameters["since"] = since
    # One grouping by whole fingerprints, of which there are few, serves all kinds.
    names = ", ".join(_COLUMNS.values())
    return cursor.execute(
        f"""
        SELECT {names}, min(ts), max(ts) FILTER ({inside}), count(ppm) FILTER ({inside})
        FROM ({source.sql}) AS claim
        GROUP BY {names}
        """,
        parameters,
    ).fetchall()
