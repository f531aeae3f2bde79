"""The fake's calls about files, commits and branches. Order of checks as in GitLab's `Commits::CreateService`."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from tidegate.testing.gitlab import repository_entities as entities
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.merge_requests import project
from tidegate.testing.gitlab.messages import NO_CONTENT, Answer, Call, Json, no, not_found, parameter_missing
from tidegate.testing.gitlab.state import Project

WHERE_PARAMETERS: Final = frozenset({"branch", "commit_message", "start_branch", "author_email", "author_name"})
COMMIT_PARAMETERS: Final = WHERE_PARAMETERS | {"actions", "start_sha", "force", "stats"}
FILE_PARAMETERS: Final = WHERE_PARAMETERS | {"content", "encoding", "last_commit_id", "execute_filemode"}
LIST_PARAMETERS: Final = frozenset({"ref_name", "path"})
_STALE: Final = "The file has changed since you started editing it: {path}"
_STALE_FILE: Final = "You are attempting to update a file that has changed since you started editing it."


@dataclass(frozen=True, slots=True)
class _Action:
    """One file's change: `create`, `update` or `delete`."""

    kind: str
    path: str
    content: bytes
    last_commit: str

    @classmethod
    def read(cls, kind: str, path: str, given: dict[str, Json]) -> _Action:
        content = str(given.get("content") or "")
        data = base64.b64decode(content) if given.get("encoding") == "base64" else content.encode()
        return cls(kind, path, data, str(given.get("last_commit_id") or ""))


