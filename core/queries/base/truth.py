"""Which labels count as truth for a signal, and where its other labels are found.

A label says who gave it (``outcome_source``). What people and checks by code found is *truth*; what
an LLM judge says is not, and never takes the place of truth, however late it comes. Among the
sources of truth their order is their rank, people before code unless declared otherwise, and labels
that state no source last: a label never takes the place of one of a better rank. So the outcome
columns of the table claims hold the label in force (`core.queries.base.in_force`), and nothing else
(`core.ingest.outcome_attachment`): whatever reads them rests on truth. The other labels stay in the
log of outcomes, and `labels_of_claims` puts them beside it.

Which sources are truth stands in the registry entry of the signal, and so in the trail; it is read
from there, so that no other table can say otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from core.events import ALLOWED
from core.ledger.sql import literal
from core.queries.base.in_force import IN_FORCE, disputes_sql, sides_sql, standing_sql
from core.queries.base.outcome_log import OUTCOME_LOG
from core.queries.base.together.asked_once import once

#: Every source a label can state.
SOURCES = tuple(dict.fromkeys(ALLOWED["outcome_source"].values()))
#: The one whose labels are never truth.
JUDGE = "LLM"
#: Those that may be.
TRUTH_SOURCES = tuple(source for source in SOURCES if source != JUDGE)


@dataclass(frozen=True)
class Truth:
    """Whose labels count as truth.

    Attributes:
        sources: of `TRUTH_SOURCES`, the one that outranks the others first.
        unstated: whether a label that states no source counts as well, after all of these.
        judge_tolerance_ppm: share of the claims, in whole millionths, on which other labels may
            disagree with these before it is a finding; None: the usual. It is read from the
            registry entry, and has no say in which labels count.
    """

    sources: tuple[str, ...] = TRUTH_SOURCES
    unstated: bool = True
    judge_tolerance_ppm: int | None = None

    def counts(self, source: str | None) -> bool:
        """Whether a label of this source is truth."""
        return self.unstated if source is None else source in self.sources

    @property
    def others(self) -> tuple[str | None, ...]:
        """The sources whose labels stand beside the truth; None: labels that state none."""
        stated = tuple(source for source in SOURCES if not self.counts(source))
        return stated if self.unstated else (*stated, None)

    def counts_as(self, other: Truth) -> bool:
        """Whether both count the same labels, in whatever order."""
        mine, theirs = ((sorted(one.sources), one.unstated) for one in (self, other))
        return mine == theirs

    def ranks_as(self, other: Truth) -> bool:
        """Whether both put the same labels in force."""
        return (self.sources, self.unstated) == (other.sources, other.unstated)

    def sql(self, column: str = "source") -> str:
        """The same as SQL over a column with the source; never NULL."""
        stated = ", ".join(literal(one) for one in SOURCES if one in self.sources)
        return f"coalesce({column} IN ({stated or 'NULL'}), {'TRUE' if self.unstated else 'FALSE'})"

    def rank_sql(self, column: str = "source") -> str:
        """The rank of a label as SQL over a column with the source; NULL: it is no truth."""
        cases = [
            f"WHEN {column} = {literal(source)} THEN {len(self.sources) - place + 1}"
            for place, source in enumerate(self.sources)
        ]
        if self.unstated:
            cases.append(f"WHEN {column} IS NULL THEN 1")
        return f"CASE {' '.join(cases)} END" if cases else "CAST(NULL AS INTEGER)"


#: What counts where nothing is declared.
USUAL = Truth()
#: Labels of every source, as evidence counted them before truth had a source.
EVERY_SOURCE = Truth(SOURCES)


@once
def declared(cursor: duckdb.DuckDBPyConnection) -> dict[str, Truth]:
    """What the registry entries in force say of truth; signals that say nothing are left out."""
    rows = cursor.execute(
        """
        SELECT signal, newest.said FROM (
            SELECT signal, arg_max({'said': said}, seq) AS newest FROM (
                SELECT seq, entry ->> '$.signal' AS signal, entry -> '$.body.spec.truth' AS said
                FROM (SELECT seq, entry FROM acts
                      WHERE contains(entry, '"registry.set"') AND json_valid(entry))
                WHERE entry ->> '$.kind' = 'registry.set')
            GROUP BY signal)
        WHERE newest.said IS NOT NULL
        """
    ).fetchall()
    return {signal: _of_json(said) for signal, said in rows}


def truth_of(cursor: duckdb.DuckDBPyConnection, signal: str) -> Truth:
    """Whose labels count as truth for a signal."""
    return declared(cursor).get(signal, USUAL)


def _of_json(said: str) -> Truth:
    return truth_said(json.loads(said))


def truth_said(read: object) -> Truth:
    """What a registry entry's JSON says under ``truth``; the usual where it says nothing."""
    # What is in the trail was checked when it was written; a trail that was altered since is
    # refused where it is replayed, and is no reason to let other labels in here.
    if not isinstance(read, dict) or not isinstance(read.get("sources"), list):
        return USUAL
    sources = tuple(one for one in dict.fromkeys(read["sources"]) if one in TRUTH_SOURCES)
    return Truth(sources, read.get("unstated", USUAL.unstated) is True)


