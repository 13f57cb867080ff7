"""What to say of a file so that more of it comes in: proposed from what it holds, never done.

Names and the first records give the columns; what was refused gives the scale and the formats of
times. Where two readings fit, both are said and none is proposed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import duckdb

from core import events
from core.ingest.file_mapping import MIXED, PLAIN, FileMapping, confidence_in, scale_words
from core.ingest.reading.raw_records import Column, Records

#: Other people's names for our fields, likeliest first; compared in lower case, parts joined by _.
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "event_id": (
            *("id", "request_id", "req_id", "call_id", "uuid", "record_id", "sample_id", "doc_id"),
            *("item_id", "case_id", "forecast_id", "message_id", "run_id", "ticket_id", "key"),
        ),
        "ts": (
            *("timestamp", "created_at", "created", "time", "datetime", "date", "logged_at"),
            *("forecast_timestamp", "start_time", "started_at", "event_time", "asked_at", "when"),
        ),
        "confidence": (
            *("llm_confidence", "model_confidence", "stated_confidence", "conf", "probability"),
            *("prob", "p_correct", "probability_yes", "p_yes", "p_true", "certainty", "p"),
            *("self_confidence", "confidence_score", "forecast", "score", "sure"),
        ),
        "outcome": (
            *("correct", "is_correct", "was_correct", "right", "is_right", "resolution", "label"),
            *("result", "exact_match", "acc", "accuracy", "passed", "success", "resolved"),
        ),
        "outcome_ts": (
            *("resolved_at", "labelled_at", "labeled_at", "reviewed_at", "actual_resolve_time"),
            *("resolve_time", "outcome_time", "checked_at"),
        ),
        "model_version": ("model", "model_name", "model_id", "llm", "llm_model"),
        "prompt_version": ("prompt", "prompt_id", "prompt_name", "prompt_template"),
        "input_id": ("question_id", "input", "query_id", "case_hash", "document_id"),
        "signal": ("signal_name",),
    }
)  # fmt: skip
#: Records that are looked at for what columns hold, and columns of a file.
_LOOKED, _MOST_COLUMNS = 1000, 200
#: A column has few enough different texts to be a segment.
_SEGMENT = range(2, 31)
_TIME = re.compile(
    r"\d{4}-\d\d-\d\d|\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}/\d\d/\d\d|\d{10}(\d{3}){0,3}(\.\d+)?$"
    r"|[A-Za-z]{3,9}\.? \d{1,2},? \d{4}|\d{1,2} [A-Za-z]{3,9}\.? \d{4}"
)
_DATES = (
    *("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m.%d.%Y", "%d-%m-%Y", "%m-%d-%Y"),
    *("%d/%m/%y", "%m/%d/%y", "%Y/%m/%d", "%Y%m%d", "%b %d, %Y", "%d %b %Y", "%B %d, %Y"),
    *("%d %B %Y", "%b %d %Y"),
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %I:%M%p", ", %H:%M")
_WHOLE = ("%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S GMT", "%Y%m%dT%H%M%SZ")
_FORMATS = (*(f"{day}{clock}" for day in _DATES for clock in _CLOCKS), *_WHOLE)
#: So many different texts that were no time are tried.
_TRIED = 5000


@dataclass(frozen=True)
class Advice:
    """What would bring in more of a file.

    Attributes:
        mapping: what was said already, and what is proposed.
        says: why, a sentence each.
        asks: what only people can say, a sentence each.
    """

    mapping: FileMapping
    says: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()


# -- columns ---------------------------------------------------------------------------------------


def proposed_columns(
    cursor: duckdb.DuckDBPyConnection,
    records: Records,
    columns: Sequence[Column],
    fields: Iterable[str],
) -> dict[str, str]:
    """Column → field, for those of the fields that some column seems to be; each is used once."""
    looked = list(columns)[:_MOST_COLUMNS]
    texts = _first_texts(cursor, records, looked)
    found: dict[str, str] = {}
    for field in fields:
        names = {name: rank for rank, name in enumerate(NAMES.get(field, ()))}
        fitting = [
            (names[plain], column.name)
            for column in looked
            if (plain := _plain(column.name)) in names
            and column.name not in found
            and _fits(field, texts[column.name])
        ]
        if not fitting and field == "ts":
            fitting = [
                (0, column.name)
                for column in looked
                if column.name not in found
                and texts[column.name]
                and _fits("ts", texts[column.name])
            ]
        if fitting:
            found[min(fitting)[1]] = field
    return found


def possible_segments(
    cursor: duckdb.DuckDBPyConnection, records: Records, columns: Sequence[Column]
) -> dict[str, int]:
    """Columns with few different texts, which claims could be split by: how many there are."""
    looked = list(columns)[:_MOST_COLUMNS]
    texts = _first_texts(cursor, records, looked)
    counts = {column.name: len(set(filter(None, texts[column.name]))) for column in looked}
    return {name: n for name, n in counts.items() if n in _SEGMENT and n * 5 <= len(texts[name])}


def _first_texts(
    cursor: duckdb.DuckDBPyConnection, records: Records, columns: Sequence[Column]
) -> dict[str, list[str | None]]:
    if not columns:
        return {}
    picked = ", ".join(f"left({column.text}, 200)" for column in columns)
    rows = cursor.execute(
        f"SELECT {picked} FROM {records.relation} WHERE {records.malformed} IS NULL LIMIT {_LOOKED}"
    ).fetchall()
    return {column.name: [row[i] for row in rows] for i, column in enumerate(columns)}


def _plain(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def _fits(field: str, texts: Sequence[str | None]) -> bool:
    """Whether a column holds what the field would; one without any text fits by its name."""
    said = [text.strip() for text in texts if text and text.strip()]
    if not said:
        return True
    if field == "event_id":
        return len(set(said)) >= 0.9 * len(said)
    if field in ("ts", "outcome_ts"):
        return _share(bool(_TIME.match(text)) for text in said) >= 0.8
    if field == "confidence":
        return _share(_states(text) for text in said) >= 0.5
    if field == "outcome":
        return _share(_labels(text) for text in said) >= 0.8
    return True


def _share(truths: Iterable[bool]) -> float:
    found = list(truths)
    return sum(found) / len(found)


def _states(text: str) -> bool:
    number = confidence_in(text)
    try:
        number = float(text) if number is None else number
    except ValueError:
        return False
    return 0 <= number <= 100


def _labels(text: str) -> bool:
    words = (*events.OUTCOME_WORDS, *events.OUTCOME_LETTERS, *events.NO_OUTCOME)
    return text.lower() in words or text in ("0", "1", "0.0", "1.0")


# -- what was refused ------------------------------------------------------------------------------


def advice_on(
    cursor: duckdb.DuckDBPyConnection,
    how: FileMapping,
    *,
    scales: Sequence[float | str],
    kind: str | None,
) -> Advice | None:
    """What to say so that refused rows come in; None where nothing can be proposed.

    Uses the tables ``refused`` and ``suspected``.

    Args:
        how: what was said.
        scales: those that confidences seem to have.
        kind: the column that says what kind of question a record is of, if there is one.
    """
    more, says, asks = PLAIN, [], []
    scale, why = _scale(cursor, scales)
    if scale is not None:
        more = replace(more, scale=scale)
        says.append(why)
    elif why:
        asks.append(why)
    formats, reasons, open_ones = _time_formats(cursor)
    if formats:
        more = replace(more, time_formats=(*how.time_formats, *formats))
        says += reasons
    asks += open_ones
    if kind is not None and _any(cursor, "starts_with(reason, 'the answer to a question')"):
        more = replace(more, where={kind: ("binary",)})
        says.append(f"Right and wrong are for yes and no: --where {kind}=binary leaves out others.")
    for field, reason, example in (
        ("confidence", "not a number", "0.9"),
        ("outcome", "not 0 or 1", "1"),
    ):
        words = _words(cursor, field, reason)
        if words:
            said = ", ".join(f"{word} ({n:,})" for word, n in words)
            first = words[0][0]
            asks.append(
                f"What do these words for {field} mean? {said}. Say it with "
                f"--values {field}:{first}={example},…"
            )
    if _any(cursor, "starts_with(reason, 'a label that a person gave')"):
        asks.append(
            "Scores that people gave are labels: bring them in apart, with the claim's id as "
            "event_id, --map of their value to outcome, and --where for these rows."
        )
    if not (says or asks):
        return None
    return Advice(how.with_more(more), tuple(says), tuple(asks))


def _scale(
    cursor: duckdb.DuckDBPyConnection, scales: Sequence[float | str]
) -> tuple[float | str | None, str]:
    if len(scales) > 1:
        said = " and ".join(map(scale_words, scales))
        return None, f"Signals differ in their scales ({said}): import each with its own --where."
    if scales:
        (scale,) = scales
        if scale == MIXED:
            return scale, (
                "Shares and percentages stand side by side: --scale mixed takes 0.9 for 90 % and "
                "90 for 90 %. If 0.9 is 0.9 %, say --scale 100."
            )
        return scale, f"Confidences seem to go from 0 to {scale:g}: --scale {scale:g} if they do."
    if _any(cursor, "contains(reason, 'where those above 1 are whole')"):
        return MIXED, "Numbers below 1 stand beside whole ones: --scale mixed if 0.9 means 90 %."
    return None, ""


def _any(cursor: duckdb.DuckDBPyConnection, condition: str) -> bool:
    return cursor.execute(f"SELECT 1 FROM refused WHERE {condition} LIMIT 1").fetchone() is not None


def _words(cursor: duckdb.DuckDBPyConnection, field: str, reason: str) -> list[tuple[str, int]]:
    rows = cursor.execute(
        r"""
        SELECT lower(trim(value)) AS word, count(*) AS n FROM refused
        WHERE field = $field AND reason = $reason
          AND regexp_full_match(trim(value), '\pL[\pL _-]{0,39}')
        GROUP BY word ORDER BY n DESC, word LIMIT 8
        """,
        {"field": field, "reason": reason},
    ).fetchall()
    return [(word, n) for word, n in rows]


def _time_formats(
    cursor: duckdb.DuckDBPyConnection,
) -> tuple[tuple[str, ...], list[str], list[str]]:
    """Formats that read what was no time, why, and what has to be asked."""
    rows = cursor.execute(
        f"""
        SELECT trim(value), count(*) FROM refused
        WHERE field IN ('ts', 'outcome_ts') AND reason = 'not a time' AND value IS NOT NULL
        GROUP BY trim(value) ORDER BY count(*) DESC LIMIT {_TRIED}
        """
    ).fetchall()
    left: Counter[str] = Counter(dict(rows))
    if not left:
        return (), [], []
    reads = {form: _read_by(cursor, form, left) for form in _FORMATS}
    formats: list[str] = []
    says: list[str] = []
    asks: list[str] = []
    while left:
        form = max(_FORMATS, key=lambda one: sum(left[text] for text in reads[one]))
        read = [text for text in reads[form] if text in left]
        if not read:
            break
        twin = _other_order(form)
        example, n = read[0], sum(left[text] for text in read)
        if twin is not None and all(text in reads[twin] for text in read):
            asks.append(
                f"{n:,} times such as {example} may begin with the day or with the month: say "
                f"--time-format '{form}' or --time-format '{twin}'."
            )
        else:
            formats.append(form)
            says.append(f"{n:,} times are written like {example}: --time-format '{form}'.")
        for text in read:
            del left[text]
    return tuple(formats), says, asks


def _read_by(cursor: duckdb.DuckDBPyConnection, form: str, texts: Iterable[str]) -> dict[str, None]:
    rows = cursor.execute(
        """
        SELECT text FROM (SELECT unnest($texts) AS text)
        WHERE try_strptime(text, $form) BETWEEN '1970-01-01' AND '2200-12-31'
        """,
        {"texts": list(texts), "form": form},
    ).fetchall()
    return {text: None for (text,) in rows}


def _other_order(form: str) -> str | None:
    """The same with day and month in the other order; None where the month is a word."""
    if "%d" not in form or "%m" not in form or form.startswith("%Y"):
        return None
    return form.replace("%d", "%x").replace("%m", "%d").replace("%x", "%m")
