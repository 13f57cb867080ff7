"""`calledger`: the command line.

Commands only parse words, call `core`, and print; what they print is computed elsewhere. A command
is loaded when it is named, so that none waits for what only another needs.
"""

from __future__ import annotations

import click

from core import __version__
from dashboard.cli.lazy_group import LazyGroup

#: Each command: where it is, and what `--help` says of it.
COMMANDS = {
    "backup": (
        "running.upkeep:backup",
        "Copy a ledger, its spool, key, checkpoints and settings into a folder.",
    ),
    "canary": (
        "measures.canary:canary",
        "Keep inputs and ask them again: has the model changed behind its name?",
    ),
    "cells": (
        "claims.cells:cells",
        "Sums of claims that lie in a lake, counted there by Spark, DataFusion or DuckDB.",
    ),
    "check": (
        "running.check:check",
        "Make every standing check, record what changed, and print what is open.",
    ),
    "client": (
        "gate.client:client",
        "Print the client that programs copy: calledger client > calledger_client.py.",
    ),
    "compare": (
        "measures.compare:compare_command",
        "Compare a new model, prompt or elicitation with the one before; exit 1 on regression.",
    ),
    "decide": (
        "gate.decide:decide",
        "May this confidence act? Prints automate, review or escalate, with the rule and the "
        "reason.",
    ),
    "demo": (
        "running.serving:demo",
        "Build a ledger from the sample data and open the dashboard on it.",
    ),
    "derive": (
        "claims.derive:derive",
        "Confidence from what a model does instead of what it says: claims to import.",
    ),
    "doctor": (
        "running.upkeep:doctor",
        "Tell what is wrong with a ledger and what lies beside it, and what to do; changes "
        "nothing.",
    ),
    "evidence": ("governance.evidence:evidence", "The numbers that people signed."),
    "gate": ("gate.gate:gate", "The gate as a whole: its mode, and what acted without asking it."),
    "handoffs": (
        "claims.handoffs:handoffs_command",
        "Print where a signal's cases went to people, and how queues and reviewers decide.",
    ),
    "import": (
        "claims.importing:import_command",
        "Read logged claims, outcomes and hand-offs into a ledger.",
    ),
    "labels": (
        "claims.labels:labels",
        "Plan labels, draw an audit sample, take it back in; answer labels that contradict.",
    ),
    "measure": ("measures.measuring:measure_command", "Print a signal's calibration measures."),
    "notices": ("running.notices:notices", "Findings by mail, webhook and chat."),
    "person": (
        "governance.people:person",
        "The people who answer for signals; acts hold opaque ids, names can be erased.",
    ),
    "pull": (
        "claims.pulling:pull",
        "Read new claims and outcomes out of a PostgreSQL database or a folder of Parquet files.",
    ),
    "pulled": ("claims.pulling:pulled", "List what was pulled into a ledger, and up to where."),
    "quarantine": (
        "claims.importing:quarantine",
        "The rows that were refused, with the reason and the fix.",
    ),
    "recalibrate": (
        "measures.recalibrate:recalibrate_command",
        "Fit a map from stated to calibrated confidence, and certify it on other claims.",
    ),
    "registry": (
        "governance.registry:registry",
        "Who answers for each signal, what it decides and under which rules.",
    ),
    "report": (
        "running.report:report_command",
        "Write the weekly review as one file: readable in a minute, two printed pages.",
    ),
    "restore": (
        "running.upkeep:restore",
        "Verify the backup in DIR, and its trail, and put it in place as a ledger.",
    ),
    "role": (
        "governance.people:role",
        "Roles for the whole ledger; owners, deputies and validators stand in registry entries.",
    ),
    "serve": ("running.serving:serve_command", "Open the dashboard on a ledger."),
    "threshold": (
        "measures.threshold:threshold",
        "Find the lowest threshold above which at most RISK are wrong, with a guarantee.",
    ),
    "token": ("governance.tokens:token", "Bearer tokens for the HTTP routes."),
    "trail": (
        "governance.trail:trail",
        "Who decided what, on which numbers, and proof that nothing was altered.",
    ),
    "validation": (
        "governance.validation:validation",
        "The life of a validation; each step is an act in the trail.",
    ),
}


@click.group(
    cls=LazyGroup,
    package="dashboard.cli.commands",
    rows=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="calledger")
def main() -> None:
    """Makes an LLM's stated confidence earn trust."""


if __name__ == "__main__":
    main()
