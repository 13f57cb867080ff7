"""`calledger client`: the file that programs copy."""

from __future__ import annotations

from importlib.resources import files

import click


@click.command()
def client() -> None:
    """Print the client that programs copy: calledger client > calledger_client.py.

    One file of Python (3.9 or newer) that needs nothing else; it logs claims and outcomes to a
    running server and asks the gate.
    """
    text = files("dashboard.client").joinpath("calledger_client.py").read_text(encoding="utf-8")
    click.echo(text, nl=False)
