"""When each version of a model, a prompt or a setting was first seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import duckdb

from core.queries.base.claims_sql import selected_claims
from core.queries.base.selection import Selection

Kind = Literal["model", "prompt", "params", "calibrator", "elicitation"]

_COLUMNS: dict[Kind, str] = {
    "model": "model_version",
    "prompt": "prompt_version",
    "params": "params_version",
    "calibrator": "calibrator_version",
    "elicitation": "elicitation",
}


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
    rows = cursor.execute(
        f"""
        SELECT {names}, min(ts), max(ts) FILTER ({inside}), count(ppm) FILTER ({inside})
        FROM ({source.sql}) AS claim
        GROUP BY {names}
        """,
        parameters,
    ).fetchall()
    kinds = tuple(_COLUMNS)
    found: dict[tuple[int, str], tuple[datetime, datetime | None, int]] = {}
    for *versions, first, last, n_claims in rows:
        for order, version in enumerate(versions):
            if version is None:
                continue
            seen = found.get((order, version), (first, last, 0))
            lasts = [time for time in (seen[1], last) if time is not None]
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
