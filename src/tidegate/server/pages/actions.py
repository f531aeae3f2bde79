"""What a person may do in a cell: the buttons, each with the command line that does the same."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import Final

from tidegate.engine.views.cell_detail import CellDetail
from tidegate.engine.views.explanation import Explanation
from tidegate.model import Answer, MergeRequest
from tidegate.server.access.permissions import Permission
from tidegate.server.access.visitor import Visitor
from tidegate.server.pages.clauses import cell_url


@dataclass(frozen=True, slots=True)
class Action:
    """A button.

    Args:
        name: `promote`, `approve` or `deliver`.
        label: what it says.
        url: where its form goes.
        command: the command line that does the same.
        refusal: why it can't be pressed; None: it can.
    """

    name: str
    label: str
    url: str
    command: str
    refusal: str | None = None


_PERMISSIONS: Final = {"promote": Permission.PROMOTE, "approve": Permission.APPROVE, "deliver": Permission.DELIVER}


def actions_for(visitor: Visitor, detail: CellDetail, *, approves: bool) -> tuple[Action, ...]:
    """Return the buttons of a cell, in order.

    Args:
        visitor: who looks.
        detail: what the cell waits for; in the first environment, for nothing.
        approves: merge requests are approved here, for the forge has no page of its own.
    """
    explanation = detail.explanation
    if explanation is None:
        return ()
    service, target = explanation.target.service.name, explanation.target.environment.name
    request = explanation.merge_request
    url = cell_url(service, target)
    to = f"{shlex.quote(service)} --to {shlex.quote(target)}"
    found = [Action("promote", f"Promote to {target}", f"{url}/promote", f"tidegate promote {to}", _stays(explanation))]
    if approves and request is not None:
        command = f"tidegate mr approve {shlex.quote(request.ref)} --as {shlex.quote(visitor.user or 'YOU')}"
        found.append(
            Action(
                "approve",
                f"Approve {request.ref}",
                f"{url}/approve?head={request.head}",  # what is approved is what the page has shown
                command,
                _given(visitor, request, detail),
            )
        )
    if request is not None:
        command = f"tidegate deliver {shlex.quote(request.ref)}"
        found.append(Action("deliver", f"Deliver {request.ref}", f"{url}/deliver", command, _held(explanation)))
    return tuple(_permitted(visitor, each, target) for each in found)


def _permitted(visitor: Visitor, action: Action, environment: str) -> Action:
    """Return `action` as `visitor` has it: whoever may not, reads that first."""
    refusal = visitor.refusal(_PERMISSIONS[action.name], environment)
    return replace(action, refusal=refusal) if refusal else action


def _stays(explanation: Explanation) -> str | None:
    """Return why nothing can be promoted."""
    source, target = explanation.source, explanation.target
    if explanation.refusal is not None:
        return str(explanation.refusal)
    if explanation.wants_promotion:
        return None
    if explanation.settled:
        return f"{target.environment.name} has the newest of {source.environment.name}"
    if explanation.merge_request is not None:
        return f"{explanation.merge_request.ref} brings it already"
    return explanation.sentence


def _given(visitor: Visitor, request: MergeRequest, detail: CellDetail) -> str | None:
    """Return why an approval would add nothing."""
    if any(each.user == visitor.user and each.head == request.head for each in request.approvals):
        return "you have approved it"
    rule = detail.cell.environment.approvals
    if detail.approvers is not None and visitor.user not in detail.approvers:
        return f"it would not count: approvals are asked from {', '.join(rule.approvers)}"
    if rule.not_author and request.author == visitor.user:
        return "it would not count: you have opened it"
    return None


def _held(explanation: Explanation) -> str | None:
    """Return why nothing can be delivered."""
    verdict = explanation.verdict
    if verdict is None or verdict.answer is Answer.GO:
        return None
    return "; ".join(each.text for each in verdict.obstacles)
