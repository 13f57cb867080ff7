"""From a `Selection` to SQL: which claims, and the outcome each had at the time asked about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from core.ledger.errors import NeedsClaims
from core.queries.base.dimensions import Parameter, dimensions_named
from core.queries.base.in_force import OUTCOME
from core.queries.base.kept.at_hand import days_not_at_hand
from core.queries.base.kept.kernel import LINE
from core.queries.base.kept.values import CountedClaims, counted_claims
from core.queries.base.repeating import signal_repeats
from core.queries.base.selection import SOURCE_DIMENSION, Selection
from core.queries.base.truth import known_sides, labels_of_claims, truth_of


@dataclass(frozen=True)
class Source:
    """A query over claims, to be put in brackets after FROM or WITH … AS.

    Attributes:
        sql: a SELECT of the columns asked for, then ``outcome``.
        parameters: its named parameters.
    """

    sql: str
    parameters: Mapping[str, Parameter]

    def renamed(self, prefix: str) -> Source:
        """The same with other names of its parameters, to stand beside another one."""
        return Source(
            re.sub(r"\$(\w+)", rf"${prefix}_\1", self.sql),
            {f"{prefix}_{name}": value for name, value in self.parameters.items()},
        )


def selected_claims(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    columns: Mapping[str, str],
    *,
    by: Iterable[str] = (),
    also: str = "TRUE",
) -> Source:
    """The claims of a selection, one row each.

    Where the selection, ``by`` or a column names `SOURCE_DIMENSION`, its labels, one row each: the
    source belongs to the label. A claim has at most one label that is truth and one that is not,
    the newest of either, so a claim with both stands there twice, and one without any not at all.

    Args:
        cursor: of the ledger; asked for its segment dimensions.
        columns: alias → expression over the table claims. The expressions are put into the query
            as they are and must be the program's own.
        by: the dimensions the answer is grouped by; naming ``split`` among them, or in the
            selection, takes tuning claims in, which are otherwise left out.
        also: one more condition over the table claims, the program's own.

    Returns:
        The columns, and ``outcome``: 1, 0 or NULL, the newest that is truth
        (`core.queries.base.truth`; before ``selection.as_known``, when that is set).

    Raises:
        NeedsClaims: cells of the signal were loaded, and these claims are not here.
    """
    tuning = selection.splits_chosen or "split" in by
    by_source = selection.by_source or SOURCE_DIMENSION in (*by, *columns.values())
    since = None if selection.since is None else utc(selection.since)
    until = None if selection.until is None else utc(selection.until)
    counted = None
    days = days_not_at_hand(cursor, selection.signal, since, until, of=_of(selection, tuning))
    if days:
        if selection.as_known is None and not by_source:
            counted = _counted(cursor, selection, since, until, [*columns.values(), also])
        if counted is None:
            raise NeedsClaims(selection.signal, days[0], days[-1])
        since, until = counted.since, counted.until
    conditions = ["signal = $signal", also]
    parameters: dict[str, Parameter] = {"signal": selection.signal}
    if not tuning:
        conditions.append("split <> 'tuning'")
    if since is not None:
        conditions.append("ts >= $since")
        parameters["since"] = since
    if until is not None:
        conditions.append("ts < $until")
        parameters["until"] = until
    dimensions = dimensions_named(cursor, (name for name, _ in selection.where))
    for i, (name, values) in enumerate(selection.where):
        condition, more = dimensions[name].condition(values, f"where_{i}")
        conditions.append(condition)
        parameters |= more
    taken = "".join(f"{sql} AS {alias}, " for alias, sql in columns.items())
    condition = " AND ".join(conditions)
    if counted is not None:
        return Source(counted.claims(taken, condition), parameters)
    if selection.as_known is None and not by_source:
        return Source(f"SELECT {taken}outcome FROM claims WHERE {condition}", parameters)
    truth = truth_of(cursor, selection.signal)
    if selection.as_known is not None:
        parameters["as_known"] = utc(selection.as_known)
        condition += " AND ts < $as_known"
    if by_source:
        labels = labels_of_claims(cursor, truth, as_known=selection.as_known is not None)
        return Source(
            f"SELECT {taken}outcome FROM ({labels}) AS label WHERE {condition}", parameters
        )
    return Source(_as_known(taken, condition, known_sides(cursor, truth)), parameters)


def _of(selection: Selection, tuning: bool) -> dict[str, Sequence[str | None]]:
    """Which versions and splits a question is about."""
    found: dict[str, Sequence[str | None]] = {
        name: values for name, values in selection.where if name in LINE
    }
    return found if tuning else {"split": ("production", "heldout"), **found}


def _counted(
    cursor: duckdb.DuckDBPyConnection,
    selection: Selection,
    since: datetime | None,
    until: datetime | None,
    expressions: Sequence[str],
) -> CountedClaims | None:
    named = dimensions_named(cursor, (name for name, _ in selection.where))
    return counted_claims(
        cursor,
        selection.signal,
        since,
        until,
        [*expressions, *(one.sql for one in named.values())],
        repeats=signal_repeats(cursor, selection.signal),
    )


def _as_known(taken: str, condition: str, sides: str) -> str:
    """The claims made before $as_known, with the truth that was in force then.

    Only claims whose outcome was ever corrected pay a join with the log of outcomes; hence two
    halves. Within one signal an event_id names one claim.
    """
    return f"""
        SELECT {taken}CASE WHEN outcome_known_at < $as_known THEN outcome END AS outcome
        FROM claims
        WHERE {condition} AND NOT outcome_corrected
        UNION ALL
        SELECT {taken}outcome_then AS outcome
        FROM (SELECT * FROM claims
              WHERE {condition} AND outcome_corrected) AS corrected
        LEFT JOIN (
            SELECT known_event, {OUTCOME} AS outcome_then FROM ({sides})
        ) ON known_event = event_id
    """


def utc(time: datetime) -> datetime:
    """A time as the ledger keeps them: UTC, without a zone."""
    return time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
