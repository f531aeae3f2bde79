"""`tidegate release`: minor and major releases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import as_option, by_option, output_option
from tidegate.cli.output import Format
from tidegate.cli.plans import show_plan_before
from tidegate.cli.policy.changes import change_record, change_row, with_plan
from tidegate.cli.progress import StepTalk
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.engine.policy.releases import ReleaseSeen

_LINE: Final = re.compile(r"v?([0-9]{1,18})\.([0-9]{1,18})(?:\.0)?", re.ASCII)


@click.command(
    "release",
    cls=Command,
    examples=[
        "tidegate release minor inventory",
        "tidegate release minor inventory --dry-run",
        "tidegate release major inventory --to 2.0.0 --merge-request",
    ],
)
@click.argument("kind", type=click.Choice(["minor", "major"]))
@click.argument("service")
@click.option("--to", "line", metavar="VERSION", help="The first version of the line, like 1.4.0. Default: the next.")
@by_option
@click.option("--dry-run", is_flag=True, help="Show the diff and what each environment selects before and after.")
@output_option
@as_option
@pass_invocation
def release(
    invocation: Invocation,
    *,
    kind: str,
    service: str,
    line: str | None,
    merge_request: bool | None,
    dry_run: bool,
    form: Format,
    user: str,
) -> None:
    """Open the next line of versions and move the ImagePolicies' ranges to it.

    The line is opened by a tag in the application's repository, so that `tidegate version next` continues on it. Each
    range moves in the style that it is written in: by commit or by merge request, as `ranges:` of its environment says.
    """
    from tidegate.bootstrap import open_world
    from tidegate.engine.policy.releases import observe_release, plan_release
    from tidegate.engine.policy.releases import release as open_line
    from tidegate.engine.versions.next_version import Bump

    wanted = None if line is None else _line(line)
    plan = None
    with open_world(invocation.configuration, invocation.environ, invocation.clock, user) as world:
        asked = world.service(service)
        if dry_run:
            seen = observe_release(world, asked, Bump(kind), wanted)
            plan = plan_release(seen, merge_request=merge_request)
            show_plan_before(invocation.output, form, plan)
        else:
            progress = StepTalk(invocation.output)
            seen = open_line(world, asked, Bump(kind), wanted, progress, merge_request=merge_request)
    invocation.output.show(form, with_plan(_report(seen), plan))


def _line(text: str) -> tuple[int, int]:
    match = _LINE.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not the first version of a line: write it like 1.4.0")
    return int(match[1]), int(match[2])


def _report(seen: ReleaseSeen) -> Report:
    changes = (*seen.moves, *seen.stays)
    rows: list[tuple[str | Cell, ...]] = [
        (change.lane.service.name, seen.name, *change_row(change)[1:]) for change in changes
    ]
    rows += [
        (seen.service.name, seen.name, each.environment.name, "–", "–", Cell(f"✗ {each.why}; {each.hint}", Style.BAD))
        for each in seen.missing
    ]
    columns = ("SERVICE", "LINE", "ENVIRONMENT", "RANGE", "SELECTS", "WHY")
    width = len(columns) if any(row[-1] for row in rows) else len(columns) - 1
    table = Table(
        columns[:width],
        tuple(row[:width] for row in rows) or ((seen.service.name, seen.name, "–", "–", "–"),),
        empty="",
    )
    lanes: list[Json] = [change_record(change) for change in changes]
    missing: list[Json] = [
        {"environment": each.environment.name, "why": each.why, "hint": each.hint} for each in seen.missing
    ]
    record: dict[str, Json] = {
        "service": seen.service.name,
        "line": seen.name,
        "tag": seen.tag,
        "lanes": lanes,
        "missing": missing,
        "stay": seen.notes,
    }
    return Report(table, record, (seen.name,))
