"""Whether what it is judged by can be trusted: test leakage, and a metric that is gamed.

test leakage
    open: claims to judge on were tuned on, and no evidence left them out; more are wrong above a
    cut than its threshold run proved; or a held-out set was judged on as often as it may be.
    Covered: none was, or evidence did; or nothing is marked as tuning and the owner declares in
    evidence that nothing was chosen on its claims. Not measured: nothing is marked as tuning, or
    names its input.
gaming
    open: a comparison of versions or weeks is flagged. Covered: some were compared and none is. Not
    measured: too few settled labels on either side.
"""

from __future__ import annotations

from dataclasses import replace

from core.defaults import INPUTS_NAMED
from core.sentences.numbers import count, counted, size_of
from core.text.figures import number
from core.validation.held_out import DECLARATION
from core.views.risks.facts import RiskFacts
from core.views.risks.status import Link, RiskFound, signing


def leakage(facts: RiskFacts) -> RiskFound:
    """Thresholds tuned on the data they are judged on."""
    found, worn = _leaked(facts), facts.worn
    if worn is None or not worn.looks:
        return found
    by = ", ".join(f"{count(n)} × {what}" for what, n in sorted(worn.looks.items()))
    times = f"{worn.before:.1f}".removesuffix(".0")
    line = (
        f"Its {counted(worn.inputs, 'heldout input')} were judged on {times} of "
        f"{counted(worn.budget, 'time')} ({by})"
    )
    if worn.left:
        return replace(found, line=f"{found.line} {line}.")
    line = f"{line}: no further evidence can rest on them."
    if found.status == "open":
        return replace(found, line=f"{found.line} {line}")
    return RiskFound("open", line, _first_signing(facts))


def _leaked(facts: RiskFacts) -> RiskFound:
    leak = facts.leak
    claims = Link("claims", facts.signal)
    if facts.broken:
        return RiskFound("open", " ".join(facts.broken), Link("thresholds", facts.signal))
    declared = [one.tried for one in facts.in_use if one.tried and one.tried.declared]
    if not leak.tuning and declared:
        return RiskFound(
            "covered",
            f"No claim is marked as tuning; in the evidence of {declared[0].at} the owner declares "
            f"that {DECLARATION}.",
            _first_signing(facts),
        )
    if not leak.tuning:
        return RiskFound(
            "not_measured", "No claim is marked as tuning: overlap cannot be checked.", claims
        )
    left_out = [one.tried for one in facts.in_use if one.tried and one.tried.n_left_out]
    if leak.shared and left_out:
        return RiskFound(
            "covered",
            f"{counted(leak.shared, 'claim')} of {count(leak.judged)} to judge on were also "
            f"tuned on; the evidence of {left_out[0].at} leaves out "
            f"{count(left_out[0].n_left_out)}.",
            _first_signing(facts),
        )
    if leak.shared:
        return RiskFound(
            "open",
            f"{counted(leak.shared, 'claim')} of {count(leak.judged)} to judge on share an "
            f"event or an input with {counted(leak.tuning, 'tuning claim')}; as evidence they "
            "are refused.",
            Link("claims", facts.signal, (("split", "heldout"),)),
        )
    if not facts.n_named:
        return RiskFound(
            "not_measured",
            f"None of {counted(leak.tuning, 'tuning claim')} names its input: only events could "
            f"be compared, with {count(leak.judged)} to judge on, and none is shared.",
            claims,
        )
    if not leak.judged:
        return RiskFound(
            "not_measured",
            f"{counted(leak.tuning, 'tuning claim')}, and none to judge on yet.",
            claims,
        )
    unseen, of = facts.unnamed
    if unseen > (1 - INPUTS_NAMED) * of or facts.n_named < INPUTS_NAMED * leak.tuning:
        nameless = ((unseen, "claim"), (leak.tuning - facts.n_named, "tuning claim"))
        missing = " and ".join(counted(n, what) for n, what in nameless if n)
        said = (
            f"None of {counted(leak.judged, 'claim')} to judge on shares an event with "
            f"{counted(leak.tuning, 'tuning claim')}; {missing} name no input, so that inputs "
            "cannot all be compared"
        )
        if not declared:
            return RiskFound("not_measured", f"{said}.", claims)
        said = f"{said}. In the evidence of {declared[0].at} the owner declares that {DECLARATION}."
        return RiskFound("covered", said, _first_signing(facts))
    return RiskFound(
        "covered",
        f"None of {counted(leak.judged, 'claim')} to judge on shares an event or an input with "
        f"{counted(leak.tuning, 'tuning claim')}.",
        claims,
    )


def gaming(facts: RiskFacts) -> RiskFound:
    """One metric optimised, and gamed."""
    where = Link("drift", facts.signal)
    flagged = [one for one in facts.gaming if one.flagged]
    told = [
        one for one in facts.gaming if one.found.ece is not None and one.found.auroc is not None
    ]
    chosen = flagged or told
    if not chosen:
        return RiskFound(
            "not_measured",
            "No two versions or spans of weeks have enough final outcomes to compare ECE and "
            "AUROC.",
            where,
        )
    one = min(chosen, key=lambda each: (each.pair.kind == "weeks", each.found.p))
    old, new = one.found.before, one.found.after
    before, after = one.pair.words
    width = f"{size_of(old.spread.width, decimals=0)} to {size_of(new.spread.width, decimals=0)}"
    says = "the metric got better while the number got worse" if flagged else "no sign of gaming"
    ece = f"ECE {number(old.ece, 3)} to {number(new.ece, 3)}"
    auroc = f"AUROC {number(old.auroc, 2)} to {number(new.auroc, 2)}"
    line = (
        f"{after[0].upper()}{after[1:]} against {before}: {ece}, {auroc}, 90% of what it states "
        f"within {width}: {says} (n {count(old.n)} and {count(new.n)})."
    )
    if flagged:
        return RiskFound("open", line, where)
    return RiskFound("covered", line, where)


def _first_signing(facts: RiskFacts) -> Link:
    used = facts.in_use
    return signing(facts, used[0]) if used else Link("registry", facts.signal)
