"""Escalation rules: cut-points that map every possible input to exactly one action."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from numbers import Real
from typing import Any, Literal, Protocol

from core.events import PPM, quantise

#: What may be done with a case, by rising human involvement.
Action = Literal["automate", "review", "escalate"]
ACTIONS: tuple[Action, ...] = ("automate", "review", "escalate")


@dataclass(frozen=True)
class Band:
    """Confidences from the band below up to a cut.

    Attributes:
        below_ppm: the cut, in whole millionths, which itself belongs to the band above; None for
            the last band, which reaches to 1.
        action: what is done there.
    """

    below_ppm: int | None
    action: Action


@dataclass(frozen=True)
class Override:
    """Other bands for the claims of a segment.

    Attributes:
        dimension: a segment dimension.
        value: its value, exactly.
        bands: as in `Rules`.
    """

    dimension: str
    value: str
    bands: tuple[Band, ...]


@dataclass(frozen=True)
class Rules:
    """A signal's written rules.

    Attributes:
        bands: ascending cuts, the last one without; there is no gap and no overlap to write down.
        overrides: the first that fits a claim's segments is taken instead of ``bands``.
        unvalidated, missing, invalid: what is done where the fingerprint may not act, where no
            confidence is stated, and where what is stated is none. Never ``automate``.
    """

    bands: tuple[Band, ...]
    overrides: tuple[Override, ...] = ()
    unvalidated: Action = "review"
    missing: Action = "review"
    invalid: Action = "escalate"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules say about one claim.

    Attributes:
        action: what may be done.
        rule: the row of `table` that says so, e.g. ``band:0.62-0.90``,
            ``override:language=hi:band:0-0.95``, ``fallback:missing``.
        ppm: the confidence in whole millionths; None where none, or none that counts, was stated.
    """

    action: Action
    rule: str
    ppm: int | None


class Compiled(Protocol):
    """Rules made ready: `decide` with the rules already given."""

    def __call__(self, confidence: object, segments: Mapping[str, str], *, may_act: bool) -> Answer:
        """The answer to one claim."""


@dataclass(frozen=True)
class RuleRow:
    """A row of the table people read; the gate runs on these very rows.

    Attributes:
        rule: its name, which every decision made by it carries.
        action: what it says.
        where: (dimension, value) of the override it belongs to; None: of no override.
        whom: for which claims it is, in words: ``language=hi``, ``all other claims``.
        from_ppm: lowest confidence it holds for; None for a fallback.
        below_ppm: first confidence above it; None for a fallback, and for the last band, which
            holds up to 1 and at 1 itself.
        case: for a fallback what it is for, in words; "" for a band.
    """

    rule: str
    action: Action
    where: tuple[str, str] | None
    whom: str
    from_ppm: int | None
    below_ppm: int | None
    case: str = ""

    @property
    def words(self) -> str:
        """Which confidences it holds for: ``0.62 up to below 0.90``, ``no confidence stated``."""
        if self.from_ppm is None:
            return self.case
        if self.below_ppm is None:
            return f"{fraction(self.from_ppm)} up to 1"
        return f"{fraction(self.from_ppm)} up to below {fraction(self.below_ppm)}"


@dataclass(frozen=True)
class RuleProblem:
    """Why a rule set is refused.

    Attributes:
        place: the field, as in ``overrides[0].bands[1].below``.
        value: what stands there; "" where nothing does.
        words: what is wrong with it and what to write instead, beginning with the verb.
    """

    place: str
    value: str
    words: str

    def __str__(self) -> str:
        return f"{self.place}: {self.value} {self.words}".replace(":  ", ": ")


def decide(
    rules: Rules, confidence: object, segments: Mapping[str, str], *, may_act: bool
) -> Answer:
    """The one action for a claim, whatever it states.

    A stated confidence is a real number in [0, 1]: anything else, such as text, a boolean, NaN
    or 1.0001, is invalid, and None is missing. It is quantised as an import quantises it, so the
    gate and the ledger see one number. Where a fallback for what was stated and the one for an
    unvalidated fingerprint both apply, the one with more human involvement is taken and the rule
    names both: ``fallback:missing+unvalidated``.

    Args:
        rules: a rule set without `check_rules` problems.
        confidence: anything.
        segments: the claim's segments, dimension → value.
        may_act: whether the claim's fingerprint may act.

    Raises:
        ValueError: the rule set has problems.
    """
    return _compiled(rules)(confidence, segments, may_act=may_act)


