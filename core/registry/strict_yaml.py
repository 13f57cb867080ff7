"""YAML read strictly: every value keeps its line, and whatever is ambiguous is refused.

PyYAML alone would take the last of two equal keys, read ``on`` as true and ``0.10`` as a float,
and follow aliases until memory ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

import yaml

from core.events import PPM
from core.ledger.errors import LedgerError
from core.text.shown import shortened

Word = TypeVar("Word", bound=str)

#: No entry nests deeper; a bomb does.
DEEPEST = 20
_TOO_DEEP = f"is nested more than {DEEPEST} deep; no entry is"
#: Of a refused file, so many problems are said; the others are counted.
SAID = 10
#: The nearest known word is looked for in so many problems of a document, and for no longer word.
_HELPED, _LONGEST_HELPED = 100, 100
#: As much as a message shows of a field's path, of a value and of what is wrong.
_FIELD_SHOWN, _VALUE_SHOWN, _WORDS_SHOWN = 120, 80, 400

#: A longer text than people write by hand is read by libyaml, where PyYAML was built with it: ten
#: times as fast, and with less to say of what is wrong.
_BY_HAND = 50_000

_FRACTION = re.compile(r"(?:0|1)(?:\.(\d{1,40}))?")
_AMOUNT = re.compile(r"(0|[1-9]\d{0,8})(?:\.(\d{1,6}))?")
_INTO = re.compile(r"[.\[]")
_WHOLE = re.compile(r"0|[1-9]\d{0,9}")
_TEXT_TAG, _INT_TAG, _BOOL_TAG = (f"tag:yaml.org,2002:{name}" for name in ("str", "int", "bool"))
_SIGNIFICANT = 6


@dataclass(frozen=True)
class FileProblem:
    """Why a file is refused, at one place of it.

    Attributes:
        line: counted from 1.
        field: ``spec.validation.criteria[1].max``; "" for the file as a whole.
        value: as it stands there, text in quotes; "" where nothing does.
        words: what is wrong with it and what to write instead, beginning with the verb.
    """

    line: int
    field: str
    value: str
    words: str

    def __str__(self) -> str:
        where = f"line {self.line}"
        if self.field:
            where += f", {shortened(self.field, _FIELD_SHOWN)}"
        value = f"{shortened(self.value, _VALUE_SHOWN)} " if self.value else ""
        words = shortened(self.words, _WORDS_SHOWN)
        return f"{where}: {value}{words}{'' if words.endswith('?') else '.'}"


def said(problems: Sequence[FileProblem], source: str = "") -> tuple[str, ...]:
    """The first problems of a refused file, each a sentence, and how many more there are.

    Args:
        problems: all of them, in the order in which they are said.
        source: what the file is called; it begins each sentence.
    """
    lines = tuple(f"{source} {problem}".lstrip() for problem in problems[:SAID])
    more = len(problems) - SAID
    if more <= 0:
        return lines
    return (*lines, f"And {more:,} more {'problem' if more == 1 else 'problems'}.")


@dataclass(frozen=True)
class Missing:
    """Stands for a value that could not be read; its problem has been noted."""


MISSING = Missing()


class Unreadable(Exception):  # noqa: N818 (it reads as what is the matter)
    """The text is no YAML that is accepted at all; nothing more can be said about it."""

    def __init__(self, problem: FileProblem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def file_text(path: Path, what: str) -> str:
    """The text of a file that a person wrote.

    Args:
        what: it is called, as in "There is no notices file …".

    Raises:
        Unreadable: it is not UTF-8.
        LedgerError: there is no such file, or it cannot be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise LedgerError(f"There is no {what} {path}.") from None
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        problem = FileProblem(line, "", "", "is not UTF-8 text; save the file as UTF-8")
        raise Unreadable(problem) from None


