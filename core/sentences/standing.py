"""A standing verdict in words: what is off, where, since when, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from core.measure.verdicts.parts import PartState
from core.measure.verdicts.verdict import VERDICT_OF
from core.sentences.numbers import STATE_WORDS, counted, cut, percent, points, value_name
from core.sentences.pointer import Pointer
from core.standing.verdict import Began, StandingVerdict

#: Of a signal whose loaded cells do not tell what a verdict rests on.
NEEDS_CLAIMS = "its claims are not in this ledger, and its loaded cells do not give a verdict"
#: As many signals are named in a headline.
NAMED = 4

_CHANGED = {
    "model_version": "model",
    "prompt_version": "prompt",
    "params_version": "settings",
    "elicitation": "elicitation",
    "elicitation_order": "order of asking",
    "calibrator_version": "calibrator",
}


def headline(verdicts: Sequence[StandingVerdict]) -> str:
    """The state of things in a sentence: which signals are off and where, then how many are not.

    Args:
        verdicts: one per signal, worst first.
    """
    if not verdicts:
        return "No signal had claims up to this week."
    off = [one for one in verdicts if one.state == "off"]
    of = counted(len(verdicts), "signal")
    if off:
        told = [f"{one.signal} {where(one)}" for one in off[:NAMED]]
        more = f" and {len(off) - NAMED} more" if len(off) > NAMED else ""
        text = f"{len(off)} of {of} {_is(len(off))} off: {', '.join(told)}{more}."
    elif all(one.state == "fine" for one in verdicts):
        return "The only signal is fine." if len(verdicts) == 1 else f"All {of} are fine."
    else:
        text = f"None of {of} is off." if len(verdicts) > 1 else f"{verdicts[0].signal} is not off."
    return text + _others(verdicts)


def _others(verdicts: Sequence[StandingVerdict]) -> str:
    told = []
    edge = _count(verdicts, "at_the_edge")
    lacking = sum(one.lacks for one in verdicts)
    mute = sum(not one.speaks_for_all for one in verdicts if one.state == "too_few") - lacking
    few = _count(verdicts, "too_few") - mute - lacking
    if edge:
        told.append(f"{edge} {_is(edge)} at the edge")
    if few:
        told.append(f"{few} {'needs' if few == 1 else 'need'} more labels")
    if mute:
        told.append(f"{mute} {'has' if mute == 1 else 'have'} labels of some cases only")
    if lacking:
        told.append(f"{lacking} cannot be judged from loaded cells")
    return f" {'; '.join(told)}." if told else ""


def _count(verdicts: Sequence[StandingVerdict], state: PartState) -> int:
    return sum(one.state == state for one in verdicts)


def _is(n: int) -> str:
    return "is" if n == 1 else "are"


def where(one: StandingVerdict) -> str:
    """Where a signal that is off is off: ``throughout``, ``on policy legal``."""
    if one.reason == "alarm":
        return "since it was signed, as the watch found"
    worst = one.worst
    if worst is not None:
        return f"on {worst.dimension} {value_name(worst.value)}"
    if one.reason == "segment":
        assert one.recent is not None
        off = one.recent.off[0]
        return f"on {off.dimension} {value_name(off.value)}"
    if one.reason == "high_band":
        return f"where it says {cut(one.terms.high_from)} or more"
    if one.reason == "shape":
        return "by errors that cancel"
    return "as a whole" if one.whole_alone else "throughout"


def direction(one: StandingVerdict) -> str:
    """Which way it is off: ``overconfident``, ``underconfident``, ``off both ways``."""
    if one.reason == "shape":
        return "off both ways"
    gap = (one.gap or (0.0,))[0]
    if one.reason == "segment" and one.recent is not None:
        gap = (one.worst or one.recent.off[0]).shown.value
    elif one.reason == "high_band" and one.recent is not None:
        gap = one.recent.high_claimed - one.recent.high_observed
    return "overconfident" if gap > 0 else "underconfident"


def began_words(began: Began) -> str:
    """``prompt draft-v3 (31 Aug 2026)``."""
    named = [f"{_CHANGED[name]} {value or '(none)'}" for name, value in began.changed]
    return f"{' and '.join(named)} ({began.on:%-d %b %Y})"


def cause(one: StandingVerdict) -> str:
    """What is off and how much, in a clause after the signal's name; "" where nothing is."""
    if one.state != "off":
        return ""
    if one.reason == "alarm" or one.recent is None:
        return f"off {where(one)}"
    since = "" if one.began is None else f", since {began_words(one.began)}"
    found = one.worst or (one.recent.off[0] if one.reason == "segment" else None)
    if found is not None:
        shown = found.shown
        gap, low, high = (points(end, decimals=1) for end in (shown.value, shown.low, shown.high))
        return (
            f"on {found.dimension} {value_name(found.value)} its gap is {gap} points ({low} to "
            f"{high}), {counted(shown.n, 'case')}{since}"
        )
    if one.reason == "high_band":
        return (
            f"stated at {cut(one.terms.high_from)} or more it is right "
            f"{percent(one.recent.high_observed)} of the time (said "
            f"{percent(one.recent.high_claimed)}), {counted(one.recent.high_n, 'case')}{since}"
        )
    if one.reason == "shape":
        return f"errors that cancel: {one.recent.error_at.words}{since}"
    if one.began is not None:
        assert one.gap is not None
        return (
            f"its gap went from {points(one.began.gap_before, decimals=1)} to "
            f"{points(one.gap[0], decimals=1)} points with {began_words(one.began)}"
        )
    return gap_words(one)


