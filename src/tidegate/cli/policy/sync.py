"""`tidegate policy sync`."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Format
from tidegate.cli.plans import show_plan_before
from tidegate.cli.policy.changes import changes_report, with_plan
from tidegate.cli.printable import printable
from tidegate.cli.progress import StepTalk
from tidegate.model.json import Json


@click.command(
    "sync",
    cls=Command,
    examples=["tidegate policy sync", "tidegate policy sync --dry-run", "tidegate policy sync inventory billing"],
)
@click.argument("services", metavar="[SERVICE]...", nargs=-1)
@click.option("--dry-run", is_flag=True, help="Show the diff and what is selected before and after; write nothing.")
@output_option
@as_option
@pass_invocation
def sync(invocation: Invocation, *, services: tuple[str, ...], dry_run: bool, form: Format, user: str) -> None:
    """Propose to move lanes that a release has passed by, and to lift holds that are over.

    One merge request per repository; an open one is adopted. Exit code 1 when a range must be changed by hand.
    """
    from tidegate.bootstrap import open_world
    from tidegate.engine.policy.sync import observe_sync, plan_sync
    from tidegate.engine.policy.sync import sync as propose

    plan = None
    with open_world(invocation.configuration, invocation.environ, invocation.clock, user) as world:
        wanted = tuple(world.service(name) for name in services) or tuple(world.pipeline.services.values())
        if dry_run:
            seen = observe_sync(world, wanted)
            plan = plan_sync(seen)
            show_plan_before(invocation.output, form, plan)
        else:
            seen = propose(world, wanted, StepTalk(invocation.output))
    refused: list[Json] = [
        {
            "service": each.service.name,
            "environment": each.environment.name,
            "place": str(each.error.where) if each.error.where else None,
            "what": each.error.what,
            "hint": each.error.hint,
        }
        for each in seen.refused
    ]
    report = changes_report(seen.changes, {"refused": refused, "notes": seen.notes}, empty="every lane is up to date")
    if seen.changes or form is not Format.TABLE:
        invocation.output.show(form, with_plan(report, plan))
    for each in seen.refused:
        invocation.output.say(printable(f"by hand: {each.error} ({each.error.hint})"))
    if seen.refused:
        click.get_current_context().exit(1)
