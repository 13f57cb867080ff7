"""What needs no chance: nobody answers, and a trail that is not what was signed."""

from __future__ import annotations

import random

from core.findings.kinds import conditions
from core.governance.replay import Replay, TrailBroken
from core.ledger.connection import Ledger
from detection.ledgers import governed


def nobody(seed: int) -> tuple[bool, bool]:
    """Whether an empty seat is found in the next round, and one where a deputy is left."""
    with Ledger.in_memory() as ledger:
        made = governed(ledger)
        people = ["user:desk/ann", "user:desk/bob"]
        random.Random(seed).shuffle(people)
        found = []
        for handle in people:
            made.do(
                "user:desk/admin", "person.status", None, signal=None,
                sub=made.sub(handle), status="left", until=None,
            )  # fmt: skip
            wrong = conditions(made.office.state(), (), made.clock.now)
            found.append(any(one.kind == "empty_owner_seat" for one in wrong))
    return found[1], found[0]


def no_trail(seed: int) -> tuple[bool, bool]:
    """Whether one changed character of one entry, or one entry lost, is found; and none."""
    chance = random.Random(seed)
    with Ledger.in_memory() as ledger:
        governed(ledger)
        cursor = ledger.cursor()
        before = _broken(cursor)
        rows = cursor.execute("SELECT seq, entry FROM acts ORDER BY seq").fetchall()
        seq, entry = chance.choice(rows)
        if chance.random() < 0.5:
            cursor.execute("DELETE FROM acts WHERE seq = $seq", {"seq": seq})
        else:
            at = chance.randrange(len(entry))
            other = chance.choice([c for c in "abc019 ,}" if c != entry[at]])
            cursor.execute(
                "UPDATE acts SET entry = $entry WHERE seq = $seq",
                {"seq": seq, "entry": entry[:at] + other + entry[at + 1 :]},
            )
        return _broken(cursor), before


def _broken(cursor) -> bool:
    try:
        Replay().caught_up(cursor)
    except TrailBroken:
        return True
    return False
