"""`tidegate mr`: merge requests, for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from tidegate.cli.failures import end_with
from tidegate.cli.invocation import Invocation, pass_invocation
from tidegate.cli.lazy import Group
from tidegate.cli.merge_request_names import MergeRequestName, named
from tidegate.cli.options import as_option, output_option
from tidegate.cli.output import Format
from tidegate.cli.printable import printable
from tidegate.cli.report import Report, Table
from tidegate.errors import TidegateError
from tidegate.model.json import Json

if TYPE_CHECKING:
    from tidegate.model import Approval, MergeRequest
    from tidegate.ports import Forge

_COLUMNS = ("MERGE REQUEST", "STATE", "TITLE", "AUTHOR", "APPROVALS")


@click.group("mr", cls=Group)
def mr() -> None:
    """List, read, open, approve and close merge requests."""


def _written(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    """Return an option's text, which must show something; for click's `callback`."""
    if not any(mark.isprintable() and not mark.isspace() for mark in value):
        raise click.BadParameter("it is empty")
    return value


@mr.command("list", examples=["tidegate mr list", "tidegate mr list --repo platform/gitops --state all -o json"])
@click.option("--repo", metavar="PROJECT", help="One project; default: every environment's repository.")
@click.option("--state", type=click.Choice(["open", "merged", "closed", "all"]), default="open", show_default=True)
@output_option
@pass_invocation
def list_merge_requests(invocation: Invocation, *, repo: str | None, state: str, form: Format) -> None:
    """List merge requests.

    One that can't be read, or a project, is told by an error at the end; the others are listed.
    """
    from tidegate.bootstrap import open_world
    from tidegate.model import MergeRequestState

    wanted = None if state == "all" else MergeRequestState(state)
    found: list[MergeRequest] = []
    faults: list[TidegateError] = []
    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="", partial=True) as world:
        for project in [repo] if repo else sorted({each.repo for each in world.pipeline.environments}):
            try:
                found += world.forge.merge_requests(
                    project, state=wanted, with_approvals=True, unreadable=faults.append
                )
            except TidegateError as fault:
                faults.append(fault)
    _show(invocation, form, found)
    end_with(faults, invocation.output)


@mr.command("show", examples=["tidegate mr show 'platform/gitops!3'"])
@click.argument("name", metavar="PROJECT!NUMBER", callback=named)
@output_option
@pass_invocation
def show(invocation: Invocation, *, name: MergeRequestName, form: Format) -> None:
    """Show a merge request with its text, approvals and notes."""
    from tidegate.bootstrap import open_world

    with open_world(invocation.configuration, invocation.environ, invocation.clock, actor="") as world:
        found = world.forge.merge_request(name.project, name.iid)
    if form is not Format.TABLE:
        _show(invocation, form, [found])
        return
    output = invocation.output
    output.line(printable(f"{found.ref}  {found.title}"))
    output.line(printable(f"{found.state.value}, by {found.author}, {found.source_branch} → {found.target_branch}"))
    if found.branch_gone:
        output.line(printable(f"its branch was deleted: {found.source_branch}"))
    if found.conflicts:
        output.line(printable(found.conflict))
    if found.pipeline is not None:
        output.line(printable(f"pipeline {found.pipeline.status}{_at(found.pipeline.web_url)}"))
    for approval in found.approvals:
        stale = ", before the last push: does not count" if _is_stale(found, approval) else ""
        output.line(printable(f"approved by {approval.user}, {approval.at:%Y-%m-%d %H:%M} UTC{stale}"))
    output.line()
    for line in found.description.splitlines():
        output.line(printable(line))
    for comment in found.comments:
        output.line()
        output.line(printable(f"{comment.user}, {comment.at:%Y-%m-%d %H:%M} UTC:"))
        for line in comment.text.splitlines():
            output.line(f"  {printable(line)}")


@mr.command(
    "open", examples=["tidegate mr open platform/gitops-staging --branch orders-1.4 --title 'orders 1.4' --as dana"]
)
@click.argument("project")
@click.option("--branch", required=True, help="The branch with the change; it must have been pushed.")
@click.option("--target", default="main", show_default=True, help="The branch that it goes to.")
@click.option("--title", required=True, callback=_written, help="One line.")
@click.option("--description", default="", help="Markdown.")
@output_option
@as_option
@pass_invocation
def open_merge_request(
    invocation: Invocation,
    *,
    project: str,
    branch: str,
    target: str,
    title: str,
    description: str,
    form: Format,
    user: str,
) -> None:
    """Open a merge request for a branch that was made by hand."""
    from tidegate.bootstrap import open_world
    from tidegate.engine.open_by_hand import open_by_hand
    from tidegate.ports import NewMergeRequest

    new = NewMergeRequest(branch, target, title, description, user)
    with open_world(invocation.configuration, invocation.environ, invocation.clock, user) as world:
        opened = open_by_hand(world, project, new)
    found = opened.merge_request
    if not opened.is_new:
        invocation.output.say(printable(f"{branch} is open already: {found.ref} by {found.author}, {found.title}"))
    _show(invocation, form, [found])


@mr.command("approve", examples=["tidegate mr approve 'platform/gitops-staging!1' --as sam"])
@click.argument("name", metavar="PROJECT!NUMBER", callback=named)
@output_option
@as_option
@pass_invocation
def approve(invocation: Invocation, *, name: MergeRequestName, form: Format, user: str) -> None:
    """Approve a merge request as it is now."""
    _do(invocation, form, user, lambda forge: forge.approve(name.project, name.iid, user=user))


@mr.command("unapprove", examples=["tidegate mr unapprove 'platform/gitops-staging!1' --as sam"])
@click.argument("name", metavar="PROJECT!NUMBER", callback=named)
@output_option
@as_option
@pass_invocation
def unapprove(invocation: Invocation, *, name: MergeRequestName, form: Format, user: str) -> None:
    """Take an approval back."""
    _do(invocation, form, user, lambda forge: forge.unapprove(name.project, name.iid, user=user))


@mr.command("close", examples=["tidegate mr close 'platform/gitops!3' --as alice"])
@click.argument("name", metavar="PROJECT!NUMBER", callback=named)
@output_option
@as_option
@pass_invocation
def close(invocation: Invocation, *, name: MergeRequestName, form: Format, user: str) -> None:
    """Close a merge request without merging it."""
    _do(invocation, form, user, lambda forge: forge.close(name.project, name.iid, user=user))


def _do(invocation: Invocation, form: Format, user: str, act: Callable[[Forge], MergeRequest]) -> None:
    """Do something with a merge request, and show it as it is then."""
    from tidegate.bootstrap import open_world

    with open_world(invocation.configuration, invocation.environ, invocation.clock, user) as world:
        found = act(world.forge)
    _show(invocation, form, [found])


def _show(invocation: Invocation, form: Format, found: list[MergeRequest]) -> None:
    from tidegate.engine.views.documents import merge_request_document

    rows = tuple(
        (each.ref, each.state.value, each.title, each.author, ", ".join(_approvers(each)) or "–") for each in found
    )
    documents: list[Json] = [merge_request_document(each) for each in found]
    table = Table(_COLUMNS, rows, empty="no merge requests")
    invocation.output.show(form, Report(table, {"mergeRequests": documents}, tuple(each.ref for each in found)))


def _at(url: str | None) -> str:
    return f": {url}" if url else ""


def _approvers(found: MergeRequest) -> list[str]:
    return [f"{each.user} (before the last push)" if _is_stale(found, each) else each.user for each in found.approvals]


def _is_stale(found: MergeRequest, approval: Approval) -> bool:
    """Return whether an approval is not of the head. Of what is merged it is: Tidegate's own rewrite voids none."""
    return found.state.value == "open" and approval.head != found.head
