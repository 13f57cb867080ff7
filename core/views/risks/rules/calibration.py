"""Whether it is calibrated where it matters and now: hidden segments, and drift.

hidden segment
    open: evidence misses a criterion on a required segment; a segment, or the high-confidence band
    alone, is off in the newest settled weeks. Covered: none is, the whole is within tolerance, and
    segments with `ENOUGH` of the labels are shown to be off by less than twice the tolerance. Not
    measured: labels too few, one-sided or drawn by a logged chance; no segment named.
drift
    open: the standing watch's alarm stands; a finding stands that checks did not run or could not
    look, that kept inputs were not asked, or that the inputs drifted; what comes in changed, and
    the newest settled weeks are miscalibrated. Covered: they are within tolerance; or the whole is,
    their high-confidence band cannot be told, and every version in use is under watch, with labels
    and without an alarm. Not measured: it cannot be told; they are miscalibrated, though what comes
    in hardly changed or no segment tells; labels as above.
"""

from __future__ import annotations

from dataclasses import replace

from core.defaults import MINIMUM_INPUTS
from core.sentences.numbers import count, counted, cut, percent, points, size_of, value_name, within
from core.text.parts import reach_words
from core.text.sentence import capital, ended
from core.views.risks.facts import Recent, RiskFacts, WatchFacts
from core.views.risks.status import Link, RiskFound, Status, signing

#: Share of the labels that must lie in segments off by less than twice the tolerance.
ENOUGH = 0.8
#: A mix of cases that moved by less has hardly changed.
HARDLY = 0.03


def aggregate(facts: RiskFacts) -> RiskFound:
    """A healthy aggregate hides failing cases."""
    recent = facts.recent
    for one in facts.in_use:
        if one.tried is not None and one.tried.missed_segments:
            now = "" if recent is None or not recent.off else f" {_off(recent)}"
            more = len(one.tried.missed_segments) - 1
            others = f", and {more} more" if more else ""
            return RiskFound(
                "open",
                f"Evidence of {one.tried.at}: {one.tried.missed_segments[0]}{others}.{now}",
                signing(facts, one),
            )
    doubt = _doubt(facts)
    where = Link("segments", facts.signal)
    if doubt is not None or recent is None:
        return RiskFound("not_measured", doubt or _NO_LABELS, Link("data", facts.signal))
    days = Link("segments", facts.signal, since=recent.since, until=recent.until)
    if recent.off:
        worst = recent.off[0]
        return RiskFound(
            "open", _off(recent), replace(days, query=((worst.dimension, worst.value),))
        )
    if recent.band_off:
        band = Link("reliability", facts.signal, since=recent.since, until=recent.until)
        return RiskFound("open", _band(recent), band)
    if "shape" in recent.off_parts:
        curve = Link("reliability", facts.signal, since=recent.since, until=recent.until)
        return RiskFound("open", _shape(recent), curve)
    if not facts.dimensions:
        return RiskFound(
            "not_measured",
            "No claim names a segment, so there are no segments to compare within "
            f"{counted(recent.n, 'labelled claim')}.",
            where,
        )
    small = f"; {recent.n_small} more are too small to be judged" if recent.n_small else ""
    if recent.n_mute:
        verb = "has" if recent.n_mute == 1 else "have"
        small += f"; {recent.n_mute} more {verb} labels that do not represent all claims"
    line = (
        f"In {recent.since} to {recent.until} none of {counted(recent.n_segments, 'segment')} is "
        f"off beyond chance. Segments with {percent(recent.bounded)} of the labels are off by less "
        f"than {_size(2 * recent.tolerance)}, {recent.n_within} of {recent.n_segments} by less "
        f"than {_size(recent.tolerance)}{small}; {_gap(recent)} as a whole."
    )
    told = recent.state == "fine" and recent.bounded >= ENOUGH
    return RiskFound("covered" if told else "not_measured", line, days)


