"""`tidegate deliver`."""

from __future__ import annotations

from typing import Final

import click

from tidegate.cli.desk import Desk
from tidegate.cli.desks import open_desk
from tidegate.cli.document import Document
from tidegate.cli.failures import end_with
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Command
from tidegate.cli.merge_request_names import MergeRequestName
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Format
from tidegate.cli.plans import show_planned, verdict_of, verdict_rows
from tidegate.cli.report import Cell, Report, Table
from tidegate.errors import Blocked, Pending, TidegateError

_OBSTRUCTED: Final = frozenset({"waits", "refused"})
_MERGED: Final = frozenset({"delivered", "ready", "merged"})


@click.command(
    "deliver",
    cls=Command,
    examples=[
        "tidegate deliver inventory --to e2e",
        "tidegate deliver 'platform/gitops-staging!4'",
        "tidegate deliver --all",
        "tidegate deliver --all --dry-run",
    ],
)
@click.argument("what", metavar="[SERVICE | MERGE-REQUEST]", required=False)
@click.option("--to", "target", metavar="ENV", help="With SERVICE: the environment that gets the release.")
@click.option("--all", "everything", is_flag=True, help="Every open merge request that is ready.")
@click.option("--dry-run", is_flag=True, help="Print verdicts and the plan that would run; write nothing.")
@output_option
@as_option
@pass_invocation
def deliver(
    invocation: Invocation,
    *,
    what: str | None,
    target: str | None,
    everything: bool,
    dry_run: bool,
    form: Format,
    user: str,
) -> None:
    """Make the images of approved merge requests available, and merge them.

    A merge request is named by its service and environment or as project!number, or all open ones are looked at.
    One that may not go yet is left as it is, and every reason is printed; its exit code is 11. One that the forge is
    to merge by itself (auto_merge, merge_train) ends with 8. With --all the exit code tells failures only.
    """
    if sum((everything, what is not None)) != 1:
        raise click.UsageError("name one merge request (or a service and --to), or give --all")
    faults: tuple[TidegateError, ...] = ()
    with open_desk(invocation, user) as desk:
        if what is None:
            deliveries, faults = _every_open_one(desk, dry_run=dry_run)
        else:
            names = _named(invocation, desk, what, target)
            deliveries = [_alone(desk, *name, dry_run=dry_run) for name in names]
    if dry_run and form is Format.TABLE:
        for each in deliveries:
            if (plan := each.inner("plan")) is not None:
                show_planned(invocation.output, form, plan)
    _report(invocation, form, deliveries)
    end_with(faults, invocation.output)  # last: what could be read was delivered meanwhile
    outcomes = {each.text("outcome") for each in deliveries}
    if "failed" in outcomes:
        click.get_current_context().exit(1)
    if not everything and outcomes & _OBSTRUCTED:
        click.get_current_context().exit(Blocked.exit_code)
    if not everything and "scheduled" in outcomes:
        click.get_current_context().exit(Pending.exit_code)


def _every_open_one(desk: Desk, *, dry_run: bool) -> tuple[list[Document], tuple[TidegateError, ...]]:
    """Deliver what may go of all that is open; return what became of all, and why others can't be read."""
    surveyed = desk.survey()
    deliveries = [
        desk.deliver(each.text("project"), each.number("iid"), dry_run=dry_run, alone=False)
        if each.flag("mayGo")
        else each
        for each in surveyed.documents
    ]
    if not dry_run:
        desk.show_waiting()
    return deliveries, surveyed.faults


def _named(invocation: Invocation, desk: Desk, what: str, target: str | None) -> list[tuple[str, int]]:
    """Return project and number of what the command line names; says so where there is nothing."""
    if "!" in what:
        name = MergeRequestName.parse(what)
        return [(name.project, name.iid)]
    if target is None:
        raise click.UsageError(f"say where {what} is delivered to: --to ENV")
    found = desk.moving(what, target)
    if len(found) > 1:
        names = ", ".join(f"{project}!{iid}" for project, iid in found)
        raise click.UsageError(f"several merge requests move {what} to {target}: name one of {names}")
    if not found:
        invocation.output.say(f"no open merge request moves {what} to {target}")
    return found


def _alone(desk: Desk, project: str, iid: int, *, dry_run: bool) -> Document:
    from tidegate.errors.release import NothingToDeliver

    delivery = desk.deliver(project, iid, dry_run=dry_run, alone=True)
    if delivery.text("outcome") == "none":
        raise NothingToDeliver(
            "the merge request moves no image of any service",
            where=delivery.text("mergeRequest"),
            hint="only merge requests that change the image in a service's folder are delivered; merge it by hand",
        )
    return delivery


def _report(invocation: Invocation, form: Format, deliveries: list[Document]) -> None:
    rows: list[tuple[str | Cell, ...]] = []
    for each in deliveries:
        outcome, error = each.text("outcome"), each.inner("error")
        rows.append((each.text("mergeRequest"), outcome, "", each.text("title"), ""))
        if error is not None:
            rows.append(("", "", error.text("code"), _error(error), error.maybe("hint") or ""))
        verdict = verdict_of(each.inner("verdict"))
        if verdict is not None and outcome in _OBSTRUCTED:
            rows.extend(("", *row) for row in verdict_rows(verdict.obstacles))
    invocation.output.show(
        form,
        Report(
            Table(
                ("MERGE REQUEST", "OUTCOME", "GATE", "REASON", "WHAT TO DO"), tuple(rows), empty="nothing to deliver"
            ),
            {"deliveries": [each.only("mergeRequest", "title", "outcome", "verdict", "error") for each in deliveries]},
            tuple(each.text("mergeRequest") for each in deliveries if each.text("outcome") in _MERGED),
        ),
    )


def _error(error: Document) -> str:
    where = error.maybe("where")
    return f"{where}: {error.text('what')}" if where else error.text("what")
