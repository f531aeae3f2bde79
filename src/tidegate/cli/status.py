"""`tidegate status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from tidegate.cli.failures import end_with
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Cell, Format, Json, Report, Style, Table

if TYPE_CHECKING:
    from datetime import datetime

    from tidegate.engine import status as matrix

DRIFT: Final = 12


@click.command(
    "status",
    cls=Command,
    examples=["tidegate status", "tidegate status inventory -o json", "tidegate -C demo status"],
)
@click.argument("services", metavar="[SERVICE]...", nargs=-1)
@output_option
@pass_invocation
def status(invocation: Invocation, *, services: tuple[str, ...], form: Format) -> None:
    """Show which version every environment has, with its digest and since when.

    What can't be read is told in its cell, and by an error at the end. A tag that holds another digest than was
    delivered is drift: exit code 12.
    """
    from tidegate.bootstrap import open_world
    from tidegate.engine.status import matrix as read_matrix

    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="", partial=True) as world:
        wanted = tuple(world.service(name) for name in services) or tuple(world.pipeline.services.values())
        cells = [cell for row in read_matrix(world, wanted) for cell in row]
        now, undiscovered = world.clock.now(), world.undiscovered
    table = Table(
        ("SERVICE", "ENVIRONMENT", "VERSION", "DIGEST", "SINCE", "MERGE REQUEST"),
        tuple(_row(cell, now) for cell in cells),
        empty="no services",
    )
    names = tuple(f"{cell.service.name}/{cell.environment.name}={cell.tag or ''}" for cell in cells)
    invocation.output.show(form, Report(table, {"cells": [_record(cell) for cell in cells]}, names))
    told = [cell.fault for cell in cells if cell.fault is not None]
    end_with([*told[:1], *undiscovered], invocation.output)  # the table has the others
    if any(cell.overwritten for cell in cells):
        click.get_current_context().exit(DRIFT)


def _row(cell: matrix.Cell, now: datetime) -> tuple[str | Cell, ...]:
    from tidegate.engine.gates.soak import span

    fault = Cell(f"✗ {cell.fault}", Style.BAD) if cell.fault else None
    if cell.image is None:
        return (cell.service.name, cell.environment.name, fault or Cell("–", Style.DIM), "", "", "")
    return (
        cell.service.name,
        cell.environment.name,
        cell.tag or "(no tag)",
        fault or _digest(cell),
        f"{cell.since:%Y-%m-%d %H:%M} ({span(now - cell.since)})" if cell.since else "",
        cell.merge_request or "",
    )


def _digest(cell: matrix.Cell) -> str | Cell:
    if cell.digest is None:
        return Cell("✗ not in the registry", Style.BAD)
    if cell.overwritten and cell.delivered:
        return Cell(f"✗ {cell.digest.short}, {cell.delivered.short} was delivered", Style.BAD)
    return cell.digest.short


def _record(cell: matrix.Cell) -> dict[str, Json]:
    return {
        "service": cell.service.name,
        "environment": cell.environment.name,
        "image": str(cell.image) if cell.image else None,
        "tag": cell.tag,
        "version": str(cell.version) if cell.version else None,
        "digest": str(cell.digest) if cell.digest else None,
        "delivered": str(cell.delivered) if cell.delivered else None,
        "since": cell.since.isoformat() if cell.since else None,
        "by": cell.actor,
        "mergeRequest": cell.merge_request,
        "fault": {"code": cell.fault.code, "what": str(cell.fault)} if cell.fault else None,
    }
