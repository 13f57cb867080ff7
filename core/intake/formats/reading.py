"""A file of a known format as two files of our own fields: claims, and outcomes."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from core.gate.questions import json_value
from core.ingest.file_mapping import FileMapping
from core.ingest.reading.file_format import LogFile, look_at
from core.intake.formats.all import recognised
from core.intake.formats.base import KnownFormat, Record
from core.intake.otlp.mapping import (
    SOURCES,
    ConfidenceName,
    OtlpMapping,
    OutcomeName,
)
from core.intake.otlp.translate import NO_EVENT, NOT_MAPPED, Row, Translated, translate
from core.intake.otlp.wire import Evaluation, NotOtlp, Request, SpanFacts
from core.ledger.errors import UnusableFile
from core.text.shown import shell_word

#: One JSON document is in memory as a whole.
MOST_BYTES_OF_A_DOCUMENT = 256_000_000
#: Scores that are translated at once, and names that a message lists.
_AT_ONCE, _NAMED = 10_000, 12
#: What words for right and wrong mean, where nobody says otherwise.
WORDS = {
    **dict.fromkeys(("yes", "true", "correct", "right", "pass", "passed"), 1),
    **dict.fromkeys(("no", "false", "incorrect", "wrong", "fail", "failed"), 0),
}


@dataclass(frozen=True)
class SaidOfScores:
    """What the user says of the scores of a file.

    Attributes:
        confidence: the name of the one that is a confidence.
        signal: of which signal.
        outcome: the name of the one that is the outcome.
        source: who judged, where the file does not say it.
        at: when, where a score does not say it.
        run: what begins the ids of events, for a format that numbers them anew in each run.
        words: what the outcome's words mean, in lower case → "0" or "1".
        mapping: names that were mapped before, beside the ledger.
    """

    confidence: str | None = None
    signal: str | None = None
    outcome: str | None = None
    source: str | None = None
    at: str | None = None
    run: str | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    mapping: OtlpMapping = field(default_factory=OtlpMapping)


def said_of(how: FileMapping, mapping: OtlpMapping) -> SaidOfScores:
    """What a mapping says of scores.

    Args:
        mapping: names that were mapped before, beside the ledger.
    """
    said = how.scores.get
    return SaidOfScores(
        said("confidence"),
        how.signal,
        said("outcome"),
        said("outcome_source"),
        said("at"),
        said("run"),
        how.values.get("outcome", {}),
        mapping,
    )


@dataclass(frozen=True)
class WrittenRows:
    """The files of our own fields.

    Attributes:
        files: claims before outcomes; what there is none of has no file.
        notices: what was decided and left out, each in a sentence.
    """

    files: tuple[Path, ...]
    notices: tuple[str, ...]


@dataclass(frozen=True)
class ScoresFound:
    """The scores of a file, by their names.

    Attributes:
        names: how many there are of each.
        unjudged: names of which one does not say who judged.
        untimed: names of which one does not say when.
    """

    names: Counter[str]
    unjudged: frozenset[str]
    untimed: frozenset[str]


def scores_in(path: Path, known: KnownFormat) -> ScoresFound:
    """Which scores a file has.

    Raises:
        UnusableFile: it is not of this format, or has none.
    """
    return _found_scores(look_at(path), known)


def _found_scores(file: LogFile, known: KnownFormat) -> ScoresFound:
    found = _survey(file, known)
    if not found.names:
        raise UnusableFile(
            f"{file.path.name} has no score that {known.what} has: {known.documented} shows them."
        )
    return found


def format_of(path: Path) -> KnownFormat | None:
    """The format of a file that can be no other; None: it is none that is known.

    Raises:
        UnusableFile: it is no file that is read at all.
    """
    file = look_at(path)
    try:
        first = next(_records(file), None)
    except UnusableFile:
        return None
    return None if first is None else recognised(first)


def write_rows(path: Path, known: KnownFormat, said: SaidOfScores, folder: Path) -> WrittenRows:
    """Write the claims and outcomes of a file into a folder.

    Raises:
        UnusableFile: it is not of this format, or something has to be said first: one message asks
            for all of it, with the names that were found.
    """
    file = look_at(path)
    said = with_usual(path.name, known, said)
    scores = _found_scores(file, known)
    names = scores.names
    mapping = _mapping(path, known, said, scores)
    stem = path.name.partition(".")[0]
    places = {kind: folder / f"{stem}.{kind}.jsonl" for kind in ("claims", "outcomes")}
    counts: Counter[str] = Counter()
    left: Counter[str] = Counter()
    with (
        places["claims"].open("w", encoding="utf-8") as claims,
        places["outcomes"].open("w", encoding="utf-8") as outcomes,
    ):
        spans = tuple(_spans(file, known))
        for found in _translated(_scores(file, known), spans, mapping, said):
            for kind, out, rows in (
                ("claims", claims, found.claims),
                ("outcomes", outcomes, found.outcomes),
            ):
                counts[kind] += len(rows)
                out.writelines(_lines(rows))
            left.update(one.reason for one in found.left_out if one.reason != NOT_MAPPED)
    files = tuple(place for kind, place in places.items() if counts[kind])
    return WrittenRows(files, _notices(known, names, mapping, counts, left))


def _translated(
    scores: Iterable[Evaluation],
    spans: tuple[SpanFacts, ...],
    mapping: OtlpMapping,
    said: SaidOfScores,
) -> Iterator[Translated]:
    scores = iter(scores)
    while part := tuple(islice(scores, _AT_ONCE)):
        stated = tuple(placed(one, said) for one in part)
        yield translate(Request(len(stated), stated, spans, {}), mapping)


def placed(one: Evaluation, said: SaidOfScores) -> Evaluation:
    """A score with the time and the run that it does not state itself."""
    found = one if one.at is not None or said.at is None else replace(one, at=said.at)
    if said.run is None or "event_id" not in one.ours:
        return found
    return replace(found, ours={**one.ours, "event_id": f"{said.run}/{one.ours['event_id']}"})


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    # ASCII alone, so that half a character of the file is refused as a row, and not as a file.
    return (json.dumps(dict(row.fields), default=str) + "\n" for row in rows)


def with_usual(file: str, known: KnownFormat, said: SaidOfScores) -> SaidOfScores:
    """What the format and the file's name settle, where nothing else is said."""
    if known.run is not None:
        named = known.run(file)
        said = replace(said, run=said.run or named.name, at=said.at or named.at)
    if said.confidence is None and said.outcome is None:
        said = replace(said, confidence=known.confidence)
        if known.outcome is not None:
            name, source = known.outcome
            said = replace(said, outcome=name, source=said.source or source)
    return said


