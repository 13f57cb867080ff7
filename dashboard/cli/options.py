"""What the commands share: options, how words are read, exit codes, errors in one sentence."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import click

from core.sentences.numbers import NONE_WORD
from dashboard.cli.surroundings import LedgerFile, ledger_there
from dashboard.server.hosts import host_name

_ledger = partial(
    click.option,
    "--ledger",
    "ledger_path",
    required=True,
    type=LedgerFile(),
    help="The ledger file.",
)
ledger_option = _ledger(default=ledger_there)
#: For what runs on a file of this machine, whatever server the environment names.
ledger_here_option = _ledger()

port_option = click.option(
    "--port",
    default=8501,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="The first port to try.",
)


def _host_names(
    _context: click.Context, _parameter: click.Parameter, texts: Sequence[str]
) -> tuple[str, ...]:
    try:
        return tuple(map(host_name, texts))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


hosts_option = click.option(
    "--allowed-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    callback=_host_names,
    help="Another host name that browsers may use: behind a proxy or a tunnel, the name in their "
    "address bar, with its port to allow only that port. May be given again.",
)


class ShareOption(click.FloatRange):
    """A number in [0, 1]; "nan", which no bound holds back, is none."""

    def __init__(self) -> None:
        super().__init__(0, 1)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read the word."""
        number = float(super().convert(value, param, ctx))
        if math.isnan(number):
            self.fail(f"{value!r} is not in the range 0<=x<=1.", param, ctx)
        return number


def fingerprint_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The six fields of a fingerprint as options."""
    for name in (
        *("calibrator-version", "elicitation-order", "elicitation", "params-version"),
        *("prompt-version", "model-version"),
    ):
        command = click.option(f"--{name}", default=None)(command)
    return command


def pair(text: str, option: str, shape: str) -> tuple[str, str]:
    """Read ``left=right``."""
    left, equals, right = text.partition("=")
    if not (left and equals and right):
        raise click.BadParameter(f"{text!r} is not of the form {shape}", param_hint=option)
    return left, right


def where_conditions(texts: Sequence[str]) -> tuple[tuple[str, tuple[str | None, ...]], ...]:
    """Group ``dim=value`` words: several values of one dimension mean any of them."""
    chosen: dict[str, tuple[str | None, ...]] = {}
    for text in texts:
        dimension, value = pair(text, "--where", "dim=value")
        named = None if value == NONE_WORD else value
        chosen[dimension] = (*chosen.get(dimension, ()), named)
    return tuple(chosen.items())


def day(text: str | None, option: str, *, end: bool = False) -> datetime | None:
    """A date, or a time, in UTC; a bare date as an end means the end of that day."""
    if text is None:
        return None
    bare = re.fullmatch(r"\d{4}-\d\d-\d\d", text)
    try:
        # Python reads "2026-W47" too, as a Monday: whoever writes it means the week.
        if bare is None and re.match(r"\d{4}-\d\d-\d\d[T ]", text) is None:
            raise ValueError(text)
        stamp = datetime.fromisoformat(text)
        if stamp.tzinfo is not None:
            stamp = stamp.astimezone(UTC).replace(tzinfo=None)
        return stamp + timedelta(days=1) if end and bare else stamp
    except (ValueError, OverflowError):
        message = f"{text!r} is not a date such as 2026-11-23"
        raise click.BadParameter(message, param_hint=option) from None
