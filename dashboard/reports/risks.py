"""The Risks page as one file for an audit."""

from __future__ import annotations

import pandas as pd

from core.sentences.numbers import count
from core.text.markdown import plain, verbatim
from core.views.risks.catalogue import FAILURES, NOTES, SOURCES, QuietFailure
from core.views.risks.matrix import Cell, RisksView, tally_words
from core.views.risks.status import STATUS_SIGNS, STATUS_WORDS
from dashboard.widgets.links.page_links import address

_MEANINGS = (
    ("open", "the failure is visible, or the control against it is missing"),
    ("covered", "the control ran on this signal and found nothing"),
    ("not_measured", "what is needed was not logged, or there is too little of it"),
    ("not_applicable", "the failure cannot happen to this signal at present"),
)


def to_markdown(view: RisksView, ledger: str) -> str:
    """Every cell with its line, the mapping and its notes; nothing is left out.

    Args:
        view: what the page shows.
        ledger: the file's name.
    """
    root = view.root or "none"
    parts = [
        "# Twelve failures of trust in a confidence, for every signal",
        f"{view.at:%Y-%m-%d %H:%M} UTC · ledger {plain(ledger)} · data version "
        f"{count(view.data_version)} · trail of {count(view.n_entries)} entries, root `{root}`",
        f"**{plain(view.headline)}** {plain(view.whole)}",
        "\n".join(
            f"- {STATUS_SIGNS[status]} **{STATUS_WORDS[status]}**: {meaning}."  # type: ignore[index]
            for status, meaning in _MEANINGS
        ),
        "## All of them",
        _matrix(view),
    ]
    for failure in FAILURES:
        parts += _failure(view, failure)
    parts += ["## What the controls support", _mapping(), "\n".join(f"- {plain(n)}" for n in NOTES)]
    return "\n\n".join(parts) + "\n"


def to_frame(view: RisksView) -> pd.DataFrame:
    """For a file: failure, signal, status, evidence, address, and the mapping's columns."""
    return pd.DataFrame(
        [
            (
                *(one.failure.title, one.signal, STATUS_WORDS[one.status], one.line),
                *(address(one.link), view.at.isoformat(timespec="seconds") + "Z"),
                one.failure.supports.sr_26_2,
                one.failure.supports.eu_ai_act,
                one.failure.supports.nist_ai_rmf,
                one.failure.supports.iso_42001,
            )
            for one in view.cells
        ],
        columns=[
            *("failure", "signal", "status", "evidence", "seen_on", "as_of"),
            *(f"supports {name}" for name in SOURCES),
        ],
    )


def _failure(view: RisksView, failure: QuietFailure) -> list[str]:
    cells = view.of_failure(failure.key)
    supports = "; ".join(f"{name}: {part}" for name, part in failure.supports.named())
    return [
        f"## {plain(failure.title)}",
        f"{plain(failure.control)} *Supports {plain(supports)}.*",
        f"{plain(tally_words(cells)) or 'No signal'}.",
        _table(
            ("Signal", "Status", "Evidence", "Seen on"),
            [_line(one) for one in cells],
        ),
    ]


def _line(one: Cell) -> tuple[str, ...]:
    status = f"{STATUS_SIGNS[one.status]} {STATUS_WORDS[one.status]}"
    return plain(one.signal), status, plain(one.line), verbatim(address(one.link))


def _matrix(view: RisksView) -> str:
    known = {(one.failure.key, one.signal): one for one in view.cells}
    rows = [
        (
            plain(failure.title),
            *(_mark(known[failure.key, signal]) for signal in view.signals),
        )
        for failure in FAILURES
    ]
    return _table(("Failure", *map(plain, view.signals)), rows)


def _mark(one: Cell) -> str:
    return f"{STATUS_SIGNS[one.status]} {STATUS_WORDS[one.status].lower()}"


def _mapping() -> str:
    rows = [
        (
            plain(one.title),
            *(
                plain(part) or "–"
                for part in (
                    one.supports.sr_26_2,
                    one.supports.eu_ai_act,
                    one.supports.nist_ai_rmf,
                    one.supports.iso_42001,
                )
            ),
        )
        for one in FAILURES
    ]
    return _table(("Failure", *(f"Supports {name}" for name in SOURCES)), rows)


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)
