"""The report as Markdown."""

from __future__ import annotations

from core.text.markdown import plain
from core.text.shown import visible
from core.views.review.week.weekly_report import NOTHING_CHANGED, WeeklyReport
from dashboard.reports.pictures import diagram, png, timeline
from dashboard.reports.text import (
    FINDING_MARKS,
    MARKS,
    drift_says,
    finding_head,
    finding_tail,
    high_band_head,
    quiet,
)


def to_markdown(report: WeeklyReport) -> str:
    """The review as Markdown with tables, its pictures inside; nothing is left out."""
    parts = [
        f"# {plain(report.title)}",
        plain(f"{report.dates} · {report.ledger} · {report.as_of}"),
        f"**{plain(report.headline)}**",
    ]
    if report.open_first is not None:
        one = report.open_first
        parts.append(f"**Open first:** {plain(f'{one.text}. Page {one.page}, or:')}")
        if one.command is not None:
            parts.append("    " + visible(one.command))
    if report.findings:
        found = [
            f"- **{FINDING_MARKS[one.severity]} {plain(finding_head(one))}**: {plain(one.text)} "
            f"*{plain(finding_tail(one))}*"
            for one in report.findings
        ]
        parts += ["## Findings", plain(report.findings_say), "\n".join(found)]
    changes = [f"- **{plain(one.signal)}**: {plain(one.text)}" for one in report.changes]
    parts += ["## What changed", "\n".join(changes) or NOTHING_CHANGED]
    parts += ["## Every signal, worst first", _md_table(report)]
    parts.append(plain(report.standing + quiet(report)))
    pictures: list[str] = []
    if report.closer is not None:
        closer, curve, drift = report.closer, diagram(report.closer), timeline(report.closer)
        parts += [
            f"## The worst one up close: {plain(closer.signal)}",
            f"{plain(closer.days.words())}, the weeks of the standing verdict",
            f"![{plain(curve.words)}][curve]",
            "\n".join(f"- {plain(one)}" for one in closer.curve_says),
            f"**{plain(drift_says(closer))}**",
            f"![{plain(drift.words)}][drift]",
        ]
        # By reference: the pictures are long, and stand below what is to be read.
        pictures = [f"[curve]: {png(curve)}", f"[drift]: {png(drift)}"]
    guide = "\n".join(f"{i}. {plain(line)}" for i, line in enumerate(report.guide, 1))
    parts += ["## How to read it", guide, plain(report.method), *pictures]
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
                f"**{plain(line.signal)}**",
                plain(line.standing),
                plain(line.owner),
                plain(f"{MARKS[line.verdict]} {line.verdict_words}"),
                plain(f"{line.gap} ({line.gap_of}{', ' if line.judged else ''}{line.judged})"),
                plain(f"{line.high_band} ({line.high_n})" if line.high_n else line.high_band),
                plain(line.worst),
                plain(f"{line.labelled} {line.n_claims}"),
                plain(line.trend_words),
            )
        )
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
