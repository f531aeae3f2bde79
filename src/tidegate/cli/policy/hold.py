"""`tidegate policy hold` and `tidegate policy resume`."""

from __future__ import annotations

from datetime import UTC, date
from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import as_option, by_option, output_option
from tidegate.cli.output import Format
from tidegate.cli.plans import show_plan_before
from tidegate.cli.policy.changes import changes_report, with_plan
from tidegate.cli.progress import StepTalk

if TYPE_CHECKING:
    from tidegate.engine.policy.holds import HoldAsked

_LONGEST_REASON = 500


@click.command(
    "hold",
    cls=Command,
    examples=[
        "tidegate policy hold inventory --in dev --at 1.1.2 --reason '1.1.3 loses orders'",
        "tidegate policy hold inventory --in dev --at 1.1.2 --reason 'fair' --until 2027-01-31",
        "tidegate policy hold inventory --in dev --at 1.1.2 --reason 'goes to e2e as it is' --until-promoted",
    ],
)
@click.argument("service")
@click.option("--in", "target", metavar="ENV", required=True, help="The automatic environment.")
@click.option("--at", "version", metavar="VERSION", required=True, help="The one version that is let through.")
@click.option("--reason", metavar="TEXT", required=True, help="Why, for those who come later.")
@click.option("--until", metavar="DATE", help="The last day, like 2027-01-31; it ends at midnight UTC.")
@click.option("--until-promoted", is_flag=True, help="Until the next environment gets the version or a newer one.")
@click.option("--dry-run", is_flag=True, help="Show the diff and what is selected before and after.")
@by_option
@output_option
@as_option
@pass_invocation
def hold(
    invocation: Invocation,
    *,
    service: str,
    target: str,
    version: str,
    reason: str,
    until: str | None,
    until_promoted: bool,
    dry_run: bool,
    merge_request: bool | None,
    form: Format,
    user: str,
) -> None:
    """Hold an environment at one version: a rollback that sticks.

    The ImagePolicy's range becomes that version, and an annotation on the ImagePolicy remembers the range, so that
    `tidegate policy resume` brings it back byte for byte. When the hold is over, `tidegate check` says so and
    `tidegate policy sync` proposes to lift it.
    """
    from tidegate.engine.policy.holds import HoldAsked
    from tidegate.model import Version

    if until is not None and until_promoted:
        raise click.UsageError("give --until or --until-promoted, not both")
    if not reason.strip() or not reason.isprintable() or len(reason) > _LONGEST_REASON:
        raise click.BadParameter(f"write one line of at most {_LONGEST_REASON} characters", param_hint="--reason")
    day = None if until is None else _day(until, invocation.clock.now().astimezone(UTC).date())
    asked = HoldAsked(Version.parse_flux(version), reason.strip(), day, until_promoted)
    _run(invocation, service, target, asked, merge_request=merge_request, dry_run=dry_run, form=form, user=user)


@click.command("resume", cls=Command, examples=["tidegate policy resume inventory --in dev"])
@click.argument("service")
@click.option("--in", "target", metavar="ENV", required=True, help="The automatic environment.")
@click.option("--dry-run", is_flag=True, help="Show the diff and what is selected before and after.")
@by_option
@output_option
@as_option
@pass_invocation
def resume(
    invocation: Invocation,
    *,
    service: str,
    target: str,
    dry_run: bool,
    merge_request: bool | None,
    form: Format,
    user: str,
) -> None:
    """End a hold: the range comes back byte for byte."""
    _run(invocation, service, target, None, merge_request=merge_request, dry_run=dry_run, form=form, user=user)


def _day(text: str, today: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text!r} is not a day: write it like 2027-01-31", param_hint="--until") from error
    if day < today:
        raise click.BadParameter(f"{day} is over", param_hint="--until")
    return day


def _run(
    invocation: Invocation,
    service: str,
    target: str,
    asked: HoldAsked | None,
    *,
    merge_request: bool | None,
    dry_run: bool,
    form: Format,
    user: str,
) -> None:
    from tidegate.bootstrap import open_world
    from tidegate.engine.policy.holds import hold_lanes, observe_hold, observe_resume, plan_hold

    plan = None
    with open_world(invocation.configuration, invocation.environ, invocation.clock, user) as world:
        whose, where = world.service(service), world.environment(target)
        if dry_run:
            seen = observe_hold(world, whose, where, asked) if asked else observe_resume(world, whose, where)
            plan = plan_hold(seen, merge_request=merge_request)
            show_plan_before(invocation.output, form, plan)
        else:
            seen = hold_lanes(world, whose, where, asked, StepTalk(invocation.output), merge_request=merge_request)
    changed = [change for change in seen.changes if change.moved != change.lane]
    report = changes_report(changed, {"service": service, "environment": target}, empty="nothing to do")
    invocation.output.show(form, with_plan(report, plan))
