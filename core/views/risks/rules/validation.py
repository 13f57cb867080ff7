"""Whether what is in use was validated: the signal, its newest model and its newest prompt.

not validated
    open: unregistered; a version in use may not act, or only by a waiver; stakes are written lower
    than what it does; claims acted without asking the gate; what is in use is off and a certified
    map that repairs it is not in use.
    Covered: every version in use is validated. Not measured: no claim. Not applicable: it is
    log-only, and nothing was automated.
model update, prompt edit
    open: kept inputs are answered otherwise under the same name, or stated confidence shifted under
    one version (model alone); the newest model (prompt) is in use and not validated. Covered: it
    is, under its own fingerprint. Not measured: some claims name none. Not applicable: there was
    one only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from core.sentences.numbers import count, counted, points
from core.text.sentence import ended
from core.views.risks.facts import RiskFacts, Version
from core.views.risks.status import BROKEN, UNREGISTERED, Link, RiskFound, log_only, signing


def unvalidated(facts: RiskFacts) -> RiskFound:
    """Numbers trusted before they were validated."""
    entry = Link("registry", facts.signal)
    if not facts.written:
        return RiskFound("not_measured", BROKEN, Link("decision_trail"))
    if not facts.registered:
        since = f" since {facts.first}" if facts.first else ""
        return RiskFound(
            "open",
            f"{UNREGISTERED}: {counted(facts.n_claims, 'claim')}{since}, not validated.",
            entry,
        )
    if facts.log_only:
        return log_only(facts)
    if facts.too_low is not None:
        return RiskFound("open", f"{facts.too_low.text('')}{_repair(facts)}", entry)
    if facts.bypassed:
        return RiskFound("open", facts.bypassed[0], Link("escalation", facts.signal))
    used = facts.in_use
    if not used:
        return RiskFound("not_measured", "No claim was made yet.", entry)
    for one in used:
        if not validated(one):
            line = _not_validated(one, facts)
            return RiskFound("open", f"{line}{_repair(facts)}", signing(facts, one))
    newest = used[0]
    untaken = _repair(facts)
    if untaken:
        return RiskFound("open", untaken.strip(), Link("reliability", facts.signal))
    assert newest.standing is not None
    tried = f" on {counted(newest.tried.n, 'labelled claim')}" if newest.tried else ""
    more = f"; so are {len(used) - 1} more versions in use" if len(used) > 1 else ""
    until = f"{newest.standing.until:%Y-%m-%d}" if newest.standing.until else "a day not known"
    signed = f", signed {newest.signed}" if newest.signed else ""
    return RiskFound(
        "covered",
        f"{newest.words} is validated until {until}{tried}{signed}{more}.",
        signing(facts, newest),
    )


def _repair(facts: RiskFacts) -> str:
    """What became of a certified map of a signal that is off; "": nothing is to be said of it."""
    repair = facts.repair
    if repair is None:
        return ""
    said = (
        f"the map {repair.version}, certified {repair.at} (gap {points(repair.before, decimals=1)} "
        f"to {points(repair.after, decimals=1)} points, {counted(repair.inputs, 'heldout input')})"
    )
    mapped = [one for one in facts.versions if one.fingerprint.calibrator_version == repair.version]
    if mapped:
        if any(one.signed for one in mapped):
            return ""
        n = sum(one.n_claims for one in mapped)
        return f" {said[0].upper()}{said[1:]}, made {counted(n, 'claim')} and was never validated."
    off = facts.recent is not None and facts.recent.state == "off"
    if not off or repair.of not in [one.fingerprint for one in facts.in_use]:
        return ""
    return f" It is off, and {said}, is not in use."


def model_update(facts: RiskFacts) -> RiskFound:
    """A model update shifts everything overnight."""
    drift = Link("drift", facts.signal)
    if facts.swapped:
        return RiskFound("open", facts.swapped[0], drift)
    if facts.shifted:
        same = " What kept inputs say is not enough to tell why." if facts.canary else ""
        return RiskFound("open", f"{ended(facts.shifted[0])} No version changed.{same}", drift)
    found = _updated(facts, "model", lambda one: one.fingerprint.model_version)
    if not facts.canary:
        return found
    return replace(found, line=f"{ended(found.line)} {facts.canary}")


def prompt_edit(facts: RiskFacts) -> RiskFound:
    """A prompt edit moves confidence silently."""
    return _updated(facts, "prompt", lambda one: one.fingerprint.prompt_version)


def validated(one: Version) -> bool:
    """Whether it may act, and not by a waiver."""
    return one.standing is not None and one.standing.open and one.standing.state == "validated"


def _not_validated(one: Version, facts: RiskFacts) -> str:
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
    return f"{made}. {ended(one.standing.reason)}{automated}"


def _updated(facts: RiskFacts, kind: str, version_of: Callable[[Version], str | None]) -> RiskFound:
    """Whether the newest model or prompt was validated before it was relied on."""
    where = Link("drift", facts.signal)
    if not facts.versions:
        return RiskFound("not_measured", "No claim was made yet.", where)
    if facts.log_only:
        return log_only(facts)
    current = facts.in_use[0]
    way = _asked_as(current)
    # Asked in another way or order it is another number, not a later version of this one.
    same = [one for one in facts.versions if _asked_as(one) == way]
    by_name: dict[str | None, list[Version]] = {}
    for one in sorted(same, key=lambda each: each.first):
        by_name.setdefault(version_of(one), []).append(one)
    if None in by_name:
        n = sum(one.n_claims for one in by_name[None])
        return RiskFound(
            "not_measured",
            f"{counted(n, 'claim')} name no {kind} version: an update would not be seen.",
            where,
        )
    names = list(by_name)
    if len(names) == 1:
        return RiskFound(
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
        return RiskFound("not_measured", f"{newest} came in {first}{moved}. {BROKEN}", where)
    if not facts.registered:
        return RiskFound(
            "open", f"{newest} came in {first}{moved}; {UNREGISTERED[0].lower()}"
            f"{UNREGISTERED[1:]}, so no gate stood before it.", where,
        )  # fmt: skip
    used = [one for one in after if one.in_use]
    shut = [one for one in used if not validated(one)]
    n = sum(one.n_claims for one in after)
    if shut:
        one = shut[0]
        return RiskFound(
            "open",
            f"{newest} makes claims since {first} ({count(n)}){moved}; {_never(one)}.",
            signing(facts, one),
        )
    if not used:
        return RiskFound(
            "not_measured", f"{newest} came in {first} and is not in use{moved}.", where
        )
    one = used[-1]
    tried = f" on {counted(one.tried.n, 'labelled claim')}" if one.tried else ""
    return RiskFound(
        "covered",
        f"{newest} came in {first}, started unvalidated, and was validated by itself {one.signed}"
        f"{tried}{moved}.",
        signing(facts, one),
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
