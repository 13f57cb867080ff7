"""What both forms of the report share: text made safe, and a few sentences."""

from __future__ import annotations

import html
import re

from core.findings.kinds import Severity
from core.measure.verdicts.parts import PartState
from core.sentences.loaded_cells import not_looked_for
from core.sentences.numbers import cut
from core.text.shown import one_line
from core.views.govern.findings import FindingRow
from core.views.review.week.weekly_report import Closer, WeeklyReport
from dashboard.charts.kit.base import shortened

#: A mark beside each verdict, so that colour is not needed to tell them apart.
MARKS: dict[PartState, str] = {"off": "◆", "at_the_edge": "◇", "too_few": "○", "fine": "●"}
FINDING_MARKS: dict[Severity, str] = {"critical": "◆", "warning": "△"}
#: As many changes of version get a rule on the timeline: paper has no hovering for the others.
DRAWN_CHANGES = 3
#: Characters of a finding's text on paper.
FINDING_LONG = 200
_LONG, _NAMES = 200, 8
#: Between a sentence and the next.
_SENTENCES = re.compile(r"(?<=[.!?]) (?=[^\W\d_])")


def text(text: str | None, *, long: int = _LONG) -> str:
    """A text for HTML: shortened in its middle, `one_line`, escaped."""
    return html.escape(shortened(one_line(text or ""), long))


def prose(text: str, *, long: int = _LONG) -> str:
    """Sentences for HTML, made safe like `text`, and cut after one of them or after a word."""
    return html.escape(cut_short(one_line(text), long))


def cut_short(text: str, most: int) -> str:
    """What fits of a text: its first whole sentences, else its first whole words, and a mark.

    Args:
        text: in one line.
        most: characters, the mark included.
    """
    if len(text) <= most:
        return text
    ends = [one.start() for one in _SENTENCES.finditer(text) if one.start() <= most - 2]
    if ends:
        return f"{text[: ends[-1]]} …"
    words = text[: most - 1].rpartition(" ")[0].rstrip(",;:(")
    # A long name leaves no word to end after.
    return f"{words} …" if len(words) > most // 2 else shortened(text, most)


def drift_says(closer: Closer) -> str:
    """The timeline's sentence, and how many changes are not drawn."""
    n = len(closer.drift.changes)
    if n <= DRAWN_CHANGES:
        return closer.drift_says
    return f"{closer.drift_says} The newest {DRAWN_CHANGES} of {n} version changes are drawn."


def quiet(report: WeeklyReport) -> str:
    """The signals without claims in these weeks, and those counted from loaded cells."""
    left_out = not_looked_for(report.elsewhere, report.unread)
    elsewhere = f" {left_out}" if left_out else ""
    if not report.quiet:
        return elsewhere
    names = ", ".join(shortened(name, 60) for name in report.quiet[:_NAMES])
    more = len(report.quiet) - _NAMES
    none = f" No claims in these weeks: {names}{f' and {more} more' if more > 0 else ''}."
    return none + elsewhere


def high_band_head(report: WeeklyReport) -> str:
    """The head of the high-confidence band's column; each line says its cut where they differ."""
    return (
        "High band" if report.high_from is None else f"High band, {cut(report.high_from)} or more"
    )


def finding_head(one: FindingRow) -> str:
    """What is wrong, and with which signal."""
    about = f", {shortened(one.signal, 50)}" if one.signal else ""
    return f"{one.severity_words}: {one.title}{about}"


def finding_tail(one: FindingRow) -> str:
    """Who answers by when, and what became of it."""
    said = f" ({one.state_words})" if one.state_words else ""
    return f"Owner: {one.owner}, {one.due_words}{said}."
