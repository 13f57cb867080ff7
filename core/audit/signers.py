"""Who signed, by the name that the trail commits to, and how it is known that it was they."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from core.governance.people.names import Directory, Name
from core.text.figures import counted
from core.trail.acts import ASSURANCES, Act

#: Entries that are named of one person and assurance; the others are counted.
_NAMED = 12


def signers(acts: Iterable[Act], names: Directory | None) -> tuple[str, ...]:
    """Everybody who signed, each with the entries and their assurance, in words.

    Args:
        acts: of a trail that is intact.
        names: the directory beside it; None: an export that was written without one.
    """
    acts = list(acts)
    signed = [act for act in acts if act.signature is not None]
    signed.sort(key=lambda act: act.actor.sub)
    said = [
        f"Signed by {_who(sub, names)}{_by(sub, acts)}: {'; '.join(_entries(list(found)))}."
        for sub, found in groupby(signed, key=lambda act: act.actor.sub)
    ]
    if said and names is None:
        said.append(
            "This export carries no names. One that does says who they are: calledger trail export "
            "--names."
        )
    return tuple(said)


def _who(sub: str, names: Directory | None) -> str:
    found = None if names is None else names.names.get(sub)
    return sub if found is None else f"{_named(found)} ({sub}{_doubt(found)})"


def _by(sub: str, acts: Iterable[Act]) -> str:
    """Where somebody ever signed on: who vouches for an assurance that is not none."""
    found = dict.fromkeys(
        str(act.body.get("issuer"))
        for act in acts
        if act.kind == "person.bound" and act.body.get("sub") == sub
    )
    return f", who signs on at {', '.join(found)}" if found else ""


def _named(name: Name) -> str:
    return name.printed_name or name.handle or "somebody"


def _doubt(name: Name) -> str:
    """What keeps a name from being proven; nothing where the trail commits to it."""
    if name.altered:
        return ", the name here does not match its commitment"
    if name.handle is None:
        return ", name erased"
    return "" if name.recorded else ", name not committed"


def _entries(acts: list[Act]) -> Iterator[str]:
    """The entries by assurance, the strongest first."""
    for assurance in reversed(ASSURANCES):
        seqs = [str(act.seq) for act in acts if act.actor.assurance == assurance]
        if seqs:
            more = len(seqs) - _NAMED
            tail = f" and {counted(more, 'more', 'more')}" if more > 0 else ""
            word = "entry" if len(seqs) == 1 else "entries"
            yield f"{word} {', '.join(seqs[:_NAMED])}{tail} on assurance {assurance}"
