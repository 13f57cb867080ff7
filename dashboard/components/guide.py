"""A short "how to read this" for each page."""

from __future__ import annotations

import streamlit as st

from core.review.words import size_of


def reliability(tolerance: float) -> None:
    """How to read the Reliability page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            f"""
- **The curve** shows, for each stated confidence, how often it came true (CORP: isotonic
  regression, no bins to choose). On the dashed diagonal a signal is honest; below it claims more
  than it delivers. Thick pieces carry more claims.
- **Grey** is where noise alone would put an honest signal with these counts. The **tinted band**
  around the curve holds the true curve with 95% confidence, everywhere at once.
- **The histogram** tells which part of the curve matters: filled is labelled.
- **The high-confidence band** is read on its own, because that is where people stop looking.
- **How it was asked** compares ways of asking on the same inputs. A shift in confidence at equal
  accuracy comes of the asking, not of the cases: the answer can pull a confidence up.
- **The verdict** asks whether the gap, and the high band's gap, lie outside
  ±{size_of(tolerance, decimals=0)}. *Cannot tell yet* is not a clean bill: it names what the
  labels leave open.
"""
        )


def segments() -> None:
    """How to read the Segments page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **Each cell** is the gap in points (+ claims more than it delivers) over its number of labelled
  claims. Bold means the corrected interval excludes zero.
- **Colour** is the end of that interval nearest zero, so a small noisy cell cannot look alarming.
  Dashed cells have fewer than 30 labelled inputs: nothing can be told.
- **The ranked list** shrinks each gap towards the average by how little data it rests on, so that
  the top is not simply the smallest segment. *q* bounds the share of false alarms among those
  flagged.
- **Open a cell** by clicking it, or with the two choices under the heatmap. The link in the
  address bar reopens the same view.
"""
        )


def data() -> None:
    """How to read the Data page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **Coverage** is labelled over stated claims, by the week the claim was made. A week is
  *immature* until it is 30 days old or 80% labelled: failures are often reported faster than
  successes, so a young week can look worse, or better, than it is.
- **Refused** rows are never dropped: they wait in quarantine with file, row, field, value and
  the mend. Corrected rows are imported like any others and close their entry.
- **Held** outcomes came before their claim and attach when it arrives. **Corrected** means a later
  outcome superseded an earlier one; both are kept.
"""
        )


def drift() -> None:
    """How to read the Drift page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **A solid rule** marks the first claim of a model version, a dashed one that of a prompt version.
  **Hollow points** are immature: their outcomes are still to come, and the first to come are not
  like the rest.
- **The bar beneath** marks the periods whose corrected interval lies wholly outside tolerance.
- **Mix shift or decalibration?** A worse Brier score may only mean harder cases, which honest
  confidences foretell. The change splits exactly into that part and into decalibration.
- **Is a metric being gamed?** A signal that says nearly the same of every case has a small ECE and
  tells nothing. Flagged is what loses calibration error and AUROC together, or shrinks into a band.
- **What was stated** and **which cases came** need no outcome: they speak of the newest days too.
"""
        )


def this_week() -> None:
    """How to read This week."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **This week** is the last complete week that has claims. Its own outcomes are mostly still to
  come, so **gap and verdict are those of the last mature week**: 30 days old, or 80% labelled.
- **The worst segment** is looked for in the last four mature weeks, one by one and in pairs, with
  intervals corrected together.
- **Findings** are what is wrong with the written side: who must answer, by when. They open and
  resolve by themselves; acknowledging one says what you do about it.
- **Every count is a link** to exactly the claims it counts.
"""
        )


def decision_trail() -> None:
    """How to read the Decision trail."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **Every act is one entry**: who, in which role, on what, from which state to which. Its exact text
  is hashed into a tree (RFC 9162), and after every act the root of the tree is signed: that is a
  **checkpoint**.
- **What a checkpoint proves.** Whoever kept one sees any entry before it that was changed, taken
  out, put in or moved, and whether the trail was cut short or an older ledger put back.
- **What a checkpoint beside the ledger doesn't prove.** Who can write to the ledger and sign with
  its key can rewrite both. *Not anchored since entry N* says from where on you rely on that nobody
  did. A copy with the auditor, or in a repository that others hold, closes it.
