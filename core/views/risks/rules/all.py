"""Whether a signal is covered against each of the twelve failures: one small rule per failure.

Every rule takes facts and says one of four things, with one line of what it rests on:

- *open*: something shows that the failure is there, or the control against it is missing;
- *covered*: the control ran on this signal and found nothing; never only because
  nothing is known;
- *not measured*: what is needed was not logged, or there is too little of it;
- *not applicable*: the failure cannot happen to this signal at present.

With a broken trail nothing that was written or signed can be told: *not measured*.
"""

from __future__ import annotations

from collections.abc import Mapping

from core.views.risks.rules.accountability import audit_trail, ownership
from core.views.risks.rules.calibration import aggregate, drift
from core.views.risks.rules.decisions import escalation, theatre
from core.views.risks.rules.elicitation import anchoring
from core.views.risks.rules.evaluation import gaming, leakage
from core.views.risks.rules.validation import model_update, prompt_edit, unvalidated
from core.views.risks.status import Rule

#: The rule of each failure, by its key in `core.views.risks.catalogue`.
RULES: Mapping[str, Rule] = {
    "unvalidated": unvalidated,
    "aggregate": aggregate,
    "model_update": model_update,
    "drift": drift,
    "leakage": leakage,
    "gaming": gaming,
    "ownership": ownership,
    "audit_trail": audit_trail,
    "escalation": escalation,
    "anchoring": anchoring,
    "prompt_edit": prompt_edit,
    "theatre": theatre,
}
