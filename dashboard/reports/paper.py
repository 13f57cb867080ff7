"""How much of the report fits on its first printed page.

A browser breaks pages as it likes, so the rows of text are estimated, generously, before they are
written: what is beyond them is folded away on screen and counted on paper.
"""

from __future__ import annotations

import math
from itertools import accumulate

from core.views.govern.findings import FindingRow
from core.views.review.week.weekly_report import ReportSentence, WeeklyReport
from dashboard.reports.text import FINDING_LONG, finding_head, finding_tail

#: Rows of text of an A4 page at 10 points and a line height of 1.25, less a small reserve.
_ROWS = 60.0
#: Characters of 10 points in a row across the page, in a headline, and in a column of names.
_ACROSS, _HEADLINE, _COLUMN = 100, 74, 18
#: Title, table head, guide and method, and what stands around every heading.
_FIXED = 26.0
#: Rows that findings, and that changes, may take.
_FINDING_ROWS, _CHANGE_ROWS = 8, 6
_LONG_COMMAND, _LONG_WORD = 300, 70


def fitting(report: WeeklyReport) -> tuple[int, int, int]:
    """How many findings, changes and lines of the table the first page takes.

    At least one finding where there is any, and at least one line.
    """
    wrong = list(accumulate(_finding_rows(one) for one in report.findings))
    findings = max(1, sum(rows <= _FINDING_ROWS for rows in wrong))
    taken = list(accumulate(_change_rows(one) for one in report.changes))
    changes = sum(rows <= _CHANGE_ROWS for rows in taken)
    left = _ROWS - _FIXED - 1.4 * _rows(report.headline[:320], _HEADLINE)
    left -= _rows(" ".join(report.quiet)[:480], _ACROSS)
    if report.open_first is not None:
        left -= 1 + _rows(report.open_first.text[:240], _ACROSS)
        command = report.open_first.command
        left -= _rows(command, 85) if command is not None and printable(command) else 0
    left -= taken[changes - 1] if changes else 0
    left -= 5 + wrong[min(findings, len(wrong)) - 1] if wrong else 0
    lines = 0
    for line in report.lines:
        name = _rows(line.signal[:36], _COLUMN)
        left -= max(2, name, _rows(f"◆ {line.verdict_words}", 14) + _rows(line.standing, 17))
        left -= _rows(f"{line.owner}{line.worst}"[:220], _ACROSS - 48) + 0.5
        if left < 0 and lines:
            break
        lines += 1
    return findings, changes, lines


def printable(command: str) -> bool:
    """Whether a command can stand on paper without being cut."""
    return len(command) <= _LONG_COMMAND and max(map(len, command.split())) <= _LONG_WORD


def _finding_rows(one: FindingRow) -> int:
    words = f"{finding_head(one)}: {one.text[:FINDING_LONG]} {finding_tail(one)[:120]}"
    return _rows(words, _ACROSS - 14)


def _change_rows(one: ReportSentence) -> int:
    return _rows(f"{one.signal[:50]}: {one.text[:200]}", _ACROSS)


def _rows(text: str, width: int) -> int:
    return max(1, math.ceil(len(text) / width))
