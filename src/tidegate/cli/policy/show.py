"""`tidegate policy show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.policy.words import hold_record, policy_words
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.engine.policy.lane_report import LaneReport
    from tidegate.engine.policy.lanes import NoLane

_SHOWN = 3


@click.command("show", cls=Command, examples=["tidegate policy show", "tidegate policy show inventory -o json"])
@click.argument("services", metavar="[SERVICE]...", nargs=-1)
@click.option("--in", "target", metavar="ENV", help="One environment; default: every automatic one.")
@output_option
@pass_invocation
def show(invocation: Invocation, *, services: tuple[str, ...], target: str | None, form: Format) -> None:
    """Show each range, what it selects now, and what is newer but outside.

    Pre-releases are told, too, and holds with their reasons.
    """
    from tidegate.bootstrap import open_world
    from tidegate.engine.policy.lane_report import report_lane
    from tidegate.engine.policy.lanes import NoLane, observe_lanes

    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="") as world:
        wanted = tuple(world.service(name) for name in services) or tuple(world.pipeline.services.values())
        environments = (world.environment(target),) if target else world.pipeline.environments
        lanes = observe_lanes(world, wanted, environments)
        reports = [lane if isinstance(lane, NoLane) else report_lane(world, lane) for lane in lanes]
    documents: list[Json] = [_record(report) for report in reports]
    held = any(not isinstance(report, NoLane) and (report.hold or report.fault) for report in reports)
    selects = all(report.selection.tag for report in reports if not isinstance(report, NoLane))
    outside = "NEWER, OUTSIDE" if selects else "OUTSIDE"  # where nothing is selected, nothing is newer than that
    columns = ("SERVICE", "ENVIRONMENT", "RANGE", "SELECTS", "DECLARED", outside, "HOLD")
    width = len(columns) if held else len(columns) - 1
    table = Table(columns[:width], tuple(_row(report)[:width] for report in reports), empty="no automatic environments")
    names = tuple("" if isinstance(report, NoLane) else report.selection.tag or "" for report in reports)
    invocation.output.show(form, Report(table, {"lanes": documents}, names))


def _row(report: LaneReport | NoLane) -> tuple[str | Cell, ...]:
    from tidegate.engine.policy.lanes import NoLane

    if isinstance(report, NoLane):
        why = Cell(f"✗ {report.why}; {report.hint}", Style.BAD)
        return (report.service.name, report.environment.name, "–", why, "–", "–", "")
    lane, selection = report.lane, report.selection
    more = len(report.outside) - _SHOWN
    outside = [f"{each.tag} ({each.text})" for each in report.outside[:_SHOWN]] + ([f"{more} more"] if more > 0 else [])
    return (
        lane.service.name,
        lane.environment.name,
        policy_words(lane.policy.spec),
        selection.tag or Cell(f"✗ nothing: {selection.error}", Style.BAD),
        _declared(report),
        "; ".join(outside) or "–",
        Cell(f"✗ {report.fault.what}", Style.BAD) if report.fault else Cell(str(report.hold or ""), Style.WAIT),
    )


def _declared(report: LaneReport) -> str | Cell:
    declared = report.declared.tag if report.declared and report.declared.tag else "–"
    if report.selection.tag is None or declared == report.selection.tag:
        return declared
    return Cell(f"{declared}, Flux has not written it yet", Style.WAIT)


def _record(report: LaneReport | NoLane) -> dict[str, Json]:
    from tidegate.engine.policy.lanes import NoLane

    if isinstance(report, NoLane):
        return {
            "service": report.service.name,
            "environment": report.environment.name,
            "policy": None,
            "error": report.why,
            "hint": report.hint,
        }
    outside: list[Json] = [
        {"tag": each.tag, "outcome": each.outcome.value, "why": each.text} for each in report.outside
    ]
    return {
        "service": report.lane.service.name,
        "environment": report.lane.environment.name,
        "policy": report.lane.policy.name,
        "place": str(report.lane.place),
        "range": report.lane.policy.range,
        "words": policy_words(report.lane.policy.spec),
        "selects": report.selection.tag,
        "error": str(report.selection.error) if report.selection.error else None,
        "declared": str(report.declared) if report.declared else None,
        "outside": outside,
        "hold": hold_record(report.hold),
        "holdError": str(report.fault) if report.fault else None,
    }
