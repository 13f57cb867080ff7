"""What OpenTelemetry exporters sent and the ledger did not take: their senders are told nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from core.intake.otlp.left_out import OTHERS, LeftOut
from core.intake.otlp.mapping import lines_for
from core.intake.otlp.translate import NOT_MAPPED
from core.sentences.numbers import counted

_COLUMNS = ("name", "reason", "n", "last")
#: Names for which the lines to write are shown.
_MOST_LINES = 5


@dataclass(frozen=True)
class ExportersView:
    """What is shown of it.

    Attributes:
        sentences: what was left out, each in a sentence.
        left_out: by name and reason: name, reason, n, last; the most frequent first.
        lines: to be written into the file of names, of which one a name is kept; "" for none.
        file: the name of that file.
    """

    sentences: tuple[str, ...]
    left_out: pd.DataFrame
    lines: str
    file: str


def exporters_view(
    left_out: Sequence[LeftOut], without_model: int, file: Path, problem: str | None
) -> ExportersView | None:
    """Assemble it; None where there is nothing to say.

    Args:
        left_out: since the server started.
        without_model: claims that went on without a model version.
        file: of names.
        problem: why that file is refused; None: it is not.
    """
    if not (left_out or without_model or problem):
        return None
    unmapped = [one for one in left_out if one.reason == NOT_MAPPED]
    sentences = []
    if problem is not None:
        sentences.append(
            f"Nothing that exporters send is taken until this file is corrected: {problem}"
        )
    if unmapped:
        n = sum(one.n for one in unmapped)
        sentences.append(
            f"{counted(n, 'evaluation')} came under {counted(len(unmapped), 'name')} that "
            f"{file.name} does not map, and {'was' if n == 1 else 'were'} not kept."
        )
    if others := sum(one.n for one in left_out) - sum(one.n for one in unmapped):
        sentences.append(f"{counted(others, 'other record')} could not be used.")
    if without_model:
        sentences.append(
            f"{counted(without_model, 'claim')} went in without a model version: no span with one "
            "came within a minute."
        )
    names = [one.name for one in unmapped if one.name != OTHERS][:_MOST_LINES]
    lines = "\n".join(
        ["names:"]
        + [
            f"  {'' if number == 0 else '# '}{line}"
            for name in names
            for number, line in enumerate(lines_for(name))
        ]
    )
    frame = pd.DataFrame([asdict(one) for one in left_out], columns=list(_COLUMNS))
    return ExportersView(tuple(sentences), frame, lines if names else "", file.name)
