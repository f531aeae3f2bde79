"""`tidegate promote`."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Format, Report, Table, printable
from tidegate.cli.plans import show_plan
from tidegate.cli.progress import StepTalk


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
    from tidegate.bootstrap import open_world
    from tidegate.engine.promote import planned_promotion
    from tidegate.engine.promote import promote as promote_release

    with open_world(invocation.configuration, invocation.environ, invocation.clock, user) as world:
        moving, into = world.service(service), world.environment(target)
        if dry_run:
            show_plan(invocation.output, form, planned_promotion(world, moving, into, version, separate=separate))
            return
        promoted = promote_release(world, moving, into, StepTalk(invocation.output), version, separate=separate)
    found = promoted.merge_request
    if found is not None and not promoted.plan.steps:  # an earlier run's, or that of one who was faster
        invocation.output.say(printable(f"  kept  {found.ref} is open: {found.title}"))
    invocation.output.show(
        form,
        Report(
            Table(
                ("MERGE REQUEST", "TITLE", "BRANCH"),
                ((found.ref, found.title, found.source_branch),) if found else (),
                empty="nothing to do",
            ),
            {
                "mergeRequest": found.ref if found else None,
                "title": found.title if found else None,
                "summary": promoted.plan.summary,
            },
            (found.ref,) if found else (),
        ),
    )
