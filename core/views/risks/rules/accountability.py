"""Whether somebody answers for it, and on what record: owner and trail.

no owner
    open: unregistered; the seat is empty; there is no deputy; somebody responsible has left, or has
    left unanswered, past its day, what is theirs.
    Covered: owner, deputy and responsible people are there.
no trail
    open: not begun; not whole; claims of an unrecorded import. Covered: whole, and the signal's
    claims are recorded and at least partly labelled. Not measured: none has an outcome.
"""

from __future__ import annotations

from core.sentences.numbers import count, counted, percent
from core.views.risks.facts import RiskFacts
from core.views.risks.status import BROKEN, UNREGISTERED, Link, RiskFound


def ownership(facts: RiskFacts) -> RiskFound:
    """Nobody owns the signal."""
    where = Link("registry", facts.signal)
    if not facts.written:
        return RiskFound("not_measured", BROKEN, Link("decision_trail"))
    seat = facts.seat
    if seat is None:
        return RiskFound("open", f"{UNREGISTERED}: nobody answers for it.", where)
    if seat.empty:
        return RiskFound(
            "open", f"Owner: {seat.words}. The gate is closed until somebody is.", where
        )
    if seat.gone:
        return RiskFound("open", f"Owner: {seat.words}; has left: {', '.join(seat.gone)}.", where)
    if not seat.deputies:
        return RiskFound("open", f"Owner: {seat.words}; nobody stands in for them.", where)
    if facts.unanswered:
        others = len(facts.unanswered) - 1
        more = f"; and {counted(others, 'more finding')}" if others else ""
        return RiskFound(
            "open",
            f"Owner: {seat.words}; not answered in time: {facts.unanswered[0]}{more}.",
            where,
        )
    return RiskFound(
        "covered",
        f"Owner: {seat.words}; deputies: {', '.join(seat.deputies)}; schema, thresholds and "
        f"monitoring: {', '.join(seat.responsible)}.",
        where,
    )


def audit_trail(facts: RiskFacts) -> RiskFound:
    """No audit trail."""
    trail, where = facts.trail, Link("decision_trail")
    if not trail.n_entries:
        return RiskFound(
            "open", "The trail has not begun: no act and no import is recorded.", where
        )
    if not trail.whole:
        return RiskFound("open", trail.headline, where)
    if trail.n_unrecorded:
        return RiskFound(
            "open",
            f"{count(trail.n_unrecorded)} of {counted(trail.n_claims, 'claim')} came in with an "
            "import that no act records, so nothing would show that they were altered.",
            Link("data", facts.signal),
        )
    if not trail.rows_verified:
        return RiskFound("not_measured", f"{trail.headline} Verify them on that page.", where)
    if not facts.labels.n_known:
        return RiskFound(
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
    return RiskFound(
        "covered",
        f"{counted(trail.n_entries, 'act')}, each as it was signed (verified {trail.checked}); "
        f"all {counted(trail.n_claims, 'claim')} in sealed imports, "
        f"{percent(facts.labels.n_known / max(1, trail.n_claims))} with an outcome{gate}{outside}.",
        where,
    )