def gap_words(one: StandingVerdict) -> str:
    """The gap with its interval and what it rests on; why there is none."""
    if one.lacks:
        return NEEDS_CLAIMS
    if one.gap is None:
        return "no outcome is final yet" if one.window is None else "no claim is labelled"
    gap, low, high = (points(end, decimals=1) for end in one.gap)
    drawn = " drawn by chance" if one.weighted is not None and one.weighted.by_audit else ""
    return f"gap {gap} points ({low} to {high}), {counted(one.n, 'case')}{drawn}"


def window_words(one: StandingVerdict) -> str:
    """The days the verdict rests on, and their age where they are old: ``14 Sep to 8 Nov 2026``."""
    if one.window is None:
        return "no outcome is final yet"
    first, last = one.window.first, one.window.last
    begin = f"{first:%-d %b}" if first.year == last.year else f"{first:%-d %b %Y}"
    weeks = one.window.age.days // 7
    old = f", {counted(weeks, 'week')} ago" if weeks > 8 else ""
    return f"{begin} to {last:%-d %b %Y}{old}"


def cause_pointer(one: StandingVerdict) -> Pointer | None:
    """What to open first of a signal: its page; None where it is not off."""
    if one.state != "off":
        return None
    return Pointer(f"{one.signal}: {cause(one)}", "signal", one.signal)


def one_line(one: StandingVerdict) -> str:
    """The verdict in a line, for commands: state, where, the figures of what is off there, days."""
    days = "" if one.window is None else f"; {window_words(one)}"
    segment = one.worst is not None and one.reason != "alarm"
    if one.state == "off" and (segment or one.reason in ("segment", "high_band")):
        return f"{one.signal} is off, {direction(one)}: {cause(one)}{days}"
    said = "has no verdict"
    if one.speaks_for_all:
        verb = "has" if one.state == "too_few" else "is"
        said = f"{verb} {STATE_WORDS[one.state].lower()}"
    how = f", {direction(one)} {where(one)}" if one.state == "off" else ""
    return f"{one.signal} {said}{how}: {gap_words(one)}{days}"


def as_json(one: StandingVerdict) -> dict[str, object]:
    """The verdict for programs: state, reason, version, days, numbers."""
    gap, low, high = one.gap or (None, None, None)
    return {
        "state": one.state,
        "verdict": VERDICT_OF[one.state],
        "reason": one.reason,
        "speaks_for": "all" if one.speaks_for_all else "labelled",
        "version": one.fingerprint.as_json(),
        "since": None if one.window is None else f"{one.window.first}",
        "until": None if one.window is None else f"{one.window.last}",
        "n": one.n,
        "coverage": None if one.window is None else one.window.coverage,
        "gap": gap,
        "gap_low": low,
        "gap_high": high,
        "level": one.level,
    }
