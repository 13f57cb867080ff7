"""How well two sets of claims tell right from wrong, group by group, each like with like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import duckdb

from core.measure.verdicts.score_change import KindsOfCases, ScoreChange, auroc_change
from core.queries.base.cells import GroupedCells
from core.queries.base.group_keys import Key
from core.queries.base.selection import Selection
from core.queries.sums.pairs.paired_groups import paired_inputs

#: Gives of a group, (dimension, key), how its discrimination changed at a level; None: nothing to
#: rank.
Areas = Callable[[str | None, Key], Callable[[float], ScoreChange] | None]


def paired_areas(
    cursor: duckdb.DuckDBPyConnection,
    before: Selection,
    after: Selection,
    sides: Mapping[str | None, tuple[GroupedCells, GroupedCells]],
) -> Areas:
    """On the inputs that both answered.

    Args:
        sides: both sides' cells by dimension, of
            `core.queries.sums.pairs.paired_groups.compared_cells`,
            paired.
    """
    inputs = {
        name: paired_inputs(cursor, before, after, () if name is None else (name,), of)
        for name, of in sides.items()
    }

    def of(name: str | None, key: Key) -> Callable[[float], ScoreChange] | None:
        by = inputs[name].get(key)
        if by is None:
            return None
        cells = [one.cells[one.keys.index(key)] for one in sides[name]]
        return lambda level: auroc_change(cells[0], cells[1], inputs=by, level=level)

    return of


def areas_on_one_mix(cells: tuple[GroupedCells, GroupedCells], by: Sequence[str]) -> Areas:
    """With the candidate's claims weighted to the baseline's mix of all of ``by`` at once.

    Args:
        cells: both sides', by all of ``by``.
    """
    others = dict(zip(cells[1].keys, cells[1].cells, strict=True))
    both = [
        (key, one, others[key])
        for key, one in zip(cells[0].keys, cells[0].cells, strict=True)
        if key in others
    ]
    kinds = KindsOfCases([one for _, one, _ in both], [other for *_, other in both])
    places: defaultdict[tuple[str | None, Key], list[int]] = defaultdict(list)
    for at, (key, *_) in enumerate(both):
        places[None, ()].append(at)
        for name, value in zip(by, key, strict=True):
            places[name, (value,)].append(at)

    def of(name: str | None, key: Key) -> Callable[[float], ScoreChange] | None:
        mine = places.get((name, key))
        return None if mine is None else lambda level: kinds.change(mine, level=level)

    return of
