"""`tidegate promote`."""

from __future__ import annotations

import click

from tidegate.cli.desk import open_desk
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Format, Report, Table
from tidegate.cli.plans import show_planned
from tidegate.cli.progress import told


@click.command(
    "promote",
    cls=Command,
    examples=[
        "tidegate promote inventory --to e2e",
        "tidegate promote inventory --to staging --dry-run",
        "tidegate promote inventory --to production --version 1.1.2",
        "tidegate promote inventory --to staging --separate",
    ],
)
@click.argument("service")
@click.option("--to", "target", metavar="ENV", required=True, help="The environment that gets the release.")
@click.option("--version", metavar="VERSION", help="A version that the environment before has or had.")
@click.option("--separate", is_flag=True, help="A merge request for this version alone, beside those of others.")
@click.option("--dry-run", is_flag=True, help="Print the plan that would run; write nothing.")
@output_option
@as_option
@pass_invocation
def promote(
    invocation: Invocation,
    *,
    service: str,
    target: str,
    version: str | None,
    separate: bool,
    dry_run: bool,
    form: Format,
    user: str,
) -> None:
    """Open the merge request that brings a release to the next environment.

    The release is what the environment before has. Run again, it finds its own work; a newer release updates the
    open merge request, and says so in a note. Prints the merge request.
    """
    with open_desk(invocation, user) as desk:
        if dry_run:
            show_planned(invocation.output, form, desk.plan(service, target, version, separate=separate))
            return
        promoted = desk.promote(service, target, version, separate=separate)
    ref, title, branch = (promoted.maybe(key) for key in ("mergeRequest", "title", "branch"))
    if promoted.flag("adopted"):  # an earlier run's, or that of one who was faster
        invocation.output.say(told("kept", f"{ref} is open: {title}"))
    invocation.output.show(
        form,
        Report(
            Table(
                ("MERGE REQUEST", "TITLE", "BRANCH"),
                ((ref, title or "", branch or ""),) if ref else (),
                empty="nothing to do",
            ),
            promoted.only("mergeRequest", "title", "summary"),
            (ref,) if ref else (),
        ),
    )
