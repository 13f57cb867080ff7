"""The written registry as people keep it: YAML in, entries out, and back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import yaml

from core.ledger.errors import LedgerError
from core.registry.entry_table import PEOPLE, Node, defaulted, tree, types_of
from core.registry.escalation_rules import Action, Override, RuleBand
from core.registry.signal_spec import (
    GROUP,
    LOG_ONLY,
    UNPLANNED,
    UNRULED,
    Group,
    SignalSpec,
    Stakes,
)
from core.registry.spec_rules import check_spec, check_values
from core.registry.strict_yaml import (
    MISSING,
    FileProblem,
    Missing,
    Notes,
    Place,
    Unreadable,
    file_text,
    places,
    said,
)
from core.registry.value_checks import SpecProblem

API_VERSION = "calledger/v1"
KINDS: Mapping[str, type] = {"ConfidenceSignal": SignalSpec, "Group": Group}


@dataclass(frozen=True)
class RegistryFile:
    """What a file holds; people are handles, ``user:finance/ann.lee``.

    Attributes:
        specs: its entries, in the file's order.
        groups: its groups.
    """

    specs: tuple[SignalSpec, ...]
    groups: tuple[Group, ...]


class RegistryFileError(LedgerError):
    """A registry file is refused; the message has its first problems, each with its fix.

    Attributes:
        source: the file's name.
        problems: all of them, by line.
    """

    def __init__(self, source: str, problems: Sequence[FileProblem]) -> None:
        super().__init__("\n".join(said(problems, source)))
        self.source = source
        self.problems = tuple(problems)


def read_path(path: str | os.PathLike[str]) -> RegistryFile:
    """Read a registry file.

    Raises:
        RegistryFileError: it is refused.
        LedgerError: there is no such file, or it cannot be read.
    """
    path = Path(path)
    try:
        text = file_text(path, "file")
    except Unreadable as error:
        raise RegistryFileError(path.name, [error.problem]) from None
    return read(text, source=path.name)


def read(text: str, *, source: str = "registry") -> RegistryFile:
    """Read registry entries and groups, one a document.

    Args:
        source: what the file is called in messages.

    Raises:
        RegistryFileError: with every problem of the file.
    """
    try:
        found_places = places(text)
    except Unreadable as error:
        raise RegistryFileError(source, [error.problem]) from None
    if not found_places:
        words = f"holds no entry; write one that begins with apiVersion: {API_VERSION}"
        raise RegistryFileError(source, [FileProblem(1, "", "", words)])
    problems: list[FileProblem] = []
    specs: list[SignalSpec] = []
    groups: list[Group] = []
    names: dict[tuple[type, str], int] = {}
    for place in found_places:
        notes = place.notes
        found = _document(place)
        if found is not None:
            line = notes.line_of("metadata.name")
            first = names.setdefault((type(found), found.name), line)
            if first != line:
                words = f"has an entry already, on line {first}; keep one"
                notes.add(FileProblem(line, "metadata.name", f'"{found.name}"', words))
            if isinstance(found, SignalSpec):
                _note(notes, check_spec(found))
                specs.append(found)
            else:
                _note(notes, check_values(Group, found))
                groups.append(found)
        problems += notes.problems
    if problems:
        raise RegistryFileError(source, sorted(problems, key=lambda one: one.line))
    return RegistryFile(tuple(specs), tuple(groups))


def with_people(spec: SignalSpec, translate: Callable[[str], str]) -> SignalSpec:
    """The entry with every person put through ``translate``; groups stay as they are."""

    def of(person: str) -> str:
        return person if person.startswith(GROUP) else translate(person)

    for row in PEOPLE:
        spec = _with(spec, row.path, of)
    return spec


def _with(holder: Any, path: str, change: Callable[[str], str]) -> Any:
    name, _, rest = path.partition(".")
    kept = getattr(holder, name)
    if rest:
        kept = _with(kept, rest, change)
    else:
        kept = tuple(map(change, kept)) if isinstance(kept, tuple) else change(kept)
    return replace(holder, **{name: kept})


def people_of(spec: SignalSpec) -> tuple[str, ...]:
    """Every person the entry names, each once, the owner first; groups are left out."""
    return tuple(one for one in _named(spec) if not one.startswith(GROUP))


def groups_of(spec: SignalSpec) -> tuple[str, ...]:
    """Every group the entry names, without ``group:``, each once."""
    return tuple(one.removeprefix(GROUP) for one in _named(spec) if one.startswith(GROUP))


def _named(spec: SignalSpec) -> Iterable[str]:
    said = (row.of(spec) for row in PEOPLE)
    return dict.fromkeys(
        one for each in said for one in (each if isinstance(each, tuple) else (each,))
    )


class _Fields:
    """The fields of a mapping; a missing one that is needed is noted."""

    def __init__(self, place: Place | None, known: Iterable[str]) -> None:
        keys = tuple(known)
        found = None
        if place is not None:
            found = place.inside(None if "*" in keys else keys, _BY_PROGRAM)
        self.place = place
        self.found = found if isinstance(found, dict) else {}
        self.readable = isinstance(found, dict)

    def get(self, key: str, need: str = "") -> Place | None:
        """The value of a key; with a ``need`` it must be there."""
        if need and key not in self.found and self.readable and self.place is not None:
            field = f"{self.place.field}.{key}" if self.place.field else key
            self.place.notes.add(FileProblem(self.place.line, field, "", f"is missing; {need}"))
        return self.found.get(key)


_NOT_LOGGED_ONLY = (
    "is for a signal that decides something; leave it out, or write stakes: low, medium or high"
)
_BY_PROGRAM = {"status": "is written by the program only; leave it out"}
#: What stands for a value that is missing or refused, so that the rest can be judged.
_BLANKS: dict[Any, Any] = {str: "", int: 1, Stakes: "low", Action: "review"}


def _document(place: Place) -> SignalSpec | Group | None:
    """The entry or group of a document; None where it cannot be told which it is."""
    top = _Fields(place, ("apiVersion", "kind", "metadata", "spec"))
    version = top.get("apiVersion", f"write apiVersion: {API_VERSION}")
    if version is not None:
        version.choice((API_VERSION,))
    entry, group = KINDS
    named = top.get("kind", f"write kind: {entry} or kind: {group}")
    kind = None if named is None else named.choice(tuple(KINDS))
    if not isinstance(kind, str):
        for key in ("metadata", "spec"):
            top.get(key, tree(SignalSpec)[key].row.need)
        return None
    found: SignalSpec | Group = _record(KINDS[kind], top)
    return found


def _record(kind: Any, fields: _Fields) -> Any:
    """A value of a dataclass with rows, from the fields of its mapping."""
    found: dict[str, Any] = {}
    _gather(fields, tree(kind), found)
    if found.get("stakes") == LOG_ONLY:
        found |= {"validators": (), "validation": UNPLANNED, "rules": UNRULED}
    return _built(kind, found)


def _gather(fields: _Fields, nodes: Mapping[str, Node], found: dict[str, Any]) -> None:
    """Put what is stated under the names of its attributes; what is refused is left out."""
    for key, node in nodes.items():
        row = node.row
        undecided = row.deciding and found.get("stakes") == LOG_ONLY
        place = fields.get(key, "" if undecided else row.need)
        if undecided:
            if place is not None:
                place.refuse(_NOT_LOGGED_ONLY, value=False)
            continue
        if node.inside:
            _gather(_Fields(place, node.inside), node.inside, found)
            continue
        if key == "*":
            inner = get_args(get_args(node.kind)[0])[1]
            others = ((name, one) for name, one in fields.found.items() if name not in nodes)
            value: Any = tuple((name, _or_blank(one, inner)) for name, one in others)
        elif place is None:
            value = found.get(row.usual, "") if row.usual else MISSING
        elif row.alone and not isinstance(place.node, yaml.SequenceNode):
            value = (_or_blank(place, str),)
        else:
            value = _value(place, node.kind, row.path)
        if not isinstance(value, Missing):
            *around, name = row.path.split(".")
            holder = found
            for part in around:
                holder = holder.setdefault(part, {})
            holder[name] = value


def _value(place: Place, kind: Any, name: str = "") -> Any:
    """What stands at a place, read as its type and name say."""
    if kind is str:
        return place.text()
    if kind is bool:
        return place.flag()
    if kind is int and name.endswith("_ppm"):
        return place.fraction()
    if kind is int:
        return place.amount() if name.endswith("_millionths") else place.whole()
    if kind is Override:
        return _override(place)
    if is_dataclass(kind):
        return _record(kind, _Fields(place, tree(kind)))  # type: ignore[arg-type]
    if get_origin(kind) is Literal:
        return place.choice(get_args(kind))
    items = place.items()
    inner = get_args(kind)[0]
    return () if isinstance(items, Missing) else tuple(_or_blank(one, inner) for one in items)


def _or_blank(place: Place, kind: Any) -> Any:
    found = _value(place, kind)
    return _BLANKS[kind] if isinstance(found, Missing) else found


def _override(place: Place) -> Override:
    fields = _Fields(place, ("where", "bands"))
    where = fields.get("where", "write the segment, as in {language: hi}")
    named = [(name, _or_blank(one, str)) for name, one in _Fields(where, "*").found.items()]
    if where is not None and len(named) != 1:
        if isinstance(where.node, yaml.MappingNode):
            where.refuse(f"names {len(named)} segments; write one, as in {{language: hi}}")
        named = []
    dimension, value = named[0] if named else ("", "")
    bands = fields.get("bands", "write at least one")
    return Override(dimension, value, () if bands is None else _value(bands, tuple[RuleBand, ...]))


def _built(kind: Any, found: Mapping[str, Any]) -> Any:
    """A dataclass of the values found, of its defaults, and of blanks for what is missing."""
    said = {}
    for name, of in types_of(kind).items():
        if isinstance(found.get(name), dict):
            said[name] = _built(of, found[name])
        elif name in found:
            said[name] = found[name]
        elif name not in defaulted(kind):
            said[name] = _built(of, {}) if is_dataclass(of) else _BLANKS.get(of, _empty(of))
    return kind(**said)


def _empty(kind: Any) -> tuple[()] | None:
    return () if get_origin(kind) is tuple else None


def _note(notes: Notes, problems: Sequence[SpecProblem] | Iterator[SpecProblem]) -> None:
    """Add what is wrong with the sense of a document, unless its form is wrong there already."""
    found = [
        FileProblem(
            notes.line_of(problem.field),
            problem.field,
            f'"{problem.value}"' if problem.value else "",
            problem.words,
        )
        for problem in problems
        if not notes.refused(_ladder(problem.field))
    ]
    for problem in found:
        notes.add(problem)


def _ladder(field: str) -> str:
    """Bands are judged together: one that cannot be read leaves nothing to say of the others."""
    head, bands, _ = field.partition(".bands")
    return head + bands
