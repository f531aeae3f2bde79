"""`tidegate why`."""

from __future__ import annotations

import click

from tidegate.cli.desks import open_desk
from tidegate.cli.document import Document
from tidegate.cli.failures import end_with
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.live import live_lines
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.plans import verdict_of, verdict_rows
from tidegate.cli.printable import printable
from tidegate.cli.report import Cell, Report, Table


@click.command(
    "why",
    cls=Command,
    examples=["tidegate why inventory", "tidegate why inventory --in production", "tidegate why inventory -o json"],
)
@click.argument("service")
@click.option("--in", "--to", "target", metavar="ENV", help="One environment; default: every one that is promoted to.")
@output_option
@pass_invocation
def why(invocation: Invocation, *, service: str, target: str | None, form: Format) -> None:
    """Say why a version waits before an environment.

    What can't be read is told where it stands, and by an error at the end; the rest is explained all the same.
    """
    with open_desk(invocation, "", partial=True) as desk:
        told = desk.why(service, target)
    rows = tuple(row for each in told.documents for row in _rows(each))
    invocation.output.show(
        form,
        Report(
            Table(("ENVIRONMENT", "ANSWER", "GATE", "WHY", "WHAT TO DO"), rows, empty="nothing to explain"),
            {"explanations": [each.values for each in told.documents]},
            tuple(each.text("sentence") for each in told.documents),
        ),
    )
    if form is Format.TABLE:
        for line in live_lines([each for each in told.documents if _is_untold(each)]):
            invocation.output.line(printable(line))
    end_with(told.faults, invocation.output)


def _is_untold(explanation: Document) -> bool:
    """Whether its cluster is not in the sentence, because it can't be told what runs there."""
    live = explanation.inner("live")
    return live is not None and live.text("state") == "unknown"


def _rows(explanation: Document) -> tuple[tuple[str | Cell, ...], ...]:
    refusal = explanation.inner("refusal")
    to_do = refusal.maybe("hint") if refusal else None
    head = (explanation.text("environment"), "", "", explanation.text("sentence"), to_do or "")
    verdict = verdict_of(explanation.inner("verdict"))
    if verdict is None or explanation.flag("settled"):
        return (head,)
    return (head, *(("", *row) for row in verdict_rows(verdict.reasons)))
