"""The pages, one row each: navigation, links and tests are made from these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: What a page lets its reader filter by: all claims' filters, one signal, or nothing.
Scope = Literal["everything", "signal", "nothing"]


@dataclass(frozen=True)
class Page:
    """A page of the dashboard.

    Attributes:
        key: its name in files, addresses and queries.
        title: what people call it.
        group: under which heading the navigation has it.
        icon: Streamlit's name of its icon.
        help: the question it answers.
        filters: what its readers filter by.
        hidden: whether the navigation leaves it out: it opens from a name, and shows one thing.
    """

    key: str
    title: str
    group: str
    icon: str
    help: str
    filters: Scope = "nothing"
    hidden: bool = False

    @property
    def path(self) -> str:
        """Its script, relative to `dashboard/`, as Streamlit's links name it."""
        return f"app_pages/{self.group.lower()}/{self.key}.py"

    @property
    def opening(self) -> str:
        """What a link to it says."""
        return f"Open in {self.title}"


_ROWS = (
    Page(
        "this_week",
        "This week",
        "Review",
        ":material/event_note:",
        "What changed, what is worst, and what to open first.",
    ),
    Page(
        "signal",
        "Signal",
        "Review",
        ":material/sensors:",
        "Everything about one signal: its verdict, its owner, and whether it may act.",
        hidden=True,
    ),
    Page(
        "reliability",
        "Reliability",
        "Review",
        ":material/show_chart:",
        "Is this signal calibrated, and where in its range is it not.",
        "everything",
    ),
    Page(
        "segments",
        "Segments",
        "Review",
        ":material/grid_view:",
        "Which cases the total hides.",
        "everything",
    ),
    Page(
        "drift",
        "Drift",
        "Review",
        ":material/timeline:",
        "Since when, and after which model or prompt change.",
        "everything",
    ),
    Page(
        "changes",
        "Changes",
        "Review",
        ":material/compare_arrows:",
        "This new model or prompt: before and after, on which segments.",
        "everything",
    ),
    Page(
        "labels",
        "Labels",
        "Review",
        ":material/label:",
        "Which labels would decide what is still open, and the audit sample.",
        "everything",
    ),
    Page(
        "registry",
        "Registry",
        "Govern",
        ":material/assignment_ind:",
        "Who owns it, is it validated, until when, under which rules.",
    ),
    Page(
        "sign_off",
        "Sign-off",
        "Govern",
        ":material/draw:",
        "The evidence, the criteria met and missed, and the signature.",
    ),
    Page(
        "thresholds",
        "Thresholds",
        "Govern",
        ":material/tune:",
        "A threshold with a guarantee, tuned on one set and checked on another.",
    ),
    Page(
        "escalation",
        "Escalation",
        "Govern",
        ":material/call_split:",
        "The rules, how many cases each took, and where they were not kept.",
    ),
    Page(
        "watch",
        "Watch",
        "Govern",
        ":material/visibility:",
        "What is measured again, when, with what outcome, and who is told.",
    ),
    Page(
        "risks",
        "Risks",
        "Govern",
        ":material/shield:",
        "Twelve ways trust fails, for every signal: covered, open, or not measured.",
    ),
    Page(
        "decision_trail",
        "Decision trail",
        "Audit",
        ":material/history_edu:",
        "Who did what, on which numbers; is the trail intact.",
    ),
    Page(
        "claims",
        "Claims",
        "Audit",
        ":material/receipt_long:",
        "One claim end to end: what was said, and what happened.",
        "everything",
    ),
    Page(
        "data",
        "Data",
        "Audit",
        ":material/database:",
        "What came in, what was refused and why, how much is labelled.",
        "signal",
    ),
)
#: By key, in the order of the navigation; the first is what opens.
PAGES = {page.key: page for page in _ROWS}
