"""The fake's calls about pipelines. Commit statuses from outside come to a pipeline of source `external`."""

from __future__ import annotations

from typing import Final

from tidegate.testing.gitlab import repository_entities as entities
from tidegate.testing.gitlab.fake import FakeGitLab
from tidegate.testing.gitlab.merge_requests import found, project
from tidegate.testing.gitlab.messages import Answer, Call, Json, no, not_found

LIST_PARAMETERS: Final = frozenset({"ref", "sha", "status", "source"})


def list_all(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET pipelines, the newest first."""
    home = project(gitlab, call)
    wanted = {name: call.query[name] for name in LIST_PARAMETERS if name in call.query}
    rows: list[Json] = [
        entities.pipeline(one, home, gitlab.url)
        for one in reversed(home.pipelines)
        if all(getattr(one, name) == value for name, value in wanted.items())
    ]
    return Answer(body=rows)


def show(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET pipelines/:id."""
    home = project(gitlab, call)
    for one in home.pipelines:
        if str(one.id) == call.path["pipeline_id"]:
            return Answer(body=entities.pipeline(one, home, gitlab.url, detail=True))
    raise not_found("Pipeline")


def create(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST pipeline."""
    home = project(gitlab, call)
    head = home.repository.heads().get(call.text("ref"))
    if head is None:
        raise no(400, {"base": ["Reference not found"]})
    made = gitlab.pipeline(home, head, call.text("ref"), call.access.user, source="api")
    gitlab.tell_pipeline(home, made)
    return Answer(201, entities.pipeline(made, home, gitlab.url, detail=True))


def list_of_request(gitlab: FakeGitLab, call: Call) -> Answer:
    """GET merge_requests/:iid/pipelines, the newest first."""
    home, request = found(gitlab, call)
    heads = {one.head for one in request.versions}
    rows: list[Json] = [
        entities.pipeline(one, home, gitlab.url) for one in reversed(home.pipelines) if one.sha in heads
    ]
    return Answer(body=rows)


def create_of_request(gitlab: FakeGitLab, call: Call) -> Answer:
    """POST merge_requests/:iid/pipelines."""
    home, request = found(gitlab, call)
    ref = f"refs/merge-requests/{request.iid}/head"
    made = gitlab.pipeline(home, request.head, ref, call.access.user, source="merge_request_event")
    gitlab.tell_pipeline(home, made)
    return Answer(200, entities.pipeline(made, home, gitlab.url, detail=True))
