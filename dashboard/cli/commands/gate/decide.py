"""`calledger decide`: the gate's answer for one input."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from core.ledger.errors import LedgerError
from core.text.shown import json_text
from dashboard import terminal
from dashboard.cli.options import fingerprint_options, ledger_option, pair
from dashboard.cli.surroundings import office_for, opened
from dashboard.cli.typed import Elsewhere
from dashboard.server.server_file import Running


@click.command()
@ledger_option
@click.option("--signal", required=True)
@click.option("--confidence", default=None, help="As it was stated; leave it out if it was not.")
@click.option("--event-id", default=None, help="Joins the answer to the claim when that arrives.")
@fingerprint_options
@click.option(
    "--segment", "segments", multiple=True, metavar="DIM=VALUE", help="May be given again."
)
@click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)
def decide(
    ledger_path: Path,
    signal: str,
    confidence: str | None,
    event_id: str | None,
    segments: Sequence[str],
    format_: str,
    **fingerprint: str | None,
) -> None:
    """May this confidence act? Prints automate, review or escalate, with the rule and the reason.

    The answer is logged. While a server owns the ledger, it is asked instead.
    """
    stated: dict[str, list[str]] = {}
    for text in segments:
        dimension, value = pair(text, "--segment", "dim=value")
        stated.setdefault(dimension, []).append(value)
    fields: dict[str, Any] = {
        "signal": signal,
        "event_id": event_id,
        "confidence": _stated(confidence),
        # A dimension that is named twice is passed on as it is, and judged by the gate.
        "segments": {name: all_[0] if len(all_) == 1 else all_ for name, all_ in stated.items()},
        **fingerprint,
    }
    try:
        answer = _answered(ledger_path, fields)
    except Exception as error:
        # Whoever called reads what to do on standard output, and what is wrong beside it.
        from core.gate.gate import refusal

        why = str(error) if isinstance(error, LedgerError) else "the ledger cannot be read."
        _print(refusal(f"Fails closed: {why}"), format_)
        raise
    _print(answer, format_)


def _answered(ledger_path: Path, fields: dict[str, Any]) -> dict[str, Any]:
    try:
        with opened(ledger_path) as ledger:
            # Loaded only here: where a server answers, the gate is not needed.
            from core.gate.decision_log import DecisionLog, decide_logged
            from core.gate.gate import Gate
            from core.gate.questions import Question

            office = office_for(ledger)
            gate, log = Gate(office), DecisionLog(office)
            (decision,) = decide_logged(gate, log, [Question.of(fields)])
            return decision.as_json()
    except Elsewhere as elsewhere:
        answer = _asked(elsewhere.server, fields)
        terminal.note(f"Asked the server at {elsewhere.server}.")
        return answer


def _print(answer: Mapping[str, Any], format_: str) -> None:
    if format_ == "json":
        terminal.data(json_text(answer))
    else:
        terminal.say(f"{answer['action']}   {answer['rule']}")
        terminal.say(str(answer["reason"]))


def _stated(text: str | None) -> object:
    """A number where it is one; whatever else was typed is passed on and judged by the gate."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _asked(server: Running, fields: dict[str, Any]) -> dict[str, Any]:
    import urllib.error
    import urllib.request

    from dashboard.cli.ask_server import opener

    request = urllib.request.Request(
        f"{server.address}/api/v1/decide",
        data=json.dumps(fields).encode(),
        headers={
            "Content-Type": "application/json",
            "Authorization": f"Bearer {server.token}",
        },
    )
    try:
        with opener(server).open(request, timeout=10) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except (urllib.error.URLError, ValueError, TimeoutError) as error:
        raise LedgerError(f"The server at {server} did not answer: {error}.") from error
