"""Whether a single value of a registry entry makes sense, whatever stands around it."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from core.events import ALLOWED, PPM
from core.measure.metrics.bounded import METRICS
from core.queries.base.segment_names import RESERVED_DIMENSIONS, kept
from core.queries.base.truth import JUDGE, TRUTH_SOURCES
from core.registry.escalation_rules import fraction
from core.registry.signal_spec import GROUP, Criterion
from core.text.shown import shortened

#: As a registry file writes a person, or the opaque id of one whose name was erased.
PERSON = re.compile(r"user:[A-Za-z0-9._/@+-]{1,120}|p-[0-9a-f]{16}")
_NAME = re.compile(r"[A-Za-z0-9._/@+-]{1,120}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DIMENSION = re.compile(r"[A-Za-z0-9_.-]{1,64}")

ORDERS = tuple(ALLOWED["elicitation_order"])

#: No text of an entry is longer.
LONGEST = 2000
#: No count of days is longer, about a century.
MOST_DAYS = 36_525
MOST_SAMPLES = 10**9
MOST_USES = 1_000
#: Nobody labels more in a week.
MOST_LABELS = 100_000
#: No case may wait longer, about a year; and no unit is longer.
MOST_HOURS, LONGEST_UNIT = 8_784, 20
#: No cost is above a thousand million units.
MOST_COST = 10**9 * PPM


@dataclass(frozen=True)
class SpecProblem:
    """Why an entry is refused.

    Attributes:
        field: as a registry file names it, ``spec.validation.criteria[1].max``.
        value: what stands there; "" where nothing does.
        words: what is wrong with it and what to write instead, beginning with the verb.
    """

    field: str
    value: str
    words: str

    def __str__(self) -> str:
        value = f'"{shortened(self.value, 80)}" ' if self.value else ""
        return f"{shortened(self.field, 120)}: {value}{shortened(self.words, 400)}."


#: What is wrong with a value, given the field it stands at.
Check = Callable[[str, Any], Iterator[SpecProblem]]


def check_text(field: str, value: str) -> Iterator[SpecProblem]:
    """Text that people read: something, on no more than a page, nothing invisible in it."""
    if not value.strip():
        yield SpecProblem(field, "", "is empty; write some text")
    elif value != value.strip():
        yield SpecProblem(field, value, "begins or ends with a space; leave it out")
    elif len(value) > LONGEST:
        yield SpecProblem(field, value, f"has more than {LONGEST} characters; shorten it")
    elif any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c != "\n" for c in value):
        yield SpecProblem(field, _escaped(value), "has a control character; leave it out")


def check_line(field: str, value: str) -> Iterator[SpecProblem]:
    """Text of one line."""
    yield from check_text(field, value)
    if "\n" in value:
        yield SpecProblem(field, _escaped(value), "has a line break; leave it out")


def check_pairs(field: str, pairs: Sequence[tuple[str, str]]) -> Iterator[SpecProblem]:
    """Free names with a text each."""
    names = Counter(name for name, _ in pairs)
    for name, value in pairs:
        one = f"{field}.{name}"
        if not _NAME.fullmatch(name):
            fix = "is no name; use letters, digits and . _ / @ + -, at most 120 of them"
            yield SpecProblem(field, name, fix)
        elif one == "metadata.labels.stakes":
            yield SpecProblem(one, value, "is a field of its own; leave the label out")
        elif names[name] > 1:
            yield SpecProblem(one, value, "stands there more than once; keep one")
        else:
            yield from check_text(one, value)


def check_group_name(field: str, value: str) -> Iterator[SpecProblem]:
    """What a group is called, without its prefix."""
    if not _NAME.fullmatch(value):
        fix = "names no group; use letters, digits and . _ / @ + -, as in risk/validation"
        yield SpecProblem(field, value, fix)


def check_person(field: str, value: str, *, group: bool = False) -> Iterator[SpecProblem]:
    """A reference to a person, or where ``group`` says so to a group."""
    if PERSON.fullmatch(value):
        return
    if value.startswith(GROUP):
        if not group:
            fix = "is a group; write one person, as in user:finance/ann.lee"
            yield SpecProblem(field, value, fix)
        elif not _NAME.fullmatch(value.removeprefix(GROUP)):
            yield SpecProblem(field, value, "names no group; write it like group:risk/validation")
        return
    fix = "write one like user:finance/ann.lee"
    if group:
        fix += ", or a group like group:risk/validation"
    yield SpecProblem(field, value, f"names no person; {fix}")


def check_seat(field: str, value: str) -> Iterator[SpecProblem]:
    """A person or a group."""
    yield from check_person(field, value, group=True)


def person_key(person: str) -> str:
    """What two spellings of one person share: case and compatibility forms make no other person."""
    return unicodedata.normalize("NFKC", person).casefold()


def seat_key(reference: str) -> str:
    """As `person_key`; the name of a group is taken as it stands."""
    return reference if reference.startswith(GROUP) else person_key(reference)


def check_once(field: str, keys: Iterable[str]) -> Iterator[SpecProblem]:
    """No key of a list stands there twice."""
    seen: set[str] = set()
    for i, key in enumerate(keys):
        if key in seen:
            yield SpecProblem(f"{field}[{i}]", key, "stands there twice; keep one")
        seen.add(key)


def each(check: Check, *, key: Callable[[str], str] | None = None) -> Check:
    """A list of values that each pass ``check``, and none of which has the ``key`` of another."""

    def check_all(field: str, values: Sequence[Any]) -> Iterator[SpecProblem]:
        for i, value in enumerate(values):
            yield from check(f"{field}[{i}]", value)
        if key is not None:
            yield from check_once(field, map(key, values))

    return check_all


def whole(low: int, most: int, what: str = "a whole number") -> Check:
    """A number in a range."""

    def check_number(field: str, number: int) -> Iterator[SpecProblem]:
        if not low <= number <= most:
            fix = f"is out of range; write {what} from {low} to {most}"
            yield SpecProblem(field, str(number), fix)

    return check_number


def check_cost(field: str, millionths: int) -> Iterator[SpecProblem]:
    """An amount, in whole millionths."""
    if not 0 <= millionths < MOST_COST:
        fix = "is out of range; write an amount from 0 to below a thousand million"
        yield SpecProblem(field, str(millionths), fix)


def check_unit(field: str, unit: str) -> Iterator[SpecProblem]:
    """What costs are counted in."""
    yield from check_text(field, unit)
    if len(unit) > LONGEST_UNIT or "\n" in unit:
        fix = f"is no unit; write one word of at most {LONGEST_UNIT} characters, as in EUR"
        yield SpecProblem(field, _escaped(unit), fix)


def check_share(field: str, ppm: int) -> Iterator[SpecProblem]:
    """A share between 0 and 1, neither of them."""
    if not 0 < ppm < PPM:
        fix = 'is out of range; write a share above 0 and below 1, as in "0.10"'
        yield SpecProblem(field, fraction(ppm), fix)


def check_coverage(field: str, ppm: int) -> Iterator[SpecProblem]:
    """The labelled share at which a cohort is final."""
    if ppm == 0:
        fix = "would call a cohort without any label final; write a share above 0"
        yield SpecProblem(field, "0", fix)


def check_order(field: str, order: str) -> Iterator[SpecProblem]:
    """When the confidence is asked for."""
    if order not in ORDERS:
        fix = f"is no order; write one of {', '.join(ORDERS)}"
        yield SpecProblem(field, order, fix)


def check_sources(field: str, sources: Sequence[str]) -> Iterator[SpecProblem]:
    """Whose labels are truth."""
    listed = " or ".join(TRUTH_SOURCES)
    if not sources:
        yield SpecProblem(field, "", f"is empty; write {listed}, or both")
    yield from check_once(field, sources)
    for i, source in enumerate(sources):
        if source == JUDGE:
            fix = (
                "is a judge's label, which stands beside the truth and is never taken for it; "
                "leave it out, and register the judge as a signal of its own to check it"
            )
            yield SpecProblem(f"{field}[{i}]", source, fix)
        elif source not in TRUTH_SOURCES:
            fix = f"is no source of labels; write {listed}"
            yield SpecProblem(f"{field}[{i}]", source, fix)


def check_dimension(field: str, dimension: str) -> Iterator[SpecProblem]:
    """The name of a segment dimension, as an import takes it."""
    if not _DIMENSION.fullmatch(dimension):
        fix = "names no segment; use letters, digits and _ . -, at most 64 of them"
        yield SpecProblem(field, dimension, fix)
    elif dimension.lower() in RESERVED_DIMENSIONS:
        yield SpecProblem(field, dimension, "is no segment of a claim; write a segment dimension")


def check_segment_value(field: str, value: str) -> Iterator[SpecProblem]:
    """A segment's value that rules name: as an import keeps it, or no claim would ever have it."""
    if not kept(value):
        yield SpecProblem(field, "", "names no value; write the segment's value")
    elif kept(value) != value:
        fix = "has white space around it, which an import drops; leave it out"
        yield SpecProblem(field, _escaped(value), fix)
    elif any(unicodedata.category(c) in ("Cc", "Cs") for c in value):
        yield SpecProblem(field, _escaped(value), "has a control character; leave it out")
    elif value[0] in "[{":
        fix = "is no single value; write one that claims state as text"
        yield SpecProblem(field, value, fix)


