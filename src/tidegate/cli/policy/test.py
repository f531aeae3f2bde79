"""`tidegate policy test`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.policy.words import outcome_record, policy_words
from tidegate.cli.report import Cell, Report, Style, Table
from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.engine.policy.policy_trial import Trial


@click.command(
    "test",
    cls=Command,
    examples=[
        "tidegate policy test --policy inventory --explain",
        "tidegate policy test --policy policy.yaml --tags tags.txt",
        "tidegate policy test --policy policy.yaml --tags - --explain < tags.json",
    ],
)
@click.option(
    "--policy", "what", metavar="FILE|SERVICE", required=True, help="A file with ImagePolicies, or a service."
)
@click.option("--in", "target", metavar="ENV", help="With SERVICE, one environment; default: every automatic one.")
@click.option("--tags", "source", metavar="FILE|-", help="Tags, one a line or a JSON list. Default: the registry's.")
@click.option("--explain", is_flag=True, help="Say for every tag why it was taken or not.")
@output_option
@pass_invocation
def test(
    invocation: Invocation, *, what: str, target: str | None, source: str | None, explain: bool, form: Format
) -> None:
    """Select a tag as Flux does, and explain every tag; exit code 1 when a policy selects nothing.

    With FILE and --tags no tidegate.yaml is needed.
    """
    trials = _trials(invocation, what, target, source)
    rows = tuple((trial.name, policy_words(trial.policy.spec), _selected(trial)) for trial in trials)
    documents: list[Json] = [_record(trial, explain=explain) for trial in trials]
    report = Report(
        Table(("POLICY", "RANGE", "SELECTS"), rows, empty=""),
        {"policies": documents},
        tuple(trial.selection.tag or "" for trial in trials),
    )
    invocation.output.show(form, report)
    if explain and form is Format.TABLE:
        for trial in trials:
            invocation.output.line()
            invocation.output.table(_explained(trial))
    if any(trial.selection.tag is None for trial in trials):
        click.get_current_context().exit(1)


def _trials(invocation: Invocation, what: str, target: str | None, source: str | None) -> tuple[Trial, ...]:
    from tidegate.cli.policy.tag_list import read_tag_list
    from tidegate.engine.policy.policy_trial import no_tags, try_file, try_service

    tags = None if source is None else read_tag_list(source, invocation.directory)
    file = invocation.path(what)
    if file.is_file():
        if tags is None:
            raise no_tags(what)
        return try_file(file.read_bytes(), tags, file=what)
    if "/" in what or what.endswith((".yaml", ".yml")):
        raise click.BadParameter(f"there is no file {what}", param_hint="--policy")
    from tidegate.bootstrap import open_world

    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="") as world:
        environments = (world.environment(target),) if target else world.pipeline.environments
        return try_service(world, world.service(what), environments, tags)


def _selected(trial: Trial) -> str | Cell:
    return trial.selection.tag or Cell(f"✗ nothing: {trial.selection.error}", Style.BAD)


def _explained(trial: Trial) -> Table:
    rows = tuple(
        (each.tag, each.outcome.value, each.value if each.value != each.tag else "", each.text)
        for each in trial.selection.explain()
    )
    return Table((f"TAG BY {trial.name}", "OUTCOME", "VALUE", "WHY"), rows, empty=f"no tags for {trial.name}")


def _record(trial: Trial, *, explain: bool) -> dict[str, Json]:
    error = trial.selection.error
    record: dict[str, Json] = {
        "policy": trial.policy.name,
        "place": str(trial.place),
        "range": trial.policy.range,
        "selects": trial.selection.tag,
        "error": str(error) if error else None,
        "failure": error.failure.value if error else None,
    }
    if explain:
        record["tags"] = [outcome_record(each) for each in trial.selection.explain()]
    return record
