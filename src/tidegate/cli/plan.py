"""`tidegate plan`."""

from __future__ import annotations

import click

from tidegate.cli.desks import open_desk
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Format
from tidegate.cli.plans import show_planned

CHANGES = 10


@click.command(
    "plan",
    cls=Command,
    examples=["tidegate plan inventory --to e2e", "tidegate plan inventory --to staging --exit-code"],
)
@click.argument("service")
@click.option("--to", "target", metavar="ENV", required=True, help="The environment that would get the release.")
@click.option("--version", metavar="VERSION", help="A version that the environment before has or had.")
@click.option("--exit-code", is_flag=True, help="Exit with 10 when there is something to do.")
@output_option
@as_option
@pass_invocation
def plan(
    invocation: Invocation, *, service: str, target: str, version: str | None, exit_code: bool, form: Format, user: str
) -> None:
    """Show what a promotion would do, step by step, and write nothing."""
    with open_desk(invocation, user) as desk:
        planned = desk.plan(service, target, version, separate=False)
    show_planned(invocation.output, form, planned)
    if exit_code and planned.each("steps"):
        click.get_current_context().exit(CHANGES)
