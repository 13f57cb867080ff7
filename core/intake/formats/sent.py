"""Records of a known format as programs send them: their scores as rows of claims and outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from core.intake.formats.base import KnownFormat
from core.intake.formats.reading import SaidOfScores, meanings_of_names, placed, with_usual
from core.intake.otlp.translate import translate
from core.intake.otlp.wire import Evaluation, NotOtlp, Request, SpanFacts
from core.intake.refused import Unfit
from core.intake.row_kinds import Kind
from core.ledger.errors import UnusableFile


@dataclass(frozen=True)
class SentScores:
    """What the scores that were sent are.

    Attributes:
        rows: of each kind; an `Unfit` stands for a record that is not of the format.
        places: the number of each of them among the scores sent, from 0.
        left_out: scores that are neither a confidence nor an outcome by what was said.
    """

    rows: Mapping[Kind, tuple[object, ...]]
    places: Mapping[Kind, tuple[int, ...]]
    left_out: int


def sent_scores(sent: Iterable[object], known: KnownFormat, said: SaidOfScores) -> SentScores:
    """Read the scores of records.

    Raises:
        UnusableFile: what was said does not tell which score is what.
    """
    said = with_usual("", known, said)
    _refuse_unsaid(known, said)
    scores: list[Evaluation] = []
    spans: list[SpanFacts] = []
    faults: list[tuple[int, Unfit]] = []
    for record in sent:
        if not isinstance(record, Mapping):
            fault = Unfit("row", None, "not a JSON object", f"send {known.what}")
            faults.append((len(scores) + len(faults), fault))
            continue
        try:
            found = list(_numbered(known.scores(record), len(scores) + len(faults)))
            spans += known.spans(record) if known.spans is not None else ()
        except (KeyError, TypeError, AttributeError, NotOtlp):
            fault = Unfit("row", None, f"not {known.what}", f"see {known.documented}")
            faults.append((len(scores) + len(faults), fault))
            continue
        scores += (placed(one, said) for one in found)
    read = translate(Request(len(scores), tuple(scores), tuple(spans), {}), meanings_of_names(said))
    claims = [(row.item, row.fields) for row in read.claims]
    both: list[tuple[int, object]] = [*claims, *faults]
    both.sort(key=lambda one: one[0])
    return SentScores(
        {
            "claims": tuple(row for _, row in both),
            "outcomes": tuple(row.fields for row in read.outcomes),
        },
        {
            "claims": tuple(place for place, _ in both),
            "outcomes": tuple(row.item for row in read.outcomes),
        },
        len(read.left_out) + read.ignored,
    )


def _numbered(scores: Iterator[Evaluation], first: int) -> Iterator[Evaluation]:
    for number, one in enumerate(scores, first):
        yield replace(one, item=number)


def _refuse_unsaid(known: KnownFormat, said: SaidOfScores) -> None:
    if said.confidence is None and said.outcome is None and not said.mapping.names:
        raise UnusableFile(
            f"Say which score of {known.what} is the confidence, and which the outcome: keep it "
            "with calledger import --save-as."
        )
    if said.confidence is not None and said.signal is None:
        raise UnusableFile("The mapping says a confidence and not of which signal it is.")
    if known.run is not None and said.run is None:
        raise UnusableFile(
            f"Runs of {known.what} number their records anew, and nothing says which run this is: "
            "import the file."
        )
