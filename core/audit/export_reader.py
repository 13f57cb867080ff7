"""An export read line by line; every line must be the one the program wrote."""

from __future__ import annotations

import json
from pathlib import Path

from core.audit.chain_check import BAD, Walk
from core.audit.export import FORMAT, checkpoint_line, evidence_line, header, person_line
from core.audit.held import first_line, stamped_sizes
from core.audit.walk_checks import altered, check_due, digest_of, missing
from core.governance.people import names as directory
from core.trail.canonical_json import canonical
from core.trail.checkpoints.time_stamps import Stamp
from core.trail.problems import Problem


class ExportReader:
    """Reads an export line by line; every line must be the one the program wrote."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._due = False
        self._found: list[str] = []
        self._header: str | None = None
        self._carried = False
        self._people: list[directory.NameRow] = []
        self.stamps: list[Stamp] = []
        self.crlf = False

    @property
    def people(self) -> tuple[directory.NameRow, ...] | None:
        """The directory; None: the export was written without one."""
        return tuple(self._people) if self._carried else None

    def read(self, path: Path) -> None:
        """Read all of it.

        Raises:
            OSError: the file cannot be read.
        """
        number = 0
        with path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                if number == 1:
                    self.crlf = raw.endswith(b"\r\n")
                # A carriage return is never part of canonical JSON. Where only some lines have
                # one, each of those is said to be none of an export.
                changed = self.crlf and raw.endswith(b"\r\n")
                self._line(number, raw[:-2] + b"\n" if changed else raw)
        if number == 0:
            self._problem("The file is empty.")
            return
        self._entry_is_signed()
        walk = self._walk
        keys = tuple(key.text for _, key in walk.keys)
        people = len(self._people) if self._carried else None
        due = header(walk.origin or "", keys, walk.count, people)
        if self._header is not None and self._header != due:
            self._problem(
                f"The header in line 1 ({self._header[:300]}) is not that of the {walk.count} "
                "entries that follow it."
            )
        if self._found != sorted(set(self._found)) or set(self._found) - walk.evidence.keys():
            self._problem("The evidence is out of order, doubled, or cited by no entry.")
        walk.problems += missing(set(self._found), walk)

    def _line(self, number: int, raw: bytes) -> None:
        try:
            text = raw.decode("utf-8")
            if not text.endswith("\n"):
                raise ValueError("it is cut short")
            text = text[:-1]
            read = json.loads(text)
            if not isinstance(read, dict):
                raise ValueError("it is not an object")
            names = read.keys()
            if number == 1:
                self._first_line(text, read)
            elif names == {"checkpoint"}:
                self._checkpoint(number, text, read["checkpoint"])
            elif names == {"bundle", "sha256"}:
                self._evidence(text, read["sha256"], read["bundle"])
            elif names == {"stamp"}:
                self._stamp(number, text)
            elif names == {"person"}:
                self._person(text, read["person"])
            else:
                self._entry(text)
        except BAD as error:
            self._problem(f"Line {number} is not one of an export: {first_line(error)}.")

    def _first_line(self, text: str, read: dict[str, object]) -> None:
        if read.get("format") != FORMAT or canonical(read) != text:
            raise ValueError(f"line 1 of a {FORMAT} export is its header")
        self._header = text
        self._carried = "people" in read

    def _stamp(self, number: int, text: str) -> None:
        # Before the entries, so that the tree is looked at where one is.
        if self._walk.count:
            self._problem(f"The time stamp in line {number} stands after an entry.")
        self.stamps.append(Stamp.of(text))
        self._walk.wanted |= stamped_sizes(self.stamps[-1:])

    def _entry(self, text: str) -> None:
        self._entry_is_signed()
        if self._found or self._people:
            self._problem(f"Entry {self._walk.count} stands after the evidence or the directory.")
        self._walk.entry(text)
        self._due = True

    def _checkpoint(self, number: int, text: str, note: object) -> None:
        if not isinstance(note, str) or checkpoint_line(note) != text:
            raise ValueError("it is not canonical JSON")
        if not self._due:
            self._problem(f"The checkpoint in line {number} follows no entry.")
            return
        self._due = False
        self._walk.checkpoint(note)

    def _evidence(self, text: str, sha256: object, bundle: object) -> None:
        if not isinstance(sha256, str) or not isinstance(bundle, str):
            raise ValueError("a bundle is text")
        if evidence_line(sha256, bundle) != text:
            raise ValueError("it is not canonical JSON")
        self._entry_is_signed()
        if self._people:
            self._problem(f"The evidence {sha256[:12]}… stands after the directory.")
        self._found.append(sha256)
        if digest_of(bundle) != sha256:
            self._walk.problems.append(altered(sha256, self._walk))

    def _person(self, text: str, found: object) -> None:
        if not isinstance(found, dict) or not all(
            isinstance(value, str | None) for value in found.values()
        ):
            raise ValueError("a person is an object of texts")
        row = directory.NameRow(**found)
        if not isinstance(row.sub, str) or person_line(row) != text:
            raise ValueError("it is not canonical JSON")
        self._entry_is_signed()
        self._people.append(row)

    def _entry_is_signed(self) -> None:
        check_due(self._walk, self._due, self._walk.count - 1)
        self._due = False

    def _problem(self, words: str) -> None:
        self._walk.problems.append(Problem("file", None, words))
