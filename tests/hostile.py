"""A ledger in which every text that comes from outside tries to be more than text.

Signal names, segments, versions, ids, reasons and names of people hold Markdown, HTML, formulas,
emoji, icons, addresses, and characters that are invisible or turn the text around.
"""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from itertools import cycle
from pathlib import Path

import yaml

from core.gate import registry_changes as registry
from core.gate.decision_log import DecisionLog
from core.gate.gate import Gate, Question
from core.governance.people import api_tokens as tokens
from core.governance.people import people
from core.governance.perform import Office
from core.governance.recorded_import import import_recorded
from core.ledger.connection import Ledger
from core.monitoring import audit_draw as audit
from core.monitoring import finding_responses as answers
from core.monitoring.rounds import outlook, rounds
from core.queries.base.selection import Selection
from core.registry.yaml_reader import read
from core.trail.acts import Actor, Proposal
from core.trail.fingerprint import Fingerprint
from core.validation import steps as signing

HIDDEN = "\u202e\u200b\u2066\ufeff\u00ad\u2069\u202c"
PAYLOADS = (
    "[open](https://evil.example/a)",
    ":smile:",
    ":material/home:",
    "https://evil.example/b",
    "$x$",
    "**bold**",
    "`tick",
    "<img src=x onerror=alert(1)>",
    "# head",
    "a|b",
    "![img](https://evil.example/c.png)",
    ":red[r]",
    "www.evil.example",
    "me@evil.example",
    "</style><script>alert(1)</script>",
    "=1+1",
)
ALL = " ".join(PAYLOADS) + HIDDEN
_next = cycle(PAYLOADS)
_stop = cycle(HIDDEN)


def bad(name: str, n: int = 3) -> str:
    """A text of this name with some of the payloads, others each time, and a hidden character."""
    return f"{name} {' '.join(next(_next) for _ in range(n))}{next(_stop)}z"


TRIAGE, REFUND, OTHER = bad("triage"), bad("refund"), bad("unregistered")
M1, M2, P1 = bad("m1"), bad("m2"), bad("p1")
LANGUAGES = (bad("de"), bad("en"), bad("hi"))
TOPICS = (bad("bill"), bad("care"))
ACTIONS = ("automate", "review", "escalate")
ELICITED = bad("verbal")
V1 = Fingerprint(M1, P1, None, ELICITED, "after")
V2 = Fingerprint(M2, P1, None, ELICITED, "after")
OWNER, DEPUTY, VERA, RITA, ADMIN = (
    "user:desk/own@evil.example",
    "user:desk/dep@evil.example",
    "user:risk/vera@evil.example",
    "user:risk/rita@evil.example",
    "user:desk/admin@evil.example",
)
FIELDS = (
    *("event_id", "ts", "signal", "confidence", "outcome", "outcome_ts", "outcome_source"),
    *("model_version", "prompt_version", "elicitation", "elicitation_order", "split", "input_id"),
    *("action", "trace_id", "seg_language", "seg_topic", "[extra](https://evil.example/d)\u202e"),
)


def entry(signal: str) -> dict[str, object]:
    """The registry entry of a signal."""
    return {
        "apiVersion": "calledger/v1",
        "kind": "ConfidenceSignal",
        "metadata": {"name": signal, "labels": {"stakes": "high", "team": "me@evil.example"}},
        "spec": {
            "owner": OWNER,
            "deputies": [DEPUTY],
            "validators": [VERA],
            "riskApprovers": [RITA],
            "decision": f"answers {ALL}",
            "tolerance": "0.05",
            "highConfidence": "0.90",
            "validation": {
                "maxAgeDays": 90,
                "minSamples": 100,
                "segments": ["language"],
                "criteria": [{"metric": "ece", "max": "0.25"}, {"metric": "auroc", "min": "0.51"}],
            },
            "escalation": {
                "bands": [{"below": "0.60", "action": "review"}, {"action": "automate"}],
                "overrides": [
                    {
                        "where": {"language": LANGUAGES[0]},
                        "bands": [{"below": "0.90", "action": "review"}, {"action": "automate"}],
                    }
                ],
                "handling": {
                    "review": {"queue": bad("queue"), "withinHours": 4},
                    "escalate": {"queue": bad("queue"), "withinHours": 4},
                },
                "fallback": {"unvalidated": "review", "missing": "review", "invalid": "escalate"},
            },
            "costs": {"unit": "€", "error": "9", "review": "1", "escalate": "2"},
        },
    }


def registry_text(*signals: str) -> str:
    """The registry of these signals as YAML."""
    return str(yaml.safe_dump_all([entry(one) for one in signals], allow_unicode=True))


