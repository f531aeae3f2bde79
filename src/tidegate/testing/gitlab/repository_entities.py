"""JSON of what is in and around a repository, as GitLab has it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tidegate.testing.gitlab.messages import Json
from tidegate.testing.gitlab.state import Group, Hook, Pipeline, Project, Protection, User


def moment(at: datetime | None) -> str | None:
    """Return a time as GitLab writes it, to the millisecond."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def user_basic(user: User, url: str) -> dict[str, Json]:
    """UserBasic."""
    return {
        "id": user.id,
        "username": user.username,
        "name": user.username.capitalize(),
        "state": user.state,
        "locked": False,
        "avatar_url": None,
        "web_url": f"{url}/{user.username}",
    }


def group(one: Group, url: str) -> dict[str, Json]:
    """Group."""
    return {
        "id": one.id,
        "name": one.path.rpartition("/")[2],
        "path": one.path.rpartition("/")[2],
        "full_path": one.path,
        "web_url": f"{url}/groups/{one.path}",
    }


def project(one: Project, url: str) -> dict[str, Json]:
    """ProjectWithAccess."""
    return {
        "id": one.id,
        "name": one.path.rpartition("/")[2],
        "path": one.path.rpartition("/")[2],
        "path_with_namespace": one.path,
        "default_branch": "main",
        "http_url_to_repo": f"{url}/{one.path}.git",
        "web_url": f"{url}/{one.path}",
    }


def pipeline(one: Pipeline, home: Project, url: str, *, detail: bool = False) -> dict[str, Json]:
    """PipelineBasic; with `detail`, Pipeline."""
    status = home.status_of(one)
    basic: dict[str, Json] = {
        "id": one.id,
        "iid": one.iid,
        "project_id": home.id,
        "sha": one.sha,
        "ref": one.ref,
        "status": status,
        "source": one.source,
        "created_at": moment(one.at),
        "updated_at": moment(one.at),
        "web_url": f"{url}/{home.path}/-/pipelines/{one.id}",
    }
    if detail:
        basic |= {"before_sha": "0" * 40, "tag": False, "yaml_errors": None, "user": user_basic(one.user, url)}
    return basic


def commit(home: Project, sha: str, url: str, *, detail: bool = False) -> dict[str, Json]:
    """Commit; with `detail`, CommitDetail."""
    name, parents, author, mail, written, committer, address, committed, text = home.repository.details(sha)
    ids: list[Json] = list(parents.split())
    basic: dict[str, Json] = {
        "id": name,
        "short_id": name[:8],
        "created_at": committed,
        "parent_ids": ids,
        "title": text.partition("\n")[0],
        "message": text,
        "author_name": author,
        "author_email": mail,
        "authored_date": written,
        "committer_name": committer,
        "committer_email": address,
        "committed_date": committed,
        "trailers": {},
        "extended_trailers": {},
        "web_url": f"{url}/{home.path}/-/commit/{name}",
    }
    return {**basic, "status": None, "project_id": home.id, "last_pipeline": None} if detail else basic


def branch(home: Project, name: str, sha: str, viewer: User) -> dict[str, Json]:
    """Branch."""
    protection = home.protected.get(name)
    return {
        "name": name,
        "commit": commit(home, sha, ""),
        "merged": False,
        "protected": protection is not None,
        "developers_can_push": protection is None or protection.pushers is None,
        "developers_can_merge": protection is None or protection.mergers is None,
        "can_push": home.may_push(name, viewer.username),
        "default": name == "main",
    }


def protected_branch(one: Protection, people: Mapping[str, User]) -> dict[str, Json]:
    """ProtectedBranch. Single users are told by number, as on Premium."""

    def levels(names: frozenset[str] | None) -> list[Json]:
        if not names:
            return [{"id": one.id, "access_level": 0 if names is not None else 30, "user_id": None, "group_id": None}]
        return [{"id": one.id, "access_level": 40, "user_id": people[name].id, "group_id": None} for name in names]

    return {
        "id": one.id,
        "name": one.name,
        "push_access_levels": levels(one.pushers),
        "merge_access_levels": levels(one.mergers),
        "allow_force_push": False,
        "code_owner_approval_required": False,
    }


def hook(one: Hook, home: Project, events: Mapping[str, str]) -> dict[str, Json]:
    """ProjectHook: never with its secrets."""
    wanted: dict[str, Json] = {name: kind in one.events for name, kind in events.items()}
    return {"id": one.id, "url": one.url, "project_id": home.id, "enable_ssl_verification": True, **wanted}


def comparison(paths: tuple[str, ...]) -> dict[str, Json]:
    """Compare, without the text of the differences."""
    diffs: list[Json] = [
        {
            "old_path": path,
            "new_path": path,
            "a_mode": "100644",
            "b_mode": "100644",
            "diff": "",
            "new_file": False,
            "renamed_file": False,
            "deleted_file": False,
        }
        for path in paths
    ]
    return {"commit": None, "commits": [], "diffs": diffs, "compare_timeout": False, "compare_same_ref": False}