def check_sha256(field: str, value: str) -> Iterator[SpecProblem]:
    """The SHA-256 of a threshold run."""
    if not _SHA256.fullmatch(value):
        fix = "is no run; write the 64 digits that calledger threshold --record prints"
        yield SpecProblem(field, value, fix)


def check_criterion(field: str, criterion: Criterion) -> Iterator[SpecProblem]:
    """A bound on the right side of a metric, which not everything passes."""
    metric = criterion.metric
    if metric not in METRICS:
        fix = f"is no metric; write one of {', '.join(METRICS)}"
        yield SpecProblem(f"{field}.metric", metric, fix)
        return
    row, low, high = METRICS[metric], criterion.minimum_ppm, criterion.maximum_ppm
    wanted, other = ("min", "max") if row.rises else ("max", "min")
    bound, wrong = (low, high) if wanted == "min" else (high, low)
    if wrong is not None:
        better = "larger" if wanted == "min" else "smaller"
        fix = f"is a bound on the wrong side, as {metric} is better {better}; write {wanted}"
        yield SpecProblem(f"{field}.{other}", fraction(wrong), fix)
    elif bound is None:
        yield SpecProblem(field, "", f"has no bound; add {wanted}")
    elif row.rises and bound <= (row.collapsed_ppm or 0):
        fix = f"bounds nothing; write a min above {fraction(row.collapsed_ppm or 0)}"
        if row.collapsed_ppm is not None:
            fix += ", which a confidence collapsed to one value reaches"
        yield SpecProblem(f"{field}.min", fraction(bound), fix)
    elif row.least_strict_ppm is not None:
        least = row.least_strict_ppm
        if bound < least if row.rises else bound > least:
            side = "at least" if row.rises else "at most"
            fix = f"bounds hardly anything, as {row.passes}; write {side} {fraction(least)}"
            yield SpecProblem(f"{field}.{wanted}", fraction(bound), fix)


def _escaped(value: str) -> str:
    return ascii(value)[1:-1]
