"""A registry entry as canonical JSON, as acts carry it, and the two hashes it is known by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from core.events import PPM
from core.registry.entry_table import ROWS, defaulted, stated, types_of
from core.registry.signal_spec import SignalSpec
from core.trail.canonical_json import sha256_of

#: The parts of an entry that a validation rests on. Who fills which seat, and labels, are not.
MATERIAL = tuple(
    dict.fromkeys(
        row.path.partition(".")[0] for row in ROWS[SignalSpec] if row.path and row.material
    )
)
_YOUNGER = frozenset(
    row.path.rpartition(".")[2] for rows in ROWS.values() for row in rows if row.younger
)


def to_json(spec: SignalSpec) -> dict[str, Any]:
    """The entry in values that `core.trail.canonical_json.canonical` accepts; `of_json` undoes it.

    Every field stands under its own name, except that a younger one is left out where it is
    empty; fractions are whole millionths, labels are pairs.
    """
    written: dict[str, Any] = _plain(spec)
    return written


def of_json(written: Mapping[str, Any]) -> SignalSpec:
    """Read an entry that `to_json` wrote, now or before some of its fields existed.

    A field that is not there has its default: fields that come later have one, so that an act
    can be read for ever. Only the form is checked; whether the entry makes sense says
    `core.registry.spec_rules`.

    Raises:
        ValueError: a key is unknown, one without a default is missing, or a value is of another
            type; the message names the place, as in ``validation.criteria[1].metric``.
    """
    spec = _read(SignalSpec, written, "")
    assert isinstance(spec, SignalSpec)
    return spec


def spec_sha256(spec: SignalSpec) -> str:
    """SHA-256 of the whole entry, in hexadecimal."""
    return hashes_as_written(to_json(spec))[0]


def material_sha256(spec: SignalSpec) -> str:
    """SHA-256 of the part a validation rests on (`MATERIAL`), in hexadecimal.

    The order in which criteria, required segments, known values and sources of truth are listed
    means nothing and is left out.
    """
    return hashes_as_written(to_json(spec))[1]


def hashes_as_written(written: Mapping[str, Any]) -> tuple[str, str]:
    """The two hashes, `spec_sha256` and `material_sha256`, of an entry as it stands in an act.

    Only what stands there is hashed, so that a field that exists since later changes no hash.

    Args:
        written: an entry that `of_json` accepts.
    """
    part = {name: written[name] for name in MATERIAL if name in written}
    plan = dict(part["validation"])
    plan["segments"] = sorted(plan.get("segments", ()))
    plan["criteria"] = sorted(plan["criteria"], key=sha256_of)
    part["validation"] = plan
    if "known_values" in part["rules"]:
        known = sorted([name, sorted(values)] for name, values in part["rules"]["known_values"])
        part["rules"] = {**part["rules"], "known_values": known}
    if part.get("truth") is not None:
        part["truth"] = {**part["truth"], "sources": sorted(part["truth"]["sources"])}
        # How much a judge may disagree changes nothing of what was measured on the truth.
        part["truth"].pop("judge_tolerance_ppm", None)
    return sha256_of(written), sha256_of(part)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        said = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {
            name: _plain(one) for name, one in said if name not in _YOUNGER or one not in (None, ())
        }
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    return value


def _read(kind: Any, value: Any, place: str) -> Any:
    """A value of the type ``kind``: a dataclass, tuple, Literal, optional, str, int or bool."""
    where = place or "the entry"
    if is_dataclass(kind):
        assert isinstance(kind, type)
        if not isinstance(value, Mapping):
            raise ValueError(f"{where} is {_shown(value)}, not an object")
        known = types_of(kind)
        for name in value:
            if name not in known:
                raise ValueError(f"{_inside(place, str(name))} is no known field")
        for name in known:
            if name not in value and name not in defaulted(kind):
                raise ValueError(f"{_inside(place, name)} is missing")
        return kind(
            **{
                name: _read(of, value[name], _inside(place, name))
                for name, of in known.items()
                if name in value
            }
        )
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:
        return None if value is None else _read(stated(kind), value, place)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{where} is {_shown(value)}, not a list")
        each = [inner[0]] * len(value) if inner[-1] is ... else list(inner)
        if len(each) != len(value):
            raise ValueError(f"{where} has {len(value)} values, not {len(each)}")
        return tuple(
            _read(of, one, f"{place}[{i}]")
            for i, (of, one) in enumerate(zip(each, value, strict=True))
        )
    if origin is Literal:
        if not (isinstance(value, str) and value in inner):
            raise ValueError(f"{where} is {_shown(value)}, not one of {', '.join(inner)}")
        return value
    if type(value) is not kind:
        raise ValueError(f"{where} is {_shown(value)}, not {_NAMES[kind]}")
    if place.endswith("_ppm") and not 0 <= value <= PPM:
        raise ValueError(f"{where} is {value}, not in 0 … {PPM}")
    return value


_NAMES = {str: "text", int: "a whole number", bool: "true or false"}


def _inside(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