def _survey(file: LogFile, known: KnownFormat) -> ScoresFound:
    names: Counter[str] = Counter()
    unjudged: set[str] = set()
    untimed: set[str] = set()
    for one in _scores(file, known):
        if one.name is None:
            continue
        names[one.name] += 1
        if one.annotator is None:
            unjudged.add(one.name)
        if one.at is None:
            untimed.add(one.name)
    return ScoresFound(names, frozenset(unjudged), frozenset(untimed))


def _mapping(
    path: Path,
    known: KnownFormat,
    said: SaidOfScores,
    scores: ScoresFound,
) -> OtlpMapping:
    """What each name is, with all that was said.

    Raises:
        UnusableFile: something is missing, or names no score of the file.
    """
    names, asked = scores.names, list[str]()
    mapped = {name for name in names if said.mapping.names.get(name) is not None}
    for option, name in (("--confidence", said.confidence), ("--outcome", said.outcome)):
        if name is not None and name not in names:
            asked.append(f"there is no score {name!r} for {option}")
    if said.confidence is None and said.outcome is None and not mapped:
        asked.append(
            "say which is the confidence, with --confidence NAME --signal SIGNAL, and which the "
            "outcome, with --outcome NAME"
        )
    if said.confidence is not None and said.signal is None:
        asked.append("say of which signal the confidence is, with --signal SIGNAL")
    if said.outcome in scores.unjudged and said.source is None:
        asked.append(
            f"say who judged {said.outcome!r}, with --outcome-source {' or '.join(SOURCES)}"
        )
    if known.run is not None and said.run is None:
        asked.append(
            "say which run it is of, with --run NAME, for other runs have records of the same "
            "numbers"
        )
    timeless = {said.confidence, *mapped} & scores.untimed
    if timeless and said.at is None:
        asked.append(
            f"say when {', '.join(sorted(map(repr, timeless)))} was stated, with --at TIME"
        )
    if known.run is None and said.run is not None:
        asked.append("leave out --run: its events are known by themselves")
    if asked:
        raise UnusableFile(
            f"{path.name} is {known.what}. Its scores: {_listed(names)}. To read it, "
            f"{'; '.join(asked)}. For example: {_example(path, known, said, names)}"
        )
    return meanings_of_names(said)


def meanings_of_names(said: SaidOfScores) -> OtlpMapping:
    """What each name is, by what was said."""
    found: dict[str, ConfidenceName | OutcomeName | None] = dict(said.mapping.names)
    if said.confidence is not None and said.signal is not None:
        found[said.confidence] = ConfidenceName(said.signal)
    if said.outcome is not None:
        found[said.outcome] = OutcomeName(said.source or "", values=_meanings(said))
    return replace(said.mapping, names=found)


def _meanings(said: SaidOfScores) -> dict[str, int]:
    """What words mean; one that is said to mean neither is kept as it is, and refused as a row."""
    own = {word: int(meant) for word, meant in said.words.items() if meant in ("0", "1")}
    return {word: meant for word, meant in WORDS.items() if word not in said.words} | own


