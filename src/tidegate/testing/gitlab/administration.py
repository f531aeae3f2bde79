"""The fake's calls that set up groups, projects, members, protected branches and webhooks."""

from __future__ import annotations

from datetime import date
from typing import Final

from tidegate.testing.gitlab import repository_entities as entities
from tidegate.testing.gitlab.entities import member
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.merge_requests import project
from tidegate.testing.gitlab.messages import NO_CONTENT, Answer, Call, Json, no, not_found, parameter_missing
from tidegate.testing.gitlab.state import Group, Hook, Membership, Project, Protection

HOOK_EVENTS: Final = {
    "push_events": "push",
    "merge_requests_events": "merge_request",
    "note_events": "note",
    "pipeline_events": "pipeline",
}
HOOK_PARAMETERS: Final = frozenset({"url", "token", "enable_ssl_verification", *HOOK_EVENTS})
MEMBER_PARAMETERS: Final = frozenset({"user_id", "access_level", "expires_at"})
PROJECT_PARAMETERS: Final = frozenset({"name", "path", "namespace_id", "initialize_with_readme", "default_branch"})
PROTECTION_PARAMETERS: Final = frozenset({"name", "push_access_level", "merge_access_level"})
_NOBODY: Final = 0


def create_group(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST groups."""
    for name in ("name", "path"):
        if not call.text(name):
            raise parameter_missing(name)
    path = call.text("path")
    for parent in gitlab.groups.values():
        if [parent.id] == call.numbers("parent_id"):
            path = f"{parent.path}/{path}"
    if path in gitlab.groups:
        raise no(400, {"path": ["has already been taken"]})
    return Answer(201, entities.group(gitlab.group(path), gitlab.url))


def show_group(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET groups/:id."""
    return Answer(body=entities.group(_group(gitlab, call), gitlab.url))


def add_member(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST groups/:id/members."""
    group = _group(gitlab, call)
    people = {one.id: one for one in gitlab.users.values()}
    (number,), (level,) = call.numbers("user_id"), call.numbers("access_level")
    if number not in people:
        raise not_found("User")
    if any(one.user.id == number for one in group.members):
        raise no(409, "Member already exists")
    expires = date.fromisoformat(call.text("expires_at")) if call.text("expires_at") else None
    made = Membership(people[number], level, expires)
    group.members.append(made)
    return Answer(201, member(made, gitlab.url))


def list_members(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET groups/:id/members/all: of one that is in several, the nearest group's membership is told."""
    path = _group(gitlab, call).path
    found: dict[str, Membership] = {}
    for group in sorted(gitlab.groups.values(), key=lambda one: len(one.path)):
        if f"{path}/".startswith(f"{group.path}/"):
            found.update({one.user.username: one for one in group.members})
    rows: list[Json] = [member(one, gitlab.url) for one in found.values()]
    return Answer(body=rows)


def _group(gitlab: FakeGitLab, call: Call) -> Group:
    for group in gitlab.groups.values():
        if call.path["id"] in {group.path, str(group.id)}:
            return group
    raise not_found("Group")


def create_project(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST projects; with `initialize_with_readme`, it has a branch `main`."""
    path = call.text("path") or call.text("name")
    for group in gitlab.groups.values():
        if [group.id] == call.numbers("namespace_id"):
            path = f"{group.path}/{path}"
    if path in gitlab.projects:
        raise no(400, {"path": ["has already been taken"]})
    made = gitlab.project(path)
    made.repository.initialise(gitlab.now())
    return Answer(201, entities.project(made, gitlab.url))


def show_project(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET projects/:id."""
    return Answer(body=entities.project(project(gitlab, call), gitlab.url))


def delete_group(gitlab: FakeGitLab, call: Call) -> Answer:
    """DELETE groups/:id, with all below it."""
    path = _group(gitlab, call).path
    gitlab.groups = {name: one for name, one in gitlab.groups.items() if not f"{name}/".startswith(f"{path}/")}
    gitlab.projects = {name: one for name, one in gitlab.projects.items() if not name.startswith(f"{path}/")}
    return Answer(202, {"message": "202 Accepted"})


def list_protected(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET protected_branches."""
    home = project(gitlab, call)
    rows: list[Json] = [entities.protected_branch(one, gitlab.users) for one in home.protected.values()]
    return Answer(body=rows)


def show_protected(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET protected_branches/:name."""
    return Answer(body=entities.protected_branch(_protection(project(gitlab, call), call), gitlab.users))


def protect(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST protected_branches. Level 0 is nobody, 30 and above any member; single users are Premium's."""
    home, name = project(gitlab, call), call.text("name")
    if name in home.protected:
        raise no(409, f"Protected branch '{name}' already exists")

    def allowed(level: str) -> tuple[str, ...] | None:
        return () if call.numbers(level) == [_NOBODY] else None

    made = home.protect(name, pushers=allowed("push_access_level"), mergers=allowed("merge_access_level"))
    return Answer(201, entities.protected_branch(made, gitlab.users))


def unprotect(gitlab: FakeGitLab, call: Call) -> Answer:
    """DELETE protected_branches/:name."""
    home = project(gitlab, call)
    del home.protected[_protection(home, call).name]
    return Answer(NO_CONTENT)


def _protection(home: Project, call: Call) -> Protection:
    if call.path["name"] not in home.protected:
        raise not_found()
    return home.protected[call.path["name"]]


def list_hooks(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET hooks."""
    home = project(gitlab, call)
    rows: list[Json] = [entities.hook(one, home, HOOK_EVENTS) for one in home.hooks]
    return Answer(body=rows)


def add_hook(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST hooks."""
    home = project(gitlab, call)
    if not call.text("url"):
        raise parameter_missing("url")
    wanted = frozenset(kind for name, kind in HOOK_EVENTS.items() if call.flag(name))
    made = Hook(next(gitlab.numbers), call.text("url"), call.text("token"), events=wanted or frozenset({"push"}))
    home.hooks.append(made)
    return Answer(201, entities.hook(made, home, HOOK_EVENTS))
