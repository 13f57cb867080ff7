"""What messages to people say: plain text that reads well in a mail and in a chat.

Nothing stands in it that the trail does not hold, but for the ledger's name and the link. People
stand in it as opaque ids until it is sent, so that a stored message keeps no name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from core.findings.kinds import kind_of
from core.findings.lifecycle import Finding
from core.governance.people.names import Directory
from core.text.figures import counted
from core.text.shown import one_line

_SUB = re.compile(r"\bp-[0-9a-f]{16}\b")
#: What chat programs would read as a call to everybody.
_CALL = re.compile(r"@(?=everyone|here|channel|all\b)|<(?=[!@#])", re.IGNORECASE)
#: As many signals are named in a subject.
_NAMED = 3


@dataclass(frozen=True)
class Setting:
    """What every message of a channel is written with.

    Attributes:
        channel: its name.
        ledger: what the ledger is called.
        link: where the pages are; None: it is not said.
        owner_of: opaque id of who answers for a finding; None: nobody does.
        now: UTC without zone.
        to_label: what is drawn and waits for labels, in sentences.
    """

    channel: str
    ledger: str
    link: str | None
    owner_of: Callable[[Finding], str | None]
    now: datetime
    to_label: Sequence[str] = ()


@dataclass(frozen=True)
class Text:
    """A message: its subject on one line, and its body."""

    subject: str
    body: str


def with_names(text: str, names: Directory) -> str:
    """A message as people read it: whoever stands in it as an opaque id, by name."""
    return _SUB.sub(lambda found: _line(names.words(found[0])), text)


def at_once(
    new: Sequence[Finding], others: int, setting: Setting, *, first: bool, last: str | None
) -> Text:
    """The message about critical findings that are new to a channel.

    Args:
        new: the findings, at least one, worst first.
        others: how many others wait.
        first: whether the channel was told nothing so far: what is new to it may be old.
        last: where further ones are told, if the week's ceiling is reached with this message.
    """
    several = len(new) > 1
    lines = [f"{len(new)} critical findings are new:" if several else "A critical finding is new:"]
    if first:
        lines = [
            f"{counted(len(new), 'critical finding')} {'are' if several else 'is'} open. "
            "This is the first message on this channel."
        ]
    for one in new:
        lines += ["", *_told(one, setting)]
    if others:
        lines += ["", f"{counted(others, 'other finding')} {'is' if others == 1 else 'are'} open."]
    if last is not None:
        lines += [
            "",
            "With this message the channel has reached its limit for the week; whatever else "
            f"becomes critical is sent {last}.",
        ]
    signals = list(dict.fromkeys(one.signal for one in new if one.signal is not None))
    named = [_line(signal) for signal in signals[:_NAMED]] + ["…"] * (len(signals) > _NAMED)
    what = f"{len(new)} critical findings" if several else f"Critical: {kind_of(new[0].kind).words}"
    return Text(f"{what} ({', '.join(named)})" if named else what, _body(lines, setting))


@dataclass(frozen=True)
class DigestParts:
    """What a digest tells.

    Attributes:
        waiting: the findings that wait, worst first, each with what is to be remarked of it.
        settled: those resolved since the last digest.
        waived: those that are waived.
        held: how many critical ones were not sent at once, and by which ceiling.
        since: the day of the last digest; None: this is the first message on the channel.
        n_new: how many of those that wait are new, or worse than before.
    """

    waiting: Sequence[tuple[Finding, Sequence[str]]]
    settled: Sequence[Finding]
    waived: Sequence[Finding]
    held: tuple[int, int]
    since: date | None
    n_new: int


def digest(parts: DigestParts, setting: Setting) -> Text:
    """The message that lists everything that waits, and what was settled."""
    counts = _counts(parts, setting)
    lines = [_headline(parts, counts)]
    n_held, ceiling = parts.held
    if n_held:
        lines += [
            "",
            f"{counted(n_held, 'critical finding')} came after the limit of "
            f"{counted(ceiling, 'message')} a week and {'was' if n_held == 1 else 'were'} not "
            "sent at once; marked below.",
        ]
    for number, (one, marks) in enumerate(parts.waiting, start=1):
        lines += ["", *_told(one, setting, f"{number}. ", marks)]
    if setting.to_label:
        lines += ["", "To be labelled:", *(f"- {_line(one)}" for one in setting.to_label)]
    if parts.settled:
        lines += ["", "Resolved:", *(f"- {_title(one)}" for one in parts.settled)]
    if parts.waived:
        several = (f"- {_title(one)}, until {one.until}" for one in parts.waived)
        lines += ["", "Waived:", *several]
    if parts.waiting:
        subject = ", ".join([f"Digest: {_waiting(len(parts.waiting))}", *counts])
    else:
        subject = f"Digest: nothing open, {len(parts.settled)} resolved"
        if setting.to_label and not parts.settled:
            subject = "Digest: nothing open, labels are asked for"
    return Text(subject, _body(lines, setting))


def _counts(parts: DigestParts, setting: Setting) -> list[str]:
    critical = sum(one.severity == "critical" for one, _ in parts.waiting)
    late = sum(one.overdue(setting.now) for one, _ in parts.waiting)
    several = ((critical, "critical"), (late, "overdue"), (parts.n_new, "new"))
    return [f"{n} {word}" for n, word in several if n]


def _waiting(n: int) -> str:
    return counted(n, "open finding")


def _headline(parts: DigestParts, counts: Sequence[str]) -> str:
    n, settled = len(parts.waiting), len(parts.settled)
    text = _waiting(n) if n else "No finding is open"
    text = f"{', '.join([text, *counts])}."
    if parts.since is None:
        return f"{text} This is the first message on this channel, so it lists all that is open."
    return f"{text} {settled or 'None'} resolved since the last digest of {parts.since}."


def _told(one: Finding, setting: Setting, number: str = "", marks: Sequence[str] = ()) -> list[str]:
    """A finding in a few lines: how bad, what, about which signal, who, by when, what to do."""
    marked = f" [{', '.join(marks)}]" if marks else ""
    state = ", acknowledged" if one.state == "acknowledged" else ""
    found = f"Found {one.occurrences} times, last" if one.occurrences > 1 else "Found"
    owner = f"{setting.owner_of(one) or 'nobody'}{_part(one)}"
    by = f"overdue since {one.due}" if one.overdue(setting.now) else f"due {one.due}"
    lines = [
        f"{number}{one.severity.upper()}{marked} {_title(one)}",
        _line(one.text),
        f"Owner: {owner}, {by}{state}. {found} {one.since:%Y-%m-%d}.",
        f"To do: {_line(one.mend)}",
    ]
    if setting.link is not None and one.signal is not None:
        lines.append(f"{setting.link}/registry?signal={quote(one.signal, safe='')}")
    return lines


def _part(one: Finding) -> str:
    """For which part of the signal somebody must respond."""
    part = kind_of(one.kind).part
    return "" if part is None else f", for {part}"


def _title(one: Finding) -> str:
    about = "" if one.signal is None else f": {_line(one.signal)}"
    return f"{kind_of(one.kind).words}{about}"


def _body(lines: Sequence[str], setting: Setting) -> str:
    more = [] if setting.link is None else [f"All findings: {setting.link}"]
    foot = (
        f"Written {setting.now:%Y-%m-%d %H:%M} UTC by Calibration Ledger on "
        f"{_line(setting.ledger)} for {_line(setting.channel)}."
    )
    return "\n".join([*lines, "", *more, foot])


def _line(text: str) -> str:
    """Text on one line, in which nothing is hidden and nothing calls everybody in a chat."""
    return _CALL.sub(lambda found: f"{found[0]} ", one_line(text).strip())
