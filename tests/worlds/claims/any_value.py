"""Any value of a dataclass, as its types say, so that a new field is tried without being named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

#: Values of a plain type, given the name of the field.
Leaf = Callable[[str, type], st.SearchStrategy[Any]]


def any_value(kind: Any, leaf: Leaf, name: str = "", most: int = 3) -> st.SearchStrategy[Any]:
    """Values of a type; what text and numbers may be says ``leaf``.

    Args:
        kind: a dataclass, tuple, Literal, optional or plain type.
        leaf: of str, int and bool.
        name: of the field that it is the type of.
        most: items of a tuple of any length.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        types = get_type_hints(kind)
        parts = {one.name: any_value(types[one.name], leaf, one.name, most) for one in fields(kind)}
        return st.builds(kind, **parts)
    if origin is Literal:
        return st.sampled_from(inner)
    if origin is UnionType:
        return st.one_of(
            st.none() if one is NoneType else any_value(one, leaf, name, most) for one in inner
        )
    if origin is tuple and inner[-1] is ...:
        return st.lists(any_value(inner[0], leaf, name, most), max_size=most).map(tuple)
    if origin is tuple:
        return st.tuples(*(any_value(one, leaf, name, most) for one in inner))
    return leaf(name, kind)
