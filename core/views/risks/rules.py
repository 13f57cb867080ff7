"""Whether a signal is covered against each of the twelve failures: one small rule per failure.

Every rule takes facts and says one of four things, with one line of what it rests on:

- *open*: something shows that the failure is there, or the control against it is missing;
- *covered*: the control did its work on this signal and found nothing; never only because
  nothing is known;
- *not measured*: what the answer needs was not logged, or there is not enough of it;
- *not applicable*: the failure cannot happen to this signal as it is now.

not validated
    open: unregistered; a version in use may not act, or only by a waiver. Covered: every version in
    use is validated. Not measured: no claim.
hidden segment
    open: evidence misses a criterion on a required segment; a segment, or the high-confidence band
    alone, is off in the newest settled weeks. Covered: none is, the whole is within tolerance, and
    segments with `ENOUGH` of the labels are shown to be off by less than twice the tolerance. Not
    measured: labels too few, one-sided or drawn by a logged chance; no segment named.
model update, prompt edit
    open: the newest model (prompt) is in use and not validated. Covered: it is, under its own
    fingerprint. Not measured: some claims name none. Not applicable: there was one only.
drift
    open: the standing watch's alarm stands; a finding stands that the inputs drifted; what comes in
    changed, and the newest settled weeks are miscalibrated. Covered: they are within tolerance; or
    the whole is, their high-confidence band cannot be told, and every version in use is under
    watch, with labels and without an alarm. Not measured: it cannot be told; they are
    miscalibrated, though what comes in hardly changed or no segment tells; labels as above.
test leakage
    open: claims to judge on were tuned on, and no evidence left them out. Covered: none was, or
    evidence did. Not measured: nothing is marked as tuning, or names its input.
gaming
    open: a comparison of versions or weeks is flagged. Covered: some were compared and none is. Not
    measured: too few settled labels on either side.
no owner
    open: unregistered; the seat is empty; there is no deputy; somebody responsible has left.
    Covered: owner, deputy and responsible people are there.
no trail
    open: not begun; not whole; claims of an unrecorded import. Covered: whole, and the signal's
    claims are recorded and at least partly labelled. Not measured: none has an outcome.
escalation
    open: unregistered; breaches in the last weeks. Covered: rules are written and were followed.
    Not measured: no action is logged.
anchoring
    open: asked after the answer it states more on the same inputs, as often right. Covered: asked
    before it; or after it, and within tolerance of another way on the same inputs. Not measured:
    after it, with nothing to compare; order not logged. Not applicable: never asked after an
    answer, but independently of it or by behaviour.
theatre
    open: every decision is the same. Covered: decisions differ. Not measured: no action is logged,
    or of too few claims.

With a broken trail nothing that was written or signed can be told: *not measured*.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from core.defaults import MINIMUM_INPUTS
from core.findings.detectors.theatre import MINIMUM_DECISIONS
from core.queries.base.group_keys import Segment
from core.queries.sums.elicitation_pairs import Way
from core.sentences.numbers import count, counted, cut, percent, points, size_of, value_name, within
from core.text.parts import reach_words
from core.views.risks.facts import Recent, SignalFacts, Version, Watch

Status = Literal["open", "not_measured", "covered", "not_applicable"]
STATUSES: tuple[Status, ...] = ("open", "not_measured", "covered", "not_applicable")
STATUS_WORDS: Mapping[Status, str] = {
    "open": "Open",
    "not_measured": "Not measured",
    "covered": "Covered",
    "not_applicable": "Not applicable",
}
#: Told apart by sign and word as well as by colour.
STATUS_SIGNS: Mapping[Status, str] = {
    "open": "◆",
    "not_measured": "○",
    "covered": "●",
    "not_applicable": "–",
}
Page = Literal[
    "registry",
    "sign_off",
    "segments",
    "reliability",
    "drift",
    "escalation",
    "decision_trail",
    "claims",
    "data",
]
BROKEN = "The decision trail is broken, so nothing can be said of what was written and signed."
UNREGISTERED = "Nothing is written down about this signal"
#: Share of the labels that must lie in segments off by less than twice the tolerance.
ENOUGH = 0.8
#: A mix of cases that moved by less has hardly changed.
HARDLY = 0.03


@dataclass(frozen=True)
class Link:
    """Where a line of evidence can be seen.

    Attributes:
        page: which page.
        signal: of which signal; None: of the whole ledger.
        query: dimension → value (None: claims that do not name it); on Segments the segment that
            is opened, elsewhere that page's filters.
        since, until: the days, both included; None leaves them open.
        fingerprint: of a version; "" for none.
    """

    page: Page
    signal: str | None = None
    query: Segment = ()
    since: date | None = None
    until: date | None = None
    fingerprint: str = ""


@dataclass(frozen=True)
class Found:
    """What a rule says of a signal.

    Attributes:
        status: one of four.
        line: what that rests on, in one line.
        link: where that can be seen.
    """

    status: Status
    line: str
    link: Link


Rule = Callable[[SignalFacts], Found]


def unvalidated(facts: SignalFacts) -> Found:
    """Numbers trusted before they were validated."""
    entry = Link("registry", facts.signal)
    if not facts.written:
        return Found("not_measured", BROKEN, Link("decision_trail"))
    if not facts.registered:
        since = f" since {facts.first}" if facts.first else ""
        return Found(
            "open",
            f"{UNREGISTERED}: {counted(facts.n_claims, 'claim')}{since}, unvalidated.",
            entry,
        )
    used = facts.in_use
    if not used:
        return Found("not_measured", "No claim was made yet.", entry)
    for one in used:
        if not _validated(one):
            return Found("open", _not_validated(one, facts), _signing(facts, one))
    newest = used[0]
    assert newest.standing is not None
    tried = f" on {counted(newest.tried.n, 'labelled claim')}" if newest.tried else ""
    more = f"; so are {len(used) - 1} more versions in use" if len(used) > 1 else ""
    until = f"{newest.standing.until:%Y-%m-%d}" if newest.standing.until else "a day not known"
    signed = f", signed {newest.signed}" if newest.signed else ""
    return Found(
        "covered",
        f"{newest.words} is validated until {until}{tried}{signed}{more}.",
        _signing(facts, newest),
    )


def aggregate(facts: SignalFacts) -> Found:
    """A healthy aggregate hides failing cases."""
    recent = facts.recent
    for one in facts.in_use:
        if one.tried is not None and one.tried.missed_segments:
            now = "" if recent is None or not recent.off else f" {_off(recent)}"
            more = len(one.tried.missed_segments) - 1
            others = f", and {more} more" if more else ""
            return Found(
                "open",
                f"Evidence of {one.tried.at}: {one.tried.missed_segments[0]}{others}.{now}",
                _signing(facts, one),
            )
    doubt = _doubt(facts)
    where = Link("segments", facts.signal)
    if doubt is not None or recent is None:
        return Found("not_measured", doubt or _NO_LABELS, Link("data", facts.signal))
    days = Link("segments", facts.signal, since=recent.since, until=recent.until)
    if recent.off:
        worst = recent.off[0]
        return Found("open", _off(recent), replace(days, query=((worst.dimension, worst.value),)))
    if recent.band_off:
        band = Link("reliability", facts.signal, since=recent.since, until=recent.until)
        return Found("open", _band(recent), band)
    if "shape" in recent.off_parts:
        curve = Link("reliability", facts.signal, since=recent.since, until=recent.until)
        return Found("open", _shape(recent), curve)
    if not facts.dimensions:
        return Found(
            "not_measured",
            f"No claim names a segment, so nothing can be told apart within "
            f"{counted(recent.n, 'labelled claim')}.",
            where,
        )
    small = f"; {recent.n_small} more are too small to be judged" if recent.n_small else ""
    if recent.n_mute:
        verb = "has" if recent.n_mute == 1 else "have"
        small += f"; {recent.n_mute} more {verb} labels that cannot speak for all claims"
    line = (
        f"In {recent.since} to {recent.until} none of {counted(recent.n_segments, 'segment')} is "
        f"shown to be off. Segments with {percent(recent.bounded)} of the labels are off by less "
        f"than {_size(2 * recent.tolerance)}, {recent.n_within} of {recent.n_segments} by less "
        f"than {_size(recent.tolerance)}{small}; {_gap(recent)} as a whole."
    )
    told = recent.state == "fine" and recent.bounded >= ENOUGH
    return Found("covered" if told else "not_measured", line, days)


def model_update(facts: SignalFacts) -> Found:
    """A model update shifts everything overnight."""
    return _updated(facts, "model", lambda one: one.fingerprint.model_version)


def prompt_edit(facts: SignalFacts) -> Found:
    """A prompt edit moves confidence silently."""
    return _updated(facts, "prompt", lambda one: one.fingerprint.prompt_version)


def drift(facts: SignalFacts) -> Found:
    """Inputs drift."""
    recent, where = facts.recent, Link("drift", facts.signal)
    alarms = [one for one in facts.watches if one.alarm]
    if alarms:
        first, others = alarms[0], len(alarms) - 1
        more = f" An alarm stands on {counted(others, 'more version')}." if others else ""
        line = f"{_ended(first.alarm)} {_capital(first.words)}.{more}"
        return Found("open", line, where)
    seen = "".join(f" {_watch(facts, one)}." for one in facts.watches[:1])
    if facts.drifted:
        others = len(facts.drifted) - 1
        more = f" {counted(others, 'more finding')} of it {_stand(others)}." if others else ""
        return Found("open", f"{_ended(facts.drifted[0])}{more}{seen}", where)
    doubt = _doubt(facts)
    if doubt is not None or recent is None:
        return Found("not_measured", doubt or _NO_LABELS, Link("data", facts.signal))
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
            says += ", and nothing shows that its inputs drifted"
    elif recent.state == "fine":
        status, says = "covered", f"within {within(recent.tolerance)}"
    elif inside and _all_watched(facts):
        status = "covered"
    return Found(status, f"Re-measured on {span}: {_gap(recent)}, {says}.{seen}{cases}", where)


def leakage(facts: SignalFacts) -> Found:
    """Thresholds tuned on the data they are judged on."""
    leak = facts.leak
    claims = Link("claims", facts.signal)
    if not leak.n_tuning:
        return Found(
            "not_measured", "No claim is marked as tuning: overlap cannot be checked.", claims
        )
    left_out = [one.tried for one in facts.in_use if one.tried and one.tried.n_left_out]
    if leak.n_shared and left_out:
        return Found(
            "covered",
            f"{counted(leak.n_shared, 'claim')} of {count(leak.n_judged)} to judge on were also "
            f"tuned on; the evidence of {left_out[0].at} leaves out "
            f"{count(left_out[0].n_left_out)}.",
            _first_signing(facts),
        )
    if leak.n_shared:
        return Found(
            "open",
            f"{counted(leak.n_shared, 'claim')} of {count(leak.n_judged)} to judge on share an "
            f"event or an input with {counted(leak.n_tuning, 'tuning claim')}; as evidence they "
            "are refused.",
            Link("claims", facts.signal, (("split", "heldout"),)),
        )
    if not leak.n_named:
        return Found(
            "not_measured",
            f"None of {counted(leak.n_tuning, 'tuning claim')} names its input: only events could "
            f"be compared, with {count(leak.n_judged)} to judge on, and none is shared.",
            claims,
        )
    if not leak.n_judged:
        return Found(
            "not_measured",
            f"{counted(leak.n_tuning, 'tuning claim')}, and none to judge on yet.",
            claims,
        )
    return Found(
        "covered",
        f"None of {counted(leak.n_judged, 'claim')} to judge on shares an event or an input with "
        f"{counted(leak.n_tuning, 'tuning claim')}.",
        claims,
    )


def gaming(facts: SignalFacts) -> Found:
    """One metric optimised, and gamed."""
    where = Link("drift", facts.signal)
    flagged = [one for one in facts.gaming if one.flagged]
    told = [
        one for one in facts.gaming if one.found.ece is not None and one.found.auroc is not None
    ]
    chosen = flagged or told
    if not chosen:
        return Found(
            "not_measured",
            "No two versions or spans of weeks have enough settled labels to compare ECE and "
            "AUROC.",
            where,
        )
    one = min(chosen, key=lambda each: (each.pair.kind == "weeks", each.found.p))
    old, new = one.found.before, one.found.after
    before, after = one.pair.words
    width = f"{size_of(old.spread.width, decimals=0)} to {size_of(new.spread.width, decimals=0)}"
    says = "the metric got better while the number got worse" if flagged else "no sign of gaming"
    ece = f"ECE {_number(old.ece, 3)} to {_number(new.ece, 3)}"
    auroc = f"AUROC {_number(old.auroc, 2)} to {_number(new.auroc, 2)}"
    line = (
        f"{after[0].upper()}{after[1:]} against {before}: {ece}, {auroc}, 90% of what it states "
        f"within {width}: {says} (n {count(old.n)} and {count(new.n)})."
    )
    if flagged:
        return Found("open", line, where)
    return Found("covered", line, where)


def ownership(facts: SignalFacts) -> Found:
    """Nobody owns the signal."""
    where = Link("registry", facts.signal)
    if not facts.written:
        return Found("not_measured", BROKEN, Link("decision_trail"))
    seat = facts.seat
    if seat is None:
        return Found("open", f"{UNREGISTERED}: nobody answers for it.", where)
    if seat.empty:
        return Found("open", f"Owner: {seat.words}. The gate is closed until somebody is.", where)
    if seat.gone:
        return Found("open", f"Owner: {seat.words}; has left: {', '.join(seat.gone)}.", where)
    if not seat.deputies:
        return Found("open", f"Owner: {seat.words}; nobody stands in for them.", where)
    return Found(
        "covered",
        f"Owner: {seat.words}; deputies: {', '.join(seat.deputies)}; schema, thresholds and "
        f"monitoring: {', '.join(seat.responsible)}.",
        where,
    )


def audit_trail(facts: SignalFacts) -> Found:
    """No audit trail."""
    trail, where = facts.trail, Link("decision_trail")
    if not trail.n_entries:
        return Found("open", "The trail has not begun: no act and no import is recorded.", where)
    if not trail.whole:
        return Found("open", trail.headline, where)
    if trail.n_unrecorded:
        return Found(
            "open",
            f"{count(trail.n_unrecorded)} of {counted(trail.n_claims, 'claim')} came in with an "
            "import that no act records, so nothing would show that they were altered.",
            Link("data", facts.signal),
        )
    if not facts.labels.n_known:
        return Found(
            "not_measured",
            f"None of {counted(trail.n_claims, 'claim')} has an outcome: what was claimed is on "
            "record, what came of it is not.",
            Link("data", facts.signal),
        )
    asked = trail.n_sealed + trail.n_unsealed
    gate = (
        f", {count(trail.n_sealed)} of {count(asked)} answers of the gate sealed" if asked else ""
    )
    outside = "" if trail.anchored else "; nothing outside the ledger vouches for it yet"
    return Found(
        "covered",
        f"{counted(trail.n_entries, 'act')}, each as it was signed (verified {trail.checked}); "
        f"all {counted(trail.n_claims, 'claim')} in sealed imports, "
        f"{percent(facts.labels.n_known / max(1, trail.n_claims))} with an outcome{gate}{outside}.",
        where,
    )


def escalation(facts: SignalFacts) -> Found:
    """Unclear escalation."""
    if not facts.written:
        return Found("not_measured", BROKEN, Link("decision_trail"))
    followed = facts.followed
    if followed is None:
        return Found(
            "open",
            f"{UNREGISTERED}: no rule says when a case goes to people.",
            Link("registry", facts.signal),
        )
    where = Link("escalation", facts.signal, since=followed.since, until=followed.until)
    n = sum(each for _, each in followed.by_kind)
    if n:
        kinds = ", ".join(f"{count(each)} {kind}" for kind, each in followed.by_kind)
        return Found(
            "open",
            f"{count(n)} of {counted(followed.n_logged, 'claim')} since {followed.since} were "
            f"handled less carefully than the rules then in force asked for: {kinds}; "
            f"{count(followed.n_wrong)} known to be wrong.",
            where,
        )
    special = f", {counted(followed.n_overrides, 'override')}" if followed.n_overrides else ""
    rules = f"The rules cover every confidence ({counted(followed.n_bands, 'band')}{special})"
    if not followed.n_logged:
        return Found(
            "not_measured",
            f"{rules}; none of {counted(followed.n_claims, 'claim')} since {followed.since} logs "
            "what was done, so breaches cannot be seen.",
            where,
        )
    return Found(
        "covered",
        f"{rules}; no breach in {counted(followed.n_logged, 'claim')} since {followed.since}.",
        where,
    )


def anchoring(facts: SignalFacts) -> Found:
    """Confidence anchored by the answer."""
    where = Link("reliability", facts.signal)
    caught = [one for one in facts.ways if one.by_the_answer]
    if caught:
        one = max(caught, key=lambda each: each.confidence.value)
        shift, accuracy = one.confidence, one.accuracy
        assert accuracy is not None
        return Found(
            "open",
            f"Asked after the answer ({_way(one.other)}), it states {size_of(shift.value)} more "
            f"({points(shift.low, decimals=1)} to {points(shift.high, decimals=1)}) than before it "
            f"on the same {count(shift.n)} inputs, and is right as often: the accuracy differs by "
            f"{size_of(accuracy.value)} (n {count(accuracy.n)}).",
            where,
        )
    orders = {one.order for one in facts.asked}
    n = sum(one.n_claims for one in facts.asked)
    if not facts.asked:
        return Found("not_measured", "No claim was made yet.", where)
    said = ", ".join(f"{one.method or 'method not logged'}, {one.order}" for one in facts.asked)
    if None in orders:
        unknown = sum(one.n_claims for one in facts.asked if one.order is None)
        return Found(
            "not_measured",
            f"{count(unknown)} of {counted(n, 'claim')} do not log whether they were asked for "
            "before or after the answer.",
            where,
        )
    if "after" not in orders and "before" not in orders:
        return Found(
            "not_applicable",
            f"All {counted(n, 'claim')}: {said}. No confidence is asked for after an answer.",
            where,
        )
    if "after" not in orders:
        return Found(
            "covered",
            f"All {counted(n, 'claim')} are asked for before the answer or apart from it: {said}.",
            where,
        )
    return _after_the_answer(facts, said, n)


def theatre(facts: SignalFacts) -> Found:
    """Confidence theatre."""
    found = facts.theatre
    where = Link("escalation", facts.signal)
    since, effect = f"{found.since:%Y-%m-%d}", found.effect
    if effect is None or found.basis == "nothing" or effect.n_claims < MINIMUM_DECISIONS:
        return Found(
            "not_measured",
            f"{counted(found.n_claims, 'claim')} since {since}, and what was done is logged for "
            f"{count(0 if effect is None else effect.n_claims)}: too few to tell what it changed.",
            where,
        )
    if found.changes_nothing:
        action = effect.single or next(one.row.action for one in found.rules if one.n_claims)
        basis = "as logged" if found.basis == "logged" else "by the rules in force"
        return Found(
            "open",
            f"All {counted(effect.n_claims, 'decision')} since {since} are {action} ({basis}): the "
            "confidence changed none of them.",
            where,
        )
    if found.basis == "rules":
        would = ", ".join(f"{action} {count(n)}" for action, n in found.would.items() if n)
        return Found(
            "not_measured",
            f"None of {counted(found.n_claims, 'claim')} since {since} logs what was done; by its "
            f"rules it would {would}.",
            where,
        )
    done = ", ".join(f"{action} {count(one.n_claims)}" for action, one in found.handled)
    changed = ""
    if effect.changed is not None and effect.best is not None:
        changed = f"; {count(effect.changed)} differ from always {effect.best}"
    if effect.saved is not None and effect.low is not None and effect.high is not None:
        unit = found.unit or "reviews' worth"
        verb = "saved" if effect.saved >= 0 else "lost"
        changed += (
            f", which {verb} {count(abs(effect.saved))} {unit} "
            f"({_signed(effect.low)} to {_signed(effect.high)})"
        )
    return Found(
        "covered",
        f"The confidence changes decisions: of {count(effect.n_claims)} since {since} {done}"
        f"{changed}.",
        where,
    )


#: The rule of each failure, by its key in `core.views.risks.catalogue`.
RULES: Mapping[str, Rule] = {
    "unvalidated": unvalidated,
    "aggregate": aggregate,
    "model_update": model_update,
    "drift": drift,
    "leakage": leakage,
    "gaming": gaming,
    "ownership": ownership,
    "audit_trail": audit_trail,
    "escalation": escalation,
    "anchoring": anchoring,
    "prompt_edit": prompt_edit,
    "theatre": theatre,
}

_NO_LABELS = "No production claim with a final outcome yet."


def _validated(one: Version) -> bool:
    return one.standing is not None and one.standing.open and one.standing.state == "validated"


def _not_validated(one: Version, facts: SignalFacts) -> str:
    """Why a version in use is not validated, and what was done meanwhile."""
    assert one.standing is not None
    automated = (
        f" {counted(one.n_automated, 'claim')} of it {'was' if one.n_automated == 1 else 'were'} "
        "automated."
        if one.n_automated and not one.standing.open
        else ""
    )
    made = f"{one.words} makes claims since {one.first} ({count(one.n_claims)})"
    if one.standing.state == "draft":
        return f"{made} and was never validated.{automated}"
    return f"{made}. {_ended(one.standing.reason)}{automated}"


def _updated(facts: SignalFacts, kind: str, version_of: Callable[[Version], str | None]) -> Found:
    """Whether the newest model or prompt was validated before it was relied on."""
    where = Link("drift", facts.signal)
    if not facts.versions:
        return Found("not_measured", "No claim was made yet.", where)
    current = facts.in_use[0]
    way = _asked_as(current)
    # Asked in another way or order it is another number, not a later version of this one.
    same = [one for one in facts.versions if _asked_as(one) == way]
    by_name: dict[str | None, list[Version]] = {}
    for one in sorted(same, key=lambda each: each.first):
        by_name.setdefault(version_of(one), []).append(one)
    if None in by_name:
        n = sum(one.n_claims for one in by_name[None])
        return Found(
            "not_measured",
            f"{counted(n, 'claim')} name no {kind} version: an update would not be seen.",
            where,
        )
    names = list(by_name)
    if len(names) == 1:
        return Found(
            "not_applicable",
            f"{names[0]} is the only {kind} so far, since {by_name[names[0]][0].first}; another "
            "would start unvalidated.",
            where,
        )
    newest = names[-1]
    before, after = by_name[names[-2]], by_name[newest]
    moved = _moved(before, after)
    first = min(one.first for one in after)
    if not facts.written:
        return Found("not_measured", f"{newest} came in {first}{moved}. {BROKEN}", where)
    if not facts.registered:
        return Found(
            "open", f"{newest} came in {first}{moved}; {UNREGISTERED[0].lower()}"
            f"{UNREGISTERED[1:]}, so no gate stood before it.", where,
        )  # fmt: skip
    used = [one for one in after if one.in_use]
    shut = [one for one in used if not _validated(one)]
    n = sum(one.n_claims for one in after)
    if shut:
        one = shut[0]
        return Found(
            "open",
            f"{newest} makes claims since {first} ({count(n)}){moved}; {_never(one)}.",
            _signing(facts, one),
        )
    if not used:
        return Found("not_measured", f"{newest} came in {first} and is not in use{moved}.", where)
    one = used[-1]
    tried = f" on {counted(one.tried.n, 'labelled claim')}" if one.tried else ""
    return Found(
        "covered",
        f"{newest} came in {first}, started unvalidated, and was validated by itself {one.signed}"
        f"{tried}{moved}.",
        _signing(facts, one),
    )


def _never(one: Version) -> str:
    """What became of a version that is not validated."""
    if one.tried is None:
        return "it was never measured for a signature nor validated"
    missed = (*one.tried.missed, *one.tried.missed_segments)
    at = f"re-measured {one.tried.at}"
    return f"{at}: {missed[0]}" if missed else f"{at}, and not validated"


def _moved(before: Sequence[Version], after: Sequence[Version]) -> str:
    """How confidence and accuracy moved from one version to the next, over settled labels."""
    (stated, right, n), (new_stated, new_right, new_n) = map(_means, (before, after))
    if not n or not new_n:
        return ""
    return (
        f": confidence {points(new_stated - stated, decimals=1)} points, accuracy "
        f"{points(new_right - right, decimals=1)}, gap {points(stated - right, decimals=1)} to "
        f"{points(new_stated - new_right, decimals=1)} (n {count(n)} and {count(new_n)})"
    )


def _means(versions: Sequence[Version]) -> tuple[float, float, int]:
    n = sum(one.n for one in versions)
    stated, right = sum(one.stated for one in versions), sum(one.right for one in versions)
    return (stated / n, right / n, n) if n else (0.0, 0.0, 0)


def _asked_as(one: Version) -> tuple[str | None, str | None]:
    return one.fingerprint.elicitation, one.fingerprint.elicitation_order


def _after_the_answer(facts: SignalFacts, said: str, n: int) -> Found:
    """Asked for after the answer, and nothing caught."""
    where = Link("reliability", facts.signal)
    against = [
        one
        for one in facts.ways
        if one.by is not None
        and one.other.signal == facts.signal
        and one.other.order == "after"
        and one.reference.order != "after"
    ]
    tolerance = facts.recent.tolerance if facts.recent else 0.05
    if not against:
        return Found(
            "not_measured",
            f"Method and order are logged on all {counted(n, 'claim')} ({said}); nothing else was "
            "asked on the same inputs: nothing to compare.",
            where,
        )
    one = max(against, key=lambda each: each.confidence.n)
    shift = one.confidence
    line = (
        f"Asked after the answer, it states {points(shift.value, decimals=1)} points "
        f"({points(shift.low, decimals=1)} to {points(shift.high, decimals=1)}) against "
        f"{_way(one.reference, facts.signal)} on the same {count(shift.n)} cases; "
        f"{within(tolerance)} accepted."
    )
    return Found("covered" if shift.inside(tolerance) else "not_measured", line, where)


def _way(one: Way, signal: str = "") -> str:
    of = "" if one.signal == signal or not signal else f" of {one.signal}"
    return (
        f"{one.prompt or one.method or 'method not logged'}, {one.order or 'order not logged'}{of}"
    )


def _all_watched(facts: SignalFacts) -> bool:
    """Whether every version in use is watched, has labels enough to be judged, and no alarm."""
    watched = {one.fingerprint for one in facts.watches if one.inputs >= MINIMUM_INPUTS}
    used = {one.fingerprint for one in facts.in_use}
    return bool(used) and used <= watched


def _watch(facts: SignalFacts, one: Watch) -> str:
    """What the watch saw, and of which version where there are several."""
    versions = {each.fingerprint for each in facts.watches}
    versions |= {each.fingerprint for each in facts.in_use}
    if len(versions) > 1:
        return f"{one.fingerprint.words()}: {one.words}"
    return _capital(one.words)


def _doubt(facts: SignalFacts) -> str | None:
    """Why labels cannot speak for all claims; None where they can."""
    labels = facts.labels
    if labels.one_sided:
        return (
            f"None of {counted(labels.n_automated, 'automated claim')} is labelled, only what "
            "people looked at: nothing can be told of the others."
        )
    if labels.n_drawn and (facts.recent is None or not facts.recent.labels.drawn_alike):
        return (
            f"{count(labels.n_drawn)} of {counted(labels.n_known, 'label')} were drawn with a "
            "logged chance (label_propensity): without weights these numbers would mislead."
        )
    if facts.recent is not None and not facts.recent.speaks_for_all:
        return reach_words(facts.recent.reach)
    return None


def _changed(facts: SignalFacts) -> bool:
    """Whether the mix of what comes in moved, as far as segments tell."""
    moved = facts.moved
    return moved is not None and abs(moved.after - moved.before) >= HARDLY


def _stand(n: int) -> str:
    return "stands" if n == 1 else "stand"


def _cases(facts: SignalFacts) -> str:
    """How the mix of what comes in moved, in a sentence; "" where no segment is named."""
    moved = facts.moved
    if moved is None:
        return ""
    shift = abs(moved.after - moved.before)
    if not _changed(facts):
        return f" What comes in hardly changed: no segment by more than {size_of(shift)}."
    return (
        f" What comes in changed: {moved.dimension}={value_name(moved.value)} from "
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


def _signing(facts: SignalFacts, one: Version) -> Link:
    return Link("sign_off", facts.signal, fingerprint=one.fingerprint.id)


def _first_signing(facts: SignalFacts) -> Link:
    used = facts.in_use
    return _signing(facts, used[0]) if used else Link("registry", facts.signal)


def _number(value: float | None, places: int) -> str:
    return "–" if value is None else f"{value:.{places}f}"


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{count(abs(value))}"


def _capital(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


def missed_words(name: str, words: str, n: int) -> str:
    """A criterion that is missed, in words: ``topic=medical missed ECE 0.170 (…), at most 0.08``.

    Args:
        name: the sample.
        words: as `core.validation.criteria.CriterionResult` says it.
        n: labelled claims it rests on.
    """
    return f"{name} missed {words.partition(': ')[0]} (n {count(n)})"
