"""`tidegate version`: the group of its commands."""

from __future__ import annotations

import click

from tidegate.cli.lazy import Group
from tidegate.cli.version.current import current
from tidegate.cli.version.filters import match, max_, sort
from tidegate.cli.version.next import next_


@click.group("version", cls=Group)
def version() -> None:
    """Compute, claim and compare versions."""


for _command in (next_, current, sort, match, max_):
    version.add_command(_command)
