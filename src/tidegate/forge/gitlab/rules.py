"""Who approved a merge request, GitLab's own rules for it (Premium), and which approvals a push took away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from tidegate.errors.forge import ForgeForbidden, ForgeRefused, ProjectMissing
from tidegate.forge.gitlab.approvals import at_heads
from tidegate.forge.gitlab.client import GitLabClient, merge_request_path
from tidegate.forge.gitlab.fields import Fields
from tidegate.forge.gitlab.parse import Note, approvals, version
from tidegate.forge.gitlab.people import People
from tidegate.model.approval_record import recorded
from tidegate.model.forge_rule import ForgeRule
from tidegate.model.merge_request import Approval, MergeRequest, MergeRequestState

_WITHDRAWN: Final = "unapproved this merge request"
"""GitLab's own report of an approval that was taken back. It is in English whatever the reader's language."""
_OF_PREMIUM: Final = "approvals_required"
_CODE_OWNER: Final = "code_owner"


def read_approvals(api: GitLabClient, people: People, request: MergeRequest) -> MergeRequest:
    """Return `request` with its approvals, of persons, each at its head; an open one with GitLab's rules, too."""
    path = merge_request_path(request.project, request.iid)
    answer = api.get(*path, "approvals")
    given = [one for one in approvals(answer) if people.is_person(api, one.by)]
    placed = at_heads(given, map(version, api.list(*path, "versions"))) if given else ()
    rules = approval_rules(api, path, answer) if request.state is MergeRequestState.OPEN else None
    return replace(request, approvals=placed, rules=rules)


def approval_rules(api: GitLabClient, path: tuple[str, ...], answer: Fields) -> tuple[ForgeRule, ...] | None:
    """Return GitLab's approval rules for a merge request; None on GitLab Free, which has none.

    The rules are read from `approval_state`: of required code owners, `approval_rules` says that none are.

    Args:
        path: the merge request's.
        answer: to `approvals`. It tells what edition it is: on Free, a call is saved.
    """
    if _OF_PREMIUM not in answer:
        return None
    try:
        return rules_in(api.get(*path, "approval_state"))
    except ForgeRefused:
        return None  # the edition has the field and not the rules: the licence has run out


def rules_in(state: Fields) -> tuple[ForgeRule, ...]:
    """Return the rules in `state` (EE::API::Entities::MergeRequestApprovalState)."""
    overwritten = state.flag("approval_rules_overwritten")
    return tuple(_rule(one, overwritten=overwritten) for one in state.parts("rules"))


def recorded_approvals(
    api: GitLabClient, people: People, request: MergeRequest, notes: Sequence[Note], me: Callable[[], str]
) -> tuple[Approval, ...]:
    """Return the approvals that our own note records, and that GitLab took away by itself when it saw a push.

    Premium can do that (`reset_approvals_on_push`); Tidegate's own rewrite is such a push. Elsewhere GitLab keeps
    approvals, and what it does not tell of was withdrawn.

    Args:
        request: with the approvals that GitLab tells of.
        notes: of the merge request, GitLab's own reports among them.
        me: tells the token's user: only their notes count.
    """
    if request.state is not MergeRequestState.OPEN:
        return ()
    held = {one.user for one in request.approvals}
    claims = [(note.by, one) for note in notes if not note.is_system for one in recorded(note.text)]
    found = [one for by, one in claims if one.user not in held and by == me()]
    if not found or not _resets(api, request.project):
        return ()
    asked = ((one, people.named(api, one.user)) for one in found if not _is_withdrawn(one, notes))
    return tuple(replace(one, known_as=person.known_as) for one, person in asked if person is not None)


def _is_withdrawn(approval: Approval, notes: Sequence[Note]) -> bool:
    reports = (note for note in notes if note.is_system and note.by == approval.user)
    return any(note.text == _WITHDRAWN and note.at >= approval.at for note in reports)


def _resets(api: GitLabClient, project: str) -> bool:
    """Return whether a push takes approvals away; who may not ask, or asks GitLab Free, hears no."""
    try:
        return api.get("projects", project, "approvals").flag("reset_approvals_on_push")
    except (ForgeForbidden, ForgeRefused, ProjectMissing):
        return False


def _rule(fields: Fields, *, overwritten: bool) -> ForgeRule:
    return ForgeRule(
        name=fields.text("name"),
        required=fields.optional_number("approvals_required") or 0,
        approved=fields.flag("approved"),
        approved_by=_names(fields, "approved_by"),
        eligible=_names(fields, "eligible_approvers"),
        code_owners=fields.optional_text("rule_type") == _CODE_OWNER or fields.flag("code_owner"),
        overwritten=overwritten,
    )


def _names(fields: Fields, name: str) -> frozenset[str]:
    return frozenset(one.text("username") for one in fields.parts(name)) if name in fields else frozenset()
