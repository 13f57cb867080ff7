"""What a new version of a registry entry says otherwise, in the words of those who read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, is_dataclass, replace
from itertools import pairwise
from typing import Any

from core.queries.base.truth import USUAL, Truth
from core.registry.entry_table import ROWS, FieldRow
from core.registry.escalation_rules import Override, RuleBand, Rules
from core.registry.signal_spec import Criterion, SignalSpec
from core.registry.words import NOTHING, bands_words, criterion_words, cut_words, pair_words

Naming = Callable[[str], str]
#: What an entry does not state whose confidence decides nothing; it is filled in there.
_UNDECIDED = ("spec.validation", "spec.escalation")


@dataclass(frozen=True)
class FieldDifference:
    """One thing that changes.

    Attributes:
        field: as a registry file names it, ``spec.escalation.bands``.
        before, after: in words; `NOTHING` where there is none.
        words: the whole change as one phrase, as in
            ``threshold between review and automate 0.90 → 0.85``.
        material: whether a validation rests on it, so that changing it reopens validation.
    """

    field: str
    before: str
    after: str
    words: str
    material: bool


def differences(
    old: SignalSpec | None, new: SignalSpec, *, name: Naming | None = None
) -> tuple[FieldDifference, ...]:
    """Every difference between two versions of an entry; empty exactly when they are equal.

    Args:
        old: the entry in force; None: the signal is unregistered, and what the new one says is
            listed.
        name: how a person or group is shown; without ``user:`` unless given.
    """
    naming = name or _without_prefix
    if old is None:
        return tuple(_new_entry(new, naming))
    return tuple(one for row in _ROWS for one in _told(row, old, new, naming))


def _new_entry(new: SignalSpec, name: Naming) -> Iterator[FieldDifference]:
    """What an entry says that did not exist, the weightiest first."""
    bounds = ", ".join(map(criterion_words, new.validation.criteria))
    for field, after, words in (
        ("metadata.name", new.name, f"new entry for {new.name}, stakes {new.stakes}"),
        ("spec.decision", new.decision, f"decides: {new.decision}"),
        ("spec.owner", name(new.owner), f"owner {name(new.owner)}"),
        ("spec.validation.criteria", bounds, f"validated where {bounds}"),
        ("spec.escalation.bands", bands_words(new.rules.bands), bands_words(new.rules.bands)),
    ):
        if new.log_only and field.startswith(_UNDECIDED):
            continue
        yield FieldDifference(field, NOTHING, after, words, True)
    nothing = replace(new, rules=Rules(()))
    for row in _ROWS:
        said = row.of(new)
        if row.path in ("rules.overrides", "rules.known_values"):
            yield from _told(row, nothing, new, name)
        elif is_dataclass(said):
            words = row.show(said)
            yield FieldDifference(row.field, NOTHING, words, f"{row.thing} {words}", row.material)


def _told(
    row: FieldRow, old: SignalSpec, new: SignalSpec, name: Naming
) -> Iterator[FieldDifference]:
    """How the field of a row differs, if it does."""
    if row.people:
        row = replace(row, show=name)
    before, after = row.of(old), row.of(new)
    one_decides = old.log_only != new.log_only and row.field.startswith(_UNDECIDED)
    if one_decides and (row.path == "rules.bands" or not isinstance(after, tuple)):
        yield from _decided(row, before, after, old)
        return
    tell = _OWN_WAYS.get(row.path) or (_listed if isinstance(after, tuple) else _changed)
    yield from tell(row, before, after)


def _decided(row: FieldRow, before: Any, after: Any, old: SignalSpec) -> Iterator[FieldDifference]:
    """What only one of two entries says, for the other decides nothing: there it is filled in."""
    if before != after:
        was = NOTHING if old.log_only else row.show(before)
        now = row.show(after) if old.log_only else NOTHING
        yield FieldDifference(row.field, was, now, f"{row.thing} {was} → {now}", row.material)


def _truth(row: FieldRow, old: Truth | None, new: Truth | None) -> Iterator[FieldDifference]:
    material = (old is None) != (new is None) or not (old or USUAL).counts_as(new or USUAL)
    yield from _changed(replace(row, material=material), old, new)


def _criteria(
    row: FieldRow, old: tuple[Criterion, ...], new: tuple[Criterion, ...]
) -> Iterator[FieldDifference]:
    """Bounds on one metric are one changed bound, where each metric has one."""
    before, after = ({one.metric: one for one in bounds} for bounds in (old, new))
    if len(before) == len(old) and len(after) == len(new):
        for metric in before:
            if metric in after:
                yield from _changed(row, before[metric], after[metric])
        # What was changed in place is neither gone nor added.
        old = tuple(after.get(one.metric, one) for one in old)
    yield from _listed(row, old, new)


def _overrides(
    row: FieldRow, old: tuple[Override, ...], new: tuple[Override, ...]
) -> Iterator[FieldDifference]:
    """Bands of one segment are one changed override, where each segment has one."""
    before, after = ({(one.dimension, one.value): one for one in several} for several in (old, new))
    if len(before) == len(old) and len(after) == len(new):
        for key, one in before.items():
            if key in after:
                yield from _bands(row, one.bands, after[key].bands, f"for {'='.join(key)}: ")
        old = tuple(after.get((one.dimension, one.value), one) for one in old)
    yield from _listed(row, old, new)


_Known = tuple[tuple[str, tuple[str, ...]], ...]


def _known_values(row: FieldRow, old: _Known, new: _Known) -> Iterator[FieldDifference]:
    """Which other values of an override's dimension exist, so that they fall under the bands."""
    before, after = (
        [(name, value) for name, values in known for value in values] for known in (old, new)
    )
    found = tuple(_listed(replace(row, show=pair_words), before, after))
    yield from found
    if not found:
        # The same pairs, divided otherwise among dimensions.
        yield from _changed(replace(row, thing="known values", material=False), old, new)


