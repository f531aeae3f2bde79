"""`tidegate image ls`."""

from __future__ import annotations

import click

from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import output_option
from tidegate.cli.output import Format
from tidegate.cli.report import Report, Table
from tidegate.counted import counted


@click.command(
    "ls",
    cls=Command,
    examples=[
        "tidegate image ls registry.example.com/inventory",
        "tidegate image ls prd:inventory --semver -o name | tail -1",
        "tidegate image ls oci-layout:bundle",
    ],
)
@click.argument("repository")
@click.option("--semver", is_flag=True, help="Only tags that Flux reads as versions, the lowest first.")
@output_option
@pass_invocation
def ls(invocation: Invocation, *, repository: str, semver: bool, form: Format) -> None:
    """List the tags of a repository.

    They stand in the registry's order. A tag in REPOSITORY is ignored.
    """
    from tidegate.cli.image.access import open_places

    with open_places(invocation) as places:
        home = places.repository(repository)
        tags = list(home.registry.tags(home.repository))
    empty = (
        f"no version among {counted(len(tags), 'tag')}" if tags else f"no tags in {home.shown}, or no such repository"
    )
    if semver:
        from tidegate.model.version import flux_precedence

        versions = [(precedence, tag) for tag in tags if (precedence := flux_precedence(tag)) is not None]
        tags = [tag for _, tag in sorted(versions)]
    if form is Format.NAME and not tags:
        invocation.output.say(empty)  # a loop over a name with a slip in it would do nothing, and say nothing
    table = Table(("TAG",), tuple((tag,) for tag in tags), empty=empty)
    invocation.output.show(form, Report(table, {"repository": home.shown, "tags": tags}, tags))
