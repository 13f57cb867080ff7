"""What of a ledger is held against the trail: every table and column of it, or said not to be.

Of each table `COVERED` lists what is checked and `NOT_COVERED` what is not, so that whoever reads
a verification knows what it rests on. What a ledger holds beyond what this program makes (a table,
a column, a view, a macro that takes a function's name) is itself a problem.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import duckdb

from core.audit import kept_check, run_recount
from core.events import PPM, SEGMENT_PREFIX
from core.governance.people import accounts
from core.governance.people import api_tokens as tokens
from core.governance.people import names as directory
from core.ingest.checks.repeats import repeating_signals
from core.ledger.connection import Ledger
from core.ledger.migrations import known_migrations
from core.ledger.sql import quoted
from core.monitoring import audit_draw as audit
from core.trail.acts import Act
from core.trail.checkpoints.checkpoints import VerifierKey
from core.trail.problems import Problem
from core.trail.seals import signed_answers

#: Table → the columns that a verification checks.
COVERED: Mapping[str, frozenset[str]] = {
    # Entry by entry, checkpoint by checkpoint (core.audit.chain_check).
    "acts": frozenset({"seq", "entry", "leaf"}),
    "checkpoints": frozenset({"size", "frontier", "note"}),
    "evidence": frozenset({"sha256", "bundle"}),
    # By the seals that acts carry (core.trail.seals.row_seals); the outcome in force of a claim by
    # the sealed log of outcomes. Columns of segments are covered with the table.
    "claims": frozenset(
        {
            *("event_id", "signal", "ts", "confidence_ppm", "confidence_raw", "model_version"),
            *("prompt_version", "params_version", "calibrator_version", "elicitation"),
            *("elicitation_order", "input_id", "split", "action", "trace_id", "span_id"),
            *("label_propensity", "attributes", "outcome", "outcome_ts", "outcome_known_at"),
            *("outcome_source", "outcome_corrected", "outcome_own", "import_id", "import_row"),
        }
    ),
    "outcomes": frozenset(
        {
            *("event_id", "signal", "outcome", "outcome_ts", "known_at", "source"),
            *("with_claim", "import_id", "import_row"),
        }
    ),
    "handoffs": frozenset(
        {
            *("event_id", "signal", "queue", "reviewer", "handed_at", "taken_at"),
            *("decided_at", "decision", "agreed", "seeded", "import_id", "import_row"),
        }
    ),
    "imports": frozenset(
        {
            *("import_id", "source", "format", "sha256", "imported_at", "n_read", "n_new"),
            *("n_duplicate", "n_unstated", "n_quarantined", "n_attached", "n_held"),
            *("n_corrected", "first_ts", "last_ts", "notices", "settings"),
        }
    ),
    "quarantine": frozenset(
        {
            *("quarantine_id", "import_id", "file", "import_row", "field", "value"),
            *("reason", "mend", "record"),
        }
    ),
    "quarantine_resolved": frozenset({"quarantine_id", "import_id"}),
    "seal_blocks": frozenset({"seal", "block", "digest"}),
    # By seals up to the last one, and after it by one signed digest.
    "decisions": frozenset(
        {
            *("decision_no", "decision_id", "decided_at", "signal", "event_id", "confidence"),
            *("confidence_ppm", "fingerprint", "segments", "action", "rule", "reason"),
            *("state", "trail_size"),
        }
    ),
    "decision_head": frozenset({"first_no", "last_no", "digest", "signature"}),
    # Against the acts that made the rows.
    "people": frozenset({"sub", "handle", "printed_name", "salt"}),
    "accounts": frozenset({"sub", "account", "salt"}),
    "tokens": frozenset({"token_id", "token_sha256", "scopes", "label", "revoked"}),
    "audit_claims": frozenset({"audit_id", "signal", "event_id", "propensity"}),
    "segment_dimensions": frozenset({"dimension", "first_import"}),
    # Worked out anew from the claims.
    "signals": frozenset({"signal", "repeats", "first_import"}),
    **kept_check.COVERED,
    # Against those that this program carries.
    "migrations": frozenset({"version", "name"}),
}

#: Table → the columns that nothing in the trail says anything about, and what they hold.
NOT_COVERED: Mapping[str, tuple[frozenset[str], str]] = {
    "migrations": (
        frozenset({"program_version", "applied_at"}),
        "which version of the program brought the file up to date, and when",
    ),
    "notices": (
        frozenset(
            {
                *("notice_no", "channel", "kind", "subject", "body", "findings"),
                *("written_at", "attempts", "next_try", "sent_at", "error"),
            }
        ),
        "messages to people, and whether they were sent",
    ),
}


def not_covered() -> tuple[str, ...]:
    """What a verification does not cover, in words."""
    found = [
        f"Not covered: the table {table}"
        + (f", columns {', '.join(sorted(columns))}" if table in COVERED else "")
        + f" ({what})."
        for table, (columns, what) in NOT_COVERED.items()
    ]
    found.append(
        "Not covered: that the gate's newest answers, after the last seal, were cut off, or that "
        "the whole ledger is an older copy: only a checkpoint kept elsewhere shows that."
    )
    return tuple(found)


@dataclass(frozen=True)
class TrailRead:
    """What was read of the trail.

    Attributes:
        acts: those that could be read.
        keys: that ever signed it.
        evidence: SHA-256 of the bundles that acts cite.
        begun: whether it has any entry.
    """

    acts: Sequence[Act]
    keys: Sequence[VerifierKey]
    evidence: frozenset[str]
    begun: bool


def check_tables(
    cursor: duckdb.DuckDBPyConnection, trail: TrailRead, *, claims: bool = True
) -> tuple[list[Problem], list[str]]:
    """Every table that no seal covers against the acts; what differs, and remarks in words.

    Args:
        claims: also against the claims, which takes time in proportion to their number.
    """
    problems, remarks = list(_migrations(cursor)), list[str]()
    problems += _evidence(cursor, trail.evidence)
    for found, said in (
        directory.check_rows(directory.rows_of(cursor), trail.acts, "The table people"),
        accounts.check_accounts(cursor, trail.acts),
        tokens.check_tokens(cursor, trail.acts),
        _dimensions(cursor, trail.acts),
    ):
        problems += found
        remarks += said
    problems += _audits(cursor, trail.acts)
    if claims:
        problems += _signals(cursor)
        problems += kept_check.check_kept(cursor)
        found, said = run_recount.check_runs(cursor, trail.acts)
        problems += found
        remarks += said
    if trail.begun:
        found, said = signed_answers.check_answers(
            cursor,
            sealed_to=_sealed_to(trail.acts),
            begins=signed_answers.signed_from(trail.acts),
            keys=trail.keys,
        )
        problems += [*found, *signed_answers.sealed_altered(trail.acts)]
        remarks += said
    return problems, remarks


# -- what there is ---------------------------------------------------------------------------------


def check_objects(cursor: duckdb.DuckDBPyConnection) -> tuple[Problem, ...]:
    """Tables, columns, views, macros and whatever else the ledger has too many or too few of."""
    there, due = _objects(cursor), _shipped()
    if ("table", "segment_dimensions", "") in there:
        cursor.execute(
            """
            SELECT dimension FROM segment_dimensions
            UNION SELECT dimension FROM kept_dimensions WHERE dimension <> 'action'
            """
            # Loaded cells have segments that no import brought.
            if ("table", "kept_dimensions", "") in there
            else "SELECT dimension FROM segment_dimensions"
        )
        listed = (f"claims.{SEGMENT_PREFIX}{name}" for (name,) in cursor.fetchall())
        due |= {("column", name, "VARCHAR") for name in listed}
    # Of a table that is not there, or too many, its columns need not be named.
    odd = {name for kind, name, _ in there ^ due if kind in ("table", "view")}
    words = [
        *(
            f"The ledger has a {kind} that this program does not make: {name}."
            for kind, name, _ in _named(there - due, odd)
        ),
        *(f"The ledger lacks the {kind} {name}." for kind, name, _ in _named(due - there, odd)),
    ]
    return tuple(Problem("table", None, one) for one in words)


_Object = tuple[str, str, str]


def _named(objects: Iterable[_Object], odd: Iterable[str]) -> list[_Object]:
    tables = set(odd)
    return sorted(
        one for one in objects if one[0] != "column" or one[1].rpartition(".")[0] not in tables
    )


def _objects(cursor: duckdb.DuckDBPyConnection) -> set[_Object]:
    """(kind, name, type of a column or "") of everything in the file's catalogue."""
    # Asked by their full names: a macro in the file may be called duckdb_tables, too.
    found: set[_Object] = set()
    for kind, function, name, type_, where in (
        ("table", "duckdb_tables", "table_name", "''", "NOT temporary"),
        ("column", "duckdb_columns", "table_name || '.' || column_name", "data_type", "true"),
        ("view", "duckdb_views", "view_name", "''", "NOT internal AND NOT temporary"),
        ("macro", "duckdb_functions", "function_name", "''", "true"),
        ("index", "duckdb_indexes", "index_name", "''", "true"),
        ("trigger", "duckdb_triggers", "trigger_name", "''", "true"),
        ("sequence", "duckdb_sequences", "sequence_name", "''", "true"),
        ("type", "duckdb_types", "type_name", "''", "NOT internal"),
        ("schema", "duckdb_schemas", "schema_name", "''", "true"),
    ):
        own = "schema_name = 'main'" if kind != "schema" else "true"
        rows = cursor.execute(
            f"""
            SELECT CASE WHEN {own} THEN {name} ELSE schema_name || '.' || {name} END, {type_}
            FROM system.main.{function}()
            WHERE database_name = system.main.current_database() AND {where}
            """
        ).fetchall()
        found |= {(kind, str(one), str(of)) for one, of in rows}
    return found


