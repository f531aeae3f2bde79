"""The group `tidegate policy`; each command is in the module beside it that has its name."""

from __future__ import annotations

import click

from tidegate.cli.lazy import Group
from tidegate.cli.policy.check import check
from tidegate.cli.policy.hold import hold, resume
from tidegate.cli.policy.show import show
from tidegate.cli.policy.sync import sync
from tidegate.cli.policy.test import test


@click.group("policy", cls=Group)
def policy() -> None:
    """Show, test, check and hold what ImagePolicies let through."""


for _command in (show, test, check, hold, resume, sync):
    policy.add_command(_command)
