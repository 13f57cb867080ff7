"""The report as one HTML document that prints on two pages."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from pathlib import Path
from string import Template

from core.sentences.numbers import counted
from core.text.shown import visible
from core.views.govern.findings import FindingRow
from core.views.review.week.weekly_report import (
    NOTHING_CHANGED,
    Closer,
    ReportSentence,
    SignalLine,
    WeeklyReport,
)
from dashboard.reports import paper
from dashboard.reports.pictures import diagram, sparkline, svg, timeline
from dashboard.reports.text import (
    FINDING_LONG,
    FINDING_MARKS,
    MARKS,
    drift_says,
    finding_head,
    finding_tail,
    high_band_head,
    prose,
    quiet,
    text,
)

_STYLE = Path(__file__).with_name("page.css")
#: The longest a signal's name may be in a table, in a list, and in a heading.
_IN_TABLE, _IN_LIST, _IN_HEADING = 36, 50, 56

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light only">
<title>$title, $ledger</title>
<style>
$style</style>
</head>
<body>
<header><h1>$title</h1><p class="aside">$dates · $ledger · $as_of</p></header>
<main>
<p class="headline">$headline</p>
$open_first
$findings<section><h2>What changed</h2>
$changes</section>
<section><h2>Every signal, worst first</h2>
$table
<p class="aside">$standing$quiet</p></section>
<section class="guide"><h2>How to read it</h2>
<ol>$guide</ol>
<p class="aside">$method</p></section>
$closer
</main>
</body>
</html>
""")


def to_html(report: WeeklyReport) -> str:
    """The review as one HTML document."""
    findings, changes, lines = paper.fitting(report)
    return _PAGE.substitute(
        title=text(report.title),
        dates=text(report.dates),
        ledger=text(report.ledger),
        as_of=text(report.as_of),
        style=_STYLE.read_text(encoding="utf-8"),
        headline=text(report.headline, long=320),
        open_first="" if report.open_first is None else _html_first(report.open_first),
        findings=_html_findings(report, findings),
        changes=_html_changes(report.changes, changes),
        table=_html_lines(report, lines),
        standing=text(report.standing, long=600),
        quiet=text(quiet(report), long=600),
        closer="" if report.closer is None else _html_closer(report.closer),
        guide="".join(f"<li>{text(line, long=600)}</li>" for line in report.guide),
        method=text(report.method, long=400),
    )


def _html_first(one: ReportSentence) -> str:
    told = f'<p class="first"><strong>Open first:</strong> {prose(one.text, long=240)}. '
    if one.command is None or not paper.printable(one.command):
        return f"{told}Page {one.page}.</p>"
    return f"{told}Page {one.page}, or:{_html_command(one.command)}</p>"


def _html_command(command: str) -> str:
    # Each word on one line: an option broken after its hyphens could not be read.
    words = (f"<span>{html.escape(visible(word))}</span>" for word in command.split(" "))
    return f"<br><code>{' '.join(words)}</code>"


def _html_findings(report: WeeklyReport, most: int) -> str:
    if not report.findings:
        return ""

    def items(some: Sequence[FindingRow]) -> str:
        rows = (
            f"<li><b>{FINDING_MARKS[one.severity]} {text(finding_head(one))}</b>: "
            f"{prose(one.text, long=FINDING_LONG)} <i>{text(finding_tail(one), long=120)}</i></li>"
            for one in some
        )
        return f"<ul>{''.join(rows)}</ul>"

    rest = report.findings[most:]
    return (
        f"<section><h2>Findings</h2><p>{text(report.findings_say)}</p>"
        + items(report.findings[:most])
        + _folded(counted(len(rest), "more finding"), lambda: items(rest), n=len(rest))
        + "</section>"
    )


def _html_changes(changes: Sequence[ReportSentence], most: int) -> str:
    if not changes:
        return f"<p>{NOTHING_CHANGED}</p>"

    def items(some: Sequence[ReportSentence]) -> str:
        rows = (
            f"<li><b>{text(one.signal, long=_IN_LIST)}</b>: {prose(one.text)}</li>" for one in some
        )
        return f"<ul>{''.join(rows)}</ul>"

    rest = changes[most:]
    return items(changes[:most]) + _folded(
        counted(len(rest), "more change"), lambda: items(rest), n=len(rest)
    )


def _html_lines(report: WeeklyReport, most: int) -> str:
    if not report.lines:
        return "<p>No signal to show.</p>"
    heads = (
        *("Signal", "Verdict", "Gap, points", high_band_head(report)),
        *("Labelled this week", "Trend of the gap"),
    )
    head = "".join(f'<th scope="col">{text(name)}</th>' for name in heads)
    largest = max((abs(gap) for one in report.lines for gap in one.trend), default=0.0)
    reach = max(largest, 2 * max(one.tolerance for one in report.lines))

    def table(some: Sequence[SignalLine]) -> str:
        rows = "".join(_html_line(one, reach) for one in some)
        return f"<table><thead><tr>{head}</tr></thead>{rows}</table>"

    rest = report.lines[most:]
    words = f"{counted(len(rest), 'more signal')} ({_tally(rest)})"
    return table(report.lines[:most]) + _folded(words, lambda: table(rest), n=len(rest))


def _html_line(line: SignalLine, reach: float) -> str:
    def two(large: str, small: str) -> str:
        return f"<td><b>{text(large)}</b><br><small>{text(small)}</small></td>"

    return (
        f'<tbody><tr><th scope="row">{text(line.signal, long=_IN_TABLE)}</th>'
        f'<td class="{line.verdict}">{MARKS[line.verdict]} {text(line.verdict_words)}<br>'
        f"<small>{text(line.standing)}</small></td>"
        f"{two(line.gap, line.gap_of)}{two(line.high_band, line.high_n)}"
        f"{two(line.labelled, line.n_claims)}"
        f"<td>{sparkline(line, reach)}</td></tr>"
        f'<tr><td colspan="6"><small>{text(_below(line), long=220)}</small></td></tr></tbody>'
    )


def _below(line: SignalLine) -> str:
    """What stands below a line: who answers, the worst segment, the week its gap is of."""
    of = f"Gap of {line.judged}. " if line.judged else ""
    return f"Owner: {line.owner}. {of}Worst segment: {line.worst}"


def _html_closer(closer: Closer) -> str:
    says = [f"<p>{text(one, long=400)}</p>" for one in closer.curve_says]
    return (
        f"<section><h2>The worst one up close: {text(closer.signal, long=_IN_HEADING)}</h2>"
        f'<div class="beside"><div>{svg(diagram(closer), "curve-")}</div><div>'
        f'<p class="aside">{closer.days.words()}, the weeks of the standing verdict</p>'
        f"{''.join(says)}</div></div>"
        f'<div class="whole"><p><b>{text(drift_says(closer), long=400)}</b></p>'
        f"{svg(timeline(closer), 'drift-')}</div></section>"
    )


def _folded(words: str, body: Callable[[], str], *, n: int) -> str:
    """What does not fit on paper: folded on screen, and counted on paper; nothing when n is 0."""
    if not n:
        return ""
    told = text(words)
    return (
        f"<details><summary>{told}</summary>{body()}</details>"
        f'<p class="paper">{told}: unfold them on screen.</p>'
    )


def _tally(lines: Sequence[SignalLine]) -> str:
    """How many lines have which verdict."""
    words = [line.verdict_words.lower() for line in lines]
    return ", ".join(f"{words.count(one)} {one}" for one in dict.fromkeys(words))
