"""Asks kept inputs with a command of the user's own, and names what went wrong without quoting it.

What a command prints may hold a key or a customer's words: nothing of it is kept but the confidence
it states, and its answer until that is hashed.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from core.ledger.errors import LedgerError
from core.monitoring.canary_rows import DIGEST, input_of, row_digest

#: No answer is longer.
_MOST_BYTES = 1_000_000


def ask_inputs(
    rows: Sequence[Mapping[str, Any]],
    command: str,
    timeout: float,
    at_once: int,
    progress: Callable[[float, str], None] | None = None,
) -> list[dict[str, Any]]:
    """Run the command once for each row.

    Args:
        command: words as a shell reads them; no shell runs them.
        timeout: seconds that one run may take.

    Returns:
        A result for each row, in their order.

    Raises:
        LedgerError: there is no such command.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise LedgerError(f"--command cannot be read: {error}.") from None
    if not words:
        raise LedgerError("--command is empty: say what is to be run for each input.")
    found = []
    with ThreadPoolExecutor(at_once) as several:
        for row, said in zip(
            rows, several.map(lambda row: _asked(row, words, timeout), rows), strict=True
        ):
            result = {"input_id": input_of(row) or "", **said}
            if len(row) > 1:
                result[DIGEST] = row_digest(row)
            found.append(result)
            if progress is not None:
                progress(len(found) / len(rows), f"{len(found):,} of {len(rows):,} inputs")
    return found


def _asked(row: Mapping[str, Any], words: Sequence[str], timeout: float) -> dict[str, Any]:
    try:
        # Of its own session, so that what it started ends with it.
        process = subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise LedgerError(f"{words[0]} cannot be run: {error.strerror}.") from None
    try:
        out, _ = process.communicate(json.dumps(dict(row), default=str).encode(), timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return {"failure": f"no answer within {timeout:g} seconds"}
    if process.returncode:
        return {"failure": f"the command ended with {process.returncode}"}
    return _read(out)


def _read(out: bytes) -> dict[str, Any]:
    if len(out) > _MOST_BYTES:
        return {"failure": "an answer of more than 1 MB"}
    try:
        said = json.loads(out)
    except (ValueError, RecursionError):
        return {"failure": "the answer is not JSON"}
    if not isinstance(said, dict):
        return {"failure": "the answer is no JSON object"}
    confidence, answer = said.get("confidence"), said.get("answer")
    if confidence is None and answer is None:
        return {"failure": "neither confidence nor answer"}
    stated = isinstance(confidence, (int, float)) and not isinstance(confidence, bool)
    if confidence is not None and not (stated and 0 <= confidence <= 1):
        return {"failure": "a confidence that is no number in [0, 1]"}
    return {"confidence": confidence, "answer": answer}
