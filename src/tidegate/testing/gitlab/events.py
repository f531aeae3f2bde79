"""What GitLab's webhooks are told: bodies with the fields of recorded deliveries, and the headers of one attempt."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import uuid4

from tidegate.testing.gitlab.messages import Json
from tidegate.testing.gitlab.state import Hook, MergeRequest, Note, Pipeline, Project, User

_NAMES: Final = {
    "merge_request": "Merge Request Hook",
    "note": "Note Hook",
    "push": "Push Hook",
    "pipeline": "Pipeline Hook",
}
_MOST_COMMITS: Final = 20
_NOTHING: Final = "0" * 40


@dataclass(frozen=True, slots=True)
class Event:
    """Something that one webhook is to be told.

    Args:
        kind: e.g. `merge_request`.
        key: `Idempotency-Key`: the same for every attempt.
        body: JSON.
    """

    hook: Hook
    kind: str
    key: str
    body: bytes

    def headers(self, instance: str, at: datetime) -> dict[str, str]:
        """Return the headers of one attempt.

        Args:
            instance: GitLab's URL.
            at: when it is sent; a signature is good around that time.
        """
        told = {
            "Content-Type": "application/json",
            "User-Agent": "GitLab/18.4.0",
            "X-Gitlab-Event": _NAMES[self.kind],
            "X-Gitlab-Event-UUID": str(uuid4()),
            "X-Gitlab-Webhook-UUID": str(uuid4()),
            "X-Gitlab-Instance": instance,
            "Idempotency-Key": self.key,
        }
        if self.hook.token:
            told["X-Gitlab-Token"] = self.hook.token
        if self.hook.signing:
            stamp = str(int(at.timestamp()))
            key = base64.b64decode(self.hook.signing.removeprefix("whsec_"))
            digest = hmac.digest(key, f"{self.key}.{stamp}.".encode() + self.body, "sha256")
            told |= {
                "webhook-id": self.key,
                "webhook-timestamp": stamp,
                "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
            }
        return told


def addressed(project: Project, kind: str, build: Callable[[], dict[str, Json]]) -> list[Event]:
    """Return an event for each of the project's webhooks that wants this kind."""
    hooks = [hook for hook in project.hooks if kind in hook.events]
    if not hooks:
        return []
    body = json.dumps(build()).encode()
    return [Event(hook, kind, str(uuid4()), body) for hook in hooks]


def merge_request_event(
    home: Project, request: MergeRequest, user: User, url: str, *, action: str, oldrev: str = ""
) -> dict[str, Json]:
    """Body of a Merge Request Hook."""
    attributes = {**_attributes(home, request, url), "action": action}
    if oldrev:
        attributes["oldrev"] = oldrev
    return {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": _user(user),
        "project": _project(home, url),
        "object_attributes": attributes,
        "labels": [],
        "changes": {},
        "repository": _repository(home, url),
    }


def note_event(home: Project, request: MergeRequest, note: Note, url: str) -> dict[str, Json]:
    """Body of a Note Hook."""
    return {
        "object_kind": "note",
        "event_type": "note",
        "user": _user(note.author),
        "project_id": home.id,
        "project": _project(home, url),
        "object_attributes": {
            "id": note.id,
            "author_id": note.author.id,
            "note": note.body,
            "noteable_type": "MergeRequest",
            "noteable_id": request.id,
            "system": note.system,
            "action": "create",
        },
        "repository": _repository(home, url),
        "merge_request": _attributes(home, request, url),
    }


def pipeline_event(home: Project, pipeline: Pipeline, url: str) -> dict[str, Json]:
    """Body of a Pipeline Hook."""
    return {
        "object_kind": "pipeline",
        "user": _user(pipeline.user),
        "project": _project(home, url),
        "object_attributes": {
            "id": pipeline.id,
            "iid": pipeline.iid,
            "ref": pipeline.ref,
            "sha": pipeline.sha,
            "source": pipeline.source,
            "status": home.status_of(pipeline),
        },
        "merge_request": None,
    }


def push_event(home: Project, user: User | None, url: str, branch: str, *, old: str, new: str) -> dict[str, Json]:
    """Body of a Push Hook; `old` or `new` is "" for a branch that came or went."""
    made = home.repository.between(old, new) if old and new else []
    commits: list[Json] = []
    for sha in made[:_MOST_COMMITS][::-1]:
        _, _, author, mail, written, _, _, _, text = home.repository.details(sha)
        changed = home.repository.changed_by(sha)
        files: dict[str, Json] = {name: list(paths) for name, paths in changed.items()}
        commits.append(
            {
                "id": sha,
                "message": text,
                "title": text.partition("\n")[0],
                "timestamp": written,
                "url": f"{url}/{home.path}/-/commit/{sha}",
                "author": {"name": author, "email": mail},
                **files,
            }
        )
    name = user.username if user else "git"
    return {
        "object_kind": "push",
        "event_name": "push",
        "before": old or _NOTHING,
        "after": new or _NOTHING,
        "ref": f"refs/heads/{branch}",
        "checkout_sha": new or None,
        "message": None,
        "user_id": user.id if user else 0,
        "user_name": name.capitalize(),
        "user_username": name,
        "user_email": "",
        "user_avatar": "",
        "project_id": home.id,
        "project": _project(home, url),
        "commits": commits,
        "total_commits_count": len(made),
        "repository": _repository(home, url),
    }


def _attributes(home: Project, request: MergeRequest, url: str) -> dict[str, Json]:
    return {
        "id": request.id,
        "iid": request.iid,
        "author_id": request.author.id,
        "title": request.title,
        "description": request.description,
        "state": request.state,
        "source_branch": request.source,
        "target_branch": request.target,
        "source_project_id": request.fork or home.id,
        "target_project_id": home.id,
        "created_at": _time(request.created),
        "updated_at": _time(request.updated),
        "merge_commit_sha": request.merge_commit,
        "work_in_progress": request.draft,
        "url": f"{url}/{home.path}/-/merge_requests/{request.iid}",
        "last_commit": {"id": request.head, "url": f"{url}/{home.path}/-/commit/{request.head}"},
    }


def _user(user: User) -> dict[str, Json]:
    return {
        "id": user.id,
        "name": user.username.capitalize(),
        "username": user.username,
        "avatar_url": None,
        "email": "[REDACTED]",
    }


def _project(home: Project, url: str) -> dict[str, Json]:
    namespace, _, name = home.path.rpartition("/")
    return {
        "id": home.id,
        "name": name,
        "description": "",
        "web_url": f"{url}/{home.path}",
        "avatar_url": None,
        "git_http_url": f"{url}/{home.path}.git",
        "namespace": namespace,
        "visibility_level": 0,
        "path_with_namespace": home.path,
        "default_branch": "main",
        "homepage": f"{url}/{home.path}",
    }


def _repository(home: Project, url: str) -> dict[str, Json]:
    web = f"{url}/{home.path}"
    return {"name": home.path.rpartition("/")[2], "url": f"{web}.git", "description": "", "homepage": web}


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S UTC")
