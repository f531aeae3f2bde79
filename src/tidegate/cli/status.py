"""`tidegate status`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from tidegate.cli.desks import open_desk
from tidegate.cli.document import Document
from tidegate.cli.failures import end_with
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.live import live_cell, live_lines
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.printable import printable
from tidegate.cli.report import Cell, Report, Style, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

DRIFT: Final = 12
_UNREADABLE: Final = "✗ can't be read"


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

    What can't be read is told below the table, and by an error at the end; there, too, stands why an automatic
    environment gets nothing newer. A tag that holds another digest than was
    delivered is drift: exit code 12. Where an environment has a cluster, LIVE says how
    far Flux is, with the tag that the cluster has where git declares another.
    """
    with open_desk(invocation, "", partial=True) as desk:
        told = desk.status(services)
        now = invocation.clock.now()
    live = ("LIVE",) if any(cell.inner("live") for cell in told.documents) else ()
    table = Table(
        ("SERVICE", "ENVIRONMENT", "VERSION", *live, "DIGEST", "SINCE", "MERGE REQUEST"),
        tuple(_row(cell, now, is_live=bool(live)) for cell in told.documents),
        empty="no services",
    )
    names = tuple(
        f"{cell.text('service')}/{cell.text('environment')}={cell.maybe('tag') or ''}" for cell in told.documents
    )
    invocation.output.show(form, Report(table, {"cells": [cell.values for cell in told.documents]}, names))
    if form is Format.TABLE:
        for line in _below(told.documents):
            invocation.output.line(printable(line))
    end_with(told.faults, invocation.output)
    if any(_is_overwritten(cell) for cell in told.documents):
        click.get_current_context().exit(DRIFT)


def _row(cell: Document, now: datetime, *, is_live: bool) -> tuple[str | Cell, ...]:
    from tidegate.engine.gates.soak import span

    names = (cell.text("service"), cell.text("environment"))
    wrong = cell.inner("fault")
    fault = Cell(_UNREADABLE, Style.BAD) if wrong else None
    live = (live_cell(cell),) if is_live else ()
    if cell.maybe("image") is None:
        return (*names, fault or Cell("–", Style.DIM), *live, "", "", "")
    since = _time(cell.maybe("since"))
    return (
        *names,
        cell.maybe("tag") or "(no tag)",
        *live,
        fault or _digest(cell),
        f"{since:%Y-%m-%d %H:%M} ({span(now - since)})" if since else "",
        cell.maybe("mergeRequest") or "",
    )


def _below(cells: Sequence[Document]) -> Iterator[str]:
    """Yield what takes more room than a cell has: why one can't be read, and why nothing newer comes to it, or runs."""
    yield from live_lines(cells)
    for cell in cells:
        for wrong in (cell.inner("fault"), cell.inner("lane")):
            if wrong is not None:
                yield f"{cell.text('service')} in {cell.text('environment')}: {wrong.text('what')}"


def _digest(cell: Document) -> str | Cell:
    from tidegate.model import Digest

    held, delivered = cell.maybe("digest"), cell.maybe("delivered")
    if held is None:
        return Cell("✗ not in the registry", Style.BAD)
    if delivered is not None and _is_overwritten(cell):
        return Cell(f"✗ {Digest.parse(held).short}, {Digest.parse(delivered).short} was delivered", Style.BAD)
    return Digest.parse(held).short


def _is_overwritten(cell: Document) -> bool:
    held, delivered = cell.maybe("digest"), cell.maybe("delivered")
    return None not in {held, delivered} and held != delivered


def _time(text: str | None) -> datetime | None:
    from datetime import datetime

    return None if text is None else datetime.fromisoformat(text)
