"""`tidegate promote`."""

from __future__ import annotations

import click

from tidegate.cli.desks import open_desk
from tidegate.cli.document import Document
from tidegate.cli.failures import end_with
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Format, Output
from tidegate.cli.plans import show_all_planned, show_planned
from tidegate.cli.progress import told
from tidegate.cli.report import Report, Table
from tidegate.errors import TidegateError
from tidegate.errors.release import NothingDeclared


@click.command(
    "promote",
    cls=Command,
    examples=[
        "tidegate promote inventory --to e2e",
        "tidegate promote inventory --to staging --dry-run",
        "tidegate promote inventory --to production --version 1.1.2",
        "tidegate promote inventory --to staging --separate",
        "tidegate promote inventory billing --to staging --together",
        "tidegate promote --all --to e2e",
    ],
)
@click.argument("services", metavar="[SERVICE]...", nargs=-1)
@click.option("--to", "target", metavar="ENV", required=True, help="The environment that gets the release.")
@click.option("--all", "everything", is_flag=True, help="Every service that the environment before has.")
@click.option("--together", is_flag=True, help="One merge request for all of them: all are delivered, or none.")
@click.option("--version", metavar="VERSION", help="A version that the environment before has or had.")
@click.option("--separate", is_flag=True, help="A merge request for this version alone, beside those of others.")
@click.option("--dry-run", is_flag=True, help="Print the plan that would run; write nothing.")
@output_option
@as_option
@pass_invocation
def promote(
    invocation: Invocation,
    *,
    services: tuple[str, ...],
    target: str,
    everything: bool,
    together: bool,
    version: str | None,
    separate: bool,
    dry_run: bool,
    form: Format,
    user: str,
) -> None:
    """Open the merge request that brings a release to the next environment.

    The release is what the environment before has. Run again, it finds its own work; a newer release updates the
    open merge request, and says so in a note. Prints the merge request. Of several services, each gets one of its own,
    and what can't be promoted stops no other; with --together they share one, and one that can't stops all.
    """
    names = tuple(dict.fromkeys(services))
    if bool(names) == everything:
        raise click.UsageError("name services, or give --all")
    alone = len(names) == 1 and not together
    if not alone and version is not None:
        raise click.UsageError("--version is of one service")
    if together and separate:
        raise click.UsageError("--together and --separate exclude each other")
    faults: tuple[TidegateError, ...] = ()
    with open_desk(invocation, user) as desk:
        if together:
            documents = [desk.together(names, target, dry_run=dry_run)]
        elif alone:
            act = desk.plan if dry_run else desk.promote
            documents = [act(names[0], target, version, separate=separate)]
        else:
            done = desk.promote_each(names, target, separate=separate, dry_run=dry_run)
            documents = [each for each in done if isinstance(each, Document)]
            faults = tuple(each for each in done if isinstance(each, TidegateError) and not _is_none(each, names))
    several = not alone and not together
    if dry_run and several:
        show_all_planned(invocation.output, form, documents)
    elif dry_run:
        show_planned(invocation.output, form, documents[0])
    else:
        _show(invocation.output, form, documents, several=several)
    end_with(faults, invocation.output)


def _is_none(error: TidegateError, names: tuple[str, ...]) -> bool:
    """Return whether it is none of all: of all services, those that the source does not have are none."""
    return not names and isinstance(error, NothingDeclared)


def _show(output: Output, form: Format, documents: list[Document], *, several: bool) -> None:
    rows = []
    for each in documents:
        ref, title, branch = (each.maybe(key) for key in ("mergeRequest", "title", "branch"))
        if each.flag("adopted"):  # an earlier run's, or that of one who was faster
            output.say(told("kept", f"{ref} is open: {title}"))
        if ref:
            rows.append((ref, title or "", branch or ""))
    values = [each.only("mergeRequest", "title", "summary") for each in documents]
    output.show(
        form,
        Report(
            Table(("MERGE REQUEST", "TITLE", "BRANCH"), tuple(rows), empty="nothing to do"),
            {"promotions": [*values]} if several else values[0],
            tuple(row[0] for row in rows),
        ),
    )
