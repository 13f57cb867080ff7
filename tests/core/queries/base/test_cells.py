"""Events summed into cells, against counting in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ledger.connection import Ledger
from core.measure.cells.cells import Cells
from core.queries.base.cells import grouped_cells
from core.queries.base.selection import Selection
from tests.worlds.governed.rounds import examples

Fill = Callable[..., None]
TRIAGE = Selection("triage")

claim_rows = st.lists(
    st.fixed_dictionaries(
        {
            # Few values, so that they tie; an edge of a bin and of the high band among them.
            "confidence_ppm": st.sampled_from([None, 0, 300_000, 300_001, 900_000, 1_000_000]),
            "outcome": st.sampled_from([None, 0, 1]),
            "seg_language": st.sampled_from([None, "de", "en"]),
            "model_version": st.sampled_from([None, "a", "b"]),
            "input_id": st.sampled_from([None, "i", "j", "k"]),
            "split": st.sampled_from(["tuning", "heldout", "production"]),
        }
    ),
    max_size=30,
)


def cells_of(ledger: Ledger, *by: str) -> dict[tuple[str | None, ...], Cells]:
    with ledger.cursor() as cursor:
        groups = grouped_cells(cursor, TRIAGE, by)
    return dict(zip(groups.keys, groups.cells, strict=True))


def test_a_hand_counted_ledger(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"confidence": 0.9, "outcome": 1},
            {"confidence": 0.9, "outcome": 0},
            {"confidence": 0.9, "outcome": None},
            {"confidence": 0.1 + 0.2, "outcome": 1},
            {"confidence": 0.3, "outcome": 1},
            {"confidence": None, "outcome": 1},
        ],
    )
    cells = cells_of(ledger)[()]
    assert cells.v.tolist() == [0.3, 0.9]
    assert cells.n_claims.tolist() == [2, 3]
    assert cells.n.tolist() == [2, 2]
    assert cells.s.tolist() == [2, 1]
    assert cells.n_unstated == 1
    assert cells.inputs is None


def test_without_claims_there_is_one_empty_group_or_none(ledger: Ledger) -> None:
    everything = cells_of(ledger)
    assert list(everything) == [()]
    assert everything[()].v.shape == (0,)
    assert everything[()].n_unstated == 0
    assert cells_of(ledger, "model_version") == {}
    assert cells_of(ledger, "week", "split") == {}


def test_groups_ascend_with_those_that_name_nothing_last(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"confidence": 0.5, "seg_language": language, "model_version": model}
            for language in (None, "en", "de")
            for model in ("b", None, "a")
        ],
    )
    expected = [(x, y) for x in ("de", "en", None) for y in ("a", "b", None)]
    assert list(cells_of(ledger, "language", "model_version")) == expected
    expected = [(x, y) for x in ("a", "b", None) for y in ("de", "en", None)]
    assert list(cells_of(ledger, "model_version", "language")) == expected


def test_a_group_of_unstated_claims_alone_is_still_a_group(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"model_version": "mute"}, {"model_version": "mute", "outcome": 1}])
    cells = cells_of(ledger, "model_version")["mute",]
    assert (cells.n_unstated, cells.total, len(cells.v)) == (2, 0, 0)


def test_grouping_by_split_takes_tuning_claims_in(ledger: Ledger, fill: Fill) -> None:
    fill(ledger, [{"confidence": 0.5, "split": split} for split in ("tuning", "heldout")])
    assert cells_of(ledger)[()].n_claims.tolist() == [1]
    assert list(cells_of(ledger, "split")) == [("heldout",), ("tuning",)]


def per_input(cells: Cells) -> Counter[tuple[tuple[float, int, int], ...]]:
    """What each input states, as a bag: the numbering of inputs is free."""
    assert cells.inputs is not None
    stated: dict[int, list[tuple[float, int, int]]] = {}
    inputs = cells.inputs
    for j, value, n, s in zip(inputs.input, inputs.value, inputs.n, inputs.s, strict=True):
        stated.setdefault(int(j), []).append((float(cells.v[value]), int(n), int(s)))
    assert sorted(stated) == list(range(inputs.n_inputs))
    return Counter(tuple(sorted(entries)) for entries in stated.values())


def test_inputs_are_told_apart_where_they_repeat(ledger: Ledger, fill: Fill) -> None:
    fill(
        ledger,
        [
            {"confidence": 0.7, "outcome": 1, "input_id": "i"},
            {"confidence": 0.7, "outcome": 0, "input_id": "i"},
            {"confidence": 0.9, "outcome": 1, "input_id": "i"},
            {"confidence": 0.9, "outcome": 1, "input_id": "j"},
            {"confidence": 0.8, "outcome": None, "input_id": "j"},
            {"confidence": 0.9, "outcome": 1, "input_id": None},
            {"confidence": 0.9, "outcome": 0, "input_id": None},
        ],
        repeats=["triage"],
    )
    cells = cells_of(ledger)[()]
    assert cells.n_inputs == 4
    assert per_input(cells) == Counter(
        [((0.7, 2, 1), (0.9, 1, 1)), ((0.9, 1, 1),), ((0.9, 1, 1),), ((0.9, 1, 0),)]
    )


def test_inputs_are_given_only_for_groups_in_which_labelled_ones_repeat(
    ledger: Ledger, fill: Fill
) -> None:
    once = {"confidence": 0.7, "outcome": 1}
    fill(
        ledger,
        [
            {**once, "model_version": "twice", "input_id": "i"},
            {**once, "model_version": "twice", "input_id": "i"},
            {**once, "model_version": "once", "input_id": "i"},
            {**once, "model_version": "once", "input_id": "i", "outcome": None},
            {**once, "model_version": "nameless"},
            {**once, "model_version": "nameless"},
        ],
        repeats=["triage"],
    )
    with_inputs = {
        key[0]: cells.inputs is not None for key, cells in cells_of(ledger, "model_version").items()
    }
    assert with_inputs == {"twice": True, "once": False, "nameless": False}


def test_a_signal_that_does_not_repeat_is_not_asked_for_its_inputs(
    ledger: Ledger, fill: Fill
) -> None:
    claim = {"confidence": 0.7, "outcome": 1, "input_id": "i"}
    fill(ledger, [claim, claim], repeats=["another"])
    assert cells_of(ledger)[()].inputs is None


@settings(max_examples=examples(20, 500))
@given(claim_rows, st.sampled_from([(), ("language",), ("model_version", "language")]))
def test_cells_are_what_counting_one_by_one_gives(
    fill: Fill, rows: list[dict[str, Any]], by: tuple[str, ...]
) -> None:
    with Ledger.in_memory() as ledger:
        fill(ledger, [{"seg_language": None, "confidence": 1, "signal": "x"}, *rows],
             repeats=["triage"])  # fmt: skip
        found = cells_of(ledger, *by)
    column = {"language": "seg_language", "model_version": "model_version"}
    groups: dict[tuple[str | None, ...], list[dict[str, Any]]] = {} if by else {(): []}
    for row in rows:
        if row["split"] != "tuning":
            groups.setdefault(tuple(row[column[name]] for name in by), []).append(row)
    assert found.keys() == groups.keys()
    for key, claims in groups.items():
        cells = found[key]
        stated = [row for row in claims if row["confidence_ppm"] is not None]
        labelled = [row for row in stated if row["outcome"] is not None]
        right = [row for row in labelled if row["outcome"] == 1]
        values = sorted({row["confidence_ppm"] for row in stated})
        assert np.rint(cells.v * 1e6).astype(int).tolist() == values
        for counts, those in ((cells.n_claims, stated), (cells.n, labelled), (cells.s, right)):
            by_value = Counter(row["confidence_ppm"] for row in those)
            assert counts.tolist() == [by_value[value] for value in values]
        assert cells.n_unstated == len(claims) - len(stated)
        named: dict[object, Counter[tuple[int, int]]] = {}
        for i, row in enumerate(labelled):
            owner = i if row["input_id"] is None else row["input_id"]
            named.setdefault(owner, Counter())[row["confidence_ppm"], row["outcome"]] += 1
        assert (cells.inputs is None) == (len(named) == len(labelled))
        if cells.inputs is not None:
            assert per_input(cells) == Counter(
                tuple(
                    sorted(
                        (ppm / 1e6, counts[ppm, 0] + counts[ppm, 1], counts[ppm, 1])
                        for ppm in {ppm for ppm, _ in counts}
                    )
                )
                for counts in named.values()
            )
