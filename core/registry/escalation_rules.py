"""Escalation rules: thresholds that map every possible input to exactly one action."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from numbers import Real
from typing import Any, Literal, Protocol

from core.events import PPM, quantise
from core.queries.base.apart import Apart
from core.queries.base.rungs import Rungs
from core.queries.base.segment_names import kept

#: What may be done with a case, by rising human involvement.
Action = Literal["automate", "review", "escalate"]
ACTIONS: tuple[Action, ...] = ("automate", "review", "escalate")


@dataclass(frozen=True)
class RuleBand:
    """Confidences from the band below up to a threshold.

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
        dimension: a segment dimension, in any letter case.
        value: its value, as an import keeps it.
        bands: as in `Rules`.
    """

    dimension: str
    value: str
    bands: tuple[RuleBand, ...]


@dataclass(frozen=True)
class Rules:
    """A signal's written rules.

    Attributes:
        bands: ascending cuts, the last one without; there is no gap and no overlap to write down.
        overrides: the first that fits a claim's segments is taken instead of ``bands``. Where a
            claim's value of their dimension is not stated, or is one that nobody wrote down, each
            of them may fit, and the strictest is taken.
        unvalidated, missing, invalid: what is done where the fingerprint may not act, where no
            confidence is stated, and where what is stated is none. Never ``automate``.
        known_values: per dimension of an override, the other values that exist: ``bands`` are
            meant for them.
    """

    bands: tuple[RuleBand, ...]
    overrides: tuple[Override, ...] = ()
    unvalidated: Action = "review"
    missing: Action = "review"
    invalid: Action = "escalate"
    known_values: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the rules say about one claim.

    Attributes:
        action: what may be done.
        rule: the row of `table` that says so, e.g. ``band:0.62-0.90``,
            ``override:language=hi:band:0-0.95``, ``fallback:missing``.
        ppm: the confidence in whole millionths; None where none, or none that counts, was stated.
        unsure: the dimensions of which no value is known, so that the strictest rule was taken.
    """

    action: Action
    rule: str
    ppm: int | None
    unsure: tuple[str, ...] = ()


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
    names both: ``fallback:missing+unvalidated``. Where a segment is not stated, or its value is
    not written down, every rule that could be meant is looked at, and the strictest is taken.

    Args:
        rules: a rule set without `check_rules` problems.
        confidence: anything.
        segments: the claim's segments, dimension → value; a dimension that is named twice, in
            other case and with another value, has none.
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

    def ladder(where: tuple[str, str] | None) -> _Ladder:
        mine = [row for row in rows if not row.case and row.where == where]
        return [row.below_ppm for row in mine if row.below_ppm is not None], mine

    base = ladder(None)
    special = [
        (one.dimension.lower(), kept(one.value), ladder((one.dimension, one.value)))
        for one in rules.overrides
    ]
    written = written_values(rules)
    names: dict[str, str] = {}
    for one in rules.overrides:
        names.setdefault(one.dimension.lower(), one.dimension)

    def answer(confidence: object, segments: Mapping[str, str], *, may_act: bool) -> Answer:
        if confidence is None:
            return missing[bool(may_act)]
        ppm = stated_ppm(confidence)
        if ppm is None:
            return invalid[bool(may_act)]
        if not may_act:
            return Answer(unvalidated.action, unvalidated.rule, ppm)
        if not special:
            row = _at(base, ppm)
            return Answer(row.action, row.rule, ppm)
        sure = _sure(segments, written)
        fitting = []
        for dimension, value, own in special:
            stated = sure.get(dimension)
            if stated is None or stated == value:
                fitting.append(_at(own, ppm))
            if stated == value:
                break
        else:
            fitting.append(_at(base, ppm))
        # Of equally strict rules the last one, which is the one that would fit by itself.
        row = max(reversed(fitting), key=_strictness)
        unsure = tuple(name for key, name in names.items() if key not in sure)
        return Answer(row.action, row.rule, ppm, unsure)

    return answer


#: Cuts, and the rows between them.
_Ladder = tuple[list[int], list[RuleRow]]


def _at(ladder: _Ladder, ppm: int) -> RuleRow:
    cuts, rows = ladder
    return rows[bisect_right(cuts, ppm)]


def _strictness(row: RuleRow) -> int:
    return ACTIONS.index(row.action)