def rows(
    signal: str, now: datetime, n: int, *, pre: str = "", split: str = "production", weeks: int = 10
):
    """``n`` claims: of late, in the first language and of the newest model, far too confident.

    What could be signed for is as confident as it is right, and so is what is held out.
    """
    for i in range(n):
        stated = (0.55, 0.75, 0.95)[i % 3]
        at = now - timedelta(days=7 * weeks * (1 - i / n) + 3, minutes=i % 7)
        model = M1 if i < n * 0.8 else M2
        late = split == "production" and i >= n * 0.3
        off = 0.35 if late and (LANGUAGES[i // 3 % 3] == LANGUAGES[0] or model == M2) else 0.02
        right = int((i * 7919 % 1000) / 1000 < stated - off)
        yield (
            f"{pre}{i} {ALL}", f"{at:%Y-%m-%dT%H:%M:%SZ}", signal, stated,
            right if i % 4 else "", f"{at + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}" if i % 4 else "",
            "", model, P1, ELICITED, "after", split, f"{pre}in{i} {ALL}",
            ACTIONS[i % 7 % 3], f"t{i} {ALL}", LANGUAGES[i // 3 % 3], TOPICS[i % 2], ALL,
        )  # fmt: skip


def write(path: Path, *several) -> Path:
    """Rows as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(FIELDS)
        for some in several:
            out.writerows(some)
    return path


def build(folder: Path, now: datetime) -> Path:
    """The ledger on disk: claims, quarantine, acts, evidence, findings, a sample, decisions.

    Args:
        folder: where to write.
        now: the end of its story, UTC without zone.
    """
    path = folder / "hostile.duckdb"
    clock = [now - timedelta(days=20)]
    with Ledger.open(path, create=True) as ledger:
        office = Office.of(ledger, clock=lambda: clock[0])
        with office.acting() as desk:
            for handle in (OWNER, DEPUTY, VERA, RITA, ADMIN):
                people.enter(desk, handle, bad(handle[10:13]))
        registry.apply(office, read(registry_text(TRIAGE, REFUND)), ADMIN)
        broken = list(rows(TRIAGE, now, 3, pre="broken"))
        broken = [(*row[:at], ALL, *row[at + 1 :]) for at in (1, 3, 6, 13) for row in broken]
        file = write(
            folder / "claims [open](x) :smile: \u202e.csv",
            rows(TRIAGE, now, 900),
            rows(TRIAGE, now, 300, pre="tune", split="tuning"),
            rows(TRIAGE, now, 300, pre="held", split="heldout"),
            rows(REFUND, now, 300, pre="r"),
            rows(OTHER, now, 200, pre="o"),
            broken,
        )
        import_recorded(office, file, now=clock[0])

        def by(handle: str, kind: str, signal: str | None = TRIAGE) -> Actor:
            sub = people.known_person(office, handle)
            return people.actor_for(office.state(), sub, kind, signal)

        tokens.create(office, by(ADMIN, "token.created", None), ALL, ["read"])
        signing.submit(office, by(OWNER, "validation.submitted"), TRIAGE, V1, untuned=True)
        signing.sign(office, by(VERA, "validation.signed"), TRIAGE, V1, meaning=f"I read {ALL}")
        clock[0] += timedelta(days=5)
        signing.stop(office, by(RITA, "validation.suspended"), TRIAGE, V1, reason=f"stop {ALL}")
        until = clock[0] + timedelta(days=25)
        ask = by(DEPUTY, "waiver.requested")
        signing.request_waiver(office, ask, TRIAGE, V1, reason=f"wait {ALL}", until=until)
        signing.approve_waiver(office, by(RITA, "waiver.approved"), TRIAGE, V1)
        signing.submit(office, by(OWNER, "validation.submitted", REFUND), REFUND, V1, untuned=True)
        rejected = by(VERA, "validation.rejected", REFUND)
        signing.reject(office, rejected, REFUND, V1, reason=f"no {ALL}")
        clock[0] += timedelta(days=10)
        gate, log = Gate(office), DecisionLog(office)
        asked = [
            {"signal": TRIAGE, "event_id": f"{i} {ALL}", "confidence": 0.95, **V1.as_json(),
             "segments": {"language": LANGUAGES[i % 3]}}
            for i in range(880, 900)
        ]  # fmt: skip
        log.write([gate.decide(Question.of(one)) for one in asked])
        audit.draw(
            office,
            by(OWNER, audit.KIND),
            Selection(TRIAGE),
            dict.fromkeys(LANGUAGES, 20),
            "language",
        )
        clock[0] = now
        rounds(office, thorough=True)
        found = [one for one in outlook(office).open() if one.signal in (TRIAGE, REFUND)]
        owner = by(OWNER, "finding.acknowledged", found[0].signal)
        answers.acknowledge(office, owner, found[0].id, note=f"seen {ALL}")
        risk = by(RITA, "finding.waived", found[-1].signal)
        day = (now + timedelta(days=3)).date()
        answers.waive(office, risk, found[-1].id, until=day, reason=f"later {ALL}")
        away = {"sub": people.known_person(office, DEPUTY), "status": "away", "until": None}
        office.perform(Proposal("person.status", by(ADMIN, "person.status", None), body=away))
        signing.submit(office, by(OWNER, "validation.submitted"), TRIAGE, V2, untuned=True)
    return path
