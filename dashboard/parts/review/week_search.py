"""Which signals of a long week are shown: by name or owner, and by verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.views.review.week.this_week import SignalWeek
from core.views.shared.validation_badge import Written
from dashboard.widgets import table_search
from dashboard.widgets.table_search import ALL

#: Names of the widgets, and in the URL, which leaves their defaults out.
FIND, VERDICT = "find", "verdict"


def verdict_words(row: SignalWeek) -> str:
    """The verdict as its badge says it."""
    return table_search.verdict_words(row.standing)


def found(
    rows: Sequence[SignalWeek], written: Mapping[str, Written], text: str, verdict: str
) -> tuple[SignalWeek, ...]:
    """The rows whose name or owner holds a text, in any case, and that have this verdict.

    Args:
        rows: of the week.
        written: what the written side says of each signal.
        text: looked for; "" is in all of them. "no owner" finds those without one.
        verdict: as `verdict_words` has it, or `ALL`.
    """
    return tuple(
        row
        for row in rows
        if verdict in (ALL, verdict_words(row))
        and table_search.holds(text, *_names(row, written[row.signal]))
    )


def _names(row: SignalWeek, written: Written) -> tuple[str, ...]:
    one = written.owner
    return (row.signal, "No owner") if one.empty else (row.signal, one.owner, one.acting)


def ask(rows: Sequence[SignalWeek], written: Mapping[str, Written]) -> tuple[SignalWeek, ...]:
    """Ask what is looked for, and find it."""
    words = table_search.verdicts_among([verdict_words(row) for row in rows])
    text, verdict = table_search.ask("signal or owner", "Verdict", words, find=FIND, pick=VERDICT)
    return found(rows, written, text, verdict)
