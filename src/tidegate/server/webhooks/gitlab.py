"""GitLab's webhooks as keys. https://docs.gitlab.com/user/project/integrations/webhook_events/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from tidegate.model import Environment, Pipeline
from tidegate.model.key import EverythingKey, Key, MergeRequestKey, ServiceKey
from tidegate.model.patterns import is_service_name
from tidegate.server.webhooks.document import Document
from tidegate.server.webhooks.touched import with_following

_BRANCH: Final = "refs/heads/"
_OWN_BRANCH: Final = re.compile(r"tidegate/(?P<service>[^/]+)(?:/[^/]+)?/to-(?P<environment>[^/]+)")
_MERGE_REQUEST_REF: Final = re.compile(r"refs/merge-requests/([1-9][0-9]{0,9})/(?:head|merge|train)", re.ASCII)
_LAST_IID: Final = 2**31 - 1
"""Of GitLab's database. A key that no queue takes would hold up all that come after it."""
_PATHS: Final = ("added", "modified", "removed")


def keys_of_gitlab(body: bytes, pipeline: Pipeline) -> frozenset[Key]:
    """Return where a webhook says that something has changed; nothing for what is none of the pipeline's.

    Args:
        body: JSON, of a project's, a group's or a system hook.
        pipeline: whose environments matter.

    Raises:
        WebhookInvalid: the body is no JSON object.
    """
    document = Document.parse(body)
    project = document.text("project", "path_with_namespace")
    if project not in {each.repo for each in pipeline.environments}:
        return frozenset()
    match document.text("object_kind") or document.text("event_name"):
        case "merge_request":
            return _merge_request(project, document.number("object_attributes", "iid"))
        case "note":
            return _merge_request(project, document.number("merge_request", "iid"))
        case "pipeline":
            return _pipeline(document, project, pipeline)
        case "push":
            return _push(document, project, pipeline)
        case _:
            return frozenset()


def _merge_request(project: str, iid: int | None) -> frozenset[Key]:
    return frozenset({MergeRequestKey(project, iid)}) if iid is not None and 0 < iid <= _LAST_IID else frozenset()


def _pipeline(document: Document, project: str, pipeline: Pipeline) -> frozenset[Key]:
    """Return the merge request that a pipeline ran for, or what its branch is for when that is Tidegate's own."""
    found = _merge_request(project, document.number("merge_request", "iid"))
    ref = document.text("object_attributes", "ref") or ""
    if found:
        return found
    if match := _MERGE_REQUEST_REF.fullmatch(ref):
        return _merge_request(project, int(match[1]))
    match = _OWN_BRANCH.fullmatch(ref)
    if match is None or pipeline.environment(match["environment"]) is None or not is_service_name(match["service"]):
        return frozenset()
    return frozenset({ServiceKey(match["service"], match["environment"])})


def _push(document: Document, project: str, pipeline: Pipeline) -> frozenset[Key]:
    """Return the services whose folders a push has changed, with the environments that flow from there."""
    branch = document.text("ref") or ""
    environments = [
        each for each in pipeline.environments if (each.repo, f"{_BRANCH}{each.branch}") == (project, branch)
    ]
    if not environments:
        return frozenset()
    commits = list(document.each("commits"))
    if not commits or document.number("total_commits_count") != len(commits):
        return frozenset({EverythingKey()})  # GitLab tells twenty at most, and none when a branch was set back
    paths = {path.value for commit in commits for name in _PATHS for path in commit.each(name)}
    touched = {
        ServiceKey(service, environment.name)
        for environment in environments
        for path in paths
        if isinstance(path, str)
        for service in _services(path, environment, pipeline)
    }
    return with_following(touched, pipeline)


def _services(path: str, environment: Environment, pipeline: Pipeline) -> Iterator[str]:
    service = environment.path.read(path)
    if service == "":
        yield from pipeline.services  # one folder for all
    elif service is not None:
        yield service