def _listed(names: Counter[str]) -> str:
    shown = [f"{name} ({n:,})" for name, n in names.most_common(_NAMED)]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")


def _example(path: Path, known: KnownFormat, said: SaidOfScores, names: Counter[str]) -> str:
    confidence = said.confidence if said.confidence and said.confidence in names else "NAME"
    outcome = said.outcome if said.outcome and said.outcome in names else "NAME"
    return " ".join(
        (
            "calledger import",
            shell_word(path.name),
            f"--format {known.name} --confidence {shell_word(confidence)}",
            f"--signal {shell_word(said.signal or 'SIGNAL')} --outcome {shell_word(outcome)}",
            f"--outcome-source {said.source or SOURCES[0]}",
            *(["--run NAME"] if known.run is not None and said.run is None else []),
        )
    )


def _notices(
    known: KnownFormat,
    names: Counter[str],
    mapping: OtlpMapping,
    counts: Counter[str],
    left: Counter[str],
) -> tuple[str, ...]:
    found = []
    if not counts["claims"]:
        found.append(
            "No score was taken for a confidence: every record read here is an outcome, and waits "
            "until its claim comes."
        )
    taken = [name for name in names if mapping.names.get(name) is not None]
    found.append(f"Read as {known.what}: {', '.join(sorted(taken)) or 'no score'}.")
    others = Counter({name: n for name, n in names.items() if name not in mapping.names})
    if others:
        found.append(f"Scores of other names were left out: {_listed(others)}.")
    for reason, n in sorted(left.items()):
        why = _NO_ID if reason == NO_EVENT else reason
        found.append(f"{n:,} {'score' if n == 1 else 'scores'} left out: {why}.")
    return tuple(found)


_NO_ID = "nothing says of which event it is"


def _spans(file: LogFile, known: KnownFormat) -> Iterator[SpanFacts]:
    if known.spans is not None:
        for record in _records(file):
            yield from known.spans(record)


def _scores(file: LogFile, known: KnownFormat) -> Iterator[Evaluation]:
    for record in _records(file):
        try:
            yield from known.scores(record)
        except (KeyError, TypeError, AttributeError, NotOtlp) as error:
            raise UnusableFile(
                f"{file.path.name} is not {known.what}: {type(error).__name__} {error}; "
                f"{known.documented} shows the layout."
            ) from None


def _records(file: LogFile) -> Iterator[Record]:
    """The objects of a file: of its rows, its lines, or of one JSON document, or its list.

    Raises:
        UnusableFile: it is no such file.
    """
    if file.format == "csv":
        yield from _rows(file)
        return
    if file.format == "parquet":
        yield from _of_parquet(file)
        return
    with file.open() as stream:
        first = next((line for line in stream if line.strip()), b"")
    whole = _value(first)
    if whole is None or isinstance(whole, list):
        yield from _of_document(file)
        return
    with file.open() as stream:
        for number, line in enumerate(stream, start=1):
            found = _value(line) if line.strip() else {}
            if not isinstance(found, Mapping):
                raise UnusableFile(f"Line {number:,} of {file.path.name} is no JSON object.")
            if found:
                yield found


def _of_parquet(file: LogFile) -> Iterator[Record]:
    # Loaded for these files alone: most are text.
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        for batch in ParquetFile(file.path).iter_batches(_AT_ONCE):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise UnusableFile(f"{file.path.name} cannot be read as Parquet: {error}.") from None


def _of_document(file: LogFile) -> Iterator[Record]:
    with file.open() as stream:
        text = stream.read(MOST_BYTES_OF_A_DOCUMENT + 1)
    if len(text) > MOST_BYTES_OF_A_DOCUMENT:
        most = f"{MOST_BYTES_OF_A_DOCUMENT // 1_000_000} MB"
        raise UnusableFile(f"{file.path.name} is one JSON document of more than {most}.")
    found: Any = _value(text)
    if isinstance(found, list):
        yield from (one for one in found if isinstance(one, Mapping))
    elif isinstance(found, Mapping):
        yield found
    else:
        raise UnusableFile(f"{file.path.name} is neither JSON lines nor one JSON document.")


def _value(text: bytes) -> object:
    try:
        return json_value(text.removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        return None


def _rows(file: LogFile) -> Iterator[Record]:
    csv.field_size_limit(min(sys.maxsize, 16_000_000))
    with io.TextIOWrapper(file.open(), encoding="utf-8-sig", newline="") as text:
        delimiter = "\t" if ".tsv" in file.path.suffixes else ","
        try:
            for row in csv.DictReader(text, delimiter=delimiter):
                yield {key: value for key, value in row.items() if isinstance(key, str)}
        except (csv.Error, UnicodeDecodeError) as error:
            raise UnusableFile(f"{file.path.name} is no CSV in UTF-8: {error}.") from None
