"""The group of all commands: loads one when it is named, and turns errors into one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from core.ledger.errors import LedgerError
from dashboard.cli.exit_codes import EXIT_UNUSABLE
from dashboard.cli.pages_extra import WHAT_TO_INSTALL, lacks_pages
from dashboard.cli.typed import Elsewhere, Typed


class LazyGroup(click.Group):
    """Turns the errors a user can fix into one sentence and exit code 2, never a traceback.

    A command whose ledger a server has open is run there.

    Args:
        package: where the commands' modules are.
        rows: for each command ``room.module:attribute`` and what the help says of it.
    """

    def __init__(
        self, *args: Any, package: str, rows: Mapping[str, tuple[str, str]], **extra: Any
    ) -> None:
        super().__init__(*args, **extra)
        self._package, self._rows = package, rows

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names, in order."""
        return sorted(self._rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, loaded now; None: there is none."""
        if cmd_name not in self._rows:
            return None
        module, attribute = self._rows[cmd_name][0].split(":")
        command = getattr(import_module(f"{self._package}.{module}"), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line for each command, without loading it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._rows[name][1]) for name in self.list_commands(ctx)])

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Keep the words, for a server that may have to run them."""
        return super().make_context(info_name, args, parent, obj=Typed(tuple(args)), **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command."""
        try:
            try:
                return super().invoke(ctx)
            except Elsewhere as elsewhere:
                from dashboard.cli.ask_server import ask

                ctx.exit(ask(elsewhere, ctx.obj))
        except (LedgerError, ModuleNotFoundError) as error:
            from dashboard import terminal

            if isinstance(error, LedgerError):
                terminal.error(str(error))
            elif lacks_pages(error):
                terminal.error(WHAT_TO_INSTALL)
            else:
                raise
            ctx.exit(EXIT_UNUSABLE)
