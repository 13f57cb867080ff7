"""Whether what a version is judged on was held out: apart from what was tuned on, and not worn.

**Apart.** A tuning split shows what was chosen on which claims, so that whatever shares an event or
an input with it can be refused. Where none is marked, or more than a few claims of it or of those
judged name no input, not all can be checked, and the owner has to say that nothing was chosen on
the claims that are judged.

**Worn.** Each time a set is judged on, something is learned of it, and what is tried next may fit
it rather than the world (Dwork et al. 2015, "The reusable holdout", Science 349; Blum & Hardt 2015,
"The Ladder", ICML). Counted is what is in the trail: evidence submitted and maps judged, of
whichever version, each for the share of the set's inputs that it was judged on. What people see of
heldout claims on pages is not counted, for it is not recorded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import duckdb

from core.defaults import INPUTS_NAMED
from core.queries.base.fingerprint_fields import FIELDS
from core.queries.sums.heldout_inputs import Version, heldout_inputs
from core.queries.sums.validation_sample import JudgedSpan, KnownAt, judged_named, tuning_named
from core.registry.signal_spec import SignalSpec
from core.text.figures import counted
from core.trail import act_search as search
from core.trail.fingerprint import Fingerprint
from core.validation.criteria import METRIC_WORDS, CriterionResult, Outcome
from core.validation.evidence_bundle import HeldoutUse

SUBMITTED = "validation.submitted"
#: The kinds of act that judge on heldout claims, and what each judges.
LOOKS = {
    SUBMITTED: "evidence",
    "recalibration.judged": "calibration map",
}
#: What the owner says where no tuning split shows it.
DECLARATION = "no threshold, prompt or calibrator was chosen on the claims judged here"
#: Acts about a signal that are read.
_ACTS = 100_000


@dataclass(frozen=True)
class HeldOutAsked:
    """What belongs to a bundle beside its claims.

    Attributes:
        untuned: whether the owner makes the `DECLARATION`.
        acts_to: the first so many acts of the trail are counted.
    """

    untuned: bool = False
    acts_to: int = 0

    def as_json(self) -> dict[str, Any]:
        """As the query of a bundle holds it."""
        return {"declared_untuned": self.untuned, "acts_to": self.acts_to}


NOTHING_ASKED = HeldOutAsked()


@dataclass(frozen=True)
class HeldOut:
    """What is known of the claims a version is judged on.

    Attributes:
        tuning, named: tuning claims of the signal, and those of them that name their input.
        judged, judged_named: likewise of the claims judged.
        declared: whether the owner makes the `DECLARATION`.
        use: how often its held-out set was judged on before; None: it has none.
    """

    tuning: int
    named: int
    judged: int
    judged_named: int
    declared: bool
    use: HeldoutUse | None

    def results(self, n_shared: int) -> Iterator[CriterionResult]:
        """The two criteria that every evidence has to meet.

        Args:
            n_shared: claims that were tuned on, all of them left out.
        """
        said, met = self._apart(n_shared)
        yield _result("tuning_apart", 0, met, self.tuning, said)
        if self.use is not None:
            met = self.use.left >= 1
            limit = f" at most {counted(self.use.budget, 'time')}"
            said = used_words(self.use)
            if not met:
                said += "; bring in heldout claims on inputs that were not judged on"
            yield _result("heldout_use", self.use.budget, met, self.use.inputs, said, limit)

    def _apart(self, n_shared: int) -> tuple[str, bool]:
        unseen = self._unseen()
        if not unseen:
            tuned = counted(self.tuning, "tuning claim")
            if n_shared:
                return f"{counted(n_shared, 'claim')} shared with {tuned} left out", True
            return f"no claim judged shares an event or an input with {tuned}", True
        if self.declared:
            return f"the owner declares: {DECLARATION} ({unseen})", True
        return f"{unseen}, and the owner does not declare that {DECLARATION}", False

    def _unseen(self) -> str:
        """Why it cannot be seen of every claim that it is apart; "": it can."""
        tuned = counted(self.tuning, "tuning claim")
        if not self.tuning:
            return "no tuning claim is marked"
        if not self.named:
            return f"none of {tuned} names its input"
        if self.named < INPUTS_NAMED * self.tuning:
            return f"{self.tuning - self.named:,} of {tuned} do not name their input"
        if self.judged_named < INPUTS_NAMED * self.judged:
            return (
                f"{self.judged - self.judged_named:,} of {counted(self.judged, 'claim')} judged do "
                f"not name their input, which may be that of one of {tuned}"
            )
        return ""


def _result(
    metric: str, bound: int, met: bool, n: int, said: str, limit: str = ""
) -> CriterionResult:
    outcome: Outcome = "met" if met else "missed"
    return CriterionResult(
        metric=metric,
        side="max",
        bound=float(bound),
        value=None,
        low=None,
        high=None,
        outcome=outcome,
        n=n,
        labels_needed=None,
        words=f"{METRIC_WORDS[metric]}{limit}: {outcome}: {said}.",
    )


def used_words(use: HeldoutUse) -> str:
    """As in ``3 times with this one, its 400 inputs before by 2 evidence``."""
    whole = use.before == round(use.before)
    times = f"{use.before + 1:.0f}" if whole else f"{use.before + 1:.1f}"
    if not use.looks:
        return f"once, on {counted(use.inputs, 'input')}"
    by = ", ".join(f"{n:,} × {what}" for what, n in sorted(use.looks.items()))
    mean = "" if whole else " on average"
    return f"{times} times{mean} with this one; its {counted(use.inputs, 'input')} before by {by}"


def held_out(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    judged: JudgedSpan,
    asked: HeldOutAsked,
    *,
    some_named: bool = False,
) -> HeldOut:
    """What is known of the claims to judge.

    Args:
        some_named: whether one tuning claim that names its input is enough, as it was once.
    """
    tuning, named = tuning_named(cursor, spec.name, judged.known)
    use = heldout_use(cursor, spec, judged, asked.acts_to)
    if some_named:
        return HeldOut(tuning, tuning if named else 0, 0, 0, asked.untuned, use)
    counts = judged_named(cursor, judged) if named else (0, 0)
    return HeldOut(tuning, named, *counts, asked.untuned, use)


def heldout_use(
    cursor: duckdb.DuckDBPyConnection, spec: SignalSpec, judged: JudgedSpan, acts_to: int
) -> HeldoutUse | None:
    """How often a version's held-out set was judged on; None: it has none.

    Args:
        judged: the version, as known when.
        acts_to: the first so many acts of the trail are counted.
    """
    held = heldout_inputs(cursor, judged)
    if not held.n:
        return None
    before, looks = 0.0, Counter[str]()
    for what, version, imports_to in _looks(cursor, spec.name, acts_to):
        share = held.seen(version, imports_to) / held.n
        before += share
        looks[what] += bool(share)
    return HeldoutUse(held.n, before, dict(+looks), spec.validation.heldout_budget)


def use_now(
    cursor: duckdb.DuckDBPyConnection,
    spec: SignalSpec,
    fingerprint: Fingerprint,
    known: KnownAt,
    acts_to: int,
) -> HeldoutUse | None:
    """The same of a version by itself, whatever production claims it has."""
    judged = JudgedSpan(spec.name, fingerprint.as_json(), known)
    return heldout_use(cursor, spec, judged, acts_to)


def _looks(
    cursor: duckdb.DuckDBPyConnection, signal: str, acts_to: int
) -> Iterator[tuple[str, Version | None, int | None]]:
    """What was judged on heldout claims of a signal, of which version, up to which import.

    What cannot be read any more counts as having been judged on everything there is.
    """
    asked = search.ActSearch(signal=signal, kinds=tuple(LOOKS))
    acts = [one.act for one in search.found(cursor, asked, limit=_ACTS) if one.seq < acts_to]
    known = dict(
        cursor.execute(
            """
            SELECT sha256, CAST(json_extract(bundle, '$.query.imports_to') AS BIGINT)
            FROM evidence WHERE json_valid(bundle)
            """
        ).fetchall()
    )
    for act in acts:
        if act is None:
            continue
        stated = None if act.fingerprint is None else act.fingerprint.as_json()
        version = None if stated is None else tuple(stated.get(name) for name in FIELDS)
        imports_to = act.body.get("imports")
        if act.kind == SUBMITTED:
            imports_to = known.get(str(act.body.get("evidence")))
        yield LOOKS[act.kind], version, imports_to if isinstance(imports_to, int) else None