def truth_sql(truths: Mapping[str, Truth], signal: str, source: str) -> str:
    """Whether a label is truth, as SQL; never NULL.

    Args:
        truths: `declared`.
        signal: SQL of the signal whose label it is.
        source: SQL of the label's source.
    """
    return _of_signals(truths, signal, lambda truth: truth.sql(source))


def rank_sql(truths: Mapping[str, Truth], signal: str, source: str) -> str:
    """The rank of a label, as SQL; NULL: it is no truth. Arguments as of `truth_sql`."""
    return _of_signals(truths, signal, lambda truth: truth.rank_sql(source))


def _of_signals(truths: Mapping[str, Truth], signal: str, sql: Callable[[Truth], str]) -> str:
    cases = (
        f"WHEN {literal(name)} THEN {sql(truth)}"
        for name, truth in sorted(truths.items())
        if not truth.ranks_as(USUAL)
    )
    listed = " ".join(cases)
    return f"CASE {signal} {listed} ELSE {sql(USUAL)} END" if listed else sql(USUAL)


@once
def logged_sources(cursor: duckdb.DuckDBPyConnection) -> Mapping[str | None, frozenset[str | None]]:
    """Signal → the sources of its logged labels that are truth for some signals only, or for none.

    Under None those of labels that name no signal, and so may be of any.
    """
    truths = (USUAL, *declared(cursor).values())
    others = sorted({f"source {_is(one)}" for truth in truths for one in truth.others})
    found: dict[str | None, set[str | None]] = {}
    for signal, source in cursor.execute(
        f"SELECT DISTINCT signal, source FROM {OUTCOME_LOG} WHERE {' OR '.join(others)}"
    ).fetchall():
        found.setdefault(signal, set()).add(source)
    return {signal: frozenset(sources) for signal, sources in found.items()}


def _is(source: str | None) -> str:
    return "IS NULL" if source is None else f"= {literal(source)}"


def other_labels_sql(
    cursor: duckdb.DuckDBPyConnection,
    truth: Truth,
    *,
    known_before: str | None = None,
    sources: Sequence[str | None] | None = None,
) -> str:
    """A query for the newest label of each event that is not truth; needs ``$signal``.

    Columns ``judged_event`` and ``judged``, a struct as `core.queries.base.in_force.IN_FORCE`; an
    event of which two such labels contradict each other at one instant is left out. Where a signal
    has no such label the log is passed over: DuckDB keeps the least and greatest source of every
    row group, and these are looked for one by one.

    Args:
        known_before: SQL of the time before which labels count; None: all.
        sources: only labels of these, of `Truth.others`; None: of all of them.
    """
    others = [f"source {_is(one)}" for one in truth.others if sources is None or one in sources]
    before = f" AND known_at < {known_before}" if known_before else ""
    rows = f"""(
        SELECT * FROM {OUTCOME_LOG}
        WHERE ({" OR ".join(others) or "FALSE"}) AND (signal IS NULL OR signal = $signal){before})
    """
    return f"""
        SELECT * FROM (
            SELECT judged_event, {IN_FORCE} AS judged FROM (
                SELECT event_id AS judged_event, {sides_sql("log", "1")}
                FROM {standing_sql(cursor, rows)} AS log
                GROUP BY event_id) AS sides)
        WHERE judged IS NOT NULL
    """


