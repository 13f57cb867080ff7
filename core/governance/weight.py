"""Which acts are of weight: whoever does one signs on once more for it, where people sign on."""

from __future__ import annotations

from core.governance.state import State
from core.trail.act_kinds import KINDS
from core.trail.acts import Proposal


def of_weight(state: State, proposal: Proposal) -> bool:
    """Whether an act opens a gate, ends something for good, or says who may do so.

    Of most kinds every act is, or none. Who is away and back again keeps all their roles, so that
    is said at once; who leaves loses them, and who comes back has them again.
    """
    if KINDS[proposal.kind].weighty:
        return True
    if proposal.kind != "person.status":
        return False
    known = state.people.get(str(proposal.body.get("sub")))
    left = known is not None and known.status == "left"
    return (proposal.body.get("status") == "left") != left
