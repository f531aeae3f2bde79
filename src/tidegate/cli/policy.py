"""`tidegate policy`: the ImagePolicies of automatic environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Group
from tidegate.cli.options import output_option
from tidegate.cli.output import Cell, Format, Json, Report, Style, Table

if TYPE_CHECKING:
    from tidegate.engine.lanes import LaneReport

_SHOWN = 3


@click.group("policy", cls=Group)
def policy() -> None:
    """Show what ImagePolicies let through."""


@policy.command("show", examples=["tidegate policy show", "tidegate policy show inventory -o json"])
@click.argument("services", metavar="[SERVICE]...", nargs=-1)
@click.option("--in", "target", metavar="ENV", help="One environment; default: every automatic one.")
@output_option
@pass_invocation
def show(invocation: Invocation, *, services: tuple[str, ...], target: str | None, form: Format) -> None:
    """Show each range, what it selects now, and what is newer but outside."""
    from tidegate.bootstrap import open_world
    from tidegate.engine.lanes import observe_lane, report_lane
    from tidegate.model import Deploy

    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="") as world:
        wanted = tuple(world.service(name) for name in services) or tuple(world.pipeline.services.values())
        environments = [world.environment(target)] if target else list(world.pipeline.environments)
        lanes = [
            observe_lane(world, service, environment)
            for service in wanted
            for environment in environments
            if environment.deploy is Deploy.AUTO
        ]
        reports = [report_lane(world, lane) for lane in lanes if lane is not None]
    documents: list[Json] = [_record(report) for report in reports]
    invocation.output.show(
        form,
        Report(
            Table(
                ("SERVICE", "ENVIRONMENT", "RANGE", "SELECTS", "DECLARED", "NEWER, OUTSIDE"),
                tuple(_row(report) for report in reports),
                empty="no ImagePolicies",
            ),
            {"lanes": documents},
            tuple(report.selection.tag or "" for report in reports),
        ),
    )


def _row(report: LaneReport) -> tuple[str | Cell, ...]:
    lane, selection = report.lane, report.selection
    selects = selection.tag or Cell(f"✗ nothing: {selection.error}", Style.BAD)
    more = len(report.outside) - _SHOWN
    outside = [f"{each.tag} ({each.text})" for each in report.outside[:_SHOWN]] + ([f"{more} more"] if more > 0 else [])
    declared = report.declared.tag if report.declared and report.declared.tag else "–"
    stale = selection.tag is not None and declared != selection.tag
    return (
        lane.service.name,
        lane.environment.name,
        lane.policy.range or "(no range)",
        selects,
        Cell(f"{declared}, Flux has not written it yet", Style.WAIT) if stale else declared,
        "; ".join(outside) or "–",
    )


def _record(report: LaneReport) -> dict[str, Json]:
    outside: list[Json] = [{"tag": each.tag, "why": each.text} for each in report.outside]
    return {
        "service": report.lane.service.name,
        "environment": report.lane.environment.name,
        "policy": report.lane.policy.name,
        "place": str(report.lane.place),
        "range": report.lane.policy.range,
        "selects": report.selection.tag,
        "error": str(report.selection.error) if report.selection.error else None,
        "declared": str(report.declared) if report.declared else None,
        "outside": outside,
    }
