"""Tokens that were looked up, for as long as nothing was written to the ledger since."""

from __future__ import annotations

import hashlib
import threading

from core.governance.people import api_tokens
from core.governance.perform import Office
from core.ledger.damage import change_mark


class Grants:
    """What the tokens that ask again and again allow, without reading the trail each time."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._of: object = None
        self._found: dict[str, api_tokens.Token] = {}
        self._changing = threading.Lock()

    def known(self, secret: str) -> api_tokens.Token | None:
        """The token of a secret; None: it has to be looked up."""
        with self._changing:
            mark = change_mark(self._office.ledger.path)
            if mark is None or self._of != mark:
                return None
            return self._found.get(_hash(secret))

    def look_up(self, secret: str) -> api_tokens.Token | None:
        """The token of a secret as the ledger has it; None: it opens nothing.

        Raises:
            LedgerError: the trail, in which stands what a token may, is broken.
        """
        # Taken before the reading, so a commit in between is seen next time.
        of = change_mark(self._office.ledger.path)
        cursor = self._office.ledger.cursor()
        found = api_tokens.grant_of(cursor, self._office.state(), secret)
        if found is not None:
            with self._changing:
                if self._of != of:
                    self._of, self._found = of, {}
                self._found[_hash(secret)] = found
        return found


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
