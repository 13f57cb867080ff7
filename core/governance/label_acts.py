"""What people say of labels: that one is withdrawn, or that one holds.

Either is an act, and a row of the log of outcomes that comes in with it, as any other row does:
through an import of its own, sealed, in the same transaction. So every version stays on record, and
what was known before is known as before.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from core.events import WITHDRAWN
from core.governance.bodies.refusal import Refused
from core.governance.perform import Office
from core.governance.permissions import authorize
from core.governance.recorded_import import import_recorded
from core.queries.claims.claim_history import OutcomeVersion, claim_record, outcome_versions
from core.queries.claims.label_states import label_states, standing_sources
from core.trail.acts import Act, Actor, Proposal

WITHDRAW, CONFIRM = "label.withdrawn", "label.confirmed"
#: What a label that states no source is called.
UNSTATED = "unstated"


def withdraw(
    office: Office, actor: Actor, signal: str, event_id: str, source: str | None, reason: str
) -> Act:
    """Withdraw the last label that a source gave a claim; the one before it is in force again.

    Args:
        source: HUMAN, CODE or LLM; None: labels that state none.
        reason: why.

    Raises:
        Refused: not theirs to do, there is no such claim, no such label, or no reason.
    """
    authorize(office.state(), actor, WITHDRAW, signal)
    versions = _versions(office, signal, event_id)
    if source not in standing_sources(versions):
        known = ", ".join(one or UNSTATED for one in standing_sources(versions)) or "nobody"
        raise Refused(
            f"No label of {source or UNSTATED} stands for event {event_id} of {signal}; there is "
            f"one of: {known}."
        )
    row: dict[str, object] = {"outcome": WITHDRAWN}
    said = {"label_source": source or UNSTATED}
    latest = [one.known_at for one in versions if one.source == source]
    return _say(office, actor, WITHDRAW, (signal, event_id, source), row, said, latest, reason)


def confirm(
    office: Office, actor: Actor, signal: str, event_id: str, outcome: int, reason: str
) -> Act:
    """Say which of contradicting labels holds, as the best source that has one.

    Args:
        outcome: 1 right, 0 wrong.
        reason: why.

    Raises:
        Refused: not theirs to do, there is no such claim, nothing contradicts, or no reason.
    """
    authorize(office.state(), actor, CONFIRM, signal)
    versions = _versions(office, signal, event_id)
    states = label_states(versions)
    if not {"conflict", "contradicts"} & set(states):
        raise Refused(f"Nothing contradicts of event {event_id} of {signal}.")
    source = standing_sources(versions)[0]
    said = {"label_source": source or UNSTATED, "said_right": "right" if outcome else "wrong"}
    latest = [one.known_at for one in versions]
    return _say(
        office, actor, CONFIRM, (signal, event_id, source), {"outcome": outcome}, said, latest,
        reason,
    )  # fmt: skip


def _versions(office: Office, signal: str, event_id: str) -> tuple[OutcomeVersion, ...]:
    with office.ledger.cursor() as cursor:
        if claim_record(cursor, signal, event_id) is None:
            raise Refused(f"There is no claim {event_id} of {signal}.")
        return outcome_versions(cursor, signal, event_id)


def _say(
    office: Office,
    actor: Actor,
    kind: str,
    about: tuple[str, str, str | None],
    row: dict[str, object],
    said: dict[str, str],
    latest: Sequence[datetime],
    reason: str,
) -> Act:
    """Do the act and bring its row in.

    Args:
        about: signal, event and source of the label.
        row: the rest of it.
        said: the rest of the act's body.
        latest: when labels became known that it comes after.
    """
    if not reason.strip():
        raise Refused("Say why, in a sentence.")
    signal, event_id, source = about
    # A label may be dated in the future; what takes it back is known after it all the same.
    at = max(office.now(), *(one + timedelta(microseconds=1) for one in latest))
    record = {"event_id": event_id, "signal": signal, "outcome_ts": f"{at.isoformat()}Z", **row}
    if source is not None:
        record["outcome_source"] = source
    body = {"event_id": event_id, **said, "reason": reason.strip()}
    done: list[Act] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{kind.replace('.', '_')}.jsonl"
        path.write_text(json.dumps(record) + "\n", encoding="utf-8")
        import_recorded(
            office,
            path,
            now=office.now(),
            first=lambda desk, number: done.append(
                desk.perform(Proposal(kind, actor, signal, None, {**body, "import_id": number}))
            ),
        )
    if not done:
        raise Refused(f"This is said of event {event_id} of {signal} already.")
    return done[0]
