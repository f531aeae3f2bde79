"""`tidegate why`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.failures import end_with
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Cell, Format, Json, Report, Table
from tidegate.cli.plans import verdict_record, verdict_rows

if TYPE_CHECKING:
    from tidegate.engine.explanation import Explanation


@click.command(
    "why",
    cls=Command,
    examples=["tidegate why inventory", "tidegate why inventory --in production", "tidegate why inventory -o json"],
)
@click.argument("service")
@click.option("--in", "target", metavar="ENV", help="One environment; default: every one that is promoted to.")
@output_option
@pass_invocation
def why(invocation: Invocation, *, service: str, target: str | None, form: Format) -> None:
    """Say why a version waits before an environment.

    What can't be read is told where it stands, and by an error at the end; the rest is explained all the same.
    """
    from tidegate.bootstrap import open_world
    from tidegate.engine.explanation import explain

    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="", partial=True) as world:
        asked = world.service(service)
        targets = (
            [world.environment(target)] if target else [each for each in world.pipeline.environments if each.source]
        )
        explanations = [explain(world, asked, each) for each in targets]
    rows = tuple(row for each in explanations for row in _rows(each))
    documents: list[Json] = [_record(each) for each in explanations]
    invocation.output.show(
        form,
        Report(
            Table(("ENVIRONMENT", "ANSWER", "GATE", "WHY", "WHAT TO DO"), rows, empty="nothing to explain"),
            {"explanations": documents},
            tuple(each.sentence for each in explanations),
        ),
    )
    end_with([fault for each in explanations for fault in each.faults], invocation.output)


def _rows(explanation: Explanation) -> tuple[tuple[str | Cell, ...], ...]:
    to_do = explanation.refusal.hint if explanation.refusal else None
    head = (explanation.target.environment.name, "", "", explanation.sentence, to_do or "")
    if explanation.verdict is None or explanation.settled:
        return (head,)
    return (head, *(("", *row) for row in verdict_rows(explanation.verdict.reasons)))


def _record(explanation: Explanation) -> dict[str, Json]:
    refusal = explanation.refusal
    return {
        "service": explanation.target.service.name,
        "environment": explanation.target.environment.name,
        "has": explanation.target.tag,
        "source": explanation.source.environment.name,
        "sourceHas": explanation.source.tag,
        "settled": explanation.settled,
        "sentence": explanation.sentence,
        "mergeRequest": explanation.merge_request.ref if explanation.merge_request else None,
        "verdict": verdict_record(explanation.verdict),
        "refusal": {"code": refusal.code, "what": str(refusal), "hint": refusal.hint} if refusal else None,
    }
