"""Every command there is."""

from __future__ import annotations

from collections.abc import Iterator

import click


def named(group: click.Group, name: str) -> click.Command:
    """The command of a name."""
    found = group.get_command(click.Context(group), name)
    assert found is not None, name
    return found


def commands(group: click.Group, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """The words that name each command, groups included, and the command."""
    for name in group.list_commands(click.Context(group)):
        one = named(group, name)
        yield (*above, name), one
        if isinstance(one, click.Group):
            yield from commands(one, *above, name)