def written_values(rules: Rules) -> dict[str, frozenset[str]]:
    """Per dimension of an override, in lower case, every value that is written down."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for one in rules.overrides:
        found[one.dimension.lower()].add(kept(one.value))
    for dimension, values in rules.known_values:
        if dimension.lower() in found:
            found[dimension.lower()].update(map(kept, values))
    return {name: frozenset(values) for name, values in found.items()}


def _sure(segments: Mapping[str, str], written: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """A claim's values of the dimensions with an override, where they are written down."""
    found: dict[str, str] = {}
    torn: set[str] = set()
    for name, value in segments.items():
        key = name.lower()
        if key not in written:
            continue
        value = kept(value)
        if found.setdefault(key, value) != value:
            torn.add(key)
    return {key: value for key, value in found.items() if key not in torn and value in written[key]}


def told_apart(several: Iterable[Rules]) -> Apart:
    """What a few rule sets can tell claims apart by: claims that share a code get one answer."""
    rule_sets = list(several)
    cuts = {
        band.below_ppm
        for rules in rule_sets
        for bands in (rules.bands, *(one.bands for one in rules.overrides))
        for band in bands
    }
    groups: defaultdict[str, dict[str, list[int | None]]] = defaultdict(dict)
    for i, rules in enumerate(rule_sets):
        special = {(one.dimension.lower(), kept(one.value)) for one in rules.overrides}
        for dimension, values in written_values(rules).items():
            for value in values:
                treated = groups[dimension].setdefault(value, [None] * len(rule_sets))
                treated[i] = int((dimension, value) in special)
    return Apart(
        cuts=tuple(sorted(cut for cut in cuts if cut is not None)),
        segments=tuple((name, _alike(values)) for name, values in sorted(groups.items())),
    )


def rungs_of(rules: Rules) -> Rungs:
    """Which row takes a claim that may act: its position among those of `table` with a band.

    Raises:
        ValueError: the rule set has problems.
    """
    answer = compile_rules(rules)
    banded = (row.rule for row in table(rules) if not row.case)
    position = {rule: i for i, rule in enumerate(banded)}
    apart = told_apart([rules])
    return Rungs(
        apart,
        tuple(
            position.get(answer(*apart.claim(code), may_act=True).rule, -1)
            for code in range(apart.size)
        ),
    )


def _alike(values: Mapping[str, Sequence[int | None]]) -> tuple[tuple[str, ...], ...]:
    """Values in groups that no rule set tells apart; one with an override stands alone."""
    found: defaultdict[tuple[object, ...], list[str]] = defaultdict(list)
    for value, treated in sorted(values.items()):
        found[(tuple(treated), value if 1 in treated else "")].append(value)
    return tuple(tuple(group) for group in found.values())


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


def _check_bands(bands: tuple[RuleBand, ...], place: str) -> list[RuleProblem]:
    if not bands:
        return [
            RuleProblem(
                place, "", "is empty; write at least one band, the last without a threshold"
            )
        ]
    found = []
    for i, band in enumerate(bands[:-1]):
        if band.below_ppm is None:
            words = "is missing; only the last band has no threshold"
            found.append(RuleProblem(f"{place}[{i}].below", "", words))
    last = bands[-1].below_ppm
    if last is not None:
        words = (
            "is a threshold of the last band, which reaches to 1; leave it out, or add a band above"
        )
        found.append(RuleProblem(f"{place}[{len(bands) - 1}].below", fraction(last), words))
    for i, band in enumerate(bands[:-1]):
        if band.below_ppm is not None and not 0 < band.below_ppm < PPM:
            words = (
                "is no threshold; write one above 0 and below 1 (the lowest band begins at 0 "
                "by itself)"
            )
            found.append(RuleProblem(f"{place}[{i}].below", fraction(band.below_ppm), words))
    for i, (lower, upper) in enumerate(pairwise(bands), start=1):
        cuts = (lower.below_ppm, upper.below_ppm)
        if cuts[0] is not None and cuts[1] is not None and cuts[1] <= cuts[0]:
            words = f"is not above the threshold before it; write one above {fraction(cuts[0])}"
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


def _rows(bands: tuple[RuleBand, ...], where: tuple[str, str] | None, whom: str) -> list[RuleRow]:
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
