"""The states of one part by its bounds, and the labels that would decide it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.measure.verdicts.parts import (
    MATTERS_FROM,
    Part,
    gap_states,
    labels_to_decide,
    shape_states,
)

TOLERANCE = 0.05
YES, NO = np.array([True]), np.array([False])
NAN = float("nan")


def gap_state(low: float, high: float, *, enough: bool = True, present: bool = True) -> str:
    ends = np.array([low]), np.array([high])
    return gap_states(*ends, np.array([enough]), np.array([present]), TOLERANCE)[0]


def shape_state(low: float, high: float, *, enough: bool = True, present: bool = True) -> str:
    ends = np.array([low]), np.array([high])
    return shape_states(*ends, np.array([enough]), np.array([present]), TOLERANCE)[0]


def part(**other: object) -> Part:
    one = Part(
        value=np.array([0.1]),
        low=np.array([0.08]),
        high=np.array([0.12]),
        n=np.array([400]),
        n_inputs=np.array([400]),
        n_effective=np.array([400.0]),
        share=np.array([1.0]),
        present=YES,
        state=("off",),
    )
    return replace(one, **other)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (0.051, 0.09, "off"),
        (-0.09, -0.051, "off"),
        (0.05, 0.09, "at_the_edge"),
        (0.01, 0.09, "at_the_edge"),
        (-0.09, -0.01, "at_the_edge"),
        (-0.09, 0.09, "too_few"),
        (0.0, 0.09, "too_few"),
        (-0.05, 0.05, "fine"),
        (0.01, 0.04, "fine"),
        (NAN, NAN, "too_few"),
    ],
)
def test_a_gap_is_what_its_interval_says(low: float, high: float, state: str) -> None:
    assert gap_state(low, high) == state


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [
        (0.051, 0.2, "off"),
        (0.05, 0.2, "at_the_edge"),
        (0.01, 0.2, "at_the_edge"),
        (0.0, 0.2, "too_few"),
        (0.0, 0.05, "fine"),
        (0.01, 0.05, "fine"),
        (NAN, NAN, "too_few"),
    ],
)
def test_a_shape_is_what_its_bounds_say(low: float, high: float, state: str) -> None:
    assert shape_state(low, high) == state


@pytest.mark.parametrize("of", [gap_state, shape_state])
def test_without_inputs_enough_no_bounds_decide(of) -> None:  # type: ignore[no-untyped-def]
    assert {of(0.2, 0.3, enough=False), of(0.0, 0.01, enough=False)} == {"too_few"}


@pytest.mark.parametrize("of", [gap_state, shape_state])
def test_a_part_that_is_not_there_is_fine_whatever_else(of) -> None:  # type: ignore[no-untyped-def]
    assert of(NAN, NAN, enough=False, present=False) == "fine"


@given(
    st.tuples(st.floats(-1, 1), st.floats(-1, 1)).map(sorted),
    st.floats(0, 0.5),
    st.booleans(),
)
def test_a_wider_interval_never_decides_more(ends, wider, enough) -> None:  # type: ignore[no-untyped-def]
    low, high = ends
    before = gap_state(low, high, enough=enough)
    after = gap_state(low - wider, high + wider, enough=enough)
    assert (
        after
        in {
            "off": ("off", "at_the_edge", "too_few"),
            "fine": ("fine", "at_the_edge", "too_few"),
            "at_the_edge": ("at_the_edge", "too_few"),
            "too_few": ("too_few",),
        }[before]
    )


def test_too_few_counts_from_a_tenth_of_the_claims_and_every_other_state_always() -> None:
    small = part(share=np.array([MATTERS_FROM * 0.99]), state=("too_few",))
    assert not small.matters(0)
    assert replace(small, share=np.array([MATTERS_FROM])).matters(0)
    assert replace(small, state=("off",)).matters(0)
    assert replace(small, state=("at_the_edge",)).matters(0)
    assert not replace(small, state=("off",), present=NO).matters(0)


def test_a_group_without_a_claim_is_not_passed_over() -> None:
    assert part(share=np.array([NAN]), state=("too_few",)).matters(0)


def test_labels_to_decide_by_hand() -> None:
    # Half an interval of 2 points, 5 beyond the tolerance: (2/5 · (1.960 + 0.842)/1.960)² of 400.
    found = labels_to_decide(part(), TOLERANCE, 0.05)
    assert found[0] == pytest.approx(400 * (0.4 * 2.80159 / 1.95996) ** 2, rel=1e-4)


def test_no_number_of_labels_decides_a_gap_right_at_the_tolerance() -> None:
    at = part(value=np.array([TOLERANCE]), low=np.array([0.03]), high=np.array([0.07]))
    assert np.isinf(labels_to_decide(at, TOLERANCE, 0.05)[0])
    none = part(value=np.array([NAN]), low=np.array([NAN]), high=np.array([NAN]))
    assert np.isnan(labels_to_decide(none, TOLERANCE, 0.05)[0])


@pytest.mark.parametrize("gap", [0.0, 0.02, 0.08, 0.12])
def test_the_labels_named_decide_in_four_of_five_cases(gap: float) -> None:
    rng, start = np.random.default_rng(5), 300
    half = 1.959964 * np.sqrt(0.25 / start)
    seen = part(
        value=np.array([gap]), low=np.array([gap - half]), high=np.array([gap + half]),
        n=np.array([start]),
    )  # fmt: skip
    labels = int(labels_to_decide(seen, TOLERANCE, 0.05)[0])
    error = np.sqrt(0.25 / labels)
    found = gap + error * rng.standard_normal(20_000)
    low, high = found - 1.959964 * error, found + 1.959964 * error
    every = np.ones(len(low), dtype=np.bool_)
    states = gap_states(low, high, every, every, TOLERANCE)
    decided = np.mean([state in ("off", "fine") for state in states])
    assert decided == pytest.approx(0.8, abs=0.02)
