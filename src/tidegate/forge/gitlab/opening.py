"""What a merge request is opened with besides branches and text: GitLab wants numbers where people write names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tidegate.errors.forge import InvalidUser, MilestoneMissing
from tidegate.forge.gitlab.client import GitLabClient
from tidegate.forge.gitlab.fields import Fields
from tidegate.forge.gitlab.parse import account
from tidegate.model.merge_request import MergeRequestOptions

_FEW: Final = 2
"""So many people are looked for by their names, more in the list of all: a call has a hundred of them."""


class Openings:
    """What `opening_fields` returned, by project and options: for many merge requests, people are looked up once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, MergeRequestOptions], dict[str, object]] = {}

    def fields(self, api: GitLabClient, project: str, options: MergeRequestOptions) -> dict[str, object]:
        """Return what `opening_fields` returns, as this run has seen it. Raises likewise."""
        key = (project, options)
        if key not in self._known:
            self._known[key] = opening_fields(api, project, options)
        return self._known[key]


def opening_fields(api: GitLabClient, project: str, options: MergeRequestOptions) -> dict[str, object]:
    """Return the parameters of `POST merge_requests` that `options` stand for; none that nobody asked for.

    Raises:
        InvalidUser: somebody is no member of the project.
        MilestoneMissing: neither the project nor a group above it has the milestone.
    """
    fields: dict[str, object] = {}
    if options.labels:
        fields["labels"] = ",".join(options.labels)
    people = _numbers(api, project, tuple(dict.fromkeys((*options.reviewers, *options.assignees))))
    for field, names in (("reviewer_ids", options.reviewers), ("assignee_ids", options.assignees)):
        if names:
            fields[field] = [people[name.lower()] for name in names]
    if options.milestone is not None:
        fields["milestone_id"] = _milestone(api, project, options.milestone)
    if options.squash:
        fields["squash"] = True
    if options.remove_source_branch:
        fields["remove_source_branch"] = True
    return fields


def _numbers(api: GitLabClient, project: str, names: tuple[str, ...]) -> dict[str, int]:
    """Return user name, in lower case → number."""
    wanted = {name.lower() for name in names}
    found: dict[str, int] = {}
    for row in _users(api, project, names):
        who = account(row)
        if who.name.lower() in wanted:
            found[who.name.lower()] = who.id
        if len(found) == len(wanted):
            break
    for name in names:
        if name.lower() not in found:
            raise InvalidUser(
                f"{name} is no member of the project, or this token can't see it",
                where=project,
                hint="correct reviewers and assignees under merge_request, or let them into the project",
            )
    return found


def _users(api: GitLabClient, project: str, names: tuple[str, ...]) -> Iterator[Fields]:
    if len(names) > _FEW:
        yield from api.list("projects", project, "users")
        return
    for name in names:
        yield from _until(name, api.list("projects", project, "users", query={"search": name}))


def _until(name: str, rows: Iterable[Fields]) -> Iterator[Fields]:
    for row in rows:
        yield row
        if account(row).name.lower() == name.lower():
            return


def _milestone(api: GitLabClient, project: str, title: str) -> int:
    query = {"title": title, "include_ancestors": "true"}
    for row in api.list("projects", project, "milestones", query=query):
        if row.text("title") == title:
            return row.number("id")
    raise MilestoneMissing(
        f"there is no milestone {title!r}", where=project, hint="create it, or correct merge_request.milestone"
    )
