"""How well two sets of claims tell right from wrong, group by group, each like with like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import duckdb

from core.measure.cells.cells import Cells
from core.measure.verdicts.score_change import ScoreChange, auroc_change, auroc_change_on_one_mix
from core.queries.base.cells import GroupedCells
from core.queries.base.group_keys import Key
from core.queries.base.selection import Selection
from core.queries.sums.pairs.paired_groups import compared_cells, paired_inputs

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


def areas_on_one_mix(
    cursor: duckdb.DuckDBPyConnection, before: Selection, after: Selection, by: Sequence[str]
) -> Areas:
    """With the candidate's claims weighted to the baseline's mix of all of ``by`` at once."""
    old, new = compared_cells(cursor, before, after, by, paired=False)
    others = dict(zip(new.keys, new.cells, strict=True))
    kinds: defaultdict[tuple[str | None, Key], list[tuple[Cells, Cells]]] = defaultdict(list)
    for key, cells in zip(old.keys, old.cells, strict=True):
        other = others.get(key)
        if other is None:
            continue
        # Each kind is looked at as often as there are dimensions.
        pair = cells.labelled(), other.labelled()
        kinds[None, ()].append(pair)
        for name, value in zip(by, key, strict=True):
            kinds[name, (value,)].append(pair)

    def of(name: str | None, key: Key) -> Callable[[float], ScoreChange] | None:
        mine = kinds.get((name, key))
        if mine is None:
            return None
        sides = [one for one, _ in mine], [other for _, other in mine]
        return lambda level: auroc_change_on_one_mix(*sides, level=level)

    return of
