"""The facts of a finding, from which its words are made whenever it is read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar


class Facts(ABC):
    """What was found; each kind of finding has a frozen dataclass of its own.

    Its fields stand in the trail. Whatever is said of it follows from them, so that other words
    write no act.

    Attributes:
        FIX: what to do next, in a sentence, where that is the same for all.
    """

    FIX: ClassVar[str] = ""

    @abstractmethod
    def text(self, version: str) -> str:
        """What is wrong, in sentences.

        Args:
            version: the fingerprint it is about, as people read it; "" where it is about none.
        """

    def fix(self) -> str:
        """What to do next, in a sentence."""
        return self.FIX

    def numbers(self) -> dict[str, str]:
        """The main numbers as text, by name, for programs and for the page that shows them."""
        return {}
