"""`tidegate deliver`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.failures import end_with
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.merge_request_names import MergeRequestName
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Cell, Format, Report, Table
from tidegate.cli.plans import delivery_record, outcome, show_plan, verdict_rows
from tidegate.cli.progress import StepTalk
from tidegate.errors import Blocked, Pending, TidegateError

if TYPE_CHECKING:
    from tidegate.engine.deliver import Delivery
    from tidegate.engine.world import World


@click.command(
    "deliver",
    cls=Command,
    examples=[
        "tidegate deliver inventory --to e2e",
        "tidegate deliver 'platform/gitops-staging!4'",
        "tidegate deliver --all",
        "tidegate deliver --all --dry-run",
    ],
)
@click.argument("what", metavar="[SERVICE | MERGE-REQUEST]", required=False)
@click.option("--to", "target", metavar="ENV", help="With SERVICE: the environment that gets the release.")
@click.option("--all", "everything", is_flag=True, help="Every open merge request that is ready.")
@click.option("--dry-run", is_flag=True, help="Print verdicts and the plan that would run; write nothing.")
@output_option
@as_option
@pass_invocation
def deliver(
    invocation: Invocation,
    *,
    what: str | None,
    target: str | None,
    everything: bool,
    dry_run: bool,
    form: Format,
    user: str,
) -> None:
    """Make the images of approved merge requests available, and merge them.

    A merge request is named by its service and environment or as project!number, or all open ones are looked at.
    One that may not go yet is left as it is, and every reason is printed; its exit code is 11. One that the forge is
    to merge by itself (auto_merge, merge_train) ends with 8. With --all the exit code tells failures only.
    """
    from tidegate.bootstrap import open_world

    if sum((everything, what is not None)) != 1:
        raise click.UsageError("name one merge request (or a service and --to), or give --all")
    failed: list[TidegateError] = []
    with open_world(invocation.configuration, invocation.environ, invocation.clock, user) as world:
        if what is None:
            deliveries = _every_open_one(invocation, world, failed, dry_run=dry_run)
        else:
            names = _named(invocation, world, what, target)
            deliveries = [_deliver(invocation, world, *name, dry_run=dry_run, alone=True) for name in names]
    if dry_run and form is Format.TABLE:
        for each in deliveries:
            if each.plan is not None:
                show_plan(invocation.output, form, each.plan)
    _report(invocation, form, deliveries, dry_run=dry_run)
    end_with(failed, invocation.output)  # last: what could be read was delivered meanwhile
    if any(each.error for each in deliveries):
        click.get_current_context().exit(1)
    if not everything and any(outcome(each) in {"waits", "refused"} for each in deliveries):
        click.get_current_context().exit(Blocked.exit_code)
    if not everything and any(each.scheduled for each in deliveries):
        click.get_current_context().exit(Pending.exit_code)


def _every_open_one(
    invocation: Invocation, world: World, failed: list[TidegateError], *, dry_run: bool
) -> list[Delivery]:
    """Deliver what may go of all that is open, and return what became of all; what can't be read is in `failed`."""
    from tidegate.engine.deliver import show_verdicts
    from tidegate.engine.survey import survey

    deliveries: list[Delivery] = []
    waiting: list[Delivery] = []
    for project in sorted({each.repo for each in world.pipeline.environments if each.source}):
        try:
            looked = survey(world, project, failed.append)
        except TidegateError as error:
            failed.append(error)
            continue
        for each in looked:
            found = each.delivery.merge_request
            if each.may_go:
                deliveries.append(_deliver(invocation, world, project, found.iid, dry_run=dry_run, alone=False))
                continue
            if each.is_whole:
                waiting.append(each.delivery)
            deliveries.append(each.delivery)
    if not dry_run:
        show_verdicts(world, waiting, StepTalk(invocation.output))
    return deliveries


def _named(invocation: Invocation, world: World, what: str, target: str | None) -> list[tuple[str, int]]:
    """Return project and number of what the command line names; says so where there is nothing."""
    from tidegate.engine.explanation import moving_merge_requests

    if "!" in what:
        name = MergeRequestName.parse(what)
        return [(name.project, name.iid)]
    if target is None:
        raise click.UsageError(f"say where {what} is delivered to: --to ENV")
    service, environment = world.service(what), world.environment(target)
    world.source_of(environment)
    found = [
        (seen.merge_request.project, seen.merge_request.iid)
        for seen in moving_merge_requests(world, service, environment)
    ]
    if len(found) > 1:
        names = ", ".join(f"{project}!{iid}" for project, iid in found)
        raise click.UsageError(f"several merge requests move {what} to {target}: name one of {names}")
    if not found:
        invocation.output.say(f"no open merge request moves {what} to {target}")
    return found


def _deliver(invocation: Invocation, world: World, project: str, iid: int, *, dry_run: bool, alone: bool) -> Delivery:
    from tidegate.engine.deliver import Delivery, deliver_merge_request, planned_delivery
    from tidegate.errors.release import NothingToDeliver

    try:
        if dry_run:
            delivery = planned_delivery(world, project, iid)
        else:
            delivery = deliver_merge_request(world, project, iid, StepTalk(invocation.output), later=not alone)
    except TidegateError as error:
        if alone:
            raise
        return Delivery(world.forge.merge_request(project, iid), error=error)
    if alone and delivery.verdict is None and not delivery.delivered:
        raise NothingToDeliver(
            f"{delivery.merge_request.ref} moves no image of any service",
            where=delivery.merge_request.title,
            hint="only merge requests that change the image in a service's folder are delivered; merge it by hand",
        )
    return delivery


def _report(invocation: Invocation, form: Format, deliveries: list[Delivery], *, dry_run: bool) -> None:
    rows: list[tuple[str | Cell, ...]] = []
    for each in deliveries:
        rows.append((each.merge_request.ref, outcome(each, dry_run=dry_run), "", each.merge_request.title, ""))
        if each.error is not None:
            rows.append(("", "", each.error.code, str(each.error), each.error.hint or ""))
        if each.verdict is not None and each.plan is None:
            rows.extend(("", *row) for row in verdict_rows(each.verdict.obstacles))
    invocation.output.show(
        form,
        Report(
            Table(
                ("MERGE REQUEST", "OUTCOME", "GATE", "REASON", "WHAT TO DO"), tuple(rows), empty="nothing to deliver"
            ),
            {"deliveries": [delivery_record(each, dry_run=dry_run) for each in deliveries]},
            tuple(each.merge_request.ref for each in deliveries if each.delivered),
        ),
    )
