"""Rows that programs logged and that lie aside."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath

from core.findings.facts.base import Facts
from core.text.figures import counted
from core.text.shown import shell_word


@dataclass(frozen=True)
class SetAside(Facts):
    """A segment of the spool that could not be taken in.

    Attributes:
        what: is logged in it.
        sender: the token that logged it; None: it names none.
        rows: how many.
        ledger: name of the ledger's file.
        place: of the segment, from there.
        sha256: of its content.
        answers: whether these are answers of the gate.
    """

    what: str
    sender: str | None
    rows: int
    ledger: str
    place: str
    sha256: str
    answers: bool = False

    def text(self, version: str) -> str:
        by = f" by the token {self.sender}" if self.sender else ""
        return (
            f"{counted(self.rows, 'row')} of {self.what} logged{by} could not be taken into the "
            f"ledger. Nothing is lost: they are kept beside it in {self.place}. All that came in "
            "before and after them was taken in."
        )

    def fix(self) -> str:
        if self.answers:
            return (
                "These are answers of the gate; the server's log names the line at fault. Correct "
                f"that line in the file and move it up into {PurePath(self.place).parent.parent}; "
                "the next fold takes it in, and then this finding closes."
            )
        path, file_ = shell_word(self.ledger), shell_word(self.place)
        return (
            f"See what is wrong: calledger import {file_} --ledger {path}. "
            "Correct the file, import it and delete it; then this finding closes."
        )

    def numbers(self) -> dict[str, str]:
        return {
            "rows": str(self.rows),
            "segment": PurePath(self.place).name,
            "sha256": self.sha256,
        }
