"""The twelve ways in which trust in a confidence fails, and what their controls support.

The mapping names the part of each text that a failure's control *supports*. It certifies nothing,
and which risk belongs to which clause is a judgement; see `NOTES`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mapping:
    """What a failure's control supports, by text; "" where the mapping names nothing.

    Attributes:
        sr_26_2: theme of SR 26-2.
        eu_ai_act: articles.
        nist_ai_rmf: subcategories.
        iso_42001: controls of Annex A.
    """

    sr_26_2: str
    eu_ai_act: str
    nist_ai_rmf: str
    iso_42001: str

    def named(self) -> tuple[tuple[str, str], ...]:
        """(text, part) in the order of `SOURCES`, those that name nothing left out."""
        parts = (self.sr_26_2, self.eu_ai_act, self.nist_ai_rmf, self.iso_42001)
        return tuple((name, part) for name, part in zip(SOURCES, parts, strict=True) if part)


@dataclass(frozen=True)
class QuietFailure:
    """One of the twelve.

    Attributes:
        key: in links and files.
        title: what goes wrong, in words.
        control: what this program does against it.
        supports: which parts of which texts that supports.
    """

    key: str
    title: str
    control: str
    supports: Mapping


SOURCES = ("SR 26-2", "EU AI Act", "NIST AI RMF 1.0", "ISO/IEC 42001")

FAILURES = (
    QuietFailure(
        "unvalidated",
        "Numbers trusted before they were validated",
        "A hard gate: a claim whose version is not validated falls back to people.",
        Mapping(
            "validation before use", "Art. 15(1), 17(1)(d)", "MEASURE 2.5, MANAGE 1.1", "A.6.2.4"
        ),
    ),
    QuietFailure(
        "aggregate",
        "A healthy aggregate hides failing cases",
        "Calibration per segment, intervals corrected together; the high-confidence band is read "
        "on its own.",
        Mapping("outcomes analysis", "Art. 15(3)", "MEASURE 2.3, 2.11", "A.6.2.4"),
    ),
    QuietFailure(
        "model_update",
        "A model update shifts everything overnight",
        "A new model is a new fingerprint, which starts unvalidated; its owner gets a dated task. "
        "Kept inputs that are asked again find one that changes behind its name.",
        Mapping(
            "monitoring, vendor models",
            "Art. 12(2)(a), 17(1)(a)",
            "MANAGE 3.1, 3.2, GOVERN 6.2",
            "A.6.2.6",
        ),
    ),
    QuietFailure(
        "drift",
        "Inputs drift",
        "Standing re-measurement on recent production claims; harder cases are separated from "
        "lost calibration.",
        Mapping("ongoing monitoring", "Art. 26(5), 72", "MEASURE 2.4, 3.1", "A.6.2.6"),
    ),
    QuietFailure(
        "leakage",
        "Thresholds tuned on the data they are judged on",
        "Tuning and heldout claims are kept apart; claims that share an event or an input are "
        "found and refused as evidence.",
        Mapping("independence", "Art. 17(1)(d)", "MEASURE 2.1, 1.3", "A.6.2.4"),
    ),
    QuietFailure(
        "gaming",
        "One metric optimised, and gamed",
        "Every number beside its curve and histogram; a calibration bound counts only with a "
        "discrimination bound; collapse is detected.",
        Mapping("effective challenge", "Art. 15(3)", "MEASURE 2.13, 1.2", "A.6.2.4"),
    ),
    QuietFailure(
        "ownership",
        "Nobody owns the signal",
        "An owner, a deputy, and people responsible for schema, thresholds and monitoring; an "
        "empty seat closes the gate.",
        Mapping("roles", "Art. 17(1)(m)", "GOVERN 2.1, MANAGE 2.4", "A.3.2"),
    ),
    QuietFailure(
        "audit_trail",
        "No audit trail",
        "Claims are logged with their outcomes; acts are kept in a signed trail; rows are sealed.",
        Mapping(
            "documentation",
            "Art. 12, 19, 26(6): six months at least",
            "MANAGE 4.1, MEASURE 2.8",
            "A.6.2.8",
        ),
    ),
    QuietFailure(
        "escalation",
        "Unclear escalation",
        "Written rules, total by construction; what was done otherwise is listed as a breach.",
        Mapping("governance", "Art. 14(4)(d) and (e), 26(2)", "GOVERN 3.2, MAP 3.5", "A.3.2"),
    ),
    QuietFailure(
        "anchoring",
        "Confidence anchored by the answer",
        "How and when the confidence was asked for is logged, and ways of asking are compared on "
        "the same inputs.",
        Mapping("conceptual soundness", "Art. 14(4)(b)", "MEASURE 2.9", "A.6.2.4"),
    ),
    QuietFailure(
        "prompt_edit",
        "A prompt edit moves confidence silently",
        "A new prompt is a new fingerprint: it is measured by itself before it may act.",
        Mapping("change control", "Art. 17(1)(a)", "MANAGE 4.1", "A.6.2.6"),
    ),
    QuietFailure(
        "theatre",
        "Confidence theatre",
        "The decisions a confidence changed are counted; one that changes none is called out.",
        Mapping("purpose, materiality", "", "MEASURE 1.1, 2.13", ""),
    ),
)

NOTES = (
    "This mapping says which parts of these texts the controls of this program support. It "
    "certifies nothing, and nothing in it is legal advice. Which risk belongs to which clause is a "
    "judgement.",
    "SR 26-2 superseded SR 11-7 on 2026-04-17. The column names its themes. Its footnote 3 puts "
    "generative and agentic AI out of scope and tells banks to use its principles for what it does "
    "not cover; hence: follows its principles. This was read in several articles about the letter, "
    "not in the letter.",
    "EU AI Act: the Digital Omnibus (Council, 2026-06-29) moves the duties of Annex III high-risk "
    "systems, Articles 12, 14, 15, 17 and 26 among them, to 2027-12-02; its publication in the "
    "Official Journal was not seen.",
    "NIST AI RMF: the subcategories' texts were read in a library copy.",
    "ISO/IEC 42001: the Annex A controls are named after secondary pages, not after the standard "
    "itself.",
)


def failure(key: str) -> QuietFailure:
    """The failure of a key."""
    return next(one for one in FAILURES if one.key == key)
