"""The weekly review as one file: HTML that prints on two pages, or Markdown.

The file asks for nothing: no script, no font, no picture from elsewhere. Whatever comes from the
ledger is escaped, since a segment's value may be anything.
"""

from __future__ import annotations

import os
from pathlib import Path

from core.ledger.errors import LedgerError
from core.views.review.week.weekly_report import WeeklyReport
from dashboard.reports.html import to_html
from dashboard.reports.markdown import to_markdown

__all__ = ["html_suffix", "to_html", "to_markdown", "write"]


def html_suffix(out: Path) -> bool:
    """Whether a file is to be HTML (``.html``, ``.htm``) or Markdown (``.md``).

    Raises:
        LedgerError: it is neither.
    """
    suffix = out.suffix.lower()
    if suffix not in (".html", ".htm", ".md"):
        raise LedgerError(f"{out} is neither HTML nor Markdown: name a .html or a .md file.")
    return suffix != ".md"


def write(report: WeeklyReport, out: Path) -> int:
    """Write the review to a file, whole or not at all.

    Args:
        report: what it says.
        out: a .html, .htm or .md file; an older one is replaced.

    Returns:
        The file's size in bytes.

    Raises:
        LedgerError: the file is of another kind, or cannot be written.
    """
    render = to_html if html_suffix(out) else to_markdown
    content = render(report).encode("utf-8", "replace")
    target = out.resolve()
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        if target.is_dir():
            raise IsADirectoryError(None, "it is a folder")
        partial.write_bytes(content)
        partial.replace(target)
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}.") from error
    finally:
        partial.unlink(missing_ok=True)
    return len(content)
