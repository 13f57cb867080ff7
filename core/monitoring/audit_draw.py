"""Audit samples as acts: drawn at random, with the chance of every claim known afterwards.

The act says the seed, the claims drawn from and the chances; with the ledger that is the sample
itself, so anybody can draw it again and compare (`redraw`).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from core.events import PPM
from core.governance.bodies.refusal import Refused
from core.governance.perform import Desk, Office
from core.governance.permissions import authorize
from core.measure.labelling.poisson_sampling import drawing_chance
from core.queries.base.selection import Selection
from core.queries.sums.labelling.audit_frame import Design, Frame, drawn_claims, frame
from core.queries.sums.labelling.audit_samples import keep_sample, kept_sample, newly_to_label
from core.standing.drawn_samples import KIND as KIND
from core.standing.drawn_samples import Drawn as Drawn
from core.standing.drawn_samples import drawn_by as drawn_by
from core.standing.drawn_samples import samples as samples
from core.trail.acts import Act, Actor, Proposal, stamp
from core.trail.canonical_json import sha256_of


@dataclass(frozen=True)
class Redrawn:
    """A sample drawn again.

    Attributes:
        same: whether the act's digest, what is drawn now and what is written down are one.
        n: claims that are drawn now.
        missing: events drawn now that are not recorded, or with another chance.
        extra: events written down that are not drawn now, or with another chance.
        words: the answer in a sentence.
    """

    same: bool
    n: int
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    words: str


def draw(
    office: Office,
    actor: Actor,
    selection: Selection,
    wanted: Mapping[str | None, int],
    by: str | None = None,
) -> Act:
    """Draw a sample and write it down, with its act, as one transaction.

    Of each group so many unlabelled inputs are to be expected in it beyond those that earlier
    samples took and that wait for their label; how many it will be is chance. What is labelled
    already is drawn along with the same chance, so that the sample stands for the whole frame.

    Args:
        actor: the owner, a deputy or a validator.
        selection: the signal, its period and conditions; as it is known now.
        wanted: value of ``by`` → unlabelled inputs to draw; ``{None: n}`` where ``by`` is None.
        by: a dimension of text values; None: all claims alike.

    Raises:
        Refused: not theirs to draw, nothing is written down about the signal, there is nothing to
            draw, or what was drawn waits for its labels.
        LedgerError: the ledger has no such dimension or value.
    """
    with office.acting() as desk:
        return draw_at(desk, actor, selection, wanted, by)


def draw_at(
    desk: Desk,
    actor: Actor,
    selection: Selection,
    wanted: Mapping[str | None, int] | Callable[[Frame], Mapping[str | None, int]],
    by: str | None = None,
    *,
    week: date | None = None,
) -> Act:
    """`draw` within a transaction.

    Args:
        wanted: as there, or what makes it of the claims that may be drawn.
        week: the Monday of the week for which the program draws it; None: somebody does.
    """
    signal = selection.signal
    if signal not in desk.state.entries:
        raise Refused(
            f"{signal} is not registered, so nobody may draw an audit sample of it. Register "
            "it first: calledger registry apply."
        )
    authorize(desk.state, actor, KIND, signal)
    cursor = desk.cursor
    before = samples(cursor, signal)
    seed = before[-1].design.seed if before else secrets.token_hex(16)
    found = frame(cursor, selection, by, drawn=[one.design for one in before])
    asked = wanted(found) if callable(wanted) else wanted
    groups = _groups(found, asked, signal, all_alike=week is not None)
    ((newest,),) = cursor.execute("SELECT coalesce(max(import_id), 0) FROM imports").fetchall()
    design = Design(
        selection,
        by,
        tuple((one["value"], one["chance_ppm"]) for one in groups),
        seed,
        int(newest),
    )
    claims = drawn_claims(cursor, design)
    if not claims:
        raise Refused(
            f"By chance none of the claims of {signal} fell into so small a sample; "
            "ask for more labels."
        )
    if (before or week is not None) and not newly_to_label(cursor, signal, claims):
        raise Refused(
            f"This draw would add no claim of {signal} to label to the samples there are, so "
            "nothing was recorded; ask for more labels."
        )
    body = _body(selection, by, groups, design, claims)
    if week is not None:
        body["week"] = week.isoformat()
    act = desk.perform(Proposal(KIND, actor, signal, None, body))
    keep_sample(cursor, body["audit"], signal, claims)
    return act


def _groups(
    found: Frame, wanted: Mapping[str | None, int], signal: str, *, all_alike: bool
) -> tuple[dict[str, Any], ...]:
    """The groups that something is drawn of, and with which chance.

    Args:
        all_alike: whether groups of which nothing is left to draw are in the sample as a whole, so
            that it stands for every claim.
    """
    unknown = [value for value in wanted if value not in found.values]
    if not len(found) or not found.n_claims.sum():
        raise Refused(
            f"{signal} has no production claim here that could be drawn: those that log their own "
            "label_propensity are under another sampling, and claims without a confidence have "
            "nothing to be audited."
        )
    if unknown:
        several = ", ".join(str(value) for value in found.values)
        raise Refused(f"There is no claim of {unknown[0]} to draw; there are: {several}.")
    groups = []
    short = 0
    for g, value in enumerate(found.values):
        asked = int(wanted.get(value, 0))
        waiting, available = int(found.waiting[g]), int(found.unlabelled.inputs[g])
        if asked <= 0:
            continue
        chance = drawing_chance(asked - waiting, found.undrawn[g])
        short += waiting >= asked
        if not chance and all_alike:
            asked, chance = waiting, PPM
        if chance:
            groups.append(
                {
                    "value": value,
                    "available": available,
                    "waiting": waiting,
                    "wanted": asked,
                    "chance_ppm": chance,
                }
            )
    if not groups and short:
        raise Refused(
            f"{int(found.waiting.sum()):,} drawn claims of {signal} still wait for their label, as "
            "many as are asked for: label those first (calledger labels export)."
        )
    if not groups:
        raise Refused(f"Every claim of {signal} that could be drawn here is labelled already.")
    return tuple(groups)


def _body(
    selection: Selection,
    by: str | None,
    groups: Sequence[Mapping[str, Any]],
    design: Design,
    claims: Sequence[tuple[str, int]],
) -> dict[str, Any]:
    return {
        "audit": f"a-{secrets.token_hex(6)}",
        "seed": design.seed,
        "since": None if selection.since is None else stamp(selection.since),
        "until": None if selection.until is None else stamp(selection.until),
        "where": [[name, list(values)] for name, values in selection.where],
        "by": by,
        "imports": design.imports,
        "groups": list(groups),
        "n": len(claims),
        "sha256": digest(claims),
    }


def digest(claims: Sequence[tuple[str, int]]) -> str:
    """SHA-256 of the canonical list of (event_id, chance in millionths), ascending by event."""
    return sha256_of(sorted([event, chance] for event, chance in claims))


def redraw(cursor: duckdb.DuckDBPyConnection, drawn: Drawn) -> Redrawn:
    """Draw a sample again from its act and the ledger, and hold it against what is written down."""
    again = drawn_claims(cursor, drawn.design)
    now, kept = set(again), set(kept_sample(cursor, drawn.audit))
    missing = tuple(sorted(event for event, _ in now - kept))
    extra = tuple(sorted(event for event, _ in kept - now))
    signed = digest(again) == drawn.sha256
    same = signed and not missing and not extra
    if same:
        words = f"Drawn again, {drawn.audit} is the same {len(again):,} claims, chance for chance."
    elif not signed:
        words = (
            f"Drawn again from the ledger, {drawn.audit} is not what entry {drawn.act.seq} of the "
            "trail signed: claims were added or changed since."
        )
    else:
        words = (
            f"What is written down of {drawn.audit} is not what was drawn: {len(missing):,} "
            f"missing or with another chance, {len(extra):,} never drawn so."
        )
    return Redrawn(same, len(again), missing, extra, words)