def create_commit(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST repository/commits."""
    home = project(gitlab, call)
    rows = call.body.get("actions")
    if not isinstance(rows, list):
        raise parameter_missing("actions")
    actions = [
        _Action.read(str(row.get("action")), str(row.get("file_path")), row) for row in rows if isinstance(row, dict)
    ]
    made = _write(gitlab, home, call, actions, stale=_STALE)
    return Answer(201, entities.commit(home, made, gitlab.url, detail=True))


def create_file(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST repository/files/:path."""
    return _one_file(gitlab, call, "create", 201)


def update_file(gitlab: FakeGitLab, call: Call) -> Answer:
    """PUT repository/files/:path."""
    return _one_file(gitlab, call, "update", 200)


def delete_file(gitlab: FakeGitLab, call: Call) -> Answer:
    """DELETE repository/files/:path."""
    return _one_file(gitlab, call, "delete", NO_CONTENT)


def _one_file(gitlab: FakeGitLab, call: Call, kind: str, status: int) -> Answer:
    home = project(gitlab, call)
    given: dict[str, Json] = {**call.query, **call.body}
    path = call.path["file_path"]
    _write(gitlab, home, call, [_Action.read(kind, path, given)], stale=_STALE_FILE)
    return Answer(status, {"file_path": path, "branch": call.text("branch")})


def _write(gitlab: FakeGitLab, home: Project, call: Call, actions: list[_Action], *, stale: str) -> str:
    for name in ("branch", "commit_message"):
        if not call.text(name):
            raise parameter_missing(name)
    branch, user = call.text("branch"), call.access.user
    if not home.may_push(branch, user.username):
        raise no(403, "403 Forbidden - You are not allowed to push into this branch")
    old, parent = _start(home, call)
    changes: dict[str, bytes | None] = {}
    for one in actions:
        there = home.repository.blob(parent, one.path) is not None
        if one.kind == "create" and there:
            raise no(400, "A file with this name already exists")
        if one.kind != "create" and not there:
            raise no(400, "A file with this name doesn't exist")
        if one.last_commit and one.last_commit != home.repository.last_commit(parent, one.path):
            raise no(400, stale.format(path=one.path))
        changes[one.path] = None if one.kind == "delete" else one.content
    tree = home.repository.tree_with(parent, changes)
    name = call.text("author_name") or user.username
    made = home.repository.commit(tree, (parent,), call.text("commit_message"), name=name, at=gitlab.now())
    if old is None:
        home.repository.create(branch, made)
    else:
        home.repository.move(branch, made, old)
    gitlab.pusher = user
    gitlab.refresh(home)
    return made


def _start(home: Project, call: Call) -> tuple[str | None, str]:
    """Return the branch's head, and the commit to go on from."""
    branch, heads = call.text("branch"), home.repository.heads()
    start, sha = call.text("start_branch"), call.text("start_sha")
    old = heads.get(branch)
    if old is not None and (start or sha) and not call.flag("force"):
        words = f"A branch called '{branch}' already exists. Switch to that branch in order to make changes"
        raise no(400, words)
    if sha:
        if not home.repository.has(sha):
            raise no(400, f"Cannot find start_sha '{sha}'")
        return old, sha
    parent = heads.get(start or branch)
    if parent is None:
        raise no(400, "You can only create or edit files when you are on a branch")
    return old, parent


def list_commits(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET repository/commits, the newest first."""
    home = project(gitlab, call)
    ref = _commit(home, call.query.get("ref_name") or "main")
    found = home.repository.log(ref, call.query.get("path", ""))
    rows: list[Json] = [entities.commit(home, one, gitlab.url) for one in found]
    return Answer(body=rows)


def show_commit(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET repository/commits/:sha."""
    home = project(gitlab, call)
    return Answer(body=entities.commit(home, _commit(home, call.path["sha"]), gitlab.url, detail=True))


def show_file(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET repository/files/:path."""
    home = project(gitlab, call)
    path, ref = call.path["file_path"], call.query.get("ref") or "main"
    commit = _commit(home, ref)
    content = home.repository.blob(commit, path)
    if content is None:
        raise not_found("File")
    return Answer(
        body={
            "file_name": path.rpartition("/")[2],
            "file_path": path,
            "size": len(content),
            "encoding": "base64",
            "content_sha256": hashlib.sha256(content).hexdigest(),
            "ref": ref,
            "blob_id": home.repository.blob_id(commit, path),
            "commit_id": commit,
            "last_commit_id": home.repository.last_commit(commit, path),
            "execute_filemode": False,
            "content": base64.b64encode(content).decode(),
        }
    )


def list_tree(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET repository/tree."""
    home = project(gitlab, call)
    commit = _commit(home, call.query.get("ref") or "main")
    found = home.repository.files(commit, call.query.get("path", ""), recursive=call.flag("recursive"))
    if not found:
        raise not_found("Tree")
    rows: list[Json] = [
        {"id": name, "name": path.rpartition("/")[2], "type": kind, "path": path, "mode": mode}
        for mode, kind, name, path in found
    ]
    return Answer(body=rows)


def _commit(home: Project, ref: str) -> str:
    found = home.repository.heads().get(ref, ref)
    if not home.repository.has(found):
        raise not_found("Commit")
    return found


def show_branch(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET repository/branches/:branch."""
    home = project(gitlab, call)
    return Answer(body=_branch(home, call.path["branch"], call))


def list_branches(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET repository/branches."""
    home = project(gitlab, call)
    rows: list[Json] = [_branch(home, name, call) for name in home.repository.heads()]
    return Answer(body=rows)


def create_branch(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST repository/branches."""
    home = project(gitlab, call)
    name, heads = call.text("branch"), home.repository.heads()
    if name in heads:
        raise no(400, "Branch already exists")
    start = heads.get(call.text("ref"), call.text("ref"))
    if not home.repository.has(start):
        raise no(400, f"Invalid reference name: {call.text('ref')}")
    home.repository.create(name, start)
    return Answer(201, _branch(home, name, call))


def delete_branch(gitlab: FakeGitLab, call: Call) -> Answer:
    """DELETE repository/branches/:branch."""
    home, name = project(gitlab, call), call.path["branch"]
    if name not in home.repository.heads():
        raise not_found("Branch")
    if name in home.protected:
        raise no(403, "403 Forbidden - Protected branch can't be removed")
    home.repository.remove(name)
    gitlab.refresh(home)
    return Answer(NO_CONTENT)


def _branch(home: Project, name: str, call: Call) -> dict[str, Json]:
    heads = home.repository.heads()
    if name not in heads:
        raise not_found("Branch")
    return entities.branch(home, name, heads[name], call.access.user)


def compare(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET repository/compare."""
    repository = project(gitlab, call).repository
    heads = repository.heads()
    start, end = (heads.get(call.query[name], call.query[name]) for name in ("from", "to"))
    return Answer(body=entities.comparison(repository.changed(start, end)))