- **Seals** tie the rows to the trail: every import, and the gate's decisions from time to time. A
  claim, an outcome or a decision altered afterwards is found. The answers since the last seal are
  counted above, and not yet covered.
- **A proof** shows to somebody who has neither trail nor ledger that one entry stands in the signed
  tree. **Evidence** is what a signature is over, known by its SHA-256: recompute it and compare.
- **Names can be erased, ids stay.** Acts hold opaque ids only; names come from a directory that can
  forget. Erasing one changes no entry and breaks no proof.
- **Assurance none** means that nobody signed on: anybody at the machine could have chosen that
  person. A gate in production mode does not accept such a signature.
"""
        )


def sign_off() -> None:
    """How to read the Sign-off page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **A fingerprint** is everything that, changed, makes another number of confidence: model, prompt,
  parameters, elicitation and its order, calibrator. Each is validated by itself.
- **The evidence** is frozen: heldout claims, and production claims made after the tuning, as known
  at that moment. Signing recomputes it from the ledger first; what was altered is refused.
- **A criterion is met** when the unfavourable end of its 95% interval satisfies the bound, on the
  whole and on every required segment. *Cannot tell yet* is not met: it says how many labels more
  would decide it. The recent window may only speak against it.
- **Who signs** is a validator, never who made the evidence, the owner or a deputy (but for low
  stakes whose entry allows it). What the signature means is typed and stands in the trail.
- **Assurance: none** means that nobody signed on here; a gate in production mode does not accept
  it.
"""
        )


def registry() -> None:
    """How to read the Registry page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **A signal may act** while a signature for its very version holds, somebody is in the owner's seat
  and the rules are those it was signed under. That is worked out anew at every decision.
- **A version** (fingerprint) is model, prompt, parameters, calibrator, elicitation and its order. A
  new one starts unvalidated, and its claims fall back to people; the one that was signed stays.
- **Stop** closes the gate for a version at once. Anybody known may, and says why; only new evidence
  and a signature open it again.
- **Changing the entry** shows first what changes and what that would have done with the last 30
  days. What a validation rests on (rules, criteria, tolerance, decision, stakes) suspends the
  validations in force; who sits in which seat does not.
- **The rule table** is made from the object the gate runs. A cut belongs to the band above it.
"""
        )


def escalation() -> None:
    """How to read the Escalation page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **As written** is what the rules in force *when each claim was made* asked for; **as done** is the
  action the production system logged. Where nothing is logged, only the first can be shown.
- **A breach** is a claim that got less care than asked: automated where a review or an escalation
  was required, or reviewed where an escalation was. More care, such as a spot check, is none.
- **Which rule was not kept.** *Against the cut*: the bands for all claims asked for more, whatever
  the version. *Against a segment's own bands*: those of its override did. *Acted while not
  validated*: the bands would have allowed it, but its version had no signature, an expired one, or
  nobody sat in the owner's seat, so the fallback held.
- **As if every version might act** shows the rules' rows as they would be filled once everything in
  use is validated. Breaches stay those of the time.
- **Accuracy and errors** have 95% Clopper–Pearson intervals; where one input has several claims,
  they count as few labels as they are when right or wrong together.
- **Expected cost** takes the declared costs: errors expected among the automated (unlabelled ones
  erring like the labelled), reviews and escalations. Its interval is that of the errors.
"""
        )


def risks() -> None:
    """How to read the Risks page."""
    with st.expander("How to read this", icon=":material/menu_book:"):
        st.markdown(
            """
- **Open** means that something shows the failure, or that the control against it is missing.
  **Covered** is earned: the control did its work on this signal and found nothing.
- **Not measured** is no clean bill. It names what was not logged, or how far the labels reach.
  **Not applicable** says why the failure cannot happen to this signal as it is now.
- **Every line is computed** from the trail, the registry and the claims, and links to the page
  that shows it. Nobody can set a status by hand.
- **The mapping** names parts of texts that a control *supports*. It certifies nothing; which risk
  belongs to which clause is a judgement.
- **The audit file** holds every line with its date, the data version, and size and root of the
  trail, so that it can be held against a checkpoint somebody kept.
"""
        )
