"""Claims one by one: found, counted, and leafed through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import duckdb

from core.events import CLAIM_MARKS
from core.ledger.sql import quoted
from core.queries.base.claims_sql import Source, selected_claims
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.selection import Selection
from core.queries.base.truth import open_disputes_sql

if TYPE_CHECKING:  # Frames are for pages; commands that count claims load none of it.
    import pandas as pd

Order = Literal["ts", "-ts", "confidence", "-confidence", "worst"]
Standing = Literal["right", "wrong", "unknown"]

#: Put before each column by the alias of the table it is read from.
_ORDERS: dict[Order, tuple[str, ...]] = {
    "ts": ("{}.ts",),
    "-ts": ("{}.ts DESC",),
    "confidence": ("{}.ppm NULLS LAST",),
    "-confidence": ("{}.ppm DESC NULLS LAST",),
    "worst": ("({}.outcome IS NOT DISTINCT FROM 0) DESC", "{}.ppm DESC NULLS LAST"),
}
_STANDINGS: dict[Standing, str] = {
    "right": "outcome = 1",
    "wrong": "outcome = 0",
    "unknown": "outcome IS NULL",
}
#: What describes a claim beside its confidence, its segments and its outcome.
DESCRIBED_BY = (
    *(name for name in CLAIM_MARKS if name not in ("ts", "label_propensity")),
    "trace_id",
    "span_id",
)
_IDS = ("event_id", "input_id", "trace_id")
#: Above every text that begins with what it is appended to: no text holds this character.
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Search:
    """Which claims to find: a selection, narrowed by what is only asked of single claims.

    These are no dimensions, so that `--where outcome=…` is refused: among claims chosen for being
    wrong the accuracy is 0 by construction, and no measure means anything.

    Attributes:
        selection: the claims asked about.
        outcomes: right, wrong, or not known yet (as known at ``selection.as_known``); any of
            them; empty: whatever it is.
        stated: whether the claim states a confidence; None: either.
        stated_from: the least confidence, in [0, 1], it itself included.
        id_prefix: what event_id, input_id or trace_id begins with, letter case counting; empty:
            anything.
        contradicting: only claims with labels that contradict each other and that nobody has
            answered, as known now.
    """

    selection: Selection
    outcomes: tuple[Standing, ...] = ()
    stated: bool | None = None
    stated_from: float | None = None
    id_prefix: str = ""
    contradicting: bool = False


@dataclass(frozen=True)
class ClaimCounts:
    """How many claims were found.

    Attributes:
        n_found: all of them, unstated ones included.
        n_labelled: those whose outcome is known.
        n_high_wrong: those that stated at least the threshold and were wrong.
    """

    n_found: int
    n_labelled: int
    n_high_wrong: int


def claims(
    cursor: duckdb.DuckDBPyConnection,
    asked: Selection | Search,
    *,
    limit: int,
    offset: int = 0,
    order: Order = "ts",
) -> pd.DataFrame:
    """Some of the claims asked for, each with the file and row it came from.

    Only the columns that decide the order are sorted; the others are fetched for the rows shown.

    Args:
        asked: which claims; tuning ones are left out unless it names ``split``.
        order: by time or confidence, "-" for falling; "worst": the wrong ones first, most
            confident first. Ties stand in the order they came in, and unstated claims last, so
            that pages neither repeat nor miss a claim.

    Returns:
        Columns event_id, ts (UTC without zone), signal, confidence (NaN: unstated), outcome (1,
        0 or NA, as known at ``selection.as_known``), the versions, elicitation, input_id, split,
        action, trace_id, span_id, one ``seg_<dimension>`` each, file and row (1 is the file's
        first record).
    """
    keys = {name: name for name in ("ts", "import_id", "import_row")} | {"ppm": "confidence_ppm"}
    source = _found(cursor, asked, keys)
    segments = (f"seg_{name}" for name in segment_dimensions(cursor))
    described = ", ".join(f"claims.{quoted(name)}" for name in (*DESCRIBED_BY, *segments))
    frame: pd.DataFrame = cursor.sql(
        f"""
        WITH leaf AS (
            SELECT * FROM ({source.sql}) AS found
            ORDER BY {_by(order, "found")}
            LIMIT $limit OFFSET $offset
        )
        SELECT event_id, leaf.ts, signal, ppm / 1e6 AS confidence, leaf.outcome, {described},
               source AS file, leaf.import_row AS row
        FROM leaf
        -- A record of a file makes one claim at most.
        JOIN claims ON claims.import_id = leaf.import_id AND claims.import_row = leaf.import_row
        LEFT JOIN (SELECT import_id, source FROM imports) AS import
        ON import.import_id = leaf.import_id
        ORDER BY {_by(order, "leaf")}
        """,
        params={**source.parameters, "limit": limit, "offset": offset},
    ).df()
    return frame.astype({"outcome": "Int8"})


def count_claims(cursor: duckdb.DuckDBPyConnection, asked: Selection | Search) -> int:
    """How many claims were asked for, unstated ones included."""
    source = _found(cursor, asked, {"ppm": "confidence_ppm"})
    rows = cursor.execute(
        f"SELECT count(*) FROM ({source.sql}) AS claim", source.parameters
    ).fetchall()
    return int(rows[0][0])


def counts(
    cursor: duckdb.DuckDBPyConnection, asked: Selection | Search, *, high_from: float
) -> ClaimCounts:
    """How many claims were found, and how many of them were confidently wrong.

    Args:
        high_from: the least confidence, in [0, 1], that counts as confident.
    """
    source = _found(cursor, asked, {"ppm": "confidence_ppm"})
    rows = cursor.execute(
        f"""
        SELECT count(*), count(outcome), count(*) FILTER (outcome = 0 AND ppm >= $high_from)
        FROM ({source.sql}) AS claim
        """,
        {**source.parameters, "high_from": _ppm(high_from)},
    ).fetchall()
    return ClaimCounts(*map(int, rows[0]))


def _found(
    cursor: duckdb.DuckDBPyConnection, asked: Selection | Search, columns: dict[str, str]
) -> Source:
    """The claims asked for, as `selected_claims`; ``columns`` are not called outcome."""
    if isinstance(asked, Selection):
        return selected_claims(cursor, asked, columns)
    conditions: list[str] = []
    more: dict[str, str | int] = {}
    if asked.stated is not None:
        conditions.append(f"confidence_ppm IS {'NOT ' if asked.stated else ''}NULL")
    if asked.stated_from is not None:
        conditions.append("confidence_ppm >= $stated_from")
        more["stated_from"] = _ppm(asked.stated_from)
    if asked.id_prefix:
        # Ranges, unlike starts_with, let DuckDB pass over row groups unread.
        ids = (f"({name} >= $id_from AND {name} < $id_to)" for name in _IDS)
        conditions.append(f"({' OR '.join(ids)})")
        more |= {"id_from": asked.id_prefix, "id_to": asked.id_prefix + _LAST}
    if asked.contradicting:
        disputed = open_disputes_sql(cursor, asked.selection.signal)
        conditions.append(f"event_id IN (SELECT event_id FROM ({disputed}) AS disputed)")
    source = selected_claims(
        cursor, asked.selection, columns, also=" AND ".join(conditions) or "TRUE"
    )
    parameters = {**source.parameters, **more}
    if not asked.outcomes:
        return Source(source.sql, parameters)
    accepted = " OR ".join(_STANDINGS[one] for one in asked.outcomes)
    return Source(f"SELECT * FROM ({source.sql}) AS claim WHERE {accepted}", parameters)


def _by(order: Order, table: str) -> str:
    """What to ORDER BY, the columns being those of ``table``."""
    parts = (*_ORDERS[order], "{}.import_id", "{}.import_row")
    return ", ".join(part.format(table) for part in parts)


def _ppm(share: float) -> int:
    return round(share * 1_000_000)