def open_disputes_sql(cursor: duckdb.DuckDBPyConnection, signal: str) -> str:
    """A query as of `disputes_sql` for a signal's claims, as known now; needs ``$signal``."""
    rows = """(
        SELECT * FROM outcomes
        WHERE (signal IS NULL OR signal = $signal) AND event_id IN (
            SELECT event_id FROM claims WHERE signal = $signal AND outcome_corrected))
    """
    rank = truth_of(cursor, signal).rank_sql("log.source")
    return disputes_sql(cursor, rows, ("event_id",), rank)


def open_disputes_of_each_sql(cursor: duckdb.DuckDBPyConnection) -> str:
    """The same for the claims of several signals, with ``signal``; needs ``$signals``."""
    rows = """(
        SELECT outcomes.* REPLACE (corrected.signal AS signal)
        FROM outcomes JOIN (
            SELECT signal, event_id FROM claims
            WHERE list_contains($signals, signal) AND outcome_corrected) AS corrected
          ON outcomes.event_id = corrected.event_id
         AND coalesce(outcomes.signal = corrected.signal, TRUE))
    """
    rank = rank_sql(declared(cursor), "log.signal", "log.source")
    return disputes_sql(cursor, rows, ("signal", "event_id"), rank)


def labels_of_claims(
    cursor: duckdb.DuckDBPyConnection, truth: Truth, *, as_known: bool = False
) -> str:
    """The signal's labels instead of its claims, one row each; needs ``$signal``.

    A query with the columns of claims, whose outcome columns are of the label: a claim with a
    truth label and another one stands there twice, one that is unlabelled not at all.

    Args:
        as_known: the labels that were in force before ``$as_known``.
    """
    others = other_labels_sql(cursor, truth, known_before="$as_known" if as_known else None)
    # A label of a judge is taken as it is: earlier versions of it are nobody's concern.
    judged = f"""
        SELECT claims.* REPLACE (
            CAST(judged.outcome AS TINYINT) AS outcome, judged.outcome_ts AS outcome_ts,
            judged.known_at AS outcome_known_at, judged.source AS outcome_source,
            FALSE AS outcome_corrected)
        FROM claims JOIN ({others}) AS other ON judged_event = event_id
        WHERE signal = $signal
    """
    if not as_known:
        return f"""
            SELECT * FROM claims WHERE signal = $signal AND outcome IS NOT NULL
            UNION ALL {judged}
        """
    return f"""
        SELECT * FROM claims
        WHERE signal = $signal AND NOT outcome_corrected AND outcome_known_at < $as_known
        UNION ALL
        SELECT claims.* REPLACE (
            CAST(known_then.outcome AS TINYINT) AS outcome, known_then.outcome_ts AS outcome_ts,
            known_then.known_at AS outcome_known_at, known_then.source AS outcome_source,
            FALSE AS outcome_corrected)
        FROM claims JOIN (
            SELECT known_event, {IN_FORCE} AS known_then FROM ({known_sides(cursor, truth)})
        ) AS logged ON known_event = event_id
        WHERE signal = $signal AND outcome_corrected AND known_then IS NOT NULL
        UNION ALL {judged}
    """


def known_sides(cursor: duckdb.DuckDBPyConnection, truth: Truth) -> str:
    """A query for the best labels that were known before ``$as_known``; needs ``$signal``.

    Of the events whose outcome was ever corrected, as ``known_event``; columns as of `sides_sql`.
    """
    rows = """(
        SELECT * FROM outcomes
        WHERE (signal IS NULL OR signal = $signal) AND known_at < $as_known
          AND event_id IN (
              SELECT event_id FROM claims WHERE signal = $signal AND outcome_corrected))
    """
    return f"""
        SELECT event_id AS known_event, {sides_sql("log", truth.rank_sql())}
        FROM {standing_sql(cursor, rows)} AS log GROUP BY event_id
    """