@lru_cache(maxsize=256)
def _compiled(rules: Rules) -> Compiled:
    return compile_rules(rules)


def compile_rules(rules: Rules) -> Compiled:
    """`decide` for one rule set, checked and laid out once; it raises for no input.

    Raises:
        ValueError: the rule set has problems.
    """
    problems = check_rules(rules)
    if problems:
        raise ValueError(f"These rules cannot be run: {'; '.join(map(str, problems))}.")
    rows = table(rules)
    fallback = {row.rule: Answer(row.action, row.rule, None) for row in rows if row.case}
    missing = {
        True: fallback["fallback:missing"],
        False: fallback["fallback:missing+unvalidated"],
    }
    invalid = {
        True: fallback["fallback:invalid"],
        False: fallback["fallback:invalid+unvalidated"],
    }
    unvalidated: RuleRow = next(row for row in rows if row.rule == "fallback:unvalidated")

    def ladder(where: tuple[str, str] | None) -> tuple[list[int], list[RuleRow]]:
        mine = [row for row in rows if not row.case and row.where == where]
        return [row.below_ppm for row in mine if row.below_ppm is not None], mine

    base_cuts, base_rows = ladder(None)
    special = [
        (one.dimension, one.value, *ladder((one.dimension, one.value))) for one in rules.overrides
    ]

    def answer(confidence: object, segments: Mapping[str, str], *, may_act: bool) -> Answer:
        if confidence is None:
            return missing[bool(may_act)]
        ppm = stated_ppm(confidence)
        if ppm is None:
            return invalid[bool(may_act)]
        if not may_act:
            return Answer(unvalidated.action, unvalidated.rule, ppm)
        cuts, chosen = base_cuts, base_rows
        for dimension, value, other_cuts, other_rows in special:
            if _segment(segments, dimension) == value:
                cuts, chosen = other_cuts, other_rows
                break
        row = chosen[bisect_right(cuts, ppm)]
        return Answer(row.action, row.rule, ppm)

    return answer


def _segment(segments: Mapping[str, str], dimension: str) -> str | None:
    """A claim's value of a dimension; as in an import, its name may be spelled in other case."""
    found = segments.get(dimension)
    if found is None:
        folded = dimension.lower()
        for name, value in segments.items():
            if name.lower() == folded:
                return value
    return found


def stated_ppm(confidence: object) -> int | None:
    """A confidence in whole millionths; None unless it is a real number in [0, 1].

    Booleans and text are no confidences, whatever they look like. Whole, exact and foreign
    numbers (Decimal, Fraction, those of numpy) count, and are compared before they are rounded.
    """
    if type(confidence) is float:
        return quantise(confidence) if 0.0 <= confidence <= 1.0 else None
    try:
        if isinstance(confidence, bool) or not isinstance(confidence, (Real, Decimal)):
            return None
        number: Any = confidence
        # A foreign number may raise on being compared or converted (a signalling NaN does).
        return quantise(float(number)) if 0 <= number <= 1 else None
    except Exception:
        return None


def check_rules(rules: Rules) -> tuple[RuleProblem, ...]:
    """What keeps a rule set from being run; empty when it is fit.

    Cuts rise strictly inside (0, 1) and only the last band is open; a higher confidence never
    gets more human involvement; fallbacks never automate; some bands tell two actions apart, so
    that the confidence decides something; no segment has two overrides.
    """
    problems = list(_check_bands(rules.bands, "bands"))
    seen: set[tuple[str, str]] = set()
    for i, override in enumerate(rules.overrides):
        place = f"overrides[{i}]"
        key = (override.dimension.lower(), override.value)
        if key in seen:
            segment = f"{override.dimension}={override.value}"
            words = "has an override already; write one, with all its bands"
            problems.append(RuleProblem(f"{place}.where", segment, words))
        seen.add(key)
        problems += _check_bands(override.bands, f"{place}.bands")
    for name in ("unvalidated", "missing", "invalid"):
        if getattr(rules, name) == "automate":
            words = "lets a fallback act by itself; write review or escalate"
            problems.append(RuleProblem(f"fallback.{name}", "automate", words))
    ladders = (rules.bands, *(override.bands for override in rules.overrides))
    if not problems and all(len({band.action for band in bands}) < 2 for bands in ladders):
        words = (
            "is the action at every confidence, so the signal decides nothing; write at least "
            "two bands with different actions"
        )
        problems.append(RuleProblem("bands", rules.bands[0].action, words))
    return tuple(problems)