def drift(facts: RiskFacts) -> RiskFound:
    """Inputs drift."""
    recent, where = facts.recent, Link("drift", facts.signal)
    alarms = [one for one in facts.watches if one.alarm]
    if alarms:
        first, others = alarms[0], len(alarms) - 1
        more = f" An alarm is open on {counted(others, 'more version')}." if others else ""
        line = f"{ended(first.alarm)} {capital(first.words)}.{more}"
        return RiskFound("open", line, where)
    seen = "".join(f" {_watch(facts, one)}." for one in facts.watches[:1])
    if facts.unwatched:
        return RiskFound("open", f"{ended(facts.unwatched[0])}{seen}", Link("watch", facts.signal))
    if facts.drifted:
        others = len(facts.drifted) - 1
        more = f" {counted(others, 'more finding')} of it {_stand(others)}." if others else ""
        return RiskFound("open", f"{ended(facts.drifted[0])}{more}{seen}", where)
    doubt = _doubt(facts)
    if doubt is not None or recent is None:
        return RiskFound("not_measured", doubt or _NO_LABELS, Link("data", facts.signal))
    cases = _cases(facts)
    span = f"{recent.since} to {recent.until}"
    status: Status = "not_measured"
    says = f"too few labels to say whether that is within {within(recent.tolerance)}"
    # Then it is the high-confidence band alone that has too few labels.
    inside = (
        recent.state == "too_few"
        and recent.low > -recent.tolerance
        and recent.high < recent.tolerance
        and not recent.error_high > recent.tolerance
    )
    if inside:
        says = (
            f"within {within(recent.tolerance)}, but its high-confidence band has too few labels "
            f"({count(recent.high_n)})"
        )
    if recent.state == "at_the_edge":
        says = f"at the edge of {within(recent.tolerance)}"
    elif recent.state == "off":
        says = f"outside {within(recent.tolerance)}"
        if recent.off_parts[0] == "high_band":
            says = f"its high-confidence band is outside {within(recent.tolerance)}"
        elif recent.off_parts[0] == "shape":
            says = f"but its errors cancel: {recent.error_at.words}"
        if _changed(facts):
            status = "open"
        else:
            # Lost calibration alone is no drift of inputs; nor is it shown that none drifted.
            says += ", and there is no sign that its inputs drifted"
    elif recent.state == "fine":
        status, says = "covered", f"within {within(recent.tolerance)}"
    elif inside and _all_watched(facts):
        status = "covered"
    return RiskFound(status, f"Re-measured on {span}: {_gap(recent)}, {says}.{seen}{cases}", where)


_NO_LABELS = "No production claim with a final outcome yet."


def _all_watched(facts: RiskFacts) -> bool:
    """Whether every version in use is watched, has labels enough to be judged, and no alarm."""
    watched = {one.fingerprint for one in facts.watches if one.inputs >= MINIMUM_INPUTS}
    used = {one.fingerprint for one in facts.in_use}
    return bool(used) and used <= watched


def _watch(facts: RiskFacts, one: WatchFacts) -> str:
    """What the watch saw, and of which version where there are several."""
    versions = {each.fingerprint for each in facts.watches}
    versions |= {each.fingerprint for each in facts.in_use}
    if len(versions) > 1:
        return f"{one.fingerprint.words()}: {one.words}"
    return capital(one.words)


def _doubt(facts: RiskFacts) -> str | None:
    """Why labels do not represent all claims; None where they can."""
    labels = facts.labels
    if labels.one_sided:
        return (
            f"None of {counted(labels.n_automated, 'automated claim')} is labelled, only what "
            "people looked at: nothing is known about the others."
        )
    if labels.n_drawn and (facts.recent is None or not facts.recent.labels.drawn_alike):
        return (
            f"{count(labels.n_drawn)} of {counted(labels.n_known, 'label')} were drawn with a "
            "logged chance (label_propensity): without weights these numbers would mislead."
        )
    if facts.recent is not None and not facts.recent.speaks_for_all:
        return reach_words(facts.recent.reach)
    return None


def _changed(facts: RiskFacts) -> bool:
    """Whether the mix of what comes in moved, as far as segments tell."""
    moved = facts.moved
    return moved is not None and abs(moved.after - moved.before) >= HARDLY


def _stand(n: int) -> str:
    return "stands" if n == 1 else "stand"


def _cases(facts: RiskFacts) -> str:
    """How the mix of what comes in moved, in a sentence; "" where no segment is named."""
    moved = facts.moved
    if moved is None:
        return ""
    shift = abs(moved.after - moved.before)
    if not _changed(facts):
        return f" The inputs hardly changed: no segment by more than {size_of(shift)}."
    return (
        f" The inputs changed: {moved.dimension}={value_name(moved.value)} from "
        f"{percent(moved.before)} to {percent(moved.after)} of {counted(moved.n_after, 'claim')}."
    )


def _off(recent: Recent) -> str:
    worst = recent.off[0]
    more = f", and {len(recent.off) - 1} more off" if len(recent.off) > 1 else ""
    return (
        f"In {recent.since} to {recent.until} {worst.dimension}={value_name(worst.value)} is off: "
        f"{worst.words}{more}, beside {_gap(recent)} as a whole."
    )


def _band(recent: Recent) -> str:
    return (
        f"In {recent.since} to {recent.until}, stated at {cut(recent.high_from)} or more, it "
        f"is right {percent(recent.high_observed)} of the time (said "
        f"{percent(recent.high_claimed)}, n {count(recent.high_n)}), beside {_gap(recent)} as a "
        "whole."
    )


def _shape(recent: Recent) -> str:
    return (
        f"In {recent.since} to {recent.until} errors cancel: {recent.error_at.words}. Over the "
        f"range of confidence it is off by {size_of(recent.error)} on average (at least "
        f"{size_of(recent.error_low)}), beside {_gap(recent)} as a whole."
    )


def _size(tolerance: float) -> str:
    """A tolerance, which somebody declared and is never rounded, without its sign."""
    return within(tolerance).removeprefix("±")


def _gap(recent: Recent) -> str:
    return (
        f"gap {points(recent.gap, decimals=1)} points ({points(recent.low, decimals=1)} to "
        f"{points(recent.high, decimals=1)}; n {count(recent.n)})"
    )