def _bands(
    row: FieldRow, old: tuple[RuleBand, ...], new: tuple[RuleBand, ...], prefix: str = ""
) -> Iterator[FieldDifference]:
    """Each threshold where the same actions follow each other, otherwise the bands as a whole."""
    if [one.action for one in old] != [one.action for one in new]:
        yield from _changed(replace(row, thing=f"{prefix}bands", show=bands_words), old, new)
        return
    for i, (lower, upper) in enumerate(pairwise(old)):
        thing = f"{prefix}threshold between {lower.action} and {upper.action}"
        yield from _changed(replace(row, thing=thing, show=cut_words), lower, new[i])
    if old:
        last = replace(row, thing=f"{prefix}cut of the last band", show=cut_words)
        yield from _changed(last, old[-1], new[-1])


def _changed(row: FieldRow, old: Any, new: Any) -> Iterator[FieldDifference]:
    if old != new:
        was, now = row.show(old), row.show(new)
        yield FieldDifference(row.field, was, now, f"{row.thing} {was} → {now}", row.material)


def _listed(row: FieldRow, old: Sequence[Any], new: Sequence[Any]) -> Iterator[FieldDifference]:
    """What left a list, what came to its end, and any other order of it.

    Only where the list is ordered does its order mean something: it is told beside other changes,
    and is as material as they are.
    """
    rest, kept = list(new), []
    for one in old:
        if one in rest:
            rest.remove(one)
            kept.append(one)
        else:
            words = row.show(one)
            removed = f"{row.thing} removed: {words}"
            yield FieldDifference(row.field, words, NOTHING, removed, row.material)
    for one in rest:
        words = row.show(one)
        yield FieldDifference(
            row.field, NOTHING, words, f"{row.thing} added: {words}", row.material
        )
    same = len(kept) == len(old) and not rest
    if list(new) != [*kept, *rest] and (row.ordered or same):
        was, now = ("; ".join(map(row.show, order)) for order in (old, new))
        words = f"order ({row.thing}) {was} → {now}"
        yield FieldDifference(row.field, was, now, words, row.material and row.ordered)


def _without_prefix(reference: str) -> str:
    return reference.removeprefix("user:")


#: What a validation rests on first.
_ROWS = sorted((row for row in ROWS[SignalSpec] if row.path), key=lambda row: not row.material)
_OWN_WAYS: dict[str, Callable[[FieldRow, Any, Any], Iterator[FieldDifference]]] = {
    "truth": _truth,
    "validation.criteria": _criteria,
    "rules.bands": _bands,
    "rules.overrides": _overrides,
    "rules.known_values": _known_values,
}
