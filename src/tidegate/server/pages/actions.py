"""What a person may do in a cell: the buttons, each with the command line that does the same.

This is the seam to sign-in: it gives the viewer, and takes the requests that the buttons make.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final, Protocol

from tidegate.engine.explanation import Explanation
from tidegate.model import Answer, MergeRequest
from tidegate.model.role import Role
from tidegate.server.pages.clauses import cell_url


class Viewer(Protocol):
    """Who looks at a page."""

    @property
    def name(self) -> str | None:
        """The user name; None: nobody is signed in."""
        ...

    @property
    def csrf(self) -> str:
        """What a form of this person's pages proves itself with; "" when nobody is signed in."""
        ...

    def allows(self, needed: Role, environment: str) -> bool:
        """Return whether they may do what `needed` may in `environment`."""
        ...


@dataclass(frozen=True, slots=True)
class Nobody:
    """Fulfils `Viewer` where nobody is signed in: sees, and does nothing."""

    name: None = None
    csrf: str = ""

    def allows(self, needed: Role, environment: str) -> bool:
        """Return whether looking is all that is needed."""
        del environment
        return needed is Role.VIEWER


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


_NEEDED: Final = {"promote": Role.PROMOTER, "approve": Role.PROMOTER, "deliver": Role.DELIVERER}


def actions_for(viewer: Viewer, explanation: Explanation, *, approves: bool) -> tuple[Action, ...]:
    """Return the buttons of a cell, in order.

    Args:
        viewer: who looks.
        explanation: what the cell waits for.
        approves: merge requests are approved here, for the forge has no page of its own.
    """
    service, target = explanation.target.service.name, explanation.target.environment.name
    request = explanation.merge_request
    url = cell_url(service, target)
    to = f"{shlex.quote(service)} --to {shlex.quote(target)}"
    found = [Action("promote", f"Promote to {target}", f"{url}/promote", f"tidegate promote {to}", _stays(explanation))]
    if approves and request is not None:
        command = f"tidegate mr approve {shlex.quote(request.ref)} --as {shlex.quote(viewer.name or 'YOU')}"
        found.append(Action("approve", f"Approve {request.ref}", f"{url}/approve", command, _given(viewer, request)))
    if request is not None:
        command = f"tidegate deliver {shlex.quote(request.ref)}"
        found.append(Action("deliver", f"Deliver {request.ref}", f"{url}/deliver", command, _held(explanation)))
    return tuple(_permitted(viewer, each, target) for each in found)


def _permitted(viewer: Viewer, action: Action, environment: str) -> Action:
    """Return `action` as `viewer` has it: whoever may not, reads that first."""
    needed = _NEEDED[action.name]
    if viewer.name is None:
        reason = f"sign in first: it needs the role {needed.value}"
    elif not viewer.allows(needed, environment):
        reason = f"it needs the role {needed.value} in {environment}, which {viewer.name} has not"
    else:
        return action
    return Action(action.name, action.label, action.url, action.command, reason)


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


def _given(viewer: Viewer, request: MergeRequest) -> str | None:
    """Return why an approval would add nothing."""
    if any(each.user == viewer.name and each.head == request.head for each in request.approvals):
        return "you have approved it"
    return None


def _held(explanation: Explanation) -> str | None:
    """Return why nothing can be delivered."""
    verdict = explanation.verdict
    if verdict is None or verdict.answer is Answer.GO:
        return None
    return "; ".join(each.text for each in verdict.obstacles)
