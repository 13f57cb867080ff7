"""What comes in is not what came in before: the mix of segments, or of stated confidence.

The newest whole `WEEKS` are held against the `WEEKS_BEFORE` before them, and against as many before
the signature that is in force: what was signed rests on the cases of then, and a shift that is
older than the weeks before would otherwise be forgotten. No label is needed, so it is seen within a
week. Every input counts once, at its first claim, and days are what is sampled
(`core.measure.monitoring.population_shift`).

Found is what is beyond noise, over all dimensions, references and signals together (Bonferroni),
*and* of a size that matters: with many cases any difference is beyond noise.

Stated confidence is compared within one version: what another version states of the same cases is
its change review's matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import duckdb
import numpy as np

from core.defaults import ALPHA, MINIMUM_INPUTS
from core.findings.kinds import Condition
from core.governance.state import State
from core.measure.cells.cells import IntArray
from core.measure.metrics.scores import NoValue
from core.measure.monitoring.brier_decomposition import BrierSplit, Change, brier_split
from core.measure.monitoring.population_shift import MixChange, mix_change
from core.queries.base.cells import grouped_cells
from core.queries.base.dimensions import BAND_LABELS
from core.queries.base.fingerprints_seen import Seen, fingerprints_seen
from core.queries.base.selection import Selection
from core.queries.labels.label_provenance import NO_DAYS, how_labelled, labelled_days
from core.queries.sums.inputs_per_day import Arrived, arrivals
from core.registry.signal_spec import SignalSpec
from core.standing.window import in_use
from core.text.figures import basis, counted, percent, segment
from core.trail.fingerprint import Fingerprint
from core.validation.recent_sample import all_segments, week_began

#: The newest weeks, and those they are held against.
WEEKS, WEEKS_BEFORE = 4, 8
#: A size that matters: so much PSI over noise (Siddiqi 2006 calls 0.1 a minor shift), or so much
#: of all inputs in one value more or less.
PSI_OVER_NOISE, SHARE = 0.1, 0.10
#: The subject of a finding about stated confidence; no segment can be called so on a page.
STATED = "stated confidence"

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Span:
    """Days, [since, until), at midnight UTC."""

    since: datetime
    until: datetime

    @property
    def words(self) -> str:
        """``2026-10-26 to 2026-11-22``."""
        return f"{self.since:%Y-%m-%d} to {self.until - _DAY:%Y-%m-%d}"


@dataclass(frozen=True)
class Moved:
    """One dimension of one signal held against one reference.

    Attributes:
        signal, dimension: which; None: the stated confidence.
        signed: whether the reference is what came in before the signature.
        before, after: the days.
        values: of the dimension, in the order of the shares.
        change: how the shares moved.
    """

    signal: str
    dimension: str | None
    signed: bool
    before: Span
    after: Span
    values: tuple[str | None, ...]
    change: MixChange

    @property
    def matters(self) -> bool:
        """Whether its size does, whatever noise may do."""
        most = self.change.most
        share = abs(float(self.change.after[most] - self.change.before[most]))
        return self.change.over_noise > PSI_OVER_NOISE or share >= SHARE

    def flagged(self, family: int) -> bool:
        """Whether it is beyond noise among so many looks, and matters.

        Args:
            family: how many are made in the whole ledger.
        """
        return self.matters and self.change.p_value * family <= ALPHA


def inputs_conditions(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Condition, ...]:
    """The registered signals whose inputs drifted, one finding per dimension.

    Args:
        cursor: of the ledger.
        state: what the trail says.
        now: UTC without zone.
    """
    moved = measure_inputs(cursor, state, now)
    found: defaultdict[str, dict[str | None, Moved]] = defaultdict(dict)
    for one in moved:
        known = found[one.signal].get(one.dimension)
        further = known is None or one.change.over_noise > known.change.over_noise
        if one.flagged(len(moved)) and further:
            found[one.signal][one.dimension] = one
    conditions = []
    for _, by in sorted(found.items()):
        # Other cases are stated otherwise: where segments moved, that is no matter of its own.
        stated = by.pop(None, None) if len(by) > 1 else None
        conditions += [
            _condition(cursor, state, one, stated)
            for _, one in sorted(by.items(), key=lambda item: item[0] or "")
        ]
    return tuple(conditions)


def measure_inputs(
    cursor: duckdb.DuckDBPyConnection, state: State, now: datetime
) -> tuple[Moved, ...]:
    """Every comparison that can be made; those with too few inputs on a side are left out.

    Args:
        cursor: of the ledger.
        state: what the trail says.
        now: UTC without zone.
    """
    seen, segments = fingerprints_seen(cursor, now), all_segments(cursor)
    until = week_began(now)
    after = Span(until - timedelta(weeks=WEEKS), until)
    found: list[Moved] = []
    for signal in sorted(state.entries):
        used = in_use(seen, signal)
        if not used:
            continue
        references = [(False, Span(after.since - timedelta(weeks=WEEKS_BEFORE), after.since))]
        at = _signed(state, used, signal, now)
        if at is not None and at < after.since:
            day = datetime.combine(at.date(), time())
            references.append((True, Span(day - timedelta(weeks=WEEKS_BEFORE), day)))
        came = arrivals(
            cursor,
            signal,
            min(one.since for _, one in references),
            after.until,
            segments.get(signal, ()),
        )
        for signed, before in references:
            found += _compared(signal, came, signed, before, after)
    return tuple(found)


def _signed(state: State, used: Sequence[Seen], signal: str, now: datetime) -> datetime | None:
    """When the newest of what may act was signed."""
    found = []
    for one in used:
        fingerprint = Fingerprint.of(dict(one.fields))
        known = state.validations.get((signal, fingerprint))
        if known and known.signed and state.standing_of(signal, fingerprint, now).open:
            found.append(known.signed.at)
    return max(found, default=None)


def _compared(
    signal: str, came: Sequence[Arrived], signed: bool, before: Span, after: Span
) -> list[Moved]:
    first, last = before.since.toordinal(), max(before.until, after.until).toordinal()
    by: defaultdict[tuple[str | None, str | None], list[Arrived]] = defaultdict(list)
    for one in came:
        if first <= one.day.toordinal() < last:
            by[one.dimension, one.version].append(one)
    tables = {key: _table(mine, first, last) for key, mine in by.items()}

    def part(key: tuple[str | None, str | None], span: Span) -> IntArray:
        """The days of a span on which something came in."""
        days: IntArray = tables[key].counts[
            span.since.toordinal() - first : span.until.toordinal() - first
        ]
        return days[days.any(axis=1)]

    # The stated confidence of the version that states most of it now.
    versions = [key for key in by if key[0] is None]
    newest = max(versions, key=lambda key: (int(part(key, after).sum()), str(key)), default=None)
    found = []
    for key in by:
        if key[0] is None and key != newest:
            continue
        old, new = part(key, before), part(key, after)
        if min(old.sum(), new.sum()) < MINIMUM_INPUTS:
            continue
        change = mix_change(old, new)
        if not isinstance(change, NoValue):
            values = tables[key].values
            found.append(Moved(signal, key[0], signed, before, after, values, change))
    return found


@dataclass(frozen=True)
class _Table:
    """Inputs per day and value, shape (days, values); the values in the order of the columns."""

    values: tuple[str | None, ...]
    counts: IntArray


def _table(mine: Sequence[Arrived], first: int, last: int) -> _Table:
    """Of the days [first, last), as ordinal numbers."""
    column: dict[str | None, int] = {}
    for one in mine:
        column.setdefault(one.value, len(column))
    counts = np.zeros((last - first, len(column)), dtype=np.int64)
    for one in mine:
        counts[one.day.toordinal() - first, column[one.value]] += one.n
    return _Table(tuple(column), counts)


def _condition(
    cursor: duckdb.DuckDBPyConnection,
    state: State,
    one: Moved,
    stated: Moved | None,
) -> Condition:
    change, psi = one.change, one.change.stability
    against = "before it was signed, " if one.signed else "before, "
    text = (
        f"{_sentence(_shares(one))} of what comes in: {one.after.words} "
        f"({counted(change.n_after, 'input')} on {counted(change.days_after, 'day')}) against the "
        f"weeks {against}{one.before.words} ({counted(change.n_before, 'input')} on "
        f"{counted(change.days_before, 'day')}). PSI {psi.psi:.3f}, by noise alone "
        f"{psi.noise:.3f}."
    )
    if stated is not None:
        with_it = stated.change.stability
        text += (
            f" {STATED.capitalize()} moved with it: PSI {with_it.psi:.3f}, by noise alone "
            f"{with_it.noise:.3f}."
        )
    said, facts = _calibration(cursor, state.entries[one.signal].spec, one)
    return Condition(
        "inputs_drifted",
        one.signal,
        one.dimension or STATED,
        f"{text} {said}",
        "See on Drift what comes in now; where such cases were few in the evidence, have new "
        "evidence on recent claims signed.",
        evidence=tuple(
            sorted(
                {
                    "after": f"{change.after[change.most]:.4f}",
                    "before": f"{change.before[change.most]:.4f}",
                    "days_after": str(change.days_after),
                    "days_before": str(change.days_before),
                    "dispersion": f"{change.dispersion:.2f}",
                    "inputs_after": str(change.n_after),
                    "inputs_before": str(change.n_before),
                    "noise": f"{psi.noise:.4f}",
                    "psi": f"{psi.psi:.4f}",
                    "reference": "signed" if one.signed else "weeks before",
                    "since": f"{one.after.since:%Y-%m-%d}",
                    "until": f"{one.after.until - _DAY:%Y-%m-%d}",
                    "value": _value(one, change.most),
                    **facts,
                }.items()
            )
        ),
    )


def _shares(one: Moved) -> str:
    """The value whose share moved most, and the one that moved most the other way."""
    change = one.change
    shift = change.after - change.before
    other = int((-shift * np.sign(shift[change.most])).argmax())
    return " and ".join(
        f"{_value(one, at)}{' went' if at == change.most else ''} from "
        f"{percent(float(change.before[at]))} to {percent(float(change.after[at]))}"
        for at in (change.most, other)
    )


def _value(one: Moved, at: int) -> str:
    value = one.values[at]
    if one.dimension is None:
        assert value is not None
        return f"{STATED} in {BAND_LABELS[int(value)]}"
    return segment(one.dimension, value)


def _sentence(words: str) -> str:
    """Names are left as they are written."""
    return words.capitalize() if words.startswith(STATED) else words


def _calibration(
    cursor: duckdb.DuckDBPyConnection, spec: SignalSpec, one: Moved
) -> tuple[str, dict[str, str]]:
    """What it does to calibration, as far as settled labels tell: in words, and the facts of it."""
    settled = one.after.until - spec.maturity.age
    after = Span(settled - timedelta(weeks=WEEKS), settled)
    before = one.before
    if not one.signed or before.until > after.since:
        before = Span(after.since - timedelta(weeks=WEEKS_BEFORE), after.since)
    if not _moved_by_then(cursor, one, before, after):
        due = one.after.since.date() + timedelta(days=spec.maturity.days)
        first = max(due, one.after.until.date() + timedelta(weeks=1))
        return (
            "What it does to calibration is not known yet: the first labels of these weeks are "
            f"settled on {first}."
        ), {"first_labels": f"{first}"}
    sides = [
        Selection(one.signal, span.since, span.until, where=(("split", ("production",)),))
        for span in (before, after)
    ]
    if not all(how_labelled(cursor, side).fair for side in sides):
        return (
            "What it does to calibration its labels cannot tell: they were drawn, or only what "
            "people looked at is labelled."
        ), {"labels": "unfair"}
    cells = [grouped_cells(cursor, side).cells[0] for side in sides]
    split = brier_split(cells[0], cells[1])
    if isinstance(split, NoValue) or min(side.n_inputs for side in cells) < MINIMUM_INPUTS:
        few = "What it does to calibration cannot be told: too few labels."
        return few, {"labels": "too few"}
    days = [labelled_days(cursor, side).get((None, None), NO_DAYS).n for side in sides]
    rests = [basis(side.total, side.n_inputs, n) for side, n in zip(cells, days, strict=True)]
    return (
        f"{_meaning(split)}: the Brier score went from {split.before:.3f} ({before.words}; "
        f"{rests[0]}) to {split.after:.3f} ({after.words}; {rests[1]}), of which the confidences "
        f"foretold {_part(split.foretold)} and {_part(split.decalibration)} is decalibration."
    ), {
        "brier_after": f"{split.after:.4f}",
        "brier_before": f"{split.before:.4f}",
        "decalibration": f"{split.decalibration.value:.4f}",
        "labelled_after": str(cells[1].total),
        "labelled_before": str(cells[0].total),
    }


def _moved_by_then(
    cursor: duckdb.DuckDBPyConnection, one: Moved, before: Span, after: Span
) -> bool:
    """Whether at least half of the shift was there in weeks whose labels are settled."""
    dimensions = () if one.dimension is None else (one.dimension,)
    came = [
        each
        for each in arrivals(cursor, one.signal, before.since, after.until, dimensions)
        if each.dimension == one.dimension
    ]
    value = one.values[one.change.most]
    shares = []
    for span in (before, after):
        inside = [each for each in came if span.since.date() <= each.day < span.until.date()]
        total = sum(each.n for each in inside)
        if not total:
            return False
        shares.append(sum(each.n for each in inside if each.value == value) / total)
    whole = float(one.change.after[one.change.most] - one.change.before[one.change.most])
    return (shares[1] - shares[0]) / whole >= 0.5


def _meaning(split: BrierSplit) -> str:
    harder, truth = _sure(split.foretold), _sure(split.decalibration)
    if truth > 0:
        return "Calibration suffers"
    if truth < 0:
        return "The confidences became better calibrated"
    if harder > 0:
        return "Harder cases, and the confidences said so"
    if harder < 0:
        return "Easier cases, and the confidences said so"
    return "No effect on calibration is shown"


def _sure(change: Change) -> int:
    """The sign of a change whose interval excludes zero, else 0."""
    if change.low is None or change.high is None:
        return 0
    return (change.low > 0) - (change.high < 0)


def _part(change: Change) -> str:
    if change.low is None or change.high is None:
        return _signed_number(change.value)
    return (
        f"{_signed_number(change.value)} ({_signed_number(change.low)} to "
        f"{_signed_number(change.high)})"
    )


def _signed_number(value: float) -> str:
    text = f"{abs(value):.3f}"
    if float(text) == 0:
        return "0"
    return f"{'+' if value > 0 else '−'}{text}"