@cache
def _shipped() -> frozenset[_Object]:
    """What a new ledger of this program has."""
    with Ledger.in_memory() as ledger:
        return frozenset(_objects(ledger.cursor()))


# -- table by table --------------------------------------------------------------------------------


def _migrations(cursor: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    rows = cursor.execute("SELECT version, name FROM migrations ORDER BY ALL").fetchall()
    if rows != [(one.version, one.name) for one in known_migrations()]:
        yield Problem(
            "table", None, "The table migrations is not the list of this program's migrations."
        )


def _evidence(cursor: duckdb.DuckDBPyConnection, cited: frozenset[str]) -> Iterator[Problem]:
    rows = cursor.execute("SELECT sha256, count(*) FROM evidence GROUP BY ALL ORDER BY ALL")
    for sha256, count in rows.fetchall():
        if sha256 not in cited:
            words = f"The table evidence holds {str(sha256)[:12]}…, which no entry cites."
            yield Problem("table", None, words)
        elif count > 1:
            words = f"The table evidence holds {str(sha256)[:12]}… {count} times."
            yield Problem("table", None, words)


def _dimensions(
    cursor: duckdb.DuckDBPyConnection, acts: Iterable[Act]
) -> tuple[list[Problem], list[str]]:
    """Segment dimensions against the imports that brought them.

    An import's act names its new dimensions. Acts of an earlier version do not: then the import
    must be one of theirs, and not later than the first claim with a value.
    """
    due: dict[str, int] = {}
    silent: set[int] = set()
    for act in acts:
        if act.kind == "import.recorded" and isinstance(act.body.get("import_id"), int):
            brought = act.body.get("dimensions")
            if not isinstance(brought, list):
                silent.add(act.body["import_id"])
            for name in brought or ():
                due[str(name)] = act.body["import_id"]
    found: defaultdict[str, list[int]] = defaultdict(list)
    for name, first in cursor.execute("FROM segment_dimensions ORDER BY ALL").fetchall():
        found[name].append(first)
    problems = [
        Problem(
            "table",
            None,
            f"The table segment_dimensions lacks {name!r}, which import {due[name]} brought.",
        )
        for name in due.keys() - found.keys()
    ]
    bare = 0
    for name, firsts in found.items():
        bare += name not in due
        if len(firsts) > 1 or not _began(cursor, name, firsts[0], due, silent):
            problems.append(
                Problem(
                    "table",
                    None,
                    f"The table segment_dimensions says that {name!r} first came with import "
                    f"{', '.join(map(str, firsts))}; the trail and the claims say otherwise.",
                )
            )
    remarks = []
    if bare:
        remarks.append(
            f"{bare:,} segment {'dimension' if bare == 1 else 'dimensions'} came with imports "
            "that an earlier version recorded, or none did: which import was the first is only "
            "held against the claims."
        )
    return problems, remarks


def _began(
    cursor: duckdb.DuckDBPyConnection,
    name: str,
    first: int,
    due: Mapping[str, int],
    silent: set[int],
) -> bool:
    if name in due:
        return first == due[name]
    described = cursor.execute("DESCRIBE claims").fetchall()
    if SEGMENT_PREFIX + name not in {column for column, *_ in described}:
        return False
    row = cursor.execute(
        f"SELECT min(import_id) FROM claims WHERE {quoted(SEGMENT_PREFIX + name)} IS NOT NULL"
    ).fetchone()
    earliest = row[0] if row else None
    known = cursor.execute("SELECT import_id FROM imports").fetchall()
    return (first in silent or (first,) in known) and (earliest is None or first <= earliest)


def _signals(cursor: duckdb.DuckDBPyConnection) -> Iterator[Problem]:
    """Signals against the claims: the first import of each, and whether its inputs repeat."""
    rows = cursor.execute("SELECT signal, min(import_id) FROM claims GROUP BY signal").fetchall()
    repeating = repeating_signals(cursor)
    due = {signal: (signal in repeating, first) for signal, first in rows}
    found: defaultdict[str, list[tuple[bool, int]]] = defaultdict(list)
    for signal, repeats, first in cursor.execute("FROM signals").fetchall():
        found[signal].append((repeats, first))
    for signal in sorted(due.keys() | found.keys()):
        if found[signal] != ([due[signal]] if signal in due else []):
            yield Problem(
                "table", None, f"The table signals is not what the claims give for {signal!r}."
            )


def _audits(cursor: duckdb.DuckDBPyConnection, acts: Iterable[Act]) -> Iterator[Problem]:
    """The claims of audit samples against the digests that their acts carry."""
    due = {
        (str(act.body.get("audit")), act.signal): (act.seq, act.body.get("sha256"))
        for act in acts
        if act.kind == audit.KIND
    }
    cursor.execute("SELECT audit_id, signal, event_id, propensity FROM audit_claims ORDER BY ALL")
    rows = itertools.chain.from_iterable(iter(lambda: cursor.fetchmany(10_000), []))
    for key, sample in itertools.groupby(rows, lambda row: (row[0], row[1])):
        claims = [(event, chance) for _, _, event, chance in sample]
        seq, sha256 = due.pop(key, (None, None))
        kept = [(event, round(chance * PPM)) for event, chance in claims]
        exact = all(ppm / PPM == of for (_, ppm), (_, of) in zip(kept, claims, strict=True))
        if seq is None:
            words = f"The table audit_claims holds the sample {key[0]}, which no entry drew."
            yield Problem("table", None, words)
        elif not exact or audit.digest(kept) != sha256:
            words = f"The sample {key[0]} in the table audit_claims is not as entry {seq} drew it."
            yield Problem("table", seq, words)
    for (sample_id, _), (seq, _) in due.items():
        words = f"The table audit_claims lacks the sample {sample_id} that entry {seq} drew."
        yield Problem("table", seq, words)


def _sealed_to(acts: Iterable[Act]) -> int:
    lasts = [act.body.get("last") for act in acts if act.kind == "decisions.sealed"]
    return max((one for one in lasts if isinstance(one, int)), default=0)
