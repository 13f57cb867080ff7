"""Whether the confidence decides anything, and by rules: escalation, and theatre.

escalation
    open: unregistered; breaches in the last weeks; cases act by themselves without proof above the
    cut; people to whom cases go let wrong answers pass, or leave cases too long. Covered: rules are
    written and were followed. Not measured: no action is logged.
theatre
    open: every decision is the same; findings of some kind about it are always waived. Covered:
    decisions differ. Not measured: no action is logged, or of too few claims.
"""

from __future__ import annotations

from core.findings.detectors.decisions.theatre import MINIMUM_DECISIONS
from core.sentences.numbers import count, counted
from core.views.risks.facts import RiskFacts
from core.views.risks.status import BROKEN, UNREGISTERED, Link, RiskFound, log_only


def escalation(facts: RiskFacts) -> RiskFound:
    """Unclear escalation."""
    if not facts.written:
        return RiskFound("not_measured", BROKEN, Link("decision_trail"))
    followed = facts.followed
    if followed is None:
        return RiskFound(
            "open",
            f"{UNREGISTERED}: no rule says when a case goes to people.",
            Link("registry", facts.signal),
        )
    if facts.log_only:
        return log_only(facts)
    where = Link("escalation", facts.signal, since=followed.since, until=followed.until)
    n = sum(each for _, each in followed.by_kind)
    if n:
        kinds = ", ".join(f"{count(each)} {kind}" for kind, each in followed.by_kind)
        return RiskFound(
            "open",
            f"{count(n)} of {counted(followed.n_logged, 'claim')} since {followed.since} were "
            f"handled less strictly than the rules then in force required: {kinds}; "
            f"{count(followed.n_wrong)} known to be wrong.",
            where,
        )
    if facts.unproven:
        return RiskFound(
            "open",
            f"What acts by itself is not proven above its threshold. {facts.unproven[0]}",
            Link("registry", facts.signal),
        )
    if facts.handed:
        return RiskFound("open", facts.handed[0], Link("escalation", facts.signal))
    special = f", {counted(followed.n_overrides, 'override')}" if followed.n_overrides else ""
    rules = f"The rules cover every confidence ({counted(followed.n_bands, 'band')}{special})"
    if not followed.n_logged:
        return RiskFound(
            "not_measured",
            f"{rules}; none of {counted(followed.n_claims, 'claim')} since {followed.since} logs "
            "what was done, so breaches cannot be seen.",
            where,
        )
    return RiskFound(
        "covered",
        f"{rules}; no breach in {counted(followed.n_logged, 'claim')} since {followed.since}.",
        where,
    )


def theatre(facts: RiskFacts) -> RiskFound:
    """Confidence theatre."""
    found = facts.theatre
    aside = facts.log_only and facts.too_low is None
    where = Link("escalation", facts.signal)
    since, effect = f"{found.since:%Y-%m-%d}", found.effect
    # Nothing has to come of the confidence of a log-only signal, but of what is found about it.
    if facts.always_waived and (aside or not found.changes_nothing):
        return RiskFound(
            "open",
            f"Findings that change nothing: {'; '.join(facts.always_waived)}. Act on them; Watch "
            "says which kinds their owner may turn down.",
            Link("watch", facts.signal),
        )
    if aside:
        return log_only(facts)
    if effect is None or found.basis == "nothing" or effect.n_claims < MINIMUM_DECISIONS:
        return RiskFound(
            "not_measured",
            f"{counted(found.n_claims, 'claim')} since {since}, and what was done is logged for "
            f"{count(0 if effect is None else effect.n_claims)}: too few to tell what it changed.",
            where,
        )
    if found.changes_nothing:
        action = effect.single or next(one.row.action for one in found.rules if one.n_claims)
        basis = "as logged" if found.basis == "logged" else "by the rules in force"
        return RiskFound(
            "open",
            f"All {counted(effect.n_claims, 'decision')} since {since} are {action} ({basis}): the "
            "confidence changed none of them.",
            where,
        )
    if found.basis == "rules":
        would = ", ".join(f"{action} {count(n)}" for action, n in found.would.items() if n)
        return RiskFound(
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
    return RiskFound(
        "covered",
        f"The confidence changes decisions: of {count(effect.n_claims)} since {since} {done}"
        f"{changed}.",
        where,
    )


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'}{count(abs(value))}"
