"""The report as Markdown."""

from __future__ import annotations

import html
import re

from core.review.report import NOTHING_CHANGED, WeeklyReport
from dashboard.report.pictures import diagram, png, timeline
from dashboard.report.text import (
    FINDING_MARKS,
    MARKS,
    drift_says,
    finding_head,
    finding_tail,
    high_band_head,
    plain,
    quiet,
)


def to_markdown(report: WeeklyReport) -> str:
    """The review as Markdown with tables, its pictures inside; nothing is left out."""
    parts = [
        f"# {_md(report.title)}",
        _md(f"{report.dates} · {report.ledger} · {report.as_of}"),
        f"**{_md(report.headline)}**",
    ]
    if report.open_first is not None:
        one = report.open_first
        parts.append(f"**Open first:** {_md(f'{one.text}. Page {one.page}, or:')}")
        if one.command is not None:
            parts.append("    " + one.command.replace("\n", "\n    "))
    if report.findings:
        found = [
            f"- **{FINDING_MARKS[one.severity]} {_md(finding_head(one))}**: {_md(one.text)} "
            f"*{_md(finding_tail(one))}*"
            for one in report.findings
        ]
        parts += ["## Findings", _md(report.findings_say), "\n".join(found)]
    changes = [f"- **{_md(one.signal)}**: {_md(one.text)}" for one in report.changes]
    parts += ["## What changed", "\n".join(changes) or NOTHING_CHANGED]
    parts += ["## Every signal, worst first", _md_table(report)]
    parts.append(_md(report.standing + quiet(report)))
    pictures: list[str] = []
    if report.closer is not None:
        closer, curve, drift = report.closer, diagram(report.closer), timeline(report.closer)
        parts += [
            f"## The worst one closely: {_md(closer.signal)}",
            f"{_md(closer.days.words())}, the last mature weeks together",
            f"![{_md(curve.words)}][curve]",
            "\n".join(f"- {_md(one)}" for one in closer.curve_says),
            f"**{_md(drift_says(closer))}**",
            f"![{_md(drift.words)}][drift]",
        ]
        # By reference: the pictures are long, and stand below what is to be read.
        pictures = [f"[curve]: {png(curve)}", f"[drift]: {png(drift)}"]
    guide = "\n".join(f"{i}. {_md(line)}" for i, line in enumerate(report.guide, 1))
    parts += ["## How to read it", guide, _md(report.method), *pictures]
    return "\n\n".join(parts) + "\n"


def _md_table(report: WeeklyReport) -> str:
    if not report.lines:
        return "No signal to show."
    heads = (
        *("Signal", "Standing", "Owner", "Verdict", "Gap, points", high_band_head(report)),
        *("Worst segment", "Labelled this week", "Trend of the gap"),
    )
    rows = [heads, ("---",) * len(heads)]
    for line in report.lines:
        rows.append(
            (
                f"**{_md(line.signal)}**",
                _md(line.standing),
                _md(line.owner),
                _md(f"{MARKS[line.verdict]} {line.verdict_words}"),
                _md(f"{line.gap} ({line.gap_of}{', ' if line.judged else ''}{line.judged})"),
                _md(f"{line.high_band} ({line.high_n})" if line.high_n else line.high_band),
                _md(line.worst),
                _md(f"{line.labelled} {line.n_claims}"),
                _md(line.trend_words),
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _md(text: str) -> str:
    """A text for Markdown: in one line, every character that could mark something up escaped."""
    marked = re.sub(r"([\\`*_\[\]#|~$])", r"\\\1", plain(text))
    return html.escape(marked, quote=False)
