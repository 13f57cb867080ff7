"""Canonical JSON, held against the package rfc8785."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from core.trail.canonical_json import MOST, canonical, sha256_of

_KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_WHOLE = st.integers(min_value=-MOST + 1, max_value=MOST - 1)
_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | _WHOLE | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(_KEYS, inner, max_size=4)
    ),
    max_leaves=25,
)


@given(_VALUES)
def test_it_writes_what_rfc_8785_asks_for_byte_for_byte(value: Any):
    assert canonical(value).encode("utf-8") == rfc8785.dumps(value)


@given(st.dictionaries(_KEYS, _VALUES, min_size=2, max_size=6))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any]):
    assert canonical(dict(reversed(value.items()))) == canonical(value)


@given(_VALUES)
def test_the_hash_is_of_the_text_in_utf_8(value: Any):
    assert sha256_of(value) == hashlib.sha256(canonical(value).encode("utf-8")).hexdigest()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": 0.5}, r"\$\.a is a float"),
        ({"a": [1, math.nan]}, r"\$\.a\[1\] is a float"),
        (MOST, "too large"),
        (-MOST, "too large"),
        ({"é": 1}, "has the key 'é'"),
        ({"a": {1: 2}}, r"\$\.a has the key 1"),
        ({None: 1}, "has the key None"),
        (["\ud800"], r"\$\[0\] is not text"),
        ({"a": b"bytes"}, r"\$\.a is a bytes"),
        ({"a": {1, 2}}, r"\$\.a is a set"),
    ],
)
def test_what_could_be_written_in_two_ways_is_refused_with_its_place(value: Any, words: str):
    with pytest.raises(ValueError, match=words):
        canonical(value)


@given(_VALUES, st.floats() | st.integers(min_value=MOST) | st.binary())
def test_one_unfit_value_anywhere_refuses_the_whole(value: Any, unfit: Any):
    with pytest.raises(ValueError, match=r"\$\.x\[1\]"):
        canonical({"x": [value, unfit]})