def documents(text: str) -> list[yaml.Node]:
    """The documents of a file, without empty ones.

    Raises:
        Unreadable: no YAML, or with anchors, aliases, tags, or nested too deep.
    """
    try:
        _refuse_bombs(text)
        nodes = list(yaml.compose_all(text, Loader=_loader(text)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = error.problem or error.context or "cannot be read"
        line = 1 if mark is None else mark.line + 1
        if "nesting depth" in what:
            raise Unreadable(FileProblem(line, "", "", _TOO_DEEP)) from None
        raise Unreadable(FileProblem(line, "", "", f"is no YAML: {what}")) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"has a character that YAML does not allow, {chr(error.character)!a}"
        raise Unreadable(FileProblem(line, "", "", what)) from None
    return [node for node in nodes if not _is_empty(node)]


def places(text: str) -> list[Place]:
    """The documents of a file as the places that reading begins at, each with notes of its own.

    Raises:
        Unreadable: as `documents`.
    """
    return [Place(node, "", node.start_mark.line + 1, Notes()) for node in documents(text)]


def only_place(text: str) -> Place | None:
    """The same of a file that holds one document; None: it holds none.

    Raises:
        Unreadable: as `documents`, or it holds several.
    """
    found = places(text)
    if len(found) > 1:
        raise Unreadable(FileProblem(1, "", "", "holds several documents; keep one"))
    return found[0] if found else None


def _loader(text: str) -> type[yaml.SafeLoader]:
    if len(text) <= _BY_HAND:
        return yaml.SafeLoader
    found: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return found


def _refuse_bombs(text: str) -> None:
    """Look at the events before anything is built of them."""
    depth = 0
    for event in yaml.parse(text, Loader=_loader(text)):
        assert event.start_mark is not None
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            words = f"uses the alias *{event.anchor}; write the value out"
            raise Unreadable(FileProblem(line, "", "", words))
        if not isinstance(event, yaml.NodeEvent):
            depth -= isinstance(event, yaml.CollectionEndEvent)
            continue
        if event.anchor is not None:
            words = f"sets the anchor &{event.anchor}; leave it out"
            raise Unreadable(FileProblem(line, "", "", words))
        tag = getattr(event, "tag", None)
        if tag is not None:
            words = f"has the tag {tag}; leave it out"
            raise Unreadable(FileProblem(line, "", "", words))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise Unreadable(FileProblem(line, "", "", _TOO_DEEP))


def _is_empty(node: yaml.Node | None) -> bool:
    return node is None or (isinstance(node, yaml.ScalarNode) and node.value == "")


class Place:
    """A value at a place of the file, and the way to those inside it.

    Every reading method notes what is wrong in ``notes`` and then gives `MISSING`, so that the
    whole file is read before it is refused.

    Attributes:
        field: its path, ``spec.validation``.
        line: where it stands, counted from 1.
    """

    def __init__(self, node: yaml.Node, field: str, line: int, notes: Notes) -> None:
        self.node = node
        self.field = field
        self.line = line
        self.notes = notes
        notes.lines.setdefault(field, line)

    def refuse(self, words: str, *, value: bool = True) -> Missing:
        """Note a problem with this value."""
        shown = _shown(self.node) if value else ""
        self.notes.add(FileProblem(self.line, self.field, shown, words))
        return MISSING

    def inside(
        self, known: Sequence[str] | None, hints: Mapping[str, str] | None = None
    ) -> dict[str, Place] | Missing:
        """The values of a mapping by key.

        Args:
            known: the keys it may have; None: any text.
            hints: what to say of certain unknown keys instead of the nearest known one.
        """
        if not isinstance(self.node, yaml.MappingNode):
            fix = "write fields, one a line"
            return self.refuse(f"is no mapping; {fix}" if known is None else
                               f"is no mapping; write the fields {_listed(known)}")  # fmt: skip
        found: dict[str, Place] = {}
        for key_node, value_node in self.node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._note(line, "", "has a key that is no text; write a plain word")
                continue
            key = key_node.value
            if key_node.tag != _TEXT_TAG:
                read = key_node.tag.rsplit(":", 1)[-1]
                self._note(line, key, f'is read as {_READ.get(read, read)}; write "{key}"')
            elif key in found:
                first = found[key].line
                self._note(line, key, f"stands there twice, first on line {first}; keep one")
            elif known is not None and key not in known:
                helped = len(self.notes.problems) < _HELPED
                self._note(line, key, (hints or {}).get(key) or _unknown(key, known, helped))
            else:
                found[key] = Place(value_node, _joined(self.field, key), line, self.notes)
        return found

    def _note(self, line: int, key: str, words: str) -> None:
        self.notes.add(FileProblem(line, _joined(self.field, key), "", words))

    def items(self) -> list[Place] | Missing:
        """The values of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            return self.refuse("is no list; write it in brackets, as in [a, b]")
        return [
            Place(one, f"{self.field}[{i}]", one.start_mark.line + 1, self.notes)
            for i, one in enumerate(self.node.value)
        ]

    def text(self) -> str | Missing:
        """Text; what YAML would read as something else has to stand in quotes."""
        if not isinstance(self.node, yaml.ScalarNode):
            return self.refuse("is no text; write one value")
        if self.node.tag != _TEXT_TAG:
            read = self.node.tag.rsplit(":", 1)[-1]
            if read == "null":
                return self.refuse("is empty; write some text", value=False)
            return self.refuse(f'is read as {_READ.get(read, read)}; write "{self.node.value}"')
        return str(self.node.value).strip()

    def choice(self, allowed: Sequence[Word]) -> Word | Missing:
        """One of a few words."""
        found = self.text()
        if isinstance(found, Missing):
            return found
        if found not in allowed:
            return self.refuse(f"is not known{_nearest(found, allowed)}; write {_or(allowed)}")
        return next(word for word in allowed if word == found)

    def whole(self) -> int | Missing:
        """A whole number, in plain digits."""
        node = self.node
        plain = isinstance(node, yaml.ScalarNode) and node.tag == _INT_TAG
        if not (plain and _WHOLE.fullmatch(node.value)):
            return self.refuse("is no whole number; write plain digits without quotes, as in 90")
        return int(node.value)

    def flag(self) -> bool | Missing:
        """``true`` or ``false``."""
        node = self.node
        plain = isinstance(node, yaml.ScalarNode) and node.tag == _BOOL_TAG
        if not (plain and node.value in ("true", "false")):
            return self.refuse("is not true or false; write one of these words, without quotes")
        return str(node.value) == "true"

    def fraction(self) -> int | Missing:
        """A quoted decimal from 0 to 1, in whole millionths."""
        node = self.node
        if not isinstance(node, yaml.ScalarNode):
            return self.refuse("is no fraction; " + _QUOTED)
        match = _FRACTION.fullmatch(node.value)
        if node.style not in ("'", '"'):
            fix = f'write "{node.value}"' if match else _QUOTED
            if node.tag == _TEXT_TAG:
                return self.refuse("is no fraction; " + _QUOTED)
            return self.refuse(f"is not in quotes, and a float is not exact; {fix}")
        if match is None:
            return self.refuse("is no fraction; " + _QUOTED)
        digits = match[1] or ""
        if len(digits) > _SIGNIFICANT:
            fix = f'write "{node.value[: 2 + _SIGNIFICANT]}"'
            return self.refuse(f"has more than {_SIGNIFICANT} decimals; {fix}")
        ppm = int(node.value[0]) * PPM + int(digits.ljust(_SIGNIFICANT, "0"))
        return ppm if ppm <= PPM else self.refuse("is above 1; " + _QUOTED)

    def amount(self) -> int | Missing:
        """A quoted decimal from 0, such as a cost, in whole millionths."""
        node = self.node
        match = _AMOUNT.fullmatch(node.value) if isinstance(node, yaml.ScalarNode) else None
        if match is None or not isinstance(node, yaml.ScalarNode):
            return self.refuse("is no amount; " + _AMOUNT_QUOTED)
        if node.style not in ("'", '"'):
            return self.refuse(f'is not in quotes, and a float is not exact; write "{node.value}"')
        return int(match[1]) * PPM + int((match[2] or "").ljust(_SIGNIFICANT, "0"))


class Notes:
    """What was found while reading a document: problems, and the line of every field."""

    def __init__(self) -> None:
        self.problems: list[FileProblem] = []
        self.lines: dict[str, int] = {}
        self._refused: set[str] = set()
        self._around_refused: set[str] = set()

    def add(self, problem: FileProblem) -> None:
        """Note a problem."""
        self.problems.append(problem)
        if problem.field:
            self._refused.add(problem.field)
            self._around_refused.update(_around(problem.field))

    def line_of(self, field: str) -> int:
        """The line of a field, or of the nearest one around it."""
        while field not in self.lines and field:
            field = field[: max(field.rfind("."), field.rfind("["), 0)]
        return self.lines.get(field, 1)

    def refused(self, field: str) -> bool:
        """Whether a problem was noted at the field, around it or inside it."""
        return (
            field in self._refused
            or field in self._around_refused
            or not self._refused.isdisjoint(_around(field))
        )


_QUOTED = 'write a decimal from 0 to 1 in quotes, as in "0.05"'
_AMOUNT_QUOTED = 'write a decimal below a thousand million in quotes, as in "2.50"'
_READ = {
    "bool": "true or false",
    "int": "a number",
    "float": "a number",
    "null": "nothing",
    "timestamp": "a date",
    "merge": "a merge",
    "value": "a default",
}


def _around(field: str) -> Iterator[str]:
    """The fields that a field lies in: ``a`` and ``a.b`` of ``a.b[0]``."""
    return (field[: mark.start()] for mark in _INTO.finditer(field))


def _joined(field: str, key: str) -> str:
    return f"{field}.{key}" if field and key else field or key


def _shown(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode):
        return ""
    value = node.value if len(node.value) <= 60 else f"{node.value[:57]}…"
    value = ascii(value)[1:-1] if "\n" in value else value
    return f'"{value}"' if node.style in ("'", '"') or node.tag == _TEXT_TAG else value


def _unknown(key: str, known: Sequence[str], helped: bool) -> str:
    near = _close(key, known) if helped else []
    fix = f"did you mean {near[0]}?" if near else f"there are {_listed(known)}"
    return f"is no known field; {fix}"


def _nearest(word: str, known: Sequence[str]) -> str:
    near = _close(word, known)
    return f" (did you mean {near[0]}?)" if near else ""


def _close(word: str, known: Sequence[str]) -> list[str]:
    return [] if len(word) > _LONGEST_HELPED else get_close_matches(word, known, n=1)


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def _or(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
