"""Weekly cohorts of one fingerprint's production claims, each at one fixed age of its labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np

from core.measure.cells.cells import Cells
from core.measure.metrics.label_bias import PropensitySums
from core.queries.base.cells import GroupedCells, summed
from core.queries.base.claims_sql import Source
from core.queries.base.dimensions import Dimension, Parameter, dimensions_named, segment_dimensions
from core.queries.base.group_keys import Key
from core.queries.base.in_force import OUTCOME, labels_sql, sides_sql
from core.queries.base.kept.at_hand import needs_claims
from core.queries.base.repeating import OWN_SQL, signal_repeats
from core.queries.base.rungs import Rungs
from core.queries.base.seen.fingerprints_seen import FIELDS
from core.queries.base.truth import Truth, truth_of
from core.queries.sums.labelling.audit_answers import answered_propensity_sql
from core.queries.sums.labelling.label_coverage import unlike_sums
from core.queries.sums.validation_sample import rule_of
from core.terms import Maturity


@dataclass(frozen=True)
class Matured:
    """Which claims: those of a fingerprint since a time, of weeks whose outcomes are final.

    Attributes:
        signal: their signal.
        fingerprint: field of `FIELDS` → value; a field that is not named is not stated.
        since: made from this time on, UTC without zone.
        now: a week counts when its last moment is as old as ``maturity`` says by then.
        maturity: an outcome counts as it stood at this age of its claim; its coverage does not
            matter.
    """

    signal: str
    fingerprint: Mapping[str, str]
    since: datetime
    now: datetime
    maturity: Maturity

    @property
    def until(self) -> datetime:
        """The end of the last week that counts: a Monday, midnight."""
        return self.maturity.settled_until(self.now)


def matured_cells(
    cursor: duckdb.DuckDBPyConnection,
    matured: Matured,
    by: Sequence[str] = (),
    *,
    rungs: Rungs | None = None,
    only: Sequence[int] = (),
    weekly: bool = True,
    unlabelled: bool = False,
) -> GroupedCells:
    """Labelled claims as cells by week, and by further dimensions.

    An input counts in the first week only in which it has a label (within each group): asked
    again, its outcome is known already, and is no fresh evidence.

    Args:
        matured: which claims; production ones that state a confidence.
        by: dimensions to group by beside the week, which comes first.
        rungs: written rules; where given only claims count whose rule is one of ``only``.
        only: positions of rows.
        weekly: by week; otherwise all of them together.
        unlabelled: with the claims that have no label at that age; not by week.

    Returns:
        One group per week and labels that have a label, oldest week first.
    """
    wanted = ("week", *by) if weekly else tuple(by)
    named = dimensions_named(cursor, wanted)
    dimensions = [named[name] for name in wanted]
    keys = {f"key_{i}": dimension.sql for i, dimension in enumerate(dimensions)}
    also, parameters = "TRUE", dict[str, Parameter]()
    if rungs is not None:
        rule, parameters = rule_of(cursor, rungs)
        chosen = ", ".join(f"'{position:d}'" for position in only)
        also = f"{rule} IN ({chosen})" if chosen else "FALSE"
        # The database refuses a parameter that no query names.
        parameters = parameters if chosen else {}
    repeats = signal_repeats(cursor, matured.signal)
    truth = truth_of(cursor, matured.signal)
    source = _claims(cursor, matured, truth, keys, also, parameters, unlabelled=unlabelled)
    if repeats and weekly:
        source = _first_week_only(source, ["input", *(key for key in keys if key != "key_0")])
    return summed(cursor, source, dimensions, repeats=repeats)


def matured_propensities(
    cursor: duckdb.DuckDBPyConnection, matured: Matured, by: Sequence[str] = ()
) -> Mapping[Key, PropensitySums]:
    """The labelled claims weighted by the chances with which their labels were drawn.

    Returns:
        Key → the sums of that one group; a group whose labels were not drawn, or all with one and
        the same chance, is not there.
    """
    named = dimensions_named(cursor, by)
    dimensions = [named[name] for name in by]
    keys = {f"key_{i}": dimension.sql for i, dimension in enumerate(dimensions)}
    columns = keys | {
        "logged": "label_propensity",
        "propensity": answered_propensity_sql(cursor, matured.signal),
        "own": OWN_SQL,
    }
    source = _claims(cursor, matured, truth_of(cursor, matured.signal), columns, "TRUE", {})
    unlike = "coalesce(bool_or(logged < 1), FALSE) AND count(DISTINCT coalesce(logged, 0)) > 1"
    return unlike_sums(cursor, matured.signal, dimensions, source, unlike)


#: A group of `matured_series`: the whole, or (dimension, value).
Group = tuple[str, str | None] | None


def matured_series(
    cursor: duckdb.DuckDBPyConnection, matured: Matured, dimensions: Sequence[str]
) -> dict[Group, dict[str, Cells]]:
    """The cells of `matured_cells` by week, of the whole and of every value, in one pass.

    Args:
        dimensions: segment dimensions; one that the ledger lacks, or that none of these claims
            names, has no group.

    Returns:
        Group → week → cells, the whole under None; without a labelled claim nothing.
    """
    there = set(segment_dimensions(cursor))
    named = dimensions_named(cursor, ("week", *(name for name in dimensions if name in there)))
    week, *asked = named.values()
    # Every claim stands once for the whole and once for each dimension.
    parts = ["''", *(f"'{i}' || coalesce('=' || {one.sql}, '')" for i, one in enumerate(asked))]
    keys = {"key_0": week.sql, "key_1": f"unnest([{', '.join(parts)}])"}
    repeats = signal_repeats(cursor, matured.signal)
    source = _claims(cursor, matured, truth_of(cursor, matured.signal), keys, "TRUE", {})
    if repeats:
        source = _first_week_only(source, ["input", "key_1"])
    part = Dimension("part", "key_1", "text")
    grouped = summed(cursor, source, [week, part], repeats=repeats)
    found: dict[Group, dict[str, Cells]] = {}
    for (label, code), cells in zip(grouped.keys, grouped.cells, strict=True):
        found.setdefault(_group_of(str(code), asked), {})[str(label)] = cells
    for one in asked:
        if not any(group and group[0] == one.name and group[1] is not None for group in found):
            found.pop((one.name, None), None)
    return found


def stated_before(cursor: duckdb.DuckDBPyConnection, matured: Matured) -> Cells:
    """What the fingerprint stated before the time from which its claims count, labels left out.

    Args:
        matured: which fingerprint, and since when; claims of the tuning split do not count.
    """
    of = _lines_of(matured, "production", "heldout")
    needs_claims(cursor, matured.signal, until=matured.since, of=of)
    conditions, bound = _of_fingerprint(matured)
    rows = cursor.execute(
        f"""
        SELECT confidence_ppm, count(*) FROM claims
        WHERE {" AND ".join(conditions)} AND split <> 'tuning' AND ts < $since
        GROUP BY ALL ORDER BY ALL
        """,
        {**bound, "since": matured.since},
    ).fetchall()
    ppm, n = np.array(rows, dtype=np.int64).reshape(len(rows), 2).T
    nothing = np.zeros_like(n)
    return Cells(ppm / 1_000_000, n, nothing, nothing)


def _lines_of(matured: Matured, *splits: str) -> dict[str, Sequence[str | None]]:
    fields = {one: (matured.fingerprint.get(one),) for one in FIELDS}
    return {**fields, "split": splits}


def _of_fingerprint(matured: Matured) -> tuple[list[str], dict[str, Parameter]]:
    """Conditions on claims that state a confidence, and their parameters."""
    conditions = ["signal = $signal", "confidence_ppm IS NOT NULL"]
    bound: dict[str, Parameter] = {"signal": matured.signal}
    for field in FIELDS:
        value = matured.fingerprint.get(field)
        if value is None:
            conditions.append(f"{field} IS NULL")
        else:
            conditions.append(f"{field} = ${field}")
            bound[field] = value
    return conditions, bound


def _group_of(code: str, asked: Sequence[Dimension]) -> Group:
    if not code:
        return None
    place, stated, value = code.partition("=")
    return asked[int(place)].name, value if stated else None


def _first_week_only(source: Source, group: Sequence[str]) -> Source:
    """Without the claims on inputs that had a label in an earlier week, within each group."""
    return Source(
        f"""
        SELECT * FROM ({source.sql}) AS claim
        QUALIFY input IS NULL OR key_0 = min(key_0) OVER (PARTITION BY {", ".join(group)})
        """,
        source.parameters,
    )


def _claims(
    cursor: duckdb.DuckDBPyConnection,
    matured: Matured,
    truth: Truth,
    keys: Mapping[str, str],
    also: str,
    parameters: Mapping[str, Parameter],
    *,
    unlabelled: bool = False,
) -> Source:
    """The claims with the outcome as it stood when they came of age; labelled ones, or all."""
    needs_claims(
        cursor, matured.signal, matured.since, matured.until, of=_lines_of(matured, "production")
    )
    ours, bound = _of_fingerprint(matured)
    bound |= {"since": matured.since, "until": matured.until, **parameters}
    conditions = [*ours, "split = 'production'", "ts >= $since", "ts < $until", also]
    taken = "".join(f"{sql} AS {alias}, " for alias, sql in keys.items())
    of_age = f"INTERVAL {matured.maturity.days:d} DAY"
    # Only claims whose outcome was ever corrected pay a join with the log of outcomes.
    rows = """(
        SELECT outcomes.*, claim.ts AS made FROM claims AS claim JOIN outcomes
            ON outcomes.event_id = claim.event_id
            AND (outcomes.signal IS NULL OR outcomes.signal = $signal)
        WHERE claim.signal = $signal AND claim.outcome_corrected)
    """
    then = f"known_at <= made + {of_age} AND coalesce(withdrawn_at > made + {of_age}, TRUE)"
    return Source(
        f"""
        SELECT * FROM (
            SELECT {taken}confidence_ppm AS ppm, input_id AS input,
                   CASE WHEN logged_event IS NOT NULL THEN logged_outcome
                        WHEN outcome_known_at <= ts + {of_age} THEN outcome END AS outcome
            FROM claims
            LEFT JOIN (
                SELECT logged_event, {OUTCOME} AS logged_outcome FROM (
                    SELECT event_id AS logged_event,
                           {sides_sql("log", truth.rank_sql(), then)}
                    FROM {labels_sql(cursor, rows)} AS log GROUP BY event_id)
            ) AS log ON logged_event = event_id
            WHERE {" AND ".join(conditions)}
        ) AS aged
        WHERE {"TRUE" if unlabelled else "outcome IS NOT NULL"}
        """,
        bound,
    )


def week_end(label: str) -> datetime:
    """The first moment after an ISO week such as "2026-W47"."""
    return datetime.strptime(f"{label}-1", "%G-W%V-%u") + timedelta(weeks=1)
