"""Facts as acts carry them: frozen dataclasses as values that `canonical` accepts, and back.

Numbers keep every digit, as decimal strings, so that what is read rounds as what was found. What is
as it usually is stays out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from cattrs import Converter

from core.trail.canonical_json import canonical

T = TypeVar("T")
#: Where the body of an act holds facts that words are made from; acts of before hold the words.
FACTS = "facts"

_CONVERTER = Converter(omit_if_default=True, detailed_validation=False)
_CONVERTER.register_unstructure_hook(float, lambda value: repr(float(value)))
_CONVERTER.register_structure_hook(float, lambda value, _: float(value))
for _kind in (date, datetime):
    _CONVERTER.register_unstructure_hook(_kind, _kind.isoformat)
    _CONVERTER.register_structure_hook(_kind, lambda value, kind: kind.fromisoformat(value))


def written(facts: object) -> dict[str, Any]:
    """A frozen dataclass as it stands in the body of an act.

    Raises:
        ValueError: it holds what is no fact, see `canonical`.
    """
    found: dict[str, Any] = json.loads(canonical(_CONVERTER.unstructure(facts)))
    return found


def read(kind: type[T], body: Mapping[str, Any]) -> T:
    """The opposite of `written`; what another version wrote beside is left out.

    Raises:
        ValueError: these are not its facts.
    """
    try:
        return _CONVERTER.structure(body, kind)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not the facts of {kind.__name__}: {error!r}") from None
