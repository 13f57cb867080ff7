"""One claim with everything the ledger knows of it: its record, its outcomes, its relations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from core.ledger.sql import quoted
from core.queries.base.dimensions import segment_dimensions
from core.queries.base.outcome_log import OUTCOME_LOG
from core.queries.base.truth import truth_of
from core.queries.claims.claim_list import DESCRIBED_BY
from core.queries.sums.labelling.audit_answers import propensity_sql


@dataclass(frozen=True)
class Origin:
    """Where a record came from.

    Attributes:
        file: the file's name, without its folder.
        row: 1 is the file's first record.
        import_id: the number of the import.
        imported_at: UTC without zone.
        sha256: of the file, in hexadecimal.
    """

    file: str
    row: int
    import_id: int
    imported_at: datetime
    sha256: str


@dataclass(frozen=True)
class ClaimRecord:
    """A claim as it was logged.

    Attributes:
        event_id, signal: what it is known by.
        ts: when it was made, UTC without zone.
        confidence_raw: as stated; None: unstated.
        confidence_ppm: quantised to whole millionths; None: unstated.
        fields: the other fields of a claim by name, None where not logged: the versions,
            elicitation, elicitation_order, input_id, split, action, trace_id, span_id.
        label_propensity: the chance, in (0, 1], with which it was picked for labelling: its own, or
            that of the audit samples that drew it.
        segments: its value of each segment dimension that it names.
        attributes: the file's other columns.
        origin: where it came from; None when the import is not recorded.
    """

    event_id: str
    signal: str
    ts: datetime
    confidence_raw: float | None
    confidence_ppm: int | None
    fields: Mapping[str, str | None]
    label_propensity: float | None
    segments: Mapping[str, str]
    attributes: Mapping[str, Any]
    origin: Origin | None


@dataclass(frozen=True)
class OutcomeVersion:
    """One outcome that was ever received for a claim.

    Attributes:
        outcome: 1 right, 0 wrong; None: it takes back the last label of its source.
        outcome_ts: when it turned out, as stated; None when not stated. UTC without zone.
        known_at: from when on it counts: ``outcome_ts``, or else the time of its import.
        source: HUMAN, CODE or LLM; None when not stated.
        with_claim: whether it came in the claim's own row.
        every_signal: whether it was said of every claim of the event, naming no signal.
        rank: of its source among those of truth, greater is better; 0: it is none of them, and
            the label never in force.
        origin: where it came from; None when the import is not recorded.
    """

    outcome: int | None
    outcome_ts: datetime | None
    known_at: datetime
    source: str | None
    with_claim: bool
    every_signal: bool
    rank: int
    origin: Origin | None

    @property
    def truth(self) -> bool:
        """Whether its source is one of truth."""
        return self.rank > 0


@dataclass(frozen=True)
class Relation:
    """Another claim of the same event or input, with the outcome in force now."""

    signal: str
    event_id: str
    ts: datetime
    confidence_ppm: int | None
    outcome: int | None
    model_version: str | None
    prompt_version: str | None


_ORIGIN = "import.source, import_row, import_id, imported_at, sha256"
_IMPORTS = "(SELECT import_id, source, imported_at, sha256 FROM imports) AS import"


def claim_record(
    cursor: duckdb.DuckDBPyConnection, signal: str, event_id: str
) -> ClaimRecord | None:
    """The claim known by (signal, event_id); None when there is none."""
    dimensions = segment_dimensions(cursor)
    columns = ", ".join((*DESCRIBED_BY, *(quoted(f"seg_{name}") for name in dimensions)))
    row = cursor.execute(
        f"""
        SELECT ts, confidence_raw, confidence_ppm, {propensity_sql(cursor, signal)}, attributes,
               {_ORIGIN}, {columns}
        FROM claims LEFT JOIN {_IMPORTS} USING (import_id)
        WHERE signal = $signal AND event_id = $event_id
        """,
        {"signal": signal, "event_id": event_id},
    ).fetchone()
    if row is None:
        return None
    (ts, raw, ppm, propensity, attributes), origin, named = row[:5], row[5:10], row[10:]
    segments = zip(dimensions, named[len(DESCRIBED_BY) :], strict=True)
    return ClaimRecord(
        event_id=event_id,
        signal=signal,
        ts=ts,
        confidence_raw=raw,
        confidence_ppm=ppm,
        fields=dict(zip(DESCRIBED_BY, named[: len(DESCRIBED_BY)], strict=True)),
        label_propensity=propensity,
        segments={name: value for name, value in segments if value is not None},
        attributes=json.loads(attributes) if attributes else {},
        origin=_origin(origin),
    )


def outcome_versions(
    cursor: duckdb.DuckDBPyConnection, signal: str, event_id: str
) -> tuple[OutcomeVersion, ...]:
    """Every outcome received for a claim, and every withdrawal, in the order they became known.

    Which is in force at a time says `core.queries.claims.label_states`.
    """
    rows = cursor.execute(
        f"""
        SELECT outcome, outcome_ts, known_at, log.source, with_claim, signal IS NULL,
               coalesce({truth_of(cursor, signal).rank_sql("log.source")}, 0), {_ORIGIN}
        FROM {OUTCOME_LOG} AS log LEFT JOIN {_IMPORTS} USING (import_id)
        WHERE event_id = $event_id AND (signal IS NULL OR signal = $signal)
        ORDER BY known_at, import_id, import_row
        """,
        {"signal": signal, "event_id": event_id},
    ).fetchall()
    return tuple(OutcomeVersion(*(*row[:7], _origin(row[7:]))) for row in rows)


def claims_of_event(
    cursor: duckdb.DuckDBPyConnection, event_id: str, *, limit: int
) -> tuple[Relation, ...]:
    """The claims of an event, one for each signal, by signal."""
    return _related(cursor, "event_id = $value", event_id, "signal", limit)


def claims_of_input(
    cursor: duckdb.DuckDBPyConnection, signal: str, input_id: str, *, limit: int
) -> tuple[Relation, ...]:
    """A signal's claims about an input, the newest first."""
    return _related(
        cursor,
        "input_id = $value AND signal = $signal",
        input_id,
        "ts DESC, import_id, import_row",
        limit,
        signal=signal,
    )


def _related(
    cursor: duckdb.DuckDBPyConnection,
    condition: str,
    value: str,
    order: str,
    limit: int,
    **more: str,
) -> tuple[Relation, ...]:
    rows = cursor.execute(
        f"""
        SELECT signal, event_id, ts, confidence_ppm, outcome, model_version, prompt_version
        FROM claims WHERE {condition} ORDER BY {order} LIMIT $limit
        """,
        {"value": value, "limit": limit, **more},
    ).fetchall()
    return tuple(Relation(*row) for row in rows)


def _origin(row: tuple[Any, ...]) -> Origin | None:
    return None if row[0] is None else Origin(*row)
