"""How often a model, asked again, gives the same answer: a confidence that is shown, not stated.

The share of sampled answers that agree with the answer given (self-consistency: Wang et al. 2023,
"Self-Consistency Improves Chain of Thought Reasoning in Language Models", ICLR, §2). A derived
confidence is a claim like any other, and nothing about it is trusted before it was measured.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from core.derive.answer_keys import Key

#: What a claim says of the samples it rests on; kept as attributes by the import.
SAMPLED, AGREEING, TIED = "agreement_sampled", "agreement_agreeing", "agreement_tied"
_TRUE = frozenset({"1", "1.0", "true", "yes", "y", "t"})
_FALSE = frozenset({"", "0", "0.0", "false", "no", "n", "f"})

Row = Mapping[str, str | None]


@dataclass(frozen=True)
class Columns:
    """Which columns of the samples are which.

    Attributes:
        answer: the answer.
        input: what was asked; samples of one value belong together.
        given: marks the answer that was given; None: the commonest sample is.
    """

    answer: str = "answer"
    input: str = "input_id"
    given: str | None = None


@dataclass(frozen=True)
class Underivable:
    """An input of which no confidence could be made.

    Attributes:
        input: which.
        reason: why, and what to do about it.
    """

    input: str
    reason: str


@dataclass
class _Samples:
    """The answers of one input, in the file's order."""

    sampled: list[Row] = field(default_factory=list)
    given: list[Row] = field(default_factory=list)


def derived(
    rows: Iterable[Row], columns: Columns, key: Key, *, signal: str | None = None
) -> Iterator[dict[str, str | None] | Underivable]:
    """One claim for each input, in the order in which inputs first appear.

    With a column that marks the answer given, the confidence is the share of the *other* answers
    whose key is the same. Without, the given answer is the one whose key is commonest, the first of
    those that tie, and the confidence its share of all. A sample without a key (empty, or no number
    in it) agrees with nothing, and counts.

    Args:
        rows: the samples, column → text.
        columns: which of them are what.
        key: when two answers are the same.
        signal: the claims' signal, where the rows name none.

    Returns:
        A claim, with every column of the given answer's row but the answer itself, or why there is
        none. Its event is the given row's, or else named like its input.
    """
    inputs: dict[str, _Samples] = {}
    for row in rows:
        name = row.get(columns.input)
        if not name:
            yield Underivable("", f"a sample names no {columns.input}: say which input it answers")
            continue
        samples = inputs.setdefault(name, _Samples())
        said = (row.get(columns.given) or "").strip().lower() if columns.given else ""
        if said not in _TRUE | _FALSE:
            yield Underivable(name, f"{columns.given} is {said[:40]!r}: write true or false")
        elif said in _TRUE:
            samples.given.append(row)
        else:
            samples.sampled.append(row)
    for name, samples in inputs.items():
        yield _of_input(name, samples, columns, key, signal)


def _of_input(
    name: str, samples: _Samples, columns: Columns, key: Key, signal: str | None
) -> dict[str, str | None] | Underivable:
    keys = [key(row.get(columns.answer) or "") for row in samples.sampled]
    if columns.given is None:
        counted = Counter(one for one in keys if one is not None)
        if len(keys) < 2:
            return Underivable(name, "one answer agrees with itself only: sample it at least twice")
        if not counted:
            return Underivable(name, "no sample has an answer that can be compared")
        most = max(counted.values())
        answer = next(one for one in keys if one is not None and counted[one] == most)
        row, tied = samples.sampled[keys.index(answer)], [*counted.values()].count(most) > 1
    else:
        if len(samples.given) != 1:
            found = "none is" if not samples.given else f"{len(samples.given)} are"
            return Underivable(name, f"{found} marked as given in {columns.given}: mark one")
        if not keys:
            return Underivable(name, "nothing was sampled beside the answer given")
        (row,) = samples.given
        given = key(row.get(columns.answer) or "")
        if given is None:
            return Underivable(name, "the answer given cannot be compared with others")
        answer = given
        others = Counter(one for one in keys if one is not None and one != answer)
        tied = max(others.values(), default=0) == keys.count(answer) > 0
    agreeing = keys.count(answer)
    kept = {at: one for at, one in row.items() if at not in (columns.answer, columns.given)}
    kept.pop(columns.input, None)
    return {
        **kept,
        "event_id": row.get("event_id") or name,
        "signal": row.get("signal") or signal,
        "confidence": repr(agreeing / len(keys)),
        "elicitation": row.get("elicitation") or "agreement",
        "elicitation_order": "behavioural",
        "input_id": name,
        SAMPLED: str(len(keys)),
        AGREEING: str(agreeing),
        TIED: str(tied).lower(),
    }