def _check_bands(bands: tuple[Band, ...], place: str) -> list[RuleProblem]:
    if not bands:
        return [RuleProblem(place, "", "is empty; write at least one band, the last without a cut")]
    found = []
    for i, band in enumerate(bands[:-1]):
        if band.below_ppm is None:
            words = "is missing; only the last band is without a cut"
            found.append(RuleProblem(f"{place}[{i}].below", "", words))
    last = bands[-1].below_ppm
    if last is not None:
        words = "is a cut of the last band, which reaches to 1; leave it out, or add a band above"
        found.append(RuleProblem(f"{place}[{len(bands) - 1}].below", fraction(last), words))
    for i, band in enumerate(bands[:-1]):
        if band.below_ppm is not None and not 0 < band.below_ppm < PPM:
            words = (
                "is no cut; write one above 0 and below 1 (the lowest band begins at 0 by itself)"
            )
            found.append(RuleProblem(f"{place}[{i}].below", fraction(band.below_ppm), words))
    for i, (lower, upper) in enumerate(pairwise(bands), start=1):
        cuts = (lower.below_ppm, upper.below_ppm)
        if cuts[0] is not None and cuts[1] is not None and cuts[1] <= cuts[0]:
            words = f"is not above the cut before it; write one above {fraction(cuts[0])}"
            found.append(RuleProblem(f"{place}[{i}].below", fraction(cuts[1]), words))
        if ACTIONS.index(upper.action) > ACTIONS.index(lower.action):
            words = (
                f"is more human involvement than {lower.action} for a lower confidence; order the "
                "bands from escalate over review to automate"
            )
            found.append(RuleProblem(f"{place}[{i}].action", upper.action, words))
    return found


def table(rules: Rules) -> tuple[RuleRow, ...]:
    """The rules as people read them: overrides first, then all other claims, then fallbacks."""
    rows = []
    for override in rules.overrides:
        where = (override.dimension, override.value)
        rows += _rows(override.bands, where, "=".join(where))
    rows += _rows(rules.bands, None, "all other claims" if rules.overrides else "all claims")
    cannot_act = "the fingerprint may not act"
    for name, action, case in (
        ("missing", rules.missing, "no confidence stated"),
        ("invalid", rules.invalid, "what is stated is no number in [0, 1]"),
    ):
        both = max(action, rules.unvalidated, key=ACTIONS.index)
        rows.append(_fallback(name, action, case))
        rows.append(_fallback(f"{name}+unvalidated", both, f"{case}, and {cannot_act}"))
    rows.append(_fallback("unvalidated", rules.unvalidated, cannot_act))
    return tuple(rows)


def _rows(bands: tuple[Band, ...], where: tuple[str, str] | None, whom: str) -> list[RuleRow]:
    prefix = "" if where is None else f"override:{where[0]}={where[1]}:"
    rows, low = [], 0
    for band in bands:
        top = PPM if band.below_ppm is None else band.below_ppm
        rule = f"{prefix}band:{fraction(low)}-{fraction(top)}"
        rows.append(RuleRow(rule, band.action, where, whom, low, band.below_ppm))
        low = top
    return rows


def _fallback(name: str, action: Action, case: str) -> RuleRow:
    return RuleRow(f"fallback:{name}", action, None, "all claims", None, None, case)


def fraction(ppm: int) -> str:
    """Whole millionths as a decimal, two places or as many as it takes: ``0.90``, ``0.125``.

    0 and 1 stand alone.
    """
    if ppm % PPM == 0:
        return str(ppm // PPM)
    whole, rest = divmod(ppm, PPM)
    digits = f"{rest:06d}".rstrip("0")
    return f"{whole}.{digits:<02}"
