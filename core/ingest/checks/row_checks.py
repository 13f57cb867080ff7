"""The checks every record passes, as one query: ``incoming``.

One row per record of the file. `Incoming.claim_columns` are the claim as it will be kept; next
to them:

- ``import_row``: 1 for the first record;
- ``is_outcome``: an outcome rather than a claim (the rule is in `core.events`);
- ``outcome``, ``outcome_ts``, ``outcome_source``;
- ``problem``: the number of the first check that fails, NULL when none does;
- ``value``, ``reason``, ``mend``: what that check has to say;
- ``stated_number``: the confidence as a number without a percent sign stands there, whatever its
  range: where no scale was said, one may be suspected;
- ``unlike``: it is written in another way than as such a number;
- ``confidence_silent``, ``outcome_silent``: a word such as *n/a* stands for none;
- ``letter``: the outcome is one letter, perhaps an answer;
- ``record``: every original field, a JSON object of texts; or the raw text of a broken line;
- ``quarantine_id``: the entry this row answers;
- ``zoneless``, ``date_only``, ``stray_outcome_ts``: for the notices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from core import events
from core.ingest.file_mapping import scale_words
from core.ingest.mapping.column_mapping import Layout
from core.ingest.reading import parsing as values
from core.ingest.reading.raw_records import Records, key_given_twice, object_of, said_twice
from core.ledger.sql import literal, quoted
from core.queries.base.segment_names import kept_sql

TIME_MEND = "write it as 2026-11-23T14:30:00Z, or as a Unix time in seconds or milliseconds"
NUMBER_MEND = "write a number from 0 to 1, for example 0.85; leave it empty where none was stated"
WORD_MEND = (
    "write a number from 0 to 1, or say what number the word stands for: "
    "--values confidence:high=0.9"
)
ANNOTATION_MEND = (
    "bring labels in apart, with the claim's id as event_id: --map value=outcome, and --where for "
    "these rows"
)
#: Columns that say what kind of question a record is of, in lower case,
KIND_COLUMNS = ("type", "question_type", "answer_type", "outcome_type")
#: and what they say where its answer is no yes or no, so that 0 and 1 are numbers like any other.
NO_YES_NO = (
    *("numeric", "number", "continuous", "discrete", "date", "multiple_choice", "multiple choice"),
    *("conditional", "group", "categorical"),
)
#: As much of an offending value as a message shows.
SHOWN = 80


@dataclass(frozen=True)
class Check:
    """One thing that can be wrong with a record.

    Attributes:
        field: the field at fault; "row" when the line is no record at all.
        fails: SQL, true when it is.
        reason: SQL for what is wrong.
        mend: SQL for what to do about it.
    """

    field: str
    fails: str
    reason: str
    mend: str


@dataclass(frozen=True)
class Incoming:
    """What asks for a file's checked records.

    Attributes:
        sql: its SELECT.
        claim_columns: names of the claim's own columns, the outcome's apart.
    """

    sql: str
    claim_columns: tuple[str, ...]


def incoming(records: Records, layout: Layout, dimensions: Sequence[str]) -> Incoming:
    """The query's text.

    Args:
        layout: which of its columns is what.
        dimensions: every segment dimension of the ledger, this file's among them.
    """
    readings = _readings(layout)
    segment_columns = {quoted(f"seg_{name}"): layout.segments.get(name) for name in dimensions}
    segments = "".join(
        f", {kept_sql(column.text) if column else 'CAST(NULL AS VARCHAR)'} AS {name}"
        for name, column in segment_columns.items()
    )
    others = [column.renamed(name) for name, column in layout.attributes.items()]
    attributes = f"nullif({object_of(others)}, '{{}}')" if others else "CAST(NULL AS VARCHAR)"
    whole = layout.segments_object
    taken = ", ".join(f"{reading.taken} AS taken_{name}" for name, reading in readings.items())
    besides = {name: sql for one in readings.values() for name, sql in one.besides}
    besides = {"confidence_silent": "false", "outcome_silent": "false"} | besides
    besides |= {"kind": _kind(layout), "annotated": _annotated(layout)}
    taken += "".join(f", {sql} AS {name}" for name, sql in besides.items())
    # Sorted, so that a record refused once is known again from a file with another column order.
    originals = sorted(layout.originals, key=lambda column: column.name)
    first = f"""
        SELECT {records.row} AS import_row, {records.malformed} AS malformed,
               {records.mend} AS malformed_mend, {taken}{segments},
               {attributes} AS attributes,
               {whole.sql if whole else "CAST(NULL AS VARCHAR)"} AS segments_object,
               {_quarantine_id(layout)} AS quarantine_id,
               coalesce({records.raw}, {object_of(originals)}) AS record
        FROM {records.relation}
    """
    between = first
    for layer in zip_longest(*(reading.steps for reading in readings.values())):
        steps = ", ".join(f"{sql} AS {name}" for name, sql in filter(None, layer))
        between = f"SELECT *, {steps} FROM ({between})"
    read = ", ".join(f"{reading.value} AS {name}" for name, reading in readings.items())
    second = f"""
        SELECT *, {read},
               {readings["ts"].zoneless} OR {readings["outcome_ts"].zoneless} AS zoneless,
               {readings["ts"].date_only} OR {readings["outcome_ts"].date_only} AS date_only,
               {_is_outcome(layout)} AS is_outcome, {_withdrawn(layout)} AS withdrawn
        FROM ({between})
    """
    checks = _checks(layout, readings)
    claim_columns = (
        *("event_id", "signal", "ts", "confidence_ppm", "confidence_raw"),
        *events.TEXT_FIELDS,
        *("elicitation_order", "split", "action", "label_propensity", "attributes"),
        *segment_columns,
    )
    computed = {
        "confidence_ppm": events.quantise_sql(
            "CASE WHEN confidence BETWEEN 0 AND 1 THEN confidence END"
        ),
        "confidence_raw": "confidence",
        "split": f"coalesce(split, {literal(events.DEFAULT_SPLIT)})",
    }
    claim = ", ".join(
        f"{computed[name]} AS {name}" if name in computed else name for name in claim_columns
    )
    problem = " ".join(f"WHEN {check.fails} THEN {i}" for i, check in enumerate(checks, 1))
    third = f"SELECT *, CAST(CASE {problem} END AS TINYINT) AS problem FROM ({second})"
    fourth = f"""
        SELECT import_row, {claim}, is_outcome, outcome,
               CASE WHEN outcome IS NOT NULL OR withdrawn THEN outcome_ts END AS outcome_ts,
               CASE WHEN outcome IS NOT NULL OR withdrawn THEN outcome_source END AS outcome_source,
               confidence_bare AS stated_number, confidence_unlike AS unlike, confidence_silent,
               outcome_silent AND taken_outcome IS NULL AS outcome_silent,
               {values.letter(layout.fields.get("outcome"), "taken_outcome")} AS letter,
               record, quarantine_id, zoneless, date_only,
               taken_outcome_ts IS NOT NULL AND taken_outcome IS NULL AS stray_outcome_ts,
               problem, {_said(checks)}
        FROM ({third})
    """
    return Incoming(fourth, claim_columns)


def _readings(layout: Layout) -> dict[str, values.Reading]:
    """Field → how it is read."""
    found = layout.fields.get
    readings = {
        name: values.text(found(name), f"taken_{name}")
        for name in ("event_id", *events.TEXT_FIELDS)
    }
    how = layout.how
    if layout.signal is None:
        readings["signal"] = values.text(found("signal"), "taken_signal")
    else:
        readings["signal"] = values.Reading(literal(layout.signal), "taken_signal")
    for name in ("ts", "outcome_ts"):
        readings[name] = values.time(
            found(name), f"taken_{name}", formats=how.time_formats, zone=how.timezone
        )
    readings["confidence"] = values.confidence(
        found("confidence"),
        "taken_confidence",
        scale=how.scale,
        words=how.values.get("confidence", {}),
    )
    readings["label_propensity"] = values.number(
        found("label_propensity"), "taken_label_propensity"
    )
    for name, allowed in events.ALLOWED.items():
        readings[name] = values.choice(found(name), f"taken_{name}", allowed)
    readings["outcome"] = values.truth(found("outcome"), "taken_outcome")
    return readings


def _is_outcome(layout: Layout) -> str:
    if "confidence" not in layout.fields:
        return "true"
    if "outcome" not in layout.fields:
        return "false"
    marks = [f"taken_{name} IS NULL" for name in events.CLAIM_MARKS if name in layout.fields]
    unmarked = " AND ".join(marks) or "true"
    return (
        "(taken_outcome IS NOT NULL AND taken_confidence IS NULL "
        f"AND (taken_signal IS NULL OR ({unmarked})))"
    )


def kind_column(layout: Layout) -> str | None:
    """The column that says what kind of question a record is of, by its name in the file."""
    found = (one for name, one in layout.attributes.items() if name.lower() in KIND_COLUMNS)
    return next((column.name for column in found), None)


def _kind_name(layout: Layout) -> str:
    return kind_column(layout) or "type"


def _kind(layout: Layout) -> str:
    name = kind_column(layout)
    column = next((one for one in layout.attributes.values() if one.name == name), None)
    return column.text if column is not None else "CAST(NULL AS VARCHAR)"


def _no_yes_no() -> str:
    return f"coalesce(lower(trim(kind)) IN ({', '.join(map(literal, NO_YES_NO))}), false)"


def _annotated(layout: Layout) -> str:
    """SQL for whether a column of another tool says that a person gave this score.

    Langfuse exports scores with their source; OpenInference, Phoenix and MLflow name the kind of
    annotator, which is read as outcome_source. A column of our own name says it of the outcome.
    """
    says = []
    source = layout.attributes.get("source")
    if source is not None:
        says.append(f"coalesce(upper(trim({source.text})) = 'ANNOTATION', false)")
    kind = layout.fields.get("outcome_source")
    if kind is not None and kind.name in events.ALIASES["outcome_source"]:
        says.append(f"coalesce(upper(trim({kind.text})) = 'HUMAN', false)")
    return " OR ".join(says) or "false"


def _withdrawn(layout: Layout) -> str:
    """Whether a record takes a label back."""
    column = layout.fields.get("outcome")
    if column is None or column.type == "BOOLEAN" or values.is_number(column):
        return "false"
    return f"coalesce(lower(trim(taken_outcome)) = {literal(events.WITHDRAWN)}, false)"


def _quarantine_id(layout: Layout) -> str:
    if layout.quarantine_id is None:
        return "CAST(NULL AS BIGINT)"
    return f"TRY_CAST({layout.quarantine_id.text} AS BIGINT)"


def _checks(layout: Layout, readings: Mapping[str, values.Reading]) -> tuple[Check, ...]:
    """Every check, in the order in which a record's fault is named."""

    def missing(field: str, condition: str, mend: str) -> Check:
        return Check(
            field, f"{condition} AND taken_{field} IS NULL", literal(f"no {field}"), literal(mend)
        )

    def unreadable(field: str, condition: str, reason: str, mend: str) -> Check:
        fails = f"{condition} AND taken_{field} IS NOT NULL AND {field} IS NULL"
        return Check(field, fails, literal(reason), literal(mend))

    def no_time(field: str, condition: str) -> Check:
        check = unreadable(field, condition, "", TIME_MEND)
        return replace(check, reason=readings[field].fault)

    def not_allowed(field: str, condition: str) -> Check:
        kept = ", ".join(dict.fromkeys(events.ALLOWED[field].values()))
        return unreadable(field, condition, "not one of the values allowed", f"write one of {kept}")

    claim = "NOT is_outcome"
    word = "regexp_full_match(trim(CAST(taken_confidence AS VARCHAR)), '\\pL[\\pL _-]*')"
    number_mend = f"CASE WHEN {word} THEN {literal(WORD_MEND)} ELSE {literal(NUMBER_MEND)} END"
    scale_mend = NUMBER_MEND
    if layout.how.scale is not None and layout.how.scale != 1:
        scale_mend = (
            f"write a number that --scale {scale_words(layout.how.scale)} makes one from 0 to 1"
        )
    checks = [
        Check("row", "malformed IS NOT NULL", "malformed", "malformed_mend"),
        missing("event_id", "true", "give the record the id by which its outcome will name it"),
        missing("signal", claim, "name the signal, in a column or with --signal NAME"),
        missing("ts", claim, f"give the time of the claim: {TIME_MEND}"),
        no_time("ts", claim),
        Check(
            "confidence",
            "taken_confidence IS NOT NULL AND confidence IS NULL AND confidence_bare IS NULL",
            literal("not a number"),
            number_mend,
        ),
        # Of two notations in one file, this is written alike in both.
        Check(
            "confidence",
            "confidence_bare IS NOT NULL AND confidence IS NULL",
            literal("1 is 100 % as a share and 1 % as a percentage"),
            literal("write 100% or 1%"),
        ),
        Check(
            "confidence",
            "confidence < 0 OR confidence > 1",
            literal("outside 0 to 1"),
            literal(scale_mend),
        ),
        Check(
            "confidence",
            f"{claim} AND annotated AND taken_confidence IS NOT NULL AND taken_outcome IS NULL",
            literal("a label that a person gave, and no confidence that was stated"),
            literal(ANNOTATION_MEND),
        ),
        missing("outcome", "is_outcome", events.NO_OUTCOME_MEND),
        Check(
            "outcome",
            f"{claim} AND taken_outcome IS NOT NULL AND taken_confidence IS NULL "
            f"AND {_no_yes_no()}",
            literal("the answer to a question of type ") + " || left(kind, 40)",
            literal(f"right and wrong are for yes and no: --where {_kind_name(layout)}=binary"),
        ),
        Check(
            "outcome",
            f"{values.graded(layout.fields.get('outcome'), 'taken_outcome')}",
            literal("a graded score, and an outcome is right or wrong"),
            literal("choose the threshold: write 1 from it upwards and 0 below"),
        ),
        unreadable(
            "outcome",
            "NOT withdrawn",
            "not 0 or 1",
            "write 1 for right and 0 for wrong, or say what its words mean: "
            "--values outcome:done=1,open=0",
        ),
        Check(
            "outcome",
            "withdrawn AND NOT is_outcome",
            literal("a claim, and only its label can be withdrawn"),
            literal("write event_id, outcome, outcome_ts and outcome_source in a row of their own"),
        ),
        Check(
            "outcome_ts",
            "withdrawn AND taken_outcome_ts IS NULL",
            literal("no outcome_ts"),
            literal("say when the label was withdrawn"),
        ),
        no_time("outcome_ts", "(outcome IS NOT NULL OR withdrawn)"),
        not_allowed("outcome_source", "(outcome IS NOT NULL OR withdrawn)"),
        not_allowed("elicitation_order", claim),
        not_allowed("split", claim),
        not_allowed("action", claim),
        Check(
            "label_propensity",
            f"{claim} AND taken_label_propensity IS NOT NULL "
            "AND coalesce(label_propensity <= 0 OR label_propensity > 1, true)",
            literal("not a number above 0 and up to 1"),
            literal("write the chance with which this claim was chosen to be labelled"),
        ),
    ]
    if layout.segments_object is not None:
        checks.append(
            Check(
                "segments",
                "segments_object <> '' AND CASE WHEN json_valid(segments_object) "
                "THEN json_type(segments_object) <> 'OBJECT' ELSE true END",
                literal("not a JSON object"),
                literal('write one object of names and values, for example {"language": "de"}'),
            )
        )
        twice = key_given_twice("segments_object")
        checks.append(
            Check(
                "segments",
                f"segments_object <> '' AND {twice} IS NOT NULL",
                said_twice(twice),
                literal("keep one of the two"),
            )
        )
    # Nothing is wrong with a field that the file does not have, unless a record needs it.
    needed = {"row", "event_id", "signal", "ts", "outcome", "outcome_ts", "segments"}
    return tuple(one for one in checks if one.field in needed or one.field in layout.fields)


def _said(checks: Sequence[Check]) -> str:
    def chosen(parts: Sequence[str]) -> str:
        cases = " ".join(f"WHEN {i} THEN {part}" for i, part in enumerate(parts, 1))
        return f"CASE problem {cases} END"

    texts = {"row": "record", "segments": "segments_object"}
    shown = [
        f"CAST({texts.get(check.field, f'taken_{check.field}')} AS VARCHAR)" for check in checks
    ]
    return f"""
        {chosen([literal(check.field) for check in checks])} AS field,
        left({chosen(shown)}, {SHOWN}) AS value,
        {chosen([check.reason for check in checks])} AS reason,
        {chosen([check.mend for check in checks])} AS mend,
        left(CAST(taken_confidence AS VARCHAR), {SHOWN}) AS shown_confidence,
        left(CAST(taken_outcome AS VARCHAR), {SHOWN}) AS shown_outcome
    """
